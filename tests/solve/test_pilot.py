"""Laws of theta, and of Huber's scale, where a path and its folds hold them."""

from dataclasses import replace

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_PRIORS
from priorfit.solve import path_of, pilot
from priorfit.solve.pilot import pilot_shape
from priorfit.solve.shape import null_shape

TRUTHS = {"huber": pf.Huber(scale=0.7), "negative binomial": pf.NegativeBinomial(2.0)}
OPEN = {"huber": pf.Huber(), "negative binomial": pf.NegativeBinomial()}
PRIORS = ["flat", "normal", "laplace", "elastic net", "boxed normal", "sparse group laplace"]


def _data(name, n=150, p=6):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, p))
    truth = TRUTHS[name]
    y = truth.draw(0.5 + X[:, :3] @ [1.0, -0.6, 0.4], truth.known_dispersion, rng)
    return X, y


def _problem(name, prior="laplace", **more):
    X, y = _data(name)
    prior = ALL_PRIORS[prior](6).unit()
    return pf.Problem.make(X, y, prior=prior, likelihood=OPEN[name], **more)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("name", OPEN)
def test_the_path_is_that_of_the_shape_it_holds(name, prior):
    """path(unknown) = path(path.likelihood), certified, whatever points it visits."""
    X, y = _data(name)
    options = {"prior": ALL_PRIORS[prior](6), "n_points": 5}
    path = pf.path(X, y, likelihood=OPEN[name], **options)
    given = pf.path(X, y, likelihood=path.likelihood, **options)
    assert path.certified
    assert path.likelihood.known_shape is not None
    np.testing.assert_array_equal(path.coefs, given.coefs)
    few = pf.path(X, y, likelihood=OPEN[name], prior=options["prior"], penalties=[3.0])
    assert few.likelihood == path.likelihood


def _is_near(found, truth):
    return abs(np.log(found.known_shape / truth.known_shape)) < 0.2


@pytest.mark.parametrize("prior", ["laplace", "normal"])
@pytest.mark.parametrize("name", OPEN)
def test_the_pilot_finds_the_truth(name, prior, monkeypatch):
    """With many rows the shape is near what made the data; that of the null model is not, nor
    that of the strongest point."""
    X, y = _data(name, n=2000, p=30)
    prior = ALL_PRIORS[prior](30).unit()
    problem = pf.Problem.make(X, y, prior=prior, likelihood=OPEN[name])
    truth = TRUTHS[name]
    assert _is_near(pilot_shape(problem, path_of), truth)
    assert not _is_near(null_shape(problem), truth)
    monkeypatch.setattr(pilot, "_best", lambda path: 0)
    assert not _is_near(pilot_shape(problem, path_of), truth)


def _is_still(likelihood, problem):
    """Whether it is the shape of its own path's best point."""
    path = path_of(replace(problem, likelihood=likelihood), n_points=15)
    bic = 2 * path.losses / path.dispersion_at(0) + np.log(problem.n_effective) * path.df
    k = int(np.argmin(bic))
    eta = problem.eta(path.intercepts[k], path.coefs[:, k])
    if likelihood.has_dispersion:
        squares = problem.weights @ likelihood.pearson(problem.y, eta)
        found = np.sqrt(squares / (problem.n_effective - path.df[k]))
    else:
        found = likelihood.profile(problem.y, eta, problem.weights).known_shape
    return abs(np.log(found / likelihood.known_shape)) < 5e-3


@pytest.mark.parametrize("name", OPEN)
def test_the_shape_is_its_own_consequence(name):
    """theta, scale = those of the point that BIC takes under them; mutants: a tenth off."""
    w = np.random.default_rng(1).integers(0, 3, 150).astype(float)
    problem = _problem(name, weights=w)
    found = pilot_shape(problem, path_of)
    assert _is_still(found, problem)
    for factor in (0.9, 1.1):
        shape = factor * found.known_shape
        wrong = pf.NegativeBinomial(shape) if name != "huber" else pf.Huber(scale=shape)
        assert not _is_still(wrong, problem)


@pytest.mark.parametrize("name", OPEN)
def test_weights_are_repeats_in_the_pilot(name):
    """Weight k = the row k times."""
    X, y = _data(name)
    w = np.random.default_rng(1).integers(0, 3, len(y))
    rows, kind = np.repeat(np.arange(len(y)), w), OPEN[name]
    one = pf.path(X, y, weights=w.astype(float), likelihood=kind, n_points=3).likelihood
    other = pf.path(X[rows], y[rows], likelihood=kind, n_points=3).likelihood
    assert one.known_shape == pytest.approx(other.known_shape, rel=1e-4)


def test_the_scale_has_the_units_of_y():
    """scale(c y) = c scale(y), and a row sent to infinity hardly moves it."""
    X, y = _data("huber")
    far = np.r_[1e6, y[1:]]
    one, wide, other = (
        pf.path(X, v, likelihood=pf.Huber(), n_points=3).likelihood.scale for v in (y, 50 * y, far)
    )
    assert wide == pytest.approx(50 * one, rel=1e-4)
    assert other == pytest.approx(one, rel=0.1)


@pytest.mark.parametrize("way", ["cv", "loo", "bic", "stability", "universal"])
@pytest.mark.parametrize("name", OPEN)
def test_one_shape_in_all_that_is_compared(name, way):
    """Scores, path and final fit are those of the shape that is held; another one changes them."""
    problem = _problem(name)
    settings = {"cv": {"folds": 3}, "stability": {"pairs": 3}}.get(way, {})
    if way != "universal":
        settings |= {"n_points": 8}
    selection, path = pf.choose(problem, way, **settings)
    held = selection.likelihood
    assert held == path.likelihood
    known, _ = pf.choose(replace(problem, likelihood=held), way, **settings)
    np.testing.assert_array_equal(selection.scores, known.scores)
    assert selection.refit().likelihood == held
    wrong, _ = pf.choose(replace(problem, likelihood=null_shape(problem)), way, **settings)
    assert not np.array_equal(wrong.penalties, selection.penalties)


@pytest.mark.parametrize("name", OPEN)
def test_estimators_hold_what_was_scored(name):
    """model = selection.refit(), also with other shares of l1, whose curves share one loss."""
    X, y = _data(name)
    options = {"likelihood": OPEN[name], "strength": "cv", "cv": 3, "n_points": 8}
    model = pf.MAPRegressor(pf.ElasticNet(), l1_ratio=[0.3, 0.9], **options).fit(X, y)
    again = model.selection_.refit()
    np.testing.assert_allclose(model.coef_, again.coef, atol=1e-6)
    assert model.likelihood_ == model.selection_.likelihood == again.likelihood
    assert model.certificate_.certified
    held = {s.likelihood for s in model.selection_.surface.selections}
    assert held == {model.likelihood_}


def test_what_cannot_be_estimated_is_said():
    """Rows that are met, and counts that scatter as Poisson's, each have their warning."""
    X, _ = _data("huber")
    with pytest.warns(pf.PriorfitWarning, match="runs to 0"):
        pf.path(X, X[:, 0], likelihood=pf.Huber(), n_points=2)
    y = np.random.default_rng(0).binomial(9, 0.5, size=len(X)).astype(float)
    with pytest.warns(pf.PriorfitWarning, match="Use Poisson"):
        pf.path(X, y, likelihood=pf.NegativeBinomial(), n_points=3)
