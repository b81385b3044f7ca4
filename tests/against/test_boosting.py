"""Leaves of one boosted tree against `boosted_leaf` on the same rows."""

import numpy as np
import pytest

import priorfit as pf

SETTINGS = [(0.0, 2.0), (1.5, 0.0), (1.2, 2.0)]


def _data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    return X, X[:, 0] + np.sign(X[:, 1]) + 0.1 * rng.normal(size=200)


def _belief(l1, l2):
    return pf.ElasticNet(1 / l1 if l1 else np.inf, l2**-0.5 if l2 else np.inf)


def _leaves(leaf, y, l1, l2):
    """From value 0 and squared error: G = -sum y, H = number of rows."""
    ids = np.unique(leaf)
    gradient = np.array([-y[leaf == k].sum() for k in ids])
    value = pf.boosted_leaf(gradient, [np.sum(leaf == k) for k in ids], _belief(l1, l2)).value
    return value[np.searchsorted(ids, leaf)]


@pytest.mark.parametrize(("l1", "l2"), SETTINGS)
def test_xgboost_leaves_are_map_estimates(l1, l2):
    """prediction of one tree = value of its leaf."""
    xgboost = pytest.importorskip("xgboost")
    X, y = _data()
    model = xgboost.XGBRegressor(
        n_estimators=1, max_depth=3, learning_rate=1.0, reg_alpha=l1, reg_lambda=l2, base_score=0.0
    ).fit(X, y)
    ours = _leaves(model.apply(X).ravel(), y, l1, l2)
    np.testing.assert_allclose(model.predict(X), ours, atol=2e-6)


@pytest.mark.parametrize(("l1", "l2"), SETTINGS)
def test_lightgbm_leaves_are_map_estimates(l1, l2):
    """prediction of one tree = value of its leaf."""
    lightgbm = pytest.importorskip("lightgbm")
    X, y = _data()
    settings = {"lambda_l1": l1, "lambda_l2": l2, "learning_rate": 1.0, "verbose": -1}
    settings |= {"boost_from_average": False, "num_leaves": 7, "objective": "regression"}
    model = lightgbm.train(settings, lightgbm.Dataset(X, y), num_boost_round=1)
    ours = _leaves(model.predict(X, pred_leaf=True).ravel(), y, l1, l2)
    np.testing.assert_allclose(model.predict(X), ours, atol=2e-6)
