"""Strengths on the way to a distant first one: a cold start walks the path loosely."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array

__all__ = ["LOOSE", "approach"]

LOOSE = 1e-2  # the gap asked for on the way, at least


def approach(top: float, s: float, step: float) -> Array:
    """From ``top``, the one that holds every weight, by factors of about ``step``; without ``s``.

    Examples
    --------
    >>> approach(8.0, 1.0, 0.5)
    array([8., 4., 2.])
    >>> approach(8.0, 7.0, 0.5)
    array([], dtype=float64)
    """
    if not 0 < s < step * top:
        return np.empty(0)
    steps = int(np.ceil(np.log(top / s) / -np.log(step) - 1e-9))
    return np.asarray(top * (s / top) ** (np.arange(steps) / steps))
