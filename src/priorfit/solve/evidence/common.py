"""One precision for all weights: the evidence on a line, from one singular value decomposition.

``y ~ N(0, I/a + XX'/l)``. With rho = l/a and X = U S V', d = S^2, c = U'y the best a of every rho
is known, and the log evidence is a function of log rho alone: all its maxima are found.
Source: MacKay (1992), Bayesian interpolation, section 4; the fixed point there is its stationarity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg
from scipy.optimize import brentq

from priorfit._typing import Array
from priorfit.solve.evidence.rates import Rates

__all__ = ["Common", "Precisions"]

_GRID = 800
_STEPS = 1000
_BLOCK = 1 << 18  # numbers at a time
_TINY = 1e-300
_SPAN = 36.0  # in log rho, beyond the smallest and the largest d


class Precisions(NamedTuple):
    """``noise`` a and ``weight`` l; ``gradient``: of the log evidence by log a and log l, over
    half the number of rows."""

    noise: float
    weight: float
    gradient: float


@dataclass(frozen=True, eq=False)
class Common:
    """What the log evidence needs of rows (n, p) that are centred and weighted.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-2.0, 0.5]])
    >>> found = Common.of(X, X @ [1.0, 2.0] + [0.1, -0.1, 0.0, 0.1], 4.0, Rates()).best()
    >>> found.gradient < 1e-10
    True
    """

    right: Array
    d: Array
    c: Array
    outside: float
    rows: float
    rates: Rates
    size: int
    #: the precision of the noise, where it is known
    known: float | None = None

    @classmethod
    def of(cls, X: Array, y: Array, rows: float, rates: Rates) -> Common:
        """``rows``: how many, counted with their weights."""
        left, roots, right = linalg.svd(X, full_matrices=False)
        c = left.T @ y
        rest = y - left @ c
        return cls(right, roots**2, c, float(rest @ rest), rows, rates, X.shape[1])

    @classmethod
    def along(
        cls, d: Array, c: Array, outside: float, rows: float, known: float | None = None
    ) -> Common:
        """Of directions that are known; it has no `coef` and no `covariance`."""
        return cls(np.zeros((len(d), 0)), d, c, outside, rows, Rates(), 0, known)

    def coef(self, rho: float) -> Array:
        """The posterior mean, ``V S c / (d + rho)``, (p,)."""
        return np.asarray(self.right.T @ (np.sqrt(self.d) * self.c / (self.d + rho)))

    def covariance(self, noise: float, weight: float) -> Array:
        """``(l I + a X'X)^-1``, (p, p)."""
        beyond = 1.0 / (weight + noise * self.d) - 1.0 / weight
        return np.eye(self.size) / weight + (self.right.T * beyond) @ self.right

    def log_evidence(self, noise: float, weight: float) -> float:
        """With the hyper-priors, without their constants."""
        rates, rho = self.rates, weight / noise
        fit = noise * self._energy(rho) + np.log1p(self.d / rho).sum()
        value = 0.5 * (self.rows * np.log(noise / (2 * np.pi)) - fit)
        value += rates.weight_shape * np.log(weight) - rates.weight_rate * weight
        return float(value + rates.noise_shape * np.log(noise) - rates.noise_rate * noise)

    def along_ratios(self, rho: Array) -> tuple[Array, Array]:
        """The best a of every ratio l / a, and its `log_evidence` without hyper-priors, (k,)."""
        total = self.d[:, None] + rho
        energy = np.square(self.c) @ (rho / total) + self.outside
        a = np.maximum(0.5 * energy, _TINY)
        noise = 0.5 * self.rows / a if self.known is None else np.full(len(rho), self.known)
        fit = noise * energy + np.log1p(self.d[:, None] / rho).sum(axis=0)
        return noise, 0.5 * (self.rows * np.log(noise / (2 * np.pi)) - fit)

    def gradient(self, noise: float, weight: float) -> float:
        """The larger of the slopes by log a and log l, over half the number of rows."""
        rates, rho = self.rates, weight / noise
        gamma = float((self.d / (self.d + rho)).sum())
        length = float((self.c**2 * self.d / (self.d + rho) ** 2).sum())
        lost = float((self.c**2 * (rho / (self.d + rho)) ** 2).sum()) + self.outside
        by_noise = rates.noise_shape - rates.noise_rate * noise
        by_noise += 0.5 * (self.rows - gamma - noise * lost)
        by_weight = rates.weight_shape - rates.weight_rate * weight
        by_weight += 0.5 * (gamma - weight * length)
        if self.known is not None:
            by_noise = 0.0
        return float(max(abs(by_noise), abs(by_weight)) / (0.5 * self.rows))

    def best(self) -> Precisions:
        """The highest of all maxima."""
        return max(self.maxima(), key=lambda one: self.log_evidence(one.noise, one.weight))

    def near(self, noise: float, weight: float) -> Precisions:
        """The maximum that the fixed point leads to from there."""
        rates, rho = self.rates, weight / noise
        for _ in range(_STEPS):
            share = self.d / (self.d + rho)
            length = float((self.c**2 * share / (self.d + rho)).sum())
            lost = float((self.c * (1.0 - share)) @ (self.c * (1.0 - share))) + self.outside
            gamma = float(share.sum())
            weight = (gamma + 2 * rates.weight_shape) / max(length + 2 * rates.weight_rate, _TINY)
            left = self.rows - gamma + 2 * rates.noise_shape
            noise = left / max(lost + 2 * rates.noise_rate, _TINY)
            before, rho = rho, weight / noise
            if abs(rho - before) <= 1e-12 * rho:
                break
        return min(self.maxima(), key=lambda one: abs(np.log(one.weight / one.noise / rho)))

    def maxima(self) -> list[Precisions]:
        """All maxima, from little to much shrinkage; an end of the range where it rises there."""
        largest = float(self.d.max(initial=0.0)) or 1.0
        smallest = max(float(self.d[self.d > 0].min(initial=largest)), 1e-12 * largest)
        grid = np.linspace(np.log(smallest) - _SPAN, np.log(largest) + _SPAN, _GRID)
        parts = np.array_split(grid, 1 + len(grid) * len(self.d) // _BLOCK)
        slopes = np.concatenate([self._slopes(part) for part in parts])
        inner = [
            float(brentq(self._slope, grid[k], grid[k + 1], xtol=1e-13, rtol=1e-14))
            for k in np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
        ]
        ends = [float(grid[0])] if slopes[0] <= 0 else []
        ends += [float(grid[-1])] if slopes[-1] > 0 else []
        return [self._precisions(t) for t in sorted(inner + ends)]

    def _energy(self, rho: float) -> float:
        """``|y - Xm|^2 + rho |m|^2``."""
        return float((self.c**2 * (rho / (self.d + rho))).sum()) + self.outside

    def noise_at(self, rho: float) -> float:
        """The best a of this ratio l / a, or the one that is known."""
        if self.known is not None:
            return self.known
        rates = self.rates
        shape = rates.noise_shape + rates.weight_shape + 0.5 * self.rows
        rate = rates.noise_rate + rho * rates.weight_rate + 0.5 * self._energy(rho)
        return shape / max(rate, _TINY)

    def _slope(self, log_rho: float) -> float:
        return float(self._slopes(np.array([log_rho]))[0])

    def _slopes(self, log_rho: Array) -> Array:
        """Of the log evidence by log rho, a following; (k,)."""
        rho, rates = np.exp(log_rho), self.rates
        total, square = self.d[:, None] + rho, self.c**2
        share, left = self.d[:, None] / total, rho / total
        length = square @ (share * left)
        pulled = rho * rates.weight_rate + 0.5 * length
        if self.known is not None:
            noise = np.full(len(rho), self.known)
        else:
            shape = rates.noise_shape + rates.weight_shape + 0.5 * self.rows
            energy = square @ left + self.outside
            rate = rates.noise_rate + rho * rates.weight_rate + 0.5 * energy
            noise = shape / np.maximum(rate, _TINY)
        return np.asarray(rates.weight_shape + 0.5 * share.sum(axis=0) - noise * pulled)

    def _precisions(self, log_rho: float) -> Precisions:
        rho = float(np.exp(log_rho))
        noise = self.noise_at(rho)
        return Precisions(noise, rho * noise, self.gradient(noise, rho * noise))
