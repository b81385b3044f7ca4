"""Laws of the designs: every storage is the same linear map, and nothing is copied or changed."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

import priorfit as pf
from laws import ALL_DESIGNS, example
from priorfit.design import (
    Blocks,
    Categorical,
    Dense,
    Scaled,
    Schema,
    Sparse,
    as_design,
    blocks,
    standardized,
)

X, _, W, _ = example(n=30, p=5)


@pytest.fixture(params=ALL_DESIGNS)
def design(request):
    return as_design(ALL_DESIGNS[request.param](X))


def test_it_is_the_matrix(design):
    """matvec and rmatvec are X and X', for one vector and several."""
    rng = np.random.default_rng(0)
    b, B, r, R = (rng.normal(size=s) for s in ((5,), (5, 3), (30,), (30, 3)))
    np.testing.assert_allclose(design.matvec(b), X @ b, atol=1e-12)
    np.testing.assert_allclose(design.matvec(B), X @ B, atol=1e-12)
    np.testing.assert_allclose(design.rmatvec(r), X.T @ r, atol=1e-12)
    np.testing.assert_allclose(design.rmatvec(R), X.T @ R, atol=1e-12)


@pytest.mark.parametrize("block", [4, 1 << 19])
def test_gram(design, block, monkeypatch):
    """gram = Z_A' W Z_B with Z = (X - center) / scale, for equal and for different sets, a sparse
    matrix as a whole or in parts."""
    monkeypatch.setattr(sys.modules[Sparse.__module__], "_BLOCK", block)
    center, scale = X.mean(0), np.arange(1.0, 6.0)
    away = (X - center) / scale
    A, B = np.array([0, 3, 4]), np.array([1, 3])
    wanted = (away[:, A].T * W) @ away[:, B]
    np.testing.assert_allclose(design.gram(A, B, W, center, scale), wanted, atol=1e-10)
    np.testing.assert_allclose(
        design.gram(A, A, W, center, scale), (away[:, A].T * W) @ away[:, A], atol=1e-10
    )


def test_columns(design):
    """columns = M - rest is X[:, cols] - center[cols], whatever the order of cols."""
    center, cols = X.mean(0), np.array([3, 0, 4])
    matrix, rest = design.columns(cols, center)
    full = matrix.toarray() if sparse.issparse(matrix) else matrix
    np.testing.assert_allclose(full - rest, (X - center)[:, cols], atol=1e-12)


def test_moments_and_rows(design):
    """Weighted mean and standard deviation; rows taken are those rows."""
    mean, sd = design.moments(W)
    np.testing.assert_allclose(mean, np.average(X, axis=0, weights=W), atol=1e-12)
    variance = np.average((X - mean) ** 2, axis=0, weights=W)
    np.testing.assert_allclose(sd, np.sqrt(variance), atol=1e-12)
    rows = np.array([3, 3, 7])
    np.testing.assert_allclose(design.take_rows(rows).matvec(np.eye(5)), X[rows], atol=1e-12)


def test_scaled_view(design):
    """The standardized view is (X - mean) / sd, lazily."""
    view = standardized(design, W)
    wanted = (X - view.center) / view.scale
    b, r = np.arange(5.0), np.arange(30.0)
    np.testing.assert_allclose(view.matvec(b), wanted @ b, atol=1e-10)
    np.testing.assert_allclose(view.rmatvec(r), wanted.T @ r, atol=1e-10)
    every = np.arange(5)
    np.testing.assert_allclose(view.gram(every, every, W), (wanted.T * W) @ wanted, atol=1e-9)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("weighted", [True, False])
