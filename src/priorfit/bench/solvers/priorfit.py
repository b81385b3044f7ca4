"""priorfit, default engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit.likelihoods import Bernoulli, Gaussian, Poisson
from priorfit.priors import ElasticNet, GroupLaplace, Laplace, Prior
from priorfit.solve import path

__all__ = ["DEFAULT", "TOLS", "fit"]

TOLS = [1e-6, 1e-8, 1e-10]
DEFAULT = 1e-6
LIKELIHOODS = {"gaussian": Gaussian(), "bernoulli": Bernoulli(), "poisson": Poisson()}


def fit(
    X: Any, y: Any, lambdas: Any, tol: float, likelihood: str, l1_ratio: float, group: int
) -> tuple[Any, Any]:
    """(intercepts (k,), coefs (p, k))."""
    prior: Prior = Laplace()
    if l1_ratio < 1:
        prior = ElasticNet(l1_scale=1 / l1_ratio, l2_scale=(1 - l1_ratio) ** -0.5)
    if group > 1:
        prior = GroupLaplace(np.arange(X.shape[1]) // group)
    found = path(
        X,
        y,
        prior=prior,
        likelihood=LIKELIHOODS[likelihood],
        penalties=lambdas * len(y),
        tol=tol,
    )
    return found.intercepts, np.asarray(found.coefs)
