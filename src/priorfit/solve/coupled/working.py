"""The working columns: a copy of few, or read where they lie."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array, Index
from priorfit.likelihoods import Hessian
from priorfit.solve.standard import Standard

__all__ = ["Working"]

_SHARE = 5  # a copy holds at most one in so many of the columns
_SMALL = 1 << 21  # numbers of a copy that is made without a thought


class Working:
    """``Z_C`` (n, k) for the columns ``cols``."""

    def __init__(self, standard: Standard, cols: Index) -> None:
        self.Z, self.cols = standard.Z, cols
        self.none = np.zeros(standard.size)
        small = _SHARE * len(cols) <= standard.size or len(cols) * self.Z.shape[0] <= _SMALL
        copied = small or not standard.by_rows
        self.held = self.Z.columns(cols, self.none)[0] if copied else None

    def times(self, step: Array) -> Array:
        """``Z step`` (n,) for a step (m,) of these columns."""
        return self.Z.matvec(step) if self.held is None else self.held @ step[self.cols]

    def pull(self, theta: Array) -> Array:
        """``Z_C' theta`` (k,)."""
        return self.Z.rmatvec(theta)[self.cols] if self.held is None else self.held.T @ theta

    def rows(self, rows: Index) -> Array:
        """Some rows of ``Z_C``."""
        if self.held is None:
            return self.Z.take_rows(rows).columns(self.cols, self.none)[0]
        return self.held[rows]

    def gram(self, hessian: Hessian) -> Array:
        """``Z_C' H Z_C`` (k, k)."""
        if self.held is None:
            gram = self.Z.gram(self.cols, self.cols, hessian.bound)
        else:
            root = np.sqrt(hessian.bound)[:, None] * self.held
            gram = root.T @ root
        return gram - hessian.square(self.rows, len(self.cols))
