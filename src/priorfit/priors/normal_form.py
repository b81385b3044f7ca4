"""The normal form that every separable prior of this package is lowered to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from priorfit._typing import Array, Mask

__all__ = ["NormalForm"]


@dataclass(frozen=True, eq=False)
class NormalForm:
    """``sum_j l1_j |b_j - loc_j| + l2_j/2 (b_j - loc_j)^2`` on the box ``lower <= b <= upper``.

    All five are arrays of shape (p,). ``l1`` is in units of 1/b, ``l2`` of 1/b²; ``l1 = l2 = 0``
    is a flat prior and ``lower = upper`` a fixed coefficient. Laplace, normal, elastic net,
    truncated, non-negative, box and flat priors are all of this form, so one kernel solves them.

    Examples
    --------
    >>> import priorfit as pf
    >>> pf.Laplace(scale=0.5).lower(2).l1
    array([2., 2.])
    """

    l1: Array
    l2: Array
    loc: Array
    lower: Array
    upper: Array

    @property
    def flat(self) -> Mask:
        """Mask (p,): neither penalty nor a bound."""
        flat: Mask = (self.l1 == 0) & (self.l2 == 0) & np.isinf(self.lower) & np.isinf(self.upper)
        return flat

    @property
    def fixed(self) -> Mask:
        """Mask (p,): the coefficient may take one value only."""
        return np.asarray(self.lower == self.upper)

    def value(self, b: Array) -> Array:
        """The penalty of each coefficient, shape of ``b``; infinite outside the box."""
        t = b - self.loc
        inside = (self.lower <= b) & (b <= self.upper)
        return np.where(inside, self.l1 * np.abs(t) + 0.5 * self.l2 * t * t, np.inf)

    def prox(self, z: Array, step: float | Array = 1.0) -> Array:
        """``argmin_b (b - z)^2 / 2 + step * value(b)``, elementwise.

        Soft-threshold by ``step l1``, shrink by ``1 + step l2``, clip to the box (the order is
        exact because each coordinate's objective is convex in one variable).
        """
        t = np.asarray(z, dtype=np.float64) - self.loc
        shrunk = np.sign(t) * np.maximum(np.abs(t) - step * self.l1, 0.0) / (1.0 + step * self.l2)
        clipped: Array = np.clip(self.loc + shrunk, self.lower, self.upper)
        return clipped
