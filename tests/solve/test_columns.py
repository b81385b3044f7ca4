"""Laws of the native passes over stored columns: sums of squares, what one look tells, entries in
order, and copies of columns that outgrow a large page."""

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from priorfit._core import add_square, mirror, put_in_order, rises
from priorfit.bench.cases import gaussian
from priorfit.bench.judge import judge, lambda_max
from priorfit.problem import Problem
from priorfit.solve.certificate import certify
from priorfit.solve.columns import moments_along, moments_of_columns
from priorfit.solve.engines import Auto, engine
from priorfit.solve.many_columns import ManyColumns
from priorfit.solve.standard import standardize

SHAPES = [(1, 1), (7, 3), (8, 8), (33, 17), (1024, 9), (1025, 50), (2100, 64)]
ORDERS = {
    "by columns": np.asfortranarray,
    "by rows": np.ascontiguousarray,
    "every other": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "backwards": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_squares_add_up_however_a_table_lies(shape, order):
    """Two tables one after the other are X'X + Y'Y, whatever their strides."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, *shape))
    out = np.zeros((shape[1], shape[1]))
    for table in (X, Y):
        add_square(ORDERS[order](table), out)
    mirror(out)
    np.testing.assert_allclose(out, X.T @ X + Y.T @ Y, rtol=1e-12, atol=1e-11)
    np.testing.assert_array_equal(out, out.T)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_one_look_tells_correlations(dtype, intercept, weighted):
    """What the pass for means and spreads tells is Z'(w y), with an intercept and without one."""
    rng = np.random.default_rng(1)
    X = np.asfortranarray(rng.normal(3.0, 2.0, (60, 9)), dtype=dtype)
    y, w = rng.normal(5.0, size=60), rng.uniform(0.5, 2.0, 60) if weighted else None
    standard = standardize(Problem.make(X, y, prior=pf.Laplace(), weights=w, intercept=intercept))
    told = standard.__dict__["correlation"]
    found = standard.Z.rmatvec(standard.weights * standard.y)
    np.testing.assert_allclose(told, found, atol=1e-12 * np.abs(standard.weights).sum())


def exact_moments(X, w, r):
    X, w, r = (np.asarray(v, np.longdouble) for v in (X, w, r))
    mean = w @ X / w.sum()
    away = X - mean
    return mean, w @ away**2 / w.sum(), r @ away


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 7, 8, 203])
def test_moments_are_those_of_every_row(n, dtype):
    """Of any number of rows and columns, sorted ones and ones far from 0 among them."""
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, 11)).astype(dtype)
    X[:, 1] = np.sort(X[:, 1])
    X[:, 2] += 1000.0
    X[:, 3] = 7.1
    X = np.asfortranarray(X)
    w, r = rng.uniform(0.5, 2.0, n), rng.normal(size=n)
    for found, exact in zip(moments_of_columns(X, w, r), exact_moments(X, w, r), strict=True):
        np.testing.assert_allclose(found, np.asarray(exact, float), rtol=1e-10, atol=1e-11)
    assert moments_of_columns(X, w, r)[1][3] == 0.0


def test_a_row_that_does_not_count_costs_no_digits():
    """The first number of a column, from which sums are taken, may lie anywhere."""
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.normal(size=(40, 6)))
    X[0] = [1e9, -1e9, 1e6, 0.0, 1.0, 1e12]
    w, r = rng.uniform(0.5, 2.0, 40), rng.normal(size=40)
    w[0] = r[0] = 0.0
    found = moments_of_columns(X, w, r)
    for a, b in zip(found, exact_moments(X[1:], w[1:], r[1:]), strict=True):
        np.testing.assert_allclose(a, np.asarray(b, float), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [True, False])
