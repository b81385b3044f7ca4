"""Folds of likelihoods that are not quadratic: they share X, its moments and its rounded copy."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from sklearn.model_selection import ShuffleSplit

import priorfit as pf
from laws import ALL_PRIORS, EVERY_LIKELIHOOD
from priorfit.design import Present, as_design
from priorfit.select import cross_validate, cv, stability
from priorfit.select.cv import sample_of
from priorfit.solve import columns, path_of, share
from priorfit.solve.certificate import certify
from priorfit.solve.shared import Shared
from priorfit.solve.standard import standardize

NATIVE = ["bernoulli", "poisson", "gamma", "squared hinge", "huber", "negative binomial"]
SHAPES = {"few columns": (90, 8), "many columns": (80, 400)}


def problem_of(likelihood, shape, prior=None, way="plain", seed=0):
    """A table whose columns differ in size, one of them constant but for two rows."""
    rng = np.random.default_rng(seed)
    n, p = SHAPES[shape]
    Z = rng.normal(size=(n, p))
    Z[:, 2] = np.arange(n) < 2  # in folds by rows its ones are all held out
    kind, draw = EVERY_LIKELIHOOD[likelihood]
    offset = 0.3 * rng.normal(size=n) if way == "offset" else None
    y = draw(rng, Z[:, 0] - Z[:, 1] + (0.0 if offset is None else offset))
    X = Z * np.geomspace(0.01, 100, p) + rng.normal(size=p)
    X = X.astype(np.float32) if way == "float32" else np.array(X, order="C" if "C" in way else "F")
    return pf.Problem.make(
        X,
        y,
        prior=(prior or pf.Laplace()).unit(),
        likelihood=kind,
        weights=np.arange(n) % 3 + 0.5 if way == "weights" else None,
        offset=offset,
        intercept=way != "no intercept",
    )


def by_rows(problem, k=5):
    """Folds of neighbours: the ones of the third column are all in the first."""
    rows = np.arange(len(problem.y))
    return [(np.setdiff1d(rows, part), part) for part in np.array_split(rows, k)]


def bootstrap(n, seed=1):
    rng = np.random.default_rng(seed)
    for _ in range(3):
        rows = rng.integers(0, n, n)
        yield rows, np.setdiff1d(np.arange(n), rows)


def both(problem, monkeypatch, **settings):
    """Scores of samples that share, and of samples that do not."""
    settings = {"tol": 1e-9, "n_points": 10, "ratio": 0.05} | settings
    assert share(problem) is not None
    together = cross_validate(problem, **settings)[0].scores
    with monkeypatch.context() as patched:
        patched.setattr(cv, "share", lambda *_: None)
        return together, cross_validate(problem, **settings)[0].scores


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "way", ["plain", "rows of C", "float32", "weights", "offset", "no intercept"]
)
@pytest.mark.parametrize("likelihood", NATIVE)
def test_folds_that_share_score_as_folds_that_do_not(likelihood, way, shape, monkeypatch):
    problem = problem_of(likelihood, shape, way=way)
    together, apart = both(problem, monkeypatch, folds=by_rows(problem))
    np.testing.assert_allclose(together, apart, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
@pytest.mark.parametrize("name", ALL_PRIORS)
def test_of_every_prior(name, likelihood, shape, monkeypatch):
    if "flat" in name and shape == "many columns":
        pytest.skip("more columns than rows and a flat prior: there is no one estimate")
    problem = problem_of(likelihood, shape, ALL_PRIORS[name](SHAPES[shape][1]))
    if share(problem) is None:
        pytest.skip("shares nothing")
    together, apart = both(problem, monkeypatch, folds=by_rows(problem, 3), n_points=6)
    np.testing.assert_allclose(together, apart, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
@pytest.mark.parametrize("large", [False, True], ids=["copied by columns", "too large for a copy"])
@pytest.mark.parametrize(
    "folds", [ShuffleSplit(3, train_size=0.3, random_state=0), 4, "bootstrap"], ids=str
)
def test_samples_of_any_kind(folds, large, likelihood, shape, monkeypatch):
    """Also of a table by rows that is too large for a copy by columns."""
    monkeypatch.setattr(columns, "_SMALL", 0 if large else columns._SMALL)
    problem = problem_of(likelihood, shape, way="rows of C")
    samples = list(bootstrap(len(problem.y))) if folds == "bootstrap" else folds
    together, apart = both(problem, monkeypatch, folds=samples, hold="mean")
    np.testing.assert_allclose(together, apart, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_fold_whose_classes_are_separable(shape, monkeypatch):
    """All that contradict the first column are in the first fold; without them, it tells all."""
    problem = problem_of("bernoulli", shape)
    y = (np.arange(len(problem.y)) % 2).astype(float)
    X = problem.design.values.copy(order="F")
    X[:, 0] = np.where(np.arange(len(y)) < 6, -1.0, 1.0) * (2.0 * y - 1.0)
    problem = replace(problem, design=as_design(X), y=y)
    together, apart = both(problem, monkeypatch, folds=by_rows(problem), ratio=1e-3)
    np.testing.assert_allclose(together, apart, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_halves_choose_the_same_columns(shape, monkeypatch):
    problem = problem_of("bernoulli", shape)
    together = stability(problem, pairs=3, n_points=10)[0]
    monkeypatch.setattr(import_module("priorfit.select.stability"), "share", lambda *_: None)
    apart = stability(problem, pairs=3, n_points=10)[0]
    np.testing.assert_array_equal(together.frequencies, apart.frequencies)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("likelihood", NATIVE)
def test_threads_do_not_change_a_bit(likelihood, shape):
    problem = problem_of(likelihood, shape)
    one = cross_validate(problem, folds=5, n_points=10)[0]
    three = cross_validate(problem, folds=5, n_points=10, threads=3)[0]
    np.testing.assert_array_equal(one.scores, three.scores)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", "CF")
def test_no_fold_copies_the_rows_of_a_table(order, shape, monkeypatch):
    """And the gap of each point is that of the rows by themselves."""
    problem = problem_of("poisson", shape, way=f"rows of {order}")
    rows = np.arange(20, len(problem.y))
    alone = problem.take_rows(rows)
    with monkeypatch.context() as patched:
        patched.setattr(type(problem), "take_rows", None)
        patched.setattr(type(problem.design), "take_rows", None)
        found = path_of(sample_of(problem, rows), n_points=9, ratio=0.01, shared=share(problem))
    assert isinstance(found._standard.Z.base, Present)
    standard = standardize(alone, alone.prior.along(alone.form, alone.n_effective))
    unknowns = np.column_stack([found._unknowns(k) for k in range(9)])
    real = certify(standard, unknowns, found.penalties)
    assert found.certified
    np.testing.assert_allclose(found.gaps, real.gap, rtol=1e-3, atol=1e-12)


# -- wrong versions -------------------------------------------------------------------------------


def of_a_mutant(monkeypatch, shape="many columns"):
    """The largest relative difference of scores, or 1 where nothing is found."""
    problem = problem_of("bernoulli", shape, way="weights")
    try:
        together, apart = both(problem, monkeypatch, folds=by_rows(problem))
    except (pf.InputError, ValueError, ArithmeticError):
        return 1.0
    return np.abs(together / apart - 1.0).max()


def other_rows(self, problem):
    part, shared = TRUE_SAMPLE(self, problem)
    if isinstance(part.design, Present):
        part = replace(part, design=Present(part.design.base, part.design.rows[::-1].copy()))
    return part, shared


def of_all_rows(self, weights):
    return self.known


def without_weights(self, problem):
    part, shared = TRUE_SAMPLE(self, problem)
    return replace(part, weights=np.ones_like(part.weights)), shared


TRUE_SAMPLE = Shared.sample
MUTANTS = {
    "rows in another order": ("sample", other_rows),
    "moments of all rows": ("moments", of_all_rows),
    "weights forgotten": ("sample", without_weights),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_seen(name, monkeypatch):
    monkeypatch.setattr(Shared, *MUTANTS[name])
    assert of_a_mutant(monkeypatch) > 1e-4


def test_what_is_no_mutant_passes(monkeypatch):
    assert of_a_mutant(monkeypatch) < 1e-5
