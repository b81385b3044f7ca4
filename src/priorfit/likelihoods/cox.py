"""Times until an event: proportional hazards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse, special

from priorfit._checks import vector
from priorfit._errors import InputError
from priorfit._typing import Array, Mask
from priorfit.likelihoods.coupled import Coupled, CoupledRows, Hessian, Last, TakeRows
from priorfit.likelihoods.risk_sets import (
    Places,
    events_of,
    places_of,
    risk_sets,
    softmax_rows,
)

__all__ = ["TIES", "Cox", "survival"]

TIES = ("efron", "breslow")
_COLUMNS = {2: (1, 2), 3: (0, 1, 2), 4: (0, 1, 2, 3)}


def survival(time: Any, event: Any, entry: Any = None, strata: Any = None) -> Array:
    """The response of `Cox`: (n, 4) columns entry, time, event, stratum.

    Parameters
    ----------
    time : (n,) when each row had its event or was last seen.
    event : (n,) whether it had the event: 1 or True; 0 or False is censored.
    entry : (n,) when each row came under observation, before ``time``; None: from the start on.
    strata : (n,) labels of any kind; each stratum has a baseline hazard of its own.

    Raises
    ------
    InputError
        for wrong lengths, missing values, an event that is not 0 or 1, an entry not before time.

    Examples
    --------
    >>> survival([5.0, 3.0], [True, False])
    array([[-inf,   5.,   1.,   0.],
           [-inf,   3.,   0.,   0.]])
    """
    n = np.size(time)
    out = np.zeros((n, 4))
    out[:, 0] = -np.inf if entry is None else vector("entry", entry, n)
    out[:, 1], out[:, 2] = vector("time", time, n), vector("event", event, n)
    if strata is not None:
        labels = np.asarray(strata)
        if labels.shape != (n,):
            raise InputError(
                f"`strata` must have one label per row (n = {n})", f"shape {labels.shape}", "Check."
            )
        out[:, 3] = np.unique(labels, return_inverse=True)[1]
    _check_rows(out)
    return out


def _check_rows(y: Array) -> None:
    entry, time, event = y[:, 0], y[:, 1], y[:, 2]
    for name, wrong, values, do in (
        ("an event must be 0 or 1", (event != 0) & (event != 1), event, "1 means it happened."),
        ("an entry must be before the time", ~(entry < time), entry, "Drop or correct the row."),
    ):
        if np.any(wrong):
            i = int(np.flatnonzero(wrong)[0])
            got = f"{values[i]:g} in row {i} (time {time[i]:g}; {int(wrong.sum())} in all)"
            raise InputError(name, got, do)


@dataclass(frozen=True)
class Cox(Coupled):
    """Minus the log of Cox's partial likelihood.

    ``sum_i d_i w_i (log S_i - eta_i)``, ``S_i = sum_j w_j exp(eta_j)`` over the rows at risk at
    ``time_i`` in the stratum of i: ``entry_j < time_i <= time_j``; d_i is 1 for an event.

    The baseline hazard of each stratum is free, so that there is no intercept. The response is
    (n, 4) from `survival`; arrays (n, 2) of time and event and (n, 3) of entry, time and event are
    taken too.

    Parameters
    ----------
    ties : "efron": of m events at one time the k-th (k = 0 .. m - 1) counts the tied rows
        ``1 - k/m`` times in its risk set, each with the mean weight of the tied rows;
        "breslow": every one of them sees the whole risk set.

    Notes
    -----
    Weights are repeats, exactly, under Breslow's ties. Under Efron's a row of weight 2 is not a tie
    of two rows: weights are those of R's survival.

    Sources: Cox (1972); Breslow (1974); Efron (1977), section 3; Therneau & Grambsch (2000),
    section 3.3.

    Raises
    ------
    InputError
        where ``ties`` is neither, where no row has an event.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> y = pf.survival(time=[1.0, 2.0, 3.0], event=[1, 1, 0])
    >>> float(pf.Cox().total(y, np.zeros(3), np.ones(3)).round(3))  # log 3 + log 2
    1.792
    """

    ties: str = "efron"

    name = "cox"

    def __post_init__(self) -> None:
        if self.ties not in TIES:
            raise InputError("`ties` must be efron or breslow", repr(self.ties), "Choose one.")

    def response(self, y: Any, n: int) -> Array:
        """``y`` as (n, 4): entry, time, event, stratum."""
        try:
            given = np.asarray(y, dtype=np.float64)
        except (TypeError, ValueError):
            given = np.empty(0)
        if given.ndim != 2 or len(given) != n or given.shape[1] not in _COLUMNS:
            raise InputError(
                f"the response of cox must be an array of {n} rows and the columns time, event; "
                "entry, time, event; or entry, time, event, stratum",
                f"shape {np.shape(y)}",
                "Make it with pf.survival(time, event).",
            )
        out = np.zeros((n, 4))
        out[:, 0] = -np.inf
        out[:, _COLUMNS[given.shape[1]]] = given
        for k, name in enumerate(("time", "event", "stratum")):
            vector(name, out[:, k + 1], n)
        if np.any(np.isnan(out[:, 0]) | np.isposinf(out[:, 0])):
            raise InputError("an entry must be a number", "NaN or infinity", "Drop these rows.")
        _check_rows(out)
        return out

    def check(self, y: Array) -> None:
        """Some row has an event."""
        if not np.any(y[:, 2] > 0):
            raise InputError(
                "some row must have an event", f"none in {len(y)} rows", "All are censored."
            )

    def rows(self, y: Array, weights: Array) -> CoxRows:
        """Sorted once: see `RiskSets`."""
        return CoxRows(y, weights, self.ties == "efron")

    @property
    def predictor(self) -> str:
        """The log hazard."""
        return "log hazard"

    def mean(self, eta: Array) -> Array:
        """``exp(eta)``: the hazard relative to that at eta = 0."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def held_out(self, y: Array, eta: Array, weights: Array, test: Mask) -> Array:
        """What the rows of ``test`` add to the deviance of the others, per row.

        Source: Verweij & van Houwelingen (1993), equation 4.
        """
        train = np.where(test, 0.0, weights)
        left = np.flatnonzero(train > 0)
        lost = self.total(y, eta, weights) - self.total(y[left], eta[left], weights[left])
        saturated = self.least(y, weights) - self.least(y[left], weights[left])
        return np.asarray(2.0 * (lost - saturated) / weights[test].sum())


