"""A strength chosen on a curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Mask
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.problem import Problem
from priorfit.solve import Path, Solution, solve

if TYPE_CHECKING:
    from priorfit.select.surface import Surface

__all__ = ["RULES", "Selection"]

RULES = ("best", "1se")


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """Criterion along a path, strongest penalty first.

    ``penalties`` (k,) lambdas on the sum scale; ``scores`` (k, folds) held-out deviance per row
    (gaussian: mean squared error), or (k, 1) any other criterion, smaller is better; ``n_nonzero``
    (k,) of the fit to all rows; ``rule`` "best" (the smallest mean) or "1se" (the strongest penalty
    within one standard error of it). ``criterion`` names the scores; ``spread`` (k,) is their
    standard error where it is not that of folds; ``method`` says how the strength was chosen;
    ``valid`` (k,) where the criterion can be trusted (None: everywhere); ``path`` the fit to all
    rows; ``log_evidence`` that of the best point, where it is known: of two models of the same y
    (both with or both without an intercept) the larger one is the more probable. ``relative``: the
    scale of each group of columns relative to the others, where groups have their own; ``surface``:
    the curves of all l1_ratios, of which this is the one that was chosen.

    Source: Breiman et al. (1984), section 3.4.3.
    """

    penalties: Array
    scores: Array
    n_nonzero: Array
    rule: str
    criterion: str = "held-out deviance per row"
    spread: Array | None = None
    method: str = ""
    valid: Mask | None = None
    path: Path | None = None
    log_evidence: float | None = None
    relative: Mapping[Any, float] | None = None
    surface: Surface | None = None

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise InputError(
                f"`rule` must be one of {', '.join(RULES)}", repr(self.rule), "Choose one of them."
            )

    def __repr__(self) -> str:
        at = self.chosen
        found = f"{self.criterion} {self.mean[at]:.5g} at penalty {self.penalties[at]:.4g}"
        rule = {"best": "best", "1se": "1-SE"}[self.rule]
        return f"<Selection by {self.how}: {found} ({rule}), {int(self.n_nonzero[at])} non-zero>"

    @property
    def mean(self) -> Array:
        """Mean over the folds, (k,)."""
        return np.asarray(self.scores.mean(axis=1))

    @property
    def standard_error(self) -> Array:
        """Standard deviation over the folds / sqrt(folds), or over the rows / sqrt(n), (k,).

        0 where a criterion is one number.
        """
        if self.spread is not None:
            return self.spread
        folds, size = self.scores.shape[1], float(np.max(np.abs(self.scores))) or 1.0
        if folds == 1:
            return np.zeros(len(self.scores))
        return np.asarray((self.scores / size).std(axis=1, ddof=1) * size / np.sqrt(folds))

    @property
    def held_out(self) -> bool:
        """Whether the scores are deviances of rows that the fit did not see."""
        return self.criterion.startswith(("held-out deviance", "leave-one-out"))

    @property
    def how(self) -> str:
        """How the strength was chosen."""
        return self.method or f"{self.scores.shape[1]}-fold cross-validation"

    @property
    def best(self) -> int:
        """Index of the smallest mean among the points that can be trusted."""
        mean = self.mean if self.valid is None else np.where(self.valid, self.mean, np.inf)
        return int(np.argmin(mean))

    @property
    def one_se(self) -> int:
        """Index of the strongest penalty whose mean is within one standard error of the best."""
        bound = self.mean[self.best] + self.standard_error[self.best]
        return int(np.flatnonzero(self.mean[: self.best + 1] <= bound)[0])

    @property
    def chosen(self) -> int:
        """Index of the penalty that the rule takes."""
        return self.best if self.rule == "best" else self.one_se

    @property
    def scales(self) -> Array:
        """The prior scale that each penalty means, (k,); see `Path.scales`."""
        return self._path.scales

    @property
    def likelihood(self) -> Likelihood:
        """The likelihood of the scores, an unknown theta or scale of Huber's as it was held."""
        return self._path.likelihood

    def problem(self, at: str | int | None = None) -> Problem:
        """The problem whose prior has the strength of a point: "best", "1se", an index, or None
        for the one that ``rule`` takes. An unknown gaussian noise is the one estimated there, an
        unknown theta or scale of Huber's the one that was held."""
        path, k = self._path, self._index(at)
        likelihood = path.likelihood
        if isinstance(likelihood, Gaussian) and likelihood.noise is None:
            likelihood = Gaussian(noise=float(np.sqrt(path.dispersion_at(k))))
        return replace(path.problem, prior=path.prior_at(k), likelihood=likelihood)

    def refit(self, at: str | int | None = None, *, tol: float | None = None) -> Solution:
        """The certified MAP estimate on all rows with the strength of a point; see `problem`.

        Examples
        --------
        >>> import numpy as np, priorfit as pf
        >>> X = np.random.default_rng(0).normal(size=(60, 4))
        >>> problem = pf.Problem.make(X, X[:, 0], prior=pf.Laplace())
        >>> selection, _ = pf.cross_validate(problem)
        >>> int(np.argmax(selection.refit(at="best").coef))
        0
        """
        return solve(self.problem(at), tol=self._path.tol if tol is None else tol)

    def _index(self, at: str | int | None) -> int:
        known = {None: self.chosen, "best": self.best, "1se": self.one_se}
        if isinstance(at, int) and -len(self.penalties) <= at < len(self.penalties):
            return at % len(self.penalties)
        if at not in known:
            raise InputError(
                f"`at` must be best, 1se or an index below {len(self.penalties)}",
                repr(at),
                "Leave it out for the point that the rule takes.",
            )
        return known[at]

    @property
    def _path(self) -> Path:
        if self.path is None:
            raise InputError("the selection must hold its path", "none", "Use pf.choose.")
        return self.path

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the curve; see `priorfit.plots.plot_selection`."""
        return import_module("priorfit.plots").plot_selection(self, ax=ax, **options)
