"""Gaussian rows and normal weights in the coordinates where both are diagonal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from priorfit._typing import Array
from priorfit.posterior.samplers.positive import power
from priorfit.posterior.samplers.rows import Rows

__all__ = ["Spectrum"]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """``X D X' = U diag(d) U'`` for weights ``t ~ normal(0, tau^2 D)``, D diagonal; ``g = U'y``.

    ``log p(y | sigma, tau)`` then is a sum over the directions, and draws of t cost two products.
    ``vectors`` is U (n, n) where there are more weights than rows, else V (m, m) of
    ``D^.5 X'X D^.5``; ``outside`` is what is left of y'y.

    Sources: Bhattacharya, Chakraborty & Mallick (2016), Biometrika 103; Johndrow, Orenstein &
    Bhattacharya (2020), section 3.1, for the marginal likelihood of the scales.
    """

    rows: Rows
    root: Array
    d: Array
    g: Array
    vectors: Array
    outside: float

    @classmethod
    def of(cls, rows: Rows, precision: Array) -> Spectrum:
        """``precision`` (m,) > 0: 1 / D."""
        root = 1.0 / np.sqrt(precision)
        if rows.gram is not None:
            d, vectors = linalg.eigh(root[:, None] * rows.gram * root, driver="evd")
            d = _cleaned(d)
            along = vectors.T @ (root * rows.correlation)
            g = np.where(d > 0, along / np.sqrt(np.where(d > 0, d, 1.0)), 0.0)
        else:
            assert rows.X is not None
            scaled = rows.X * root
            d, vectors = linalg.eigh(scaled @ scaled.T, driver="evd")
            d = _cleaned(d)
            g = vectors.T @ rows.y
        inside = d > 0
        outside = max(rows.square - float(g[inside] @ g[inside]), 0.0)
        return cls(rows, root, d, g, vectors, outside)

    def profile(self, log_rho: Array) -> tuple[Array, Array]:
        """``sum log(1 + d / rho)``, ``sum g^2 rho / (d + rho) + outside``; rho = (sigma/tau)^2."""
        inside = self.d > 0
        d, g2, rho = self.d[inside], self.g[inside] ** 2, np.exp(log_rho)[:, None]
        return np.log1p(d / rho).sum(axis=1), (g2 * (rho / (d + rho))).sum(axis=1) + self.outside

    def log_likelihood(self, log_sigma: float, log_tau: float) -> float:
        """``log p(y | sigma, tau)`` with the weights integrated out, up to a constant."""
        rho = min(max(power(2.0 * (log_sigma - log_tau)), 1e-200), 1e200)
        d = self.d
        lost = float((self.g * self.g) @ (rho / (d + rho) * (d > 0))) + self.outside
        size = float(np.log1p(d / rho).sum())
        return -0.5 * size - self.rows.count * log_sigma - 0.5 * lost * power(-2.0 * log_sigma)

    def draw(self, sigma: Array, tau: Array, rng: np.random.Generator) -> Array:
        """Weights (k, m) of k pairs of sigma and tau."""
        s, t = sigma[:, None], tau[:, None]
        k, m = len(sigma), len(self.root)
        if self.rows.gram is not None:
            spread = s * s + t * t * self.d
            mean = t * t * np.sqrt(self.d) * self.g / spread
            a = mean + t * s / np.sqrt(spread) * rng.standard_normal((k, m))
            return np.asarray((a @ self.vectors.T) * self.root)
        assert self.rows.X is not None
        u = t * self.root * rng.standard_normal((k, m))
        v = u @ self.rows.X.T + s * rng.standard_normal((k, len(self.d)))
        away = (self.g - v @ self.vectors) / (s * s + t * t * self.d)
        return np.asarray(u + t * t * self.root**2 * ((away @ self.vectors.T) @ self.rows.X))


def _cleaned(d: Array) -> Array:
    """Eigenvalues without those that are rounding."""
    least = len(d) * np.finfo(np.float64).eps * max(float(d[-1]), 0.0) if len(d) else 0.0
    return np.where(d > least, d, 0.0)
