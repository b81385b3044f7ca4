"""priorfit, default engine."""

import numpy as np

import priorfit as pf

TOLS = [1e-6, 1e-8, 1e-10]
DEFAULT = 1e-6
LIKELIHOODS = {"gaussian": pf.Gaussian(), "bernoulli": pf.Bernoulli(), "poisson": pf.Poisson()}


def fit(X, y, lambdas, tol, likelihood, l1_ratio, group):
    """(intercepts (k,), coefs (p, k))."""
    prior = pf.Laplace()
    if l1_ratio < 1:
        prior = pf.ElasticNet(l1_scale=1 / l1_ratio, l2_scale=(1 - l1_ratio) ** -0.5)
    if group > 1:
        prior = pf.GroupLaplace(np.arange(X.shape[1]) // group)
    path = pf.path(
        X,
        y,
        prior=prior,
        likelihood=LIKELIHOODS[likelihood],
        penalties=lambdas * len(y),
        tol=tol,
    )
    return path.intercepts, np.asarray(path.coefs)
