"""Real responses with outliers that do not pull: Student's t noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.base import Likelihood

__all__ = ["StudentT"]


@dataclass(frozen=True)
class StudentT(Likelihood):
    """``-log p = (df + 1) / 2 log(1 + (y - eta)^2 / (df scale^2)) + constant``.

    Near the line a row pulls as with normal noise, far from it less and less: the loss is not
    convex, so a fit is a local optimum (several starts are tried, the lowest is kept). Large ``df``
    is normal noise, ``df=1`` Cauchy's.

    Parameters
    ----------
    df : degrees of freedom of the noise, > 0; how heavy its tails are.
    scale : width of the noise in units of y, > 0; its standard deviation is
        ``scale sqrt(df / (df - 2))``.

    Raises
    ------
    InputError
        where df or scale is not positive.

    Notes
    -----
    Lange, Little & Taylor (1989), Robust statistical modeling using the t distribution.

    Examples
    --------
    >>> import numpy as np
    >>> StudentT(df=3.0).slope(np.zeros(3), np.array([0.1, 1.0, 30.0])).round(3)
    array([0.133, 1.   , 0.133])
    """

    df: float = 4.0
    scale: float = 1.0

    name = "student-t"
    convex = False

    def __post_init__(self) -> None:
        for word in ("df", "scale"):
            value = getattr(self, word)
            if not (
                isinstance(value, int | float | np.number) and np.isfinite(value) and value > 0
            ):
                raise InputError(
                    f"`{word}` must be a positive number",
                    repr(value),
                    "Give both: StudentT(df=4, scale=1.0); for normal noise use Gaussian().",
                )

    def width(self, phi: float) -> tuple[str, float]:
        """The scale."""
        return "noise scale", float(np.sqrt(phi))

    def check(self, y: Array) -> None:
        """Any finite number will do."""

    def loss(self, y: Array, eta: Array) -> Array:
        """``(df + 1) / 2 log(1 + z^2 / df)``, z the residual over the scale."""
        return 0.5 * (self.df + 1.0) * np.log1p(np.square((y - eta) / self.scale) / self.df)

    def slope(self, y: Array, eta: Array) -> Array:
        """``(eta - y)`` times the `majorant`."""
        return (eta - y) * self.majorant(y, eta)

    def majorant(self, y: Array, eta: Array) -> Array:
        """``(df + 1) / (df scale^2 + r^2)``: the curvature of the parabola that touches the loss
        at eta and lies above it elsewhere, the weight of the row in a least-squares step."""
        return (self.df + 1.0) / (self.df * self.scale**2 + np.square(y - eta))

    def curvature(self, y: Array, eta: Array) -> Array:
        """``(df + 1) (df scale^2 - r^2) / (df scale^2 + r^2)^2``, negative far from the line."""
        width, square = self.df * self.scale**2, np.square(y - eta)
        return self.majorant(y, eta) * (width - square) / (width + square)

    def conjugate(self, y: Array, slope: Array) -> Array:  # noqa: ARG002
        """0 at slope 0, +inf elsewhere: the loss grows slower than any line."""
        return np.where(slope == 0, 0.0, np.inf)

    def saturated(self, y: Array) -> Array:
        """0."""
        return np.zeros_like(y)

    def constant(self, y: Array, phi: float) -> Array:  # noqa: ARG002
        """``log(scale sqrt(df pi) Gamma(df / 2) / Gamma((df + 1) / 2))``."""
        gammas = gammaln(0.5 * self.df) - gammaln(0.5 * (self.df + 1.0))
        return np.full_like(y, np.log(self.scale) + 0.5 * np.log(self.df * np.pi) + gammas)

    def mean(self, eta: Array) -> Array:
        """``eta``; for df <= 1, where no mean exists, the centre."""
        return eta

    @property
    def predictor(self) -> str:
        return "centre"

    def in_words(self, phi: float) -> str:  # noqa: ARG002
        return f"Noise: Student's t with {self.df:g} degrees of freedom, scale {self.scale:.3g}."

    def information(self, y: Array, eta: Array, weights: Array) -> Array:  # noqa: ARG002
        """``w (df + 1) / ((df + 3) scale^2)``: Fisher's, the expected curvature."""
        return weights * (self.df + 1.0) / ((self.df + 3.0) * self.scale**2)

    def eta_of(self, mean_y: float) -> float:
        """``mean_y``."""
        return mean_y

    def null_eta(self, y: Array, weights: Array, offset: Array) -> float:
        """The lowest of the optima that least-squares steps reach from the mean, the median and
        the densest row."""
        r = y - offset
        order = np.argsort(r, kind="stable")
        reached = np.cumsum(weights[order])
        middle = float(r[order][np.searchsorted(reached, 0.5 * reached[-1])])
        among = r[order][np.unique(np.linspace(0, len(r) - 1, min(len(r), 101)).astype(int))]
        densest = float(min(among, key=lambda a: self._at(r, a, weights)))
        starts = (float(weights @ r / weights.sum()), middle, densest)
        return min(
            (self._descend(r, a, weights) for a in starts), key=lambda a: self._at(r, a, weights)
        )

    def _at(self, r: Array, a: float, weights: Array) -> float:
        return float(weights @ self.loss(r, np.full_like(r, a)))

    def _descend(self, r: Array, a: float, weights: Array) -> float:
        for _ in range(1000):
            pull = weights * self.majorant(r, np.full_like(r, a))
            before, a = a, float(pull @ r / pull.sum())
            if abs(a - before) <= 1e-15 * max(abs(a), self.scale):
                break
        return a

    def draw(self, eta: Array, phi: float, rng: np.random.Generator) -> Array:  # noqa: ARG002
        """``eta`` plus noise."""
        return eta + self.scale * rng.standard_t(self.df, size=eta.shape)
