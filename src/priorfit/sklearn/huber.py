"""Drop-in for HuberRegressor."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Self

import numpy as np
from scipy.optimize import brentq
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _check_sample_weight

from priorfit._checks import check_weights
from priorfit._typing import Array
from priorfit.likelihoods import Huber
from priorfit.problem import Problem
from priorfit.sklearn._shared import checked, penalty_prior, problem_of
from priorfit.solve import Solution, Start, solve_quietly
from priorfit.solve.concomitant import joint_fit
from priorfit.solve.restore import restore
from priorfit.solve.standard import standardize

__all__ = ["HuberRegressor"]

_LEAST = 1e-5  # of the spread of y: a smaller scale is that of an interpolation
_FINE = 1e-13  # the gap of every fit of the search
_FEW = 500  # columns whose Gram matrix is made in every step
_FACTOR = 4.0  # from one scale to the next in the search for a bracket


class HuberRegressor(linear_model.HuberRegressor):  # type: ignore[misc]
    """``sum_i w_i (s + s H(r_i / s)) + alpha ||w||_2^2``, least over weights and scale s.

    H(z) = z^2 up to ``epsilon``, then ``2 epsilon |z| - epsilon^2``. The sum is convex in weights
    and scale together; for a given s it is a fit with the likelihood `Huber`, and its derivative
    in s, ``sum_i w_i (1 - min(|r_i| / s, epsilon)^2)``, rises, so that its root is the answer.

    Parameters and attributes are those of `sklearn.linear_model.HuberRegressor`; ``warm_start``
    changes nothing. ``certificate_`` is of the weights at ``scale_``. Where the rows can be met
    exactly the scale would run to 0 and is held at 1e-5 of the spread of y.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.arange(6.0)[:, None]
    >>> model = HuberRegressor(alpha=0.0).fit(X, [0.1, 1.0, 1.9, 3.1, 4.0, 50.0])
    >>> model.coef_.round(3), model.outliers_.sum()
    (array([1.035]), np.int64(1))

    References
    ----------
    Owen, A robust hybrid of lasso and ridge regression (2007), section 5.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; X (n, p) dense or sparse, y (n,)."""
        X, y = checked(self, X, y, y_numeric=True)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        check_weights(weights)
        y = np.asarray(y, dtype=np.float64)

        def at(scale: float) -> Problem:
            prior = penalty_prior(0.0, self.alpha / scale)
            huber = Huber(float(self.epsilon), scale)
            return problem_of(X, y, prior, huber, weights, self.fit_intercept)

        fit, unit = partial(solve_quietly, tol=_FINE), at(1.0)
        known = self._joint(unit)
        found, self.scale_ = _least(at, fit) if known is None else known
        tol = max(min(self.tol, 1e-6), _FINE)
        found = found._replace(certificate=found.certificate._replace(tol=tol))
        if not found.certificate.certified:
            warnings.warn(found.complaint, ConvergenceWarning, stacklevel=2)
        residual = np.abs(y - unit.eta(found.intercept, found.coef))
        self.coef_, self.certificate_ = found.coef, found.certificate
        self.intercept_ = found.intercept if self.fit_intercept else 0.0
        self.n_iter_ = found.n_iter
        self.outliers_ = residual > self.scale_ * self.epsilon
        return self

    def _joint(self, problem: Problem) -> tuple[Solution, float] | None:
        """The fit and its scale by Newton on weights and scale together, for a few columns."""
        if problem.design.shape[1] > _FEW:
            return None
        standard = standardize(problem)
        unit, first, y = standard.y_unit, standard.first, standard.y
        rate = np.append(np.zeros(first), self.alpha / unit / np.square(standard.Z.scale))
        g = np.zeros(standard.size)
        g[:first] = np.median(y)
        joint = joint_fit(standard.Z, y, standard.weights, float(self.epsilon), rate, g)
        if not joint.done or joint.scale <= _LEAST * np.mean(np.abs(y - np.median(y))):
            return None
        intercepts, coefs = restore(standard, joint.g[:, None], problem)
        scale = joint.scale / unit
        there = Start(float(intercepts[0]), coefs[:, 0])
        prior = penalty_prior(0.0, self.alpha / scale)
        known = replace(problem, prior=prior, likelihood=Huber(float(self.epsilon), scale))
        return solve_quietly(known, tol=_FINE, warm=there), scale


def _least(
    at: Callable[[float], Problem], fit: Callable[[Problem], Solution]
) -> tuple[Solution, float]:
    """The fit, and the scale at which the slope in the scale is 0."""

    def slope(log_scale: float) -> float:
        problem = at(float(np.exp(log_scale)))
        found = fit(problem)
        eta = problem.eta(found.intercept, found.coef)
        z = problem.likelihood.slope(problem.y, eta) / np.exp(log_scale)
        return float(problem.weights @ (1.0 - np.square(z)))

    low, high = _bracket(slope, *_guess(at(1.0)))
    best = low if low == high else float(brentq(slope, low, high, xtol=1e-10, rtol=1e-12))
    scale = float(np.exp(best))
    return fit(at(scale)), scale


def _guess(problem: Problem) -> tuple[float, float]:
    """Logs of a first scale, the median distance from the median, and of the least."""
    y: Array = problem.y[problem.weights > 0]
    away = np.abs(y - np.median(y))
    spread = float(np.mean(away)) or 1.0
    return float(np.log(np.median(away) or spread)), float(np.log(_LEAST * spread))


def _bracket(slope: Callable[[float], float], start: float, least: float) -> tuple[float, float]:
    """Two log scales between which the slope changes its sign; the least twice where it never
    does."""
    step = float(np.log(_FACTOR))
    low = high = start
    if slope(start) < 0:
        while slope(high := high + step) < 0:
            low = high
        return low, high
    while low > least:
        low, high = max(low - step, least), low
        if slope(low) < 0:
            return low, high
    return least, least
