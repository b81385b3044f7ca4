"""scikit-learn's QuantileRegressor, BayesianRidge and ARDRegression at their tightest settings."""

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model as theirs
from sklearn.datasets import load_diabetes

from priorfit import sklearn as ours

X, Y = load_diabetes(return_X_y=True)
X = 20 * X  # columns of size 1, so that precisions are settled soon
W = np.random.default_rng(0).uniform(0.5, 3, size=len(Y))
ENDS = {"tol": 1e-13, "max_iter": 3000}


def _objective(model, table, weights):
    r = Y - model.predict(table)
    q = model.quantile
    loss = np.average(np.where(r >= 0, q * r, (q - 1) * r), weights=weights)
    return loss + model.alpha * np.abs(model.coef_).sum()


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize(
    "settings",
    [
        {"quantile": 0.5, "alpha": 0.0},
        {"quantile": 0.2, "alpha": 0.3},
        {"quantile": 0.9, "alpha": 1.0},
        {"quantile": 0.4, "alpha": 0.05, "fit_intercept": False},
        {"quantile": 0.45, "alpha": 100.0},
    ],
    ids=str,
)
def test_quantile(settings, kind, weights):
    """The same vertex; the objective no higher but for rounding."""
    table = kind(X)
    a = ours.QuantileRegressor(**settings).fit(table, Y, sample_weight=weights)
    b = theirs.QuantileRegressor(**settings, solver="highs").fit(table, Y, sample_weight=weights)
    assert a.certificate_.certified
    assert _objective(a, table, weights) <= _objective(b, table, weights) * (1 + 1e-12)
    np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-6 * max(1, np.abs(b.coef_).max()))
    np.testing.assert_allclose(a.intercept_, b.intercept_, atol=1e-4)


PARTS = ["coef_", "intercept_", "alpha_", "lambda_", "sigma_"]


def _same(a, b, parts=PARTS):
    for name in parts:
        theirs_, ours_ = getattr(b, name), getattr(a, name)
        np.testing.assert_allclose(ours_, theirs_, rtol=1e-6, atol=1e-6 * np.abs(theirs_).max())
    assert a.certificate_.certified
    assert a.certificate_.kkt <= 1e-9


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"fit_intercept": False},
        {"alpha_1": 0.3, "alpha_2": 20.0, "lambda_1": 2.0, "lambda_2": 5.0},
        {"alpha_1": 0.0, "alpha_2": 0.0, "lambda_1": 0.0, "lambda_2": 0.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
def test_bayesian_ridge(settings, weights):
    """The same precisions, mean, covariance and last score; predictions with their width."""
    a = ours.BayesianRidge(compute_score=True, **settings).fit(X, Y, sample_weight=weights)
    b = theirs.BayesianRidge(compute_score=True, **settings, **ENDS)
    b.fit(X, Y, sample_weight=weights)
    _same(a, b)
    assert a.scores_[-1] == pytest.approx(b.scores_[-1], rel=1e-9)
    assert a.scores_[0] == pytest.approx(b.scores_[0], rel=1e-9)
    for mine, other in zip(a.predict(X[:5], True), b.predict(X[:5], True), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)


def test_bayesian_ridge_with_more_columns_than_rows():
    """n < p, started where scikit-learn starts: the maximum that its iteration leads to."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(30, 60))
    y = table[:, :3] @ [2.0, -1.0, 1.0] + rng.normal(size=30)
    a, b = ours.BayesianRidge().fit(table, y), theirs.BayesianRidge(**ENDS).fit(table, y)
    _same(a, b)


@pytest.mark.parametrize("settings", [{}, {"threshold_lambda": 0.01}, {"fit_intercept": False}])
def test_ard(settings):
    """The same columns stay, with the same precisions, mean and covariance."""
    rng = np.random.default_rng(1)
    table = np.hstack([X, rng.normal(size=(len(Y), 5))])
    a = ours.ARDRegression(compute_score=True, **settings).fit(table, Y)
    b = theirs.ARDRegression(compute_score=True, **settings, **ENDS).fit(table, Y)
    _same(a, b)
    assert a.scores_[-1] == pytest.approx(b.scores_[-1], rel=1e-6)
    for mine, other in zip(a.predict(table[:5], True), b.predict(table[:5], True), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)
