"""Real responses with outliers: normal noise in the middle, exponential tails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.domain import check_dispersion

__all__ = ["Huber"]

_STEPS = 500  # of the scale, where the residuals are known
_ROUNDING = 1.0 + 8 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Huber(Likelihood):
    """``-log p = h((y - eta) / scale) + log(scale Z)``: ``h(z) = z^2 / 2`` up to ``delta``, then
    ``delta |z| - delta^2 / 2``.

    A density that is normal in the middle and Laplace's in the tails; far rows pull with a bounded
    force. As for `Gaussian`, phi = scale^2 and loss / phi is h.

    Parameters
    ----------
    delta : where the tails begin, in units of ``scale``; 1.345 loses 5 % against least squares
        when the noise is normal.
    scale : standard deviation of the middle, in units of y. None estimates it together with the
        weights by Huber's proposal 2, ``sum_i w_i min(|r_i| / scale, delta)^2 = (n - df) c``, with
        c(delta) what normal noise gives: for large deltas this is `Gaussian`'s RSS / (n - df).
        Along a path it is estimated once and held (`Path.likelihood`).

    Raises
    ------
    InputError
        where delta or scale is not positive, or the scale is needed and not known.

    Examples
    --------
    >>> import numpy as np
    >>> Huber(delta=1.0, scale=2.0).slope(np.array([0.0]), np.array([1.0, 5.0]))
    array([1., 2.])

    References
    ----------
    Huber & Ronchetti, Robust Statistics (2009), sections 7.6 to 7.8.
    """

    delta: float = 1.345
    scale: float | None = None

    name = "huber"
    has_dispersion = True

    def __post_init__(self) -> None:
        if not (np.isfinite(self.delta) and self.delta > 0):
            raise InputError("`delta` must be a positive number", repr(self.delta), "Use 1.345.")
        check_dispersion(self.scale, "scale")

    @property
    def known_dispersion(self) -> float | None:
        """``scale**2``, or None."""
        return None if self.scale is None else float(self.scale) ** 2

    @property
    def known_shape(self) -> float | None:
        """``scale``: it says where the tails begin."""
        return self.scale

    @property
    def reach(self) -> float:
        """``delta * scale``: where the tails begin, in units of y."""
        if self.scale is None:
            raise InputError(
                "`scale` must be known here",
                "Huber() with the scale unknown",
                "Give Huber(scale=...); fits and paths estimate it: "
                "solve(problem).likelihood.scale.",
            )
        return self.delta * float(self.scale)

    def at(self, phi: float) -> Huber:
        """``Huber(delta, scale=sqrt(phi))``."""
        return Huber(self.delta, float(np.sqrt(phi)))

    def proposal_two(self, y: Array, eta: Array, weights: Array, left: float) -> Huber:
        """With the scale of ``sum_i w_i min(|r_i| / scale, delta)^2 = left c``, eta held.

        Each step from the scale that is known moves the same way; it stays where none solves it.
        """
        s2 = float(self.known_dispersion or 0.0)
        for _ in range(_STEPS):
            before, s2 = s2, float(weights @ self.at(s2).pearson(y, eta)) / max(left, 1.0)
            if s2 <= 0:
                return self
            if abs(s2 - before) <= 1e-10 * s2:
                break
        return self.at(s2)

    def check(self, y: Array) -> None:
        """Any finite number will do."""

    def loss(self, y: Array, eta: Array) -> Array:
        """``r^2 / 2``, or ``c |r| - c^2 / 2`` beyond ``c = delta scale``."""
        c, r = self.reach, np.abs(y - eta)
        inner = np.minimum(r, c)
        return inner * (r - 0.5 * inner)

    def slope(self, y: Array, eta: Array) -> Array:
        """``eta - y``, kept within c."""
        c = self.reach
        return np.clip(eta - y, -c, c)

    def curvature(self, y: Array, eta: Array) -> Array:
        """1 in the middle, 0 beyond."""
        return np.asarray(np.abs(y - eta) <= self.reach, dtype=np.float64)

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``slope^2 / 2 + slope y`` for a slope within c."""
        inside = np.abs(slope) <= self.reach * _ROUNDING
        return np.where(inside, slope * (0.5 * slope + y), np.inf)

    def majorants(self, y: Array, eta: Array, weights: Array) -> Array:
        """``w min(1, c / |r|)`` (Huber 1981, section 7.8)."""
        with np.errstate(divide="ignore"):
            return weights * np.minimum(1.0, self.reach / np.abs(y - eta))

    def dual_weights(self, y: Array, eta: Array, weights: Array) -> Array:
        """``w (1 - |r| / c)``: what is left of the force."""
        y, weights = (v if eta.ndim == 1 else v[:, None] for v in (y, weights))
        return weights * np.maximum(1.0 - np.abs(y - eta) / self.reach, 0.0)

    def saturated(self, y: Array) -> Array:
        """0."""
        return np.zeros_like(y)

    def constant(self, y: Array, phi: float) -> Array:
        """``log(sqrt(phi) Z)``, Z the integral of ``exp(-h)``: its middle and its two tails."""
        middle, tails = self._masses
        return np.full_like(y, 0.5 * np.log(phi) + np.log(middle + tails))

    @property
    def _masses(self) -> tuple[float, float]:
        d = self.delta
        middle = np.sqrt(2 * np.pi) * (1.0 - 2.0 * ndtr(-d))
        return float(middle), float(2.0 * np.exp(-0.5 * d * d) / d)

    def pearson(self, y: Array, eta: Array) -> Array:
        """Squared forces over what they are on average for normal noise of variance 1."""
        d = self.delta
        density = np.exp(-0.5 * d * d) / np.sqrt(2 * np.pi)
        average = 1.0 - 2.0 * ndtr(-d) - 2.0 * d * density + 2.0 * d * d * ndtr(-d)
        return np.asarray(np.square(self.slope(y, eta)) / average)

    def mean(self, eta: Array) -> Array:
        """``eta``."""
        return eta

    def eta_of(self, mean_y: float) -> float:
        """``mean_y``."""
        return mean_y

    def null_eta(self, y: Array, weights: Array, offset: Array) -> float:
        """The robust mean of ``y - offset``."""
        r = y - offset
        low, high = float(r.min()), float(r.max())

        def rise(a: float) -> float:
            return float(weights @ self.slope(r, np.full_like(r, a)))

        if low == high:
            return low
        found: float = brentq(rise, low, high, xtol=1e-14 * (high - low), rtol=1e-15)
        return found

    @property
    def predictor(self) -> str:
        """The mean."""
        return "mean"

    def in_words(self, phi: float) -> str:
        """The scale, and where the tails begin."""
        return f"Scale {np.sqrt(phi):.3g}; tails begin at {self.delta:g} of it."

    def width(self, phi: float) -> tuple[str, float]:
        """The root of phi."""
        return "noise", float(np.sqrt(phi))

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        """``eta`` plus noise of the density above."""
        d, (middle, tails) = self.delta, self._masses
        u = rng.uniform(-1.0, 1.0, size=eta.shape)
        inner = ndtri(0.5 + u * (ndtr(d) - 0.5))
        outer = np.sign(u) * (d + rng.exponential(1.0 / d, size=eta.shape))
        far = rng.uniform(size=eta.shape) < tails / (middle + tails)
        return np.asarray(eta + np.sqrt(phi) * np.where(far, outer, inner))
