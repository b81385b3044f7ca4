"""What a report says, gathered once from a fitted estimator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from priorfit._typing import Array, Index
from priorfit.priors import describe
from priorfit.report.numbers import count, number
from priorfit.views import Views

__all__ = ["Facts", "facts_of"]


@dataclass(frozen=True, eq=False)
class Facts:
    """The fitted ``model`` and where it came from."""

    model: Any
    title: str
    target: str
    source: str
    command: str = ""
    warnings: tuple[str, ...] = field(default=())

    @property
    def coef(self) -> Array:
        """(p,) weights in the units of the data; of several outputs (p q,), column by column."""
        return np.ravel(self.model.coef_.T)

    @property
    def intercepts(self) -> tuple[tuple[str, float], ...]:
        """The name and value of each."""
        values = np.ravel(self.model.intercept_).tolist()
        if len(values) == 1:
            return (("intercept", values[0]),)
        outputs = getattr(self.model, "classes_", np.arange(len(values))).tolist()
        pairs = zip(outputs, values, strict=True)
        return tuple((f"intercept [{output}]", value) for output, value in pairs)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        labels: tuple[str, ...] = self.model.weight_labels_
        return labels

    @property
    def response(self) -> str:
        """What a weight changes."""
        likelihood, classes = self.model._likelihood, getattr(self.model, "classes_", None)
        if likelihood.name == "multinomial":
            held = likelihood.reference
            against = "" if held is None or classes is None else f" against {classes[held]}"
            return f"log odds of the class in brackets{against}"
        if self.names != self.model.feature_labels_:
            return f"mean of the response of {self.target} in brackets"
        which = "" if classes is None or likelihood.name == "ordinal" else f" = {classes[1]}"
        return f"{likelihood.predictor} of {self.target}{which}"

    @property
    def effects(self) -> Array:
        """Change of the linear predictor per standard deviation of each column, (p,)."""
        sd = self.model.column_sd_
        return np.asarray(self.coef * np.repeat(sd, len(self.coef) // len(sd)))

    @property
    def order(self) -> Index:
        """Columns by the size of their effect, the largest first."""
        return np.argsort(-np.abs(self.effects), kind="stable")

    @property
    def zeros(self) -> str:
        """What the belief did to the columns, as a sentence."""
        p, gone = len(self.coef), int(np.sum(self.coef == 0))
        several = self.names != self.model.feature_labels_
        one = "weight" if several else "column"
        if gone:
            verb = "is" if gone == 1 else "are"
            return f"{count(gone, 'of', 'of')} {count(p, one)} {verb} exactly zero."
        if several:
            return f"None of {count(p, one)} is zero: this belief shrinks, it does not select."
        return f"All {count(p, one)} keep a weight: this belief shrinks, it does not select."

    @property
    def views(self) -> Views:
        """Prior, penalty and constraint in the units in which the belief was stated."""
        views: Views = self.model.stated_views_
        return views

    @property
    def belief(self) -> str:
        """The prior in words."""
        per = ", per standard deviation of each column" if self.model.stated_per_sd_ else ""
        return f"{describe(self.views.prior)}{per}."

    @property
    def scatter(self) -> str:
        """How y scatters around its mean, as a sentence; empty where nothing is to be said."""
        said: str = self.model.likelihood_.in_words(self.model.dispersion_)
        return said

    @property
    def strength(self) -> str:
        """How strong the belief is, and who said so."""
        model = self.model
        selection = getattr(model, "selection_", None)
        averaged = getattr(model, "averaged_", None)
        if averaged is not None:
            middle = number(float(np.median(averaged.scales)))
            return f"the median of its posterior: unit scale times {middle}"
        if selection is None:
            return (
                "as given" if model.strength is None else f"lambda {number(model.strength)}, given"
            )
        rule = "the strongest within one standard error of the best"
        if selection.rule == "best":
            rule = f"the smallest {selection.criterion.removesuffix(' per row')}"
        penalty = number(float(selection.penalties[selection.chosen]))
        told = f"lambda {penalty}, chosen by {selection.how}: {rule}"
        if selection.log_evidence is not None:
            told += f"; log evidence {selection.log_evidence:.2f}".replace("-", "−")
        if selection.surface is not None:
            share = float(selection.surface.l1_ratios[selection.surface.best])
            told += f"; {100 * share:.0f} % of the penalty is l1"
        if selection.relative is not None:
            told += f"; scales by group, relative: {_relative(selection.relative)}"
        return told

    @property
    def quality(self) -> str:
        """How much of the held-out deviance the columns explain; empty without a selection."""
        selection = getattr(self.model, "selection_", None)
        if selection is None or not (selection.held_out and selection.mean[0] > 0):
            return ""
        share = 1.0 - float(selection.mean[selection.chosen] / selection.mean[0])
        if selection.chosen == 0:
            return "On held-out rows no weaker belief does clearly better than the strongest one."
        base = "the strongest penalty on the curve"
        if selection.n_nonzero[0] == 0:
            base = "a model without columns"
        return f"On held-out rows it cuts the deviance of {base} by {100 * share:.0f} %."

    @property
    def python(self) -> str:
        """The call that reproduces the fit."""
        model = self.model
        given = model.get_params(deep=False)
        default = type(model)().get_params(deep=False)
        changed = [f"{k}={_code(v)}" for k, v in given.items() if not _equal(v, default[k])]
        stated = "~" in (model.formula or "").lstrip("~ ")
        what = "table" if stated else f"table, {self.target!r}"
        return f"pf.{type(model).__name__}({', '.join(changed)}).fit({what})"


def facts_of(model: Any, *, target: str = "y", source: str = "X", **more: Any) -> Facts:
    """Facts of a fitted `MAPRegressor` or `MAPClassifier`."""
    p = len(model.feature_labels_)
    title = f"{target} from {count(p, 'column')} of {source}"
    return Facts(model, title, target, source, **more)


def _relative(scales: Mapping[Any, float]) -> str:
    """The scale of each group, the largest 1; of many groups the first ones."""
    said = [f"{name} {number(scale)}" for name, scale in list(scales.items())[:6]]
    return ", ".join(said) + (", ..." if len(scales) > 6 else "")


def _code(value: Any) -> str:
    return re.sub(r"\b([A-Z][A-Za-z]+\()", r"pf.\1", repr(value))


def _equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)
