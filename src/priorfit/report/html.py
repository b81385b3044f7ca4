"""The report: one self-contained HTML file."""

from __future__ import annotations

import io
import re
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from priorfit.report.facts import Facts
from priorfit.report.numbers import THIN, number

__all__ = ["html_report"]

_ROWS = 40


def html_report(facts: Facts, path: str | PathLike[str]) -> None:
    """Write the report of a fit: what, how strong and why, which columns, certified or not.

    Names and levels come from the data and are escaped; the page loads nothing from anywhere.
    """
    Path(path).write_text(_page(facts), encoding="utf-8")


def _page(facts: Facts) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("priorfit.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.j2")
    return template.render(
        facts=facts,
        model=facts.model,
        number=number,
        rows=_rows(facts),
        hidden=len(facts.coef) - len(_shown(facts)),
        figures=_figures(facts),
        cards=_cards(facts),
        checks=_checks(facts),
        explanation=facts.model.explain().splitlines(),
    )


def _rows(facts: Facts) -> list[dict[str, Any]]:
    effects = facts.effects
    largest = float(np.max(np.abs(effects), initial=0.0)) or 1.0
    return [
        {
            "name": facts.names[j][:60],
            "coef": number(float(facts.coef[j])),
            "effect": number(float(effects[j])),
            "share": 100 * abs(float(effects[j])) / largest,
            "sign": "zero" if facts.coef[j] == 0 else ("up" if facts.coef[j] > 0 else "down"),
        }
        for j in _shown(facts)
    ]


def _shown(facts: Facts) -> list[int]:
    """The columns of the table: all of a small one, of a large one those with a weight."""
    order = [int(j) for j in facts.order]
    if len(order) <= _ROWS:
        return order
    return [j for j in order if facts.coef[j] != 0][:_ROWS]


def _cards(facts: Facts) -> list[tuple[str, str, str]]:
    """(label, big text, small text) of the first screen."""
    model, certificate = facts.model, facts.model.certificate_
    kept, p = int(np.count_nonzero(facts.coef)), len(facts.coef)
    rows = f"{model._n_effective:,.6g}".replace(",", THIN)
    cards = [
        (
            "Columns kept",
            f"{kept} of {p:,}".replace(",", THIN),
            "the others are exactly zero" if kept < p else "",
        )
    ]
    selection = getattr(model, "selection_", None)
    if selection is not None and selection.mean[0] > 0:
        cut = 100 * (1 - selection.mean[selection.chosen] / selection.mean[0])
        base = "against no columns" if selection.n_nonzero[0] == 0 else "against the strongest"
        cards.append(("Held-out deviance", f"{-cut:+.0f} %".replace("-", "−"), base))
    if model._likelihood.has_dispersion:
        cards.append(("Noise", number(float(np.sqrt(model.dispersion_))), f"of {facts.target}"))
    cards.append(("Rows", rows, "counted with their weights"))
    word = "Certified" if certificate.certified else "NOT certified"
    cards.append(("Certificate", word, f"gap {certificate.gap:.1e} of {certificate.tol:.0e} asked"))
    return cards


def _figures(facts: Facts) -> dict[str, Markup]:
    plots = import_module("priorfit.plots")
    model = facts.model
    selection, path = getattr(model, "selection_", None), getattr(model, "path_", None)
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **plots.STYLE}):
        figures = {
            "coefficients": _svg(
                lambda ax: plots.plot_coefficients(facts.effects, facts.names, ax=ax),
                (8.4, min(7.0, 1.2 + 0.27 * min(len(facts.coef), 25))),
            ),
            "prior": _svg(lambda ax: plots.plot_prior(facts.views.prior, ax=ax), (8.4, 3.4)),
        }
        if path is not None and path.coefs.shape[1] > 1:
            mark = None if selection is None else selection.chosen
            figures["path"] = _svg(lambda ax: plots.plot_path(path, ax=ax, mark=mark), (8.4, 4.6))
        if selection is not None:
            figures["selection"] = _svg(
                lambda ax: plots.plot_selection(selection, ax=ax), (8.4, 4.0)
            )
    return figures


def _svg(draw: Any, size: tuple[float, float]) -> Markup:
    figure = Figure(figsize=size, layout="constrained")
    draw(figure.subplots())
    buffer = io.StringIO()
    figure.savefig(
        buffer,
        format="svg",
        metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        transparent=True,
    )
    text = buffer.getvalue()
    body = text[text.index("<svg") :]
    return Markup(re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", body, count=1))


def _checks(facts: Facts) -> list[str]:
    """What a careful reader would ask of the data."""
    model, sd = facts.model, facts.model.column_sd_
    n, p = model._n_effective, len(sd)
    said = []
    if p >= n:
        said.append(f"More columns ({p}) than rows ({n:g}): the belief decides a lot.")
    constant = [facts.names[j] for j in np.flatnonzero(sd == 0)]
    if constant:
        said.append(f"Constant, so they say nothing: {', '.join(constant[:6])}.")
    spread = sd[sd > 0]
    if len(spread) and spread.max() > 1e4 * spread.min() and model.units == "raw":
        said.append("Columns differ in spread by more than 10 000: compare them per SD.")
    said += [f"Note: {w}" for w in facts.warnings]
    return said or ["Nothing unusual: no missing values, no constant columns."]
