"""A random walk of which every weight is seen by itself, gaussian noise: fitted where it is.

``min_b L(b) + sum_j phi_j((D b)_j)``, ``L(b) = sum_i h_i b_i^2 / 2 - q_i b_i``, D taking
differences of some order. No change of coordinates, whose sums of sums lose digits in a long
series: the certificate is that of the weights. For any z, with ``c = (q - D'z) / h``,

    gap = sum_i h_i (b_i - c_i)^2 / 2 + sum_j phi_j((D b)_j) + phi_j*(z_j) - z_j (D b)_j,

a sum of parts that are >= 0 each, so that nothing cancels (Rockafellar 1970, section 31). All is
O(p). Source: Johnson (2013) for total variation; Kim, Koh, Boyd & Gorinevsky (2009), section 5,
for higher orders; Rue & Held (2005), section 2.4.1, for normal steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg, sparse

from priorfit._core import total_variation
from priorfit._typing import Array, Index, Mask
from priorfit.design import Sparse
from priorfit.likelihoods import Gaussian
from priorfit.priors import Cumulative, Laplace, Normal
from priorfit.problem import Problem
from priorfit.solve.structured.banded import ChainModel, banded_trace, minimise_chain

__all__ = ["SignalFit", "fit_signal", "walk_of"]

_SMALLEST, _LARGEST = 1e-200, 1e200


class Signal(NamedTuple):
    """``h``, ``q`` (p,); ``stencil`` (k + 1, p - k): ``(D b)_j = sum_l stencil_lj b_(j+l)``;
    ``rates`` (p - k,) of ``|D b|``, or of its half square where not ``kinked``."""

    h: Array
    q: Array
    stencil: Array
    rates: Array
    kinked: bool
    basis: Cumulative


class SignalFit(NamedTuple):
    """What a `Solution` says of one; ``gap`` is relative to the null model, ``steps`` (p - k,) are
    ``D b``, those that are none exactly 0."""

    intercept: float
    coef: Array
    steps: Array
    df: float
    gap: float
    kkt: float


class _Pair(NamedTuple):
    """Weights (p,), a dual point (p - k,) and which differences are not 0."""

    b: Array
    z: Array
    off: Mask


def fit_signal(problem: Problem, phi: float | None, tol: float) -> SignalFit | None:
    """The fit at dispersion (or lambda) ``phi``, None where the problem is not of this kind.

    The first of some candidates whose gap is at most ``tol``, else the one of the smallest gap.

    With an intercept the level is its own: the first weight is then at its prior mean.
    """
    walk = None if phi is None else walk_of(problem)
    if walk is None or phi is None or not (size := _null_deviance(problem)) > 0:
        return None
    rates = phi * walk.rates
    if not np.all((rates > _SMALLEST) & (rates < _LARGEST)):
        return None
    signal = walk._replace(rates=rates)
    gap, pair = _first_within(tol, signal, size)
    if pair is None or problem.change is None:
        return None
    level = float(pair.b[0]) if problem.intercept else 0.0
    x = float(problem.design.csr.data[0])  # type: ignore[attr-defined]
    steps = np.where(pair.off, _steps(signal, pair.b), 0.0)
    df = _freedom(signal, steps)
    gap = max(gap, float(np.finfo(np.float64).eps))
    coef = problem.change.loc + pair.b - level
    return SignalFit(x * level, coef, steps, df, gap, _violation(signal, pair))


def walk_of(problem: Problem) -> Signal | None:
    """The problem in this form at dispersion 1, or None: gaussian, one walk with a flat start, rows
    that see one weight each, and no weight that none sees."""
    change, design = problem.change, problem.design
    ordinary = isinstance(problem.likelihood, Gaussian) and problem.outputs is None
    if change is None or not ordinary or not isinstance(design, Sparse):
        return None
    basis, prior, cells = change.basis, change.prior, design.csr
    if not (isinstance(basis, Cumulative) and isinstance(prior, Normal | Laplace)):
        return None
    k, scales, entries = len(basis.widths), np.asarray(prior.scale), np.diff(cells.indptr)
    if np.any(entries > 1) or scales.ndim == 0 or not np.all(np.isinf(scales[:k])):
        return None
    if problem.intercept and not (np.all(entries == 1) and np.ptp(cells.data) == 0):
        return None
    rows, x, p = np.flatnonzero(entries), cells.data.astype(np.float64), design.shape[1]
    wx, y = problem.weights[rows] * x, (problem.y - problem.offset)[rows]
    h = np.bincount(cells.indices, wx * x, p).astype(np.float64)
    if not np.all((h > _SMALLEST) & (h < _LARGEST)):
        return None
    q = np.bincount(cells.indices, wx * y, p) - h * change.loc
    kinked = isinstance(prior, Laplace)
    with np.errstate(divide="ignore", over="ignore"):
        rates = 1.0 / scales[k:] ** (1 if kinked else 2)
    return Signal(h, q, _stencil(basis.widths), rates, kinked, basis)


def _null_deviance(problem: Problem) -> float:
    """Half the weighted square of what is left without weights: the unit of the gap."""
    y, w = problem.y - problem.offset, problem.weights
    if problem.intercept:
        y = y - w @ y / w.sum()
    return float(0.5 * w @ np.square(y))


def _stencil(widths: tuple[Array, ...]) -> Array:
    """The diagonals of D, see `Cumulative`."""
    rows = np.ones((1, len(widths[0]) + 1))
    for level, width in enumerate(widths):
        unit = np.ones_like(width) if level == len(widths) - 1 else width
        fresh = np.zeros((level + 2, len(width)))
        fresh[1:] += rows[:, 1:]
        fresh[:-1] -= rows[:, :-1]
        rows = fresh / unit
    return rows


def _steps(signal: Signal, b: Array) -> Array:
    """``D b``, (p - k,)."""
    m = len(signal.rates)
    return sum((row * b[i : m + i] for i, row in enumerate(signal.stencil)), np.zeros(m))


def _adjoint(signal: Signal, z: Array) -> Array:
    """``D' z``, (p,)."""
    out = np.zeros(len(signal.h))
    for i, row in enumerate(signal.stencil):
        out[i : len(z) + i] += row * z
    return out


