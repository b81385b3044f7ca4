"""priorfit: regularization is a prior."""

from priorfit.priors import ElasticNet, Flat, Laplace, Normal, Prior, Truncated

__all__ = ["ElasticNet", "Flat", "Laplace", "Normal", "Prior", "Truncated"]
