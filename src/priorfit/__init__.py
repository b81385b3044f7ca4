"""priorfit: regularization is a prior."""

from priorfit.likelihoods import Bernoulli, Gaussian, Likelihood, Poisson
from priorfit.priors import ElasticNet, Flat, Laplace, Normal, Prior, Truncated

__all__ = [
    "Bernoulli",
    "ElasticNet",
    "Flat",
    "Gaussian",
    "Laplace",
    "Likelihood",
    "Normal",
    "Poisson",
    "Prior",
    "Truncated",
]
