"""Normal noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from priorfit._checks import matrix, vector
from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood

__all__ = ["Gaussian"]


@dataclass(frozen=True)
class Gaussian(Likelihood):
    """``-log p(y | eta) = (y - eta)^2 / (2 noise^2) + log(noise sqrt(2 pi))``.

    Parameters
    ----------
    noise : standard deviation of the noise, in units of y; None estimates it together with the
        weights, by ``noise^2 = RSS / (n - df)`` at the fit that this noise itself implies.
    scale_by_noise : if True the prior's scale is a multiple of the noise (the conditional prior
        of Park & Casella 2008): the joint estimate is then unique. Only with ``noise=None``.

    Raises
    ------
    InputError
        where ``noise`` is not positive, or both are given.

    Examples
    --------
    >>> import numpy as np
    >>> Gaussian(noise=2.0).loss(np.array([1.0]), np.array([0.0]))
    array([0.5])
    """

    noise: float | None = None
    scale_by_noise: bool = False

    name = "gaussian"
    has_dispersion = True
    has_outputs = True

    def __post_init__(self) -> None:
        if self.noise is not None and not (np.isfinite(self.noise) and self.noise > 0):
            raise InputError(
                "`noise` must be a positive number",
                repr(self.noise),
                "Give the noise's standard deviation, or None to estimate it.",
            )
        if self.noise is not None and self.scale_by_noise:
            raise InputError(
                "`scale_by_noise` must go with an unknown noise",
                f"noise={self.noise}",
                "Multiply the prior's scale by the noise instead.",
            )

    @property
    def known_dispersion(self) -> float | None:
        """``noise**2``, or None."""
        return None if self.noise is None else float(self.noise) ** 2

    def at(self, phi: float) -> Gaussian:
        """``Gaussian(noise=sqrt(phi))``."""
        return Gaussian(noise=float(np.sqrt(phi)))

    def check(self, y: Array) -> None:
        """Any finite number will do."""

    def response(self, y: Any, n: int) -> Array:
        """``y`` (n,), or (n, q) for q > 1 responses of one noise."""
        wide = np.ndim(y) == 2 and np.shape(y)[1] > 1
        return matrix("y", y, n) if wide else vector("y", y, n)

    def loss(self, y: Array, eta: Array) -> Array:
        """``(y - eta)^2 / 2``."""
        return 0.5 * np.square(y - eta)

    def slope(self, y: Array, eta: Array) -> Array:
        """``eta - y``."""
        return eta - y

    def curvature(self, y: Array, eta: Array) -> Array:  # noqa: ARG002
        """1."""
        return np.ones_like(eta)

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``slope^2 / 2 + slope y``."""
        return slope * (0.5 * slope + y)

    def saturated(self, y: Array) -> Array:
        """0."""
        return np.zeros_like(y)

    def constant(self, y: Array, phi: float) -> Array:
        """``log(2 pi phi) / 2``."""
        return np.full_like(y, 0.5 * np.log(2 * np.pi * phi))

    def mean(self, eta: Array) -> Array:
        """``eta``."""
        return eta

    def eta_of(self, mean_y: float) -> float:
        """``mean_y``."""
        return mean_y

    @property
    def predictor(self) -> str:
        """The mean."""
        return "mean"

    def in_words(self, phi: float) -> str:
        """The noise."""
        return f"Noise: standard deviation {np.sqrt(phi):.3g}."

    def width(self, phi: float) -> tuple[str, float]:
        """The root of phi."""
        return "noise", float(np.sqrt(phi))

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        """``eta`` plus noise of variance ``phi``."""
        return rng.normal(eta, np.sqrt(phi))
