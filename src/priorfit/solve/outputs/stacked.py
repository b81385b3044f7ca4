"""One design for several outputs, as one design of all their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from priorfit._typing import Array, Index
from priorfit.design import Dense, Scaled

__all__ = ["Stacked"]

_BLOCK = 1 << 18  # numbers of rows that are looked at together: 2 MB


@dataclass(frozen=True, eq=False)
class Stacked(Scaled):
    """``([1, X - center] kron I_q) / scale``: rows are (i, k), unknowns (j, k), k running fastest.

    The first q unknowns are the intercepts, where there are any. ``scale`` (p q,) may differ
    between the outputs of a column. No product of X is made twice: q outputs are q vectors at once.
    """

    outputs: int = 1

    @property
    def inner(self) -> Scaled:
        """``[1, X - center]``."""
        base, center = self.base, self.center
        return Scaled(base, center, np.ones(len(center)), self.intercept)

    @property
    def shape(self) -> tuple[int, int]:
        n, m = self.inner.shape
        return n * self.outputs, m * self.outputs

    @property
    def units(self) -> Array:
        """The scale of every unknown, the intercepts' 1, (m,)."""
        ones = np.ones(self.outputs if self.intercept else 0)
        return np.concatenate([ones, self.scale])

    def matvec(self, b: Array) -> Array:
        scaled = (b.T / self.units).T
        found = self.inner.matvec(scaled.reshape(self.shape[1] // self.outputs, -1))
        return np.asarray(found).reshape(-1, *b.shape[1:])

    def rmatvec(self, r: Array) -> Array:
        found = self.inner.rmatvec(r.reshape(self.shape[0] // self.outputs, -1))
        raw = found.reshape(-1, *r.shape[1:])
        return np.asarray((raw.T / self.units).T)

    def take_rows(self, rows: Index | slice) -> Stacked:
        raise NotImplementedError

    def of_features(self, cols: Index) -> tuple[Array, Index, Index]:
        """(columns (n, f) of ``[1, X - center]``, place of each unknown among them, its output)."""
        features, place, output = self.placed(cols)
        return self.inner.columns(features, np.zeros(self.inner.shape[1]))[0], place, output

    def placed(self, cols: Index) -> tuple[Index, Index, Index]:
        """(features, place of each unknown among them, its output)."""
        features, place = np.unique(cols // self.outputs, return_inverse=True)
        return features, place, cols % self.outputs

    def by_rows(self, features: Index, width: int) -> Iterator[tuple[slice, Array]]:
        """Rows of these columns of ``[1, X - center]``, some after others where they are dense;
        ``width``: numbers that each row will take."""
        n, inner = self.inner.shape[0], self.inner
        step = max(256, _BLOCK // max(1, width)) if isinstance(self.base, Dense) else n
        for rows in (slice(i, i + step) for i in range(0, n, step)):
            part = inner if step >= n else inner.take_rows(rows)
            yield rows, part.columns(features, np.zeros(inner.shape[1]))[0]

    def columns(self, cols: Index, center: Array) -> tuple[Array, Array]:
        """Dense, for a few columns only."""
        among, place, output = self.of_features(cols)
        out = np.zeros((self.shape[0] // self.outputs, self.outputs, len(cols)))
        out[:, output, np.arange(len(cols))] = among[:, place] / self.units[cols]
        return out.reshape(self.shape[0], len(cols)) - center[cols], np.zeros(len(cols))

    def gram(
        self,
        rows: Index,
        cols: Index,
        weights: Array,
        center: Array | None = None,  # noqa: ARG002
        scale: Array | None = None,  # noqa: ARG002
    ) -> Array:
        """``Z_rows' diag(weights) Z_cols``: outputs do not meet."""
        features, place, output = self.placed(np.concatenate([rows, cols]))
        a, b, m = place[: len(rows)], place[len(rows) :], len(rows)
        pairs = [
            (np.flatnonzero(output[:m] == k), np.flatnonzero(output[m:] == k))
            for k in range(self.outputs)
        ]
        out = np.zeros((len(rows), len(cols)))
        for span, X in self.by_rows(features, len(features)):
            for k, (mine, other) in enumerate(pairs):
                w = weights[k :: self.outputs][span, None]
                out[np.ix_(mine, other)] += X[:, a[mine]].T @ (w * X[:, b[other]])
        return out / self.units[rows][:, None] / self.units[cols]

    def kernel(self, cols: Index, center: Array | None = None, scale: Array | None = None) -> Array:
        raise NotImplementedError
