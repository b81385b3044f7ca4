"""What the drop-ins share: scikit-learn's constants as beliefs at noise 1."""

from __future__ import annotations

import warnings
from numbers import Number
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _check_sample_weight, validate_data

from priorfit._checks import check_weights
from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.design import as_design
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.priors import ElasticNet, Flat, Laplace, Normal, Prior, Truncated
from priorfit.problem import Problem
from priorfit.solve import Solution, Status, solve_quietly

__all__ = [
    "checked",
    "gap_of",
    "null_loss",
    "penalty_prior",
    "problem_of",
    "solved",
    "weights_of",
]

UNIT = Gaussian(noise=1.0)


def penalty_prior(l1: float, l2: float, positive: bool = False) -> Prior:
    """The prior whose negative log is ``l1 ||w||_1 + l2/2 ||w||_2^2`` (and w >= 0)."""
    if not (l1 >= 0 and l2 >= 0):
        raise InputError("a penalty must be >= 0", f"l1={l1}, l2={l2}", "Use 0 for none.")
    prior: Prior
    if l1 > 0 and l2 > 0:
        prior = ElasticNet(l1_scale=1.0 / l1, l2_scale=l2**-0.5)
    elif l1 > 0:
        prior = Laplace(scale=1.0 / l1)
    else:
        prior = Normal(scale=l2**-0.5) if l2 > 0 else Flat()
    return Truncated(prior, lower=0.0) if positive else prior


def checked(estimator: Any, X: Any, y: Any, **options: Any) -> tuple[Any, Any]:
    """X and y through scikit-learn's own checks; sparse matrices stay CSC or CSR."""
    estimator._validate_params()
    validated: tuple[Any, Any] = validate_data(
        estimator,
        X,
        y,
        accept_sparse=("csc", "csr"),
        dtype=(np.float64, np.float32),
        **options,
    )
    return validated


def weights_of(sample_weight: Any, X: Any) -> Array | None:
    """(n,) float64 weights, or None; raises `InputError` for a negative one."""
    if sample_weight is None or isinstance(sample_weight, Number):
        return None
    weights: Array = _check_sample_weight(sample_weight, X, dtype=np.float64)
    check_weights(weights)
    return weights


def problem_of(
    X: Any, y: Any, prior: Prior, likelihood: Likelihood, weights: Array | None, intercept: bool
) -> Problem:
    """A problem on validated data."""
    return Problem.make(
        as_design(X), y, prior=prior, likelihood=likelihood, weights=weights, intercept=intercept
    )


def gap_of(tol: float) -> float:
    """The gap that is asked for: 1e-6 or ``tol``, where that is smaller."""
    return max(min(tol, 1e-6), 1e-14)


def solved(problem: Problem, tol: float, max_iter: int | None = None) -> Solution:
    """`priorfit.solve` to a gap of 1e-6 or ``tol``, warning as scikit-learn does."""
    bound = gap_of(tol)
    solution = solve_quietly(problem, tol=bound, max_iter=max_iter or 10_000)
    if solution.status is not Status.CERTIFIED:
        warnings.warn(solution.complaint, ConvergenceWarning, stacklevel=4)
    return solution


def null_loss(y: Array, weights: Array | None, intercept: bool) -> float:
    """``sum w (y - mean)^2 / 2``: what a relative gap is relative to."""
    w = np.ones(len(y)) if weights is None else weights
    away = y - w @ y / w.sum() if intercept else y
    return 0.5 * float((w * away) @ away)
