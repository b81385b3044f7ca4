"""Laws of the native passes over stored columns: sums of squares, what one look tells, and copies
of columns that outgrow a large page."""

import numpy as np
import pytest

import priorfit as pf
from priorfit._core import add_square, mirror
from priorfit.bench.cases import gaussian
from priorfit.bench.judge import judge, lambda_max
from priorfit.problem import Problem
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