def test_normal_equations(order, weighted):
    """``Z'WZ`` and ``Z'Wy`` of Z = [1, (X - center) / scale] written out, over several blocks of
    rows, with a center that is not the mean; nothing is said of sparse columns."""
    rng = np.random.default_rng(0)
    values = np.array(rng.normal(size=(700, 4)) + 5.0, order=order)
    w, y = (rng.uniform(0.5, 2.0, 700) if weighted else np.ones(700)), rng.normal(size=700)
    view = Scaled(Dense(values), np.full(4, 4.5), np.array([0.5, 1.0, 2.0, 4.0]), intercept=True)
    Z = np.column_stack([np.ones(700), (values - view.center) / view.scale])
    gram, product = view.normal_equations(w, y)
    np.testing.assert_allclose(gram, (Z.T * w) @ Z, rtol=1e-12)
    np.testing.assert_allclose(product, Z.T @ (w * y), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gram[0], view.rmatvec(w), rtol=1e-12)
    away = Scaled(Sparse(sparse.csc_matrix(values)), view.center, view.scale, intercept=True)
    assert away.normal_equations(w, y) is None


def test_arrays_are_used_where_they_lie():
    """float32 and float64 arrays, views and memory maps are not copied."""
    for dtype in (np.float32, np.float64):
        for array in (np.ones((4, 3), dtype), np.ones((8, 6), dtype)[::2, ::2]):
            assert np.shares_memory(as_design(array).values, array)


def test_memory_map(tmp_path):
    """A memory-mapped file is read in place and gives the same fit."""
    _, y, *_ = example()
    Z = example()[0]
    stored = np.memmap(tmp_path / "x.dat", dtype=np.float64, mode="w+", shape=Z.shape)
    stored[:] = Z
    mapped = np.memmap(tmp_path / "x.dat", dtype=np.float64, mode="r", shape=Z.shape)
    fits = [pf.solve(pf.Problem.make(v, y, prior=pf.Laplace(0.2))) for v in (Z, mapped)]
    np.testing.assert_array_equal(fits[0].coef, fits[1].coef)


def test_float32_sums_are_float64():
    """Columns in float32 with a large offset lose nothing in the sums."""
    rng = np.random.default_rng(0)
    values = (3000 + rng.normal(size=(20_000, 3))).astype(np.float32)
    exact = values.astype(np.float64)
    design = as_design(values)
    ones = np.ones(20_000)
    np.testing.assert_allclose(design.rmatvec(ones), exact.sum(0), rtol=1e-12)
    np.testing.assert_allclose(design.moments(ones)[1], exact.std(0), rtol=1e-9)


@pytest.mark.parametrize("form", ["csc", "csr"])
def test_sparse_is_never_densified(form, monkeypatch):
    """A fit touches neither toarray nor todense of the matrix given."""
    n, p = 60, 400
    matrix = sparse.random_array((n, p), density=0.05, format=form, rng=0)
    y = matrix @ np.r_[np.ones(3), np.zeros(p - 3)]
    y = y + 0.1 * np.random.default_rng(0).normal(size=n)
    real = type(matrix).toarray

    def guarded(self, *args, **kwargs):
        assert self.shape != (n, p), "densified"
        return real(self, *args, **kwargs)

    monkeypatch.setattr(type(matrix), "toarray", guarded)
    fit = pf.solve(pf.Problem.make(matrix, y, prior=pf.Laplace(0.1), likelihood=pf.Gaussian(0.3)))
    assert fit.certificate.certified


def test_callers_data_are_not_changed():
    """Not even the flags or the order of indices of a sparse matrix."""
    matrix = ALL_DESIGNS["csc duplicates"](X)
    before = matrix.indices.copy(), matrix.data.copy()
    as_design(matrix).matvec(np.ones(5))
    np.testing.assert_array_equal(matrix.indices, before[0])
    np.testing.assert_array_equal(matrix.data, before[1])


