"""The normal curve at the mode: exact where the posterior is normal, judged where it is not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import priorfit as pf
from priorfit.solve import path_of
from priorfit.solve.evidence.laplace import approximate


def _rows(n, p, seed=0):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(n, p))


def _logistic(n, p):
    rng, X = _rows(n, p)
    y = (rng.random(n) < 1 / (1 + np.exp(-X @ (0.5 * rng.normal(size=p))))).astype(float)
    return pf.Problem.make(X, y, prior=pf.Normal(0.5), likelihood=pf.Bernoulli())


@pytest.mark.parametrize("prior", [pf.Normal([0.5, 1.0, 2.0], loc=0.2), pf.RandomWalk(0.7)])
def test_exact_where_the_posterior_is_normal(prior):
    rng, X = _rows(30, 3)
    y = X @ [1.0, 0.0, -1.0] + 0.7 * rng.normal(size=30)
    known = pf.Gaussian(noise=0.7)
    problem = pf.Problem.make(X, y, prior=prior, likelihood=known, intercept=False)
    curve, drawn = pf.laplace_approximation(problem, size=20_000), pf.sample(problem, draws=5000)
    assert curve.khat < 0.1
    np.testing.assert_allclose(curve.mode, drawn.mode)
    np.testing.assert_allclose(np.sqrt(np.diag(curve.covariance)), drawn.sd, rtol=0.03)
    np.testing.assert_allclose(curve.interval(0.9), drawn.interval(0.9), atol=0.04)
    if isinstance(prior, pf.Normal):
        cover = np.diag(np.asarray(prior.scale) ** 2)
        law = stats.multivariate_normal(X @ np.full(3, 0.2), X @ cover @ X.T + 0.49 * np.eye(30))
        assert curve.log_evidence == pytest.approx(law.logpdf(y), abs=1e-8)


@pytest.mark.parametrize("likelihood", [pf.Bernoulli(), pf.Poisson()])
def test_evidence_is_that_of_the_path(likelihood):
    rng, X = _rows(80, 4)
    y = rng.integers(0, 2, 80).astype(float)
    problem = pf.Problem.make(X, y, prior=pf.Normal(0.8), likelihood=likelihood)
    path = path_of(replace(problem, prior=pf.Normal(1.0)), [1.0 / 0.8**2])
    curve = pf.laplace_approximation(problem)
    assert curve.log_evidence == pytest.approx(float(approximate(path)[0]), abs=1e-5)


def test_many_rows_are_trusted_and_right():
    problem = _logistic(1500, 6)
    curve, drawn = pf.laplace_approximation(problem), pf.sample(problem, draws=3000)
    assert curve.khat < 0.7
    np.testing.assert_allclose(curve.mean, drawn.mean, atol=0.1 * drawn.sd.min())
    np.testing.assert_allclose(curve.sd, drawn.sd, rtol=0.08)
    np.testing.assert_allclose(curve.interval(0.8), drawn.interval(0.8), atol=0.2 * drawn.sd.max())


def test_few_rows_are_refused():
    curve = pf.laplace_approximation(_logistic(120, 60))
    assert curve.khat > 0.7
    for answer in (lambda: curve.interval(), lambda: curve.mean, lambda: curve.sd):
        with pytest.raises(pf.InputError, match=r"k-hat <= 0\.7 .*pf\.sample"):
            answer()


@pytest.mark.parametrize(
    ("prior", "likelihood", "said"),
    [
        (pf.Laplace(1.0), pf.Gaussian(), "kink"),
        (pf.Horseshoe(1.0), pf.Gaussian(), "kink"),
        (pf.Normal(1.0), pf.Quantile(0.3), "smooth"),
    ],
)
def test_what_has_no_curve(prior, likelihood, said):
    rng, X = _rows(30, 2)
    problem = pf.Problem.make(X, rng.normal(size=30), prior=prior, likelihood=likelihood)
    with pytest.raises(pf.InputError, match=said):
        pf.laplace_approximation(problem)