class _State(NamedTuple):
    """At one eta: ``x`` (n,) = eta + log w; ``log_size`` (G,); ``share`` (G,) of the tied rows in
    the risk set; ``once``, ``twice`` (G,): sums over k of ``w / (1 - k share / m)`` and of
    ``w / (...)^2``; ``ties``, the softmax over each group (G, n)."""

    x: Array
    log_size: Array
    once: Array
    twice: Array
    shortfall: float
    ties: sparse.csr_array | None


class CoxRows(CoupledRows):
    """Rows of positive weight with their risk sets; see `CoupledRows`.

    With phi the share of the tied rows in S, the k-th of m tied events has the mean
    ``(mean - (k phi / m) tied mean) / (1 - k phi / m)``: two means say all m.
    """

    def __init__(self, y: Array, weights: Array, efron: bool) -> None:
        self.n = len(y)
        with np.errstate(divide="ignore"):
            self.log_weight = np.log(weights)
        events = events_of(y, weights)
        inside = np.flatnonzero(weights > 0)
        self.inside = None if len(inside) == len(y) else inside
        if self.inside is not None:  # rows of weight 0 are at no risk
            y = y.copy()
            y[weights <= 0, 0] = y[weights <= 0, 1]
        self.events, self._y = events, y
        self.sets = risk_sets(y if self.inside is None else y[inside], events)
        own = np.bincount(events.row, weights[events.row], minlength=self.n)
        self.event_weight = np.asarray(own, dtype=np.float64)
        size = np.diff(events.first)
        self.efron = efron and bool(np.any(size > 1))
        before = np.arange(len(events.row)) - np.repeat(events.first[:-1], size)
        self.rank: Array = before / np.repeat(size, size)
        self.mean_weight = events.weight / size
        w = events.weight
        self._last: Last[_State] = Last()
        self.least = float(w @ np.log(w))
        if self.efron:
            self.least += float(np.repeat(self.mean_weight, size) @ np.log1p(-self.rank))

    @cached_property
    def places(self) -> Places | None:
        """The rows in the order of nested risk sets, where these are."""
        return places_of(self._y, self.events)

    def _at(self, eta: Array) -> _State:
        return self._last(eta, self._make)

    def _make(self, eta: Array, before: _State | None) -> _State:  # noqa: ARG002
        x = eta + self.log_weight
        log_size = self.sets.log_sizes(self._kept(x))
        w = self.events.weight
        if not self.efron:
            return _State(x, log_size, w, w, 0.0, None)
        first = self.events.first[:-1]
        log_tied, ties = softmax_rows(x, self.events.row, first, self.n)
        share = np.minimum(np.exp(log_tied - log_size), 1.0)
        size = np.diff(self.events.first)
        left = 1.0 - self.rank * np.repeat(share, size)
        mean = np.repeat(self.mean_weight, size)
        once = np.add.reduceat(mean / left, first)
        twice = np.add.reduceat(mean / left**2, first)
        return _State(x, log_size, once, twice, float(mean @ np.log(left)), ties)

    def _kept(self, v: Array) -> Array:
        return v if self.inside is None else v[self.inside]

    def _spread(self, v: Array) -> Array:
        if self.inside is None:
            return v
        out = np.zeros(self.n)
        out[self.inside] = v
        return out

    def total(self, eta: Array) -> float:
        """Minus the log partial likelihood."""
        state = self._at(eta)
        at_risk = float(self.events.weight @ state.log_size) + state.shortfall
        return at_risk - float(self.event_weight @ eta)

    def score(self, eta: Array) -> Array:
        """Events less what was expected of each row, (n,)."""
        return np.asarray(self.event_weight - self._expected(self._at(eta)))

    def _expected(self, state: _State) -> Array:
        x = self._kept(state.x)
        expected = self._spread(self.sets.back(x, state.log_size, state.once))
        if state.ties is None:
            return expected
        tied = state.ties.T @ (self.events.weight - state.once)
        return np.asarray(np.maximum(expected + tied, 0.0))

    def dual(self, theta: Array) -> float:
        """In closed form for nested risk sets and Breslow's ties.

        ``- sum_j m_j log(m_j / w_j) + sum_t (r_t + d_t) log(r_t + d_t) - r_t log r_t`` with m the
        events less theta: what each row meets; d_t the weight of the events at t; r_t minus the
        sum of theta over their risk set: what it met before. For theta = score(eta) the hazards
        are ``m_j = w_j exp(eta_j) H(t_j)`` and ``r_t = S_t H(t-)`` with H Breslow's cumulative
        hazard; along the line to 0 both change in proportion, and eta comes back out of them.
        """
        if self.efron or self.places is None:
            return -np.inf
        row, fresh, last = self.places
        met = (self.event_weight - theta)[row]
        if met.min() < -1e-14:
            return -np.inf
        sums, starts = -np.cumsum(theta[row]), np.flatnonzero(fresh)
        none = sums[starts] + theta[row[starts]]
        before = sums[last] - none[np.searchsorted(starts, last, side="right") - 1]
        before, d = np.maximum(before, 1e-290), self.events.weight
        met = np.maximum(met, 0.0)
        at_risk = d @ np.log(before + d) + before @ np.log1p(d / before)
        return float(at_risk + met @ self.log_weight[row] - special.xlogy(met, met).sum())

    def baseline(self, eta: Array) -> tuple[Array, Array, Array]:
        """Time, hazard at eta = 0 and stratum of each group of events, (G,) each.

        ``d / S`` under Breslow's ties (Breslow 1974), its sum over the tied events under Efron's.
        """
        state = self._at(eta)
        hazard = state.once * np.exp(-state.log_size)
        return self.events.time, hazard, self.events.stratum

    def hessian(self, eta: Array) -> Hessian:
        """``diag(expected)`` less the squares of the means of all events."""
        state = self._at(eta)
        x, w, once, twice = self._kept(state.x), self.events.weight, state.once, state.twice
        root, mix = np.sqrt(twice), (once - twice) / twice
        rest = np.sqrt(np.maximum(w - once**2 / twice, 0.0))

        def ties(take: TakeRows, k: int) -> Iterator[Array]:
            inside = self.inside
            inner = take if inside is None else (lambda rows: take(inside[rows]))
            for groups, means in self.sets.means(x, state.log_size, inner, k):
                if state.ties is None:
                    yield root[groups, None] * means
                    continue
                tied = _of_few(state.ties[groups], take)
                yield root[groups, None] * (means + mix[groups, None] * tied)
                yield rest[groups, None] * tied

        expected = self._expected(state)
        square = self._spread(self.sets.squares(x, state.log_size, twice))
        if state.ties is not None:
            row, group = self.events.row, self.events.group
            tied = np.exp(state.x[row] - state.log_size[group])
            own = state.ties.data
            square[row] += 2 * (once - twice)[group] * tied * own
            square[row] += (w - 2 * once + twice)[group] * own**2
        return Hessian(expected, ties, np.maximum(expected - square, 0.0))


def _of_few(matrix: sparse.csr_array, take: TakeRows) -> Array:
    """``matrix @ Z`` of a matrix each of whose columns is used once at most, from these rows."""
    entries, ends = matrix.indices.astype(np.intp), matrix.indptr
    shape = len(ends) - 1, len(entries)
    alone: sparse.csr_array = sparse.csr_array((matrix.data, np.arange(shape[1]), ends), shape)
    return np.asarray(alone @ take(entries), dtype=np.float64)
