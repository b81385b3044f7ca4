"""The page of a visitor's own table, and its endpoints."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sklearn.base import clone

from priorfit._errors import InputError
from priorfit.explore.controls import Slider
from priorfit.explore.html import Site, render, shell
from priorfit.explore.svg import svg
from priorfit.explore.tables import BUNDLED, FAMILIES, LIKELIHOODS, Store, Study, study_of
from priorfit.explore.tables.answer import answer_of, seen_of
from priorfit.explore.tables.study import columns_of
from priorfit.explore.texts import say_in
from priorfit.explore.ticks import said
from priorfit.report import facts_of, html_report

__all__ = ["data_router"]

_Key = Annotated[str, Query(max_length=40)]
_Name = Annotated[str, Query(max_length=400)]
_Point = Annotated[float, Query(ge=-1, le=999)]
_Language = Literal["en", "zh"]
_Likelihood = Literal["auto", "gaussian", "bernoulli", "multinomial", "poisson", "gamma", "huber"]
_Family = Literal["laplace", "normal", "enet"]


def data_router() -> APIRouter:
    """Endpoints of tables; the tables live as long as the router."""
    router, store = APIRouter(), Store()
    _add_answers(router, store)
    _add_downloads(router, store)
    _add_page(router, store)  # after them: its address has two parts as well
    return router


def _add_page(router: APIRouter, store: Store) -> None:
    @router.post("/api/tables")
    def take(file: UploadFile, lang: _Language = "en") -> Response:
        try:
            key = store.put(file.filename or "", file.file.read())
        except InputError as error:
            return HTMLResponse(page(store, lang, {}, str(error)), 422)
        return RedirectResponse(f"/{lang}/data?table={key}", 303)

    @router.get("/{lang}/data", response_class=HTMLResponse, include_in_schema=False)
    def document(lang: _Language, request: Request) -> Response:
        given = dict(request.query_params)
        try:
            return HTMLResponse(page(store, lang, given))
        except InputError as error:
            return HTMLResponse(page(store, lang, given, str(error)), 422)


def _add_answers(router: APIRouter, store: Store) -> None:
    @router.get("/api/data")
    def parts(
        table: _Key = "diabetes", target: _Name = "", likelihood: _Likelihood = "auto",
        family: _Family = "laplace", point: _Point = -1, lang: _Language = "en",
        draws: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        study = study_of(store, table, target, likelihood, family)
        view = shell(Site(), lang, "data") | _live(study, _at(study, point), lang, draws)
        answer = view["answer"]
        return {
            "figures": render("figures.html.j2", view),
            "result": render("data_result.html.j2", view),
            "more": render("more.html.j2", view),
            "sentence": answer.sentence,
            "spoken": answer.spoken,
            "numbers": {k: float(v) for k, v in answer.numbers.items()},
            "certified": answer.certificate.ok,
        }


def _add_downloads(router: APIRouter, store: Store) -> None:
    @router.get("/api/data/data.csv")
    def data(
        table: _Key = "diabetes", target: _Name = "", likelihood: _Likelihood = "auto",
        family: _Family = "laplace", point: _Point = -1, lang: _Language = "en",
    ) -> Response:  # fmt: skip
        study = study_of(store, table, target, likelihood, family)
        texts = [f.csv() for f in answer_of(study, _at(study, point), say_in(lang, "data")).figures]
        text = texts[0] + "".join(t.partition("\n")[2] for t in texts[1:])
        return _sent(text, "text/csv", "priorfit.csv")

    @router.get("/api/data/figure-{k}.svg")
    def picture(
        k: Literal["0", "1", "2"], table: _Key = "diabetes", target: _Name = "",
        likelihood: _Likelihood = "auto", family: _Family = "laplace", point: _Point = -1,
        lang: _Language = "en",
    ) -> Response:  # fmt: skip
        from priorfit.explore.app import alone

        study = study_of(store, table, target, likelihood, family)
        answer = answer_of(study, _at(study, point), say_in(lang, "data"), draws=study.drawable)
        return _sent(alone(svg(answer.figures[int(k)])), "image/svg+xml", f"priorfit-{k}.svg")

    @router.get("/api/data/report.html")
    def report(
        table: _Key = "diabetes", target: _Name = "", likelihood: _Likelihood = "auto",
        family: _Family = "laplace", point: _Point = -1,
        lang: _Language = "en",  # noqa: ARG001 - links of the page carry it
    ) -> Response:  # fmt: skip
        study = study_of(store, table, target, likelihood, family)
        return _sent(_report(study, _at(study, point)), "text/html", "priorfit-report.html")


def _sent(text: str, kind: str, name: str) -> Response:
    return Response(
        text, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'}
    )


def _at(study: Study, point: float) -> int:
    """The point of the path: as asked, or (-1) the one that was chosen."""
    last = len(study.path.penalties) - 1
    return study.selection.chosen if point < 0 else min(int(point), last)


def _report(study: Study, k: int) -> str:
    """The report of ``priorfit fit``, of the chosen fit or of another point of the path."""
    model = study.model
    if k != study.selection.chosen:
        model = clone(model).set_params(strength=float(study.path.penalties[k]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(study.table, study.response)
    facts = facts_of(model, target=study.target, source=study.title)
    with tempfile.TemporaryDirectory() as folder:
        file = FilePath(folder) / "report.html"
        html_report(facts, file)
        return file.read_text(encoding="utf-8")


def page(store: Store, language: str, given: Mapping[str, str], error: str = "") -> str:
    """The whole page: with a study, or with what is in its way."""
    site = Site()
    asked = {
        "table": given.get("table", "diabetes")[:40],
        "target": given.get("target", "")[:400],
        "likelihood": given.get("likelihood", "auto"),
        "family": given.get("family", "laplace"),
    }
    for name, offered in (("likelihood", LIKELIHOODS), ("family", FAMILIES)):
        if asked[name] not in offered:
            asked[name] = offered[0]
    view = shell(site, language, "data", urlencode(dict(given))) | {
        "say": say_in(language, "data"), "bundled": BUNDLED, "likelihoods": LIKELIHOODS,
        "families": FAMILIES, "key": asked["table"], "likelihood": asked["likelihood"],
        "family": asked["family"], "error": error, "columns": (), "target": asked["target"],
        "study": None, "fixed": "",
    }  # fmt: skip
    try:
        columns = columns_of(store.get(asked["table"])[1])
    except InputError:
        columns = ()
    view |= {"columns": columns, "target": asked["target"] or (columns or ("",))[-1]}
    if error:
        return render("data.html.j2", view)
    study = study_of(store, *asked.values())
    k = _at(study, _number(given.get("point", "-1")))
    fixed = urlencode({**asked, "target": study.target})
    soon = study.likelihood == "gaussian"  # other posteriors are asked for when the page is there
    live = _live(study, k, language, soon) | {"fixed": fixed, "target": study.target}
    return render("data.html.j2", view | live)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -1 <= value <= 999:
        raise InputError(
            "`point` must be a number from 0 to 999", repr(text[:20]), "Move the slider."
        )
    return value


def _live(study: Study, k: int, language: str, draws: bool) -> dict[str, Any]:
    """What changes when the belief is moved."""
    say, path = say_in(language, "data"), study.path
    places = tuple(float(i) for i in range(len(path.penalties)))
    names = tuple(said(float(v)) for v in path.penalties)
    slider = Slider("point", places, float(study.selection.chosen), names)
    query = {
        "lang": language, "table": study.key, "target": study.target,
        "likelihood": study.likelihood, "family": study.family, "point": k,
    }  # fmt: skip
    answer = answer_of(study, k, say, draws=draws and study.drawable)
    return {
        "say": say, "study": study, "controls": (slider,), "at": {"point": float(k)},
        "answer": answer, "spoken": answer.spoken,
        "seen": seen_of(study, k), "prefix": "data", "query": urlencode(query),
        "downloads": "/api/data", "notes": [_note(n, language) for n in study.notes],
    }  # fmt: skip


def _note(note: str, language: str) -> str:
    key, _, rest = note.partition(" ")
    return say_in(language, "data")(key, k=rest)
