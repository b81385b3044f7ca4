"""The Bayesian lasso on the diabetes data, against the table of the paper that named it."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import priorfit as pf
from priorfit.posterior import ess_bulk, mcse_quantile

#: medians as published, columns of unit length (Park & Casella 2008, JASA 103, table 1)
PUBLISHED = [-3.73, -214.55, 522.62, 307.56, -173.16, -1.50, -152.12, 90.43, 523.26, 62.47]
#: 2.5 %, 50 %, 97.5 % of 40 000 draws (effective: 16 000 at least) of another implementation
LONG = [
    (-110.55, -3.28, 103.40),
    (-334.64, -214.25, -94.06),
    (396.02, 523.94, 653.97),
    (178.32, 307.98, 434.01),
    (-573.25, -171.95, 131.23),
    (-274.08, -3.33, 330.47),
    (-382.25, -151.81, 69.77),
    (-123.76, 92.81, 352.60),
    (331.36, 520.99, 724.98),
    (-53.42, 62.74, 188.64),
]
SHARES = (0.025, 0.5, 0.975)


def _posterior(rate=0.237):
    X, y = load_diabetes(return_X_y=True)
    problem = pf.Problem.make(
        X, y, prior=pf.Laplace(1.0 / rate), likelihood=pf.Gaussian(scale_by_noise=True)
    )
    return pf.sample(problem, draws=3000, noise=None, seed=3)


def _distances(posterior):
    """Of each quantile from the long run's, in Monte-Carlo errors of both: (3, 10)."""
    coef = posterior.coef
    own = np.stack([np.quantile(posterior.flat, q, axis=0) for q in SHARES])
    errors = np.array(
        [[mcse_quantile(coef[:, :, j], q) for j in range(10)] for q in SHARES], dtype=float
    )
    size = np.array([ess_bulk(coef[:, :, j]) for j in range(10)], dtype=float)
    both = errors * np.sqrt(1.0 + size / 16_000)
    return np.abs(own - np.array(LONG).T) / both


def test_the_table_of_the_bayesian_lasso():
    posterior = _posterior()
    assert posterior.health.converged
    assert np.all(_distances(posterior) < 4.0)
    np.testing.assert_allclose(posterior.median, PUBLISHED, atol=12.0)
    assert np.all(posterior.prob_zero == 0.0)


@pytest.mark.parametrize("rate", [0.18, 0.32])
def test_another_rate_is_told_apart(rate):
    assert np.any(_distances(_posterior(rate)) > 6.0)
