"""Spike and slab with gaussian noise: which weights are in, with all of them integrated out.

Given the set S of weights that are in and the noise, ``t_S ~ normal(A^-1 c / sigma^2, A^-1)`` with
``A = X_S'X_S / sigma^2 + diag(1 / scale^2)``, and the probability of S is that of its size times
``|A|^-1/2 prod 1/scale exp(c'A^-1 c / 2 sigma^4)``, c = X_S'y.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index, Mask
from priorfit.posterior.samplers.positive import Positive
from priorfit.posterior.samplers.rows import Rows
from priorfit.posterior.samplers.sampler import Draw, Independent, Sampler
from priorfit.posterior.samplers.slice_sampling import OfScale, draw_log_scale

__all__ = ["ALL", "Inclusion", "Spikes", "SpikesEnumerated", "Supports"]

#: columns up to which every set is looked at
ALL = 12
_MOVES = 50  # of one weight in a sweep, at most
_SWAPS = 10


@dataclass(frozen=True, eq=False)
class Supports:
    """The probability of sets of weights. ``gram`` (m, m), ``scale`` (m,) of the slabs."""

    rows: Rows
    gram: Array
    scale: Array

    @classmethod
    def of(cls, rows: Rows, scale: Array) -> Supports:
        """``rows`` of either kind."""
        if rows.gram is not None:
            return cls(rows, rows.gram, scale)
        assert rows.X is not None
        return cls(rows, np.asarray(rows.X.T @ rows.X), scale)

    def factor(self, chosen: Index, sigma: float) -> tuple[Array, Array]:
        """R with ``R'R = A``, and ``R^-T c / sigma^2``."""
        system = self.gram[np.ix_(chosen, chosen)] / sigma**2
        np.einsum("jj->j", system)[:] += 1.0 / self.scale[chosen] ** 2
        root = linalg.lapack.dpotrf(system, lower=0)[0]
        pull = self.rows.correlation[chosen] / sigma**2
        return root, linalg.lapack.dtrtrs(root, pull, lower=0, trans=1)[0]

    def log_fit(self, chosen: Index, sigma: float) -> float:
        """``log p(y | S, sigma)`` over that of the empty set."""
        if not len(chosen):
            return 0.0
        root, z = self.factor(chosen, sigma)
        volume = float(np.log(np.einsum("jj->j", root)).sum() + np.log(self.scale[chosen]).sum())
        return 0.5 * float(z @ z) - volume

    def weights(self, chosen: Index, sigma: float, rng: np.random.Generator) -> Array:
        """Draw t (m,), zero outside the set."""
        t = np.zeros(len(self.scale))
        if len(chosen):
            root, z = self.factor(chosen, sigma)
            noise = z + rng.standard_normal(len(z))
            t[chosen] = linalg.lapack.dtrtrs(root, noise, lower=0)[0]
        return t


@dataclass(frozen=True, eq=False)
class Inclusion:
    """How probable it is that a weight is in: ``odds`` (m,), logs, as stated; ``learned``: one
    unknown probability for all, uniform."""

    odds: Array
    learned: bool

    def at(self, rate: float) -> Array:
        """Log odds of each weight."""
        return np.full(len(self.odds), log(rate / (1.0 - rate))) if self.learned else self.odds

    def drawn(self, inside: Mask, rng: np.random.Generator) -> float:
        """The common probability given which are in."""
        count = int(inside.sum())
        rate = rng.beta(1 + count, 1 + len(inside) - count)
        return float(np.clip(rate, 1e-12, 1 - 1e-12))


class SpikeState(NamedTuple):
    """Which weights are in, t (m,), log noise, the common probability, log p(y | S)."""

    inside: Mask
    t: Array
    log_sigma: float
    rate: float
    fit: float