def _table():
    return {
        "age": [20.0, 30.0, 40.0, 50.0],
        "city": ["b", "a", "b", "c"],
        "smoker": [True, False, False, True],
        "bmi": [1, 2, 3, 4],
    }


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_tables_keep_names_and_expand_categories(make, monkeypatch):
    """Levels become indicator columns in order; new levels are rows of zeros."""
    table = make(_table())
    schema = Schema.learn(table)
    design = schema.design(table)
    assert design.names == ("age", "city[a]", "city[b]", "city[c]", "smoker", "bmi")
    wanted = np.array(
        [
            [20, 0, 1, 0, 1, 1],
            [30, 1, 0, 0, 0, 2],
            [40, 0, 1, 0, 0, 3],
            [50, 0, 0, 1, 1, 4],
        ],
        dtype=float,
    )
    np.testing.assert_array_equal(design.matvec(np.eye(6)), wanted)
    np.testing.assert_array_equal(design.values, wanted)
    monkeypatch.setattr(blocks, "_FEW", 0)  # a table that is not small keeps its codes
    large = schema.design(table)
    assert any(isinstance(part, Categorical) for part in large.parts)
    np.testing.assert_array_equal(large.matvec(np.eye(6)), wanted)
    new = make(_table() | {"city": ["z", "a", "a", "a"]})
    with pytest.warns(pf.PriorfitWarning, match="1 of 4 rows with a level .* such as 'z'"):
        unknown = schema.design(new)
    np.testing.assert_array_equal(unknown.matvec(np.eye(6))[0, 1:4], 0.0)
    gap = make(_table() | {"city": [None, "a", "a", "a"]})
    with pytest.raises(pf.InputError, match="1 of 4 missing in column 'city'"):
        schema.design(gap)


@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("order", ["abc", "dbca"])
def test_a_row_keeps_its_level(order, gap, monkeypatch):
    """Whatever order the categories have among themselves and in the rows, and if one is in none;
    those of a table in the order of the levels are its own codes, not a copy."""
    monkeypatch.setattr(blocks, "_FEW", 0)
    rows = ["c", None, "a", "b", "c"] if gap else ["c", "b", "a", "b", "c"]
    missing = "indicator" if gap else "error"
    table = pd.DataFrame({"city": pd.Categorical(rows, list(order)), "age": np.arange(5.0)})
    schema = Schema.learn(table, missing)
    design = schema.design(table)
    wanted = [
        [float((row or "missing") == name) for name in design.parts[0].levels] for row in rows
    ]
    found = design.matvec(np.eye(design.shape[1]))[:, :-1]
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(found.sum(axis=1), 1.0)
    kept = np.shares_memory(design.parts[0].codes, table["city"].array.codes)
    assert kept == (order == "abc" and not gap)


def test_blocks_gram_is_that_of_the_dense_matrix(monkeypatch):
    """Dense and categorical blocks side by side have the Gram matrix of their columns."""
    monkeypatch.setattr(blocks, "_FEW", 0)
    design = as_design(pd.DataFrame(_table()))
    assert isinstance(design, Blocks)
    dense = design.matvec(np.eye(6))
    w, center, scale = np.array([1.0, 2.0, 0.5, 1.0]), np.arange(6.0), np.arange(1.0, 7.0)
    cols = np.array([5, 0, 2, 3])
    away = (dense - center) / scale
    wanted = (away[:, cols].T * w) @ away[:, cols]
    np.testing.assert_allclose(design.gram(cols, cols, w, center, scale), wanted, atol=1e-9)


def test_missing_values_in_tables():
    """Refused with column and count; filled with the mean, or marked, when asked."""
    table = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [1.0, 2.0, 4.0]})
    with pytest.raises(pf.InputError, match=r"1 of 3 missing in column 'a'"):
        Schema.learn(table)
    filled = Schema.learn(table, "mean").design(table).matvec(np.eye(2))
    np.testing.assert_array_equal(filled[:, 0], [1.0, 2.0, 3.0])
    marked = Schema.learn(table, "indicator").design(table)
    assert marked.names == ("a", "a[missing]", "b")
    np.testing.assert_array_equal(marked.matvec(np.eye(3))[:, 1], [0.0, 1.0, 0.0])


def test_kinds():
    """Arrays are dense designs, sparse matrices sparse ones."""
    assert isinstance(as_design(X), Dense)
    assert isinstance(as_design(sparse.csc_array(X)), Sparse)
