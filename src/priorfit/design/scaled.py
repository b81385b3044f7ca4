"""Centring and scaling as a view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from priorfit._typing import Array, Index
from priorfit.design.base import Design
from priorfit.design.dense import Dense

__all__ = ["Scaled", "standardized"]


@dataclass(frozen=True, eq=False)
class Scaled(Design):
    """``[1, (X - center) / scale]``, the leading column of ones only where ``intercept``.

    Nothing is copied: both are applied to the vectors that go in and come out.
    """

    base: Design
    center: Array
    scale: Array
    intercept: bool = False
    names: tuple[str, ...] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        n, p = self.base.shape
        return n, p + int(self.intercept)

    def matvec(self, b: Array) -> Array:
        slopes = b[int(self.intercept) :]
        scaled = (slopes.T / self.scale).T
        shift = self.center @ scaled
        return self.base.matvec(scaled) + ((b[0] - shift) if self.intercept else -shift)

    def rmatvec(self, r: Array) -> Array:
        total = r.sum(axis=0)
        raw = self.base.rmatvec(r)
        slopes = ((raw - np.multiply.outer(self.center, total)).T / self.scale).T
        return np.concatenate([total[None], slopes]) if self.intercept else slopes

    def take_rows(self, rows: Index | slice) -> Scaled:
        return Scaled(
            self.base.take_rows(rows), self.center, self.scale, self.intercept, self.names
        )

    def moments(self, weights: Array) -> tuple[Array, Array]:
        mean, sd = self.base.moments(weights)
        mean, sd = (mean - self.center) / self.scale, sd / self.scale
        ones = np.ones(int(self.intercept))
        return np.concatenate([ones, mean]), np.concatenate([0 * ones, sd])

    def columns(self, cols: Index, center: Array) -> tuple[Array, Array]:
        """Dense, for a few columns only; of a dense base without a product."""
        if isinstance(self.base, Dense):
            out = self._picked(np.asarray(cols))
            return np.subtract(out, center[cols], out=out), np.zeros(len(cols))
        unit = np.zeros((self.shape[1], len(cols)))
        unit[cols, np.arange(len(cols))] = 1.0
        return self.matvec(unit) - center[cols], np.zeros(len(cols))

    def _picked(self, cols: Index) -> Array:
        """Some columns of a dense base, the ones among them."""
        first, inner = int(self.intercept), cols >= int(self.intercept)
        slopes = self.base.comparable(cols[inner] - first, self.center, self.scale)[0]
        if np.all(inner):
            return np.asarray(slopes)
        out = np.ones((self.shape[0], len(cols)), order="F")
        out[:, inner] = slopes
        return out

    def dense(self) -> Array | None:
        """All columns as one array (n, m) in Fortran order; None for a sparse base."""
        n, p = self.base.shape
        cols = np.arange(p)
        slopes = self.base.comparable(cols, self.center, self.scale)[0]
        if not isinstance(slopes, np.ndarray):
            return None
        out = np.ones((n, self.shape[1]), order="F")
        out[:, int(self.intercept) :] = slopes
        return out

    def gram(
        self,
        rows: Index,
        cols: Index,
        weights: Array,
        center: Array | None = None,  # noqa: ARG002
        scale: Array | None = None,  # noqa: ARG002
    ) -> Array:
        """``Z_rows' diag(weights) Z_cols``; the view has been centred and scaled already."""
        if not self.intercept:
            return self._slopes(rows, cols, weights)
        left = np.asarray(rows) - 1
        right = left if rows is cols else np.asarray(cols) - 1
        out = np.empty((len(left), len(right)))
        a, b = left >= 0, right >= 0
        if np.all(a) and np.all(b):
            return self._slopes(left, right, weights)
        inner = left[a]
        if np.any(a) and np.any(b):
            out[np.ix_(a, b)] = self._slopes(inner, inner if rows is cols else right[b], weights)
        sums = self.rmatvec(weights)
        out[~a] = sums[right + 1]
        out[:, ~b] = sums[left + 1][:, None]
        return out

    def normal_equations(self, weights: Array, y: Array) -> tuple[Array, Array] | None:
        """``Z' W Z`` (m, m) and ``Z' W y`` (m,) from one look at a dense base, else None."""
        tame = np.all((self.scale > 1e-60) & (self.scale < 1e60))
        if not (isinstance(self.base, Dense) and self.intercept and tame):
            return None
        slopes, sums, products = self.base.normal_equations(weights, y, self.center, self.scale)
        out = np.empty((self.shape[1], self.shape[1]))
        out[1:, 1:] = slopes
        out[0, 0], out[0, 1:], out[1:, 0] = weights.sum(), sums, sums
        return out, np.append(weights @ y, products)

    def kernel(
        self,
        cols: Index,
        center: Array | None = None,  # noqa: ARG002
        scale: Array | None = None,
    ) -> Array:
        """``Z_C Z_C'``, the slopes among ``cols`` divided by ``scale`` (m,)."""
        slopes = np.asarray(cols) - int(self.intercept)
        unit = self.scale if scale is None else self.scale * scale[int(self.intercept) :]
        return self.base.kernel(slopes, self.center, unit)

    def _slopes(self, rows: Index, cols: Index, weights: Array) -> Array:
        return self.base.gram(rows, cols, weights, self.center, self.scale)


def standardized(design: Design, weights: Array | None = None) -> Scaled:
    """Each column minus its mean, over its standard deviation (constant columns: over 1).

    Examples
    --------
    >>> import numpy as np
    >>> from priorfit.design import as_design
    >>> view = standardized(as_design(np.array([[1.0], [3.0]])))
    >>> view.matvec(np.array([1.0]))
    array([-1.,  1.])
    """
    mean, sd = design.moments(np.ones(design.shape[0]) if weights is None else weights)
    return Scaled(design, mean, np.where(sd > 0, sd, 1.0), names=design.names)
