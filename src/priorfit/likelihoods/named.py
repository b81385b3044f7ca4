"""Likelihoods as text: ``poisson``, ``tweedie:power=1.7``, ``bernoulli:link=probit``."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

from priorfit._errors import InputError
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.bernoulli import Bernoulli
from priorfit.likelihoods.cox import Cox
from priorfit.likelihoods.gamma import Gamma
from priorfit.likelihoods.gaussian import Gaussian
from priorfit.likelihoods.huber import Huber
from priorfit.likelihoods.multinomial import Multinomial
from priorfit.likelihoods.negative_binomial import NegativeBinomial
from priorfit.likelihoods.ordinal import Ordinal
from priorfit.likelihoods.poisson import Poisson
from priorfit.likelihoods.quantile import Quantile
from priorfit.likelihoods.squared_hinge import SquaredHinge
from priorfit.likelihoods.student_t import StudentT
from priorfit.likelihoods.tweedie import Tweedie

__all__ = ["as_text", "by_name"]

_FAMILIES: dict[str, type[Likelihood]] = {
    c.name: c
    for c in (
        Gaussian,
        Bernoulli,
        Multinomial,
        Poisson,
        Gamma,
        Tweedie,
        NegativeBinomial,
        Huber,
        Quantile,
        StudentT,
        SquaredHinge,
        Cox,
        Ordinal,
    )
}


def by_name(name: str) -> Likelihood:
    """The likelihood that ``family[:key=value[,key=value...]]`` says.

    Raises `InputError` for an unknown family, key or number.

    Examples
    --------
    >>> by_name("poisson")
    Poisson()
    >>> by_name("tweedie:power=1.7")
    Tweedie(power=1.7, dispersion=None)
    """
    family, _, rest = name.strip().partition(":")
    if family not in _FAMILIES:
        raise InputError(
            f"a likelihood must be one of {', '.join(_FAMILIES)}", repr(name), "Choose one of them."
        )
    cls = _FAMILIES[family]
    return cls(**dict(_setting(cls, part) for part in filter(None, rest.split(","))))


def as_text(likelihood: Likelihood) -> str:
    """The text that `by_name` reads back; settings at their default are left out.

    Examples
    --------
    >>> as_text(Bernoulli(link="probit"))
    'bernoulli:link=probit'
    """
    own = {f.name: getattr(likelihood, f.name) for f in _fields(type(likelihood))}
    default = _FAMILIES[likelihood.name]()
    said = [f"{k}={v}" for k, v in own.items() if v != getattr(default, k)]
    return f"{likelihood.name}:{','.join(said)}" if said else likelihood.name


def _fields(cls: type[Likelihood]) -> tuple[Field[Any], ...]:
    return fields(cls)  # type: ignore[arg-type]


def _setting(cls: type[Likelihood], part: str) -> tuple[str, Any]:
    key, _, text = part.partition("=")
    known = {f.name: f for f in _fields(cls)}
    if key not in known:
        raise InputError(
            f"a setting of {cls.name} must be one of {', '.join(known) or 'none: it has none'}",
            repr(key),
            "Correct the name.",
        )
    default = known[key].default
    if isinstance(default, str):
        return key, text
    if isinstance(default, bool):
        return key, text == "True"
    if text == "None":
        return key, None
    try:
        return key, float(text)
    except ValueError:
        raise InputError(
            "a likelihood's settings must be written key=number",
            repr(part),
            "Write for example tweedie:power=1.7.",
        ) from None
