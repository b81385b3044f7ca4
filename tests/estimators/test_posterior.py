"""Estimators hand their data and belief to the samplers, in the user's units."""

import pickle

import numpy as np
import pytest

import priorfit as pf

pytestmark = pytest.mark.filterwarnings("ignore::priorfit.ConvergenceWarning")


def _data(n=80, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.geomspace(0.1, 10.0, p)
    return X, X @ (
        np.r_[1.0, np.zeros(p - 2), -0.5] / np.geomspace(0.1, 10.0, p)
    ) + 0.5 * rng.normal(size=n)


def test_a_stated_belief_is_held():
    """The posterior of a stated prior is that of `sample` on the same problem."""
    X, y = _data()
    model = pf.MAPRegressor(prior=pf.Laplace(0.5)).fit(X, y)
    own = model.posterior(50, seed=3)
    other = pf.sample(pf.Problem.make(X, y, prior=pf.Laplace(0.5)), draws=50, seed=3)
    assert np.array_equal(own.coef, other.coef)
    assert "scale" not in own.draws
    assert np.array_equal(own.mode, model.coef_)


@pytest.mark.parametrize("strength", ["cv", "bic", "posterior"])
def test_a_chosen_strength_is_sampled(strength):
    """Where the data chose the strength it is unknown; units of columns and of y change nothing."""
    X, y = _data()
    found = pf.MAPRegressor(prior=pf.Normal(), strength=strength).fit(X, y).posterior(200)
    units = np.geomspace(5.0, 0.01, 4)
    moved = pf.MAPRegressor(prior=pf.Normal(), strength=strength).fit(X * units, 3.0 * y)
    assert "scale" in found.draws
    assert np.allclose(moved.posterior(200).mean * units / 3.0, found.mean, rtol=1e-6)


def test_strength_posterior_is_the_median():
    """The MAP estimate is that of the belief at the median of the scale's draws."""
    X, y = _data()
    model = pf.MAPRegressor(prior=pf.Laplace(), strength="posterior").fit(X, y)
    scale = float(np.median(model.averaged_.scales))
    unit = np.std(y) / X.std(axis=0)
    assert np.allclose(np.asarray(model.prior_.scale), scale * unit)
    assert "its posterior" in model.explain()
    assert model.certificate_.certified


def test_classes_and_counts():
    """Classes by two and by three, and Cox: draws of every weight."""
    X, y = _data()
    labels = np.digitize(y, [-0.5, 0.5])
    two = pf.MAPClassifier(prior=pf.Normal(1.0)).fit(X, labels > 0).posterior(30, chains=2)
    three = pf.MAPClassifier(prior=pf.Normal(1.0)).fit(X, labels).posterior(30, chains=2)
    assert two.coef.shape == (2, 30, 4)
    assert three.coef.shape == (2, 30, 4, 3)
    assert np.allclose(three.draws["intercept"].sum(axis=2), 0.0, atol=1e-9)
    assert two.predictive(X[:5]).shape == (60, 5)
    assert three.mu(X[:5]).shape == (60, 5, 3)
    assert np.allclose(three.mu(X[:5]).sum(axis=2), 1.0)


def test_a_stored_model_has_no_data():
    """What is pickled holds no rows, and says so when it is asked for draws."""
    X, y = _data(2000, 30)
    model = pf.MAPRegressor(prior=pf.Laplace(0.5)).fit(X, y)
    stored = pickle.dumps(model)
    assert len(stored) < X.nbytes / 4
    with pytest.raises(pf.InputError, match="needs the data"):
        pickle.loads(stored).posterior()


def test_arviz_and_pictures(tmp_path):
    """The tree has the draws by name, and every picture is drawn."""
    pytest.importorskip("arviz_base")
    from matplotlib import pyplot

    X, y = _data()
    found = pf.MAPRegressor(prior=pf.Laplace(0.5)).fit(X, y).posterior(100, chains=2)
    tree = found.to_arviz()
    assert np.array_equal(tree["posterior"]["coef"].values, found.coef)
    assert tree["log_likelihood"]["y"].shape == (2, 100, 80)
    axes = [found.plot(), *pf.plots.plot_chains(found, "noise")]
    axes.append(pf.plots.plot_one_weight(pf.one_weight(pf.Laplace(1.0), 0.8)))
    assert all(ax.get_title(loc="left") for ax in axes)
    with pytest.raises(pf.InputError, match="parameter that was sampled"):
        pf.plots.plot_chains(found, "nothing")
    pyplot.close("all")
