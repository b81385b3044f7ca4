"""The normal form that every separable prior of this package is lowered to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from priorfit._typing import Array, Mask
from priorfit.priors.concave import Concave
from priorfit.priors.groups import Groups
from priorfit.priors.ranked import Ranked

__all__ = ["NormalForm"]


@dataclass(frozen=True, eq=False)
class NormalForm:
    """``sum_j l1_j |b_j - loc_j| + l2_j/2 (b_j - loc_j)^2`` on the box ``lower <= b <= upper``.

    All five are arrays of shape (p,). ``l1`` is in units of 1/b, ``l2`` of 1/b²; ``l1 = l2 = 0``
    is a flat prior and ``lower = upper`` a fixed coefficient. Laplace, normal, elastic net,
    truncated, non-negative, box and flat priors are all of this form, so one kernel solves them.

    ``groups`` adds ``sum_g |R_g (b_g - loc_g)|_2``. A column of a group has ``l2 = 0`` and no
    bounds: the prox is then exact. ``ranked`` adds ``sum_i rates_i |units (b - loc)|_(i)``, its
    columns without any other term.

    ``concave`` adds a concave function of each ``|b_j - loc_j|``: the form is then not convex, and
    only what says so may work on it. Never together with ``groups``.

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
    groups: Groups | None = None
    concave: Concave | None = None
    ranked: Ranked | None = None

    @property
    def kinked(self) -> Mask:
        """Mask (p,): free, and able to equal ``loc`` exactly."""
        kinked = self.l1 > 0
        if self.groups is not None:
            kinked = kinked | self.groups.inside
        if self.ranked is not None:
            kinked = kinked | self.ranked.inside(len(kinked))
        if self.concave is not None and self.concave.jumps:
            kinked = kinked | (self.concave.size > 0)
        return np.asarray(kinked & ~self.fixed)

    @property
    def flat(self) -> Mask:
        """Mask (p,): neither penalty nor a bound."""
        flat: Mask = (self.l1 == 0) & (self.l2 == 0) & np.isinf(self.lower) & np.isinf(self.upper)
        if self.ranked is not None:
            flat = flat & ~self.ranked.inside(len(flat))
        if self.concave is not None and self.concave.jumps:
            flat = flat & (self.concave.size == 0)
        return flat if self.groups is None else flat & ~self.groups.inside

    @property
    def fixed(self) -> Mask:
        """Mask (p,): the coefficient may take one value only."""
        return np.asarray(self.lower == self.upper)

    def ungrouped(self) -> NormalForm:
        """Without the groups and the ranks; their members without any penalty."""
        outside = 1.0 if self.groups is None else 1.0 - self.groups.inside
        return NormalForm(self.l1 * outside, self.l2, self.loc, self.lower, self.upper)

    def value(self, b: Array) -> Array:
        """The penalty of each coefficient, shape of ``b``; infinite outside the box.

        The members of a group carry equal shares of its penalty.
        """
        t = b - self.loc
        inside = (self.lower <= b) & (b <= self.upper)
        value = self.at(1.0).value(np.abs(t))
        if self.groups is not None:
            value = value + self.groups.spread((self.groups.lengths(t.T).T / self.groups.sizes).T).T
        if self.ranked is not None:
            value = value + self.ranked.each(t.T).T
        return np.where(inside, value, np.inf)

    def total(self, t: Array) -> Array:
        """The penalty of distances ``t`` from loc: (p,) to one number, (p, k) to (k,)."""
        if self.concave is None:
            value = self.l1 @ np.abs(t) + 0.5 * (self.l2 @ (t * t))
        else:
            value = self.at(1.0).value(np.abs(t).T).T.sum(axis=0)
        if self.ranked is not None:
            value = value + self.ranked.total(t)
        return value if self.groups is None else value + self.groups.lengths(t).sum(axis=0)

    def at(self, strength: float) -> AtStrength:
        """The penalty times ``strength``, column by column."""
        size = None if self.concave is None else self.concave.at(strength)
        return AtStrength(self, self.l1 * strength, self.l2 * strength, size)

    def radius(self, t: Array) -> Array:
        """The radius through distances ``t`` from loc, (p,) to a number, (p, k) to (k,).

        ``total(t)`` in units of the largest rate where there is an l1 or group term: the l1 norm,
        the sum of lengths, ``|t|_1 + (l2 / 2 l1) |t|^2``; else the l2 norm, each column counting by
        its rate over the largest. A prior times any strength has the same radius.
        """
        if self._kinks:
            return np.asarray(self.total(t) / self._largest)
        share = self.l2 / self._largest if np.any(self.l2 > 0) else np.ones_like(self.l2)
        return np.asarray(np.sqrt(share @ (t * t)))

    def level(self, radius: float) -> float:
        """``total(t)`` on the ball's surface, where ``radius(t)`` is ``radius``."""
        return self._largest * (radius if self._kinks else 0.5 * radius * radius)

    def slope(self, radius: float | Array) -> float | Array:
        """The derivative of `level`: what the multiplier is times, to be a price of the radius."""
        return self._largest * (np.ones_like(radius) if self._kinks else radius)

    @property
    def radius_unit(self) -> float:
        """A norm in units of each column's own rate over `radius`: r, or the root of the l2 one."""
        return self._largest if self._kinks else float(np.sqrt(self._largest))

    @property
    def _kinks(self) -> bool:
        coupled = self.groups is not None or self.ranked is not None
        return coupled or bool(np.any(self.l1 > 0))

    @property
    def _largest(self) -> float:
        if not self._kinks:
            return float(self.l2.max(initial=0.0))
        most = 0.0 if self.groups is None else float(self.groups.rate.max())
        most = most if self.ranked is None else max(most, self.ranked.largest)
        return max(float(self.l1.max()), most)

    def prox(self, z: Array, step: float = 1.0) -> Array:
        """``argmin_b |b - z|^2 / 2 + step * sum value(b)``.

        Soft-threshold by ``step l1``, shrink by ``1 + step l2``, clip to the box (the order is
        exact because each coordinate's objective is convex in one variable); in a group
        soft-threshold, then shrink the length (exact because that changes no sign: Yu 2013).
        With a concave part the best of all stationary points, see `AtStrength.minimum`.
        """
        if self.concave is not None:
            at = self.at(step)
            return at.minimum(np.asarray(z, dtype=np.float64), np.ones_like(self.l1))
        t = np.asarray(z, dtype=np.float64) - self.loc
        shrunk = np.sign(t) * np.maximum(np.abs(t) - step * self.l1, 0.0) / (1.0 + step * self.l2)
        if self.groups is not None:
            shrunk = self.groups.shrink(shrunk.T, step).T
        if self.ranked is not None:
            shrunk = self.ranked.shrink(shrunk.T, step).T
        clipped: Array = np.clip(self.loc + shrunk, self.lower, self.upper)
        return clipped


