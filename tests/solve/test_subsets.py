"""Laws of best subset selection: few columns are proved, many are locally optimal under swaps."""

from itertools import combinations

import numpy as np
import pytest

import priorfit as pf
from priorfit.solve.local.stationary import column_curvatures, slopes_at
from priorfit.solve.local.subsets import swapped
from priorfit.solve.standard import standardize


def _data(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = 0.7 * rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
    b = np.where(np.arange(p) % (p // 4) == 0, 1.0, 0.0)
    return X, X @ b + rng.normal(size=n)


def _cost(X, y, subset, price, scale):
    A = np.c_[np.ones(len(y)), X[:, list(subset)]]
    ridge = np.diag(np.r_[0.0, np.full(len(subset), scale**-2.0)])
    b = np.linalg.lstsq(A.T @ A + ridge, A.T @ y, rcond=None)[0]
    square = np.sum((y - A @ b) ** 2) + np.sum(b[1:] ** 2) * scale**-2.0
    return 0.5 * square + price * len(subset)


@pytest.mark.parametrize("scale", [np.inf, 0.8])
@pytest.mark.parametrize("price", [0.1, 1.5, 6.0])
def test_few_columns_are_proved(price, scale):
    """No subset of 7 columns costs less, by a loop over all of them; the status says certified."""
    X, y = _data(60, 7)
    prior, known = pf.SpikeSlab(price, scale), pf.Gaussian(1.0)
    fit = pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=known))
    every = [s for k in range(8) for s in combinations(range(7), k)]
    least = min(_cost(X, y, s, price, scale) for s in every)
    here = _cost(X, y, np.flatnonzero(fit.coef), price, scale)
    assert here == pytest.approx(least, rel=1e-12)
    assert fit.status is pf.Status.CERTIFIED
    assert fit.certificate.gap <= 1e-15


def test_dependent_columns_are_no_trouble():
    """Twins, and a sum of two others: the proof holds, and no more of them are in than needed."""
    X, y = _data(60, 5)
    X = np.c_[X, X[:, 0], X[:, 1] + X[:, 2]]
    known = pf.Gaussian(1.0)
    fit = pf.solve(pf.Problem.make(X, y, prior=pf.SpikeSlab(1.0), likelihood=known))
    every = [s for k in range(6) for s in combinations(range(7), k)]
    least = min(_cost(X, y, s, 1.0, np.inf) for s in every)
    assert _cost(X, y, np.flatnonzero(fit.coef), 1.0, np.inf) == pytest.approx(least, rel=1e-9)


def test_many_columns_cannot_be_improved_by_a_flip_or_swap():
    """No weight taken in or out, and no exchange of two, refitted, costs less."""
    X, y = _data(80, 40)
    price, known = 3.0, pf.Gaussian(1.0)
    fit = pf.solve(pf.Problem.make(X, y, prior=pf.SpikeSlab(price), likelihood=known))
    assert fit.status is pf.Status.LOCAL
    held = set(np.flatnonzero(fit.coef))
    here = _cost(X, y, held, price, np.inf)
    outside = set(range(40)) - held
    for i in held:
        assert _cost(X, y, held - {i}, price, np.inf) >= here - 1e-9
    for j in outside:
        b = fit.coef.copy()  # the others held, as the certificate says
        r = y - fit.intercept - X @ b
        x = X[:, j]
        gain = (x @ r) ** 2 / (2 * x @ x)
        assert gain <= price + 1e-9


def test_a_swap_is_found_where_one_helps():
    """From the wrong one of two columns, the exchange that lowers the objective is proposed."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 1)) + 0.2 * rng.normal(size=(50, 20))
    y = 2.0 * X[:, 3]
    prior = pf.SpikeSlab(1.0)
    problem = pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(1.0), intercept=False)
    standard = standardize(problem)
    wrong = np.zeros(20)
    wrong[7] = float(X[:, 7] @ y / (X[:, 7] @ X[:, 7]))
    g = standard.enter(0.0, wrong)
    eta = standard.eta(g)
    at = standard.form.at(standard.y_unit**2)
    curvatures = column_curvatures(standard, eta)
    better = swapped(standard, g, eta, slopes_at(standard, eta), at, curvatures)
    np.testing.assert_array_equal(np.flatnonzero(better), [3])


def test_a_price_is_that_of_information_criteria():
    """SpikeSlab(log(n) / 2) with known noise is the subset of least BIC."""
    X, y = _data(60, 6)
    fit = pf.solve(
        pf.Problem.make(X, y, prior=pf.SpikeSlab(np.log(60) / 2), likelihood=pf.Gaussian(1.0))
    )
    every = [s for k in range(7) for s in combinations(range(6), k)]
    bic = {s: 2 * _cost(X, y, s, 0.0, np.inf) + np.log(60) * len(s) for s in every}
    assert tuple(np.flatnonzero(fit.coef)) == min(bic, key=bic.get)
