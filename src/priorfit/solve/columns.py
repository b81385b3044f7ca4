"""Columns that native code can read where they lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._core import column_moments
from priorfit._core import correlate as _native_correlate
from priorfit._typing import Array, Index
from priorfit.design import Dense, Design, Present, Scaled, Sparse

__all__ = [
    "correlations",
    "moments",
    "moments_along",
    "moments_of_columns",
    "moments_of_rows",
    "read_in_place",
    "readable",
    "stored",
    "stored_or_copied",
]

_SMALL = 1 << 27  # bytes of a matrix that may be copied without a thought: 134 MB


def stored(design: Design) -> tuple[Any, ...] | None:
    """The arrays of a design as native code takes them, or None.

    ``(values,)`` of a dense design with contiguous columns; ``(start, row, value)`` of a sparse
    one by columns.
    """
    if isinstance(design, Dense):
        values = design.values
        plain = values.dtype.isnative and values.flags.aligned
        return (values,) if plain and values.strides[0] == values.itemsize else None
    if isinstance(design, Sparse):
        csc = design.csc
        plain = csc.data.dtype.isnative and csc.indices.dtype == csc.indptr.dtype
        return (csc.indptr, csc.indices, csc.data) if plain else None
    return None


def read_in_place(design: Design) -> bool:
    """Whether native code can read the columns without a copy of all, or the copy is small."""
    if isinstance(design, Dense):
        return design.values.nbytes <= _SMALL or stored(design) is not None
    if isinstance(design, Sparse):
        small = design.matrix.data.nbytes + design.matrix.indices.nbytes <= _SMALL
        return (small or not design.by_rows) and stored(design) is not None
    return False


def readable(design: Design) -> bool:
    """Whether `stored_or_copied` has an answer; nothing is copied to know it."""
    if isinstance(design, Sparse):
        matrix = design.matrix
        return bool(matrix.data.dtype.isnative and matrix.indices.dtype == matrix.indptr.dtype)
    return isinstance(design, Dense)


def stored_or_copied(design: Design) -> tuple[Any, ...] | None:
    """`stored`; a dense design whose columns are not contiguous is copied."""
    arrays = stored(design)
    if arrays is None and isinstance(design, Dense):
        values = design.values
        return (np.asfortranarray(values, dtype=values.dtype.newbyteorder("=")),)
    return arrays


def correlations(Z: Scaled, r: Array) -> Array:
    """``Z' r`` (m,), in one native pass where the columns are stored."""
    if isinstance(Z.base, Present):
        whole = Scaled(Z.base.base, Z.center, Z.scale, Z.intercept)
        return correlations(whole, Z.base.spread(r))
    plain = type(Z) is Scaled and read_in_place(Z.base)  # not of several outputs
    arrays = stored(Z.base) if plain else None
    if arrays is None:
        return Z.rmatvec(r)
    first = int(Z.intercept)
    out = np.empty(Z.shape[1])
    out[:first] = r.sum()
    _native_correlate(*arrays, Z.center, Z.scale, r, out[first:])
    return out


def moments_of_rows(values: Any, rows: Index, weights: Array) -> tuple[Array, Array]:
    """Weighted mean and variance (p,) of some rows of dense contiguous columns."""
    mean, variance, _ = _moments(values, rows, weights[rows], weights[rows])
    return mean, variance


def moments_of_columns(values: Any, weights: Array, r: Array) -> tuple[Array, Array, Array]:
    """Weighted mean and variance (p,) of dense contiguous columns; ``sum_i r_i (x_i - mean)``."""
    return _moments(values, np.empty(0, np.int64), weights, r)


def _moments(values: Any, rows: Index, weights: Array, r: Array) -> tuple[Array, Array, Array]:
    mean, variance, along = np.empty((3, values.shape[1]))
    column_moments(values, rows, weights, float(weights.sum()), r, mean, variance, along)
    return mean, variance, along


def moments(design: Design, weights: Array) -> tuple[Array, Array]:
    """`Design.moments`, in one native pass where the columns are stored and of ordinary size."""
    return moments_along(design, weights, weights)[:2]


def moments_along(design: Design, weights: Array, r: Array) -> tuple[Array, Array, Array | None]:
    """`moments`, and ``sum_i r_i (x_i - mean)`` (p,) where the same pass over X tells it."""
    arrays = stored(design) if read_in_place(design) else None
    if isinstance(design, Dense) and arrays is not None:
        mean, variance, product = moments_of_columns(arrays[0], weights, r)
        if np.all(np.isfinite(variance)):  # constant ones, by hand
            few, sd = np.flatnonzero(variance <= 1e-280), np.sqrt(variance)
            if len(few):
                mean[few], sd[few] = Dense(design.values[:, few]).moments(weights)
            return mean, sd, None if len(few) else product
    elif arrays is not None:
        p, total = design.shape[1], float(weights.sum())
        mean, variance, product, size = np.empty((4, p))
        column_moments(*arrays, weights, total, r, mean, variance, product, size)
        if np.all(((variance > 1e-280) & np.isfinite(variance)) | (size == 0)):
            return mean, np.sqrt(variance), product
    return *design.moments(weights), None
