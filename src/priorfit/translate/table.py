"""The dictionary as a table: one source for `dictionary`, the documentation and the command."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._frames import frame_of
from priorfit.likelihoods import Likelihood
from priorfit.translate.beliefs import belief_text
from priorfit.translate.libraries import TABLE
from priorfit.translate.lookup import family_name
from priorfit.translate.middle import SumScale
from priorfit.translate.row import Row
from priorfit.translate.texts import formula_text

__all__ = ["dictionary", "markdown", "record_of", "records"]


def dictionary(
    *,
    library: str | None = None,
    likelihood: Likelihood | str | None = None,
    backend: str | None = None,
) -> Any:
    """Every row that `translate` knows, as a data frame.

    Columns: ``id`` (what `translate` calls it), ``library``, ``call``, ``likelihoods``,
    ``objective`` (in the library's own parameters), ``setting`` (its formula; λ₁ and λ₂ are lambdas
    on the sum scale, n rows of total weight W, s_y the standard deviation of y), ``scale``,
    ``standardizes``, ``intercept``, ``weights``, ``default`` (its default as a prior),
    ``map`` (whether its answer is the MAP estimate of a prior), ``reason`` (why it cannot be
    translated) and ``instead``,
    ``notes``, ``checked`` (how, and the largest difference), ``source``.

    Parameters
    ----------
    library : keep rows whose library or id holds this text.
    likelihood : keep rows that speak this likelihood.
    backend : "pandas", "polars", "pyarrow", or "records" for a list of dicts. None takes the first
        of them that is installed.

    Raises
    ------
    InputError
        for a backend that is not one of these, or is not installed.

    Examples
    --------
    >>> import priorfit as pf
    >>> table = pf.dictionary(library="celer", backend="records")
    >>> [(row["id"], row["setting"]) for row in table][0]
    ('celer.Lasso', 'alpha = λ₁ / n')
    """
    family = family_name(likelihood)
    return frame_of(records(library, family), list(record_of(TABLE[0])), backend)


def records(library: str | None = None, family: str | None = None) -> list[dict[str, Any]]:
    """The rows as plain dicts."""
    text = (library or "").lower()
    return [
        record_of(row)
        for row in TABLE
        if text in f"{row.library} {row.id}".lower() and (family is None or family in row.families)
    ]


def record_of(row: Row) -> dict[str, Any]:
    """One row in words."""
    family = next(iter(row.families))
    return {
        "id": row.id,
        "library": row.library,
        "call": row.call.replace("{settings}", "..."),
        "likelihoods": ", ".join(row.families),
        "objective": row.objective,
        "setting": "; ".join(f"{k} = {v}" for k, v in setting_of(row).items()),
        "scale": row.scale,
        "standardizes": row.standard.text if row.standard else "no",
        "intercept": row.intercept,
        "weights": row.weights,
        "default": belief_text(row, {}, family),
        "map": row.is_map,
        "reason": row.reason,
        "instead": row.instead,
        "notes": " ".join(row.notes),
        "checked": row.checked,
        "source": row.source,
    }


def setting_of(row: Row) -> dict[str, str]:
    """Each setting as a formula of λ₁ and λ₂, both there."""
    if row.shape is None:
        return {}
    one, free = np.ones(1), np.full(1, np.inf)
    always = row.standard is not None and not row.standard.key
    formulas = row.formulas(SumScale(one, one, -free, free), always)
    return {key: formula_text(text) for key, text in formulas.items()}


def markdown() -> str:
    """The table for the documentation: per library the formulas, then what else is to be known."""
    lines: list[str] = []
    for library in dict.fromkeys(row.library for row in TABLE):
        rows = [row for row in TABLE if row.library == library]
        lines += ["", f"### {library}", "", *_formulas(rows), ""]
        for row in rows:
            lines += [*_details(record_of(row)), ""]
    return "\n".join(lines)


def _formulas(rows: list[Row]) -> list[str]:
    """A table of the rows that are MAP estimates."""
    heads = ("row", "setting", "its default")
    lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
    for row in filter(lambda r: r.translates, rows):
        setting = "<br>".join(f"{k} = {v}" for k, v in setting_of(row).items())
        default = belief_text(row, {}, next(iter(row.families)))
        lines.append(" | ".join((f"`{row.id}`", setting, default)))
    return [f"| {line} |" for line in lines] if len(lines) > 2 else []


def _details(said: dict[str, Any]) -> list[str]:
    """One row in running text."""
    text = f"`{said['call']}` minimises `{said['objective']}`."
    facts = (
        f" {_capital(said['likelihoods'])}; {said['scale']} scale; intercept {said['intercept']}"
    )
    facts += f"; weights: {said['weights']}; standardizes: {said['standardizes']}."
    text += "" if said["reason"] else facts
    if said["reason"]:
        word = "Not translated" if said["map"] else "Not a MAP"
        text += f" **{word}**: {said['reason']}. {said['instead']}"
    notes = f" {said['notes']}" if said["notes"] else ""
    sources = "; ".join(map(_link, said["source"].split("; ")))
    return [f"`{said['id']}`", f": {text}{notes} *{_capital(said['checked'])}.* {sources}"]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _link(source: str) -> str:
    """An address as a link; anything else as it is."""
    address, _, rest = source.partition(" ")
    if "/" not in address or "." not in address:
        return source
    return f"<https://{address}> {rest}".strip()
