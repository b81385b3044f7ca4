"""How the response scatters around the linear predictor."""

from priorfit._errors import InputError
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.bernoulli import Bernoulli
from priorfit.likelihoods.coupled import Coupled, CoupledRows, Hessian
from priorfit.likelihoods.cox import Cox, survival
from priorfit.likelihoods.gaussian import Gaussian
from priorfit.likelihoods.ordinal import Ordinal
from priorfit.likelihoods.poisson import Poisson

__all__ = [
    "Bernoulli",
    "Coupled",
    "CoupledRows",
    "Cox",
    "Gaussian",
    "Hessian",
    "Likelihood",
    "Ordinal",
    "Poisson",
    "by_name",
    "survival",
]


def by_name(name: str) -> Likelihood:
    """The likelihood called ``name``; raises `InputError` where there is none.

    Examples
    --------
    >>> by_name("poisson")
    Poisson()
    """
    every: tuple[type[Likelihood], ...] = (Gaussian, Bernoulli, Poisson, Cox, Ordinal)
    known: dict[str, type[Likelihood]] = {c.name: c for c in every}
    if name not in known:
        raise InputError(
            f"a likelihood must be one of {', '.join(known)}", repr(name), "Choose one of them."
        )
    return known[name]()
