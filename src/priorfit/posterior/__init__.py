"""The posterior: samplers, what their draws say, and whether to trust them."""

from priorfit.posterior.api import sample
from priorfit.posterior.approximation import LaplaceApproximation, laplace_approximation
from priorfit.posterior.diagnostics import (
    ebfmi,
    ess_bulk,
    ess_mean,
    ess_quantile,
    ess_tail,
    mcse_mean,
    mcse_quantile,
    mcse_sd,
    rhat,
)
from priorfit.posterior.intervals import eti, hdi
from priorfit.posterior.leave_one_out import Comparison, PsisLoo, compare, psis_loo
from priorfit.posterior.model import DEFAULT
from priorfit.posterior.one_weight import OneWeight, one_weight
from priorfit.posterior.psis import Smoothed, psis
from priorfit.posterior.result import Posterior
from priorfit.posterior.sensitivity import Sensitivity, power_scaling

__all__ = [
    "DEFAULT",
    "Comparison",
    "LaplaceApproximation",
    "OneWeight",
    "Posterior",
    "PsisLoo",
    "Sensitivity",
    "Smoothed",
    "compare",
    "ebfmi",
    "ess_bulk",
    "ess_mean",
    "ess_quantile",
    "ess_tail",
    "eti",
    "hdi",
    "laplace_approximation",
    "mcse_mean",
    "mcse_quantile",
    "mcse_sd",
    "one_weight",
    "power_scaling",
    "psis",
    "psis_loo",
    "rhat",
    "sample",
]
