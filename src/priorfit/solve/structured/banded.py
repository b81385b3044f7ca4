"""One quadratic model whose weights form a chain: banded systems, O(p) for each.

``min b'Hb/2 - q'b + sum_j r_j |(D b)_j| + (D b)_j^2 c_j / 2`` with H diagonal and D banded. The
same barrier as in `barrier`, for the weights themselves: the normal equations stay banded.
Source: Kim, Koh, Boyd & Gorinevsky, l1 trend filtering (2009), section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg, sparse

from priorfit._core import inverse_diagonal
from priorfit._typing import Array, Mask
from priorfit.solve.structured.barrier import reach_of

__all__ = [
    "ChainMinimum",
    "ChainModel",
    "banded_trace",
    "bands_of",
    "minimise_chain",
    "solve_banded",
]

_ROUNDS, _END, _LONG = 60, 1e-13, 0.5


class ChainModel(NamedTuple):
    """``h``, ``q`` (p,); ``inverse`` sparse, rows of the coordinates u; ``l1``, ``l2`` their
    rates; ``size`` what the loss is measured in."""

    h: Array
    q: Array
    inverse: Any
    l1: Array
    l2: Array
    size: float


class ChainMinimum(NamedTuple):
    """``b`` (p,); ``z``: the slopes of the coordinates with a kink; ``off`` (p,): those that are
    not 0, and all that have no kink."""

    b: Array
    z: Array
    off: Mask


class _State(NamedTuple):
    b: Array
    z: Array
    up: Array
    down: Array


def minimise_chain(model: ChainModel) -> ChainMinimum:
    """The minimum, as the barrier leaves it."""
    kink = model.l1 > 0
    smooth = sparse.csr_array(sparse.diags_array(model.h))
    if np.any(model.l2 > 0):
        smooth = sparse.csr_array(smooth + model.inverse.T @ (model.inverse * model.l2[:, None]))
    if not np.any(kink):
        return ChainMinimum(solve_banded(smooth, model.q), np.empty(0), ~kink)
    D, rates = model.inverse[np.flatnonzero(kink)], model.l1[kink]
    room = model.size / len(rates) / rates
    state = _State(np.zeros(len(model.q)), np.zeros(len(rates)), room, room.copy())
    for _ in range(_ROUNDS):
        try:
            fresh, left = _round(state, smooth, model.q, D, rates)
        except linalg.LinAlgError:  # the last digits: what is known by now has to do
            break
        state = fresh
        if not np.isfinite(left) or left <= _END * model.size:
            break
    unit = float(np.mean(model.h[model.h > 0]))
    off = ~kink
    off[kink] = (
        np.maximum(state.up * unit - (rates - state.z), state.down * unit - (rates + state.z)) > 0
    )
    return ChainMinimum(state.b, state.z, off)


def _round(state: _State, smooth: Any, q: Array, D: Any, rates: Array) -> tuple[_State, float]:
    """One step of predictor and corrector; and the sum of the complementary products."""
    b, z, up, down = state
    over, under = rates - z, rates + z
    slope = smooth @ b - q + D.T @ z
    steps = D @ b
    width = up / over + down / under
    solve = _newton_system(smooth, D, width)

    def step(more_up: Array, more_down: Array) -> tuple[Array, ...]:
        rest = more_up / over - more_down / under - steps
        move, turn = solve(slope, rest)
        d_up = (more_up + up * turn) / over - up
        d_down = (more_down - down * turn) / under - down
        return move, turn, d_up, d_down

    def reach(d: tuple[Array, ...]) -> float:
        return reach_of((up, down, over, under), (d[2], d[3], -d[1], d[1]))

    now = float(up @ over + down @ under)
    none = np.zeros_like(up)
    ahead = step(none, none)
    share = reach(ahead)
    then = float(
        (up + share * ahead[2]) @ (over - share * ahead[1])
        + (down + share * ahead[3]) @ (under + share * ahead[1])
    )
    centre = (then / now) ** 3 * now / (2 * len(up))
    best, share = ahead, 0.0
    for part in (1.0, 0.3, 0.1, 0.03):
        d = step(centre + part * ahead[2] * ahead[1], centre - part * ahead[3] * ahead[1])
        if (far := reach(d)) > 1.1 * share:
            best, share = d, far
        if share > _LONG:
            break
    b, z, up, down = (v + share * d for v, d in zip(state, best, strict=True))
    return _State(b, z, up, down), float(up @ (rates - z) + down @ (rates + z))


def _newton_system(smooth: Any, D: Any, width: Array) -> Callable[[Array, Array], Any]:
    """``(slope, rest) -> (db, dz)`` with ``S db + D'dz = -slope`` and ``D db = rest + width dz``.

    For dz where S is diagonal and positive, which keeps more digits; else for db.
    """
    h = smooth.diagonal()
    if smooth.nnz == len(h) and np.all(h > 0):
        over = D / h
        factor = _factor(sparse.csr_array(over @ D.T + sparse.diags_array(width)))

        def by_slopes(slope: Array, rest: Array) -> tuple[Array, Array]:
            dz = linalg.cho_solve_banded((factor, True), -(over @ slope) - rest)
            return -(slope + D.T @ dz) / h, np.asarray(dz)

        return by_slopes
    factor = _factor(sparse.csr_array(smooth + D.T @ (D / width[:, None])))

    def by_weights(slope: Array, rest: Array) -> tuple[Array, Array]:
        db = linalg.cho_solve_banded((factor, True), D.T @ (rest / width) - slope)
        return np.asarray(db), (D @ db - rest) / width

    return by_weights


def _factor(system: Any) -> Array:
    """The banded Cholesky factor (lower form) of a sparse symmetric matrix."""
    return np.asarray(linalg.cholesky_banded(bands_of(system), lower=True, check_finite=False))


def bands_of(system: Any) -> Array:
    """The lower bands (k + 1, p) of a sparse symmetric matrix."""
    cells = system.tocoo()
    offset = cells.row - cells.col
    band = np.zeros((int(offset.max(initial=0)) + 1, system.shape[0]))
    below = offset >= 0
    band[offset[below], cells.col[below]] = cells.data[below]
    return band


def solve_banded(system: Any, right: Array) -> Array:
    """``system^-1 right`` for a sparse, banded, positive definite matrix."""
    return np.asarray(linalg.cho_solve_banded((_factor(system), True), right, check_finite=False))


def banded_trace(bands: Array, h: Array) -> float:
    """``tr A^-1 diag(h)`` for the lower bands (k + 1, p) of A, positive definite: exact, O(p)."""
    factor = linalg.cholesky_banded(bands, lower=True, check_finite=False)
    diagonal = np.empty(len(h))
    inverse_diagonal(np.ascontiguousarray(factor.T), diagonal)
    return float(diagonal @ h)