def test_sparse_moments_count_zeros(dtype, weighted):
    """Means, spreads and products of sparse columns are those of the table that they stand for."""
    rng = np.random.default_rng(2)
    X = sparse.random(50, 23, 0.3, format="csc", random_state=3, dtype=dtype)
    X.data += 1.0
    X = sparse.csc_matrix(
        sparse.hstack([X, rng.normal(size=(50, 1)), np.zeros((50, 1))]), dtype=dtype
    )
    w = rng.uniform(0.5, 2.0, 50) if weighted else np.ones(50)
    r = rng.normal(size=50)
    mean, sd, along = moments_along(pf.Problem.make(X, r, weights=w).design, w, r)
    for found, exact in zip((mean, sd**2, along), exact_moments(X.toarray(), w, r), strict=True):
        np.testing.assert_allclose(found, np.asarray(exact, float), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_entries_come_in_order(index, dtype):
    """Rising, falling, any order, twice the same: the copy is scipy's, and only then is it new."""
    start = np.array([0, 3, 6, 6, 10, 13, 14], index)
    place = np.array([0, 4, 9, 7, 5, 2, 3, 8, 1, 6, 2, 2, 1, 5], index)
    value = np.arange(1.0, 15.0).astype(dtype)
    places, values = np.empty_like(place), np.empty_like(value)
    assert not put_in_order(start, place, value, places, values)
    expected = sparse.csc_matrix((value.copy(), place.copy(), start), shape=(10, 6))
    expected.sort_indices()
    np.testing.assert_array_equal(places, expected.indices)
    found = sparse.csc_matrix((values, places, start), shape=(10, 6))
    np.testing.assert_array_equal(found.toarray(), expected.toarray())
    assert put_in_order(start[:5], place[:10], value[:10], places[:10], values[:10])
    assert rises(start[:5], places[:10])
    assert not rises(start[:5], place[:10])
    assert rises(np.array([0, 0, 2, 2, 3, 3], index), np.array([5, 9, 0], index))
    assert not rises(np.array([0, 0, 2, 2, 3, 3], index), np.array([5, 5, 0], index))


@pytest.mark.parametrize("form", ["csc", "csr"])
def test_a_table_out_of_order_is_left_as_it_was(form):
    """Products of sparse matrices fall in each column; a fit takes them, and changes nothing."""
    rng = np.random.default_rng(5)
    X = sparse.random(60, 30, 0.3, format=form, random_state=1)
    scaled = (X @ sparse.diags_array(rng.uniform(1, 2, 30))).asformat(form)
    flipped = np.concatenate(
        [np.arange(a, b)[::-1] for a, b in zip(X.indptr[:-1], X.indptr[1:], strict=True)]
    )
    scaled = type(X)((X.data[flipped], X.indices[flipped], X.indptr), shape=X.shape)
    doubled = type(X)(
        (np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), 2 * X.indptr), shape=X.shape
    )
    y = X @ rng.normal(size=30)
    expected = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(0.5))).coef
    for table in (scaled, doubled):
        before = [v.copy() for v in (table.data, table.indices, table.indptr)]
        found = pf.solve(pf.Problem.make(table, y, prior=pf.Laplace(0.5))).coef
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        for now, then in zip((table.data, table.indices, table.indptr), before, strict=True):
            np.testing.assert_array_equal(now, then)


def many_columns_problem(kind, weighted, intercept, form):
    """A table with far more columns than matter, as it may be given."""
    rng = np.random.default_rng(7)
    X = rng.normal(0.3, 1.0, size=(120, 500)) * rng.uniform(0.5, 3.0, 500)
    if form == "sparse":
        X = X * (rng.uniform(size=X.shape) < 0.2)
    eta = X[:, ::50] @ rng.normal(size=10) / 3
    y = {
        "gaussian": lambda: eta + rng.normal(size=120),
        "bernoulli": lambda: (rng.uniform(size=120) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(0.3 * eta)).astype(float),
    }[kind]()
    w = {"no": None, "alike": np.full(120, 2.5), "yes": rng.uniform(0.5, 2.0, 120)}[weighted]
    likelihood = {"gaussian": pf.Gaussian(), "bernoulli": pf.Bernoulli(), "poisson": pf.Poisson()}
    table = sparse.csc_matrix(X) if form == "sparse" else np.asfortranarray(X, dtype=form)
    return Problem.make(
        table, y, prior=pf.Laplace(), likelihood=likelihood[kind], weights=w, intercept=intercept
    )


LOOKS = [
    (kind, weighted, intercept, form)
    for kind in ("gaussian", "bernoulli", "poisson")
    for weighted in ("no", "alike", "yes")
    for intercept in (True, False)
    for form in ("float64", "float32", "sparse")
]


