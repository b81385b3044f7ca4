"""One categorical column, kept as codes; alone, or times a number of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from priorfit._errors import InputError
from priorfit._typing import Array, Codes, Index
from priorfit.design.base import Design

__all__ = ["Categorical"]

_BLOCK = 1 << 17  # rows that are summed together


@dataclass(frozen=True, eq=False)
class Categorical(Design):
    """``X[i, k] = values[i] if codes[i] == k else 0``: K columns that are never stored.

    ``codes`` (n,) lie in -1..K-1; ``values`` (n,), None for all 1, are the number that a category
    interacts with. Every level has its own column: with a belief about the weights none needs to be
    left out. Code -1 (a level not seen when the model was fitted) is a row of zeros.

    Examples
    --------
    >>> import numpy as np
    >>> slopes = Categorical(np.array([0, 1, 0]), ("f", "m"), values=np.array([20.0, 30.0, 40.0]))
    >>> slopes.matvec(np.array([1.0, 2.0]))
    array([20., 60., 40.])
    """

    codes: Codes
    levels: tuple[str, ...]
    names: tuple[str, ...] | None = None
    values: Array | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.codes), len(self.levels)

    def matvec(self, b: Array) -> Array:
        padded = np.concatenate([b, np.zeros((1, *b.shape[1:]))])
        picked = padded[self.codes]
        return picked if self.values is None else (picked.T * self.values).T

    def rmatvec(self, r: Array) -> Array:
        if r.ndim > 1:
            return np.stack([self.rmatvec(column) for column in r.T], axis=1)
        counted = np.zeros(len(self.levels) + 1)
        for rows in (slice(i, i + _BLOCK) for i in range(0, len(r), _BLOCK)):
            v = r[rows] if self.values is None else r[rows] * self.values[rows]
            counted += np.bincount(self.codes[rows] + 1, v, len(counted))
        return counted[1:]

    def take_rows(self, rows: Index | slice) -> Categorical:
        values = None if self.values is None else self.values[rows]
        return Categorical(self.codes[rows], self.levels, self.names, values)

    def moments(self, weights: Array) -> tuple[Array, Array]:
        if self.values is None:
            mean = self.rmatvec(weights) / weights.sum()
            return mean, np.sqrt(mean * (1.0 - mean))
        self._check_finite()
        unit = float(2.0 ** np.frexp(np.abs(self.values).max(initial=1e-300))[1].clip(-1000, 1000))
        total, scaled = weights.sum(), self.values / unit
        ones = Categorical(self.codes, self.levels)
        present = ones.rmatvec(weights)
        mean = ones.rmatvec(weights * scaled) / total
        around = ones.rmatvec(weights * np.square(scaled - ones.matvec(mean)))
        variance = (around + np.maximum(total - present, 0.0) * mean**2) / total
        return mean * unit, unit * np.sqrt(variance)

    def columns(self, cols: Index, center: Array) -> tuple[Any, Array]:
        """See `Design.columns`: what is not 0 of these columns, as CSC."""
        place = np.full(len(self.levels) + 1, -1, dtype=np.int32)
        place[cols] = np.arange(len(cols))
        column = place[self.codes]
        rows = np.flatnonzero(column >= 0).astype(np.int32)
        rows = rows[np.argsort(column[rows], kind="stable")]
        ends = np.cumsum(np.bincount(column[rows], minlength=len(cols)))
        data = np.ones(len(rows)) if self.values is None else self.values[rows]
        indptr = np.concatenate([[0], ends]).astype(np.int32)
        shape = (len(self.codes), len(cols))
        return sparse.csc_array((data, rows, indptr), shape=shape), center[cols]

    def _check_finite(self) -> None:
        values = np.zeros(0) if self.values is None else self.values
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise InputError(
                "X must hold finite numbers (no NaN, no infinity)",
                f"{values[bad[0]]} in row {bad[0]}",
                "Drop or fill the missing values.",
            )
