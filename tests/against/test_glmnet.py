"""Coefficients that R's glmnet returned (stored; see data/SOURCES.md)."""

from pathlib import Path

import numpy as np
import pytest

import priorfit as pf

DATA = Path(__file__).parent / "data"
SIGMA2, TAU, B = 1.7, 0.35, 0.06
STORED = {
    line.split()[0]: np.array(line.split()[1:], dtype=float)
    for line in (DATA / "coefficients.txt").read_text().splitlines()
}


def _table(name):
    table = np.loadtxt(DATA / f"{name}.csv", delimiter=",")
    return table[:, 1:], table[:, 0]


def _same(fit, name):
    ours = np.r_[fit.intercepts[0], fit.coefs[:, 0]]
    np.testing.assert_allclose(ours, STORED[name], atol=2e-7, rtol=2e-6)


L1, L2 = SIGMA2 / B, SIGMA2 / TAU**2


def _sd(y):
    return float(np.sqrt(np.mean((y - y.mean()) ** 2)))


def test_lasso():
    X, y = _table("gaussian")
    _same(pf.path(X, y, prior=pf.Laplace(), penalties=[L1]), "lasso_nostd")


def test_ridge_with_its_sd_of_y():
    """glmnet's gaussian L2 is divided by sd(y): lambda = sd(y) L2/n is our L2."""
    X, y = _table("gaussian")
    _same(pf.path(X, y, prior=pf.Normal(), penalties=[L2]), "ridge_sy")
    _same(pf.path(X, y, prior=pf.Normal(), penalties=[L2 / _sd(y)]), "ridge_naive")


def test_elastic_net():
    X, y = _table("gaussian")
    prior = pf.ElasticNet(1 / L1, L2**-0.5)
    _same(pf.path(X, y, prior=prior, penalties=[L1 + L2]), "enet_sy")


def test_standardized_lasso():
    """glmnet's default scales each column by its sd: our prior per standard deviation."""
    X, y = _table("gaussian")
    prior = pf.Laplace(scale=1 / X.std(axis=0))
    _same(pf.path(X, y, prior=prior, penalties=[L1]), "lasso_std")


def test_penalty_factors_are_rescaled_to_sum_to_p():
    X, y = _table("gaussian")
    factor = np.array([1.0, 2.0, 3.0, 0.0, 5.0])
    factor *= 5 / factor.sum()
    with np.errstate(divide="ignore"):
        prior = pf.Laplace(scale=1 / factor)
    _same(pf.path(X, y, prior=prior, penalties=[L1]), "lasso_pf")


def test_weights():
    X, y = _table("gaussian")
    weights = np.linspace(0.2, 3, len(y))
    _same(pf.path(X, y, prior=pf.Laplace(), penalties=[L1], weights=weights), "lasso_w")


@pytest.mark.parametrize(
    ("name", "likelihood", "stored"),
    [("binomial", pf.Bernoulli(), "binom"), ("poisson", pf.Poisson(), "pois")],
)
def test_glm(name, likelihood, stored):
    X, y = _table(name)
    l1, l2 = 1 / (3 * B), 1 / TAU**2
    prior = pf.ElasticNet(1 / l1, l2**-0.5)
    _same(pf.path(X, y, prior=prior, penalties=[l1 + l2], likelihood=likelihood, tol=1e-12), stored)
