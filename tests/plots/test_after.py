"""Pictures of what the posterior made of the data show its numbers, and say what they mean."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import priorfit as pf

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
ETA = X @ [0.5, -0.3, 0.0]


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _posterior(y, likelihood, prior=None):
    problem = pf.Problem.make(X, y, prior=prior or pf.Normal(1.0), likelihood=likelihood)
    return pf.sample(problem, draws=800)


def _dots(ax):
    return next(line for line in ax.lines if line.get_marker() == "o")


COUNTS = RNG.poisson(np.exp(ETA + 1.0)).astype(float)
SPREAD = RNG.poisson(np.exp(ETA + 1.0) * RNG.gamma(0.7, 1 / 0.7, 300)).astype(float)
CLASSES = (RNG.random(300) < 1 / (1 + np.exp(-2 * ETA))).astype(float)
MODELS = {
    "counts": (COUNTS, pf.Poisson()),
    "real": (ETA + RNG.normal(size=300), pf.Gaussian()),
    "classes": (CLASSES, pf.Bernoulli()),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_right_model_could_have_made_the_data(name):
    y, likelihood = MODELS[name]
    ax = pf.plots.plot_posterior_predictive(_posterior(y, likelihood))
    dots = _dots(ax).get_ydata()
    assert "could have made" in ax.get_title(loc="left").replace("\n", " ")
    if name == "classes":
        assert np.mean(dots) == pytest.approx(y.mean(), abs=0.02)
    else:
        assert np.sum(dots) == len(y)


def test_a_wrong_model_does_not_make_such_data():
    ax = pf.plots.plot_posterior_predictive(_posterior(SPREAD, pf.Poisson()))
    assert "does not make" in ax.get_title(loc="left").replace("\n", " ")


def test_shrinkage_starts_at_the_data_alone():
    y = MODELS["real"][0]
    posterior = _posterior(y, pf.Gaussian(noise=1.0), pf.Normal(0.1))
    ax = pf.plots.plot_posterior_shrinkage(posterior)
    order = [int(t.get_text()[1:]) for t in ax.get_yticklabels()]
    alone = np.linalg.lstsq(np.c_[np.ones(300), X], y, rcond=None)[0][1:]
    drawn = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]
    ends = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "|"]
    np.testing.assert_allclose(drawn, alone[order], atol=1e-5)
    np.testing.assert_allclose(ends, posterior.mean[order])
    assert "pulls" in ax.get_title(loc="left")


def test_data_that_outweigh_the_belief():
    posterior = _posterior(MODELS["real"][0], pf.Gaussian(noise=1.0), pf.Normal(1e3))
    ax = pf.plots.plot_posterior_shrinkage(posterior)
    assert "outweigh" in ax.get_title(loc="left")


def test_what_cannot_be_shown_is_refused():
    wide = pf.Problem.make(X[:2], [0.0, 1.0], prior=pf.Normal(1.0), likelihood=pf.Gaussian(1.0))
    with pytest.raises(pf.InputError, match="data alone must determine"):
        pf.plots.plot_posterior_shrinkage(pf.sample(wide, draws=20))
    several = _posterior(RNG.normal(size=(300, 2)), pf.Gaussian(noise=1.0))
    with pytest.raises(pf.InputError, match="one response"):
        pf.plots.plot_posterior_predictive(several)
