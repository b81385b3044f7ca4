"""Asymmetric Laplace noise: the regression of a quantile."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood

__all__ = ["Quantile"]

_ROUNDING = 4 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Quantile(Likelihood):
    """``-log p(y | eta) = rho_q(y - eta) / scale + log(scale / (q (1 - q)))``.

    ``rho_q(r) = r (q - [r < 0])`` is the pinball loss: q r above the line, (1 - q) |r| below. Its
    minimum has a share q of the rows below, so eta is the quantile of order q; q = 1/2 is Laplace
    noise, least absolute deviations. Noise of this shape is a way to ask for a quantile and need
    not be believed. Fits of several q are made apart and may cross.

    Parameters
    ----------
    q : order of the quantile, inside (0, 1).
    scale : width of the noise in units of y, the dispersion phi; None estimates it together with
        the weights, by ``scale = sum_i w_i rho_i / (n - df)`` at the fit that this scale implies.

    Raises
    ------
    InputError
        where ``q`` is not inside (0, 1) or ``scale`` not positive.

    Notes
    -----
    Koenker & Bassett (1978), Regression quantiles; Koenker & Machado (1999), section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> Quantile(0.9).loss(np.array([1.0, -1.0]), np.zeros(2)).round(3)
    array([0.9, 0.1])
    """

    q: float = 0.5
    scale: float | None = 1.0

    name = "quantile"
    has_dispersion = True
    smooth = False

    def __post_init__(self) -> None:
        if not 0 < self.q < 1:
            raise InputError(
                "`q` must be inside (0, 1)", repr(self.q), "It is a quantile's order: 0.5."
            )
        if self.scale is not None and not (np.isfinite(self.scale) and self.scale > 0):
            raise InputError(
                "`scale` must be a positive number",
                repr(self.scale),
                "Give the width of the noise in units of y, or None to estimate it.",
            )

    @property
    def known_dispersion(self) -> float | None:
        """``scale``, or None."""
        return None if self.scale is None else float(self.scale)

    def check(self, y: Array) -> None:
        """Any finite number will do."""

    def loss(self, y: Array, eta: Array) -> Array:
        """``rho_q(y - eta)``."""
        r = y - eta
        return np.asarray(np.where(r >= 0, self.q, self.q - 1.0) * r)

    def slope(self, y: Array, eta: Array) -> Array:
        """``[y < eta] - q``; at y = eta, where any number between is one, ``1/2 - q``."""
        return 0.5 - self.q - 0.5 * np.sign(y - eta)

    def curvature(self, y: Array, eta: Array) -> Array:  # noqa: ARG002
        """0: all of it sits in the kink."""
        return np.zeros_like(eta)

    def conjugate(self, y: Array, slope: Array) -> Array:
        """``slope y`` for slopes in [-q, 1 - q]."""
        return np.where(self._inside(slope), slope * y, np.inf)

    def dual(self, y: Array, theta: Array, weights: Array) -> Array:
        """``-y'theta`` where ``-w (1 - q) <= theta <= w q`` in every row."""
        inside = self._inside(-theta.T / weights).all(axis=-1)
        return np.where(inside, -(y @ theta), np.inf)

    def _inside(self, slope: Array) -> Array:
        return np.asarray((slope >= -self.q - _ROUNDING) & (slope <= 1.0 - self.q + _ROUNDING))

    def saturated(self, y: Array) -> Array:
        """0."""
        return np.zeros_like(y)

    def constant(self, y: Array, phi: float) -> Array:
        """``log(phi / (q (1 - q)))``."""
        return np.full_like(y, np.log(phi / (self.q * (1.0 - self.q))))

    def mean(self, eta: Array) -> Array:
        """``eta``: what is expected here is the quantile, not the mean."""
        return eta

    def eta_of(self, mean_y: float) -> float:
        """``mean_y``."""
        return mean_y

    def null_eta(self, y: Array, weights: Array, offset: Array) -> float:
        """The quantile of ``y - offset``, weights as repeats; the middle where an interval fits."""
        r = y - offset
        order = np.argsort(r, kind="stable")
        reached = np.cumsum(weights[order])
        target, slack = self.q * reached[-1], 1e-12 * reached[-1]
        low = r[order][np.searchsorted(reached, target - slack)]
        above = min(int(np.searchsorted(reached, target + slack, side="right")), len(r) - 1)
        high = r[order][above]
        return float(low + 0.5 * (high - low))

    def pearson(self, y: Array, eta: Array) -> Array:
        """The loss: its mean, by degrees of freedom, estimates phi."""
        return self.loss(y, eta)

    @property
    def predictor(self) -> str:
        """Which quantile."""
        return f"quantile of order {self.q:g}"

    def in_words(self, phi: float) -> str:
        """The noise."""
        return f"Noise: asymmetric Laplace of order {self.q:g}, scale {phi:.3g}."

    def width(self, phi: float) -> tuple[str, float]:
        """The scale, which is the mean loss."""
        return "noise scale", float(phi)

    def information(self, y: Array, eta: Array, weights: Array) -> Array:
        """``w q (1 - q) / phi``: phi times the variance of the score of this noise over phi^2."""
        phi = self.scale or float(np.average(self.loss(y, eta), weights=weights)) or 1.0
        return weights * self.q * (1.0 - self.q) / phi

    def at(self, phi: float) -> Quantile:
        """``Quantile(q, scale=phi)``."""
        return replace(self, scale=phi)

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:
        """``eta`` plus asymmetric Laplace noise: below it with probability q."""
        below = rng.uniform(size=eta.shape) < self.q
        size = phi * rng.exponential(size=eta.shape)
        return eta + np.where(below, -size / (1.0 - self.q), size / self.q)
