"""Beliefs about the weights: densities, their prox, and the normal form the solver works on."""

from priorfit.priors.base import Prior
from priorfit.priors.describe import describe
from priorfit.priors.grammar import from_dict, parse_prior, to_dict
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.separable import ElasticNet, Flat, Laplace, Normal
from priorfit.priors.truncated import Truncated

__all__ = [
    "ElasticNet",
    "Flat",
    "Laplace",
    "Normal",
    "NormalForm",
    "Prior",
    "Truncated",
    "describe",
    "from_dict",
    "parse_prior",
    "to_dict",
]
