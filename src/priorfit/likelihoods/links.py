"""Links of two-class likelihoods: P(y = 1) as a function of eta.

``loss = y a(eta) + (1 - y) b(eta)`` with ``a = -log P(1)`` and ``b = -log P(0)``, both convex for
the links here (their distribution functions are log-concave).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from scipy.special import erfcx, expit, log_ndtr, logit, ndtr, ndtri, xlogy

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods.inverse import invert

__all__ = ["Link", "link_named"]


class Link(ABC):
    """Elementwise, as the methods of `Likelihood` of the same names."""

    name: str
    #: what eta is of P(y = 1)
    words: str

    @abstractmethod
    def loss(self, y: Array, eta: Array) -> Array:
        """``y a + (1 - y) b``."""

    @abstractmethod
    def slope(self, y: Array, eta: Array) -> Array:
        """``y a' + (1 - y) b'``."""

    @abstractmethod
    def curvature(self, y: Array, eta: Array) -> Array:
        """``y a'' + (1 - y) b''``."""

    @abstractmethod
    def conjugate(self, y: Array, slope: Array) -> Array:
        """``sup_eta slope eta - loss``."""

    @abstractmethod
    def mean(self, eta: Array) -> Array:
        """P(y = 1)."""

    @abstractmethod
    def eta_of(self, mean_y: float) -> float:
        """The inverse of `mean`."""


class Logit(Link):
    """``P(1) = 1 / (1 + exp(-eta))``."""

    name, words = "logit", "log odds"

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

    def mean(self, eta: Array) -> Array:
        """``1 / (1 + exp(-eta))``."""
        return np.asarray(expit(eta))

    def eta_of(self, mean_y: float) -> float:
        """Log odds."""
        return float(logit(mean_y))


class Probit(Link):
    """``P(1) = Phi(eta)``, the normal distribution function."""

    name, words = "probit", "normal quantile"

    def loss(self, y: Array, eta: Array) -> Array:
        """``-y log Phi(eta) - (1 - y) log Phi(-eta)``."""
        return np.asarray(-_share(y, log_ndtr(eta)) - _share(1.0 - y, log_ndtr(-eta)))

    def slope(self, y: Array, eta: Array) -> Array:
        """``-y m(eta) + (1 - y) m(-eta)``, m the inverse Mills ratio phi / Phi."""
        return _share(1.0 - y, _mills(-eta)) - _share(y, _mills(eta))

    def curvature(self, y: Array, eta: Array) -> Array:
        """``m (eta + m)`` for each side."""
        return _share(y, _mills_curve(eta)) + _share(1.0 - y, _mills_curve(-eta))

    def conjugate(self, y: Array, slope: Array) -> Array:
        """At the eta of this slope, by Newton."""
        y, slope = np.broadcast_arrays(y, slope)
        inside = ((y < 1) | (slope <= 0)) & ((y > 0) | (slope >= 0))
        s = np.where(inside, slope, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):  # |m(eta)| > |eta| in its tail
            low = np.where(y > 0, -40.0 - np.abs(s) / y, -40.0)
            high = np.where(y < 1, 40.0 + np.abs(s) / (1.0 - y), 40.0)
        eta = invert(lambda e: self.slope(y, e), lambda e: self.curvature(y, e), s, low, high)
        return np.where(inside, s * eta - self.loss(y, eta), np.inf)

    def mean(self, eta: Array) -> Array:
        """``Phi(eta)``."""
        return np.asarray(ndtr(eta))

    def eta_of(self, mean_y: float) -> float:
        """The normal quantile."""
        return float(ndtri(mean_y))


class Cloglog(Link):
    """``P(1) = 1 - exp(-t)``, ``t = exp(eta)``: whether a Poisson count of mean t is not 0."""

    name, words = "cloglog", "complementary log-log"

    @np.errstate(over="ignore", divide="ignore")
    def loss(self, y: Array, eta: Array) -> Array:
        """``-y log(1 - exp(-t)) + (1 - y) t``."""
        t = np.exp(eta)
        # t underflows: log(1 - exp(-t)) = log t = eta
        some = np.where(eta < -700, eta, np.log(-np.expm1(-np.maximum(t, 1e-307))))
        return _share(1.0 - y, t) - _share(y, some)

    @np.errstate(over="ignore", invalid="ignore")
    def slope(self, y: Array, eta: Array) -> Array:
        """``-y t / (exp(t) - 1) + (1 - y) t``."""
        t = np.exp(eta)
        return _share(1.0 - y, t) - _share(y, _over_expm1(t))

    @np.errstate(over="ignore", invalid="ignore")
    def curvature(self, y: Array, eta: Array) -> Array:
        """``y t (t exp(t) - exp(t) + 1) / (exp(t) - 1)^2 + (1 - y) t``."""
        t = np.exp(eta)
        small = np.minimum(t, 1e-2)
        few = small * (0.5 - small * (1 / 6 - small * small / 180))
        big = np.clip(t, 1e-2, 745.0)
        rest = -np.expm1(-big)
        many = big * np.exp(-big) * (big - rest) / rest**2
        return _share(y, np.where(t < 1e-2, few, many)) + _share(1.0 - y, t)

    def conjugate(self, y: Array, slope: Array) -> Array:
        """At the eta of this slope, by Newton; in closed form where y = 0."""
        y, slope = np.broadcast_arrays(y, slope)
        inside = (slope >= -y) & ((y < 1) | (slope <= 0))
        s = np.where(inside, slope, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            high = np.where(y < 1, 7.0 + np.log1p(np.maximum(s, 0.0) / (1.0 - y)), 7.0)
        low = np.full_like(high, -745.0)
        eta = invert(lambda e: self.slope(y, e), lambda e: self.curvature(y, e), s, low, high)
        closed = xlogy(np.maximum(s, 0.0), np.maximum(s, 0.0)) - s
        return np.where(inside, np.where(y == 0, closed, s * eta - self.loss(y, eta)), np.inf)

    @np.errstate(over="ignore")
    def mean(self, eta: Array) -> Array:
        """``1 - exp(-exp(eta))``."""
        return np.asarray(-np.expm1(-np.exp(eta)))

    def eta_of(self, mean_y: float) -> float:
        """``log(-log(1 - mean_y))``."""
        return float(np.log(-np.log1p(-mean_y)))


_LINKS: dict[str, Link] = {link.name: link for link in (Logit(), Probit(), Cloglog())}


def link_named(name: str) -> Link:
    """The link of that name; raises `InputError` where there is none."""
    if name not in _LINKS:
        raise InputError(
            f"the link of two classes must be one of {', '.join(_LINKS)}",
            repr(name),
            "Choose one of them; under each the loss is convex, so that every fit can be "
            "certified.",
        )
    return _LINKS[name]


def _share(y: Array, value: Array) -> Array:
    """``y * value``, 0 where y is, also for an infinite value."""
    with np.errstate(invalid="ignore"):
        return np.where(y == 0, 0.0, y * value)


def _mills(eta: Array) -> Array:
    """``phi(eta) / Phi(eta)``."""
    return np.asarray(np.sqrt(2 / np.pi) / erfcx(-eta / np.sqrt(2)))


def _mills_curve(eta: Array) -> Array:
    """``m (eta + m)`` = ``1 - 1/eta^2 + 6/eta^4`` far in the tail, where the sum cancels."""
    m = _mills(eta)
    far = np.square(1.0 / np.minimum(eta, -200.0))
    return np.where(eta < -200.0, 1.0 - far * (1.0 - 6.0 * far), m * (eta + m))


def _over_expm1(t: Array) -> Array:
    """``t / (exp(t) - 1)``, 1 at 0 and 0 far out."""
    kept = np.clip(t, 1e-300, 745.0)
    return np.where(t > 745.0, 0.0, kept / np.expm1(np.minimum(kept, 709.0)))
