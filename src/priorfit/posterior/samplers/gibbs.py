"""Gaussian noise and mixtures of normals: all weights at once, then the scales.

One sweep: noise, strength and weights given the local precisions w, with as much integrated out as
the shape of the table allows; then the strength given the weights; then w. See docs/posterior.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array
from priorfit.posterior.samplers.mixing import Local, Mixing
from priorfit.posterior.samplers.positive import Positive, power
from priorfit.posterior.samplers.rows import Rows
from priorfit.posterior.samplers.sampler import Draw, Sampler
from priorfit.posterior.samplers.slice_sampling import OfScale, draw_log_scale, slice_draw
from priorfit.posterior.samplers.spectrum import Spectrum

__all__ = ["GaussianGibbs", "State"]


class State(NamedTuple):
    """Weights t (m,) from loc, log of noise and strength, local precisions."""

    t: Array
    log_sigma: float
    log_kappa: float
    local: Local


@dataclass(frozen=True, eq=False)
class GaussianGibbs(Sampler):
    """``noise`` and ``strength`` are beliefs, or numbers where they are held.

    ``wide``: noise and strength are drawn with the weights integrated out, at the price of an
    eigendecomposition for each sweep; else the noise is drawn given the weights. Plain Gibbs
    creeps where there are about as many weights as rows.

    Sources: Park & Casella (2008); Rajaratnam, Khare, Sparks & Zhang (2019) for the blocks;
    Johndrow, Orenstein & Bhattacharya (2020) for the collapsed scales.
    """

    rows: Rows
    mixing: Mixing
    noise: Positive | float
    strength: Positive | float
    by_noise: bool = False
    wide: bool = False

    warmup = 500

    @property
    def name(self) -> str:  # type: ignore[override]
        way = "scales collapsed" if self.wide else "two blocks"
        return f"Gibbs: {way}"

    def init(self, rng: np.random.Generator) -> State:
        rows = self.rows
        spread = 0.5 * log(max(rows.square, 1e-300) / max(rows.count, 1.0))
        fit = log(self.noise) if isinstance(self.noise, float) else spread + rng.uniform(-1.5, 0.0)
        scale = log(self.strength) if isinstance(self.strength, float) else rng.uniform(-1.0, 1.0)
        local = self.mixing.start()
        state = State(np.zeros(len(local.precision)), fit, scale, local)
        return state._replace(t=self._weights(state, rng))

    def step(self, state: State, rng: np.random.Generator) -> State:
        state = self._collapsed(state, rng) if self.wide else self._given_weights(state, rng)
        log_kappa = self._strength(state, rng)
        kappa = exp(log_kappa + (state.log_sigma if self.by_noise else 0.0))
        local = self.mixing.draw(state.t / kappa, state.local, rng)
        return state._replace(log_kappa=log_kappa, local=local)

    def draw(self, state: State, rng: np.random.Generator) -> Draw:
        sigma = np.array([exp(state.log_sigma)])
        a, b = self.rows.whole(state.t[None, :], sigma, rng)
        return {
            "intercept": float(a[0]),
            "coef": b[0],
            "noise": float(sigma[0]),
            "scale": exp(state.log_kappa),
        }

    # -- the blocks ------------------------------------------------------------------------------

    def _tau(self, state: State) -> float:
        return exp(state.log_kappa + (state.log_sigma if self.by_noise else 0.0))

    def _noise_of(self, state: State, lost: float, rng: np.random.Generator) -> float:
        """log sigma given ``lost``, the sum of squares that it explains."""
        belief, count = self.noise, self.rows.count
        if isinstance(belief, float):
            return state.log_sigma

        given = OfScale(count, 0.0, 0.5 * lost)
        return draw_log_scale(given, belief, state.log_sigma, rng, 2.0 / sqrt(max(count, 1.0)))

    def _given_weights(self, state: State, rng: np.random.Generator) -> State:
        """The noise, then the weights, by one Cholesky factor."""
        if self.by_noise:
            root, z = self._factor(state)
            lost = max(self.rows.square - float(z @ z), 1e-14 * self.rows.square)
            state = state._replace(log_sigma=self._noise_of(state, lost, rng))
            sigma = exp(state.log_sigma)
            noise = sigma * rng.standard_normal(len(z))
            t = linalg.lapack.dtrtrs(root, z + noise, lower=0)[0]
            return state._replace(t=t)
        state = state._replace(log_sigma=self._noise_of(state, self.rows.lost(state.t), rng))
        return state._replace(t=self._weights(state, rng))

    def _factor(self, state: State) -> tuple[Array, Array]:
        """R with ``R'R = X'X + (sigma / tau)^2 diag(w)``, and ``R^-T X'y``."""
        assert self.rows.gram is not None
        system = self.rows.gram.copy()
        ratio = exp(2.0 * (state.log_sigma - log(self._tau(state))))
        np.einsum("jj->j", system)[:] += ratio * state.local.precision
        root, bad = linalg.lapack.dpotrf(system.T, lower=0, overwrite_a=1)
        if bad:
            np.einsum("jj->j", system)[:] *= 1.0 + 1e-10
            root, bad = linalg.lapack.dpotrf(system.T, lower=0)
        z = linalg.lapack.dtrtrs(root, self.rows.correlation, lower=0, trans=1)[0]
        return np.asarray(root), np.asarray(z)

    def _weights(self, state: State, rng: np.random.Generator) -> Array:
        sigma = exp(state.log_sigma)
        if self.wide or self.rows.gram is None:
            spectrum = Spectrum.of(self.rows, state.local.precision)
            return np.asarray(
                spectrum.draw(np.array([sigma]), np.array([self._tau(state)]), rng)[0]
            )
        root, z = self._factor(state)
        noise = sigma * rng.standard_normal(len(z))
        return np.asarray(linalg.lapack.dtrtrs(root, z + noise, lower=0)[0])

    def _collapsed(self, state: State, rng: np.random.Generator) -> State:
        """Noise and strength with the weights integrated out, then the weights."""
        spectrum = Spectrum.of(self.rows, state.local.precision)
        noise, strength, by_noise = self.noise, self.strength, self.by_noise
        x, k = state.log_sigma, state.log_kappa

        def of_noise(log_sigma: float) -> float:
            tau = k + log_sigma if by_noise else k
            assert isinstance(noise, Positive)
            value = spectrum.log_likelihood(log_sigma, tau) + log_sigma
            return value + noise.log(power(log_sigma))

        def of_strength(log_kappa: float) -> float:
            tau = x + log_kappa if by_noise else log_kappa
            assert isinstance(strength, Positive)
            value = spectrum.log_likelihood(x, tau) + log_kappa
            return value + strength.log(power(log_kappa))

        for _ in range(2):
            if isinstance(noise, Positive):
                x = slice_draw(of_noise, x, rng, 0.5)
            if isinstance(strength, Positive):
                k = slice_draw(of_strength, k, rng, 0.5)
        sigma = exp(x)
        tau = sigma * exp(k) if by_noise else exp(k)
        t = spectrum.draw(np.array([sigma]), np.array([tau]), rng)[0]
        return State(t, x, k, state.local)

    def _strength(self, state: State, rng: np.random.Generator) -> float:
        """log kappa given the weights."""
        belief = self.strength
        if isinstance(belief, float):
            return state.log_kappa
        shift = state.log_sigma if self.by_noise else 0.0
        given = self.mixing.of_scale(state.t * exp(-shift), state.local)
        return draw_log_scale(given, belief, state.log_kappa, rng, 4.0 / sqrt(len(state.t) + 1.0))
