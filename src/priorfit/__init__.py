"""priorfit: regularization is a prior."""

from priorfit.likelihoods import Bernoulli, Gaussian, Likelihood, Poisson
from priorfit.priors import ElasticNet, Flat, Laplace, Normal, Prior, Truncated
from priorfit.problem import Problem
from priorfit.solve import Auto, Certificate, Path, Solution, Status, lambda_max, path, solve

__all__ = [
    "Auto",
    "Bernoulli",
    "Certificate",
    "ElasticNet",
    "Flat",
    "Gaussian",
    "Laplace",
    "Likelihood",
    "Normal",
    "Path",
    "Poisson",
    "Prior",
    "Problem",
    "Solution",
    "Status",
    "Truncated",
    "lambda_max",
    "path",
    "solve",
]
