"""Two classes told apart by a margin: support vector machines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.domain import two_classes

__all__ = ["SquaredHinge"]


@dataclass(frozen=True)
class SquaredHinge(Likelihood):
    """``loss = max(0, 1 - s eta)^2`` with s = 1 for class 1 and -1 for class 0.

    A pseudo-likelihood: ``exp(-loss)`` is no probability of y, so the fit is a MAP estimate in
    form only. Its gap is exact; there is no probability of a class, and J compares fits of this
    one loss alone.

    Examples
    --------
    >>> import numpy as np
    >>> SquaredHinge().loss(np.array([1.0]), np.array([-1.0, 0.5, 2.0]))
    array([4.  , 0.25, 0.  ])

    References
    ----------
    Sollich, Bayesian methods for support vector machines, Machine Learning 46 (2002), section 2:
    what it would take to make it a likelihood.
    """

    name = "squared-hinge"
    is_classification = True
    is_probability = False

    def check(self, y: Array) -> None:
        """0 or 1, and both of them."""
        outside = (y != 0) & (y != 1)
        if np.any(outside):
            raise InputError(
                "the squared hinge needs y of 0 and 1",
                f"{y[outside][0]:g} in row {int(np.flatnonzero(outside)[0])}",
                "Code the two classes as 0 and 1, or use MAPClassifier, which takes any labels.",
            )
        two_classes(y)

    def loss(self, y: Array, eta: Array) -> Array:
        """``max(0, 1 - s eta)^2``."""
        return np.square(_short(y, eta))

    def slope(self, y: Array, eta: Array) -> Array:
        """``-2 s max(0, 1 - s eta)``."""
        return np.asarray(-2.0 * _sign(y) * _short(y, eta))

    def curvature(self, y: Array, eta: Array) -> Array:
        """2 short of the margin, 0 beyond."""
        return 2.0 * np.asarray(_short(y, eta) > 0, dtype=np.float64)

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``m^2 / 4 - m`` with m = -s slope >= 0."""
        m = -_sign(y) * slope
        return np.where(m >= 0, m * (0.25 * m - 1.0), np.inf)

    def dual_weights(self, y: Array, eta: Array, weights: Array) -> Array:
        """``w max(0, 1 - s eta)``: theta itself, which keeps its sign so."""
        y, weights = (v if eta.ndim == 1 else v[:, None] for v in (y, weights))
        return weights * _short(y, eta)

    def saturated(self, y: Array) -> Array:
        """0."""
        return np.zeros_like(y)

    def constant(self, y: Array, phi: float) -> Array:  # noqa: ARG002
        """0."""
        return np.zeros_like(y)

    def mean(self, eta: Array) -> Array:
        """``exp(-loss)`` of class 1 over that of both classes: an ordering, not a probability."""
        return np.asarray(expit(self.loss(np.zeros(()), eta) - self.loss(np.ones(()), eta)))

    def eta_of(self, mean_y: float) -> float:
        """The inverse of `mean`."""
        rise = float(logit(mean_y))
        return 0.25 * rise if abs(rise) <= 4.0 else float(np.sign(rise) * (abs(rise) ** 0.5 - 1.0))

    def null_eta(self, y: Array, weights: Array, offset: Array) -> float:
        """The best constant, between the margins."""

        def rise(a: float) -> float:
            return float(weights @ self.slope(y, offset + a))

        reach = 1.0 + float(np.abs(offset).max())
        found: float = brentq(rise, -reach, reach, xtol=1e-15, rtol=1e-15)
        return found

    @property
    def predictor(self) -> str:
        """The margin."""
        return "margin"

    def in_words(self, phi: float) -> str:  # noqa: ARG002
        """That it is none."""
        return "The squared hinge is a pseudo-likelihood: no probabilities follow from it."

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """Refused: a pseudo-likelihood makes no data."""
        raise InputError(
            "responses can be drawn from a likelihood only",
            "SquaredHinge(), a pseudo-likelihood",
            "Use Bernoulli().",
        )


def _sign(y: Array) -> Array:
    return 2.0 * y - 1.0


def _short(y: Array, eta: Array) -> Array:
    """How much each row is short of its margin."""
    return np.maximum(1.0 - _sign(y) * eta, 0.0)
