"""What every likelihood can do: it sees only y and the linear predictor eta."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from priorfit._typing import Array

__all__ = ["Likelihood"]


class Likelihood(ABC):
    """``-log p(y | eta; phi) = loss(y, eta) / phi + constant(y, phi)``, row by row.

    All methods are elementwise; ``eta`` may have trailing axes that ``y`` is broadcast against
    (``y[:, None]``). ``phi`` is the dispersion: 1 but for the gaussian, where it is the variance
    of the noise. The losses are convex, so every fit has a certificate.
    """

    #: the name used on the command line and in model files
    name: str
    #: whether phi is a parameter that may be unknown
    has_dispersion: bool = False
    #: whether the response is a class label
    is_classification: bool = False

    @abstractmethod
    def check(self, y: Array) -> None:
        """Raise `InputError` where a value of ``y`` is outside the likelihood's domain."""

    @abstractmethod
    def loss(self, y: Array, eta: Array) -> Array:
        """The part of the negative log likelihood that depends on eta, at phi = 1."""

    @abstractmethod
    def slope(self, y: Array, eta: Array) -> Array:
        """``d loss / d eta``; ``mean(eta) - y`` for the canonical links here."""

    @abstractmethod
    def curvature(self, y: Array, eta: Array) -> Array:
        """``d^2 loss / d eta^2 >= 0``."""

    @abstractmethod
    def conjugate(self, y: Array, slope: Array) -> Array:
        """``sup_eta slope * eta - loss(y, eta)``, +inf outside its domain."""

    @abstractmethod
    def saturated(self, y: Array) -> Array:
        """``inf_eta loss(y, eta)``."""

    @abstractmethod
    def constant(self, y: Array, phi: float) -> Array:
        """What ``loss / phi`` leaves out of the negative log likelihood."""

    @abstractmethod
    def mean(self, eta: Array) -> Array:
        """The expected response ``mu`` at ``eta``."""

    @abstractmethod
    def null_eta(self, mean_y: float) -> float:
        """The link of the mean response: where an intercept-only search starts."""

    @abstractmethod
    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        """Random responses at ``eta``, of its shape."""

    @property
    def known_dispersion(self) -> float | None:
        """phi where it is known, None where it is to be estimated."""
        return 1.0
