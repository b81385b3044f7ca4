"""How the response scatters around the linear predictor."""

from priorfit._errors import InputError
from priorfit.likelihoods.base import Likelihood
from priorfit.likelihoods.bernoulli import Bernoulli
from priorfit.likelihoods.gaussian import Gaussian
from priorfit.likelihoods.multinomial import Multinomial
from priorfit.likelihoods.outputs import Flattened, flattened
from priorfit.likelihoods.poisson import Poisson

__all__ = [
    "Bernoulli",
    "Flattened",
    "Gaussian",
    "Likelihood",
    "Multinomial",
    "Poisson",
    "by_name",
    "flattened",
]


def by_name(name: str) -> Likelihood:
    """The likelihood called ``name``; raises `InputError` where there is none.

    Examples
    --------
    >>> by_name("poisson")
    Poisson()
    """
    known: dict[str, type[Likelihood]] = {
        c.name: c for c in (Gaussian, Bernoulli, Poisson, Multinomial)
    }
    if name not in known:
        raise InputError(
            f"a likelihood must be one of {', '.join(known)}", repr(name), "Choose one of them."
        )
    return known[name]()
