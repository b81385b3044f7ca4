"""Sparse matrices in CSC or CSR form, with 32- or 64-bit indices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.design.base import Design

__all__ = ["Sparse"]


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
        csc, total, p = self.csc, weights.sum(), self.shape[1]
        which = np.repeat(np.arange(p), np.diff(csc.indptr))
        data, w = csc.data.astype(np.float64), weights[csc.indices]
        largest = np.zeros(p)
        np.maximum.at(largest, which, np.abs(data))
        extreme = (largest > 1e140) | ((largest > 0) & (largest < 1e-140))
        scale = np.where(extreme, 2.0 ** np.frexp(largest)[1].clip(-1000, 1000), 1.0)
        data = data / scale[which]
        mean = np.bincount(which, w * data, p) / total
        present = np.bincount(which, w, p)
        around = np.bincount(which, w * np.square(data - mean[which]), p)
        variance = (around + np.maximum(total - present, 0.0) * mean**2) / total
        return mean * scale, scale * np.sqrt(variance)

    def columns(self, cols: Index, center: Array) -> tuple[Any, Array]:
        return self.csc[:, cols].astype(np.float64), center[cols]

    @cached_property
    def csc(self) -> Any:
        """The matrix by columns: itself, or a copy made once."""
        return self.matrix.tocsc()

    @cached_property
    def csr(self) -> Any:
        """The matrix by rows: itself, or a copy made once."""
        return self.matrix.tocsr()

    def _check_finite(self) -> None:
        bad = ~np.isfinite(self.matrix.data)
        if not np.any(bad):
            return
        at = self.matrix.tocoo()
        k = int(np.flatnonzero(~np.isfinite(at.data))[0])
        raise InputError(
            "X must hold finite numbers (no NaN, no infinity)",
            f"{at.data[k]} in row {at.row[k]}, column {self.label(int(at.col[k]))}",
            "Drop or fill the missing values.",
        )
