"""Sparse matrices in CSC or CSR form, with 32- or 64-bit indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.design.base import Design

__all__ = ["Sparse"]

_BLOCK = 1 << 19  # numbers looked at together: 4 MB


@dataclass(frozen=True, eq=False)
class Sparse(Design):
    """A canonical scipy CSC or CSR matrix; its zeros are never stored, centring is implicit."""

    matrix: Any
    names: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        n, p = self.matrix.shape
        return n, p

    def matvec(self, b: Array) -> Array:
        return np.asarray(self.matrix @ b, dtype=np.float64)

    def rmatvec(self, r: Array) -> Array:
        return np.asarray(self.matrix.T @ r, dtype=np.float64)

    def take_rows(self, rows: Index | slice) -> Sparse:
        return Sparse(self.csr[rows], self.names)

    def moments(self, weights: Array) -> tuple[Array, Array]:
        self._check_finite()
        p, total = self.shape[1], weights.sum()
        largest = np.zeros(p)
        for _, cols, data in self._chunks():
            np.maximum.at(largest, cols, np.abs(data))
        extreme = (largest > 1e140) | ((largest > 0) & (largest < 1e-140))
        scale = np.where(extreme, 2.0 ** np.frexp(largest)[1].clip(-1000, 1000), 1.0)
        first, present, around = np.zeros((3, p))
        for rows, cols, data in self._chunks():
            w = weights[rows]
            first += np.bincount(cols, w * (data / scale[cols]), p)
            present += np.bincount(cols, w, p)
        mean = first / total
        for rows, cols, data in self._chunks():
            away = data / scale[cols] - mean[cols]
            around += np.bincount(cols, weights[rows] * np.square(away), p)
        variance = (around + np.maximum(total - present, 0.0) * mean**2) / total
        return mean * scale, scale * np.sqrt(variance)

    def columns(self, cols: Index, center: Array) -> tuple[Any, Array]:
        own = self.matrix if self.by_rows else self.csc
        return own[:, cols].tocsc().astype(np.float64), center[cols]

    def gram(self, rows: Index, cols: Index, weights: Array, center: Array, scale: Array) -> Array:
        """See `Design.gram`; some columns (stored by rows: rows) after others are copied."""
        if not np.all((scale > 1e-60) & (scale < 1e60)):  # squares would over- or underflow
            return super().gram(rows, cols, weights, center, scale)
        out = np.zeros((len(rows), len(cols)))
        add = self._add_by_rows if self.by_rows else self._add_by_columns
        add(out, rows, cols, weights)
        sums, a, b = self.rmatvec(weights), center[rows], center[cols]
        out -= np.outer(a, sums[cols] - weights.sum() * b)
        out -= np.outer(sums[rows], b)
        return out / scale[rows, None] / scale[cols]

    def _add_by_columns(self, out: Array, rows: Index, cols: Index, weights: Array) -> None:
        """``out += X_rows' diag(weights) X_cols``."""
        left = self.matrix if _every(rows, self.shape[1]) else self.matrix[:, rows]
        step = max(1, _BLOCK * self.shape[1] // max(1, self.matrix.nnz))
        for span in (slice(i, i + step) for i in range(0, len(cols), step)):
            part = self.matrix[:, cols[span]].astype(np.float64)
            part.data *= weights[part.indices]
            out[:, span] += (left.T @ part).toarray()

    def _add_by_rows(self, out: Array, rows: Index, cols: Index, weights: Array) -> None:
        step = max(1, 4 * _BLOCK * self.shape[0] // max(1, self.matrix.nnz))
        for span in (slice(i, i + step) for i in range(0, self.shape[0], step)):
            block = self.matrix[span].astype(np.float64)
            left = block if _every(rows, self.shape[1]) else block[:, rows]
            right = block[:, cols]
            right.data *= np.repeat(weights[span], np.diff(right.indptr))
            out += (left.T @ right).toarray()

    @property
    def by_rows(self) -> bool:
        """Whether the matrix is stored by rows, so that `csc` would be a copy of it."""
        return bool(self.matrix.format == "csr")

    def _chunks(self) -> Iterator[tuple[Index, Index, Array]]:
        """(rows, columns, values) of some of the numbers at a time, in the order of storage."""
        indptr, start = self.matrix.indptr, 0
        while start < len(indptr) - 1:
            end = int(np.searchsorted(indptr, indptr[start] + _BLOCK, side="right")) - 1
            end = min(max(end, start + 1), len(indptr) - 1)
            span = slice(indptr[start], indptr[end])
            outer = np.repeat(np.arange(start, end), np.diff(indptr[start : end + 1]))
            inner, data = self.matrix.indices[span], self.matrix.data[span].astype(np.float64)
            yield (outer, inner, data) if self.by_rows else (inner, outer, data)
            start = end

    @cached_property
    def csc(self) -> Any:
        """The matrix by columns: itself, or a copy made once."""
        return self.matrix.tocsc()

    @cached_property
    def csr(self) -> Any:
        """The matrix by rows: itself, or a copy made once."""
        return self.matrix.tocsr()

    def _check_finite(self) -> None:
        data = self.matrix.data
        spans = (slice(i, i + _BLOCK) for i in range(0, len(data), _BLOCK))
        if all(np.all(np.isfinite(data[span])) for span in spans):
            return
        at = self.matrix.tocoo()
        k = int(np.flatnonzero(~np.isfinite(at.data))[0])
        raise InputError(
            "X must hold finite numbers (no NaN, no infinity)",
            f"{at.data[k]} in row {at.row[k]}, column {self.label(int(at.col[k]))}",
            "Drop or fill the missing values.",
        )


def _every(cols: Index, p: int) -> bool:
    return len(cols) == p and np.array_equal(cols, np.arange(p))
