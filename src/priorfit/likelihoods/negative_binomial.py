"""Counts that scatter more than Poisson's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import digamma, expit, gammaln, xlogy

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.domain import check_dispersion, not_negative

__all__ = ["NegativeBinomial"]

_LOW, _HIGH = 1e-6, 1e8  # of an estimated theta; beyond, it is Poisson's to 1e-8


@dataclass(frozen=True)
class NegativeBinomial(Likelihood):
    """``-log p = (y + theta) log(1 + mu / theta) - y log mu + constant``, ``mu = exp(eta)``.

    Counts y >= 0 of mean mu and variance ``mu + mu^2 / theta``: Poisson counts whose mean is
    itself gamma distributed, with shape theta.

    Parameters
    ----------
    theta : > 0; None takes the value that maximises the posterior together with the weights:
        theta and weights are improved in turn until both are stationary, and J never rises. Along
        a path it is estimated once and held (`Path.likelihood`).

    Raises
    ------
    InputError
        where ``theta`` is not positive, or is needed and not known.

    Examples
    --------
    >>> import numpy as np
    >>> NegativeBinomial(theta=2.0).variance(np.array([1.0, 10.0]))
    array([ 1.5, 60. ])

    References
    ----------
    Venables & Ripley, Modern Applied Statistics with S (2002), section 7.4.
    """

    theta: float | None = None

    name = "negative-binomial"

    def __post_init__(self) -> None:
        check_dispersion(self.theta, "theta")

    @property
    def known_shape(self) -> float | None:
        """``theta``."""
        return self.theta

    @property
    def _theta(self) -> float:
        if self.theta is None:
            raise InputError(
                "`theta` must be known here",
                "NegativeBinomial() with theta unknown",
                "Give NegativeBinomial(theta=...); fits and paths estimate it: "
                "solve(problem).likelihood.theta.",
            )
        return self.theta

    def profile(self, y: Array, eta: Array, weights: Array) -> NegativeBinomial:
        """With the theta of the largest likelihood, between 1e-6 and 1e8."""
        mu = self.mean(eta)

        def rise(log_theta: float) -> float:  # d log likelihood / d theta
            t = float(np.exp(log_theta))
            ratio = (y - mu) / (t + mu)
            # log(t / (t + mu)) + (mu - y) / (t + mu), small for large t
            return float(weights @ (_digamma_rise(t, y) - np.log1p(mu / t) - ratio))

        low, high = np.log(_LOW), np.log(_HIGH)
        if rise(high) >= 0:
            return NegativeBinomial(_HIGH)
        if rise(low) <= 0:
            return NegativeBinomial(_LOW)
        return NegativeBinomial(float(np.exp(brentq(rise, low, high, xtol=1e-13, rtol=1e-14))))

    def check(self, y: Array) -> None:
        """y >= 0, and not 0 throughout."""
        not_negative(
            "negative binomial",
            y,
            "Counts cannot be negative; use Gaussian() for signed responses.",
        )

    def loss(self, y: Array, eta: Array) -> Array:
        """``(y + theta) log(1 + exp(eta) / theta) - y eta``."""
        theta = self._theta
        return np.asarray((y + theta) * np.logaddexp(0.0, eta - np.log(theta)) - y * eta)

    def slope(self, y: Array, eta: Array) -> Array:
        """``(mu - y) theta / (mu + theta)``."""
        theta = self._theta
        t = eta - np.log(theta)
        return np.asarray(theta * expit(t) - y * expit(-t))

    def curvature(self, y: Array, eta: Array) -> Array:
        """``(y + theta) mu theta / (mu + theta)^2``."""
        theta = self._theta
        t = eta - np.log(theta)
        return np.asarray((y + theta) * expit(t) * expit(-t))

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``m log theta + m log(m / k) + r log(r / k)`` with m = y + slope >= 0,
        r = theta - slope >= 0 and k = m + r."""
        theta = self._theta
        m, r = y + slope, theta - slope
        inside = (m >= 0) & (r >= 0)
        m, r = np.maximum(m, 0.0), np.maximum(r, 0.0)
        entropy = xlogy(m, m / (y + theta)) + xlogy(r, r / (y + theta))
        return np.where(inside, m * np.log(theta) + entropy, np.inf)

    def saturated(self, y: Array) -> Array:
        """The loss at mu = y."""
        theta = self._theta
        return np.asarray((y + theta) * np.log1p(y / theta) - xlogy(y, y))

    def constant(self, y: Array, phi: float) -> Array:  # noqa: ARG002
        """``log y! - log Gamma(y + theta) / Gamma(theta) + y log theta``."""
        theta = self._theta
        return np.asarray(gammaln(y + 1.0) - _log_rising(theta, y))

    def attained(self, y: Array) -> bool:
        """Where no y is 0."""
        return bool(np.all(y > 0))

    def variance(self, mean: Array) -> Array:
        """``mu + mu^2 / theta``."""
        return mean * (1.0 + mean / self._theta)

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

    def in_words(self, phi: float) -> str:  # noqa: ARG002
        """The variance."""
        return f"theta {self._theta:.3g}: the variance is mean + mean^2 / {self._theta:.3g}."

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """Poisson counts of a gamma mean."""
        mean = rng.gamma(self._theta, self.mean(eta) / self._theta)
        drawn = rng.poisson(np.minimum(mean, 1e15))
        return np.where(mean > 1e15, mean, drawn)


def _log_rising(theta: float, y: Array) -> Array:
    """``log Gamma(theta + y) - log Gamma(theta) - y log theta``, by Stirling for a large theta."""
    if theta < 1e5:
        return np.asarray(gammaln(theta + y) - gammaln(theta) - y * np.log(theta))
    rest = (1.0 / (theta + y) - 1.0 / theta) / 12.0
    return np.asarray((theta + y - 0.5) * np.log1p(y / theta) - y + rest)


def _digamma_rise(theta: float, y: Array) -> Array:
    """``digamma(theta + y) - digamma(theta)``, by its series for a large theta."""
    if theta < 1e5:
        return np.asarray(digamma(theta + y) - digamma(theta))
    rest = 0.5 * y / (theta * (theta + y))
    return np.asarray(np.log1p(y / theta) + rest)
