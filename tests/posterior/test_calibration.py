"""C26, C9: ridge's posterior in closed form, and what its intervals promise."""

import numpy as np
import pytest
from scipy import stats

import priorfit as pf
from priorfit.posterior.diagnostics import ess_mean

TAU, N, P = 0.8, 30, 6
RNG = np.random.default_rng(5)
X = np.linalg.qr(RNG.normal(size=(N, P)))[0]


def _posterior(X, y, prior, draws=1500, **more):
    problem = pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(noise=1.0), intercept=False)
    return pf.sample(problem, draws=draws, **more)


def test_mean_mode_and_median_of_ridge_are_one():
    """And the least squares of rows with sqrt(lambda) I below; cov sigma^2 (X'X + lambda)^-1."""
    Z = RNG.normal(size=(N, P))
    y, lam = Z @ RNG.normal(size=P), 1.0 / TAU**2
    found = _posterior(Z, y, pf.Normal(TAU), draws=10_000)
    rows, zeros = np.vstack([Z, np.sqrt(lam) * np.eye(P)]), np.zeros(P)
    np.testing.assert_allclose(found.mode, np.linalg.lstsq(rows, np.r_[y, zeros], rcond=None)[0])
    cover = np.linalg.inv(Z.T @ Z + lam * np.eye(P))
    error = np.sqrt(np.diag(cover) / 40_000)
    assert np.all(np.abs(found.mean - found.mode) < 4.5 * error)
    assert np.all(np.abs(found.median - found.mode) < 6.0 * error)
    np.testing.assert_allclose(np.cov(found.flat.T), cover, atol=0.03 * cover.max())


@pytest.mark.parametrize("fixed", [False, True])
def test_intervals_hold_under_the_belief(fixed):
    """90 % of intervals hold the truth where it is drawn from the belief; where every weight is at
    3 tau the share is what bias and spread of a shrunken estimate leave, and far below."""
    inside, repeats = 0, 150
    for k in range(repeats):
        b = np.full(P, 3.0 * TAU) if fixed else TAU * RNG.normal(size=P)
        found = _posterior(X, X @ b + RNG.normal(size=N), pf.Normal(TAU), draws=400, seed=k)
        low, high = found.interval(0.9)
        inside += int(np.sum((low <= b) & (b <= high)))
    share = TAU**2 / (TAU**2 + 1.0)
    wanted = 0.9
    if fixed:
        half, bias = stats.norm.ppf(0.95) * np.sqrt(share), 3.0 * TAU * (1.0 - share)
        ends = np.array([half + bias, bias - half]) / share
        wanted = float(np.diff(stats.norm.cdf(ends[::-1]))[0])
        assert wanted < 0.6
    error = np.sqrt(wanted * (1.0 - wanted) / (P * repeats))
    assert abs(inside / (P * repeats) - wanted) < 4.0 * error


def test_gibbs_means_are_those_of_one_weight():
    """On orthonormal columns each weight is a problem of its own, solved in closed form."""
    y = X @ np.array([2.0, -1.0, 0.3, 0.0, 0.0, 0.1]) + RNG.normal(size=N)
    found = _posterior(X, y, pf.Laplace(0.5), draws=3000)
    for j, z in enumerate(X.T @ y):
        after = pf.one_weight(pf.Laplace(0.5), z)
        error = np.sqrt(after.var) / np.sqrt(float(ess_mean(found.coef[:, :, j])))
        assert abs(found.mean[j] - after.mean) < 4.5 * error
        assert found.mode[j] == pytest.approx(after.mode, abs=1e-6)
        assert found.prob_zero[j] == 0.0
