"""statsmodels' regularized GLMs share our likelihoods and, per row, our penalty."""

import numpy as np
import pytest
import statsmodels.api as sm

import priorfit as pf
from laws import example

FAMILIES = {
    "gaussian": (sm.families.Gaussian(), pf.Gaussian(noise=1.0)),
    "bernoulli": (sm.families.Binomial(), pf.Bernoulli()),
    "poisson": (sm.families.Poisson(), pf.Poisson()),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_unpenalised_fit_and_likelihood(name):
    """A flat prior is maximum likelihood, and J is minus its log likelihood."""
    X, y, *_ = example(name, n=120)
    family, likelihood = FAMILIES[name]
    theirs = sm.GLM(y, sm.add_constant(X), family=family).fit(tol=1e-12)
    ours = pf.solve(pf.Problem.make(X, y, prior=pf.Flat(), likelihood=likelihood), tol=1e-11)
    np.testing.assert_allclose(np.r_[ours.intercept, ours.coef], theirs.params, atol=1e-6)
    if name != "gaussian":
        assert ours.objective == pytest.approx(-theirs.llf, rel=1e-9)


@pytest.mark.parametrize("name", FAMILIES)
def test_elastic_net(name):
    """In statsmodels' own objective ours is at least as low, and the answers are close.

    -loglik/n + alpha ((1 - r)/2 ||w||^2 + r ||w||_1), the intercept free; its coordinate descent
    stops early, so the coefficients agree to two digits only.
    """
    X, y, *_ = example(name, n=120)
    X = X / X.std(axis=0)
    family, likelihood = FAMILIES[name]
    n, alpha, r = len(y), 0.05, 0.6
    theirs = sm.GLM(y, sm.add_constant(X), family=family).fit_regularized(
        alpha=np.r_[0, np.full(6, alpha)], L1_wt=r, maxiter=2000, cnvrg_tol=1e-12
    )
    prior = pf.ElasticNet(1 / (n * alpha * r), (n * alpha * (1 - r)) ** -0.5)
    ours = pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=likelihood), tol=1e-10)

    def value(params):
        loss = likelihood.loss(y, params[0] + X @ params[1:]).mean()
        w = params[1:]
        return loss + alpha * ((1 - r) / 2 * w @ w + r * np.abs(w).sum())

    mine = np.r_[ours.intercept, ours.coef]
    assert value(mine) <= value(theirs.params) + 1e-12
    np.testing.assert_allclose(mine, theirs.params, atol=0.05)
