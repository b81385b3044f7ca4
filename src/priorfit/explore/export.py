"""The pages as files: every answer of a coarser grid of controls, computed beforehand."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import as_file, files
from itertools import product
from pathlib import Path
from typing import Any

from priorfit._errors import InputError
from priorfit.explore.answer import Page
from priorfit.explore.controls import Choice, Control, Slider, read
from priorfit.explore.documents import DOCUMENTS, document_html
from priorfit.explore.html import Site, front_html, page_html, parts_of
from priorfit.explore.pages import PAGES
from priorfit.explore.pages.front import PAGE as FRONT
from priorfit.explore.texts import LANGUAGES

__all__ = ["coarser", "export"]

_STATES = 64  # of one page, at most
_SITE = Site("../", ".html", static=True)


def export(folder: str | Path, names: tuple[str, ...] = tuple(PAGES)) -> int:
    """Write the pages to a new or empty folder; the number of answers that were computed.

    ``names``: the questions to write (default: all). Any web server can show the folder.

    Raises `InputError` where the folder holds something.
    """
    root = Path(folder)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputError("`--export` must be a new or empty folder", repr(str(root)), "Empty it.")
    for part in ("grids", *LANGUAGES):
        (root / part).mkdir(parents=True)
    with as_file(files("priorfit.explore") / "static") as static:
        shutil.copytree(static, root / "static")
    (root / "index.html").write_text(_FIRST, encoding="utf-8")
    count = 0
    for language in LANGUAGES:
        front = replace(FRONT, controls=coarser(FRONT.controls))
        _write(root / language / "index.html", front_html(language, {}, _SITE, front))
        count += _write_grid(root, front, language)
        for name in DOCUMENTS:
            _write(root / language / f"{name}.html", document_html(name, language, _SITE))
        for name in names:
            page = replace(PAGES[name], controls=coarser(PAGES[name].controls))
            _write(root / language / f"{name}.html", page_html(page, language, {}, _SITE))
            count += _write_grid(root, page, language)
    return count


_FIRST = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=en/index.html"><title>priorfit explore</title></head>
<body><p><a href="en/index.html">English</a> <a href="zh/index.html" lang="zh-Hans">中文</a></p>
</body></html>
"""


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_grid(root: Path, page: Page, language: str) -> int:
    """All answers of a page in one file, JSON in gzip, equal pieces once. The file's name is not
    one that a server takes for packed, so that all of them send it as it is."""
    pieces: dict[str, int] = {}
    states: dict[str, Any] = {}
    for at in _settings(page.controls):
        parts = parts_of(page, language, read(page.controls, at), _SITE)
        figures = [f + "</figure>" for f in parts["figures"].split("</figure>")[:-1]]
        places = [pieces.setdefault(f, len(pieces)) for f in figures]
        rest = [pieces.setdefault(parts[k], len(pieces)) for k in ("result", "more", "spoken")]
        states["|".join(at.values())] = [places, *rest]
    text = json.dumps({"pieces": list(pieces), "states": states}, ensure_ascii=False)
    packed = gzip.compress(text.encode(), mtime=0)
    (root / "grids" / f"{page.name}.{language}.grid").write_bytes(packed)
    return len(states)


def _settings(controls: tuple[Control, ...]) -> Iterator[dict[str, str]]:
    """Every combination, each value as the page's script writes it."""
    offered = [
        c.options if isinstance(c, Choice) else tuple(map(_plain, c.values)) for c in controls
    ]
    for values in product(*offered):
        yield dict(zip((c.name for c in controls), values, strict=True))


def _plain(value: float) -> str:
    """A number as JavaScript writes it."""
    return str(int(value)) if value == int(value) else repr(value)


def coarser(controls: tuple[Control, ...]) -> tuple[Control, ...]:
    """The same controls with so few values that all combinations can be written down.

    Examples
    --------
    >>> many = Slider("a", tuple(map(float, range(101))), 40.0)
    >>> few = coarser((many, Choice("b", ("x", "y"), "x")))
    >>> len(few[0].values), 40.0 in few[0].values
    (33, True)
    """
    choices, sliders = 1, [c for c in controls if isinstance(c, Slider) and not c.pressed]
    for c in controls:
        choices *= len(c.options) if isinstance(c, Choice) else 1
    most = max(3, int((_STATES / choices) ** (1 / max(len(sliders), 1)) + 1e-9))
    left, found = 3 * _STATES // choices, list[Control]()
    for c in controls:  # the last ones stay where they are if there would be too many
        few = c if isinstance(c, Choice) else _thinned(c, min(most, 40))
        if isinstance(few, Slider):
            few = few if len(few.values) <= left else replace(few, values=(few.default,))
            left //= len(few.values)
        found.append(few)
    return tuple(found)


def _thinned(slider: Slider, most: int) -> Slider:
    """Both ends, the default and values between them at equal steps."""
    last, default = len(slider.values) - 1, slider.index(slider.default)
    if last < most:
        return slider
    some = {round(i * last / (most - 1)) for i in range(most)} | {default}
    return replace(slider, values=tuple(slider.values[i] for i in sorted(some)))
