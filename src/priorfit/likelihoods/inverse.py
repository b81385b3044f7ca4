"""Conjugates without a closed form: one increasing function of one number, inverted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from priorfit._typing import Array

__all__ = ["invert"]

_EPS = float(np.finfo(np.float64).eps)


def invert(
    f: Callable[[Array], Array],
    rise: Callable[[Array], Array],
    value: Array,
    low: Array,
    high: Array,
) -> Array:
    """x in [low, high] with ``f(x) = value``, elementwise; f increasing, ``rise`` its derivative.

    Newton, and a bisection wherever a step leaves the bracket or hardly shrinks it. Where f never
    is ``value`` the end of the bracket that comes nearest.
    """
    x = 0.5 * (low + high)
    width = high - low
    for _ in range(200):
        excess = f(x) - value
        low, high = np.where(excess < 0, x, low), np.where(excess > 0, x, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = x - excess / rise(x)
        narrowed = high - low
        trusted = (step > low) & (step < high) & (narrowed < 0.7 * width)
        width = narrowed
        following = np.where(trusted, step, 0.5 * (low + high))
        following = np.where(excess == 0, x, following)
        done = np.abs(following - x) <= 2 * _EPS * np.maximum(np.abs(x), 1.0)
        x = following
        if np.all(done):
            break
    return np.asarray(x)
