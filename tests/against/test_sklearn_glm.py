"""GLM, robust and margin drop-ins against scikit-learn, to 1e-6 where it converges."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model, svm

import priorfit as pf
from priorfit import sklearn as drop_ins

RNG = np.random.default_rng(11)
N, P = 90, 5
X = RNG.normal(size=(N, P)) * [1.0, 2.0, 0.5, 1.0, 3.0]
ETA = 0.4 + X @ [0.5, -0.2, 0.4, 0.0, 0.1]
W = RNG.integers(0, 4, size=N).astype(float)
CLASSES = np.digitize(ETA + RNG.normal(size=N), [-0.3, 0.8])
TOTALS = pf.Tweedie(1.5).draw(ETA, 0.8, RNG)
AMOUNTS = pf.Gamma().draw(ETA, 0.5, RNG)
ROBUST = ETA + RNG.standard_t(1.5, size=N)
TIGHT = {"tol": 1e-10, "max_iter": 100_000}


def _both(name, module, y, weights=None, X=X, **settings):
    """(ours, theirs) fitted with the same settings, theirs at its tightest."""
    ours = getattr(drop_ins, name)(**settings)
    theirs = getattr(module, name)(**{**settings, **TIGHT})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X, y, weights)
    return ours.set_params(tol=1e-12).fit(X, y, weights), theirs


def _agree(ours, theirs, atol=1e-6):
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=atol)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=atol)
    assert np.shape(ours.coef_) == np.shape(theirs.coef_)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-4)


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("alpha", [0.01, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gamma(weights, alpha, fit_intercept):
    """GammaRegressor: the same coefficients and D^2."""
    settings = {"alpha": alpha, "fit_intercept": fit_intercept, "solver": "newton-cholesky"}
    ours, theirs = _both("GammaRegressor", linear_model, AMOUNTS, weights, **settings)
    _agree(ours, theirs)
    assert ours.score(X, AMOUNTS) == pytest.approx(theirs.score(X, AMOUNTS), abs=1e-7)


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("power", [0, 1, 1.2, 1.5, 1.9, 2])
def test_tweedie(weights, power):
    """TweedieRegressor at every convex power."""
    y = AMOUNTS if power == 2 else TOTALS
    settings = {"alpha": 0.1, "power": power, "solver": "newton-cholesky"}
    ours, theirs = _both("TweedieRegressor", linear_model, y, weights, **settings)
    _agree(ours, theirs)
    assert ours.certificate_.certified


def test_other_powers_are_scikit_learns_own():
    """Power 3, and power 0 with a log link, are not convex: solved there, no certificate."""
    for settings in ({"power": 3.0}, {"power": 0.0, "link": "log"}):
        ours = drop_ins.TweedieRegressor(**settings).fit(X, AMOUNTS)
        theirs = linear_model.TweedieRegressor(**settings).fit(X, AMOUNTS)
        np.testing.assert_array_equal(ours.coef_, theirs.coef_)
        assert not hasattr(ours, "certificate_")


def _huber_value(model, weights, alpha, epsilon):
    r = np.abs(ROBUST - model.intercept_ - X @ model.coef_) / model.scale_
    h = np.where(r <= epsilon, r**2, 2 * epsilon * r - epsilon**2)
    return model.scale_ * (weights @ (1 + h)) + alpha * model.coef_ @ model.coef_


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("alpha", [0.0, 1e-4, 10.0])
@pytest.mark.parametrize("epsilon", [1.2, 1.35, 3.0])
def test_huber(weights, alpha, epsilon):
    """HuberRegressor: its objective is no higher, weights and scale agree as far as it went."""
    settings = {"alpha": alpha, "epsilon": epsilon}
    ours, theirs = _both("HuberRegressor", linear_model, ROBUST, weights, **settings)
    w = np.ones(N) if weights is None else weights
    mine, yours = (_huber_value(m, w, alpha, epsilon) for m in (ours, theirs))
    assert mine <= yours * (1 + 1e-12)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    assert ours.scale_ == pytest.approx(theirs.scale_, rel=1e-4)
    np.testing.assert_array_equal(ours.outliers_, theirs.outliers_)


def test_hubers_scale_and_weights_are_a_joint_minimum():
    """No nearby weights and scale do better: the derivative in the scale is 0."""
    ours = drop_ins.HuberRegressor(alpha=0.5).fit(X, ROBUST)
    r = np.abs(ROBUST - ours.intercept_ - X @ ours.coef_) / ours.scale_
    assert np.sum(1 - np.minimum(r, 1.35) ** 2) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize(
    "settings",
    [
        {"C": 0.1},
        {"C": 2.0, "intercept_scaling": 10.0},
        {"C": 0.5, "class_weight": "balanced"},
        {"C": 0.5, "fit_intercept": False},
    ],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_linear_svc(weights, penalty, settings, classes):
    """LinearSVC: the intercept is shrunk as there, a class weight counts as there."""
    y = np.array(["a", "b", "c"])[np.minimum(CLASSES, classes - 1)]
    settings = {**settings, "penalty": penalty, "dual": False, "random_state": 0}
    ours, theirs = _both("LinearSVC", svm, y, weights, **settings)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_hinge_and_crammer_singer_are_scikit_learns_own():
    """Losses that are not ours are fitted there."""
    for settings in ({"loss": "hinge"}, {"multi_class": "crammer_singer"}):
        options = {**settings, "random_state": 0, "max_iter": 100_000}
        ours = drop_ins.LinearSVC(**options).fit(X, CLASSES)
        theirs = svm.LinearSVC(**options).fit(X, CLASSES)
        np.testing.assert_array_equal(ours.coef_, theirs.coef_)


@pytest.mark.parametrize("weights", [None, W], ids=["plain", "weighted"])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("classes", [2, 3])
def test_ridge_classifier(weights, class_weight, classes):
    """RidgeClassifier with its targets of -1 and 1."""
    y = np.minimum(CLASSES, classes - 1)
    settings = {"alpha": 2.0, "class_weight": class_weight}
    _agree(*_both("RidgeClassifier", linear_model, y, weights, **settings))


@pytest.mark.parametrize("name", ["GammaRegressor", "HuberRegressor", "LinearSVC"])
def test_sparse_is_dense(name):
    """The same fit from a sparse matrix."""
    y = {"GammaRegressor": AMOUNTS, "HuberRegressor": ROBUST, "LinearSVC": CLASSES}[name]
    kept = X * (RNG.uniform(size=X.shape) < 0.5)
    one = getattr(drop_ins, name)(tol=1e-12).fit(kept, y)
    other = getattr(drop_ins, name)(tol=1e-12).fit(sparse.csr_matrix(kept), y)
    np.testing.assert_allclose(one.coef_, other.coef_, atol=1e-6)
