"""What a matrix of columns can do for a solver: it sees only vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from priorfit._typing import Array, Index

__all__ = ["Design", "product"]


@dataclass(frozen=True)
class Numbered(Sequence[str]):
    """``x0, x1, ...``: each name is made when it is asked for."""

    size: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, j: int) -> str: ...
    @overload
    def __getitem__(self, j: slice) -> tuple[str, ...]: ...
    def __getitem__(self, j: int | slice) -> str | tuple[str, ...]:
        places = range(self.size)[j]
        return f"x{places}" if isinstance(places, int) else tuple(f"x{i}" for i in places)


class Design(ABC):
    """A matrix X of shape (n, p) that is never changed, never copied whole and never densified.

    All results are float64, whatever the data are stored in.
    """

    #: column names, or None where the data have none
    names: tuple[str, ...] | None

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """(n, p)."""

    @abstractmethod
    def matvec(self, b: Array) -> Array:
        """``X b``: (p,) -> (n,), or (p, k) -> (n, k)."""

    @abstractmethod
    def rmatvec(self, r: Array) -> Array:
        """``X' r``: (n,) -> (p,), or (n, k) -> (p, k)."""

    @abstractmethod
    def take_rows(self, rows: Index | slice) -> Design:
        """The design of these rows."""

    @abstractmethod
    def moments(self, weights: Array) -> tuple[Array, Array]:
        """Weighted mean and standard deviation (divisor: the sum of weights) of each column.

        Exact where the spread is tiny beside the mean and where squares over- or underflow.
        Raises `InputError` naming the first cell that is not finite.
        """

    @abstractmethod
    def columns(self, cols: Index, center: Array) -> tuple[Any, Array]:
        """``(M, rest)`` with ``X[:, cols] - center[cols] = M - rest``, M dense or CSC.

        Dense columns are centred before anything is multiplied, so that no digits are lost to a
        large offset; sparse ones keep their zeros and return the centre as ``rest``.
        """

    def label(self, j: int) -> str:
        """How messages call column ``j``."""
        return repr(self.names[j]) if self.names else str(j)

    def labels(self) -> Sequence[str]:
        """Names of all columns; ``x0, x1, ...`` where the data have none."""
        return self.names or Numbered(self.shape[1])

    def gram(self, rows: Index, cols: Index, weights: Array, center: Array, scale: Array) -> Array:
        """``Z_rows' diag(weights) Z_cols`` (rows, cols) for Z = (X - center) / scale."""
        left, a = self.comparable(rows, center, scale)
        right, b = (left, a) if rows is cols else self.comparable(cols, center, scale)
        return product(left, a, right, b, weights)

    def kernel(self, cols: Index, center: Array, scale: Array) -> Array:
        """``Z_C Z_C'`` (n, n) for Z = (X - center) / scale."""
        matrix, rest = self.comparable(cols, center, scale)
        raw, along = matrix @ matrix.T, matrix @ rest
        exact = raw.toarray() if hasattr(raw, "toarray") else np.asarray(raw)
        return np.asarray(exact - along[:, None] - along + rest @ rest, dtype=np.float64)

    def comparable(self, cols: Index, center: Array, scale: Array) -> tuple[Any, Array]:
        """`columns` divided by ``scale``, before anything is squared."""
        matrix, rest = self.columns(cols, center)
        unit = 1.0 / scale[cols]
        if isinstance(matrix, np.ndarray):
            return matrix * unit, rest * unit
        matrix.data = matrix.data * np.repeat(unit, np.diff(matrix.indptr))
        return matrix, rest * unit


def product(left: Any, a: Array, right: Any, b: Array, weights: Array) -> Array:
    """``(left - a)' diag(weights) (right - b)`` for dense or CSC matrices."""
    if isinstance(right, np.ndarray):
        weighted = weights[:, None] * right
    else:
        weighted = right.copy()
        weighted.data = weighted.data * weights[weighted.indices]
    raw = left.T @ weighted
    exact = raw.toarray() if hasattr(raw, "toarray") else np.asarray(raw)
    if np.any(a) or np.any(b):
        u, v = left.T @ weights, right.T @ weights
        exact = exact - np.outer(a, v) - np.outer(u, b) + weights.sum() * np.outer(a, b)
    return np.asarray(exact, dtype=np.float64)
