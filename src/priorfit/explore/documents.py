"""Pages of text: a lecture, and the words."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from priorfit.explore.html import Site, cards, environment, shell
from priorfit.explore.texts import say_in, texts

__all__ = ["DOCUMENTS", "document_html"]

_PARTS = ((0, 2), (2, 6), (6, 8), (8, 11), (11, 14))
_MINUTES = (6, 8, 6, 6, 7, 8, 8, 6, 7, 6, 8, 6, 4, 4)


def document_html(name: str, language: str, site: Site | None = None) -> str:
    """The lecture or the glossary."""
    site = site or Site()
    view = shell(site, language, name) | {"say": say_in(language, name)}
    more = {"parts": _parts(language, site)} if name == "lecture" else {"words": _words()}
    return environment().get_template(f"{name}.html.j2").render(view | more)


DOCUMENTS = ("lecture", "glossary")


def _parts(language: str, site: Site) -> list[dict[str, Any]]:
    said, made, pictures = texts("lecture")[language], [], cards(language, site)
    for name, (start, stop) in zip(said["parts"], _PARTS, strict=True):
        lessons = [
            {
                "card": pictures[k],
                "ask": said["asks"][k],
                "close": said["closes"][k],
                "minutes": _MINUTES[k],
            }
            for k in range(start, stop)
        ]
        minutes = sum(_MINUTES[start:stop])
        made.append({"name": name, "first": start + 1, "minutes": minutes, "lessons": lessons})
    return made


@cache
def words() -> tuple[dict[str, str], ...]:
    """Words with their meaning in two languages."""
    text = (files("priorfit.explore") / "words.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["words"])


def _words() -> list[dict[str, str]]:
    return [
        w
        | {
            "id": w["word"].replace(" ", "-").lower(),
            "page": "" if w["page"] == "data" else w["page"],
        }
        for w in words()
    ]
