"""scikit-learn's multinomial and multi-task solvers at tight tolerance: the same numbers."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model as theirs
from sklearn.datasets import load_diabetes, load_wine
from sklearn.model_selection import KFold, StratifiedKFold

from priorfit import sklearn as ours
from priorfit.sklearn._shared import null_loss
from priorfit.sklearn.multi_task import made, path_of_both, together

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


@pytest.mark.parametrize("weights", [None, WD], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"fit_intercept": False},
        {"l1_ratio": [0.1, 0.5, 1.0]},
        {"l1_ratio": [0.0, 0.5], "alphas": [0.01, 1.0, 0.1]},
        {"tasks": 1},
        {"rows": 15},
    ],
    ids=str,
)
def test_multi_task_elastic_net_cv(more, weights):
    options = {"cv": KFold(3, shuffle=True, random_state=0), "alphas": 15} | more
    rows = slice(options.pop("rows", len(XD)))  # some fewer than columns and tasks
    data = (
        XD[rows],
        TASKS[rows, : options.pop("tasks", 3)],
        None if weights is None else weights[rows],
    )
    a = ours.MultiTaskElasticNetCV(tol=1e-12, **options).fit(*data)
    b = theirs.MultiTaskElasticNetCV(**options, **EXACT).fit(*data)
    assert (a.alpha_, a.l1_ratio_) == (pytest.approx(b.alpha_), b.l1_ratio_)
    np.testing.assert_allclose(a.mse_path_, b.mse_path_, rtol=1e-6)
    np.testing.assert_allclose(a.alphas_, b.alphas_)
    _same(a, b)


def test_a_sparse_table_of_tasks():
    """Both terms are scikit-learn's there, one term is ours."""
    table, options = sparse.csr_matrix(XD), {"cv": 3, "alphas": 10}
    for ratio in (0.5, 1.0):
        a, b = (
            m.MultiTaskElasticNetCV(l1_ratio=ratio, tol=1e-10, **options).fit(table, TASKS)
            for m in (ours, theirs)
        )
        np.testing.assert_allclose(a.mse_path_, b.mse_path_, rtol=1e-6)


def _objective(coefs, intercepts, strength, ratio):
    """The weighted loss and both terms, coefs (p, q)."""
    loss = 0.5 * WD @ np.square(TASKS - XD @ coefs - intercepts).sum(axis=1)
    l1, l2 = np.linalg.norm(coefs, axis=1).sum(), 0.5 * np.square(coefs).sum()
    return loss + strength * (ratio * l1 + (1.0 - ratio) * l2)


def _uncentred(part, ratio, alphas, tol):
    return path_of_both(replace(part, intercept=False), ratio, alphas, tol)


def _exchanged(part, ratio, alphas, tol):
    return path_of_both(part, 1.0 - ratio, alphas, tol)


def _unweighted(part, ratio, alphas, tol):
    return path_of_both(replace(part, weights=np.ones(len(WD))), ratio, alphas, tol)


@pytest.mark.parametrize("ratio", [0.2, 0.7])
def test_the_path_with_both_terms_meets_its_gap(ratio):
    """objective(point) - minimum <= tol * loss of the null model."""
    part = made(XD, TASKS, together(ratio, 10), WD, True)
    alphas, n = np.geomspace(1.0, 1e-3, 8), WD.sum()
    null = sum(null_loss(y, WD, True) for y in TASKS.T)
    fits = [
        ours.MultiTaskElasticNet(alpha, l1_ratio=ratio, tol=1e-13).fit(XD, TASKS, WD)
        for alpha in alphas
    ]

    def worst(path):
        intercepts, coefs = path(part, ratio, alphas, 1e-6)
        return max(
            _objective(coefs[..., k], intercepts[..., k], alpha * n, ratio)
            - _objective(fit.coef_.T, fit.intercept_, alpha * n, ratio)
            for k, (alpha, fit) in enumerate(zip(alphas, fits, strict=True))
        )

    assert -1e-9 * null <= worst(path_of_both) <= 1e-6 * null
    for mutant in (_uncentred, _exchanged, _unweighted):
        assert worst(mutant) > 1e-6 * null


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"fit_intercept": False},
        {"class_weight": "balanced", "scoring": "f1_macro"},
        {"Cs": [1.0, 0.01, 0.1], "scoring": "accuracy"},
    ],
    ids=str,
)
def test_logistic_regression_cv_of_three_classes(more, weights, legacy):
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    options = {
        "Cs": np.logspace(-3, 1, 4),
        "cv": folds,
        "scoring": "neg_log_loss",
        "l1_ratios": (0.0,),
    } | more
    options["use_legacy_attributes"] = legacy
    names = np.array(["a", "b", "c"])[Y]
    a = ours.LogisticRegressionCV(tol=1e-12, **options).fit(X, names, weights)
    b = theirs.LogisticRegressionCV(solver="newton-cholesky", tol=1e-12, **options)
    b.fit(X, names, weights)
    _same(a, b)
    for name in ("C_", "l1_ratio_", "n_iter_"):
        assert np.shape(getattr(a, name)) == np.shape(getattr(b, name))
    np.testing.assert_array_equal(a.C_, b.C_)
    for name in ("scores_", "coefs_paths_"):
        left, right = getattr(a, name), getattr(b, name)
        for key in right if legacy else [...]:
            assert left[key].shape == right[key].shape
            np.testing.assert_allclose(left[key], right[key], rtol=1e-5, atol=1e-5)


def test_each_ratio_and_C_of_the_search_is_the_single_fit():
    """A point of the path is `LogisticRegression` on that fold's training rows."""
    options = {"Cs": [0.3, 0.01, 0.1], "l1_ratios": (0.0, 0.5, 1.0), "cv": StratifiedKFold(3)}
    more = {"scoring": "neg_log_loss", "use_legacy_attributes": False, "tol": 1e-12}
    model = ours.LogisticRegressionCV(**options, **more).fit(X, Y)
    for i, (train, _) in enumerate(options["cv"].split(X, Y)):
        for j, ratio in enumerate(options["l1_ratios"]):
            for k, C in enumerate(options["Cs"]):
                one = ours.LogisticRegression(C=C, l1_ratio=ratio, tol=1e-12)
                one.fit(X[train], Y[train])
                both = np.c_[one.coef_, one.intercept_]
                np.testing.assert_allclose(model.coefs_paths_[i, j, k], both, atol=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_folds_that_lack_a_class():
    """To score without a class is ours; to train without one has no finite fit and is not."""
    options = {"Cs": [0.1, 1.0], "scoring": "neg_log_loss", "l1_ratios": (0.0,)}
    options["use_legacy_attributes"] = False
    late = np.r_[np.flatnonzero(Y < 2), np.flatnonzero(Y == 2)]
    held = [(np.r_[20:178], np.r_[0:20]), (np.r_[0:160], np.r_[160:178])]
    few = [(np.r_[0:130], np.r_[130:178]), (np.r_[20:178], np.r_[0:20])]
    for folds, certified in ((held, True), (few, False)):
        a = ours.LogisticRegressionCV(cv=folds, tol=1e-10, **options).fit(X[late], Y[late])
        assert hasattr(a, "certificate_") == certified
        if certified:
            b = theirs.LogisticRegressionCV(
                cv=folds, solver="newton-cholesky", tol=1e-12, **options
            ).fit(X[late], Y[late])
            np.testing.assert_allclose(a.scores_, b.scores_, rtol=1e-5)
