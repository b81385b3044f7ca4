"""Pointwise likelihoods over many columns: native paths, every storage, every engine."""

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from laws import ALL_DESIGNS, ALL_PRIORS, POINTWISE, example
from priorfit.solve import path_of
from priorfit.solve.engines import engine
from priorfit.solve.many_columns import ManyColumns
from priorfit.solve.native import native_loss, native_rows
from priorfit.solve.standard import standardize

NATIVE = [name for name, (kind, _) in POINTWISE.items() if native_loss(kind)]


def _wide(name, n=50, p=400):
    X, y, w, o = example(name, n=n, p=p, scale=0.3)
    return X, y, w, o


STORES = ["dense", "sparse", "single"]
WIDE = [
    (name, prior, STORES[(i + k) % 3])
    for i, name in enumerate(POINTWISE)
    for k, prior in enumerate(["laplace", "elastic net", "non-negative laplace"])
]


@pytest.mark.parametrize(("name", "prior", "store"), WIDE)
def test_wide_paths_are_certified_and_no_worse_than_the_reference(name, prior, store):
    """The path over 400 columns, native where it is, is no higher than proximal gradient."""
    X, y, w, o = _wide(name)
    given = {"dense": X, "sparse": sparse.csc_array(X), "single": X.astype(np.float32)}[store]
    problem = pf.Problem.make(
        given, y, prior=ALL_PRIORS[prior](400), likelihood=POINTWISE[name][0], weights=w, offset=o
    )
    standard = standardize(problem)
    assert ManyColumns.applies(standard) == (name in NATIVE)
    path = path_of(problem, n_points=8, ratio=0.1, tol=1e-9)
    assert np.all(path.gaps <= 1e-9)
    at = path.penalties[[3, 7]] * standard.y_unit**2
    general = engine(standard, solver="reference", tol=1e-7, max_iter=20_000)
    g, _ = general(at, standard.enter(path.intercepts[3], path.coefs[:, 3]))
    for k, j in enumerate((3, 7)):
        here = standard.enter(path.intercepts[j], path.coefs[:, j])
        lost = [
            standard.total(standard.eta(v)) + at[k] * standard.form.total(v - standard.form.loc)
            for v in (here, g[:, k])
        ]
        assert lost[0] <= lost[1] + 1e-9 * standard.reference


@pytest.mark.parametrize("name", NATIVE)
def test_native_rows_are_the_loss(name):
    """The rows that native code takes have the problem's slopes, so its optimum."""
    X, y, w, o = example(name)
    problem = pf.Problem.make(X, y, likelihood=POINTWISE[name][0], weights=w, offset=o)
    standard, rows = standardize(problem), native_rows(standardize(problem))
    kinds = {"bernoulli": pf.Bernoulli(), "gamma": pf.Gamma(), "squared-hinge": pf.SquaredHinge()}
    kind = kinds.get(rows.loss, pf.Huber(1.0, 1.0))
    extra = np.linspace(-2, 2, len(y))
    there = kind.score(rows.y, rows.offset + extra, rows.weights)
    np.testing.assert_allclose(there, standard.score(standard.offset + extra), atol=1e-10)


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("kind", list(ALL_DESIGNS)[::3])
def test_all_storages_give_the_same_fit(kind, name):
    """dense = strided = sparse = table."""
    X, y, w, o = example(name)
    options = {"likelihood": POINTWISE[name][0], "weights": w, "offset": o}
    options["prior"] = pf.Laplace(0.2)
    plain = pf.solve(pf.Problem.make(X, y, **options), tol=1e-11)
    other = pf.solve(pf.Problem.make(ALL_DESIGNS[kind](X), y, **options), tol=1e-11)
    np.testing.assert_allclose(other.coef, plain.coef, atol=1e-6)


@pytest.mark.parametrize("name", POINTWISE)
def test_weights_are_repeats_and_order_does_not_matter(name):
    """Weight k = the row k times; rows and columns may be permuted."""
    X, y, _, o = example(name)
    rng = np.random.default_rng(3)
    repeats = rng.integers(0, 4, size=len(y))
    options = {"prior": pf.ElasticNet(0.3, 0.6), "likelihood": POINTWISE[name][0]}
    a = pf.solve(pf.Problem.make(X, y, weights=repeats, offset=o, **options), tol=1e-11)
    rows, cols = rng.permutation(np.repeat(np.arange(len(y)), repeats)), rng.permutation(6)
    moved = pf.Problem.make(X[rows][:, cols], y[rows], offset=o[rows], **options)
    b = pf.solve(moved, tol=1e-11)
    np.testing.assert_allclose(a.coef[cols], b.coef, atol=1e-6)
    assert a.objective == pytest.approx(b.objective, rel=1e-9)


@pytest.mark.parametrize("name", POINTWISE)
def test_zero_at_lambda_max_and_not_below(name):
    """The first point of a path has no weights, the next has some."""
    X, y, w, o = example(name)
    kind = POINTWISE[name][0]
    path = pf.path(X, y, likelihood=kind, weights=w, offset=o, n_points=3, ratio=0.5)
    assert path.n_nonzero[0] == 0
    assert path.n_nonzero[1] > 0


@pytest.mark.parametrize("power", [-150, 150])
def test_units_of_y_do_not_matter_to_huber(power):
    """y, scale and prior in another unit give the weights in that unit."""
    X, y, w, _ = example("huber")
    c = 10.0**power

    def fit(c):
        kind = pf.Huber(1.2, 0.8 * c)
        return pf.solve(
            pf.Problem.make(X, c * y, prior=pf.Laplace(0.3 * c), likelihood=kind, weights=w)
        )

    np.testing.assert_allclose(fit(c).coef / c, fit(1.0).coef, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("name", ["gamma", "tweedie", "negative binomial"])
def test_an_offset_is_the_log_of_a_factor(name):
    """offset o with y = the same rows with intercept moved, for a constant o."""
    X, y, w, _ = example(name)
    options = {"prior": pf.Laplace(0.2), "likelihood": POINTWISE[name][0], "weights": w}
    a = pf.solve(pf.Problem.make(X, y, **options), tol=1e-12)
    b = pf.solve(pf.Problem.make(X, y, offset=np.full(len(y), 0.7), **options), tol=1e-12)
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-6)
    assert a.intercept == pytest.approx(b.intercept + 0.7, abs=1e-6)
