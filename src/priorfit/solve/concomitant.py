"""Huber's regression with its scale beside the weights, jointly convex: by Newton on the weights.

``min over g, s of sum_i w_i (s + s H(r_i / s)) + sum_j rate_j g_j^2``, ``H(z) = z^2`` up to
epsilon, then ``2 epsilon |z| - epsilon^2``. For given weights the best s is the root of
``sum_i w_i min(|r_i| / s, epsilon)^2 = sum_i w_i``, found by Newton on 1 / s^2; what is left is a
smooth convex function of the weights, whose Hessian is that of the rows within reach less one rank.

Source: Owen, A robust hybrid of lasso and ridge regression (2007), section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

from priorfit._typing import Array, Index
from priorfit.design.scaled import Scaled

__all__ = ["Joint", "best_scale", "joint_fit"]

_ROUNDS = 60
_SMALL = 1 << 16  # numbers in a Z that is written out: beyond, it pays to go by blocks of rows
_STRIDE = 4  # every so many rows, and again of these, give the start
_FEWEST = 20  # rows to an unknown that a start is made of


class Joint(NamedTuple):
    """``g`` (m,) the weights, ``scale``, and whether the gradient vanished to rounding."""

    g: Array
    scale: float
    done: bool


@dataclass(frozen=True, eq=False)
class _Written:
    """A small Z (n, m) written out: products without centres and units."""

    values: Array

    def matvec(self, b: Array) -> Array:
        return np.asarray(self.values @ b)

    def rmatvec(self, r: Array) -> Array:
        return np.asarray(self.values.T @ r)

    def gram(self, weights: Array) -> Array:
        return np.asarray((self.values.T * weights) @ self.values)

    def take_rows(self, rows: Index) -> _Written:
        return _Written(np.take(self.values.T, rows, axis=1).T)  # columns stay in one piece


class _Rows(NamedTuple):
    """min over g, s of ``sum_i w_i (s + s H((y - Z g)_i / s)) + sum_j rate_j g_j^2``."""

    Z: Scaled | _Written
    y: Array
    w: Array
    epsilon: float
    rate: Array

    def gram(self, weights: Array) -> Array:
        """``Z' diag(weights) Z``."""
        if isinstance(self.Z, _Written):
            return self.Z.gram(weights)
        every = np.arange(len(self.rate))
        return self.Z.gram(every, every, weights)


def best_scale(r: Array, w: Array, epsilon: float, guess: float = 0.0) -> float:
    """The s > 0 with ``sum_i w_i min(|r_i| / s, epsilon)^2 = sum_i w_i``; 0 where there is none.

    The left side is a concave function of 1 / s^2, of straight pieces: Newton's steps rise to the
    root, but for the first from a ``guess``.

    Examples
    --------
    >>> round(best_scale(np.array([1.0, -1.0, 9.0]), np.ones(3), 1.3), 4)
    1.2356
    """
    square, total, most = np.square(r), float(w.sum()), epsilon**2
    low = total / max(float(w @ square), 1e-300)
    u = 1.0 / guess**2 if guess > 0 else low
    for _ in range(100):
        near = np.where(u * square <= most, w, 0.0)
        slope, rest = float(near @ square), total - most * (total - float(near.sum()))
        if slope > 0 and rest > 0:
            before, u = u, rest / slope
            if abs(u - before) <= 1e-15 * u:
                break
        elif guess > 0:  # it was too far
            u, guess = low, 0.0
        else:
            return 0.0
    return float(1.0 / np.sqrt(u))


def joint_fit(Z: Scaled, y: Array, w: Array, epsilon: float, rate: Array, g: Array) -> Joint:
    """From weights ``g`` (m,) over ``Z`` (n, m); ``rate`` (m,) >= 0 of the squares."""
    dense = Z.dense() if len(y) * len(g) <= _SMALL else None
    rows = _Rows(Z if dense is None else _Written(dense), y, w, epsilon, rate)
    return _minimum(rows, _of_few_rows(rows, g), 1e-13)


def _of_few_rows(rows: _Rows, g: Array) -> Array:
    """The fit of every k-th row, roughly: a start that costs little."""
    few = np.arange(0, len(rows.y), _STRIDE)
    if len(few) < _FEWEST * len(g):
        return g
    part = rows._replace(
        Z=rows.Z.take_rows(few),
        y=rows.y[few],
        w=rows.w[few],
        rate=rows.rate * float(rows.w[few].sum() / rows.w.sum()),
    )
    found = _minimum(part, _of_few_rows(part, g), 1e-3)
    return found.g if found.done else g


def _minimum(rows: _Rows, g: Array, tol: float) -> Joint:
    """Newton's method, until the gradient is ``tol`` of what it is the difference of."""
    Z, w, epsilon, rate = rows.Z, rows.w, rows.epsilon, rows.rate
    r = rows.y - Z.matvec(g)
    value, s = _value(rows, r, g, 0.0)
    for _ in range(_ROUNDS):
        if s <= 0:
            return Joint(g, 0.0, False)
        force = w * np.clip(r / s, -epsilon, epsilon)
        slope = 2.0 * (rate * g - Z.rmatvec(force))
        size = 2.0 * np.sqrt(len(r) * float(force @ force)) + 2.0 * rate * np.abs(g)
        if np.all(np.abs(slope) <= tol * size):
            return Joint(g, s, True)
        step = _newton(rows, r, s, slope)
        change, share, moved = Z.matvec(step), 1.0, False
        while share > 1e-8 and not moved:
            left = r + share * change
            there, scale = _value(rows, left, g - share * step, s)
            moved = there <= value + 1e-15 * abs(value)
            share = share if moved else 0.5 * share
        if not moved:
            return Joint(g, s, bool(np.all(np.abs(slope) <= 1e-9 * size)))
        g, r, value, s = g - share * step, left, there, scale
    return Joint(g, s, False)


def _value(rows: _Rows, r: Array, g: Array, guess: float) -> tuple[float, float]:
    """The objective at the best scale, and that scale."""
    w, epsilon = rows.w, rows.epsilon
    s = best_scale(r, w, epsilon, guess)
    if s <= 0:
        return np.inf, 0.0
    size = np.abs(r) / s
    inner = np.minimum(size, epsilon)
    return float(s * (w.sum() + w @ (inner * (2.0 * size - inner))) + rows.rate @ (g * g)), s


def _newton(rows: _Rows, r: Array, s: float, slope: Array) -> Array:
    """The Newton step; a little of the rows beyond reach keeps the system positive."""
    near = np.where(np.abs(r) <= rows.epsilon * s, rows.w, 0.0)
    pull = rows.Z.rmatvec(near * r)
    spread = float(near @ np.square(r))
    system = rows.gram(near) - np.outer(pull, pull) / max(spread, 1e-300)
    system *= 2.0 / s
    system[np.diag_indices_from(system)] += 2.0 * rows.rate + 1e-10 * np.abs(system).max()
    step, failed = lapack.dposv(system, slope)[1:]
    if not failed:
        return np.asarray(step)
    return np.asarray(linalg.lstsq(system, slope, check_finite=False)[0])
