"""Estimators of several classes and several responses, and what is written of them."""

import io

import numpy as np
import pytest
from rich.console import Console
from sklearn.datasets import load_iris

import priorfit as pf
from priorfit.report import facts_of, html_report, load_model, model_of, print_fit, save_model

IRIS = load_iris(as_frame=True)
X, CODES = IRIS.data.to_numpy(), IRIS.target.to_numpy()
FRAME = IRIS.data.assign(species=IRIS.target_names[CODES])
FRAME.columns = [name.removesuffix(" (cm)") for name in FRAME.columns]
RESPONSES = X[:, :2]


@pytest.fixture(scope="module")
def model():
    return pf.MAPClassifier(prior=pf.Laplace(0.5)).fit(FRAME, "species")


def test_probabilities_are_those_of_the_predictors(model):
    """predict_proba = softmax of decision_function; log is its log; predict its largest."""
    table = FRAME.drop(columns="species")
    eta, chance = model.decision_function(table), model.predict_proba(table)
    raised = np.exp(eta)
    np.testing.assert_allclose(chance, raised / raised.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(model.predict_log_proba(table), np.log(chance))
    assert list(model.predict(table)) == list(model.classes_[chance.argmax(axis=1)])
    assert model.coef_.shape == (3, 4)
    assert model.intercept_.sum() == pytest.approx(0.0, abs=1e-9)


def test_labels_say_column_and_class(model):
    assert model.weight_labels_[:2] == ("sepal length [setosa]", "sepal length [versicolor]")
    assert len(model.weight_labels_) == model.coef_.size
    assert model.views_.constraint.radius == pytest.approx(np.abs(model.coef_).sum())
    assert "Laplace, scale 0.5" in model.explain()


def test_an_offset_is_added_to_every_class():
    """fit(offset=o) with o (n, K), and predictions with the same."""
    o = np.random.default_rng(0).normal(size=(len(X), 3))
    model = pf.MAPClassifier(prior=pf.Normal(1.0)).fit(X, CODES, offset=o)
    plain = model.decision_function(X)
    np.testing.assert_allclose(model.decision_function(X, offset=o), plain + o)
    with pytest.raises(pf.InputError, match="3 numbers per row"):
        model.decision_function(X, offset=o[:, 0])


@pytest.mark.parametrize("prior", [pf.Laplace(), pf.GroupLaplace(outputs="together")])
def test_the_data_choose_the_strength(prior):
    """Cross-validation cuts the held-out deviance and ends in a certified fit."""
    model = pf.MAPClassifier(prior=prior, strength="cv", cv=3, n_points=15).fit(X, CODES)
    mean = model.selection_.mean
    assert mean[model.selection_.best] < 0.3 * mean[0]
    assert model.certificate_.certified
    responses = pf.MAPRegressor(prior=prior, strength="cv", cv=3, n_points=15)
    assert responses.fit(X[:, 2:], RESPONSES).score(X[:, 2:], RESPONSES) > 0.3


@pytest.mark.parametrize("by", ["loo", "bic", "stability", "universal"])
def test_other_ways_to_choose_ask_for_one_output(by):
    with pytest.raises(pf.InputError, match="one output per row; got 3 outputs"):
        pf.MAPClassifier(prior=pf.Laplace(), strength=by).fit(X, CODES)


def test_two_labels_stay_one_predictor():
    """Two classes are `Bernoulli` unless `Multinomial` is asked for."""
    few = CODES > 0
    assert pf.MAPClassifier().fit(X, few).coef_.shape == (1, 4)
    assert pf.MAPClassifier(likelihood=pf.Multinomial()).fit(X, few).coef_.shape == (2, 4)
    with pytest.raises(pf.InputError, match="exactly two classes; got 3 classes"):
        pf.MAPClassifier(likelihood=pf.Bernoulli()).fit(X, CODES)


def test_several_responses_have_weights_of_their_own():
    """coef_ (q, p), predict (n, q), the fit of each response where nothing ties them."""
    many = pf.MAPRegressor(prior=pf.Laplace(0.2), likelihood=pf.Gaussian(0.5), tol=1e-10)
    many.fit(X[:, 2:], RESPONSES)
    assert many.predict(X[:, 2:]).shape == RESPONSES.shape
    for k in range(2):
        one = pf.MAPRegressor(prior=pf.Laplace(0.2), likelihood=pf.Gaussian(0.5), tol=1e-10)
        one.fit(X[:, 2:], RESPONSES[:, k])
        np.testing.assert_allclose(many.coef_[k], one.coef_, atol=1e-6)
    assert "[1]" in many.weight_labels_[1]


def test_a_model_file_predicts_the_same(model, tmp_path):
    """load(save(model)) predicts labels and the probability of each class."""
    save_model(model_of(model, "species"), tmp_path / "model.json")
    table = FRAME.drop(columns="species")
    found = load_model(tmp_path / "model.json").predict(table)
    assert list(found["species"]) == list(model.predict(table))
    shares = np.stack([found[f"P(species = {c})"] for c in model.classes_], axis=1)
    np.testing.assert_allclose(shares, model.predict_proba(table))
    responses = pf.MAPRegressor().fit(X[:, 2:], RESPONSES)
    save_model(model_of(responses, "size"), tmp_path / "two.json")
    found = load_model(tmp_path / "two.json").predict(X[:, 2:])
    np.testing.assert_allclose(np.stack(list(found.values()), axis=1), responses.predict(X[:, 2:]))


def test_the_report_names_every_class(model, tmp_path):
    """Terminal and page name weights by column and class, and every intercept."""
    text = io.StringIO()
    facts = facts_of(model, target="species", source="iris")
    print_fit(facts, Console(file=text, width=100))
    for said in ("petal length [setosa]", "intercept [virginica]", "weights are exactly zero"):
        assert said in text.getvalue()
    html_report(facts, tmp_path / "report.html")
    assert "sepal width [versicolor]" in (tmp_path / "report.html").read_text()


def test_the_picture_of_a_path_has_a_line_for_each_weight():
    import matplotlib

    matplotlib.use("Agg")
    path = pf.path(X, CODES, likelihood=pf.Multinomial(), n_points=10)
    ax = pf.plots.plot_path(path, max_labels=12)
    assert len(ax.lines) == 1 + int(np.any(path.flat_coefs != 0, axis=1).sum())
