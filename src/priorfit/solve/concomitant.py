"""Huber's regression with its scale beside the weights, jointly convex: by Newton on the weights.

``min over g, s of sum_i w_i (s + s H(r_i / s)) + sum_j rate_j g_j^2``, ``H(z) = z^2`` up to
epsilon, then ``2 epsilon |z| - epsilon^2``. For given weights the best s is the root of
``sum_i w_i min(|r_i| / s, epsilon)^2 = sum_i w_i``, found from sorted residuals; what is left is a
smooth convex function of the weights, whose Hessian is that of the rows within reach less one rank.

Source: Owen, A robust hybrid of lasso and ridge regression (2007), section 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array

__all__ = ["Joint", "best_scale", "joint_fit"]

_ROUNDS = 60


class Joint(NamedTuple):
    """``g`` (m,) the weights, ``scale``, and whether the gradient vanished to rounding."""

    g: Array
    scale: float
    done: bool


def best_scale(r: Array, w: Array, epsilon: float) -> float:
    """The s > 0 with ``sum_i w_i min(|r_i| / s, epsilon)^2 = sum_i w_i``; 0 where there is none.

    Examples
    --------
    >>> round(best_scale(np.array([1.0, -1.0, 9.0]), np.ones(3), 1.3), 4)
    1.2356
    """
    size = np.abs(r)
    order = np.argsort(size)
    size, w = size[order], w[order]
    inside = np.cumsum(w * np.square(size))
    # with the k smallest within reach: sum of squares / s^2 + epsilon^2 (W - W_k) = W
    rest = w.sum() - epsilon**2 * (w.sum() - np.cumsum(w))
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.sqrt(np.where(rest > 0, inside / rest, np.inf))
    beyond = np.append(size[1:], np.inf)
    fits = (size <= epsilon * s * (1 + 1e-12)) & (epsilon * s <= beyond * (1 + 1e-12))
    k = np.flatnonzero(fits & np.isfinite(s))
    return float(s[k[0]]) if len(k) else 0.0


def joint_fit(Z: Array, y: Array, w: Array, epsilon: float, rate: Array, g: Array) -> Joint:
    """From weights ``g`` (m,) over dense ``Z`` (n, m); ``rate`` (m,) >= 0 of the squares."""
    value, s = _value(Z, y, w, epsilon, rate, g)
    for _ in range(_ROUNDS):
        if s <= 0:
            return Joint(g, 0.0, False)
        r = y - Z @ g
        force = w * np.clip(r / s, -epsilon, epsilon)
        slope = 2.0 * (rate * g - Z.T @ force)
        size = 2.0 * np.abs(Z).T @ np.abs(force) + 2.0 * rate * np.abs(g)
        if np.all(np.abs(slope) <= 1e-13 * size):
            return Joint(g, s, True)
        step = _newton(Z, r, w, s, epsilon, rate, slope)
        share, moved = 1.0, False
        while share > 1e-8 and not moved:
            there, scale = _value(Z, y, w, epsilon, rate, g - share * step)
            moved = there <= value + 1e-15 * abs(value)
            share = share if moved else 0.5 * share
        if not moved:
            return Joint(g, s, bool(np.all(np.abs(slope) <= 1e-9 * size)))
        g, value, s = g - share * step, there, scale
    return Joint(g, s, False)


def _value(
    Z: Array, y: Array, w: Array, epsilon: float, rate: Array, g: Array
) -> tuple[float, float]:
    """The objective at the best scale, and that scale."""
    r = np.abs(y - Z @ g)
    s = best_scale(r, w, epsilon)
    if s <= 0:
        return np.inf, 0.0
    z = r / s
    h = np.where(z <= epsilon, z * z, epsilon * (2.0 * z - epsilon))
    return float(s * (w @ (1.0 + h)) + rate @ (g * g)), s


def _newton(
    Z: Array, r: Array, w: Array, s: float, epsilon: float, rate: Array, slope: Array
) -> Array:
    """The Newton step; a little of the rows beyond reach keeps the system positive."""
    inside = np.abs(r) <= epsilon * s
    part = Z[inside]
    weighted = part * w[inside, None]
    gram = part.T @ weighted
    pull = weighted.T @ r[inside]
    spread = float(w[inside] @ np.square(r[inside]))
    system = (2.0 / s) * (gram - np.outer(pull, pull) / max(spread, 1e-300))
    system[np.diag_indices_from(system)] += 2.0 * rate + 1e-10 * np.abs(system).max()
    return np.asarray(linalg.lstsq(system, slope, check_finite=False)[0])
