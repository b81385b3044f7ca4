"""The strength and the mixture of an elastic net, chosen together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors import ElasticNet, Prior, Truncated
from priorfit.problem import Problem
from priorfit.select.selection import Selection
from priorfit.solve import Path

__all__ = ["Surface", "over_ratios", "with_ratio"]


@dataclass(frozen=True, eq=False)
class Surface:
    """Curves side by side: ``selections`` (r,), one for each of ``l1_ratios`` (r,), on the same
    folds.

    With the share a = l1_ratio the penalty is ``lambda (a sum |b| + (1 - a) sum b^2 / 2)``.
    """

    l1_ratios: Array
    selections: tuple[Selection, ...]

    @property
    def lowest(self) -> Array:
        """The best mean of each curve, (r,)."""
        return np.array([one.mean[one.best] for one in self.selections])

    @property
    def best(self) -> int:
        """Index of the ratio whose best point is best; the sparsest one where several are."""
        ties = np.flatnonzero(self.lowest == self.lowest.min())
        return int(ties[np.argmax(self.l1_ratios[ties])])

    @property
    def penalties(self) -> tuple[Array, Array]:
        """The two rates of every point, l1 and l2 on the sum scale, (r, k) each."""
        lambdas = np.array([one.penalties for one in self.selections])
        share = self.l1_ratios[:, None]
        return lambdas * share, lambdas * (1.0 - share)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the curves; see `priorfit.plots.plot_surface`."""
        return import_module("priorfit.plots").plot_surface(self, ax=ax, **options)


def with_ratio(prior: Prior, l1_ratio: float) -> Prior:
    """The elastic net of unit rate with this share of l1; scales per column stay relative ones.

    Examples
    --------
    >>> with_ratio(ElasticNet(), 0.75)
    ElasticNet(l1_scale=1.3333333333333333, l2_scale=2.0, loc=0.0)
    """
    if isinstance(prior, Truncated):
        return replace(prior, prior=with_ratio(prior.prior, l1_ratio))
    if not isinstance(prior, ElasticNet):
        raise InputError(
            "`l1_ratio` must stand with an elastic net", repr(prior), "Use prior=pf.ElasticNet()."
        )
    if not 0.0 <= l1_ratio <= 1.0:
        raise InputError("`l1_ratio` must be in [0, 1]", repr(l1_ratio), "1 is the lasso.")
    with np.errstate(divide="ignore"):
        l1, l2 = 1.0 / np.float64(l1_ratio), 1.0 / np.sqrt(np.float64(1.0 - l1_ratio))
    own = (_relative(prior.l1_scale) * l1, _relative(prior.l2_scale) * l2)
    first, second = (v if np.ndim(v) else float(v) for v in own)
    return replace(prior, l1_scale=first, l2_scale=second)


def _relative(scale: Any) -> Any:
    return np.asarray(scale, dtype=np.float64) if np.ndim(scale) else 1.0


def over_ratios(
    problem: Problem, l1_ratio: Any, choose_one: Callable[[Problem], tuple[Selection, Path]]
) -> tuple[Selection, Path]:
    """The curve of the ratio whose best point is best, with all curves in its ``surface``.

    The rule (1-SE) then takes a stronger point of that curve: "simpler" has one direction only
    while the ratio is held.
    """
    ratios = np.sort(np.atleast_1d(np.asarray(l1_ratio, dtype=np.float64)))
    if ratios.ndim != 1 or not len(ratios):
        raise InputError("`l1_ratio` must be a number or several", repr(l1_ratio), "Try [0.5, 1].")
    found = [
        choose_one(replace(problem, prior=with_ratio(problem.prior, float(ratio))))
        for ratio in ratios
    ]
    surface = Surface(ratios, tuple(one for one, _ in found))
    selection, path = found[surface.best]
    return replace(selection, surface=surface), path