@pytest.mark.parametrize(("kind", "weighted", "intercept", "form"), LOOKS)
def test_what_a_single_fit_knows_of_columns_is_so(kind, weighted, intercept, form):
    """Their lengths a hair above, their products with the null model's score to the last digits."""
    standard = standardize(many_columns_problem(kind, weighted, intercept, form))
    many, first = ManyColumns(standard, 1e-6), int(intercept)
    root = np.sqrt(standard.weights) if kind == "gaussian" else np.ones(120)
    Z = root[:, None] * standard.Z.columns(np.arange(standard.size), np.zeros(standard.size))[0]
    lengths = many._lengths()
    assert len(lengths) == (0 if weighted == "yes" and kind != "gaussian" else 500)
    if len(lengths):
        ratio = lengths / np.linalg.norm(Z, axis=0)[first:]
        assert np.all((ratio >= 1.0) & (ratio <= 1.0 + 1e-8))
    pull = many._null_pull(standard.start)
    theta = standard.score(standard.eta(standard.start))
    np.testing.assert_allclose(pull, standard.Z.rmatvec(theta)[first:], atol=1e-11 * len(theta))
    assert len(many._null_pull(standard.start + 1e-3)) == 0


@pytest.mark.parametrize(("kind", "weighted", "intercept", "form"), LOOKS)
@pytest.mark.parametrize("share", [0.9, 0.5, 0.2, 0.02])
def test_a_single_fit_states_the_gap_over_all_columns(kind, weighted, intercept, form, share):
    """Few strengths take exact passes and bounds from what is known: the gap stated is that which
    a look at all columns finds."""
    standard = standardize(many_columns_problem(kind, weighted, intercept, form))
    slopes = np.abs(standard.correlation[standard.first :])
    top = np.max(slopes / standard.form.l1[standard.first :])
    run = engine(standard, solver="auto", tol=1e-6, max_iter=1000, only=share * top)
    solutions, found = run(np.array([share * top]), standard.start)
    checked = certify(standard, solutions, np.array([share * top]))
    assert found.gap[0] <= 1e-6
    np.testing.assert_allclose(found.gap, checked.gap, rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "share", "order", "expected"),
    [
        ((400, 50), 0.5, "F", "working-set"),
        ((400, 50), 0.1, "F", "gram"),
        ((400, 150), 0.1, "F", "working-set"),
        ((400, 150), 0.005, "F", "gram"),
        ((400, 350), 0.05, "F", "working-set"),
        ((400, 350), 0.001, "F", "gram"),
        ((100, 150), 0.001, "F", "working-set"),
        ((400, 150), 0.1, "C", "gram"),
    ],
)
def test_one_strength_screens_what_it_leaves_out(shape, share, order, expected):
    """A Gram matrix of all columns is for one strength that most of them survive, and for many; the
    answer is the same."""
    case = gaussian(*shape, 0.5, k=20)
    X = np.asarray(case.X, order=order)
    standard = standardize(Problem.make(X, case.y, prior=pf.Laplace()))
    top = np.max(np.abs(standard.correlation[1:]) / standard.form.l1[1:])
    strength = np.array([share * top])
    assert Auto().of(standard, float(strength[0])) == expected
    assert Auto().of(standard) == "gram"
    found, other = (
        engine(standard, solver=name, tol=1e-9, max_iter=1000, only=float(strength[0]))(
            strength, standard.start
        )[0]
        for name in ("gram", "working-set")
    )
    np.testing.assert_allclose(found, other, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("n", [1000, 1023, 1024])
def test_columns_in_use_outgrow_a_large_page(n):
    """Copies of 2 MB and more move as they grow: every point is certified, here and there."""
    case = gaussian(n, 3000, 0.3)
    lambdas = lambda_max(case) * np.geomspace(1, 0.005, 20)
    path = pf.path(case.X, case.y, prior=pf.Laplace(), penalties=n * lambdas)
    assert path.n_nonzero[-1] * n * 8 > 4 << 20
    gaps = judge(case, lambdas, path.intercepts, np.asarray(path.coefs))[0]
    assert np.all(gaps <= 1e-6)
    assert np.all(path.gaps <= 1e-6)
