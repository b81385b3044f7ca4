"""One quadratic model with an l1 term, by an interior-point method.

Columns that are sums of neighbours are nearly alike; coordinates then move one by one only in tiny
steps. A barrier does not look for the support: some fifteen factors find it whatever the columns.
Source: Mehrotra, On the implementation of a primal-dual interior point method (1992); Kim, Koh,
Boyd & Gorinevsky, l1 trend filtering (2009), section 5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Mask

__all__ = ["minimise_quadratic", "reach_of"]

_ROUNDS = 60
_END = 1e-13  # complementary products left, in units of the loss
_LONG = 0.5  # of a step
_NEAR = 0.995  # share of the way to the boundary


class _State(NamedTuple):
    """``b`` (m,), and of the coordinates with a kink: ``b - loc = up - down`` and the slacks of
    their slopes, ``over = r + q`` and ``under = r - q`` at the solution."""

    b: Array
    up: Array
    down: Array
    over: Array
    under: Array


def minimise_quadratic(
    gram: Array, q: Array, l1: Array, l2: Array, loc: Array, size: float
) -> Array:
    """``argmin b'Gb/2 - q'b + sum l1 |b - loc| + l2/2 (b - loc)^2``, exact zeros of ``b - loc``.

    All (m,) but ``gram`` (m, m). Coordinates whose slack is larger than what their weight could
    win are set to loc.
    """
    kink = l1 > 0
    if not np.any(kink):
        return loc + _solve(gram, l2, q - gram @ loc)
    state = _start(gram, q, l1, loc, kink, size)
    for _ in range(_ROUNDS):
        state, products = _round(state, gram, q, l1, l2, loc, kink)
        if not np.isfinite(products) or products <= _END * size:
            break
    return _cleaned(state, gram, loc, kink)


def _start(gram: Array, q: Array, l1: Array, loc: Array, kink: Mask, size: float) -> _State:
    """At loc, every product the same: far from all boundaries."""
    slope = (gram @ loc - q)[kink]
    slack = l1[kink] + np.abs(slope)
    room = size / len(slack) / slack
    return _State(loc.copy(), room, room.copy(), slack, slack.copy())


def _round(
    state: _State, gram: Array, q: Array, l1: Array, l2: Array, loc: Array, kink: Mask
) -> tuple[_State, float]:
    """One step of predictor and corrector; and the sum of the complementary products."""
    b, up, down, over, under = state
    slope = gram @ b - q + l2 * (b - loc)
    rest_over, rest_under = l1[kink] + slope[kink] - over, l1[kink] - slope[kink] - under
    width = up / over + down / under
    bend = l2.copy()
    bend[kink] += 1.0 / width
    system = gram.copy()
    system[np.diag_indices_from(system)] += bend
    factor = _factor(system)

    def step(more_up: Array, more_down: Array) -> _State:
        right = more_up / over - up - up / over * rest_over
        right = right - (more_down / under - down - down / under * rest_under)
        rhs = -slope
        rhs[kink] = right / width
        move = linalg.cho_solve(factor, rhs, check_finite=False)
        turn = (rhs - bend * move + l2 * move)[kink]  # (G + l2) move
        d_over, d_under = rest_over + turn, rest_under - turn
        d_up = more_up / over - up - up / over * d_over
        d_down = more_down / under - down - down / under * d_under
        return _State(move, d_up, d_down, d_over, d_under)

    now = float(up @ over + down @ under)
    ahead = step(np.zeros_like(up), np.zeros_like(up))
    share = reach_of(state[1:], ahead[1:])
    then = float(
        (up + share * ahead.up) @ (over + share * ahead.over)
        + (down + share * ahead.down) @ (under + share * ahead.under)
    )
    centre = (then / now) ** 3 * now / (2 * len(up))
    best, share = ahead, 0.0
    for part in (1.0, 0.3, 0.1, 0.03):  # of the second order, which may mislead (Colombo & Gondzio)
        move = step(centre - part * ahead.up * ahead.over, centre - part * ahead.down * ahead.under)
        if (reach := reach_of(state[1:], move[1:])) > 1.1 * share:
            best, share = move, reach
        if share > _LONG:
            break
    fresh = _State(*(v + share * d for v, d in zip(state, best, strict=True)))
    return fresh, float(fresh.up @ fresh.over + fresh.down @ fresh.under)


def _factor(system: Array) -> tuple[Array, bool]:
    """Its Cholesky factor; where rounding made it indefinite, of a diagonal as much larger."""
    diagonal = np.diag(system).copy()
    for floor in (0.0, *np.geomspace(1e-15, 1.0, 16)):
        system[np.diag_indices_from(system)] = diagonal * (1.0 + floor)
        try:
            return linalg.cho_factor(system, lower=True, check_finite=False)
        except linalg.LinAlgError:
            continue
    raise AssertionError("a diagonal twice as large as that of a positive semidefinite matrix")


def reach_of(values: tuple[Array, ...], moves: tuple[Array, ...]) -> float:
    """The part of a step that stays inside: all values positive."""
    most = 1.0
    for v, d in zip(values, moves, strict=True):
        falling = d < 0
        if np.any(falling):
            most = min(most, _NEAR * float(np.min(v[falling] / -d[falling])))
    return most


def _cleaned(state: _State, gram: Array, loc: Array, kink: Mask) -> Array:
    unit = np.diag(gram)[kink]
    off = (state.up * unit > state.over) | (state.down * unit > state.under)
    b = state.b.copy()
    b[kink] = np.where(off, b[kink], loc[kink])
    return b


def _solve(gram: Array, l2: Array, right: Array) -> Array:
    return np.asarray(np.linalg.lstsq(gram + np.diag(l2), right, rcond=None)[0])
