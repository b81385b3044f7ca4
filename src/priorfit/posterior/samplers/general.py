"""Any continuous belief: Hamiltonian steps in coordinates without bounds.

Weights that are kept to a box are drawn as ``b = lower + exp(u)``, ``upper - exp(u)`` or a logistic
function of u between two bounds; kinks stay where they are, because every step is accepted or
rejected by the density itself. The mass is learned from the warm-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple

import numpy as np
from scipy import linalg
from scipy.special import expit, log_expit

from priorfit._typing import Array, Mask
from priorfit.posterior.samplers.positive import Positive, power
from priorfit.posterior.samplers.sampler import Draw, Sampler
from priorfit.posterior.samplers.slice_sampling import slice_draw
from priorfit.posterior.samplers.target import Target
from priorfit.priors import NormalForm, Prior
from priorfit.problem import neg_log_belief

__all__ = ["Bounds", "General"]

_AIM = 0.8
_LEARN = (0.15, 0.35, 0.6, 0.85)  # of the warm-up: the mass is taken from the draws since the last


@dataclass(frozen=True, eq=False)
class Bounds:
    """The map from u on the line to b between ``lower`` and ``upper``, (p,) each."""

    lower: Array
    upper: Array

    @property
    def _kinds(self) -> tuple[Mask, Mask, Mask]:
        low, high = np.isfinite(self.lower), np.isfinite(self.upper)
        return low & ~high, high & ~low, low & high & (self.lower < self.upper)

    def at(self, u: Array) -> tuple[Array, Array, Array, float]:
        """``b``, ``db / du``, the slope of ``log |db / du|``, and its sum."""
        above, below, both = self._kinds
        b, rate, slope = u.copy(), np.ones_like(u), np.zeros_like(u)
        total = float(u[above].sum() + u[below].sum())
        grown = np.exp(np.minimum(u, 700.0))
        b[above], b[below] = self.lower[above] + grown[above], self.upper[below] - grown[below]
        rate[above], rate[below] = grown[above], -grown[below]
        slope[above | below] = 1.0
        held = self.lower == self.upper
        if np.any(held):  # such a weight does not move; its u is a standard normal
            b[held], rate[held], slope[held] = self.lower[held], 0.0, -u[held]
            total -= 0.5 * float(u[held] @ u[held])
        if np.any(both):
            share, width = expit(u[both]), self.upper[both] - self.lower[both]
            b[both] = self.lower[both] + width * share
            rate[both] = width * share * (1.0 - share)
            slope[both] = 1.0 - 2.0 * share
            total += float((np.log(width) + log_expit(u[both]) + log_expit(-u[both])).sum())
        return b, rate, slope, total

    def of(self, b: Array) -> Array:
        """``u`` of weights, which are moved inside where they lie on a bound."""
        above, below, both = self._kinds
        u = np.where(self.lower == self.upper, 0.0, b)
        u[above] = np.log(np.maximum(b[above] - self.lower[above], 1e-2))
        u[below] = np.log(np.maximum(self.upper[below] - b[below], 1e-2))
        width = np.where(both, self.upper - self.lower, 1.0)[both]
        share = np.clip((b[both] - self.lower[both]) / width, 0.02, 0.98)
        u[both] = np.log(share / (1.0 - share))
        return u


class Place(NamedTuple):
    """``u`` (size,), the potential there and its gradient; the losses; logs of dispersion and
    strength; the root of the mass; step size; what the warm-up has seen."""

    u: Array
    potential: float
    gradient: Array
    lost: float
    log_phi: float
    log_kappa: float
    root: Array
    log_step: float
    accepted: float
    energy: float
    done: float
    seen: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class General(Sampler):
    """``middle`` (size,): where the chains begin; ``mass`` (size, size): the curvature there."""

    target: Target
    prior: Prior
    form: NormalForm
    bounds: Bounds
    middle: Array
    mass: Array
    noise: Positive | float
    strength: Positive | float

    name = "Hamiltonian steps without bounds"
    warmup = 1000

    def init(self, rng: np.random.Generator) -> Place:
        first = self.target.first
        u = self.middle.copy()
        u[first:] = self.bounds.of(u[first:])
        u = u + 0.1 * rng.standard_normal(len(u)) / np.sqrt(np.einsum("jj->j", self.mass))
        phi = self.noise if isinstance(self.noise, float) else 1.0
        kappa = self.strength if isinstance(self.strength, float) else 1.0
        log_phi = 2.0 * log(phi)
        if isinstance(self.noise, Positive):
            log_phi = self.target.dispersion(self.noise, self._losses(u)[0], 0.0, rng)
        root = np.asarray(linalg.cholesky(self.mass * exp(-log_phi) + np.eye(len(u)), lower=True))
        at = self._at(u, log_phi, log(kappa))
        return Place(u, *at, log_phi, log(kappa), root, log(0.1), 1.0, 0.0, 0.0, ())

    def step(self, place: Place, rng: np.random.Generator) -> Place:
        log_phi, log_kappa = place.log_phi, place.log_kappa
        if isinstance(self.noise, Positive):
            log_phi = self.target.dispersion(self.noise, place.lost, log_phi, rng)
        if isinstance(self.strength, Positive):
            log_kappa = self._strength(place, rng)
        if (log_phi, log_kappa) != (place.log_phi, place.log_kappa):
            potential, gradient, lost = self._at(place.u, log_phi, log_kappa)
            place = place._replace(
                potential=potential,
                gradient=gradient,
                lost=lost,
                log_phi=log_phi,
                log_kappa=log_kappa,
            )
        return self._moved(place, rng)

    def tuned(self, place: Place, done: float) -> Place:
        gain = 0.5 * (1.0 - done) + 0.02
        log_step = min(place.log_step + gain * (place.accepted - _AIM), 0.5)
        seen = (*place.seen, place.u)
        root = place.root
        if any(place.done < at <= done for at in _LEARN):
            root, seen = _mass_of(np.array(seen)), ()
            log_step = max(log_step, log(0.2))
        return place._replace(log_step=log_step, done=done, seen=seen, root=root)

    def draw(self, place: Place, rng: np.random.Generator) -> Draw:  # noqa: ARG002
        level, _ = self.target.whole(place.u)
        return {
            "intercept": level.copy(),
            "coef": self.bounds.at(place.u[self.target.first :])[0],
            "noise": exp(0.5 * place.log_phi),
            "scale": exp(place.log_kappa),
            "accepted": place.accepted,
            "energy": place.energy,
        }

    def _inside(self, u: Array) -> bool:
        """Whether nothing overflows there."""
        size = np.abs(u)
        bounded = np.isfinite(self.bounds.lower) | np.isfinite(self.bounds.upper)
        reach = size[self.target.first :][bounded].max(initial=0.0)
        return bool(size.max(initial=0.0) < 1e8 and reach < 200.0)

    # -- pieces ----------------------------------------------------------------------------------

    def _losses(self, u: Array) -> tuple[float, Array, Array, Array, Array, float]:
        """The losses, their gradient by (intercepts, b), then what `Bounds.at` says."""
        first = self.target.first
        b, rate, slope, volume = self.bounds.at(u[first:])
        lost, gradient = self.target.at(np.concatenate([u[:first], b]))
        return lost, gradient, b, rate, slope, volume

    def _at(self, u: Array, log_phi: float, log_kappa: float) -> tuple[float, Array, float]:
        """The potential (minus the log density of u up to a constant), its gradient, the losses."""
        first, kappa = self.target.first, exp(log_kappa)
        lost, gradient, b, rate, slope, volume = self._losses(u)
        gradient = gradient * exp(-log_phi)
        t = (b - self.form.loc) / kappa
        value = lost * exp(-log_phi) + float(self.form.total(t)) - volume
        pull = _slopes(self.form, t) / kappa
        gradient[first:] = (gradient[first:] + pull) * rate - slope
        return (value if value == value else np.inf), gradient, lost

    def _strength(self, place: Place, rng: np.random.Generator) -> float:
        belief = self.strength
        assert isinstance(belief, Positive)
        b = self.bounds.at(place.u[self.target.first :])[0]

        def log_density(t: float) -> float:
            if abs(t) > 200.0:
                return -np.inf
            return -neg_log_belief(self.prior.widened(exp(t)), b) + t + belief.log(power(t))

        return slice_draw(log_density, place.log_kappa, rng, 1.0)

    def _moved(self, place: Place, rng: np.random.Generator) -> Place:
        root, size = place.root, exp(place.log_step) * rng.uniform(0.7, 1.3)
        steps = int(rng.integers(3, 13))
        v = rng.standard_normal(len(place.u))
        u, potential, gradient, lost = place.u, place.potential, place.gradient, place.lost
        before = potential + 0.5 * float(v @ v)
        for _ in range(steps):
            v = v - 0.5 * size * linalg.lapack.dtrtrs(root, gradient, lower=1)[0]
            u = u + size * linalg.lapack.dtrtrs(root, v, lower=1, trans=1)[0]
            if not self._inside(u):
                potential = np.inf
                break
            potential, gradient, lost = self._at(u, place.log_phi, place.log_kappa)
            if not np.isfinite(potential):
                break
            v = v - 0.5 * size * linalg.lapack.dtrtrs(root, gradient, lower=1)[0]
        change = before - potential - 0.5 * float(v @ v)
        chance = exp(min(change, 0.0)) if np.isfinite(change) else 0.0
        place = place._replace(accepted=chance, energy=before)
        if rng.random() >= chance:
            return place
        return place._replace(u=u, potential=potential, gradient=gradient, lost=lost)


def _slopes(form: NormalForm, t: Array) -> Array:
    """A gradient of the penalty at distances t from loc."""
    slope = np.sign(t) * form.at(1.0).slope(np.abs(t))
    if form.groups is not None:
        slope = slope + form.groups.slopes(t)
    if form.ranked is not None:
        slope = slope + form.ranked.slopes(t)
    return np.where(np.isfinite(slope), slope, 0.0)


def _mass_of(seen: Array) -> Array:
    """The root of the inverse covariance of draws (k, size), shrunk towards its diagonal."""
    k, size = seen.shape
    away = seen - seen.mean(axis=0)
    cov = away.T @ away / max(k - 1, 1)
    share = k / (k + 5.0 + 2.0 * size)
    spread = np.maximum(np.einsum("jj->j", cov), 1e-12)
    cov = share * cov
    np.einsum("jj->j", cov)[:] += (1.0 - share) * spread
    return np.asarray(linalg.cholesky(linalg.inv(cov), lower=True))
