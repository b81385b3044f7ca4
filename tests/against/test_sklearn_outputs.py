"""scikit-learn's multinomial and multi-task solvers at tight tolerance: the same numbers."""

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model as theirs
from sklearn.datasets import load_diabetes, load_wine

from priorfit import sklearn as ours

X, Y = load_wine(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
W = np.random.default_rng(0).uniform(0.5, 3, size=len(Y))
XD, YD = load_diabetes(return_X_y=True)
TASKS = np.c_[YD, YD**2 / 100, 50 * np.random.default_rng(0).normal(size=len(YD)) + 500 * XD[:, 2]]
WD = np.random.default_rng(0).uniform(0.5, 3, size=len(YD))
EXACT = {"tol": 1e-12, "max_iter": 1_000_000}


def _same(a, b, atol=1e-6):
    scale = max(1.0, np.abs(b.coef_).max())
    np.testing.assert_allclose(a.coef_, b.coef_, atol=atol * scale)
    np.testing.assert_allclose(
        a.intercept_, b.intercept_, atol=atol * max(1, np.abs(b.intercept_).max())
    )
    assert a.certificate_.certified


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "more", [{}, {"fit_intercept": False}, {"class_weight": "balanced"}], ids=str
)
@pytest.mark.parametrize(("C", "l1_ratio"), [(0.1, 0.0), (10.0, 0.0), (0.1, 1.0), (0.5, 0.5)])
def test_logistic_regression_of_three_classes(C, l1_ratio, more, weights):
    solver = {"solver": "newton-cholesky", "tol": 1e-12}
    if l1_ratio:
        solver = {"solver": "saga", "tol": 1e-10, "max_iter": 100_000}
    a = ours.LogisticRegression(C=C, l1_ratio=l1_ratio, tol=1e-13, **more).fit(X, Y, weights)
    b = theirs.LogisticRegression(C=C, l1_ratio=l1_ratio, **solver, **more).fit(X, Y, weights)
    _same(a, b)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), atol=1e-6)


def test_without_a_penalty_three_classes_need_data_that_overlap():
    few = X[:, :2]
    a = ours.LogisticRegression(C=np.inf, tol=1e-10).fit(few, Y)
    b = theirs.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(few, Y)
    np.testing.assert_allclose(a.predict_proba(few), b.predict_proba(few), atol=1e-6)


@pytest.mark.parametrize("weights", [None, WD], ids=["plain", "weighted"])
@pytest.mark.parametrize("store", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("alpha", [0.1, 1.0])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_multi_task_elastic_net(l1_ratio, alpha, store, weights):
    options = {"alpha": alpha, "l1_ratio": l1_ratio}
    a = ours.MultiTaskElasticNet(tol=1e-13, **options).fit(store(XD), TASKS, weights)
    b = theirs.MultiTaskElasticNet(**options, **EXACT).fit(store(XD), TASKS, weights)
    np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-6 * max(1, np.abs(b.coef_).max()))
    np.testing.assert_allclose(a.intercept_, b.intercept_, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("more", [{}, {"fit_intercept": False}], ids=str)
def test_multi_task_lasso(more):
    a = ours.MultiTaskLasso(alpha=0.5, tol=1e-13, **more).fit(XD, TASKS)
    b = theirs.MultiTaskLasso(alpha=0.5, **more, **EXACT).fit(XD, TASKS)
    _same(a, b)
    one = ours.MultiTaskLasso(alpha=0.5, tol=1e-13, **more).fit(XD, TASKS[:, :1])
    _same(one, theirs.MultiTaskLasso(alpha=0.5, **more, **EXACT).fit(XD, TASKS[:, :1]))
    assert a.dual_gap_ >= 0


def test_multi_task_lasso_cv():
    a = ours.MultiTaskLassoCV(cv=3, alphas=30, tol=1e-8).fit(XD, TASKS)
    b = theirs.MultiTaskLassoCV(cv=3, alphas=30, **EXACT).fit(XD, TASKS)
    assert a.alpha_ == pytest.approx(b.alpha_)
    np.testing.assert_allclose(a.mse_path_, b.mse_path_, rtol=1e-5)
    np.testing.assert_allclose(a.alphas_, b.alphas_)
