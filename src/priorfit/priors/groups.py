"""Columns that are judged together: lengths of groups, their dual norm and their prox."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from priorfit._typing import Array, Index, Mask

__all__ = ["Groups"]

_MOST = 100  # Newton steps; all iterations below are monotone and stop when nothing changes


@dataclass(frozen=True, eq=False)
class Groups:
    """``sum_g |R_g t_g|_2``, with R diagonal: ``ids`` (p,) and ``rate`` (p,), in units of 1/b.

    Ids count from 0; -1 is a column of no group, whose rate is 0. In what follows ``t`` and ``v``
    are (p,) or (p, k), results for groups (G,) or (G, k).

    Examples
    --------
    >>> pair = Groups(np.array([0, 0, 1]), np.ones(3))
    >>> pair.lengths(np.array([3.0, 4.0, -2.0]))
    array([5., 2.])
    """

    ids: Index
    rate: Array

    @cached_property
    def order(self) -> Index:
        """The columns that are in groups, group by group."""
        inside = np.flatnonzero(self.ids >= 0)
        return inside[np.argsort(self.ids[inside], kind="stable")]

    @cached_property
    def sizes(self) -> Index:
        """Number of columns of each group, (G,)."""
        return np.bincount(self.ids[self.ids >= 0]).astype(np.intp)

    @property
    def inside(self) -> Mask:
        """Mask (p,): in a group."""
        return np.asarray(self.ids >= 0)

    def total(self, values: Array) -> Array:
        """Sums over the members of each group."""
        starts = np.cumsum(self.sizes) - self.sizes
        return np.add.reduceat(values[self.order], starts, axis=0)

    def spread(self, values: Array) -> Array:
        """A value of each group handed to each of its members; 0 for columns of no group."""
        padded = np.concatenate([values, np.zeros((1, *values.shape[1:]))])
        return np.asarray(padded[self.ids])

    def lengths(self, t: Array) -> Array:
        """``|R_g t_g|_2``."""
        return np.asarray(np.sqrt(self.total(np.square((t.T * self.rate).T))))

    def distances(self, v: Array) -> Array:
        """``|v_g|_2``, without rates."""
        return np.asarray(np.sqrt(self.total(v * v)))

    @property
    def radius(self) -> Array:
        """The rate of each group (that of its first member), (G,): in standard units all of a
        group share it."""
        starts = np.cumsum(self.sizes) - self.sizes
        return np.asarray(self.rate[self.order[starts]])

    def slopes(self, t: Array) -> Array:
        """The gradient of the sum of lengths where a group is not 0, else 0; shape of ``t``."""
        length = self.spread(self.lengths(t))
        return np.asarray((t.T * self.rate**2).T / np.where(length > 0, length, 1.0))

    def dual_norms(self, v: Array, l1: Array) -> Array:
        """The smallest s at which ``v_g`` is a slope at 0 of ``s (l1'|t_g| + |R_g t_g|)``.

        The root of ``|R^-1 (|v| - s l1)_+| = s``, by Newton from below: the left side less the
        right is convex and falls. Without l1 it is ``|R^-1 v|``.
        """
        size, edge = np.abs(v[self.order]).T, l1[self.order]
        size, edge = (size / self.rate[self.order]).T, edge / self.rate[self.order]
        of = np.repeat(np.arange(len(self.sizes)), self.sizes)
        starts = np.cumsum(self.sizes) - self.sizes
        s = np.zeros((len(self.sizes), *v.shape[1:]))
        for _ in range(_MOST):
            soft = np.maximum(size - (s[of].T * edge).T, 0.0)
            length = np.sqrt(np.add.reduceat(soft * soft, starts, axis=0))
            fall = np.add.reduceat((soft.T * edge).T, starts, axis=0)
            slope = 1.0 + fall / np.where(length > 0, length, 1.0)
            following = np.maximum(s, s + (length - s) / slope)
            if np.array_equal(following, s):
                break
            s = following
        return s

    def shrink(self, z: Array, step: float) -> Array:
        """``argmin_t |t - z|^2 / 2 + step |R_g t_g|``: 0, or ``z / (1 + step R^2 / length)``.

        The length is the root of ``|R z / (length + step R^2)| = 1``, by Newton on its reciprocal,
        which is a straight line where R is constant (More & Sorensen 1983, section 3).
        """
        strength = step * self.rate**2
        pulled = (z.T * self.rate).T
        bound = np.where(strength > 0, strength, 1.0)
        moved = self.total(np.square((pulled.T / bound).T)) > 1.0
        length = np.zeros(moved.shape)
        for _ in range(_MOST):
            denominator = (self.spread(length).T + bound).T
            part = pulled / denominator
            size = np.sqrt(self.total(part * part))
            slope = self.total(part * part / denominator)
            with np.errstate(divide="ignore", invalid="ignore"):
                grown = length + size * size * (size - 1.0) / slope
            following = np.where(moved & (grown > length), grown, length)
            if np.array_equal(following, length):
                break
            length = following
        reach = self.spread(length).T
        return np.asarray((z.T * np.where(self.inside, reach / (reach + bound), 1.0)).T)
