"""The server: pages, and one endpoint for each."""

from __future__ import annotations

import inspect
from importlib.resources import as_file, files
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from priorfit._errors import InputError
from priorfit.explore.answer import Answer, Page
from priorfit.explore.controls import Control, Slider, read
from priorfit.explore.data_page import data_router
from priorfit.explore.documents import DOCUMENTS, document_html
from priorfit.explore.guard import Guard, Key
from priorfit.explore.html import answer_parts, card, front_html, page_html
from priorfit.explore.pages import PAGES
from priorfit.explore.pages.front import PAGE as FRONT
from priorfit.explore.svg import svg
from priorfit.explore.texts import LANGUAGES, say_in

__all__ = ["LARGEST", "alone", "application"]

LARGEST = 64 << 20  # bytes of a table that is dropped
_Language = Literal["en", "zh"]


def application(key: Key | None = None, host: str | None = None) -> FastAPI:
    """The explorer as an ASGI application, behind its guard.

    ``key``: what opens it; a new one by default. ``host``: the one address that it answers to;
    by default the names of this machine.
    """
    app = FastAPI(title="priorfit explore", docs_url=None, redoc_url=None)
    app.add_exception_handler(InputError, _refused)
    with as_file(files("priorfit.explore") / "static") as static:
        app.mount("/static", StaticFiles(directory=static), name="static")
    for page in (FRONT, *PAGES.values()):
        _add_endpoints(app, page)
    app.include_router(data_router())
    _add_documents(app)  # after them: its addresses have two parts as well
    app.add_middleware(Guard, key=key or Key(), largest=LARGEST, host=host)
    return app


def _refused(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 422)


def _add_documents(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    def first(request: Request) -> Response:
        wants = request.headers.get("accept-language", "").lower()
        return RedirectResponse("/zh/" if wants.startswith("zh") else "/en/", 303)

    @app.get("/{language}/", response_class=HTMLResponse, include_in_schema=False)
    def front(language: str, request: Request) -> str:
        return front_html(_known(language), dict(request.query_params))

    @app.get("/{language}/{name}", response_class=HTMLResponse, include_in_schema=False)
    def document(language: str, name: str, request: Request) -> str:
        if name in DOCUMENTS:
            return document_html(name, _known(language))
        if name not in PAGES:
            raise HTTPException(404, "There is no such page.")
        return page_html(PAGES[name], _known(language), dict(request.query_params))


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise HTTPException(404, "There is no such page.")
    return language


def _add_endpoints(app: FastAPI, page: Page) -> None:
    """The answer of a page as JSON, its data as CSV, its figures as SVG."""

    def parts(lang: str, **given: str) -> dict[str, Any]:
        return answer_parts(page, lang, read(page.controls, given))

    def data(lang: str, **given: str) -> Response:
        texts = [f.csv() for f in _answer(page, lang, given).figures]
        text = texts[0] + "".join(t.partition("\n")[2] for t in texts[1:])
        return _download(text, "text/csv", f"{page.name}.csv")

    def picture(lang: str, k: int, **given: str) -> Response:
        figures = _answer(page, lang, given).figures
        if k >= len(figures):
            raise HTTPException(404, "There is no such figure.")
        return _download(alone(svg(figures[k])), "image/svg+xml", f"{page.name}-{k + 1}.svg")

    def picture_of_card() -> Response:
        kept = {"cache-control": "private, max-age=86400"}
        return Response(alone(card(page.name)), media_type="image/svg+xml", headers=kept)

    base = f"/api/{page.name}"
    if page.name in PAGES:
        app.get(f"{base}/card.svg")(picture_of_card)
    place = inspect.Parameter("k", inspect.Parameter.KEYWORD_ONLY, annotation=_Figure)
    app.get(base)(_signed(parts, page.controls))
    app.get(f"{base}/data.csv")(_signed(data, page.controls))
    app.get(f"{base}/figure-{{k}}.svg")(_signed(picture, page.controls, place))


_Figure = Annotated[int, Path(ge=0, le=9)]


def _answer(page: Page, language: str, given: dict[str, str]) -> Answer:
    return page.answer(read(page.controls, given), say_in(language, page.name))


def _signed(function: Any, controls: tuple[Control, ...], *more: inspect.Parameter) -> Any:
    """The function with the page's controls as its parameters, so that their bounds are checked
    and documented."""
    kind = inspect.Parameter.KEYWORD_ONLY
    lang = inspect.Parameter("lang", kind, default="en", annotation=_Language)
    asked = [inspect.Parameter(c.name, kind, **_bounds(c)) for c in controls]

    def endpoint(**given: Any) -> Any:
        k = {"k": given.pop("k")} if "k" in given else {}
        return function(given.pop("lang"), **k, **{n: str(v) for n, v in given.items()})

    endpoint.__name__ = function.__name__
    endpoint.__signature__ = inspect.Signature([*more, lang, *asked])  # type: ignore[attr-defined]
    return endpoint


def _bounds(control: Control) -> dict[str, Any]:
    if isinstance(control, Slider):
        low, high = control.values[0], control.values[-1]
        return {"default": control.default, "annotation": Annotated[float, Query(ge=low, le=high)]}
    return {"default": control.default, "annotation": Literal[control.options]}


def _download(text: str, kind: str, name: str) -> Response:
    return Response(
        text, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def alone(picture: str) -> str:
    """A figure that carries its own style."""
    style = (files("priorfit.explore") / "static" / "style.css").read_text(encoding="utf-8")
    colours, _, rest = style.partition("* { box-sizing")
    figures = rest.partition("/* figures */")[2].partition("@media")[0]
    return picture.replace("><clipPath", f"><style>{colours}{figures}</style><clipPath", 1)
