"""The probability of an interval under a distribution with a log-concave density."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit, log_ndtr, logit, ndtri

from priorfit._typing import Array

__all__ = ["LINKS", "Step", "step"]

#: name -> quantile function
LINKS: dict[str, Callable[[Array], Array]] = {"logit": logit, "probit": ndtri}


class Step(NamedTuple):
    """``log`` P of the interval (low, high), with its derivatives; all (n,).

    ``up`` = d log P / d high, ``down`` = d log P / d low; ``up2``, ``down2``, ``cross``: the second
    derivatives of *minus* log P by high twice, by low twice, and by both.
    """

    log: Array
    up: Array
    down: Array
    up2: Array
    down2: Array
    cross: Array


def step(low: Array, high: Array, link: str) -> Step:
    """``log(F(high) - F(low))`` without cancellation, low < high; either may be infinite.

    Examples
    --------
    >>> import numpy as np
    >>> step(np.array([40.0]), np.array([41.0]), "logit").log.round(6)  # both F round to 1
    array([-40.458675])
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _logistic(low, high) if link == "logit" else _normal(low, high)


def _logistic(low: Array, high: Array) -> Step:
    """``F(b) - F(a) = F(b) F(-a) (1 - exp(a - b))``."""
    width = high - low
    log = log_expit(high) + log_expit(-low) + np.log(-np.expm1(-width))
    beyond = 1.0 / np.expm1(width)  # 0 for an infinite width
    sharp = np.where(np.isinf(width), 0.0, beyond * (1.0 + beyond))
    return Step(
        log,
        np.where(np.isinf(high), 0.0, expit(-high) + beyond),
        np.where(np.isinf(low), 0.0, -expit(low) - beyond),
        expit(high) * expit(-high) + sharp,
        expit(low) * expit(-low) + sharp,
        -sharp,
    )


def _normal(low: Array, high: Array) -> Step:
    """In the lower tail, where log F keeps its digits; the upper one is its mirror image."""
    flip = low > 0
    a, b = np.where(flip, -high, low), np.where(flip, -low, high)
    top, bottom = log_ndtr(b), log_ndtr(a)
    log = top + np.log(-np.expm1(bottom - top))
    half = 0.5 * np.log(2 * np.pi)
    p = np.where(np.isinf(high), 0.0, np.exp(-0.5 * high**2 - half - log))
    q = np.where(np.isinf(low), 0.0, np.exp(-0.5 * low**2 - half - log))
    u, v = np.where(np.isinf(high), 0.0, high), np.where(np.isinf(low), 0.0, low)
    return Step(log, p, -q, p * (p + u), q * (q - v), -p * q)
