"""Do those with the higher risk have their event sooner?"""

from __future__ import annotations

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index

__all__ = ["concordance"]


def concordance(y: Array, risk: Array, weights: Array | None = None) -> float:
    """Harrell's C: the share of comparable pairs in which the higher risk has its event first.

    A pair (i, j) is comparable where i has an event while j of the same stratum is under
    observation and goes on: ``entry_j < time_i < time_j``, or ``time_i = time_j`` and j is
    censored. Equal risks count one half. O(n log n).

    Parameters
    ----------
    y : (n, 4) of `priorfit.survival`.
    risk : (n,), larger means sooner.
    weights : (n,) repeats of each row.

    Source: Harrell, Lee & Mark (1996), section 5.5.

    Raises
    ------
    InputError
        where no pair is comparable.

    Examples
    --------
    >>> import priorfit as pf
    >>> y = pf.survival(time=[1.0, 2.0, 3.0], event=[1, 1, 0])
    >>> concordance(y, np.array([3.0, 1.0, 2.0]))  # of 3 pairs, 2 in order
    0.6666666666666666
    """
    w = np.ones(len(risk)) if weights is None else weights
    rank = np.unique(risk, return_inverse=True)[1]
    counts = np.zeros(3)
    for stratum in np.unique(y[:, 3]):
        rows = np.flatnonzero(y[:, 3] == stratum)
        counts += _pairs(y[rows], rank[rows], w[rows])
    lower, equal, every = counts
    if not every > 0:
        raise InputError(
            "some pair of rows must be comparable",
            "none",
            "Somebody must have an event while somebody else goes on.",
        )
    return float((lower + 0.5 * equal) / every)


def _pairs(y: Array, rank: Index, w: Array) -> Array:
    """Summed weights of comparable pairs: the other risk lower, equal, any."""
    entry, time, event = y[:, 0], y[:, 1], y[:, 2] > 0
    asked = np.flatnonzero(event & (w > 0))
    lasting = time + np.where(event, 0.0, 0.5 * _smallest_step(time))  # censored just after
    total = np.zeros(3)
    for key, sign in ((lasting, 1.0), (entry, -1.0)):  # later than t, less those not yet there
        order = np.argsort(-key, kind="stable")
        at, sorted_ = -time[asked], -key[order]
        ends = np.searchsorted(sorted_, at, side="left" if sign > 0 else "right")
        total += sign * _before(rank[order], w[order], ends, rank[asked], w[asked])
    return total


def _smallest_step(time: Array) -> float:
    steps = np.diff(np.unique(time))
    return float(steps.min()) if len(steps) else 1.0


def _before(rank: Index, w: Array, ends: Index, own: Index, weight: Array) -> Array:
    """Over queries q: weights among the first ``ends_q`` with rank below, at, and any.

    A wavelet matrix: from the highest bit down the sequence is parted, stably, into zeros and
    ones, and each query follows its own bits.
    Source: Grossi, Gupta & Vitter (2003), the wavelet tree, by levels.
    """
    below = np.zeros(len(ends))
    low, high, every = np.zeros_like(ends), ends.copy(), np.append(0.0, np.cumsum(w))[ends]
    for bit in reversed(range(max(int(rank.max(initial=0)), 1).bit_length())):
        one = (rank >> bit) & 1
        zeros = np.append(0, np.cumsum(1 - one))
        sums = np.append(0.0, np.cumsum(np.where(one == 0, w, 0.0)))
        mine = ((own >> bit) & 1) == 1
        below += np.where(mine, sums[high] - sums[low], 0.0)
        left, right = zeros[low], zeros[high]
        low = np.where(mine, zeros[-1] + low - left, left)
        high = np.where(mine, zeros[-1] + high - right, right)
        order = np.argsort(one, kind="stable")
        rank, w = rank[order], w[order]
    sums = np.append(0.0, np.cumsum(w))
    equal = sums[high] - sums[low]
    return np.array([weight @ below, weight @ equal, weight @ every])
