"""A primal-dual interior point for a loss and a penalty with kinks.

Rows and l1 terms are the same thing here: a `Kinks`. Each step is one weighted Gram matrix,
factorised once for the predictor and the corrector of Mehrotra (1992). Sources: Portnoy & Koenker
(1997), The Gaussian hare and the Laplacian tortoise, section 4; lengths of groups are `cones`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index
from priorfit.priors import Groups
from priorfit.solve.quantile.cones import Cones, Scaling
from priorfit.solve.quantile.kinks import Kinks, Walls, room
from priorfit.solve.quantile.piece import Piece

__all__ = ["Point", "interior"]

_MOST = 100
_AWAY = 1.0  # from the kinks at the start, relative to the mean residual
_SHARE = 0.995  # of the way to the nearest wall


@dataclass(frozen=True)
class Point:
    """An iterate: t (m,), the kinks of the rows, those of the columns ``kinked``, walls at the
    bounds of the columns ``below`` and ``above``, and the cones of the groups."""

    t: Array
    rows: Kinks
    cols: Kinks
    low: Walls
    high: Walls
    cones: Cones | None
    kinked: Index
    below: Index
    above: Index

    def product(self, groups: Groups | None) -> float:
        """The duality gap, but for what is not yet feasible."""
        parts = (self.rows, self.cols, self.low, self.high)
        total = sum(part.product for part in parts)
        if groups is not None and self.cones is not None:
            total += self.cones.product(groups, self.t)
        return total

    @property
    def force(self) -> Array:
        """The slope of the lengths, (m,)."""
        return np.zeros_like(self.t) if self.cones is None else self.cones.force

    @property
    def count(self) -> int:
        """Number of products."""
        cones = 0 if self.cones is None else len(self.cones.tau)
        return (
            2 * (len(self.rows.u) + len(self.kinked)) + len(self.low.x) + len(self.high.x) + cones
        )


class _Move(NamedTuple):
    t: Array
    rows: Kinks
    cols: Kinks
    low: Walls
    high: Walls
    cones: Cones | None

    @property
    def parts(self) -> tuple[Kinks | Walls, ...]:
        return self.rows, self.cols, self.low, self.high


class _Rest(NamedTuple):
    """What is not yet feasible: of the rows, the l1 terms, stationarity."""

    rows: Array
    cols: Array
    slope: Array


def interior(piece: Piece, start: Array | Point, tol: float) -> Point:
    """The point whose products sum to no more than ``tol``, or the last that got nearer."""
    point = start if isinstance(start, Point) else _begin(piece, start)
    best, stalled = (np.inf, np.inf), 0
    for _ in range(_MOST):
        rest = _rest(piece, point)
        short = point.product(piece.groups)
        off = float(np.abs(rest.slope) @ np.abs(point.t)) + float(np.abs(rest.rows).sum())
        if short <= tol and off <= tol:
            break
        stalled = 0 if short < 0.9 * best[0] or off < 0.9 * best[1] else stalled + 1
        best = min(best[0], short), min(best[1], off)
        if stalled > 8:
            break
        following = _step(piece, point, rest)
        if following is None:
            break
        point = following
    return point


def _begin(piece: Piece, start: Array) -> Point:
    kinked = np.flatnonzero(piece.l1 > 0)
    below, above = (np.flatnonzero(np.isfinite(v)) for v in (piece.low, piece.high))
    width = piece.high - piece.low
    inset = np.where(np.isfinite(width), 0.1 * width, 0.1)
    with np.errstate(invalid="ignore"):
        t = np.clip(start, piece.low + np.minimum(inset, 0.1), piece.high - np.minimum(inset, 0.1))
    r = piece.b - piece.Z @ t
    away = max(_AWAY * float(np.mean(np.abs(r))), 1e-8)
    weight = float(np.mean(piece.up + piece.down))
    rows = Kinks.near(r, piece.up, piece.down, np.full(len(r), away))
    l1 = piece.l1[kinked]
    cols = Kinks.near(t[kinked], l1, l1, away * np.minimum(1.0, weight / l1))
    low, high = (t - piece.low)[below], (piece.high - t)[above]
    force = weight * away
    walls = Walls(low, force / low), Walls(high, force / high)
    groups, cones = piece.groups, None
    if groups is not None:
        cones = Cones.near(groups, t, away * np.minimum(1.0, weight / groups.radius))
    return Point(t, rows, cols, *walls, cones, kinked, below, above)


def _rest(piece: Piece, point: Point) -> _Rest:
    """How far the equations of x = u - v and of stationarity are from being met."""
    rows, cols = point.rows, point.cols
    slope = piece.Z.T @ rows.theta(piece.up, piece.down) + piece.pull
    slope -= piece.l2 * point.t + point.force
    l1 = piece.l1[point.kinked]
    slope[point.kinked] -= cols.theta(l1, l1)
    slope[point.below] += point.low.force
    slope[point.above] -= point.high.force
    return _Rest(
        piece.b - piece.Z @ point.t - (rows.u - rows.v),
        point.t[point.kinked] - (cols.u - cols.v),
        slope,
    )


def _step(piece: Piece, point: Point, rest: _Rest) -> Point | None:
    """Predict, see how far that gets, correct."""
    groups = piece.groups
    mu = point.product(groups) / point.count
    cones = None
    if groups is not None and point.cones is not None:
        cones = Scaling.at(groups, point.t, point.cones)
    solve = _factor(piece, point, cones)
    if solve is None:
        return None
    ahead = _direction(piece, point, rest, solve, cones, 0.0, None)
    primal, dual = _shares(piece, point, ahead)
    reached = _after(point, ahead, primal, dual).product(groups) / point.count
    aim = mu * min(1.0, max(reached, 0.0) / mu) ** 3
    move = _direction(piece, point, rest, solve, cones, aim, ahead)
    primal, dual = _shares(piece, point, move)
    if not max(primal, dual) > 1e-10:
        return None
    following = _after(point, move, _SHARE * primal, _SHARE * dual)
    return following if np.all(np.isfinite(following.t)) else None


def _direction(
    piece: Piece,
    point: Point,
    rest: _Rest,
    solve: Callable[[Array], Array],
    cones: Scaling | None,
    mu: float,
    ahead: _Move | None,
) -> _Move:
    """Newton's step towards products mu; ``ahead`` the predictor whose own products count."""
    parts = (point.rows, point.cols, point.low, point.high)
    before = ahead.parts if ahead is not None else (None,) * 4
    lacks = [part.lack(mu, move) for part, move in zip(parts, before, strict=True)]  # type: ignore[attr-defined]
    rows, cols, low, high = lacks
    weight, soft = point.rows.weight, point.cols.weight
    through = rest.rows - point.rows.lag(rows)
    across = rest.cols - point.cols.lag(cols)
    right = rest.slope + piece.Z.T @ (weight * through)
    right[point.kinked] -= soft * across
    right[point.below] += low / point.low.x
    right[point.above] -= high / point.high.x
    if cones is not None:
        of = cones.lack(mu, *((None, None) if ahead is None else (ahead.t, ahead.cones)))
        right -= cones.rest(of)
    t = solve(right)
    dtheta = weight * (through - piece.Z @ t)
    return _Move(
        t,
        point.rows.move(dtheta, rows),
        point.cols.move(soft * (across + t[point.kinked]), cols),
        point.low.move(t[point.below], low),
        point.high.move(-t[point.above], high),
        None if cones is None else cones.move(t, of),
    )


