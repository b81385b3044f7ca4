"""Who is at risk when somebody has an event, and means over those at risk.

A *risk set* holds the rows with ``entry < t <= time`` of one stratum, t the time of an event.
All that Cox regression needs are softmax means over risk sets: weights ``w exp(eta) / S_t``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from scipy import sparse

from priorfit._typing import Array, Index, Mask
from priorfit.likelihoods.coupled import TakeRows

__all__ = ["Events", "Means", "Places", "RiskSets", "events_of", "places_of", "risk_sets"]

_FEW_STRATA = 50
_BLOCK = 1 << 17  # numbers of Z that are summed together: they stay in cache
_SAFE = 500.0  # exp(500) and its inverse are far inside float64


class Events(NamedTuple):
    """Events in order of (stratum, time), tied ones side by side.

    ``row`` (d,) which row of the data each is; ``first`` (G + 1,) where each group of tied events
    begins; ``time``, ``stratum`` (G,) of the groups; ``weight`` (G,) their summed weights.
    """

    row: Index
    first: Index
    time: Array
    stratum: Array
    weight: Array

    @property
    def group(self) -> Index:
        """The group of each event, (d,)."""
        return np.repeat(np.arange(len(self.time)), np.diff(self.first))


def events_of(y: Array, weights: Array) -> Events:
    """The events among rows ``y`` (n, 4) of entry, time, event, stratum."""
    died = np.flatnonzero((y[:, 2] > 0) & (weights > 0))
    row = died[np.lexsort((y[died, 1], y[died, 3]))]
    time, stratum = y[row, 1], y[row, 3]
    new = np.ones(len(row), dtype=bool)
    new[1:] = (np.diff(time) != 0) | (np.diff(stratum) != 0)
    first = np.flatnonzero(new)
    weight = np.add.reduceat(weights[row], first)
    return Events(row, np.append(first, len(row)), time[first], stratum[first], weight)


class Means(NamedTuple):
    """Softmax means at one eta: ``log_size`` (G,) = log S, and the matrix of means in two factors.

    ``of(Z)`` (n, k) -> (G, k); ``back(a)`` is its transpose, (G,) -> (n,).
    """

    log_size: Array
    right: sparse.csr_array
    left: sparse.csr_array | None

    def of(self, Z: Array) -> Array:
        inner = self.right @ Z
        return np.asarray(inner if self.left is None else self.left @ inner)

    def back(self, a: Array) -> Array:
        inner = a if self.left is None else self.left.T @ a
        return np.asarray(self.right.T @ inner)


class RiskSets(Protocol):
    """Risk sets of all groups of events, ready for any ``x = log w + eta`` (n,)."""

    def log_sizes(self, x: Array) -> Array:
        """``log sum_{j at risk} exp(x_j)``, (G,)."""

    def back(self, x: Array, log_size: Array, a: Array) -> Array:
        """``exp(x_j) sum_t a_t / S_t`` over the risk sets that hold j, (n,)."""

    def means(
        self, x: Array, log_size: Array, take: TakeRows, width: int
    ) -> Iterator[tuple[slice, Array]]:
        """Softmax means of Z (n, width) over some risk sets after others: (groups, (g, width))."""

    def squares(self, x: Array, log_size: Array, a: Array) -> Array:
        """``exp(2 x_j) sum_t a_t / S_t^2``, (n,)."""


def risk_sets(y: Array, events: Events) -> RiskSets:
    """The fitting kind: running sums where risk sets are nested, else a tree over the events."""
    low, high = _spans(y, events)
    nested = np.all(np.isneginf(y[:, 0])) and len(np.unique(events.stratum)) <= _FEW_STRATA
    return _Nested(low, high, events) if nested else _Tree(low, high, len(events.time))


class Places(NamedTuple):
    """The rows of nested risk sets, those that leave last first, one stratum after the other.

    ``row`` (m,); ``fresh`` (m,) whether a stratum begins there; ``last`` (G,) the place where the
    risk set of each group of events ends: it holds all from the stratum's first place on.
    """

    row: Index
    fresh: Mask
    last: Index


def places_of(y: Array, events: Events) -> Places | None:
    """None where a row comes under observation after an event of its stratum: not nested then."""
    low, high = _spans(y, events)
    row = np.flatnonzero(low < high)
    if np.any(low[row] != np.searchsorted(events.stratum, y[row, 3], side="left")):
        return None
    row = row[np.lexsort((-high[row], y[row, 3]))]
    last = np.empty(len(events.time), dtype=np.intp)
    last[high[row] - 1] = np.arange(len(row))  # of several the last counts
    return Places(row, np.diff(y[row, 3], prepend=np.nan) != 0, last)


def _spans(y: Array, events: Events) -> tuple[Index, Index]:
    """The groups of events ``low <= t < high`` at which each row is at risk."""
    low, high = np.zeros((2, len(y)), dtype=np.intp)
    strata = np.unique(events.stratum)
    ends = np.searchsorted(events.stratum, strata, side="right")
    begins = np.searchsorted(events.stratum, strata, side="left")
    order = np.argsort(y[:, 3], kind="stable")
    sorted_strata = y[order, 3]
    for stratum, begin, end in zip(strata, begins, ends, strict=True):
        a, b = np.searchsorted(sorted_strata, [stratum, np.nextafter(stratum, np.inf)])
        rows, times = order[a:b], events.time[begin:end]
        low[rows] = begin + np.searchsorted(times, y[rows, 0], side="right")
        high[rows] = begin + np.searchsorted(times, y[rows, 1], side="right")
    return low, np.maximum(low, high)


class _Nested:
    """No late entry: the risk set at t is that of the next event, and the rows in between.

    Running sums from the last event backwards, each stratum scaled by its largest term; they are
    sums of positive numbers, so no digits cancel. Beyond the range of exp the tree takes over.
    """

    def __init__(self, low: Index, high: Index, events: Events) -> None:
        self.spans = low, high
        self.count = len(events.time)
        high = np.where(low < high, high, 0)
        bounds = np.flatnonzero(np.diff(events.stratum, prepend=np.nan, append=np.nan))
        self.parts = []
        for a, b in pairwise(bounds):
            rows = np.flatnonzero((high > a) & (high <= b))
            rows = rows[np.argsort(-high[rows], kind="stable")]
            last = np.searchsorted(-high[rows], -(np.arange(a, b) + 1), side="right") - 1
            self.parts.append((slice(a, b), rows, last, high[rows] - 1))

    @cached_property
    def tree(self) -> _Tree:
        """The same sums in any range; larger than all else here, and hardly ever asked for."""
        return _Tree(*self.spans, self.count)

    def _scaled(self, x: Array, rows: Index) -> tuple[Array, float] | None:
        inside = x[rows]
        top = float(inside.max())
        if not top - float(inside.min()) <= _SAFE:
            return None
        return np.exp(inside - top), top

    def log_sizes(self, x: Array) -> Array:
        out = np.empty(self.count)
        for groups, rows, last, _ in self.parts:
            scaled = self._scaled(x, rows)
            if scaled is None:
                return self.tree.log_sizes(x)
            out[groups] = np.log(np.cumsum(scaled[0])[last]) + scaled[1]
        return out

    def back(self, x: Array, log_size: Array, a: Array) -> Array:
        return self._hazard(x, log_size, a, 1.0)

    def squares(self, x: Array, log_size: Array, a: Array) -> Array:
        return self._hazard(x, log_size, a, 2.0)

    def _hazard(self, x: Array, log_size: Array, a: Array, power: float) -> Array:
        out = np.zeros(len(x))
        for groups, rows, _, at in self.parts:
            scaled = self._scaled(x, rows)
            if scaled is None or power * np.ptp(x[rows]) > _SAFE:
                return self.tree._hazard(x, log_size, a, power)
            rates = a[groups] * np.exp(-power * (log_size[groups] - scaled[1]))
            out[rows] = scaled[0] ** power * np.cumsum(rates)[at - groups.start]
        return out

    def means(
        self, x: Array, log_size: Array, take: TakeRows, width: int
    ) -> Iterator[tuple[slice, Array]]:
        scaled = [self._scaled(x, rows) for _, rows, _, _ in self.parts]
        if None in scaled:
            yield from self.tree.means(x, log_size, take, width)
            return
        for (groups, rows, last, _), part in zip(self.parts, scaled, strict=True):
            assert part is not None
            share = np.exp(part[1] - log_size[groups])[:, None]
            for where, sums in _running(rows, part[0][:, None], last, take, width):
                at = slice(groups.start + where.start, groups.start + where.stop)
                yield at, sums * share[where]


def _running(
    rows: Index, shares: Array, last: Index, take: TakeRows, width: int
) -> Iterator[tuple[slice, Array]]:
    """Running sums of ``shares`` (m, 1) times rows of Z, where each group's ``last`` row is, by
    blocks of rows; ``last`` falls from group to group."""
    step, before, falling = max(256, _BLOCK // max(width, 1)), np.zeros(width), -last
    for start in range(0, len(rows), step):
        stop = min(start + step, len(rows))
        sums = np.cumsum((take(rows[start:stop]) * shares[start:stop]).T, axis=1).T
        sums += before
        before = sums[-1].copy()
        begin, end = np.searchsorted(falling, [-stop, -start], side="right")
        yield slice(begin, end), sums[last[begin:end] - start]


class _Tree:
    """Any spans: each is cut into at most 2 log2(G) nodes of a binary tree over the events.

    A risk set is the union of the nodes above its event, so that sums are of positive numbers and
    nothing is subtracted when a row leaves: O(n log G), without cancellation or overflow.
    """

    def __init__(self, low: Index, high: Index, count: int) -> None:
        self.n, self.count = len(low), count
        self.size = 1 << max(count - 1, 0).bit_length()
        node, row = self._cut(low, high)
        order = np.argsort(node, kind="stable")
        self.node, self.row = node[order], row[order]
        self.start = np.flatnonzero(np.diff(self.node, prepend=-1))
        self.used = self.node[self.start]
        self.place = np.repeat(np.arange(len(self.used)), np.diff(np.append(self.start, len(node))))
        self.event, self.above = self._ancestors()
        self.begin = np.searchsorted(self.event, np.arange(count))

    def _cut(self, low: Index, high: Index) -> tuple[Index, Index]:
        row = np.flatnonzero(low < high)
        a, b = low[row] + self.size, high[row] + self.size
        nodes, rows = [], []
        while len(row):
            left, right = (a & 1) == 1, (b & 1) == 1
            nodes += [a[left], b[right] - 1]
            rows += [row[left], row[right]]
            a, b = (a + 1) >> 1, b >> 1
            open_ = a < b
            a, b, row = a[open_], b[open_], row[open_]
        return np.concatenate(nodes), np.concatenate(rows)

    def _ancestors(self) -> tuple[Index, Index]:
        leaf = np.arange(self.count) + self.size
        depth = self.size.bit_length()
        every = (leaf[:, None] >> np.arange(depth)).ravel()
        event = np.repeat(np.arange(self.count), depth)
        at = np.minimum(np.searchsorted(self.used, every), len(self.used) - 1)
        there = self.used[at] == every
        return event[there], at[there]

    def log_sizes(self, x: Array) -> Array:
        return self._means(x).log_size

    def back(self, x: Array, log_size: Array, a: Array) -> Array:  # noqa: ARG002
        return self._means(x).back(a)

    def squares(self, x: Array, log_size: Array, a: Array) -> Array:
        return self._hazard(x, log_size, a, 2.0)

    def means(
        self,
        x: Array,
        log_size: Array,  # noqa: ARG002
        take: TakeRows,
        width: int,  # noqa: ARG002
    ) -> Iterator[tuple[slice, Array]]:
        yield slice(0, self.count), self._means(x).of(take(np.arange(self.n)))

    def _hazard(self, x: Array, log_size: Array, a: Array, power: float) -> Array:  # noqa: ARG002
        found = self._means(x)
        assert found.left is not None
        left, right = found.left.copy(), found.right.copy()
        left.data, right.data = left.data**power, right.data**power
        return Means(found.log_size, right, left).back(a)

    def _means(self, x: Array) -> Means:
        log_node, right = softmax_rows(x, self.row, self.start, self.n)
        log_size, left = softmax_rows(log_node, self.above, self.begin, len(self.used))
        return Means(log_size, right, left)


def softmax_rows(
    x: Array, member: Index, start: Index, width: int
) -> tuple[Array, sparse.csr_array]:
    """Log of ``sum exp(x)`` over each span of members, and the matrix of its softmax."""
    values = x[member]
    ends = np.append(start, len(member))
    size = np.diff(ends)
    top = np.maximum.reduceat(values, start)
    scaled = np.exp(values - np.repeat(top, size))
    total = np.add.reduceat(scaled, start)
    matrix = sparse.csr_array(
        (scaled / np.repeat(total, size), member, ends), shape=(len(start), width)
    )
    return top + np.log(total), matrix
