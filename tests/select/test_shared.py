"""Folds and other samples that share columns have the estimates of fits that share nothing."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import ShuffleSplit

import priorfit as pf
from laws import ALL_PRIORS
from priorfit.select import cross_validate, cv
from priorfit.solve import moments, path_of, share
from priorfit.solve.certificate import certify, certify_by_gram
from priorfit.solve.standard import standardize

SHAPES = {"few columns": (60, 8), "many columns": (50, 400)}


def table(shape, seed=0):
    rng = np.random.default_rng(seed)
    n, p = SHAPES[shape]
    X = rng.normal(size=(n, p)) @ np.diag(np.geomspace(0.01, 100, p)) + rng.normal(size=p)
    X[:, 2] = rng.permutation(np.arange(n) < 2)  # its ones are all in few rows
    y = X[:, 0] * 30 + X[:, 1] + rng.normal(size=n)
    return X, y


def bootstrap(n, seed=1):
    rng = np.random.default_rng(seed)
    for _ in range(3):
        rows = rng.integers(0, n, n)
        yield rows, np.setdiff1d(np.arange(n), rows)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ALL_PRIORS)
def test_folds_that_share_columns_score_as_folds_that_do_not(name, shape, monkeypatch):
    if "flat" in name and shape == "many columns":
        pytest.skip("more columns than rows and a flat prior: there is no one estimate")
    X, y = table(shape)
    prior = ALL_PRIORS[name](X.shape[1])
    problem = pf.Problem.make(X, y, prior=prior.unit())
    settings = {"tol": 1e-9, "n_points": 12}
    together = cross_validate(problem, **settings)[0]
    monkeypatch.setattr(cv, "share", lambda *_: None)
    np.testing.assert_allclose(
        together.scores, cross_validate(problem, **settings)[0].scores, rtol=1e-5
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "way", ["plain", "rows of C", "float32", "weights", "no intercept", "mean"]
)
@pytest.mark.parametrize(
    "folds", [4, ShuffleSplit(3, train_size=0.3, random_state=0), "bootstrap"], ids=str
)
def test_samples_of_any_kind(folds, way, shape, monkeypatch):
    X, y = table(shape)
    X = X.astype(np.float32) if way == "float32" else np.array(X, order="C" if "C" in way else "F")
    weights = np.arange(len(y)) % 3 + 0.5 if way == "weights" else None
    problem = pf.Problem.make(
        X, y, prior=pf.Laplace(), weights=weights, intercept=way != "no intercept"
    )
    settings = {
        "folds": folds if folds != "bootstrap" else list(bootstrap(len(y))),
        "hold": "mean" if way == "mean" else "belief",
        "standardize": way != "no intercept",
        "n_points": 12,
        "tol": 1e-9,
    }
    assert share(problem) is not None
    together = cross_validate(problem, **settings)[0]
    monkeypatch.setattr(cv, "share", lambda *_: None)
    apart = cross_validate(problem, **settings)[0]
    np.testing.assert_allclose(together.scores, apart.scores, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_threads_do_not_change_a_bit(shape):
    X, y = table(shape)
    problem = pf.Problem.make(X, y, prior=pf.Laplace())
    one = cross_validate(problem, folds=5, n_points=20)[0]
    np.testing.assert_array_equal(
        one.scores, cross_validate(problem, folds=5, n_points=20, threads=3)[0].scores
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["fold", "bootstrap", "few rows", "the same rows"])
def test_products_of_a_sample_are_those_of_its_rows(kind, shape):
    X, y = table(shape)
    n = len(y)
    rng = np.random.default_rng(0)
    weights = {
        "fold": np.where(np.arange(n) % 5 == 1, 0.0, 1.0),
        "bootstrap": np.bincount(rng.integers(0, n, n), minlength=n).astype(float),
        "few rows": (np.arange(n) < n // 4).astype(float),
        "the same rows": np.ones(n),
    }[kind]
    problem = pf.Problem.make(X, y, prior=pf.Laplace(), weights=weights)
    shared = share(pf.Problem.make(X, y, prior=pf.Laplace()))
    mean, sd = shared.moments(weights)
    expected = moments(problem.design, weights)
    np.testing.assert_allclose(mean, expected[0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(sd, expected[1], rtol=1e-10, atol=1e-13)
    sample = standardize(problem, shared=shared)
    every = np.arange(sample.size)
    np.testing.assert_allclose(
        sample.gram, sample.Z.gram(every, every, weights), atol=1e-11 * sample.gram.max()
    )
    alone, other = path_of(problem, n_points=9), path_of(problem, n_points=9, shared=shared)
    np.testing.assert_allclose(
        other.coefs * X.std(0)[:, None], alone.coefs * X.std(0)[:, None], atol=1e-6
    )
    assert other.certified


def of_parts(broken=None):
    """Largest relative errors of Gram matrix and moments of each fold, from those of its parts."""
    X, y = table("few columns")
    n, w = len(y), np.arange(len(y)) % 3 + 0.5
    problem = pf.Problem.make(X, y, prior=pf.Laplace(), weights=w)
    parts = [np.flatnonzero(np.arange(n) % 4 == k)[::-1] for k in range(4)]
    shared, worst = share(problem, parts), 0.0
    assert shared.gram.shape == (9, 9)
    assert len(shared._grams) == 4
    if broken is not None:
        shared.__dict__["_grams"] = broken(shared._grams)
    for part in parts:
        weights = np.where(np.isin(np.arange(n), part), 0.0, w)
        mean, sd = moments(problem.design, weights)
        sample = standardize(replace(problem, weights=weights), shared=shared)
        every = np.arange(sample.size)
        expected = sample.Z.gram(every, every, weights)
        got = shared.moments(weights)
        away = np.abs(sample.gram - expected).max() / expected.max()
        worst = max(
            worst, away, *(np.abs(a - b).max() for a, b in zip(got, (mean, sd), strict=True))
        )
    return worst


def test_parts_add_up_to_the_whole():
    """G = sum_k G_k, and the sample without part k has G - G_k and its moments."""
    assert of_parts() < 1e-10


@pytest.mark.parametrize(
    "broken",
    [lambda g: g[1:] + g[:1], lambda g: tuple(1.1 * part for part in g)],
    ids=["another part", "too large"],
)
def test_mutants_of_the_parts_are_seen(broken):
    assert of_parts(broken) > 1e-6


@pytest.mark.parametrize("parts", [[[0, 1], [1, 2]], [[0, 1]], []], ids=["twice", "some", "none"])
def test_parts_that_do_not_hold_each_row_once_are_not_added(parts):
    X, y = table("few columns")
    shared = share(pf.Problem.make(X, y, prior=pf.Laplace()), parts)
    every = np.arange(9)
    np.testing.assert_array_equal(shared.gram, shared.Z.gram(every, every, np.ones(len(y))))


@pytest.mark.parametrize("name", [k for k in ALL_PRIORS if "group" not in k])
def test_a_gram_matrix_vouches_for_no_more_than_the_columns(name):
    X, y = table("few columns")
    problem = pf.Problem.make(X, y, prior=ALL_PRIORS[name](X.shape[1]))
    standard = standardize(problem)
    rng = np.random.default_rng(3)
    g = standard.start[:, None] + rng.normal(size=(standard.size, 6)) * np.geomspace(1e-6, 1, 6)
    g = np.clip(g, standard.form.lower[:, None], standard.form.upper[:, None])
    strengths = np.geomspace(1, 1e3, 6)
    real, quick = certify(standard, g, strengths), certify_by_gram(standard, g, strengths)
    assert np.all(quick.gap >= real.gap * (1 - 1e-9))
    np.testing.assert_allclose(quick.gap, real.gap, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(quick.kkt, real.kkt, rtol=1e-9, atol=1e-12)
