"""One categorical column, kept as codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from priorfit._typing import Array, Index
from priorfit.design.base import Design

__all__ = ["Categorical"]


@dataclass(frozen=True, eq=False)
class Categorical(Design):
    """A column of ``codes`` (n,) in -1..K-1 as K indicator columns that are never stored.

    Every level has its own column: with a belief about the weights none needs to be left out.
    Code -1 (a level not seen when the model was fitted) is a row of zeros.
    """

    codes: Index
    levels: tuple[str, ...]
    names: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.codes), len(self.levels)

    def matvec(self, b: Array) -> Array:
        padded = np.concatenate([b, np.zeros((1, *b.shape[1:]))])
        return padded[self.codes]

    def rmatvec(self, r: Array) -> Array:
        if r.ndim == 1:
            counted = np.bincount(self.codes + 1, r, len(self.levels) + 1)[1:]
            return counted.astype(np.float64, copy=False)
        return np.stack([self.rmatvec(column) for column in r.T], axis=1)

    def take_rows(self, rows: Index | slice) -> Categorical:
        return Categorical(self.codes[rows], self.levels, self.names)

    def moments(self, weights: Array) -> tuple[Array, Array]:
        mean = self.rmatvec(weights) / weights.sum()
        return mean, np.sqrt(mean * (1.0 - mean))

    def columns(self, cols: Index, center: Array) -> tuple[Any, Array]:
        place = np.full(len(self.levels) + 1, -1)
        place[cols] = np.arange(len(cols))
        column = place[self.codes]
        rows = np.flatnonzero(column >= 0)
        ones = np.ones(len(rows))
        shape = (len(self.codes), len(cols))
        return sparse.csc_array((ones, (rows, column[rows])), shape=shape), center[cols]
