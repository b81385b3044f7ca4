"""Some rows of a design, read where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from priorfit._typing import Array, Index
from priorfit.design.base import Design
from priorfit.design.dense import Dense

__all__ = ["Present"]


@dataclass(frozen=True, eq=False)
class Present(Design):
    """The rows ``rows`` (ascending, each once) of ``base``, whose table is not copied.

    Passes over it read all rows, with zeros for those that are absent.

    Examples
    --------
    >>> import numpy as np
    >>> from priorfit.design import as_design
    >>> view = Present(as_design(np.array([[1.0], [3.0], [5.0]])), np.array([0, 2]))
    >>> view.matvec(np.array([1.0])), view.rmatvec(np.array([1.0, 2.0]))
    (array([1., 5.]), array([11.]))
    """

    base: Design
    rows: Index

    @property
    def names(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """Those of the base."""
        return self.base.names

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), self.base.shape[1]

    def spread(self, v: Array) -> Array:
        """Numbers of the rows present, (n, ...), at all rows of the base."""
        out = np.zeros((self.base.shape[0], *v.shape[1:]))
        out[self.rows] = v
        return out

    def matvec(self, b: Array) -> Array:
        return np.asarray(self.base.matvec(b)[self.rows])

    def rmatvec(self, r: Array) -> Array:
        return self.base.rmatvec(self.spread(r))

    def take_rows(self, rows: Index | slice) -> Design:
        return self.base.take_rows(self.rows[rows])

    def moments(self, weights: Array) -> tuple[Array, Array]:
        return self.base.moments(self.spread(weights))

    def columns(self, cols: Index, center: Array) -> tuple[Any, Array]:
        if isinstance(self.base, Dense):
            picked = Dense(self.base.values[np.ix_(self.rows, cols)])
            return picked.columns(np.arange(len(cols)), center[cols])
        matrix, rest = self.base.columns(cols, center)
        return matrix[self.rows], rest

    def gram(self, rows: Index, cols: Index, weights: Array, center: Array, scale: Array) -> Array:
        """See `Design.gram`: a row that is absent weighs nothing."""
        return self.base.gram(rows, cols, self.spread(weights), center, scale)

    def kernel(self, cols: Index, center: Array, scale: Array) -> Array:
        return self.base.kernel(cols, center, scale)[np.ix_(self.rows, self.rows)]
