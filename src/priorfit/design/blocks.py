"""Designs side by side: numeric and categorical columns of one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from scipy import sparse

from priorfit._checks import is_sparse
from priorfit._typing import Array, Index
from priorfit.design.base import Design, product
from priorfit.design.dense import Dense
from priorfit.design.sparse import Sparse

__all__ = ["Blocks", "side_by_side"]

_ROWS = 1 << 15
_FEW = 2_000_000  # numbers of a table that are written out, 16 MB


@dataclass(frozen=True, eq=False)
class Blocks(Design):
    """The columns of ``parts`` (designs of the same n), in order."""

    parts: tuple[Design, ...]
    names: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.parts[0].shape[0], sum(part.shape[1] for part in self.parts)

    def written_out(self) -> Dense:
        """The same numbers in one matrix, zeros among them."""
        values = np.zeros(self.shape, order="F")
        for part, cols in self._spans():
            block = part.columns(np.arange(part.shape[1]), np.zeros(part.shape[1]))[0]
            values[:, cols] = block.toarray() if is_sparse(block) else block
        return Dense(values, self.names)

    def matvec(self, b: Array) -> Array:
        total = np.zeros((self.shape[0], *b.shape[1:]))
        for part, cols in self._spans():
            total += part.matvec(b[cols])
        return total

    def rmatvec(self, r: Array) -> Array:
        return np.concatenate([part.rmatvec(r) for part in self.parts])

    def take_rows(self, rows: Index | slice) -> Blocks:
        return Blocks(tuple(part.take_rows(rows) for part in self.parts), self.names)

    def moments(self, weights: Array) -> tuple[Array, Array]:
        each = [part.moments(weights) for part in self.parts]
        return np.concatenate([m for m, _ in each]), np.concatenate([s for _, s in each])

    def columns(self, cols: Index, center: Array) -> tuple[Any, Array]:
        """See `Design.columns`: one CSC matrix, the columns of dense parts centred inside it."""
        split = self._split(cols)
        each = [
            self.parts[k].columns(inside, center[self._spans()[k][1]]) for k, _, inside in split
        ]
        order = np.argsort(np.concatenate([where for _, where, _ in split]))
        matrix = sparse.hstack([sparse.csc_array(m) for m, _ in each], format="csc")
        return matrix[:, order], np.concatenate([rest for _, rest in each])[order]

    def gram(self, rows: Index, cols: Index, weights: Array, center: Array, scale: Array) -> Array:
        """See `Design.gram`; by slices of rows: codes become columns for a few rows only."""
        n = self.shape[0]
        if n > _ROWS and not any(isinstance(part, Sparse) for part in self.parts):
            total = np.zeros((len(rows), len(cols)))
            for start in range(0, n, _ROWS):
                span = slice(start, start + _ROWS)
                total += self.take_rows(span)._gram(rows, cols, weights[span], center, scale)
            return total
        return self._gram(rows, cols, weights, center, scale)

    def _gram(self, rows: Index, cols: Index, weights: Array, center: Array, scale: Array) -> Array:
        out = np.empty((len(rows), len(cols)))
        right_side = [
            (place, *self._pick(k, at, center, scale)) for k, place, at in self._split(cols)
        ]
        for k, where, inside in self._split(rows):
            left, a = self._pick(k, inside, center, scale)
            for place, right, b in right_side:
                out[np.ix_(where, place)] = product(left, a, right, b, weights)
        return out

    def kernel(self, cols: Index, center: Array, scale: Array) -> Array:
        """See `Design.kernel`."""
        out = np.zeros((self.shape[0], self.shape[0]))
        for k, _, inside in self._split(cols):
            span = self._spans()[k][1]
            out += self.parts[k].kernel(inside, center[span], scale[span])
        return out

    def _spans(self) -> list[tuple[Design, slice]]:
        ends = np.cumsum([part.shape[1] for part in self.parts])
        return [
            (part, slice(e - part.shape[1], e)) for part, e in zip(self.parts, ends, strict=True)
        ]

    def _split(self, cols: Index) -> list[tuple[int, Index, Index]]:
        """For each part: which of ``cols`` lie in it, and their numbers inside it."""
        found = []
        for k, (_, span) in enumerate(self._spans()):
            where = np.flatnonzero((cols >= span.start) & (cols < span.stop))
            if len(where):
                found.append((k, where, cols[where] - span.start))
        return found

    def _pick(self, k: int, inside: Index, center: Array, scale: Array) -> tuple[Any, Array]:
        part, span = self._spans()[k]
        return part.comparable(inside, center[span], scale[span])


def side_by_side(parts: Sequence[Design | Array], names: tuple[str, ...]) -> Design:
    """Designs and columns of numbers, (n,) or (n, k), in order; numbers that are neighbours become
    one `Dense`, a view where they lie evenly in the memory of one array.

    A small table is one `Dense` as a whole: every engine is at its fastest there.
    """
    found: list[Design] = []
    for plain, neighbours in groupby(parts, key=lambda part: isinstance(part, np.ndarray)):
        some: list[Any] = list(neighbours)
        found += [Dense(_joined(some))] if plain else some
    if len(found) == 1 and isinstance(found[0], Dense):
        return Dense(found[0].values, names)
    table = Blocks(tuple(found), names)
    return table.written_out() if table.shape[0] * table.shape[1] <= _FEW else table


def _joined(columns: list[Any]) -> Array:
    view = _even(columns)
    if view is not None:
        return view
    widths = [1 if column.ndim == 1 else column.shape[1] for column in columns]
    out = np.empty((len(columns[0]), sum(widths)), order="F")
    for column, width, end in zip(columns, widths, np.cumsum(widths), strict=True):
        out[:, end - width : end] = column.reshape(len(column), width)
    return out


def _even(columns: list[Any]) -> Array | None:
    """The columns as one array without a copy, if they are views of one array, evenly spaced."""
    first = columns[0]
    if first.ndim == 2:
        return first if len(columns) == 1 else None
    owner = _owner(first)
    alike = all(c.ndim == 1 and c.strides == first.strides and _owner(c) is owner for c in columns)
    places = np.array([c.__array_interface__["data"][0] for c in columns], dtype=np.int64)
    steps = np.diff(places)
    if len(columns) < 2 or owner is None or not alike or np.any(steps != steps[0]):
        return first[:, None] if len(columns) == 1 else None
    shape, strides = (len(first), len(columns)), (first.strides[0], int(steps[0]))
    return np.lib.stride_tricks.as_strided(first, shape, strides, writeable=False)


def _owner(array: Any) -> Any:
    """The array whose memory this is a view of."""
    base = array.base
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    return base if isinstance(base, np.ndarray) else None
