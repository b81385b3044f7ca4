"""Laws of the engine for many columns: what it certifies is so, whatever the prior."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import priorfit as pf
from laws import ALL_LIKELIHOODS, ALL_PRIORS, COLUMNWISE
from priorfit.bench.cases import text
from priorfit.solve import moments, path_of
from priorfit.solve.certificate import certify
from priorfit.solve.engines import engine
from priorfit.solve.many_columns import ManyColumns
from priorfit.solve.standard import standardize

SPARSE_PRIORS = [name for name in COLUMNWISE if name not in ("flat", "boxed flat", "normal")]


def _problem(prior, X, y, **options):
    return pf.Problem.make(X, y, prior=prior, **options)


def _wide(n=60, p=200, seed=0, rho=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    X[:, 1:] = rho * X[:, :-1] + (1 - rho) * X[:, 1:]
    y = X[:, :5] @ [3.0, -2.0, 2.0, 1.0, -1.0] + rng.normal(size=n)
    return X, y


def _outside(standard, solutions, strengths):
    """The certificate recomputed by the general code, from the columns."""
    return certify(standard, solutions, strengths)


@pytest.mark.parametrize("stored", ["dense", "sparse"])
@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("prior", SPARSE_PRIORS)
@pytest.mark.parametrize("intercept", [True, False])
def test_every_prior_is_certified_from_outside(prior, intercept, likelihood, stored):
    X, y = _wide()
    rng = np.random.default_rng(1)
    kind, draw = ALL_LIKELIHOODS[likelihood]
    y = draw(rng, (y - y.mean()) / y.std())
    problem = _problem(
        ALL_PRIORS[prior](X.shape[1]),
        X if stored == "dense" else sparse.csc_array(np.where(np.abs(X) > 0.5, X, 0.0)),
        y,
        likelihood=kind,
        weights=rng.uniform(0.5, 2.0, size=len(y)),
        offset=0.2 * rng.normal(size=len(y)),
        intercept=intercept,
    )
    standard = standardize(problem)
    strengths = np.geomspace(30.0, 0.5, 12) * standard.y_unit**2
    if not ManyColumns.applies(standard):
        pytest.skip("a flat prior: the general engine takes it")
    solutions, found = ManyColumns(standard, 1e-9)(strengths, standard.start)
    outside = _outside(standard, solutions, strengths)
    assert outside.gap.max() < 1e-9
    np.testing.assert_allclose(found.gap, outside.gap, atol=5e-10)
    np.testing.assert_allclose(found.kkt, outside.kkt, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_storage_does_not_matter(dtype, order):
    X, y = _wide()
    X = X.astype(dtype)
    base = pf.path(X.astype(np.float64), y, prior=pf.Laplace(), solver="working-set")
    stored = {
        "C": np.ascontiguousarray(X),
        "F": np.asfortranarray(X),
        "strided": np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    }[order]
    found = pf.path(stored, y, prior=pf.Laplace(), solver="working-set")
    np.testing.assert_allclose(found.coefs, base.coefs, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("intercept", [True, False])
def test_sparse_columns_are_dense_columns(dtype, index, intercept):
    """Zeros included in means and products, whether many rows of a column have an entry or few."""
    X, y = _wide(n=80, p=300)
    least = np.random.default_rng(6).uniform(0.4, 1.8, size=300)
    X = np.where(np.abs(X) > least, X, 0.0).astype(dtype)
    X[:, 7] = 0.0
    matrix = sparse.csc_array(X)
    matrix.indices, matrix.indptr = matrix.indices.astype(index), matrix.indptr.astype(index)
    w = np.random.default_rng(5).uniform(0.2, 3.0, size=80)
    options = {"prior": pf.Laplace(), "weights": w, "intercept": intercept, "n_points": 20}
    a = pf.path(matrix, y, **options)
    b = pf.path(X.astype(np.float64), y, **options)
    assert a.certified
    np.testing.assert_allclose(a.penalties, b.penalties, rtol=1e-12)
    np.testing.assert_allclose(a.coefs, b.coefs, atol=1e-8)
    np.testing.assert_allclose(a.intercepts, b.intercepts, atol=1e-8)


@pytest.mark.parametrize("prior", ["laplace", "elastic net loc", "non-negative laplace"])
def test_engines_agree(prior):
    X, y = _wide()
    problem = _problem(ALL_PRIORS[prior](X.shape[1]).unit(), X, y)
    a = path_of(problem, n_points=20, tol=1e-10, solver="working-set")
    b = path_of(problem, n_points=20, tol=1e-10, solver="gram")
    np.testing.assert_allclose(a.coefs, b.coefs, atol=1e-5)


@given(seed=st.integers(0, 10_000), warm=st.booleans(), rho=st.sampled_from([0.0, 0.9, 1.0]))
@settings(max_examples=25, deadline=None)
def test_a_far_strength_from_any_start(seed, warm, rho):
    """One strength, cold or from an unrelated start; with rho = 1 columns are copies."""
    X, y = _wide(seed=seed, rho=rho)
    problem = _problem(pf.Laplace(), X, y)
    standard = standardize(problem)
    start = standard.start
    if warm:
        start = np.random.default_rng(seed).normal(size=standard.size)
    strengths = np.array([2.0]) * standard.y_unit**2
    run = engine(standard, solver="working-set", tol=1e-8, max_iter=1000)
    solutions, found = run(strengths, start)
    assert found.gap.max() < 1e-8
    assert _outside(standard, solutions, strengths).gap.max() < 1e-8


def test_more_working_columns_than_rows():
    """Interpolation: as many weights as rows, down to a tiny penalty."""
    X, y = _wide(n=30, p=500, rho=0.0)
    found = pf.path(X, y, prior=pf.Laplace(), ratio=1e-4, tol=1e-8)
    assert found.certified
    assert found.n_nonzero[-1] <= 30


@pytest.mark.parametrize("prior", SPARSE_PRIORS)
@pytest.mark.parametrize("intercept", [True, False])
def test_residuals_and_gram_matrix_agree(monkeypatch, prior, intercept):
    """Sparse columns solved without a Gram matrix, from the first strength or from the middle."""
    X, y = _wide(n=80, p=300)
    X = sparse.csc_array(np.where(np.abs(X) > 0.6, X, 0.0))
    w = np.random.default_rng(2).uniform(0.5, 2.0, size=80)
    problem = _problem(ALL_PRIORS[prior](300), X, y, weights=w, intercept=intercept)
    standard = standardize(problem)
    if not ManyColumns.applies(standard):
        pytest.skip("a flat prior: the general engine takes it")
    strengths = np.geomspace(300.0, 3.0, 12) * standard.y_unit**2
    solutions, _ = ManyColumns(standard, 1e-10)(strengths, standard.start)
    for most in (0, 20):
        monkeypatch.setattr(sys.modules[ManyColumns.__module__], "_MOST_SPARSE", most)
        again, found = ManyColumns(standard, 1e-10)(strengths, standard.start)
        assert again.shape == solutions.shape
        assert found.gap.max() <= 1e-10
        assert _outside(standard, again, strengths).gap.max() < 1.1e-10
        np.testing.assert_allclose(again, solutions, atol=1e-3 * np.abs(solutions).max())


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
@pytest.mark.parametrize("unit", [False, True])
def test_a_long_path_over_text_needs_no_fallback(unit, likelihood):
    """Gaps of all strengths, as seen from the columns: what rounds add up is not carried along."""
    case = text(1000, 3000, "gaussian", unit, k=60)
    rng = np.random.default_rng(3)
    kind, draw = ALL_LIKELIHOODS[likelihood]
    problem = _problem(pf.Laplace(1.0), case.X, draw(rng, case.y), likelihood=kind)
    standard = standardize(problem)
    top = np.max(np.abs(standard.correlation[1:]) / standard.form.l1[1:])
    strengths = top * np.geomspace(0.99, 0.02, 100)
    solutions, found = ManyColumns(standard, 1e-6)(strengths, standard.start)
    assert found.gap.shape == strengths.shape
    assert found.gap.max() <= 1e-6
    outside = _outside(standard, solutions, strengths)
    np.testing.assert_allclose(found.gap, outside.gap, atol=1e-9)
    np.testing.assert_allclose(found.kkt, outside.kkt, atol=1e-8)


@pytest.mark.parametrize(("n", "p"), [(200, 2000), (500, 4000)])
def test_columns_that_hardly_differ_blur_no_step(n, p):
    """Rare words of one text are the same column: a Newton step along their difference is long,
    and what it rounds away must not stay in the fit, as where it is taken back by adding."""
    case = text(n, p, "bernoulli", False, k=20)
    sd = moments(pf.Problem.make(case.X, case.y).design, np.ones(n))[1]
    prior = pf.Laplace(1.0 / np.maximum(sd, 1e-9))
    problem = _problem(prior, case.X, case.y, likelihood=pf.Bernoulli())
    standard = standardize(problem)
    top = np.max(np.abs(standard.correlation[1:]) / standard.form.l1[1:])
    strengths = top * np.geomspace(1.0, 0.01, 100)
    solutions, found = ManyColumns(standard, 1e-6)(strengths, standard.start)
    assert found.gap.max() <= 1e-6
    np.testing.assert_allclose(found.gap, _outside(standard, solutions, strengths).gap, atol=1e-9)


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
@pytest.mark.parametrize("tol", [1e-6, 1e-9, 1e-11])
def test_digits_that_float32_does_not_have(likelihood, tol):
    """gap <= tol from outside, though a float32 copy of the columns says less than 1e-7 of them:
    with slopes or steps of that copy to the end the gap stays above 1e-9."""
    X, y = _wide(n=200, p=400, rho=0.8)
    kind, draw = ALL_LIKELIHOODS[likelihood]
    y = draw(np.random.default_rng(2), (y - y.mean()) / y.std())
    standard = standardize(_problem(pf.Laplace(1.0), X, y, likelihood=kind))
    strengths = np.max(np.abs(standard.correlation[1:])) * np.geomspace(1.0, 0.02, 20)
    solutions, _ = ManyColumns(standard, tol)(strengths, standard.start)
    assert solutions.shape[1] == len(strengths)
    assert _outside(standard, solutions, strengths).gap.max() <= tol


@pytest.mark.parametrize("stored", ["dense", "sparse"])
def test_what_is_not_a_number_is_no_certificate(stored):
    """No gap of a loss that overflows at every point that was tried passes for a small one."""
    X, y = _wide()
    offset = np.where(np.arange(len(y)) == 3, 800.0, 0.0)
    problem = _problem(
        pf.Laplace(1.0),
        X if stored == "dense" else sparse.csc_array(X),
        np.round(np.exp(0.1 * y)),
        likelihood=pf.Poisson(),
        offset=offset,
        intercept=False,
    )
    standard = standardize(problem)
    with np.errstate(over="ignore", invalid="ignore"):
        found = ManyColumns(standard, 1e-6)(np.array([1e3, 5e2]), standard.start)[1]
    assert np.all(found.gap == np.inf)


_rng = np.random.default_rng(0)
_plain = _rng.normal(size=(60, 400))
ADVERSARIES = {
    "copies": np.hstack([_plain[:, :200]] * 2),
    "nearly copies": np.hstack(
        [_plain[:, :200], _plain[:, :200] + 1e-7 * _rng.normal(size=(60, 200))]
    ),
    "rank two": _rng.normal(size=(60, 2)) @ _rng.normal(size=(2, 400)),
    "norms from 1e-8 to 1e8": _plain * 10.0 ** _rng.uniform(-8, 8, size=400),
    "all-zero columns": np.where(np.arange(400) % 3 == 0, 0.0, _plain),
    "far from zero": _plain + 1e6,
    "one column again and again": np.tile(_plain[:, :1], (1, 400)),
    "running sums": np.abs(_plain) @ np.triu(np.ones((400, 400))) / 400,
}


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("name", ADVERSARIES)
def test_hard_columns_end_certified(name, likelihood):
    """Separable classes and interpolation included: 60 rows, 400 columns."""
    X, signal = ADVERSARIES[name], _plain[:, :4] @ [2.0, -2.0, 1.0, 1.0]
    kind, draw = ALL_LIKELIHOODS[likelihood]
    y = draw(np.random.default_rng(1), 0.3 * signal)
    path = pf.path(X, y, prior=pf.Laplace(), likelihood=kind, n_points=40)
    assert path.certified
    standard = standardize(path.problem)
    solutions = np.column_stack(
        [standard.enter(a, b) for a, b in zip(path.intercepts, path.coefs.T, strict=True)]
    )
    strengths = path.penalties * standard.y_unit**2
    assert _outside(standard, solutions, strengths).gap.max() <= 1.1e-6


def test_constant_response():
    path = pf.path(_plain, np.full(60, 3.0), prior=pf.Laplace(), penalties=[2.0, 1.0])
    assert path.certified
    np.testing.assert_array_equal(path.coefs, 0.0)
    np.testing.assert_allclose(path.intercepts, 3.0)


def test_too_many_working_columns_are_handed_on(monkeypatch):
    X, y = _wide()
    whole = pf.path(X, y, prior=pf.Laplace(), solver="working-set")
    monkeypatch.setattr(sys.modules[ManyColumns.__module__], "_MOST", 8)
    part = pf.path(X, y, prior=pf.Laplace(), solver="working-set")
    assert part.certified
    np.testing.assert_allclose(part.coefs, whole.coefs, atol=1e-4)


def test_a_wrong_gram_matrix_would_be_caught():
    """The certificate is from the columns: answers for other data are not certified."""
    X, y = _wide()
    standard = standardize(_problem(pf.Laplace(), X, y))
    other = standardize(
        _problem(pf.Laplace(), X + 0.05 * np.random.default_rng(3).normal(size=X.shape), y)
    )
    strengths = np.array([20.0]) * standard.y_unit**2
    solutions, _ = ManyColumns(other, 1e-9)(strengths, other.start)
    assert _outside(standard, solutions, strengths).gap.max() > 1e-6
