"""Networks as estimators: they find the inputs that matter, and predict what the net says."""

import pickle

import numpy as np
import pandas as pd
import pytest

import priorfit as pf

torch = pytest.importorskip("torch")
T = pf.torch
FAST = {"epochs": 25, "path_epochs": 4, "hidden": (24,)}


@pytest.fixture(scope="module")
def product():
    """y depends on columns 1 and 4 through their product alone; a linear model sees nothing."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 7)) * [1, 3, 1, 1, 0.1, 1, 1], columns=list("abcdefg"))
    return X, np.where(X["b"] * X["e"] > 0, "yes", "no")


def test_path_finds_the_inputs(product):
    """The path keeps exactly the inputs that matter, which the linear lasso cannot see."""
    X, y = product
    m = T.MAPMLPClassifier(inputs=pf.GroupLaplace(), strength="path", **FAST).fit(X, y)
    assert list(m.feature_names_in_[m.selected_]) == ["b", "e"]
    assert m.score(X, y) > 0.9
    used = [int((p.state["0.weight"] != 0).any(0).sum()) for p in m.path_.points]
    assert used[0] == 7
    assert used[-1] < 2
    with torch.no_grad():
        scaled = torch.as_tensor((X.to_numpy() - m.center_) / m.spread_, dtype=torch.float32)
        out = m.network_(scaled).double().softmax(1).numpy()
    assert np.array_equal(m.predict_proba(X), out)
    assert m.n_parameters_ < 24 * 3 + 24 * 2 + 3
    again = pickle.loads(pickle.dumps(m))
    assert np.array_equal(again.predict(X), m.predict(X))


def test_asked_number_of_inputs(product):
    """`n_features` is an upper bound that is met; the same seed gives the same bits."""
    X, y = product
    make = T.MAPMLPClassifier(
        inputs=pf.GroupLaplace(), strength="path", n_features=3, **FAST | {"epochs": 10}
    )
    first, second = (make.fit(X, y).predict_proba(X) for _ in range(2))
    assert make.selected_.sum() <= 3
    assert np.array_equal(first, second)


def test_regression_knows_its_units(product):
    """y and columns in other units give the same predictions in these units."""
    X, _ = product
    y = np.abs(X["b"].to_numpy()) + X["a"].to_numpy()
    make = T.MAPMLPRegressor(prior={0: pf.Laplace(0.2), "*": pf.Normal()}, noise=0.3, **FAST)
    one = make.fit(X, y).predict(X)
    zeros = make.sparsity_
    other = make.fit(4.0 * X + 8.0, 64.0 * y - 32.0).predict(4.0 * X + 8.0)
    assert np.corrcoef(one, y)[0, 1] > 0.97
    assert zeros > 0
    assert other == pytest.approx(64.0 * one - 32.0, abs=3.0)


def test_wrong_settings(product):
    """Strength is a number or path; beliefs that have no step are refused."""
    X, y = product
    with pytest.raises(pf.InputError, match="number or path"):
        T.MAPMLPClassifier(strength="cv").fit(X, y)
    with pytest.raises(pf.InputError, match="no step here"):
        T.MAPMLPClassifier(prior=pf.Cauchy()).fit(X, y)
    with pytest.raises(pf.InputError, match="two classes"):
        T.MAPMLPClassifier().fit(X, np.zeros(len(X)))
