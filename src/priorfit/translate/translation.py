"""What `translate` returns: settings ready to pass, and all that should be known with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from priorfit.priors import Prior
from priorfit.translate.middle import Case, SumScale
from priorfit.translate.row import Row
from priorfit.translate.texts import call_text, formula_text, number, put_in

__all__ = ["Translation"]


@dataclass(frozen=True, eq=False)
class Translation(Mapping[str, Any]):
    """A belief in the settings of a library.

    It is a mapping of the settings, so that ``Lasso(**translation)`` works. ``print`` shows the
    call, the formulas with the numbers put in, and what to look out for.

    Attributes
    ----------
    settings : keyword arguments by name; per column where the prior is.
    row : the row of the dictionary.
    family : the name of the likelihood.
    prior : the belief; None where the noise that it needs was not given.
    penalty : the two lambdas on the sum scale, in the units of X.
    said : what was translated, as text.
    """

    settings: dict[str, Any]
    row: Row
    family: str
    prior: Prior | None
    penalty: SumScale
    case: Case
    said: str

    def __getitem__(self, key: str) -> Any:
        return self.settings[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.settings)

    def __len__(self) -> int:
        return len(self.settings)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Translation):
            return self.row is other.row and _equal(self.settings, other.settings)
        return isinstance(other, Mapping) and _equal(self.settings, other)

    def __hash__(self) -> int:
        return hash(self.row.id)

    @property
    def call(self) -> str:
        """The call as one would write it."""
        return call_text(self.row, self.settings, self.family)

    @property
    def formulas(self) -> dict[str, str]:
        """Each setting as its formula, the formula with the numbers put in, and its value."""
        on = self.row.standardizes(self.settings)
        symbols = self._symbols(on)
        texts: dict[str, str] = {}
        for key, formula in self.row.formulas(self.penalty, on).items():
            if key not in self.settings:
                continue
            steps = [formula_text(formula), put_in(formula, symbols), number(self.settings[key])]
            texts[key] = " = ".join(dict.fromkeys(steps))
        return texts

    @property
    def notes(self) -> tuple[str, ...]:
        """What to look out for."""
        row, standard = self.row, self.row.standard
        found = []
        if standard and standard.key and standard.default:
            found.append(
                f"{row.library} standardizes the columns by default. "
                + (
                    f"{standard.key} is on: the prior is the same per standard deviation."
                    if row.standardizes(self.settings)
                    else f"{standard.key} is off, so that the prior holds in the units of X."
                )
            )
        if row.intercept == "penalised" and not re.search("penalise|decay", " ".join(row.notes)):
            found.append("The intercept is penalised too.")
        if row.weights == "none" and self.case.total != self.case.n:
            found.append("It takes no weights for rows: repeat the rows.")
        if row.scale == "mean":
            found.append("A mean over rows: the same belief needs other numbers when n changes.")
        return (*found, *row.notes)

    def _symbols(self, standardized: bool) -> dict[str, Any]:
        case, standard = self.case, self.row.standard
        unit: Any = None
        if standardized and standard is not None:
            unit = standard.unit(case, self.row.id)
        known = {"l1": self.penalty.l1, "l2": self.penalty.l2, "n": case.n, "W": case.total}
        return known | {"s_y": case.y_scale, "s_x": unit}

    def _lambdas(self) -> str:
        """How the prior became lambdas."""
        phi = self.case.phi if self.row.has_dispersion(self.family) else 1.0
        symbol = "noise²" if self.family == "gaussian" else "φ"
        parts = []
        for name, values, power in (("λ₁", self.penalty.l1, ""), ("λ₂", self.penalty.l2, "²")):
            if np.any(values > 0):
                text = f"{name} = {number(values)}"
                if self.prior is not None and phi is not None:
                    top = symbol if self.row.has_dispersion(self.family) else "1"
                    text = f"{name} = {top} / scale{power} = {number(values)}"
                parts.append(text)
        return ", ".join(parts) or "no penalty"

    def __str__(self) -> str:
        width = max((len(k) for k in self.formulas), default=0)
        lines = [f"{self.said}, as {self.row.library} says it ({self.row.id}):", ""]
        lines += [f"    {self.call}", ""]
        lines += [f"    {key:<{width}} = {text}" for key, text in self.formulas.items()]
        lines += ["", f"    with {self._lambdas()}", "", f"It minimises {self.row.objective}."]
        lines += [f"- {note}" for note in self.notes]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Translation({self.row.id}, {self.settings!r})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'><code>{escape(k)}</code></td>"
            f"<td style='text-align:left'>= {escape(v)}</td></tr>"
            for k, v in self.formulas.items()
        )
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f"<div><p>{escape(self.said)}, as {escape(self.row.library)} says it:</p>"
            f"<pre style='margin:.5em 0'><code>{escape(self.call)}</code></pre>"
            f"<table>{rows}</table><p>with {escape(self._lambdas())}. It minimises "
            f"{escape(self.row.objective)}.</p><ul>{notes}</ul></div>"
        )


def _equal(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return set(a) == set(b) and all(np.array_equal(a[k], b[k]) for k in a)
