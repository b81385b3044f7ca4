"""The posterior: samplers, what their draws say, and whether to trust them."""

from priorfit.posterior.api import sample
from priorfit.posterior.leave_one_out import Comparison, PsisLoo, compare, psis_loo
from priorfit.posterior.model import DEFAULT
from priorfit.posterior.result import Posterior

__all__ = ["DEFAULT", "Comparison", "Posterior", "PsisLoo", "compare", "psis_loo", "sample"]
