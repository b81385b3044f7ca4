"""Beliefs about a number > 0 (a noise, a scale): fast, unnormalised, for samplers."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log, log1p
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors import Exponential, HalfNormal, Prior, StudentPrior, Truncated

__all__ = ["Positive", "half_student", "positive", "power"]

_MOST = 700.0  # of an exponent


@dataclass(frozen=True)
class Positive:
    """``log p(x)`` of one x > 0, up to a constant.

    ``prior``: the belief, None for the improper ``p(x) = 1 / x``. Two of the three families of a
    positive number are a formula with ``a`` and ``b``; all others ask the prior.

    Examples
    --------
    >>> round(positive(None, "noise").log(2.0), 4)
    -0.6931
    """

    prior: Prior | None
    family: str
    a: float = 0.0
    b: float = 0.0

    def log(self, x: float) -> float:
        """At one number."""
        if self.family == "student":
            return -self.a * log1p(x * x / self.b)
        if self.family == "quadratic":
            return -self.a * x - self.b * x * x
        if self.prior is None:
            return -log(max(x, 1e-300))
        return -float(self.prior.neg_log_density(np.array([x]))[0])

    def logs(self, x: Array) -> Array:
        """At many numbers."""
        if self.family == "student":
            return np.asarray(-self.a * np.log1p(x * x / self.b))
        if self.family == "quadratic":
            return np.asarray(-self.a * x - self.b * x * x)
        return -np.log(x) if self.prior is None else -self.prior.neg_log_density(x)


def half_student(scale: float, df: float = 3.0) -> Prior:
    """The default belief about a noise or a scale: Student's t of df degrees, cut to x >= 0.

    Source: Gelman (2006), Bayesian Analysis 1, section 5.
    """
    return Truncated(StudentPrior(df, scale), lower=0.0)


def positive(prior: Any, name: str) -> Positive:
    """The belief behind what a user says: a `Prior` of one number with mass above 0, or None.

    A prior that reaches below 0 counts above 0 only.

    Raises
    ------
    InputError
        where it is not a prior of one number.
    """
    if prior is None:
        return Positive(None, "reciprocal")
    if not isinstance(prior, Prior) or prior._shape() != () or not prior.separable:
        raise InputError(
            f"`{name}` must be a prior of one positive number, or None for p(x) = 1/x",
            repr(prior),
            "Say for example pf.HalfNormal(10.0).",
        )
    if isinstance(prior, HalfNormal):
        return Positive(prior, "quadratic", 0.0, 0.5 / float(prior.scale) ** 2)
    if isinstance(prior, Exponential):
        return Positive(prior, "quadratic", 1.0 / float(prior.scale), 0.0)
    base = prior.prior if isinstance(prior, Truncated) else prior
    whole = not isinstance(prior, Truncated) or (
        prior.upper_bound == np.inf and prior.lower_bound <= 0.0
    )
    if isinstance(base, StudentPrior) and base.loc == 0.0 and whole:
        df, scale = float(base.df), float(base.scale)
        return Positive(prior, "student", 0.5 * (df + 1.0), df * scale * scale)
    return Positive(prior, "other")


def power(x: float) -> float:
    """``exp(x)``, infinite where it overflows."""
    return exp(x) if x < _MOST else inf
