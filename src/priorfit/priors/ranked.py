"""Weights that are penalised by their rank: the sorted l1 norm, its dual norm and its prox."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import isotonic_regression

from priorfit._errors import InputError
from priorfit._typing import Array, Index, Mask

__all__ = ["Ranked", "prox_sorted"]


def prox_sorted(z: Array, rates: Array) -> Array:
    """``argmin_b |b - z|^2 / 2 + sum_i rates_i |b|_(i)``, (d,): equal sizes are exactly equal.

    Sizes less their rates, made non-increasing by pooling neighbours, those below 0 set to 0.
    Source: Bogdan et al., SLOPE (2015), algorithms 3 and 4.
    """
    order = np.argsort(-np.abs(z), kind="stable")
    sizes = isotonic_regression(np.abs(z[order]) - rates, increasing=False).x
    out = np.empty_like(z)
    out[order] = np.maximum(sizes, 0.0) * np.sign(z[order])
    return out


def _steepest(rest: Array, level: Array) -> float:
    """Of runs of equal ``level``: the largest mean of a run's first members, or of its last ones
    with the sign turned; 0 where none is above 0."""
    place = np.arange(len(rest) + 1)
    first = np.concatenate([[0], np.flatnonzero(level[1:] != level[:-1]) + 1, [len(rest)]])
    counts = first[1:] - first[:-1]
    sums = np.concatenate([[0.0], np.cumsum(rest)])
    begin, end = np.repeat(first[:-1], counts), np.repeat(first[1:], counts)
    up = (sums[1:] - sums[begin]) / (place[1:] - begin)
    down = (sums[:-1] - sums[end]) / (end - place[:-1])
    return float(max(np.max(up, initial=0.0), np.max(down, initial=0.0)))


@dataclass(frozen=True, eq=False)
class Ranked:
    """``sum_i rates_i |u|_(i)``, u = units * t, where |u|_(1) >= |u|_(2) >= ... of ``columns``.

    ``columns`` (d,) are numbers of columns, ``units`` (d,) in 1/b, ``rates`` (d,) falling. In what
    follows t and v are (p,) or (p, k).

    Examples
    --------
    >>> Ranked(np.array([0, 1]), np.ones(2), np.array([2.0, 1.0])).total(np.array([1.0, -3.0]))
    np.float64(7.0)
    """

    columns: Index
    units: Array
    rates: Array

    def inside(self, p: int) -> Mask:
        """Mask (p,): which columns are ranked."""
        mask = np.zeros(p, dtype=bool)
        mask[self.columns] = True
        return mask

    @cached_property
    def sums(self) -> Array:
        """``rates_1 + ... + rates_i``, (d,)."""
        return np.cumsum(self.rates)

    @property
    def largest(self) -> float:
        """The rate of a single weight: the largest rate in the largest unit."""
        return float(self.rates[0] * self.units.max())

    def sizes(self, t: Array) -> Array:
        """``units |t|`` of the ranked columns, (d,) or (d, k)."""
        return np.asarray((np.abs(t[self.columns]).T * self.units).T)

    def total(self, t: Array) -> Array:
        """The penalty, a number or (k,)."""
        return np.asarray(self.rates @ -np.sort(-self.sizes(t), axis=0))[()]

    def slopes(self, t: Array) -> Array:
        """A gradient of `total` at t (p,): each weight's unit times the rate of its rank."""
        place = np.empty(len(self.columns), dtype=np.intp)
        place[np.argsort(-self.sizes(t), kind="stable")] = np.arange(len(place))
        out = np.zeros_like(t)
        out[self.columns] = np.sign(t[self.columns]) * self.units * self.rates[place]
        return out

    def each(self, t: Array) -> Array:
        """What each column adds to it, shape of t; equal sizes share their rates equally."""
        out = np.zeros(t.shape)
        for row, filled in zip(np.atleast_2d(t.T), np.atleast_2d(out.T), strict=True):
            sizes = self.sizes(row)
            _, level, count = np.unique(-sizes, return_inverse=True, return_counts=True)
            shares = np.bincount(np.repeat(np.arange(len(count)), count), self.rates) / count
            filled[self.columns] = shares[level] * sizes
        return out

    def pulls(self, v: Array) -> Array:
        """``|v| / units`` of the ranked columns, falling, (d,) or (d, k)."""
        return -np.sort(-(np.abs(v[self.columns]).T / self.units).T, axis=0)

    def dual_norm(self, v: Array) -> Array:
        """The smallest s with ``sup_t v't - s total(t) = 0``: ``max_i sum_i |v|_(i) / sums_i``."""
        sums = np.cumsum(self.pulls(v), axis=0)
        return np.asarray((sums.T / self.sums).max(axis=-1))

    def beyond(self, v: Array, strengths: Array) -> Array:
        """``max_t v't - s total(t)`` over ``units |t| <= 1``, (k,) >= 0."""
        excess = np.cumsum(self.pulls(v), axis=0) - np.outer(self.sums, strengths)
        return np.asarray(np.maximum(excess.max(axis=0), 0.0))

    def violation(self, t: Array, v: Array, strength: float) -> float:
        """How fast ``s total(t) - v't`` falls per unit of l1 length, in the best direction that
        moves the largest or the smallest pulls of one cluster of equal sizes; (p,) to >= 0."""
        sizes, pull = self.sizes(t), v[self.columns] / self.units
        moved, rates = np.flatnonzero(sizes), strength * self.rates
        zeros = np.sort(np.abs(pull[sizes == 0]))[::-1] - rates[len(moved) :]
        worst = np.max(np.cumsum(zeros) / np.arange(1, len(zeros) + 1), initial=0.0)
        if len(moved):
            sizes, pull = sizes[moved], (np.sign(t[self.columns]) * pull)[moved]
            order = np.lexsort((-pull, -sizes))
            inner = _steepest(pull[order] - rates[: len(moved)], sizes[order])
            worst = np.maximum(worst, inner)
        return float(worst) * float(self.units.max())

    def violations(self, t: Array, v: Array, strengths: Array) -> Array:
        """`violation` of solutions (p, k), at their strengths (k,)."""
        each = [self.violation(t[:, k], v[:, k], float(s)) for k, s in enumerate(strengths)]
        return np.array(each)

    def shrink(self, t: Array, step: float) -> Array:
        """The prox of ``step * total`` at t, shape of t; raises `InputError` for unequal units."""
        if np.ptp(self.units) > 1e-12 * self.units.max():
            raise InputError(
                "the prox of a sorted penalty needs one scale for all columns",
                "one per column",
                "Divide the columns by their scales first.",
            )
        out, unit = np.array(t), float(self.units[0])
        for filled in np.atleast_2d(out.T):
            filled[self.columns] = prox_sorted(filled[self.columns], step * unit * self.rates)
        return out

    def clusters(self, t: Array) -> int:
        """The number of different sizes that are not 0."""
        sizes = np.unique(self.sizes(t))
        return int(np.count_nonzero(sizes))

    def within(self, kept: Mask) -> Ranked | None:
        """Of some columns only, renumbered: the others are at loc, and rank last."""
        stay = kept[self.columns]
        if not np.any(stay):
            return None
        number = np.cumsum(kept) - 1
        return Ranked(number[self.columns[stay]], self.units[stay], self.rates[: int(np.sum(stay))])

    def without(self, held: Mask) -> Ranked | None:
        """Columns that do not move leave, and the smallest rates with them."""
        stay = ~held[self.columns]
        if not np.any(stay):
            return None
        return Ranked(self.columns[stay], self.units[stay], self.rates[: int(np.sum(stay))])

    def shifted(self, by: int) -> Ranked:
        """Column numbers raised by ``by``."""
        return replace(self, columns=self.columns + by)
