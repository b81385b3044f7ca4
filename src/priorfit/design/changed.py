"""Columns in other coordinates: X L, whose products are those of X and of L."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from priorfit._typing import Array, Index
from priorfit.design.base import Design
from priorfit.design.dense import Dense
from priorfit.design.sparse import Sparse

__all__ = ["Changed", "LinearMap", "changed"]

_WHOLE = 1 << 24  # numbers of X L that are made at once: 128 MB
_BLOCK = 1 << 21  # numbers of a block of its columns
_FEW = 1 << 18  # the same where each row holds one column: then much else is O(n)
_EVERY = 1 << 26  # beyond so many, moments are those of some columns and read off between them


class LinearMap(Protocol):
    """A map L of p coordinates."""

    def apply(self, u: Array) -> Array:
        """``L u``, (p,) or (p, k)."""

    def adjoint(self, v: Array) -> Array:
        """``L' v``, (p,) or (p, k)."""


def changed(base: Design, basis: LinearMap) -> Design:
    """X L: one dense array where that is small or X is dense itself, else a view."""
    n, p = base.shape
    view = Changed(base, basis)
    if not isinstance(base, Dense) and (n * p > _WHOLE or view.picks):
        return view
    out = np.empty((n, p), order="F")
    for cols in view.blocks():
        out[:, cols] = view.part(cols)
    return Dense(out)


@dataclass(frozen=True, eq=False)
class Changed(Design):
    """The design X L; a column of it is made when it is asked for."""

    base: Design
    basis: LinearMap
    names: tuple[str, ...] | None = None

    @property
    def picks(self) -> bool:
        """Whether every row of X holds one column at most: X'WX is diagonal."""
        base = self.base
        return isinstance(base, Sparse) and bool(np.all(np.diff(base.csr.indptr) <= 1))

    @property
    def shape(self) -> tuple[int, int]:
        return self.base.shape

    def matvec(self, b: Array) -> Array:
        return self.base.matvec(self.basis.apply(b))

    def rmatvec(self, r: Array) -> Array:
        return self.basis.adjoint(self.base.rmatvec(r))

    def take_rows(self, rows: Index | slice) -> Changed:
        return Changed(self.base.take_rows(rows), self.basis)

    def blocks(self) -> Iterator[Index]:
        """The numbers of all columns, some at a time."""
        n, p = self.shape
        step = max(16, _BLOCK // max(n, p))
        for start in range(0, p, step):
            yield np.arange(start, min(start + step, p))

    def part(self, cols: Index) -> Array:
        """The columns ``cols``, (n, cols)."""
        unit = np.zeros((self.shape[1], len(cols)))
        unit[cols, np.arange(len(cols))] = 1.0
        return self.matvec(unit)

    def moments(self, weights: Array) -> tuple[Array, Array]:
        """See `Design.moments`; of a very large table standard deviations are exact for the first
        and for 256 more columns, and linear between these: they only set units."""
        n, p = self.shape
        mean, sd = np.empty((2, p))
        if n * p <= (_FEW if self.picks else _EVERY):
            for cols in self.blocks():
                mean[cols], sd[cols] = Dense(self.part(cols)).moments(weights)
            return mean, sd
        some = np.unique(np.r_[np.arange(8), np.linspace(0, p - 1, 257).astype(np.intp)])
        for cols in np.array_split(some, max(1, len(some) * max(n, p) // _BLOCK)):
            sd[cols] = Dense(self.part(cols)).moments(weights)[1]
        return self.rmatvec(weights) / weights.sum(), np.interp(np.arange(p), some, sd[some])

    def columns(self, cols: Index, center: Array) -> tuple[Array, Array]:
        return self.part(cols) - center[cols], np.zeros(len(cols))
