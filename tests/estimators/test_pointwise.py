"""Every pointwise likelihood through the estimators: predict, explain, report, model file."""

import json

import numpy as np
import pytest

import priorfit as pf
from laws import POINTWISE, example
from priorfit.report import facts_of, html_report, load_model, model_of, save_model

OPEN = {
    "gamma": pf.Gamma(),
    "tweedie": pf.Tweedie(1.6),
    "negative binomial": pf.NegativeBinomial(),
    "huber": pf.Huber(),
}


def _fit(name, **settings):
    kind = POINTWISE[name][0]
    X, y, w, o = example(name, n=80, scale=0.3)
    shell = pf.MAPClassifier if kind.is_classification else pf.MAPRegressor
    settings = {"prior": pf.Laplace(0.2), "likelihood": OPEN.get(name, kind)} | settings
    return shell(**settings).fit(X, y, w, offset=o), X, o


@pytest.mark.parametrize("name", POINTWISE)
def test_the_model_file_predicts_the_same(name, tmp_path):
    """load(save(model)).predict = model.predict, with what was estimated in the file's text."""
    model, X, o = _fit(name)
    save_model(model_of(model), tmp_path / "model.json")
    loaded = load_model(tmp_path / "model.json")
    out = list(loaded.predict(X, o).values())
    np.testing.assert_array_equal(out[0], model.predict(X, offset=o))
    assert json.loads((tmp_path / "model.json").read_text())["likelihood"].startswith(
        model.likelihood_.name
    )
    assert model.likelihood_.known_dispersion is not None
    assert model.likelihood_.known_shape is not None


@pytest.mark.parametrize("name", POINTWISE)
def test_the_fit_is_explained_and_reported(name, tmp_path):
    """The words of the likelihood are in explain(), and the report is written."""
    model, *_ = _fit(name)
    said = model.likelihood_.in_words(model.dispersion_)
    assert said in model.explain()
    assert "Certificate" in str(pf.explain(model))
    facts = facts_of(model)
    assert facts.response.startswith(model.likelihood_.predictor)
    html_report(facts, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 1000


@pytest.mark.parametrize("name", POINTWISE)
def test_the_strength_can_be_chosen(name):
    """Cross-validation by held-out deviance, the shape known."""
    kind = POINTWISE[name][0]
    model, *_ = _fit(name, prior=pf.Laplace(), likelihood=kind, strength="cv", cv=3, n_points=8)
    assert model.certificate_.certified
    assert np.all(model.selection_.mean >= 0)


@pytest.mark.parametrize("name", ["probit", "cloglog"])
def test_probabilities_of_two_classes(name):
    """Rows sum to 1, logarithms agree, the likelier class is predicted."""
    model, X, o = _fit(name)
    chance = model.predict_proba(X, offset=o)
    np.testing.assert_allclose(chance.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X, offset=o)), chance, rtol=1e-10)
    np.testing.assert_array_equal(model.predict(X, offset=o), model.classes_[chance.argmax(axis=1)])


def test_a_margin_gives_no_probability():
    """The squared hinge refuses predict_proba, and says what to use."""
    model, X, _ = _fit("squared hinge")
    with pytest.raises(pf.InputError, match=r"pseudo-likelihood. Use decision_function"):
        model.predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), model.classes_[(model._eta(X) > 0) * 1])


def test_shares_are_repeated_rows():
    """k of m successes with weight m = k rows of 1 and m - k rows of 0."""
    rng = np.random.default_rng(0)
    X, trials = rng.normal(size=(30, 3)), rng.integers(0, 6, size=30)
    successes = rng.binomial(trials, 0.4)
    y, weights = pf.shares(successes, trials)
    options = {"prior": pf.Laplace(0.5), "likelihood": pf.Bernoulli()}
    counted = pf.solve(pf.Problem.make(X, y, weights=weights, **options), tol=1e-12)
    rows = np.repeat(np.arange(30), trials)
    ones = np.concatenate(
        [np.r_[np.ones(k), np.zeros(m - k)] for k, m in zip(successes, trials, strict=True)]
    )
    single = pf.solve(pf.Problem.make(X[rows], ones, **options), tol=1e-12)
    np.testing.assert_allclose(counted.coef, single.coef, atol=1e-6)
    assert counted.objective == pytest.approx(single.objective)
