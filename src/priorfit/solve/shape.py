"""Parameters of the loss itself that are not known: theta of negative binomial counts, the scale
of Huber's loss. Each is made the consequence of the fit that it implies."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from priorfit._errors import PriorfitWarning
from priorfit._typing import Array
from priorfit.likelihoods import Huber, Likelihood, NegativeBinomial
from priorfit.problem import Problem
from priorfit.solve.noise import warn_collapse
from priorfit.solve.result import Solution, Start
from priorfit.solve.status import Status

__all__ = ["null_shape", "warn_of_poisson", "with_shape"]

Fit = Callable[..., Solution]

_ROUNDS = 200
_STILL = 1e-9  # relative change of theta
_FINER = 0.5  # from one variance to the next in the search from above


def with_shape(problem: Problem, fit: Fit, warm: Solution | Start | None) -> Solution:
    """The solution of a problem whose likelihood has an unknown shape.

    ``fit(problem, warm=...)`` solves it where the shape is known. The certificate is of the
    weights at the shape found; J of weights and shape together is stationary, not shown to be
    the lowest.
    """
    if isinstance(problem.likelihood, Huber):
        return _proposal_two(problem, problem.likelihood, fit, warm)
    return _alternate(problem, fit, warm)


def _alternate(problem: Problem, fit: Fit, warm: Solution | Start | None) -> Solution:
    """Weights and shape improved in turn, J falling, until the shape stands still."""
    y, w = problem.y, problem.weights
    likelihood = null_shape(problem)
    if warm is not None:
        likelihood = problem.likelihood.profile(y, problem.eta(warm.intercept, warm.coef), w)
    shape = likelihood.known_shape or 1.0
    for rounds in range(1, _ROUNDS + 1):
        found = warm = fit(replace(problem, likelihood=likelihood), warm=warm)
        likelihood = likelihood.profile(y, problem.eta(found.intercept, found.coef), w)
        before, shape = shape, likelihood.known_shape or 1.0
        if abs(shape - before) <= _STILL * shape:
            warn_of_poisson(likelihood)
            return found._replace(n_iter=rounds)
    return found._replace(status=Status.NOT_CONVERGED)


def null_shape(problem: Problem) -> Likelihood:
    """The likelihood with the shape of the model without columns, Huber's around the median."""
    y, w, likelihood = problem.y, problem.weights, problem.likelihood
    if isinstance(likelihood, Huber):
        above = likelihood.at(float(np.exp(_most(problem, likelihood))))
        eta = problem.offset + (_median(y - problem.offset, w) if problem.intercept else 0.0)
        return above.proposal_two(y, eta, w, problem.n_effective - 1.0)
    share = w / w.sum()
    eta = problem.offset + likelihood.eta_of(float(share @ y)) - share @ problem.offset
    return likelihood.profile(y, eta, w)


def _median(r: Array, w: Array) -> float:
    order = np.argsort(r)
    total = np.cumsum(w[order])
    return float(r[order[np.searchsorted(total, 0.5 * total[-1])]])


def warn_of_poisson(likelihood: Likelihood) -> None:
    """Say that theta runs to infinity."""
    if isinstance(likelihood, NegativeBinomial) and (likelihood.theta or 0.0) >= 1e8:
        warnings.warn(
            "the counts must scatter more than Poisson's for theta to exist; here it runs to "
            "infinity. Use Poisson(), which this fit is.",
            PriorfitWarning,
            stacklevel=5,
        )


def _proposal_two(
    problem: Problem, huber: Huber, fit: Fit, warm: Solution | Start | None
) -> Solution:
    """The largest s^2 with ``s^2 = sum_i w_i psi_i^2 / (c (n - df))`` at the fit of scale s.

    Searched from above, where every row lies in the middle, then bracketed.
    """
    state = {"warm": warm}

    def excess(log_s2: float) -> float:
        s2 = float(np.exp(log_s2))
        there = replace(problem, likelihood=huber.at(s2))
        found = state["warm"] = fit(there, warm=state["warm"])
        eta = problem.eta(found.intercept, found.coef)
        left = problem.n_effective - found.df
        force = float(problem.weights @ there.likelihood.pearson(problem.y, eta))
        return -1e3 if left <= 1e-8 or force <= 0 else log_s2 - float(np.log(force / left))

    high = _most(problem, huber)
    low = high
    while excess(low) > 0 and low > high - 60.0:
        low += np.log(_FINER)
    if low <= high - 60.0:
        warn_collapse()
    elif low < high:
        low = float(brentq(excess, low, low - np.log(_FINER), xtol=1e-11, rtol=1e-13))
    return fit(replace(problem, likelihood=huber.at(float(np.exp(low)))), warm=state["warm"])


def _most(problem: Problem, huber: Huber) -> float:
    """Log of a variance that no scale of this problem passes."""
    w, r = problem.weights, problem.y - problem.offset
    center = float(w @ r / w.sum()) if problem.intercept else 0.0
    wide = Huber(huber.delta, 1e3 * float(np.max(np.abs(r - center))) or 1.0)
    force = float(w @ wide.pearson(r, np.full_like(r, center)))
    return float(np.log(2.0 * force / max(float(w.sum()) - 1.0, 1.0) or 1.0))
