"""Beliefs about a number > 0 (a noise, a scale): fast, unnormalised, for samplers."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log, log1p
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors import Horseshoe, Prior, StudentPrior, Truncated

__all__ = ["Positive", "half_student", "positive", "power"]

_MOST = 700.0  # of an exponent
_CODES = {"student": 0, "quadratic": 1, "reciprocal": 2}


@dataclass(frozen=True)
class Positive:
    """``log p(x)`` of one x > 0, up to a constant.

    ``prior``: the belief, None for the improper ``p(x) = 1 / x``. All families but "other" are a
    formula of ``a`` and ``b``, which native code has too; "other" asks the prior.

    Examples
    --------
    >>> round(positive(None, "noise").log(2.0), 4)
    -0.6931
    """

    prior: Prior | None
    family: str
    a: float = 0.0
    b: float = 0.0

    @property
    def code(self) -> int | None:
        """The family as native code knows it."""
        return _CODES.get(self.family)

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
    base = prior.prior if isinstance(prior, Truncated) else prior
    whole = not isinstance(prior, Truncated) or (
        prior.upper_bound == np.inf and prior.lower_bound <= 0.0
    )
    if isinstance(base, StudentPrior) and base.loc == 0.0 and whole:
        df, scale = float(base.df), float(base.scale)
        return Positive(prior, "student", 0.5 * (df + 1.0), df * scale * scale)
    return Positive(prior, "other") if isinstance(base, Horseshoe) else _quadratic(prior)


def _quadratic(prior: Prior) -> Positive:
    """A belief whose normal form is a straight line or a parabola above 0."""
    form = prior.lower(1)
    l1, l2, loc = float(form.l1[0]), float(form.l2[0]), float(form.loc[0])
    whole = form.lower[0] <= 0.0 and form.upper[0] == np.inf and form.concave is None
    if not whole or (l1 > 0.0 and loc != 0.0):
        return Positive(prior, "other")
    return Positive(prior, "quadratic", l1 - l2 * loc, 0.5 * l2)


def power(x: float) -> float:
    """``exp(x)``, infinite where it overflows."""
    return exp(x) if x < _MOST else inf
