"""Pages as HTML: one template for the first view, its parts for every change after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup

from priorfit.explore import svg as drawing
from priorfit.explore.answer import Answer, Page
from priorfit.explore.controls import Slider, Values, read
from priorfit.explore.figure import Figure
from priorfit.explore.pages import PAGES
from priorfit.explore.pages.front import PAGE as FRONT
from priorfit.explore.texts import LANGUAGES, Say, coloured, say_in, strong, texts

__all__ = [
    "Site",
    "answer_parts",
    "card",
    "cards",
    "environment",
    "front_html",
    "page_html",
    "parts_of",
    "render",
    "shell",
]


class Site(NamedTuple):
    """Where things are: of a server, or of a folder of files (``static``)."""

    root: str = "/"
    suffix: str = ""
    static: bool = False

    def href(self, language: str, name: str) -> str:
        """The address of a page."""
        if self.static:
            return f"../{language}/{name or 'index'}{self.suffix}"
        return f"/{language}/{name}"


@cache
def environment() -> jinja2.Environment:
    """The templates, with autoescape and no tolerance for missing names."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("priorfit.explore"), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals.update(svg=_svg, strong=strong, coloured=coloured, title_of=None, heard=heard)
    return made


def heard(control: Slider, at: Values, spoken: str, say: Say) -> str:
    """A slider in words: its value, and what it makes of the page."""
    value = control.labels[control.index(at[control.name])]
    value = say("spoken_lam", value=value) if control.name == "lam" else value
    return f"{value}, {spoken}" if spoken else value


def _svg(figure: Figure, width: int, **more: Any) -> Markup:
    return Markup(drawing.svg(figure, width, **more))  # every text in it is escaped there


def shell(site: Site, language: str, here: str, query: str = "") -> dict[str, Any]:
    """What every page is told."""
    other = next(code for code in LANGUAGES if code != language)
    href: Callable[[str], str] = lambda name: site.href(language, name)  # noqa: E731
    return {
        "say": say_in(language, "shell"),
        "lang": language,
        "here": here,
        "href": href,
        "root": site.root,
        "static": site.static,
        "other_href": site.href(other, here) + (f"?{query}" if query else ""),
        "title_of": lambda name: texts(name)[language]["title"],
    }


def _view(page: Page, language: str, at: Values, site: Site) -> dict[str, Any]:
    say = say_in(language, page.name)
    answer = page.answer(at, say)
    return {
        "page": page,
        "say": say,
        "at": at,
        "controls": page.controls,
        "answer": answer,
        "spoken": answer.spoken,
        "prefix": page.name,
        "query": urlencode({"lang": language, **at}),
        "downloads": "" if site.static else f"/api/{page.name}",
        "api": f"../grids/{page.name}.{language}.grid" if site.static else f"/api/{page.name}",
    }


def page_html(page: Page, language: str, given: Mapping[str, str], site: Site | None = None) -> str:
    """A whole page, its figures in it."""
    site = site or Site()
    names = list(PAGES)
    place = names.index(page.name)
    said = texts(page.name)[language]
    at = read(page.controls, given)
    query = urlencode(at) if given else ""
    around = {
        "place": place,
        "total": len(names),
        "before": PAGES[names[place - 1]] if place else None,
        "after": PAGES[names[place + 1]] if place + 1 < len(names) else None,
        "options": said["options"],
        "looks": said["look"],
    }
    view = shell(site, language, page.name, query) | _view(page, language, at, site) | around
    return environment().get_template("page.html.j2").render(view)


def render(template: str, view: Mapping[str, Any]) -> str:
    """One template, filled."""
    return environment().get_template(template).render(view)


def answer_parts(page: Page, language: str, at: Values) -> dict[str, Any]:
    """What changes when a control moves: HTML of the parts, and the numbers."""
    return parts_of(page, language, at, Site())


def parts_of(page: Page, language: str, at: Values, site: Site) -> dict[str, Any]:
    """`answer_parts` of a page of the server or of files."""
    view = shell(site, language, page.name) | _view(page, language, at, site)
    answer: Answer = view["answer"]
    parts = {name: render(f"{name}.html.j2", view) for name in ("figures", "result", "more")}
    return parts | {
        "sentence": answer.sentence,
        "spoken": answer.spoken,
        "numbers": {k: float(v) for k, v in answer.numbers.items()},
        "certified": answer.certificate.ok,
    }


def front_html(
    language: str, given: Mapping[str, str], site: Site | None = None, page: Page = FRONT
) -> str:
    """The first page: one figure that moves, and all questions."""
    site = site or Site()
    view = shell(site, language, "") | _view(page, language, read(page.controls, given), site)
    return (
        environment().get_template("front.html.j2").render(view | {"cards": cards(language, site)})
    )


def cards(language: str, site: Site) -> list[dict[str, Any]]:
    """Every question with the picture of its answer: the browser asks for the pictures after the
    words are there; in files they are part of the page."""
    made = []
    for name in PAGES:
        said = texts(name)[language]
        link = Markup('<img src="/api/{}/card.svg" width="260" height="165" alt="">').format(name)
        made.append(
            {
                "name": name,
                "title": said["title"],
                "insight": said["insight"],
                "picture": Markup(card(name)) if site.static else link,
            }
        )
    return made


@cache
def card(name: str) -> str:
    """The figure that stands for a page, without words."""
    page = PAGES[name]
    figures = page.answer(read(page.controls, {}), say_in("en", name)).figures
    return drawing.svg(figures[page.face], 260, bare=True, name=f"card-{name}")
