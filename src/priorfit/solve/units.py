"""Units of y, of columns and of rates, in which nothing over- or underflows."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.likelihoods import Gaussian, Huber, Likelihood
from priorfit.problem import Problem

__all__ = ["power_of_two", "representable", "response_in_units"]

_LARGEST, _SMALLEST = 1e300, 1e-200


def representable(rate: Array) -> Array:
    """A rate too small to matter is none; one too large holds the weight where it is."""
    return np.where(rate < _SMALLEST, 0.0, np.minimum(rate, _LARGEST))


def power_of_two(x: Array | float) -> Array:
    """The largest ``2^k <= x``, of each number."""
    exponent = np.minimum(np.maximum(np.frexp(x)[1], -1000), 1000) - 1
    return np.asarray(np.ldexp(1.0, exponent))


def response_in_units(problem: Problem) -> tuple[Likelihood, Array, Array, float, float]:
    """Likelihood, y, offset, what was taken from y, and what it was multiplied by."""
    likelihood, y, offset = problem.likelihood, problem.y, problem.offset
    if isinstance(likelihood, Gaussian):
        y, center, unit = _standard_response(y - offset, problem.weights, problem.intercept)
        return likelihood, y, np.zeros_like(y), center, unit
    if isinstance(likelihood, Huber):  # in units in which the tails begin at 1
        unit = 1.0 / likelihood.reach
        return Huber(likelihood.delta, 1.0 / likelihood.delta), y * unit, offset * unit, 0.0, unit
    return likelihood, y, offset, 0.0, 1.0


def _standard_response(y: Array, w: Array, intercept: bool) -> tuple[Array, float, float]:
    unit = 1.0 / float(power_of_two(np.max(np.abs(y)) or 1.0))
    center = float(w @ (y * unit) / w.sum()) / unit if intercept else 0.0
    away = (y - center) * unit
    spread = float(np.sqrt(w @ np.square(away) / w.sum()))
    finer = 1.0 / float(power_of_two(spread)) if spread > 0 else 1.0
    if intercept:  # a second pass takes out the rounding of the first
        rest = float(w @ away / w.sum())
        away, center = away - rest, center + rest / unit
    return away * finer, center, unit * finer
