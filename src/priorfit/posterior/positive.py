"""Beliefs about a number > 0 (a noise, a scale), as the samplers ask for them: fast, unnormalised."""

from __future__ import annotations

from collections.abc import Callable
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

    Parameters
    ----------
    prior : the belief, None for the improper ``p(x) = 1 / x``.
    log : its log density at one number.
    logs : its log density at many.

    Examples
    --------
    >>> round(positive(None, "noise").log(2.0), 4)
    -0.6931
    """

    prior: Prior | None
    log: Callable[[float], float]
    logs: Callable[[Array], Array]

    @property
    def proper(self) -> bool:
        """Whether it integrates to one."""
        return self.prior is not None


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
        return Positive(None, lambda x: -log(max(x, 1e-300)), lambda x: -np.log(x))
    if not isinstance(prior, Prior) or prior._shape() != () or not prior.separable:
        raise InputError(
            f"`{name}` must be a prior of one positive number, or None for p(x) = 1/x",
            repr(prior),
            "Say for example pf.HalfNormal(10.0).",
        )
    if isinstance(prior, HalfNormal):
        half = 0.5 / float(prior.scale) ** 2
        return Positive(prior, lambda x: -half * x * x, lambda x: -half * x * x)
    if isinstance(prior, Exponential):
        rate = 1.0 / float(prior.scale)
        return Positive(prior, lambda x: -rate * x, lambda x: -rate * x)
    base = prior.prior if isinstance(prior, Truncated) else prior
    above = not isinstance(prior, Truncated) or prior.upper_bound == np.inf
    if isinstance(base, StudentPrior) and base.loc == 0.0 and above:
        df, square = float(base.df), float(base.df) * float(base.scale) ** 2
        half = 0.5 * (df + 1.0)
        return Positive(
            prior,
            lambda x: -half * log1p(x * x / square),
            lambda x: -half * np.log1p(x * x / square),
        )
    return Positive(
        prior,
        lambda x: -float(prior.neg_log_density(np.array([x]))[0]),
        lambda x: -prior.neg_log_density(x),
    )


def power(x: float) -> float:
    """``exp(x)``, infinite where it overflows."""
    return exp(x) if x < _MOST else inf