def _factor(piece: Piece, point: Point, cones: Scaling | None) -> Callable[[Array], Array] | None:
    """Solve with ``Z' D Z`` and the curvatures of the penalty, refined once."""
    root = np.sqrt(point.rows.weight)
    half = root[:, None] * piece.Z
    system = half.T @ half
    diagonal = piece.l2.copy()
    diagonal[point.kinked] += point.cols.weight
    diagonal[point.below] += point.low.force / point.low.x
    diagonal[point.above] += point.high.force / point.high.x
    each = np.diag_indices_from(system)
    system[each] += diagonal
    if cones is not None:
        system += cones.matrix
    for tiny in (0.0, 1e-14, 1e-11, 1e-8):
        firm = system.copy()
        firm[each] *= 1.0 + tiny
        try:
            factor = linalg.cho_factor(firm, lower=True, overwrite_a=True, check_finite=False)
        except linalg.LinAlgError:
            continue

        def solve(right: Array) -> Array:
            x = linalg.cho_solve(factor, right, check_finite=False)  # noqa: B023
            refined = linalg.cho_solve(factor, right - system @ x, check_finite=False)  # noqa: B023
            return np.asarray(x + refined)

        return solve
    return None


def _after(point: Point, move: _Move, primal: float, dual: float) -> Point:
    return replace(
        point,
        t=point.t + primal * move.t,
        rows=point.rows.after(move.rows, primal, dual),
        cols=point.cols.after(move.cols, primal, dual),
        low=point.low.after(move.low, primal, dual),
        high=point.high.after(move.high, primal, dual),
        cones=_after_cones(point.cones, move.cones, primal, dual),
    )


def _after_cones(
    cones: Cones | None, move: Cones | None, primal: float, dual: float
) -> Cones | None:
    return None if cones is None or move is None else cones.after(move, primal, dual)


def _shares(piece: Piece, point: Point, move: _Move) -> tuple[float, float]:
    """How much of a step stays inside: one share for both sides where something is curved."""
    primal, dual = 1.0, 1.0
    for kinks, step in ((point.rows, move.rows), (point.cols, move.cols)):
        primal = min(primal, room(kinks.u, step.u), room(kinks.v, step.v))
        dual = min(dual, room(kinks.over, step.over), room(kinks.under, step.under))
    for walls, change in ((point.low, move.low), (point.high, move.high)):
        primal, dual = (
            min(primal, room(walls.x, change.x)),
            min(dual, room(walls.force, change.force)),
        )
    if piece.groups is not None and point.cones is not None and move.cones is not None:
        rooms = point.cones.rooms(piece.groups, point.t, move.t, move.cones)
        primal, dual = min(primal, rooms[0]), min(dual, rooms[1])
    if np.any(piece.l2 > 0):
        primal = dual = min(primal, dual)
    return primal, dual
