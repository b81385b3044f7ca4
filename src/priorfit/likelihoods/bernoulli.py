"""Two classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, xlogy

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood

__all__ = ["Bernoulli"]


@dataclass(frozen=True)
class Bernoulli(Likelihood):
    """``-log p(y | eta) = log(1 + exp(eta)) - y eta``, y in [0, 1]; logistic regression.

    Examples
    --------
    >>> import numpy as np
    >>> Bernoulli().mean(np.array([0.0]))
    array([0.5])
    """

    name = "bernoulli"
    is_classification = True

    def check(self, y: Array) -> None:
        """0 or 1 (or a share in between)."""
        outside = ~((y >= 0) & (y <= 1))
        if np.any(outside):
            raise InputError(
                "the bernoulli likelihood needs y in [0, 1]",
                f"{y[outside][0]:g} in row {int(np.flatnonzero(outside)[0])}",
                "Code the two classes as 0 and 1, or use MAPClassifier, which takes any labels.",
            )
        if np.all(y == y[0]) and y[0] in (0.0, 1.0):
            raise InputError(
                "y must have two classes among the rows of positive weight",
                f"one class, y = {y[0]:g} in all {len(y)} rows",
                "There is nothing to tell apart.",
            )

    def loss(self, y: Array, eta: Array) -> Array:
        """``log(1 + exp(eta)) - y eta``, without overflow."""
        return np.logaddexp(0.0, eta) - y * eta

    def slope(self, y: Array, eta: Array) -> Array:
        """``mu - y``; where mu rounds to y, the small difference is kept."""
        return np.where(y == 1.0, -expit(-eta), expit(eta) - y)

    def curvature(self, y: Array, eta: Array) -> Array:  # noqa: ARG002
        """``mu (1 - mu)``."""
        return np.asarray(expit(eta) * expit(-eta), dtype=np.float64)

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``m log m + (1 - m) log(1 - m)`` with m = y + slope in [0, 1]."""
        m, rest = y + slope, np.where(y == 1.0, -slope, 1.0 - y - slope)
        inside = (m >= 0) & (rest >= 0)
        m, rest = np.maximum(m, 0.0), np.maximum(rest, 0.0)
        return np.where(inside, xlogy(m, m) + xlogy(rest, rest), np.inf)

    def saturated(self, y: Array) -> Array:
        """0 for y in {0, 1}, the entropy of y in between."""
        return np.asarray(-(xlogy(y, y) + xlogy(1 - y, 1 - y)), dtype=np.float64)

    def constant(self, y: Array, phi: float) -> Array:  # noqa: ARG002
        """0."""
        return np.zeros_like(y)

    def mean(self, eta: Array) -> Array:
        """``1 / (1 + exp(-eta))``."""
        return np.asarray(expit(eta))

    def link(self, mean_y: float) -> float:
        """``log(mean_y / (1 - mean_y))``."""
        return float(logit(mean_y))

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """1 with probability ``mean(eta)``, else 0."""
        return (rng.uniform(size=eta.shape) < self.mean(eta)).astype(np.float64)
