"""Random walks and sorted priors beside other libraries' filters and SLOPE solvers."""

import warnings

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf


def _signal(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(np.arange(n) < n // 3, 0.0, 1.5) + 0.4 * rng.normal(size=n)


def _denoised(y, prior, noise=1.0):
    problem = pf.Problem.make(
        sparse.eye_array(len(y), format="csr"),
        y,
        prior=prior,
        likelihood=pf.Gaussian(noise),
        intercept=False,
    )
    return pf.solve(problem, tol=1e-9).coef


def test_the_hodrick_prescott_filter():
    """statsmodels' trend: normal second differences, lambda = noise^2 / scale^2."""
    filters = pytest.importorskip("statsmodels.tsa.filters.hp_filter")
    y, lamb = _signal(), 1600.0
    _, trend = filters.hpfilter(y, lamb)
    found = _denoised(y, pf.RandomWalk(1 / np.sqrt(lamb), order=2))
    np.testing.assert_allclose(found, trend, atol=1e-9)


def test_total_variation():
    """scikit-image's denoise_tv_chambolle stops early, so its objective is only near ours."""
    restoration = pytest.importorskip("skimage.restoration")
    y, rate = _signal(), 2.0
    found = _denoised(y, pf.RandomWalk(1 / rate, kind="laplace"))
    theirs = restoration.denoise_tv_chambolle(y, weight=rate, eps=1e-12, max_num_iter=20_000)

    def objective(b):
        return 0.5 * np.sum((y - b) ** 2) + rate * np.abs(np.diff(b)).sum()

    assert objective(found) <= objective(theirs) + 1e-9
    assert objective(found) == pytest.approx(objective(theirs), rel=1e-3)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_trend_filters_by_a_general_solver(order):
    """cvxpy's minimum of RSS / 2 + rate |D^k b|_1."""
    cvxpy = pytest.importorskip("cvxpy")
    y, rate = _signal(80), 0.7
    found = _denoised(y, pf.RandomWalk(1 / rate, order, "laplace"))
    b = cvxpy.Variable(80)
    loss = 0.5 * cvxpy.sum_squares(y - b) + rate * cvxpy.norm1(cvxpy.diff(b, order))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cvxpy.Problem(cvxpy.Minimize(loss)).solve(solver="CLARABEL")
    np.testing.assert_allclose(found, b.value, atol=1e-4)


def _regression(n=80, p=30):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    X[:, 1] = X[:, 0] + 0.1 * rng.normal(size=n)
    return X, X[:, :4] @ [1.0, 1.0, -1.0, 0.5] + 0.5 * rng.normal(size=n)


def _slope(X, y, rates):
    """The minimum of RSS / (2n) + sum_i rates_i |b|_(i)."""
    prior = pf.SLOPE(rates=rates * len(y))
    problem = pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(noise=1.0), intercept=False)
    return pf.solve(problem, tol=1e-10).coef


def test_slope_of_skglm():
    """skglm.solvers.FISTA on RSS / (2n) + SLOPE(alphas)."""
    skglm = pytest.importorskip("skglm")
    from skglm.datafits import Quadratic
    from skglm.penalties import SLOPE
    from skglm.solvers import FISTA

    X, y = _regression()
    rates = 0.05 * pf.SLOPE(0.1).sequence(X.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w = FISTA(max_iter=5000, tol=1e-10, opt_strategy="fixpoint").solve(
            X, y, Quadratic(), skglm.utils.jit_compilation.compiled_clone(SLOPE(rates))
        )[0]
    np.testing.assert_allclose(_slope(X, y, rates), w, atol=1e-6)


def test_slope_of_sortedl1():
    """sortedl1.Slope(alpha) on RSS / (2n) + alpha sum lambda_i |b|_(i), no scaling of columns."""
    sortedl1 = pytest.importorskip("sortedl1")
    X, y = _regression()
    rates = pf.SLOPE(0.1).sequence(X.shape[1])
    model = sortedl1.Slope(
        alpha=0.05, lam=rates, fit_intercept=False, centering="none", scaling="none", tol=1e-12
    ).fit(X, y)
    np.testing.assert_allclose(_slope(X, y, 0.05 * rates), np.ravel(model.coef_), atol=1e-5)
