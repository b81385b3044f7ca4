"""One theta, or one scale, for a whole path: from a coarse path of its own.

Along a path, and from fold to fold, the loss must be one and the same, or its values could not be
compared. So what a single fit estimates together with the weights is estimated once and held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from priorfit.likelihoods import Huber, Likelihood
from priorfit.problem import Problem
from priorfit.solve.noise import warn_collapse
from priorfit.solve.path import Path
from priorfit.solve.shape import null_shape, warn_of_poisson

__all__ = ["pilot_shape"]

_POINTS = 15
_ROUNDS = 10
_STILL = 1e-3  # relative change of theta or scale
_NOTHING = 1e-5  # of the scale without columns: the rows are met


def pilot_shape(problem: Problem, path_of: Callable[..., Path]) -> Likelihood:
    """The likelihood with its unknown shape estimated at the point that BIC takes,
    ``argmin_k 2 loss_k / phi + log(n) df_k``.

    From the shape of the model without columns on: a coarse path, the shape of its best point
    (the largest likelihood of theta, Huber's proposal 2 of his scale), and again from there until
    it stands still. The grid is the pilot's own, so every path of a problem has the same loss.

    Parameters
    ----------
    problem : with a prior of unit rate (`Prior.unit`).
    path_of : the path of such a problem where the shape is known.
    """
    likelihood = null_shape(problem)
    least = _NOTHING * (likelihood.known_shape or 1.0) if isinstance(likelihood, Huber) else 0.0
    for _ in range(_ROUNDS):
        path = path_of(replace(problem, likelihood=likelihood), n_points=_POINTS)
        found = _shape_at(path, _best(path))
        old, new = (v.known_shape or 0.0 for v in (likelihood, found))
        if new <= least:
            warn_collapse()
            break
        likelihood = found
        if abs(new - old) <= _STILL * old:
            break
    warn_of_poisson(likelihood)
    return likelihood


def _best(path: Path) -> int:
    """The point of the smallest BIC."""
    price = float(np.log(path.problem.n_effective))
    return int(np.argmin(2.0 * path.losses / path.dispersion_at(0) + price * path.df))


def _shape_at(path: Path, k: int) -> Likelihood:
    """The likelihood with the shape that the fit of one point implies."""
    problem, likelihood = path.problem, path.problem.likelihood
    y, w = problem.y, problem.weights
    eta = problem.eta(path.intercepts[k], path.coefs[:, k])
    if isinstance(likelihood, Huber):
        return likelihood.proposal_two(y, eta, w, problem.n_effective - float(path.df[k]))
    return likelihood.profile(y, eta, w)
