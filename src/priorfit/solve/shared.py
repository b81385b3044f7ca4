"""What fits of one table with several weights of its rows share: folds, bootstrap samples.

The Gram matrix of a sample is that of all rows, corrected by the rows whose weight differs; native
code does the same for the columns that a path works with (``cpp/resampled.hpp``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from priorfit._core import SharedDouble, SharedSingle
from priorfit._typing import Array, Index
from priorfit.design import Dense, Present, Scaled
from priorfit.problem import Problem
from priorfit.solve.columns import moments, moments_of_rows, read_in_place, stored_or_copied

__all__ = ["Shared"]

_LOST = 1e-2  # of the variance: a column of which less is left is looked at anew
_PRESENT = 0.6  # of the rows, or a copy of them is cheaper: folds and bootstrap samples have more
_BLOCK = 1 << 18  # numbers of rows that are copied together: 2 MB
_KEPT = 1 << 24  # numbers in the Gram matrices of all parts: 134 MB; more where the table is large


@dataclass(frozen=True, eq=False)
class Shared:
    """The columns Z of a dense table (n, p), standardized over all rows, the weights of its rows
    (n,), and mean and standard deviation (p,) of its columns.

    ``parts``: sorted rows that samples leave out together, as the test rows of folds.
    ``quadratic``: whether the likelihood is: weights of rows then go into the native columns, and a
    sample has all rows; otherwise it has those that count (`sample`)."""

    Z: Scaled
    weights: Array
    known: tuple[Array, Array]
    parts: tuple[Index, ...] = ()
    quadratic: bool = True

    @cached_property
    def values(self) -> Any:
        """X as an array with contiguous columns."""
        return (stored_or_copied(self.Z.base) or (None,))[0]

    @cached_property
    def columns(self) -> Any:
        """The native columns, with all that samples have computed of them."""
        kind = SharedDouble if self.values.dtype == np.float64 else SharedSingle
        root = np.sqrt(self.weights) if self.quadratic else np.ones_like(self.weights)
        return kind(self.values, self.Z.center, self.Z.scale, root)

    @property
    def native(self) -> bool:
        """Whether `columns` may be asked for: a large table by rows is copied for a gaussian
        only."""
        return self.quadratic or read_in_place(self.Z.base)

    def sample(self, problem: Problem) -> tuple[Problem, Shared | None]:
        """What a sample is solved as: of a likelihood that is not quadratic its rows that count,
        read where they lie; copied, and nothing shared, where too many would be read in vain."""
        rows, every = np.flatnonzero(problem.weights > 0), len(problem.weights)
        if self.quadratic or len(rows) == every:
            return problem, self
        if len(rows) < _PRESENT * every:
            return problem.take_rows(rows), None
        y, weights, offset = problem.y[rows], problem.weights[rows], problem.offset[rows]
        design = Present(problem.design, rows)
        return replace(problem, design=design, y=y, weights=weights, offset=offset), self

    def moments(self, weights: Array) -> tuple[Array, Array]:
        """Mean and standard deviation (p,) of the columns in a sample; of the last one it is
        known."""
        last = self.__dict__.get("last")
        if last is None or last[0] is not weights:
            last = self.__dict__["last"] = weights, self._moments_of(weights)
        return last[1]

    @property
    def _by_columns(self) -> bool:
        """Whether `values` is there, or is worth a copy: not for moments of a large table alone."""
        return "values" in self.__dict__ or read_in_place(self.Z.base)

    def _moments_of(self, weights: Array) -> tuple[Array, Array]:
        """Those of all rows, less the rows that do not count (Chan, Golub & LeVeque 1983), where
        no digits are lost by it."""
        out = np.flatnonzero(weights != self.weights)
        if not len(out):
            return self.known
        total, left = float(self.weights.sum()), float(weights.sum())
        if np.any(weights[out]) or left < 0.5 * total or not self._by_columns:
            return moments(self.Z.base, weights)
        (mean, sd), gone = self.known, total - left
        apart, variance = self._moments_of_rows(out)
        square = total * sd**2 - gone * variance - gone * total / left * (apart - mean) ** 2
        lost = square < _LOST * total * sd**2
        mean = mean - gone / left * (apart - mean)
        sd = np.sqrt(np.maximum(square, 0.0) / left)
        if np.any(lost):
            mean[lost], sd[lost] = moments(Dense(self.values[:, lost]), weights)
        return mean, sd

    def _moments_of_rows(self, rows: Index) -> tuple[Array, Array]:
        """Mean and variance (p,) of some rows; of a part from its Gram matrix, whose first row
        has the sums of the columns where there is an intercept."""
        gram = self._known_gram(rows, self.weights[rows]) if self.Z.intercept else None
        if gram is None:
            return moments_of_rows(self.values, rows, self.weights)
        away, square = gram[0, 1:] / gram[0, 0], np.diag(gram)[1:] / gram[0, 0]
        variance = np.maximum(square - away**2, 0.0)
        return self.Z.center + self.Z.scale * away, self.Z.scale**2 * variance

    @cached_property
    def gram(self) -> Array:
        """``Z' W Z`` of all rows, (m, m): the sum over the parts, where these are kept."""
        if not self._grams:
            return self._gram(self.Z, self.weights)
        out = np.zeros_like(self._grams[0])
        for part in self._grams:
            out += part
        return out

    @cached_property
    def _grams(self) -> tuple[Array, ...]:
        """``Z' W Z`` of each part; none where a row is in no part or in two, or they are large."""
        n, m = self.Z.shape
        times = np.bincount(np.concatenate([*self.parts, np.zeros(0, np.intp)]), minlength=n)
        if np.any(times != 1) or 4 * len(self.parts) > n:
            return ()
        if len(self.parts) * m * m > max(_KEPT, n * m // 8):
            return ()
        return tuple(self._gram_of_rows(r, self.weights[r]) for r in self.parts)

    def _known_gram(self, rows: Index, weights: Array) -> Array | None:
        """``Z' W Z`` of some rows, if they are a part and it has been made."""
        if not np.array_equal(weights, self.weights[rows]):
            return None
        made = zip(self.parts, self.__dict__.get("_grams", ()), strict=False)
        return next((gram for part, gram in made if np.array_equal(part, rows)), None)

    def gram_of(self, Z: Scaled, weights: Array) -> Array:
        """``Z' W Z`` (m, m) of a sample, in its own units.

        ``Z_sample = Z T`` with T = [[1, -ratio delta'], [0, diag(ratio)]]: its centre and scale
        move by delta (in units of Z) and by ratio.
        """
        if Z is self.Z and weights is self.weights:
            return self.gram
        change = weights - self.weights
        differs = np.flatnonzero(change)
        if 2 * len(differs) > len(weights):
            return self._gram(Z, weights)
        out = self.gram.copy()
        for sign in (1.0, -1.0):
            rows = differs[sign * change[differs] > 0]
            if len(rows):
                w = np.abs(change[rows])
                known = self._known_gram(rows, w)
                out += sign * (self._gram_of_rows(rows, w) if known is None else known)
        first = int(Z.intercept)
        ratio, delta = self.Z.scale / Z.scale, (Z.center - self.Z.center) / self.Z.scale
        if first:
            out[1:] -= np.outer(delta, out[0])
            out[:, 1:] -= np.outer(out[:, 0], delta)
        spread = np.diag(out)[first:] < _LOST * np.diag(self.gram)[first:]
        out[first:] *= ratio[:, None]
        out[:, first:] *= ratio
        if np.any(spread):
            lost = first + np.flatnonzero(spread)
            out[lost] = Z.gram(lost, np.arange(len(out)), weights)
            out[:, lost] = out[lost].T
        return out

    def _gram_of_rows(self, rows: Index, weights: Array) -> Array:
        """``Z' W Z`` of some rows, a few of which are copied at a time."""
        step = max(1024, _BLOCK // self.Z.shape[1])
        spans = [slice(i, i + step) for i in range(0, len(rows), step)]
        out = self._gram(self.Z.take_rows(rows[spans[0]]), weights[spans[0]])
        for span in spans[1:]:
            out += self._gram(self.Z.take_rows(rows[span]), weights[span])
        return out

    def forget(self) -> None:
        """Give the memory of the native columns and of the parts back."""
        for name in ("columns", "values", "_grams"):
            self.__dict__.pop(name, None)

    @staticmethod
    def _gram(Z: Scaled, weights: Array) -> Array:
        every = np.arange(Z.shape[1])
        return Z.gram(every, every, weights)
