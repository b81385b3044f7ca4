"""A strength chosen on a curve."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = ["RULES", "Selection"]

RULES = ("best", "1se")


@dataclass(frozen=True, eq=False)
class Selection:
    """Criterion along a path, strongest penalty first.

    ``penalties`` (k,) lambdas on the sum scale; ``scores`` (k, folds) held-out deviance per row
    (gaussian: mean squared error); ``n_nonzero`` (k,) of the fit to all rows; ``rule`` "best" (the
    smallest mean) or "1se" (the strongest penalty within one standard error of it). For exact
    leave-one-out ``scores`` (k, 1) is the mean over the rows, ``spread`` (k,) its standard error.

    Source: Breiman et al. (1984), section 3.4.3.
    """

    penalties: Array
    scores: Array
    n_nonzero: Array
    rule: str
    criterion: str = "held-out deviance per row"
    spread: Array | None = None

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise InputError(
                f"`rule` must be one of {', '.join(RULES)}", repr(self.rule), "Choose one of them."
            )

    @property
    def mean(self) -> Array:
        """Mean over the folds, (k,)."""
        return np.asarray(self.scores.mean(axis=1))

    @property
    def standard_error(self) -> Array:
        """Standard deviation over the folds / sqrt(folds), or over the rows / sqrt(n), (k,)."""
        if self.spread is not None:
            return self.spread
        folds, size = self.scores.shape[1], float(np.max(np.abs(self.scores))) or 1.0
        return np.asarray((self.scores / size).std(axis=1, ddof=1) * size / np.sqrt(folds))

    @property
    def how(self) -> str:
        """What was held out."""
        folds = self.scores.shape[1]
        return f"{folds}-fold cross-validation" if self.spread is None else "exact leave-one-out"

    @property
    def best(self) -> int:
        """Index of the smallest mean."""
        return int(np.argmin(self.mean))

    @property
    def one_se(self) -> int:
        """Index of the strongest penalty whose mean is within one standard error of the best."""
        bound = self.mean[self.best] + self.standard_error[self.best]
        return int(np.flatnonzero(self.mean[: self.best + 1] <= bound)[0])

    @property
    def chosen(self) -> int:
        """Index of the penalty that the rule takes."""
        return self.best if self.rule == "best" else self.one_se

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the curve; see `priorfit.plots.plot_selection`."""
        return import_module("priorfit.plots").plot_selection(self, ax=ax, **options)
