"""Counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlogy

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood

__all__ = ["Poisson"]


@dataclass(frozen=True)
class Poisson(Likelihood):
    """``-log p(y | eta) = exp(eta) - y eta + log y!``, y >= 0, log link; an offset is log exposure.

    Examples
    --------
    >>> import numpy as np
    >>> Poisson().slope(np.array([3.0]), np.array([0.0]))
    array([-2.])
    """

    name = "poisson"

    def check(self, y: Array) -> None:
        """y >= 0, and not 0 throughout."""
        if np.any(y < 0):
            raise InputError(
                "the poisson likelihood needs y >= 0",
                f"{y[y < 0][0]:g} in row {int(np.flatnonzero(y < 0)[0])}",
                "Counts cannot be negative; use Gaussian() for signed responses.",
            )
        if not np.any(y > 0):
            raise InputError(
                "the poisson likelihood needs some y > 0",
                f"0 in all {len(y)} rows",
                "There is nothing to explain.",
            )

    def loss(self, y: Array, eta: Array) -> Array:
        """``exp(eta) - y eta``; infinite where exp overflows."""
        with np.errstate(over="ignore"):
            return np.exp(eta) - y * eta

    def slope(self, y: Array, eta: Array) -> Array:
        """``exp(eta) - y``."""
        with np.errstate(over="ignore"):
            return np.exp(eta) - y

    def curvature(self, y: Array, eta: Array) -> Array:  # noqa: ARG002
        """``exp(eta)``."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``m log m - m`` with m = y + slope >= 0."""
        m = y + slope
        kept = np.maximum(m, 0.0)
        return np.where(m >= 0, xlogy(kept, kept) - kept, np.inf)

    def saturated(self, y: Array) -> Array:
        """``y - y log y``."""
        return y - xlogy(y, y)

    def constant(self, y: Array, phi: float) -> Array:  # noqa: ARG002
        """``log y!``."""
        return np.asarray(gammaln(y + 1.0))

    def mean(self, eta: Array) -> Array:
        """``exp(eta)``."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def eta_of(self, mean_y: float) -> float:
        """``log(mean_y)``."""
        return float(np.log(mean_y))

    def attained(self, y: Array) -> bool:
        """Where no y is 0."""
        return bool(np.all(y > 0))

    def variance(self, mean: Array) -> Array:
        """``mu``."""
        return mean

    @property
    def predictor(self) -> str:
        """The log mean."""
        return "log mean"

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """Counts; where the mean is beyond 1e15 the mean itself."""
        mean = self.mean(eta)
        drawn = rng.poisson(np.minimum(mean, 1e15))
        return np.where(mean > 1e15, mean, drawn)
