"""The posterior: samplers, what their draws say, and whether to trust them."""

from priorfit.posterior.api import sample
from priorfit.posterior.leave_one_out import Comparison, PsisLoo, compare, psis_loo
from priorfit.posterior.model import DEFAULT
from priorfit.posterior.one_weight import OneWeight, one_weight
from priorfit.posterior.result import Posterior

__all__ = [
    "DEFAULT",
    "Comparison",
    "OneWeight",
    "Posterior",
    "PsisLoo",
    "compare",
    "one_weight",
    "psis_loo",
    "sample",
]