def _gap(signal: Signal, pair: _Pair) -> float:
    """See the module: z is moved into the box first."""
    h, q, _, rates, kinked, _ = signal
    z = np.clip(pair.z, -rates, rates) if kinked else pair.z
    away = pair.b - (q - _adjoint(signal, z)) / h
    u = _steps(signal, pair.b)
    beyond = rates * np.abs(u) - z * u if kinked else 0.5 * np.square(rates * u - z) / rates
    return float(0.5 * h @ np.square(away) + beyond.sum())


def _violation(signal: Signal, pair: _Pair) -> float:
    """The largest slope of the objective at b for z on its side, relative to b = 0."""
    h, q, _, rates, kinked, _ = signal
    z = np.clip(pair.z, -rates, rates) if kinked else rates * _steps(signal, pair.b)
    slopes = q - h * pair.b - _adjoint(signal, z)
    return float(np.abs(slopes).max() / max(np.abs(q).max(), 1e-300))


def _first_within(tol: float, signal: Signal, size: float) -> tuple[float, _Pair | None]:
    """The relative gap of a candidate, and the candidate; none where every system was singular."""
    best: tuple[float, _Pair | None] = (np.inf, None)
    try:
        for pair in _minima(signal, size):
            gap = _gap(signal, pair) / size
            if gap < best[0]:
                best = (gap, pair)
            if gap <= tol:
                break
    except linalg.LinAlgError:
        pass
    return best


