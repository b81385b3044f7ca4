"""From an interior point to the vertex beside it: exact zeros, rows met exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Mask
from priorfit.solve.quantile.interior import Point
from priorfit.solve.quantile.piece import Piece

__all__ = ["Face", "face_of", "polish", "rounded", "short_of"]

_ROUNDS = 4
_SINGULAR = 1e-13
_NOTHING = 1e-12  # beside residuals of 1


class Face(NamedTuple):
    """Which rows are met (n,), which columns are free (m,), where the others stay, and the sign
    that an l1 term pulls the free ones with."""

    met: Mask
    free: Mask
    t: Array
    sign: Array


def face_of(piece: Piece, point: Point) -> Face:
    """The face that an interior point is about to reach: of each product, the smaller factor is
    the one that vanishes."""
    rows, cols = point.rows, point.cols
    met = (rows.u < rows.over) & (rows.v < rows.under)
    t, sign = point.t.copy(), np.zeros_like(point.t)
    free = np.ones(len(t), dtype=bool)
    zero = (cols.u < cols.over) & (cols.v < cols.under)
    free[point.kinked[zero]] = False
    t[point.kinked[zero]] = 0.0
    sign[point.kinked] = np.sign(t[point.kinked])
    for walls, where, bound in (
        (point.low, point.below, piece.low),
        (point.high, point.above, piece.high),
    ):
        at = where[walls.x < walls.force]
        free[at], t[at] = False, bound[at]
    if piece.groups is not None:
        lengths = piece.groups.distances(t)
        still = lengths < piece.groups.radius - piece.groups.distances(point.force)
        held = piece.groups.inside & (piece.groups.spread(still.astype(float)) > 0)
        free[held], t[held] = False, 0.0
    return Face(met, free, t, sign)


def polish(piece: Piece, point: Point) -> tuple[Array, Array]:
    """(t, theta): the optimum on that face, by Newton's method; one step but for groups.

    Where the face has more than one optimum, the one nearest to the point (least squares).
    """
    face = face_of(piece, point)
    t, theta = face.t.copy(), point.rows.theta(piece.up, piece.down)
    above = point.rows.u > point.rows.v
    theta = np.where(face.met, theta, np.where(above, piece.up, -piece.down))
    Z = piece.Z[:, face.free] if not face.free.all() else piece.Z
    inner = Z[face.met]
    for _ in range(_ROUNDS):
        off = (piece.b - piece.Z @ t)[face.met]
        force, curve = _lengths(piece, t, face.free)
        slope = Z.T @ theta + (piece.pull - piece.l2 * t - piece.l1 * face.sign - force)[face.free]
        dt, dtheta = _newton(inner, curve, slope, off)
        t[face.free] += dt
        theta[face.met] += dtheta
        done = np.abs(dt).max(initial=0.0) <= 1e-15 * np.abs(t).max(initial=0.0)
        if done and np.abs(dtheta).max(initial=0.0) <= 1e-15 * np.abs(theta).max(initial=0.0):
            break
    t[(piece.l1 > 0) & (np.abs(t) <= _NOTHING)] = 0.0
    return t, np.clip(theta, -piece.down, piece.up)


def rounded(piece: Piece, point: Point) -> tuple[Array, Array]:
    """(t, theta) of the point itself, with what is about to vanish at 0."""
    return face_of(piece, point).t, point.rows.theta(piece.up, piece.down)


def short_of(piece: Piece, t: Array, theta: Array) -> float:
    """A measure of how far both are from being optimal: the products, and the slope that is left
    times the length of t."""
    r = piece.b - piece.Z @ t
    rows = np.where(r > 0, piece.up - theta, piece.down + theta) @ np.abs(r)
    slope = piece.Z.T @ theta + piece.pull - piece.l2 * t
    size = np.abs(t).max(initial=0.0) + 1.0
    if piece.groups is not None:
        groups = piece.groups
        soft = np.sign(slope) * np.maximum(np.abs(slope) - piece.l1, 0.0)
        beyond = np.maximum(groups.distances(soft) - groups.radius, 0.0)
        along = groups.lengths(t).sum() + piece.l1 @ np.abs(t * groups.inside)
        kept = float(along - slope[groups.inside] @ t[groups.inside])
        rows += abs(kept) + size * float(beyond.sum())
        slope = np.where(groups.inside, 0.0, slope)
    force = np.clip(slope, -piece.l1, piece.l1)
    left = slope - force
    held = np.where(left > 0, t < piece.high, t > piece.low)
    alone = np.ones_like(t) if piece.groups is None else ~piece.groups.inside
    cols = alone * (piece.l1 * np.abs(t) - force * t)
    return float(rows + cols.sum() + size * np.abs(left * held).sum())


def _lengths(piece: Piece, t: Array, free: Mask) -> tuple[Array, Array]:
    """Slope (m,) of the lengths of groups and their curvature, with l2, among the free columns."""
    curve = np.diag(piece.l2[free])
    groups = piece.groups
    if groups is None:
        return np.zeros_like(t), curve
    lengths = groups.spread(groups.distances(t))
    rate = np.where(lengths > 0, groups.rate / np.where(lengths > 0, lengths, 1.0), 0.0)
    direction = np.zeros((len(t), len(groups.sizes)))
    inside = np.flatnonzero(groups.inside & (lengths > 0))
    direction[inside, groups.ids[inside]] = t[inside] / lengths[inside]
    u = direction[free]
    return rate * t, curve + np.diag(rate[free]) - u @ (u.T * rate[free])


def _newton(inner: Array, curve: Array, slope: Array, off: Array) -> tuple[Array, Array]:
    """``S dt - A' dtheta = slope``, ``A dt = off``: A (met, free)."""
    met, free = inner.shape
    if not np.any(curve):
        if met == free > 0:
            factor, order, _ = linalg.lapack.dgetrf(inner)
            if np.abs(np.diag(factor)).min() > _SINGULAR:
                back = linalg.lapack.dgetrs(factor, order, slope, trans=1)[0]
                return linalg.lapack.dgetrs(factor, order, off)[0], -back
        return _least(inner, off), -_least(inner.T, slope)
    system = np.block([[curve, -inner.T], [inner, np.zeros((met, met))]])
    right = np.concatenate([slope, off])
    x = _least(system, right)
    return x[:free], x[free:]


def _least(matrix: Array, right: Array) -> Array:
    """The shortest least-squares solution."""
    if 0 in matrix.shape or not (np.all(np.isfinite(matrix)) and np.all(np.isfinite(right))):
        return np.zeros(matrix.shape[1])
    return np.asarray(np.linalg.lstsq(matrix, right, rcond=1e-12)[0])
