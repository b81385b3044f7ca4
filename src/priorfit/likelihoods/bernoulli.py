"""Two classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.domain import two_classes
from priorfit.likelihoods.links import Link, link_named

__all__ = ["Bernoulli"]


@dataclass(frozen=True)
class Bernoulli(Likelihood):
    """``-log p(y | eta) = -y log mu - (1 - y) log(1 - mu)``, y in [0, 1]; logistic regression.

    With the logit link that is ``log(1 + exp(eta)) - y eta``. Counts of successes are shares whose
    weights are the trials: see `shares`.

    Parameters
    ----------
    link : "logit", ``mu = 1/(1 + exp(-eta))``; "probit", ``mu = Phi(eta)``; or "cloglog",
        ``mu = 1 - exp(-exp(eta))``. The loss is convex under each. Others (cauchit) are refused.

    Examples
    --------
    >>> import numpy as np
    >>> Bernoulli().mean(np.array([0.0]))
    array([0.5])
    >>> Bernoulli(link="probit").mean(np.array([1.96])).round(3)
    array([0.975])
    """

    link: str = "logit"

    name = "bernoulli"
    is_classification = True

    def __post_init__(self) -> None:
        link_named(self.link)

    @property
    def _link(self) -> Link:
        return link_named(self.link)

    def check(self, y: Array) -> None:
        """0 or 1 (or a share in between)."""
        outside = ~((y >= 0) & (y <= 1))
        if np.any(outside):
            raise InputError(
                "the bernoulli likelihood needs y in [0, 1]",
                f"{y[outside][0]:g} in row {int(np.flatnonzero(outside)[0])}",
                "Code the two classes as 0 and 1, or use MAPClassifier, which takes any labels; "
                "for counts use pf.shares(successes, trials).",
            )
        two_classes(y)

    def loss(self, y: Array, eta: Array) -> Array:
        """``-y log mu - (1 - y) log(1 - mu)``, without overflow."""
        return self._link.loss(y, eta)

    def slope(self, y: Array, eta: Array) -> Array:
        """``mu - y`` for the logit."""
        return self._link.slope(y, eta)

    def curvature(self, y: Array, eta: Array) -> Array:
        """``mu (1 - mu)`` for the logit."""
        return self._link.curvature(y, eta)

    def majorants(self, y: Array, eta: Array, weights: Array) -> Array:
        """``w tanh(eta / 2) / (2 eta)`` for the logit (Jaakkola & Jordan 2000, section 3)."""
        if self.link != "logit":
            return super().majorants(y, eta, weights)
        half = np.maximum(np.abs(eta), 1e-6) / 2.0
        return weights * np.tanh(half) / (4.0 * half)

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``m log m + (1 - m) log(1 - m)`` with m = y + slope, for the logit."""
        return self._link.conjugate(y, slope)

    def saturated(self, y: Array) -> Array:
        """0 for y in {0, 1}, the entropy of y in between."""
        return np.asarray(-(xlogy(y, y) + xlogy(1 - y, 1 - y)), dtype=np.float64)

    def constant(self, y: Array, phi: float) -> Array:  # noqa: ARG002
        """0."""
        return np.zeros_like(y)

    def attained(self, y: Array) -> bool:
        """Where no y is 0 or 1."""
        return bool(np.all((y > 0) & (y < 1)))

    def variance(self, mean: Array) -> Array:
        """``mu (1 - mu)``."""
        return mean * (1.0 - mean)

    def mean(self, eta: Array) -> Array:
        """P(y = 1)."""
        return self._link.mean(eta)

    def eta_of(self, mean_y: float) -> float:
        """The link: log odds, normal quantile or ``log(-log(1 - mean_y))``."""
        return self._link.eta_of(mean_y)

    def complement(self, eta: Array) -> Array:
        """P(y = 0), also where P(y = 1) rounds to 1."""
        return np.exp(-self._link.loss(np.zeros(()), eta))

    @property
    def predictor(self) -> str:
        """The log odds, the normal quantile or log(-log(1 - P))."""
        return self._link.words

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """1 with probability ``mean(eta)``, else 0."""
        return (rng.uniform(size=eta.shape) < self.mean(eta)).astype(np.float64)