def _minima(signal: Signal, size: float) -> Iterator[_Pair]:
    """Candidates, those with exact breaks first."""
    m = len(signal.rates)
    if not signal.kinked:
        b = linalg.solveh_banded(_bands(signal), signal.q, lower=True, check_finite=False)
        yield _Pair(b, signal.rates * _steps(signal, b), np.ones(m, dtype=bool))
        return
    if len(signal.stencil) == 2:
        yield _total_variation(signal)
        return
    smooth = _without_breaks(signal)
    if np.all(np.abs(smooth.z) <= signal.rates):
        yield smooth
    rows: Any = list(signal.stencil)
    D = sparse.diags_array(rows, offsets=range(len(rows)), shape=(m, len(signal.h)))
    model = ChainModel(signal.h, signal.q, D.tocsr(), signal.rates, np.zeros(m), size)
    barrier = _Pair(*minimise_chain(model))
    finer = _on_breaks(signal, barrier)
    if finer is not None:
        yield finer
    yield barrier


def _without_breaks(signal: Signal) -> _Pair:
    """The best curve of the flat coordinates alone, and the z of its residuals."""
    k, p = len(signal.stencil) - 1, len(signal.h)
    flat = signal.basis.apply(np.eye(p, k))
    root = np.sqrt(signal.h)
    columns, _ = np.linalg.qr(root[:, None] * flat / np.abs(flat).max(axis=0))
    b = columns @ (columns.T @ (signal.q / root)) / root
    z = signal.basis.adjoint(signal.q - signal.h * b)[k:]
    return _Pair(b, z, np.zeros(len(z), dtype=bool))


def _total_variation(signal: Signal) -> _Pair:
    b = np.empty(len(signal.h))
    total_variation(signal.h, signal.q, signal.rates, b)
    return _Pair(b, -np.cumsum(signal.q - signal.h * b)[:-1], np.diff(b) != 0)


def _on_breaks(signal: Signal, pair: _Pair) -> _Pair | None:
    """The minimum over curves whose differences are 0 but where they are off, there with the signs
    of ``pair``: ``D_N H^-1 D_N' z_N = D_N H^-1 (q - D_A' z_A)``, a banded system.

    A second step takes out what the rounding of the first left in ``D_N b``.
    """
    h, level = signal.h, np.flatnonzero(~pair.off)
    z = np.where(pair.off, signal.rates * np.sign(_steps(signal, pair.b)), 0.0)
    b = (signal.q - _adjoint(signal, z)) / h
    if not len(level):
        return _Pair(b, z, pair.off)
    try:
        factor = linalg.cholesky_banded(_normal_bands(signal, level), lower=True)
    except linalg.LinAlgError:
        return None
    for _ in range(2):
        more = np.zeros_like(z)
        more[level] = linalg.cho_solve_banded((factor, True), _steps(signal, b)[level])
        z, b = z + more, b - _adjoint(signal, more) / h
    return _Pair(b, z, pair.off)


def _normal_bands(signal: Signal, rows: Index) -> Array:
    """The lower bands of ``D_N H^-1 D_N'`` for some rows N of D."""
    stencil, k = signal.stencil[:, rows], len(signal.stencil) - 1
    out = np.zeros((k + 1, len(rows)))
    for i in range(min(k + 1, len(rows))):
        above, below = rows[: len(rows) - i], rows[i:]
        shift = below - above  # rows that far apart have k + 1 - shift places in common
        for place in range(k + 1):
            at = np.flatnonzero(shift <= place)
            product = stencil[place, at] * stencil[place - shift[at], at + i]
            out[i, at] += product / signal.h[above[at] + place]
    return out


def _bands(signal: Signal) -> Array:
    """The lower bands of ``H + D' diag(rates) D``, (k + 1, p)."""
    stencil, m = signal.stencil, len(signal.rates)
    out = np.zeros((len(stencil), len(signal.h)))
    out[0] = signal.h
    for i, left in enumerate(stencil):
        for j, right in enumerate(stencil[: i + 1]):
            out[i - j, j : m + j] += signal.rates * left * right
    return out


def _freedom(signal: Signal, steps: Array) -> float:
    """Degrees of freedom: the trace of the smoother, or the flat coordinates and the breaks."""
    if not signal.kinked:
        return banded_trace(_bands(signal), signal.h)
    return float(np.count_nonzero(steps) + len(signal.stencil) - 1)
