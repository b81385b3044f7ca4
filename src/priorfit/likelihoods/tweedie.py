"""Responses that are 0 or positive: totals of a random number of gamma amounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.domain import check_dispersion, not_negative
from priorfit.likelihoods.tweedie_series import log_series

__all__ = ["Tweedie"]

_ROUNDS = 60  # Newton squares the error: six or seven are taken


@dataclass(frozen=True)
class Tweedie(Likelihood):
    """``-log p = (mu^(2-p) / (2-p) + y mu^(1-p) / (p-1)) / phi + constant``, ``mu = exp(eta)``.

    y >= 0 has mean mu and variance ``phi mu^p``, 1 < p < 2: a Poisson number of gamma amounts,
    exactly 0 with probability ``exp(-mu^(2-p) / (phi (2-p)))``.

    Parameters
    ----------
    power : p, strictly between 1 (`Poisson`) and 2 (`Gamma`).
    dispersion : phi > 0; None estimates it as for `Gamma`.

    Raises
    ------
    InputError
        for a power or a dispersion outside these bounds.

    Examples
    --------
    >>> import numpy as np
    >>> Tweedie(power=1.5).slope(np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    array([1., 0.])

    References
    ----------
    Jorgensen, The Theory of Dispersion Models (1997), chapter 4.
    """

    power: float = 1.5
    dispersion: float | None = None

    name = "tweedie"
    has_dispersion = True

    def __post_init__(self) -> None:
        if not 1.0 < self.power < 2.0:
            raise InputError(
                "`power` must lie strictly between 1 and 2",
                repr(self.power),
                "Use Poisson() for 1, Gamma() for 2; beyond 2 the loss is not convex.",
            )
        check_dispersion(self.dispersion)

    @property
    def known_dispersion(self) -> float | None:
        """``dispersion``."""
        return self.dispersion

    @property
    def _exponents(self) -> tuple[float, float]:
        return 2.0 - self.power, self.power - 1.0

    def at(self, phi: float) -> Tweedie:
        """``Tweedie(power, dispersion=phi)``."""
        return Tweedie(self.power, float(phi))

    def check(self, y: Array) -> None:
        """y >= 0, and not 0 throughout."""
        not_negative("tweedie", y, "Use Gaussian() for signed responses.")

    @np.errstate(over="ignore", invalid="ignore")
    def loss(self, y: Array, eta: Array) -> Array:
        """``exp(a eta) / a + y exp(-b eta) / b`` with a = 2 - p, b = p - 1."""
        a, b = self._exponents
        return np.exp(a * eta) / a + _times(y, np.exp(-b * eta)) / b

    @np.errstate(over="ignore", invalid="ignore")
    def slope(self, y: Array, eta: Array) -> Array:
        """``exp(a eta) - y exp(-b eta)``."""
        a, b = self._exponents
        return np.exp(a * eta) - _times(y, np.exp(-b * eta))

    @np.errstate(over="ignore", invalid="ignore")
    def curvature(self, y: Array, eta: Array) -> Array:
        """``a exp(a eta) + b y exp(-b eta)``."""
        a, b = self._exponents
        return a * np.exp(a * eta) + b * _times(y, np.exp(-b * eta))

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``slope eta - loss`` at the eta where the loss has this slope; closed where y = 0."""
        a, _ = self._exponents
        y, slope = np.broadcast_arrays(y, slope)
        s = np.maximum(slope, 0.0)
        at_zero = np.where(slope >= 0, (xlogy(s, s) - s) / a, np.inf)
        kept = np.where(y > 0, y, 1.0)
        eta = np.log(kept) + self._above(slope / kept**a)
        return np.where(y > 0, slope * eta - self.loss(kept, eta), at_zero)

    def _above(self, r: Array) -> Array:
        """u with ``exp(a u) - exp(-b u) = r``.

        For r >= 0 by Newton on the concave ``a u - log(r + exp(-b u))`` from u = 0, which rises
        to the root monotonely; r < 0 is the same with u, a and b reversed.
        """
        a, b = self._exponents
        up, down = np.where(r >= 0, a, b), np.where(r >= 0, b, a)
        size, u = np.abs(r), np.zeros_like(r)
        for _ in range(_ROUNDS):
            tail = np.exp(-down * u)
            excess = up * u - np.log(size + tail)
            step = excess / (up + down * tail / (size + tail))
            u = u - step
            if np.all(np.abs(step) <= 1e-15 * (1.0 + u)):
                break
        return np.where(r >= 0, u, -u)

    def saturated(self, y: Array) -> Array:
        """``y^a / (a b)``: the loss at mu = y."""
        a, b = self._exponents
        return np.asarray(y**a / (a * b))

    def constant(self, y: Array, phi: float) -> Array:
        """Minus the logarithm of a series (Dunn & Smyth 2005); 0 where y = 0."""
        return -log_series(y, phi, self.power)

    def attained(self, y: Array) -> bool:
        """Where no y is 0."""
        return bool(np.all(y > 0))

    def variance(self, mean: Array) -> Array:
        """``mu^p``."""
        return np.asarray(mean**self.power)

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
        """The variance."""
        return f"Dispersion {phi:.3g}: the variance is {phi:.3g} mean^{self.power:g}."

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        """A Poisson number of gamma amounts."""
        a, b = self._exponents
        mean = self.mean(eta)
        number = rng.poisson(np.minimum(mean**a / (phi * a), 1e15))
        return np.asarray(
            rng.gamma(np.maximum(number, 1) * a / b, phi * b * mean**b) * (number > 0)
        )


def _times(y: Array, factor: Array) -> Array:
    """``y * factor``, 0 where y is, also for an infinite factor."""
    return np.where(y == 0, 0.0, y * factor)
