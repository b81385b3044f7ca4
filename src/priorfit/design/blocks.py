"""Designs side by side: numeric and categorical columns of one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from priorfit._typing import Array, Index
from priorfit.design.base import Design, product

__all__ = ["Blocks"]


@dataclass(frozen=True, eq=False)
class Blocks(Design):
    """The columns of ``parts`` (designs of the same n), in order."""

    parts: tuple[Design, ...]
    names: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.parts[0].shape[0], sum(part.shape[1] for part in self.parts)

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
        """See `Design.gram`."""
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
