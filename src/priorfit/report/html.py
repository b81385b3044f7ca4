"""The report: one self-contained HTML file."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from priorfit.report.facts import Facts
from priorfit.report.figures import figures_of
from priorfit.report.numbers import THIN, count, number

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
        hidden=_hidden(facts),
        figures=figures_of(facts),
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


def _hidden(facts: Facts) -> str:
    """What the table leaves out, as a sentence."""
    shown, kept, p = len(_shown(facts)), int(np.count_nonzero(facts.coef)), len(facts.coef)
    if shown == p:
        return ""
    if shown < kept:
        return f"{count(kept - shown, 'smaller weight')} and {count(p - kept, 'zero')} not shown."
    return f"The other {count(p - kept, 'column')} are exactly zero."


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
    if selection is not None and selection.held_out and selection.mean[0] > 0:
        cut = 100 * (1 - selection.mean[selection.chosen] / selection.mean[0])
        base = "against no columns" if selection.n_nonzero[0] == 0 else "against the strongest"
        cards.append(("Held-out deviance", f"{-cut:+.0f} %".replace("-", "−"), base))
    if model._likelihood.has_dispersion:
        word, width = model._likelihood.width(model.dispersion_)
        cards.append((word[0].upper() + word[1:], number(width), f"of {facts.target}"))
    weighted = model._n_effective != model._n_rows
    cards.append(("Rows", rows, "counted with their weights" if weighted else ""))
    proof, _, word = str(certificate).partition(": ")
    cards.append(("Certificate", word[:1].upper() + word[1:], proof))
    return cards


def _checks(facts: Facts) -> list[str]:
    """What a careful reader would ask of the data."""
    model, sd = facts.model, facts.model.column_sd_
    n, p = model._n_effective, len(sd)
    said = []
    if p >= n:
        said.append(f"{count(p, 'column')}, {n:.6g} rows: the belief decides a lot.")
    constant = [facts.names[j] for j in np.flatnonzero(sd == 0)]
    if constant:
        said.append(f"Constant, so they say nothing: {', '.join(constant[:6])}.")
    spread = sd[sd > 0]
    if len(spread) and spread.max() > 1e4 * spread.min() and model.units == "raw":
        said.append("Columns differ in spread by more than 10 000: compare them per SD.")
    if model.missing != "error":
        marked = " and marked by a column of their own" if model.missing == "indicator" else ""
        said.append(
            f"Missing numbers are filled with the mean of their column{marked}; missing text is a "
            "level of its own."
        )
    said += [f"Note: {w}" for w in facts.warnings]
    return said or ["Nothing unusual: no missing values, no constant columns."]
