"""scikit-learn's own solvers at tight tolerance: the drop-ins give the same numbers."""

import numpy as np
import pytest
from sklearn import linear_model as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler

from priorfit import sklearn as ours

X, Y = load_diabetes(return_X_y=True)
RAW = load_diabetes(scaled=False).data
XC, YC = load_breast_cancer(return_X_y=True)
XS = StandardScaler().fit_transform(XC)
W = np.random.default_rng(0).uniform(0.5, 3, size=len(Y))
WC = np.random.default_rng(0).uniform(0.5, 3, size=len(YC))
EXACT = {"tol": 1e-12, "max_iter": 1_000_000}


def _same(a, b, atol=1e-6):
    np.testing.assert_allclose(a.coef_, b.coef_, atol=atol * max(1, np.abs(b.coef_).max()))
    np.testing.assert_allclose(
        a.intercept_, b.intercept_, atol=atol * max(1, np.abs(b.intercept_).max())
    )


def _certified(model):
    assert model.certificate_.certified
    assert model.certificate_.gap <= 1e-6


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("table", [X, RAW], ids=["scaled", "raw"])
@pytest.mark.parametrize("alpha", [0.01, 0.3, 1.0])
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("Lasso", {}),
        ("Lasso", {"positive": True}),
        ("Lasso", {"fit_intercept": False}),
        ("ElasticNet", {}),
        ("ElasticNet", {"l1_ratio": 0.9, "positive": True}),
    ],
    ids=str,
)
def test_lasso_and_elastic_net(name, more, alpha, table, weights):
    a = getattr(ours, name)(alpha=alpha, **more).fit(table, Y, sample_weight=weights)
    b = getattr(theirs, name)(alpha=alpha, **more, **EXACT).fit(table, Y, sample_weight=weights)
    _same(a, b)
    _certified(a)


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("more", [{}, {"fit_intercept": False}, {"positive": True}], ids=str)
def test_ridge(more, weights):
    for alpha in (1e-3, 1.0, 100.0):
        a = ours.Ridge(alpha=alpha, **more).fit(X, Y, sample_weight=weights)
        b = theirs.Ridge(alpha=alpha, tol=1e-12, **more).fit(X, Y, sample_weight=weights)
        _same(a, b, 1e-5 if "positive" in more else 1e-6)
        _certified(a)


def test_several_targets():
    targets = np.column_stack([Y, Y**2 / 100])
    _same(
        ours.Ridge(alpha=[1.0, 5.0]).fit(X, targets), theirs.Ridge(alpha=[1.0, 5.0]).fit(X, targets)
    )
    _same(ours.Lasso(alpha=0.1).fit(X, targets), theirs.Lasso(alpha=0.1, **EXACT).fit(X, targets))


@pytest.mark.parametrize("weights", [None, WC], ids=["plain", "weighted"])
@pytest.mark.parametrize("C", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0, 0.5])
def test_logistic_regression(C, l1_ratio, weights):
    a = ours.LogisticRegression(C=C, l1_ratio=l1_ratio, tol=1e-13).fit(XS, YC, weights)
    if l1_ratio == 0:
        solver = {"solver": "newton-cholesky", "tol": 1e-12}
    else:
        solver = {"solver": "saga", "tol": 1e-12, "max_iter": 100_000}
        if C > 0.01:
            pytest.skip("saga needs minutes for these digits")
    b = theirs.LogisticRegression(C=C, l1_ratio=l1_ratio, **solver).fit(XS, YC, weights)
    _same(a, b)
    _certified(ours.LogisticRegression(C=C, l1_ratio=l1_ratio).fit(XS, YC, weights))


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_logistic_l1_without_intercept(C):
    options = {"C": C, "l1_ratio": 1.0, "fit_intercept": False}
    a = ours.LogisticRegression(tol=1e-13, **options).fit(XS, YC)
    b = theirs.LogisticRegression(solver="liblinear", tol=1e-12, max_iter=100_000, **options)
    _same(a, b.fit(XS, YC))


