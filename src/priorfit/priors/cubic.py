"""Real roots of cubic equations, elementwise."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array

__all__ = ["cubic_roots"]


def cubic_roots(a: Array, b: Array, c: Array) -> list[Array]:
    """The real roots x of ``x^3 + a x^2 + b x + c``; NaN in place of complex ones.

    Viete's cosines where there are three, Cardano's cube root where there is one; a Newton step
    takes out their rounding (Press et al., Numerical Recipes, section 5.6).

    Examples
    --------
    >>> import numpy as np
    >>> [x.round(6).item() for x in cubic_roots(np.array(-6.0), np.array(11.0), np.array(-6.0))]
    [1.0, 2.0, 3.0]
    """
    a, b, c = np.broadcast_arrays(a, b, c)
    q = (a * a - 3.0 * b) / 9.0
    r = (a * (2.0 * a * a - 9.0 * b) + 27.0 * c) / 54.0
    three = (r * r <= q * q * q) & (q > 0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        angle = np.arccos(np.clip(r / np.sqrt(q * q * q), -1.0, 1.0)) / 3.0
        turned = [
            -2.0 * np.sqrt(q) * np.cos(angle + k * 2.0 * np.pi / 3.0) - a / 3.0 for k in (0, -1, 1)
        ]
        big = -np.copysign(np.cbrt(np.abs(r) + np.sqrt(np.maximum(r * r - q * q * q, 0.0))), r)
        single = big + np.where(big != 0, q / np.where(big != 0, big, 1.0), 0.0) - a / 3.0
    first = np.where(three, turned[0], single)
    others = [np.where(three, t, np.nan) for t in turned[1:]]
    ordered = [first, *others]
    return [_polished(x, a, b, c) for x in (ordered[0], ordered[1], ordered[2])]


def _polished(x: Array, a: Array, b: Array, c: Array) -> Array:
    """Two Newton steps, none where the slope is lost."""
    for _ in range(2):
        value = ((x + a) * x + b) * x + c
        slope = (3.0 * x + 2.0 * a) * x + b
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = value / slope
        x = np.where(np.abs(step) <= 1e-2 * (1.0 + np.abs(x)), x - step, x)
    return x
