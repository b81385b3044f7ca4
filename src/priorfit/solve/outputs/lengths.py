"""Responses that share their columns, at one strength: from the table to the answer at once."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorfit._core import solve_group_path
from priorfit._typing import Array
from priorfit.solve.approach import LOOSE, approach
from priorfit.solve.columns import moments_of_columns
from priorfit.solve.grouped import MOST
from priorfit.solve.outputs.responses import Together
from priorfit.solve.units import power_of_two

__all__ = ["LengthsFit", "fit_lengths"]

_LARGEST = 1 << 23  # numbers in a table: beyond, the general way costs little beside the fit
_FARTHEST = 200.0  # of the strength that holds every weight, over the one asked for
_ROUND = 1e-3  # of a column's size its spread must be: sums of products are then exact enough


class LengthsFit(NamedTuple):
    """``intercept`` (q,), ``coef`` (p, q), the certificate's numbers, and half of what the centred
    Y squares to."""

    intercept: Array
    coef: Array
    gap: float
    kkt: float
    null_loss: float
    rounds: int


class _Table(NamedTuple):
    """Columns (n, p) by columns, their weighted ``center`` and unit ``scale`` (p,), the roots of
    the weights (n,), and the centred responses (q, n) times these roots."""

    columns: Array
    center: Array
    scale: Array
    root: Array
    rows: Array
    level: Array


def fit_lengths(
    X: Any, y: Array, rate: float, weights: Array | None, intercept: bool, tol: float
) -> LengthsFit | None:
    """The minimum of ``sum_i w_i |y_i - b0 - W'x_i|^2 / 2 + rate sum_j |w_j|_2``, w_j the rows
    (q,) of W.

    The same native path as that of `priorfit.solve.solve`, for which nothing is lowered and
    described. X (n, p) dense float64 and y (n, q > 1) are finite. None where the problem is not of
    this kind, where a column hardly varies, and where the relative gap is above ``tol``: the
    general way takes these.

    Examples
    --------
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])
    >>> fit_lengths(X, np.c_[X[:, 0], -X[:, 0]], 1.5, None, True, 1e-6).coef.round(4)
    array([[ 0.4697, -0.4697],
           [ 0.    ,  0.    ]])
    """
    n, q = y.shape
    if not (type(X) is np.ndarray and X.dtype == np.float64 and 0 < X.size <= _LARGEST):
        return None
    if not (q > 1 and rate > 0 and np.isfinite(rate)):
        return None
    w = np.ones(n) if weights is None else weights
    table = _in_units(X, y, w, intercept)
    if table is None:
        return None
    null_loss = 0.5 * float(np.vdot(table.rows, table.rows))
    rates = rate / table.scale
    slopes = (table.rows * table.root) @ table.columns / table.scale
    lengths = np.sqrt(np.einsum("kj,kj->j", slopes, slopes))
    if not 1e-100 < null_loss < 1e100:
        return None
    return _path(table, rates, lengths, null_loss, tol)


def _in_units(X: Array, y: Array, w: Array, intercept: bool) -> _Table | None:
    """The columns as native code takes them; None where one hardly varies."""
    columns, total = np.asfortranarray(X), float(w.sum())
    mean, variance, _ = moments_of_columns(columns, w, w)
    size = variance + np.square(mean)
    if not np.all((variance > _ROUND**2 * size) & (variance > 1e-100) & (size < 1e100)):
        return None
    spread = np.sqrt(variance if intercept else size)
    center = mean if intercept else np.zeros_like(mean)
    level = w @ y / total if intercept else np.zeros(y.shape[1])
    if intercept:
        level = level + w @ (y - level) / total  # the second takes out the rounding of the first
    root = np.sqrt(w)
    rows = np.ascontiguousarray(((y - level) * root[:, None]).T)
    return _Table(columns, center, power_of_two(spread), root, rows, level)


def _path(
    table: _Table, rates: Array, lengths: Array, null_loss: float, tol: float
) -> LengthsFit | None:
    """From the strength that holds every weight to 1, at which the rates are meant."""
    q, p = len(table.rows), len(rates)
    top = float(np.max(lengths / rates))
    if not top <= _FARTHEST:
        return None
    way = approach(top, 1.0, Together.step)
    points, m = len(way) + 1, p * q
    coefs, (gaps, kkts) = np.zeros((points, m)), np.empty((2, points))
    done, _ = solve_group_path(
        table.columns,
        table.center,
        table.scale,
        table.root,
        table.rows.ravel(),
        np.arange(0, m + 1, q),
        np.arange(m),
        np.zeros(m),
        rates,
        np.append(way, 1.0),
        np.repeat([max(tol, LOOSE), tol], [len(way), 1]),
        coefs,
        gaps,
        kkts,
        np.empty(m, np.int64),
        null_loss,
        float(lengths.max()),
        MOST,
        MOST,
        0.0,
        False,
        q,
    )
    if done < points or not gaps[-1] <= tol:
        return None
    coef = coefs[-1].reshape(p, q) / table.scale[:, None]
    at = table.level - table.center @ coef
    return LengthsFit(at, coef, float(gaps[-1]), float(kkts[-1]), null_loss, points)
