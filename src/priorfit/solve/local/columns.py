"""The columns that an engine works on."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.design import Dense
from priorfit.solve.standard import Standard

__all__ = ["Columns"]


class Columns:
    """Working columns in the order in which they came; dense ones are kept, centred and scaled."""

    def __init__(self, standard: Standard) -> None:
        self.standard = standard
        self.dense = isinstance(standard.Z.base, Dense)
        self.chosen: Index = np.empty(0, dtype=np.intp)
        self.inside: Mask = np.zeros(standard.size, dtype=bool)
        self._values = np.empty((standard.Z.shape[0], 0), order="F")
        self._gram = np.empty((0, 0))

    def add(self, wanted: Mask) -> bool:
        """Take in what is wanted and not yet in; whether there was any."""
        fresh = np.flatnonzero(wanted & ~self.inside)
        if not len(fresh):
            return False
        self.inside[fresh] = True
        if self.dense:
            self._keep(fresh)
        self.chosen = np.concatenate([self.chosen, fresh])
        return True

    def _keep(self, fresh: Index) -> None:
        m, k = len(self.chosen), len(fresh)
        if m + k > self._values.shape[1]:
            grown = np.empty((len(self._values), min(self.standard.size, 2 * (m + k))), order="F")
            grown[:, :m] = self._values[:, :m]
            self._values = grown
        self._values[:, m : m + k] = self.standard.Z.columns(fresh, np.zeros(self.standard.size))[0]

    @property
    def values(self) -> Array:
        return self._values[:, : len(self.chosen)]

    @property
    def gram(self) -> Array:
        """Z'WZ of the working columns; only what is new is computed."""
        m, known, w = len(self.chosen), len(self._gram), self.standard.weights
        if m > known:
            gram = np.empty((m, m))
            gram[:known, :known] = self._gram
            if self.dense:
                cross = self.values.T @ (w[:, None] * self._values[:, known:m])
            else:
                cross = self.standard.Z.gram(self.chosen, self.chosen[known:], w)
            gram[:, known:], gram[known:, :known] = cross, cross[:known].T
            self._gram = gram
        return self._gram

    def curved(self, h: Array, places: Index) -> Array:
        """Z'HZ of the working columns at ``places`` for curvatures ``h`` (n,)."""
        if self.dense:
            Z = self.matrix(places)
            return np.asarray(Z.T @ (h[:, None] * Z))
        cols = self.chosen[places]
        return self.standard.Z.gram(cols, cols, h)

    def matrix(self, places: Index) -> Array:
        """The working columns at ``places``, dense."""
        if self.dense:
            return self.values if len(places) == len(self.chosen) else self.values[:, places]
        return self.standard.Z.columns(self.chosen[places], np.zeros(self.standard.size))[0]

    def eta(self, g: Array) -> Array:
        """The linear predictor of a solution (m,); what is not working must be at its start."""
        standard = self.standard
        rest = np.where(self.inside, 0.0, g)
        if not self.dense or np.any(rest):
            return standard.eta(g)
        return standard.offset + self.values @ g[self.chosen]
