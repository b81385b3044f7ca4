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
    "probit": (sm.families.Binomial(sm.families.links.Probit()), pf.Bernoulli(link="probit")),
    "cloglog": (sm.families.Binomial(sm.families.links.CLogLog()), pf.Bernoulli(link="cloglog")),
    "gamma": (sm.families.Gamma(sm.families.links.Log()), pf.Gamma()),
    "tweedie": (sm.families.Tweedie(sm.families.links.Log(), 1.6), pf.Tweedie(power=1.6)),
    "negative binomial": (
        sm.families.NegativeBinomial(sm.families.links.Log(), alpha=0.5),
        pf.NegativeBinomial(theta=2.0),
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_unpenalised_fit_and_likelihood(name):
    """A flat prior is maximum likelihood, and J is minus its log likelihood."""
    X, y, *_ = example(name, n=120)
    family, likelihood = FAMILIES[name]
    theirs = sm.GLM(y, sm.add_constant(X), family=family).fit(tol=1e-12)
    ours = pf.solve(pf.Problem.make(X, y, prior=pf.Flat(), likelihood=likelihood), tol=1e-12)
    np.testing.assert_allclose(np.r_[ours.intercept, ours.coef], theirs.params, atol=1e-5)
    if name in ("gamma", "tweedie"):  # Pearson's estimate of the dispersion
        assert ours.phi == pytest.approx(theirs.scale, rel=1e-6)
    if name == "gamma":  # whose likelihood theirs is at another scale
        llf = family.loglike(y, theirs.mu, scale=ours.phi)
        assert ours.objective == pytest.approx(-llf, rel=1e-7)
    elif name not in ("gaussian", "tweedie"):
        assert ours.objective == pytest.approx(-theirs.llf, rel=1e-9)


def test_theta_is_theirs():
    """Negative binomial with theta unknown: maximum likelihood of both."""
    X, y, *_ = example("negative binomial", n=300)
    theirs = sm.NegativeBinomial(y, sm.add_constant(X)).fit(disp=0, maxiter=500)
    kind = pf.NegativeBinomial()
    ours = pf.solve(pf.Problem.make(X, y, prior=pf.Flat(), likelihood=kind), tol=1e-12)
    assert ours.objective == pytest.approx(-theirs.llf, rel=1e-9)
    np.testing.assert_allclose(ours.coef, theirs.params[1:-1], atol=1e-3)
    assert ours.likelihood.theta == pytest.approx(1 / theirs.params[-1], rel=1e-3)


def test_huber_with_its_scale_is_theirs():
    """Robust regression with Huber's proposal 2."""
    X, y, *_ = example("huber", n=120)
    rlm = sm.RLM(y, sm.add_constant(X), M=sm.robust.norms.HuberT(1.3))
    theirs = rlm.fit(scale_est=sm.robust.scale.HuberScale(1.3), tol=1e-12, maxiter=500)
    problem = pf.Problem.make(X, y, prior=pf.Flat(), likelihood=pf.Huber(1.3))
    ours = pf.solve(problem, tol=1e-12)
    np.testing.assert_allclose(np.r_[ours.intercept, ours.coef], theirs.params, atol=1e-6)
    assert np.sqrt(ours.phi) == pytest.approx(theirs.scale, rel=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_elastic_net(name):
    """In statsmodels' own objective ours is at least as low, and the answers are close.

    -loglik/n + alpha ((1 - r)/2 ||w||^2 + r ||w||_1), the intercept free; its coordinate descent
    stops early, so the coefficients agree to two digits only.
    """
    X, y, *_ = example(name, n=120)
    X = X / X.std(axis=0)
    family, likelihood = FAMILIES[name]
    likelihood = likelihood.at(1.0)
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
    np.testing.assert_allclose(mine, theirs.params, atol=0.07)
