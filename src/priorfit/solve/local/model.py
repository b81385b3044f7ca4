"""A quadratic model of the likelihood over working columns, and its local minimum (native)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from priorfit._core import solve_local_quadratic as _native
from priorfit._typing import Array, Index
from priorfit.priors import AtStrength

__all__ = ["convex_above", "solve_model"]


def solve_model(
    gram: Array, q: Array, at: AtStrength, cols: Index, warm: Array, tol: float, rounds: int = 200
) -> Array:
    """A local minimum of ``b'Gb/2 - q'b + penalty(b)`` that no single coordinate can improve.

    ``cols`` picks the entries of the penalty; ``warm`` (m,) is the start, ``tol`` the violation of
    stationarity in units of the gradient. Every step is exact in its coordinate, so that the
    objective never rises.
    """
    form, concave = at.form, at.form.concave
    size = np.full(len(cols), np.inf) if at.size is None else at.size[cols]
    kind, parameter = (0, 0.0) if concave is None else (concave.shape.code, concave.shape.parameter)
    b = np.ascontiguousarray(warm, dtype=np.float64).copy()
    rates = (at.l1[cols], at.l2[cols], form.loc[cols], form.lower[cols], form.upper[cols])
    _native(np.asarray(gram), q, *rates, size, kind, parameter, b, tol, rounds)
    return b


def convex_above(at: AtStrength, t: Array) -> AtStrength:
    """The convex penalty that touches this one at distances ``t`` (m,) and is nowhere lower.

    A concave function is below its tangent: ``l1`` becomes the slope there (Zou & Li 2008, section
    2.3); where there is no kink, ``l2`` becomes slope / t.
    """
    steep, kinked = at.slope(t), at.form.kinked
    l1 = np.where(kinked, np.maximum(steep - at.l2 * t, 0.0), 0.0)
    l2 = np.where(kinked | (t == 0), at.l2, steep / np.where(t == 0, 1.0, t))
    return AtStrength(replace(at.form, concave=None), l1, l2, None)