@dataclass(frozen=True, eq=False)
class AtStrength:
    """A form without groups at one strength: ``l1``, ``l2`` and the size of the concave part, (p,).

    Methods take t = |b - loc| of shape (..., p).
    """

    form: NormalForm
    l1: Array
    l2: Array
    size: Array | None

    def value(self, t: Array) -> Array:
        """The penalty of each coordinate."""
        if self.form.concave is None or self.size is None:
            return self.l1 * t + 0.5 * self.l2 * t * t
        return self.form.concave.shape.value(t, self.l1, self.l2, self.size)

    def slope(self, t: Array) -> Array:
        """Its derivative, at 0 the one from above (infinite for a jump is said elsewhere)."""
        if self.form.concave is None or self.size is None:
            return self.l1 + self.l2 * t
        return self.form.concave.shape.slope(t, self.l1, self.l2, self.size)

    def bend(self, t: Array) -> Array:
        """Its second derivative for t > 0."""
        if self.form.concave is None or self.size is None:
            return self.l2 + np.zeros_like(t)
        return self.form.concave.shape.bend(t, self.l1, self.l2, self.size)

    def minimum(self, z: Array, h: Array) -> Array:
        """``argmin_b h/2 (b - z)^2 + penalty(b)`` of each coordinate, over its box; h > 0.

        The best of loc, the bounds and every stationary point: the global minimum, also where the
        scalar problem has several. Of equal ones the point nearest to loc.
        """
        form, d = self.form, z - self.form.loc
        low, high = form.lower - form.loc, form.upper - form.loc
        sign = np.where(d < 0, -1.0, 1.0)
        inside = [np.zeros_like(d), low + np.zeros_like(d), high + np.zeros_like(d)]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            places = [sign * t for t in self._stationary(np.abs(d), h)]
            best, least = np.clip(inside[0], low, high), np.inf + np.zeros_like(d)
            for t in [*inside, *places]:
                allowed = (low <= t) & (t <= high)
                cost = 0.5 * h * t * (t - 2.0 * d) + self.value(np.abs(t))
                better = allowed & ((cost < least) | ((cost == least) & (np.abs(t) < np.abs(best))))
                best, least = np.where(better, t, best), np.where(better, cost, least)
        return np.asarray(form.loc + best)

    def _stationary(self, d: Array, h: Array) -> list[Array]:
        if self.form.concave is None or self.size is None:
            return [(h * d - self.l1) / (h + self.l2)]
        shape = self.form.concave.shape
        return shape.stationary(d, h, self.l1, self.l2, self.size)