def test_logistic_options():
    for more in ({"class_weight": "balanced"}, {"fit_intercept": False}, {"C": np.inf}):
        table = XS[:, :5]
        a = ours.LogisticRegression(tol=1e-12, **more).fit(table, YC)
        b = theirs.LogisticRegression(solver="newton-cholesky", tol=1e-12, **more).fit(table, YC)
        _same(a, b)
    three = YC + (XS[:, 0] > 1)
    assert ours.LogisticRegression().fit(XS, three).coef_.shape == (3, 30)


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
def test_poisson(weights):
    for alpha in (1e-3, 1.0):
        a = ours.PoissonRegressor(alpha=alpha, tol=1e-12).fit(10 * X, Y, weights)
        b = theirs.PoissonRegressor(
            alpha=alpha, tol=1e-12, solver="newton-cholesky", max_iter=1000
        ).fit(10 * X, Y, weights)
        _same(a, b)
        _certified(ours.PoissonRegressor(alpha=alpha).fit(10 * X, Y, weights))
        assert a.score(10 * X, Y) == pytest.approx(b.score(10 * X, Y))


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
def test_lasso_cv(weights):
    folds = KFold(5, shuffle=True, random_state=0)
    a = ours.LassoCV(cv=folds).fit(X, Y, sample_weight=weights)
    b = theirs.LassoCV(cv=folds, tol=1e-10, max_iter=100_000).fit(X, Y, sample_weight=weights)
    assert a.alpha_ == pytest.approx(b.alpha_, rel=1e-9)
    np.testing.assert_allclose(a.alphas_, b.alphas_, rtol=1e-9)
    np.testing.assert_allclose(a.mse_path_, b.mse_path_, rtol=1e-6)
    _same(a, b, 1e-5)
    _certified(a)


def test_elastic_net_cv():
    a = ours.ElasticNetCV(cv=4, l1_ratio=[0.3, 0.9, 1.0], alphas=30).fit(X, Y)
    b = theirs.ElasticNetCV(
        cv=4, l1_ratio=[0.3, 0.9, 1.0], alphas=30, tol=1e-10, max_iter=100_000
    ).fit(X, Y)
    assert (a.alpha_, a.l1_ratio_) == (pytest.approx(b.alpha_, rel=1e-9), b.l1_ratio_)
    np.testing.assert_allclose(a.alphas_, b.alphas_, rtol=1e-9)
    np.testing.assert_allclose(a.mse_path_, b.mse_path_, rtol=1e-6)
    _same(a, b, 1e-5)


@pytest.mark.parametrize("more", [{}, {"fit_intercept": False}, {"cv": 5}], ids=str)
def test_ridge_cv(more):
    alphas = np.logspace(-3, 3, 20)
    a, b = (m.RidgeCV(alphas=alphas, **more).fit(X, Y) for m in (ours, theirs))
    assert a.alpha_ == b.alpha_
    assert a.best_score_ == pytest.approx(b.best_score_, rel=1e-9)
    _same(a, b)


def test_leave_one_out_is_exact():
    """The closed form equals leaving each row out."""
    few, y = X[:40], Y[:40]
    best = ours.RidgeCV(alphas=[0.7]).fit(few, y).best_score_
    errors = []
    for i in range(40):
        rest = np.arange(40) != i
        model = ours.Ridge(alpha=0.7).fit(few[rest], y[rest])
        errors.append((y[i] - model.predict(few[i : i + 1])[0]) ** 2)
    assert -best == pytest.approx(np.mean(errors), rel=1e-10)


@pytest.mark.parametrize("legacy", [True, False])
def test_logistic_regression_cv(legacy):
    options = {
        "Cs": 5,
        "cv": StratifiedKFold(4, shuffle=True, random_state=0),
        "scoring": "neg_log_loss",
        "l1_ratios": (0.0,),
        "use_legacy_attributes": legacy,
    }
    a = ours.LogisticRegressionCV(tol=1e-10, **options).fit(XS, YC)
    b = theirs.LogisticRegressionCV(solver="newton-cholesky", tol=1e-12, **options).fit(XS, YC)
    np.testing.assert_allclose(a.C_, b.C_)
    for left, right in ((a.scores_, b.scores_), (a.coefs_paths_, b.coefs_paths_)):
        if legacy:
            assert left.keys() == right.keys()
            left, right = left[1], right[1]
        assert left.shape == right.shape
        np.testing.assert_allclose(left, right, atol=1e-4, rtol=1e-4)
    assert a.n_iter_.shape == b.n_iter_.shape
    _same(a, b, 1e-5)
