"""Gaussian noise and normal weights: independent draws, without a Markov chain.

With X = U S V' in units of the prior and ``rho = (noise / scale)^2``, the weights and then the
noise integrate out; what is left is a density on a line (or on a line after another), drawn from by
its distribution function. See docs/posterior.md for the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np

from priorfit._typing import Array
from priorfit.posterior.samplers.grid import draw_on_line, invert, support
from priorfit.posterior.samplers.positive import Positive
from priorfit.posterior.samplers.rows import Rows
from priorfit.posterior.samplers.sampler import Independent
from priorfit.posterior.samplers.spectrum import Spectrum

__all__ = ["NormalPosterior"]

_REACH = 30.0  # in logs, around the data's own scale
_NOISES = 241  # points of the noise's grid, given rho


@dataclass(frozen=True, eq=False)
class NormalPosterior(Independent):
    """Draws of weights, noise sigma and scale kappa.

    ``noise`` and ``strength`` are the beliefs about sigma and kappa, or numbers where they are
    held; ``by_noise``: the prior's scale is kappa sigma.
    """

    spectrum: Spectrum
    rows: Rows
    noise: Positive | float
    strength: Positive | float
    by_noise: bool = False

    name = "exact: independent draws"

    def draws(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        sigma, kappa = self.scales(size, rng)
        tau = kappa * sigma if self.by_noise else kappa
        t = self.spectrum.draw(sigma, tau, rng)
        a, b = self.rows.whole(t, sigma, rng)
        return {"intercept": a, "coef": b, "noise": sigma, "scale": kappa}

    def scales(self, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draws of sigma and kappa, (size,) each."""
        if isinstance(self.noise, float):
            return self._given_noise(self.noise, size, rng)
        if isinstance(self.strength, float):
            return self._given_strength(self.strength, size, rng)
        at, logs = self._marginal
        return self._given_rho(invert(at, logs, rng.random(size)), rng)

    @cached_property
    def _marginal(self) -> tuple[Array, Array]:
        """A grid of log rho and its log density, the same for all chains."""
        at = support(self._log_marginal, *self._range)
        return at, self._log_marginal(at)

    @property
    def _unit(self) -> float:
        """The log of the response's own spread."""
        rows = self.rows
        return 0.5 * log(max(rows.square, 1e-300) / max(rows.count, 1.0))

    @property
    def _range(self) -> tuple[float, float]:
        d = self.spectrum.d[self.spectrum.d > 0]
        if not len(d):
            return -_REACH, _REACH
        return log(float(d.min())) - _REACH, log(float(d.max())) + _REACH

    def _given_noise(
        self, sigma: float, size: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        sigmas = np.full(size, sigma)
        if isinstance(self.strength, float):
            return sigmas, np.full(size, self.strength)
        belief, shift = self.strength, 0.0 if self.by_noise else log(sigma)

        def log_density(log_rho: Array) -> Array:
            volume, lost = self.spectrum.profile(log_rho)
            log_kappa = shift - 0.5 * log_rho
            return -0.5 * (volume + lost / sigma**2) + belief.logs(np.exp(log_kappa)) + log_kappa

        log_rho = draw_on_line(log_density, *self._range, size, rng)
        return sigmas, np.exp(shift - 0.5 * log_rho)

    def _given_strength(
        self, kappa: float, size: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        belief = self.noise
        assert isinstance(belief, Positive)

        def log_density(log_sigma: Array) -> Array:
            log_rho = np.full(len(log_sigma), -2.0 * log(kappa))
            if not self.by_noise:
                log_rho = log_rho + 2.0 * log_sigma
            volume, lost = self.spectrum.profile(log_rho)
            return self._joint(log_sigma, volume, lost) + belief.logs(np.exp(log_sigma))

        middle = self._unit
        drawn = draw_on_line(log_density, middle - _REACH, middle + 0.5 * _REACH, size, rng)
        return np.exp(drawn), np.full(size, kappa)

    def _joint(self, log_sigma: Array, volume: Array, lost: Array) -> Array:
        """The likelihood of sigma, with the measure of its logarithm."""
        inner = -self.rows.count * log_sigma - 0.5 * lost * np.exp(-2.0 * log_sigma)
        return np.asarray(inner - 0.5 * volume + log_sigma)

    def _table(self, log_rho: Array, log_sigma: Array) -> Array:
        """The log density (k, noises) of pairs in logarithms."""
        assert isinstance(self.noise, Positive)
        assert isinstance(self.strength, Positive)
        volume, lost = (x[:, None] for x in self.spectrum.profile(log_rho))
        log_kappa = -0.5 * log_rho[:, None] + (0.0 if self.by_noise else log_sigma)
        log_kappa = np.broadcast_to(log_kappa, (len(log_rho), log_sigma.shape[-1]))
        believed = self.noise.logs(np.exp(log_sigma)) + self.strength.logs(np.exp(log_kappa))
        return np.asarray(self._joint(log_sigma, volume, lost) + believed + log_kappa)

    def _noises(self, log_rho: Array) -> Array:
        """An even grid of log sigma for each rho, (k, noises), over its support given rho."""
        lost = self.spectrum.profile(log_rho)[1]
        middle = 0.5 * np.log(np.maximum(lost, 1e-300) / max(self.rows.count, 1.0))[:, None]
        low, high = middle - 0.5 * _REACH, middle + 0.5 * _REACH
        unit, rows = np.linspace(0.0, 1.0, _NOISES), np.arange(len(log_rho))
        for _ in range(2):
            grid = low + unit * (high - low)
            values = self._table(log_rho, grid)
            inside = values > values.max(axis=1, keepdims=True) - 40.0
            first, last = inside.argmax(axis=1), _NOISES - 1 - inside[:, ::-1].argmax(axis=1)
            low = grid[rows, np.maximum(first - 1, 0)][:, None]
            high = grid[rows, np.minimum(last + 1, _NOISES - 1)][:, None]
        return np.asarray(low + unit * (high - low))

    def _log_marginal(self, log_rho: Array) -> Array:
        """Of log rho, the noise integrated out."""
        grid = self._noises(log_rho)
        values = self._table(log_rho, grid)
        top = values.max(axis=1, keepdims=True)
        step = grid[:, 1] - grid[:, 0]
        return np.asarray(top[:, 0] + np.log(np.exp(values - top).sum(axis=1) * step))

    def _given_rho(self, log_rho: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        grid = self._noises(log_rho)
        unit = np.linspace(0.0, 1.0, _NOISES)
        at = invert(unit, self._table(log_rho, grid), rng.random(len(log_rho)))
        log_sigma = grid[:, 0] + at * (grid[:, -1] - grid[:, 0])
        shift = np.zeros_like(log_sigma) if self.by_noise else log_sigma
        return np.exp(log_sigma), np.exp(shift - 0.5 * log_rho)
