"""Positive responses of constant relative spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlogy

from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.domain import check_dispersion, check_link, positive

__all__ = ["Gamma"]


@dataclass(frozen=True)
class Gamma(Likelihood):
    """``-log p(y | eta) = (eta + y exp(-eta)) / phi + constant``, y > 0, log link.

    y has mean ``mu = exp(eta)`` and variance ``phi mu^2``: its coefficient of variation is
    ``sqrt(phi)``, the shape of the gamma density ``1 / phi``.

    Parameters
    ----------
    dispersion : phi > 0; None estimates it together with the weights, by Pearson's
        ``phi = sum_i w_i (y_i / mu_i - 1)^2 / (n - df)`` at the fit that this phi itself implies.
    link : "log". The inverse and identity links are refused: with them the mean may become
        negative or the loss is not convex.

    Raises
    ------
    InputError
        for another link, and where ``dispersion`` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> Gamma().slope(np.array([3.0]), np.array([0.0]))
    array([-2.])

    References
    ----------
    McCullagh & Nelder, Generalized Linear Models (1989), chapter 8.
    """

    dispersion: float | None = None
    link: str = "log"

    name = "gamma"
    has_dispersion = True

    def __post_init__(self) -> None:
        check_dispersion(self.dispersion)
        check_link("gamma", self.link)

    @property
    def known_dispersion(self) -> float | None:
        """``dispersion``."""
        return self.dispersion

    def at(self, phi: float) -> Gamma:
        """``Gamma(dispersion=phi)``."""
        return Gamma(dispersion=float(phi))

    def check(self, y: Array) -> None:
        """y > 0."""
        positive("gamma", y)

    @np.errstate(over="ignore")
    def loss(self, y: Array, eta: Array) -> Array:
        """``eta + y exp(-eta)``; infinite where exp overflows."""
        return np.asarray(eta + y * np.exp(-eta))

    @np.errstate(over="ignore")
    def slope(self, y: Array, eta: Array) -> Array:
        """``1 - y exp(-eta)``."""
        return np.asarray(1.0 - y * np.exp(-eta))

    @np.errstate(over="ignore")
    def curvature(self, y: Array, eta: Array) -> Array:
        """``y exp(-eta)``."""
        return np.asarray(y * np.exp(-eta))

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``m log(m / y) - m`` with m = 1 - slope >= 0."""
        m = 1.0 - slope
        kept = np.maximum(m, 0.0)
        return np.where(m >= 0, xlogy(kept, kept / y) - kept, np.inf)

    def saturated(self, y: Array) -> Array:
        """``1 + log y``."""
        return np.asarray(1.0 + np.log(y))

    def constant(self, y: Array, phi: float) -> Array:
        """``log Gamma(k) - k log k + log y`` less ``k log y``, k = 1 / phi."""
        k = 1.0 / phi
        return np.asarray(gammaln(k) - k * np.log(k) - (k - 1.0) * np.log(y))

    def variance(self, mean: Array) -> Array:
        """``mu^2``."""
        return np.square(mean)

    def mean(self, eta: Array) -> Array:
        """``exp(eta)``."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def eta_of(self, mean_y: float) -> float:
        """``log(mean_y)``."""
        return float(np.log(mean_y))

    @property
    def predictor(self) -> str:
        """The log mean."""
        return "log mean"

    def in_words(self, phi: float) -> str:
        """The coefficient of variation."""
        return f"Dispersion {phi:.3g}: the standard deviation is {np.sqrt(phi):.3g} of the mean."

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        """Of shape ``1 / phi`` and mean ``exp(eta)``."""
        return np.asarray(rng.gamma(1.0 / phi, phi * self.mean(eta)))
