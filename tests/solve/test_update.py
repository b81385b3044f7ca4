"""Yesterday's posterior as today's prior."""

import numpy as np
import pytest
from scipy import integrate, stats

import priorfit as pf
from laws import ALL_LIKELIHOODS, example
from priorfit.priors import from_dict, to_dict

NOISE = pf.Gaussian(noise=0.8)


def _parts(n=90, p=6):
    X, y, w, o = example(n=n, p=p)
    cut = slice(0, 25), slice(25, 26), slice(26, n)  # one of a single row
    return X, y, w, o, cut


def test_sequential_is_batch():
    """update(update(prior, day 1), day 2) = update(prior, both): mean and precision."""
    X, y, w, o, cut = _parts()
    ones = np.column_stack([np.ones(len(y)), X])  # a shared intercept, flat
    prior = pf.Normal(np.r_[np.inf, np.full(6, 0.7)], loc=0.1)
    whole = pf.update(prior, ones, y, NOISE, weights=w, offset=o, intercept=False)
    belief = prior
    for rows in cut:
        belief = pf.update(
            belief, ones[rows], y[rows], NOISE, weights=w[rows], offset=o[rows], intercept=False
        )
    np.testing.assert_allclose(belief.precision, whole.precision, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(belief.loc, whole.loc, atol=1e-9)
    mutant = pf.update(prior, ones[cut[2]], y[cut[2]], NOISE, weights=w[cut[2]], intercept=False)
    assert np.max(np.abs(mutant.loc - whole.loc)) > 1e-3  # forgetting the first days is seen


def test_the_last_fit_is_the_batch_fit():
    """A fit of the last day under the belief of the others is the fit of all days."""
    X, y, *_ = _parts()
    ones = np.column_stack([np.ones(len(y)), X])
    prior = pf.Normal(0.7)
    first = pf.update(prior, ones[:40], y[:40], NOISE, intercept=False)
    options = {"likelihood": NOISE, "intercept": False}
    last = pf.solve(pf.Problem.make(ones[40:], y[40:], prior=first, **options), tol=1e-10)
    whole = pf.solve(pf.Problem.make(ones, y, prior=prior, **options), tol=1e-10)
    np.testing.assert_allclose(last.coef, whole.coef, atol=1e-9)
    assert last.certificate.certified


def test_an_intercept_of_its_own_is_integrated_out():
    """Each table its own level: the posterior is that of dummies with flat priors."""
    X, y, *_ = example(n=60)
    level = (np.arange(60) >= 25).astype(float)
    belief = pf.update(pf.Normal(0.7), X[:25], y[:25], NOISE)
    belief = pf.update(belief, X[25:], y[25:] + 100.0, NOISE)
    both = np.column_stack([X, 1 - level, level])
    prior = pf.Normal(np.r_[np.full(6, 0.7), np.inf, np.inf])
    joint = pf.update(prior, both, y + 100.0 * level, NOISE, intercept=False)
    np.testing.assert_allclose(belief.loc, joint.loc[:6], atol=1e-8)
    np.testing.assert_allclose(belief.covariance, joint.covariance[:6, :6], rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_a_diagonal_precision_is_the_normal_prior(likelihood):
    """P = diag(1 / s^2): the same weights, intercept and objective as Normal(s)."""
    X, y, w, o = example(likelihood, n=60)
    scale, loc = np.geomspace(0.1, 2.0, 6), np.linspace(-0.2, 0.2, 6)
    options = {"likelihood": ALL_LIKELIHOODS[likelihood][0], "weights": w, "offset": o}
    fits = [
        pf.solve(pf.Problem.make(X, y, prior=prior, **options), tol=1e-10)
        for prior in (pf.Normal(scale, loc), pf.MultivariateNormal(np.diag(scale**-2), loc))
    ]
    np.testing.assert_allclose(fits[0].coef, fits[1].coef, atol=1e-6)
    assert fits[0].intercept == pytest.approx(fits[1].intercept, abs=1e-6)
    assert fits[0].objective == pytest.approx(fits[1].objective, rel=1e-9)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_no_nearby_point_is_better(likelihood):
    """J(b) <= J(b + d) for a full precision, J as `Problem.objective` says it."""
    X, y, w, o = example(likelihood, n=60)
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    prior = pf.MultivariateNormal(root @ root.T + np.eye(6), rng.normal(size=6))
    known = ALL_LIKELIHOODS[likelihood][0]
    problem = pf.Problem.make(X, y, prior=prior, likelihood=known, weights=w, offset=o)
    fit = pf.solve(problem, tol=1e-12)
    best = problem.objective(fit.intercept, fit.coef, fit.phi)
    assert best == pytest.approx(fit.objective, rel=1e-10)
    for _ in range(300):
        step = rng.normal(size=7) * rng.choice([1e-4, 1e-2, 1.0])
        near = problem.objective(fit.intercept + step[0], fit.coef + step[1:], fit.phi)
        assert near >= best - 1e-9 * abs(best)


def test_the_density_is_a_density():
    """Sum of neg_log_density = that of scipy; it integrates to 1; draws have the covariance."""
    P, loc = np.array([[2.0, 0.9], [0.9, 1.0]]), np.array([0.3, -1.0])
    prior = pf.MultivariateNormal(P, loc)
    known = stats.multivariate_normal(loc, np.linalg.inv(P))
    b = np.random.default_rng(0).normal(size=(50, 2))
    np.testing.assert_allclose(prior.neg_log_density(b).sum(axis=1), -known.logpdf(b), rtol=1e-12)
    total = integrate.dblquad(
        lambda v, u: np.exp(-prior.neg_log_density([u, v]).sum()), -9, 9, -9, 9, epsabs=1e-7
    )[0]
    assert total == pytest.approx(1.0, abs=1e-5)
    draws = prior.sample((100_000, 2), seed=0)
    np.testing.assert_allclose(np.cov(draws.T), prior.covariance, atol=0.03)
    np.testing.assert_allclose(prior.cdf(prior.quantile([0.1, 0.7])), [0.1, 0.7])
    z = np.array([1.0, 2.0])
    slope = prior.prox(z, 0.5) - z + 0.5 * P @ (prior.prox(z, 0.5) - loc)
    np.testing.assert_allclose(slope, 0.0, atol=1e-12)
    assert from_dict(to_dict(prior)) == prior


def test_estimators_take_it():
    """MAPRegressor(prior=update(...)): views in the belief's own coordinates, words, clones."""
    X, y, *_ = example(n=60)
    prior = pf.update(pf.Normal(0.5), X[:30], y[:30], NOISE)
    m = pf.MAPRegressor(prior=prior, likelihood=NOISE).fit(X[30:], y[30:])
    assert m.certificate_.certified
    assert m.views_.penalty.l2 == pytest.approx(0.64)
    assert m.views_.constraint.norm == "‖R(b − loc)‖₂"
    assert m.views_.constraint.radius == pytest.approx(
        np.linalg.norm(prior.change(6).into(m.coef_))
    )
    assert "Multivariate normal: 6 weights" in m.explain()


def test_bad_updates():
    """One clear error."""
    X, y, *_ = example(n=20)
    for bad, must in (
        (lambda: pf.update(pf.Laplace(), X, y, NOISE), "`prior` must be normal"),
        (lambda: pf.update(pf.Normal(), X, y, pf.Gaussian()), "gaussian with a known noise"),
        (lambda: pf.update(pf.Normal(), X, y > 0, pf.Bernoulli()), "gaussian with a known noise"),
        (lambda: pf.update(pf.Normal(0.0), X, y, NOISE), "`scale` must be > 0"),
        (lambda: pf.update(pf.Normal(np.inf), X[:3], y[:3], NOISE), "positive definite"),
        (lambda: pf.MultivariateNormal([[1.0, 2.0], [2.0, 1.0]]), "positive definite"),
        (lambda: pf.MultivariateNormal([[1.0, 2.0], [0.0, 9.0]]), "symmetric"),
        (lambda: pf.MultivariateNormal([1.0, 2.0]), "square matrix"),
        (lambda: pf.solve(pf.Problem.make(X, y, prior=pf.MultivariateNormal(np.eye(2)))), "p = 6"),
        (lambda: pf.MultivariateNormal(np.eye(6)).lower(6), "columns one by one"),
    ):
        with pytest.raises(pf.InputError, match=must):
            bad()
