"""Intervals that hold a share of the draws."""

from __future__ import annotations

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = ["eti", "hdi"]


def eti(draws: Array, prob: float = 0.95) -> Array:
    """The equal-tailed interval of draws (k, ...): quantiles ``(1 -+ prob) / 2``, (2, ...).

    Examples
    --------
    >>> eti(np.arange(101.0), 0.9)
    array([ 5., 95.])
    """
    _check(prob)
    return np.asarray(np.quantile(draws, [0.5 * (1.0 - prob), 0.5 * (1.0 + prob)], axis=0))


def hdi(draws: Array, prob: float = 0.95) -> Array:
    """The shortest interval that holds ``prob`` of draws (k, ...), (2, ...).

    One interval, also where the density has several peaks.

    Examples
    --------
    >>> hdi(np.r_[np.zeros(90), np.arange(10.0)], 0.9)
    array([0., 0.])
    """
    _check(prob)
    ordered = np.sort(draws, axis=0)
    n = len(ordered)
    inside = min(max(int(np.ceil(prob * n)), 1), n) - 1
    widths = ordered[inside:] - ordered[: n - inside]
    start = widths.argmin(axis=0)[None, ...]
    low = np.take_along_axis(ordered, start, axis=0)[0]
    return np.stack([low, np.take_along_axis(ordered, start + inside, axis=0)[0]])


def _check(prob: float) -> None:
    if not 0.0 < prob < 1.0:
        raise InputError("`prob` must lie in (0, 1)", repr(prob), "Say 0.95.")
