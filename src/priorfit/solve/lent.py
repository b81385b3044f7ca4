"""A symmetric matrix lends its lower triangle: factors overwrite one, and the other keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from priorfit._typing import Array, Mask

__all__ = ["lent", "square_of_lower"]

_SMALL = 500  # rows: below, a copy is quicker
_TILE = 64  # rows and columns that are moved together: both squares stay in cache


@contextmanager
def lent(K: Array, root: Array) -> Iterator[Array]:
    """``R K R`` in the lower triangle of K (n, n), for R = diag(root).

    A view by columns, whose upper triangle is still that of K; K is whole again afterwards.
    """
    if len(K) <= _SMALL:
        yield np.asfortranarray(root[:, None] * K * root)
        return
    A = K if K.flags.f_contiguous else K.T
    diagonal = A.diagonal().copy()
    same = bool(np.all(root == 1.0))
    try:
        for span, below in _spans(0 if same else len(A)):
            A[below, span] *= root[below, None]
            A[below, span] *= root[span]
            tile = A[span, span]
            np.multiply(tile, root[span, None] * root[span], out=tile, where=_lower(len(tile)))
        yield A
    finally:
        for span, below in _spans(len(A)):
            for start in range(below.start, below.stop, _TILE):
                rows = slice(start, start + _TILE)
                A[rows, span] = A[span, rows].T
            tile = A[span, span]
            np.copyto(tile, tile.T.copy(), where=_lower(len(tile)))
        A[np.diag_indices_from(A)] = diagonal


def square_of_lower(A: Array) -> float:
    """The sum of squares of a lower triangle."""
    parts = (np.tril(A[span.start :, span]) for span, _ in _spans(len(A)))
    return float(sum(np.vdot(part, part) for part in parts))


def _spans(n: int) -> Iterator[tuple[slice, slice]]:
    """Spans of columns, and the rows below each square on the diagonal."""
    for start in range(0, n, _TILE):
        stop = min(start + _TILE, n)
        yield slice(start, stop), slice(stop, n)


def _lower(n: int) -> Mask:
    return np.tri(n, dtype=bool)