@dataclass(frozen=True, eq=False)
class Spikes(Sampler):
    """One weight in or out at a time, by its exact conditional probability; swaps of one that is in
    and one that is out; then all weights, the noise, the common probability.

    Source: George & McCulloch (1997), Statistica Sinica 7, section 4.
    """

    supports: Supports
    inclusion: Inclusion
    noise: Positive | float

    name = "Gibbs: sets of weights"
    warmup = 500

    def init(self, rng: np.random.Generator) -> SpikeState:
        rows, m = self.supports.rows, len(self.supports.scale)
        spread = 0.5 * log(max(rows.square, 1e-300) / max(rows.count, 1.0))
        noise = log(self.noise) if isinstance(self.noise, float) else spread
        inside = rng.random(m) < min(0.5, 3.0 / m)
        fit = self.supports.log_fit(np.flatnonzero(inside), exp(noise))
        return SpikeState(inside, np.zeros(m), noise, 0.5 if m < 4 else min(0.5, 3.0 / m), fit)

    def step(self, state: SpikeState, rng: np.random.Generator) -> SpikeState:
        sigma, odds = exp(state.log_sigma), self.inclusion.at(state.rate)
        inside, fit = state.inside.copy(), state.fit
        m = len(inside)
        for j in rng.permutation(m)[:_MOVES]:
            fit = self._flipped(inside, fit, int(j), float(odds[j]), sigma, rng)
        for _ in range(min(_SWAPS, m)):
            fit = self._swapped(inside, fit, odds, sigma, rng)
        chosen = np.flatnonzero(inside)
        t = self.supports.weights(chosen, sigma, rng)
        log_sigma = self._noise(state.log_sigma, t, rng)
        rate = self.inclusion.drawn(inside, rng) if self.inclusion.learned else state.rate
        fit = self.supports.log_fit(chosen, exp(log_sigma))
        return SpikeState(inside, t, log_sigma, rate, fit)

    def draw(self, state: SpikeState, rng: np.random.Generator) -> Draw:
        sigma, rows = np.array([exp(state.log_sigma)]), self.supports.rows
        a, b = rows.whole(state.t[None, :], sigma, rng)
        inside = np.ones(b.shape[1], dtype=bool)
        inside[rows.held] = state.inside
        found = {"intercept": float(a[0]), "coef": b[0], "noise": float(sigma[0])}
        return found | {"included": inside, "inclusion_rate": state.rate}

    def _flipped(
        self, inside: Mask, fit: float, j: int, odds: float, sigma: float, rng: np.random.Generator
    ) -> float:
        """Draw whether j is in, given all others; changes ``inside``."""
        was = bool(inside[j])
        inside[j] = not was
        other = self.supports.log_fit(np.flatnonzero(inside), sigma)
        gain = (other - fit) + (-odds if was else odds)
        if log(rng.random() or 1e-300) < -np.logaddexp(0.0, -gain):
            return other
        inside[j] = was
        return fit

    def _swapped(
        self, inside: Mask, fit: float, odds: Array, sigma: float, rng: np.random.Generator
    ) -> float:
        within, without = np.flatnonzero(inside), np.flatnonzero(~inside)
        if not len(within) or not len(without):
            return fit
        i, j = int(rng.choice(within)), int(rng.choice(without))
        inside[i], inside[j] = False, True
        other = self.supports.log_fit(np.flatnonzero(inside), sigma)
        if log(rng.random() or 1e-300) < (other - fit) + float(odds[j] - odds[i]):
            return other
        inside[i], inside[j] = True, False
        return fit

    def _noise(self, log_sigma: float, t: Array, rng: np.random.Generator) -> float:
        belief, rows = self.noise, self.supports.rows
        if isinstance(belief, float):
            return log_sigma
        given = OfScale(rows.count, 0.0, 0.5 * rows.lost(t))
        return draw_log_scale(given, belief, log_sigma, rng, 2.0 / sqrt(max(rows.count, 1.0)))


@dataclass(frozen=True, eq=False)
class SpikesEnumerated(Independent):
    """Independent draws where the noise is known: every set is looked at."""

    supports: Supports
    inclusion: Inclusion
    noise: float

    name = "exact: every set of weights"

    def probabilities(self) -> tuple[Array, Array]:
        """All sets (2^m, m) and their probabilities (2^m,)."""
        m = len(self.inclusion.odds)
        sets = np.array(list(product((False, True), repeat=m)), dtype=bool).reshape(-1, m)
        logs = np.array([self.supports.log_fit(np.flatnonzero(s), self.noise) for s in sets])
        logs = logs + sets @ self.inclusion.odds
        w = np.exp(logs - logs.max())
        return sets, w / w.sum()

    def draws(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        sets, chance = self.probabilities()
        inside = sets[rng.choice(len(sets), size=size, p=chance)]
        t = np.stack([self.supports.weights(np.flatnonzero(s), self.noise, rng) for s in inside])
        sigma, rows = np.full(size, self.noise), self.supports.rows
        a, b = rows.whole(t, sigma, rng)
        whole = np.ones(b.shape, dtype=bool)
        whole[:, rows.held] = inside
        return {"intercept": a, "coef": b, "noise": sigma, "included": whole}
