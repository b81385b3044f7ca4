"""Working columns, copied, and their Gram matrix under weights of the rows."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.solve.standard import Standard

__all__ = ["WeightedGram"]

_DRIFT = 0.02  # of all weights: a matrix serves until they have moved this far


class WeightedGram:
    """``Z'hZ`` of the working columns Z (n, m), made anew only where h has changed.

    Columns stand in the order in which they came, so that new ones are appended to both.
    """

    def __init__(self, standard: Standard) -> None:
        self.standard = standard
        self.columns: Index = np.empty(0, dtype=np.intp)
        self.h: Array | None = None
        self._dense = np.empty((standard.Z.shape[0], 0), order="F")
        self._gram = np.empty((0, 0))

    @property
    def dense(self) -> Array:
        """The columns (n, m)."""
        return self._dense[:, : len(self.columns)]

    def hold(self, wanted: Mask) -> None:
        """Exactly the columns ``wanted`` of all."""
        stay = wanted[self.columns]
        if not np.all(stay):
            at = np.flatnonzero(stay)
            self.columns, self._dense = self.columns[at], np.asfortranarray(self._dense[:, at])
            self._gram = self._gram[np.ix_(at, at)]
        missing = wanted.copy()
        missing[self.columns] = False
        if np.any(missing):
            self._append(np.flatnonzero(missing))

    def _append(self, fresh: Index) -> None:
        m, k = len(self.columns), len(fresh)
        if m + k > self._dense.shape[1]:
            self._grow(m, m + k + (m + k) // 4)
        self._dense[:, m : m + k] = self.standard.Z.columns(fresh, np.zeros(self.standard.size))[0]
        self.columns = np.concatenate([self.columns, fresh])
        if self.h is not None:
            rows = (self.h[:, None] * self._dense[:, m : m + k]).T @ self.dense
            self._gram[m : m + k, : m + k], self._gram[:m, m : m + k] = rows, rows[:, :m].T

    def _grow(self, m: int, room: int) -> None:
        dense, gram = np.empty((len(self._dense), room), order="F"), np.empty((room, room))
        dense[:, :m], gram[:m, :m] = self._dense[:, :m], self._gram[:m, :m]
        self._dense, self._gram = dense, gram

    def under(self, h: Array) -> tuple[Array, Array]:
        """The matrix (m, m) under h (n,) > 0 or under weights near it, and these weights."""
        m = len(self.columns)
        if self.h is None or np.abs(h - self.h).sum() > _DRIFT * h.sum():
            root = np.sqrt(h)[:, None] * self.dense
            self._gram[:m, :m] = root.T @ root
            self.h = h
        return self._gram[:m, :m], self.h
