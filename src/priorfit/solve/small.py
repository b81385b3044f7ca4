"""Small dense gaussian problems: the whole fit in one native call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._core import fit_small as _native_fit_small
from priorfit._typing import Array
from priorfit.design import Dense
from priorfit.likelihoods import Gaussian
from priorfit.problem import Problem

__all__ = ["SmallFit", "fit_small"]

_WORK = 2e7  # n p^2: beyond, BLAS is worth its calls


class SmallFit(NamedTuple):
    """``loss`` is half the weighted residual sum of squares."""

    intercept: float
    coef: Array
    loss: float
    df: float
    gap: float
    kkt: float
    rounds: int


def fit_small(problem: Problem, tol: float) -> SmallFit | None:
    """The fit, or None where the problem is not of this kind or its gap is above ``tol``.

    Of this kind: gaussian with known noise, a dense float64 table with ``n p^2 <= 2e7``, every
    weight with a normal or Laplace term or fixed. The general way takes all others.
    """
    phi = _applies(problem)
    if phi is None or not isinstance(problem.design, Dense):
        return None
    form, coef = problem.form, np.empty(problem.design.shape[1])
    y = problem.y - problem.offset
    usable, intercept, loss, df, gap, kkt, rounds = _native_fit_small(
        problem.design.values,
        y,
        problem.weights,
        form.l1,
        form.l2,
        form.loc,
        form.lower,
        form.upper,
        problem.intercept,
        phi,
        coef,
    )
    if not (usable and gap <= tol and np.isfinite(coef).all()):
        return None
    return SmallFit(intercept, coef, loss, df, gap, kkt, rounds)


def _applies(problem: Problem) -> float | None:
    """The dispersion, where the problem is of this kind."""
    design, form = problem.design, problem.form
    if not (
        problem.outputs is None
        and isinstance(problem.likelihood, Gaussian)
        and isinstance(design, Dense)
        and form.groups is None
    ):
        return None
    n, p = design.shape
    values = design.values
    plain = values.dtype == np.float64 and values.dtype.isnative and values.flags.aligned
    if not plain or n * p * p > _WORK or any(s % 8 for s in values.strides):
        return None
    penalised = (form.l1 > 0) | (form.l2 > 0) | (form.lower == form.upper)
    return problem.likelihood.known_dispersion if penalised.all() else None
