"""Laws of responses whose weights come and go together, by column or by groups of columns."""

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from priorfit.solve import fit_lengths

CASES = {  # n, p, outputs, columns of a group, correlation of neighbours
    "more rows": (60, 12, 3, 1, 0.0),
    "more columns": (30, 80, 4, 1, 0.5),
    "nearly dependent": (40, 60, 2, 1, 0.95),
    "groups": (40, 60, 3, 3, 0.5),
    "many outputs": (20, 30, 25, 2, 0.0),
}


def _case(name):
    n, p, q, size, rho = CASES[name]
    rng = np.random.default_rng(len(name))
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    B = np.zeros((p, q))
    B[: 2 * size] = rng.normal(size=(2 * size, q))
    groups = np.arange(p) // size
    return X, X @ B + rng.normal(size=(n, q)), rng.uniform(0.5, 2.0, n), groups


def _prior(groups, scale=1.0):
    return pf.GroupLaplace(groups=groups, scale=scale, by_size=False, outputs="together")


def _norms(V, groups):
    return np.sqrt(np.bincount(groups, np.square(V).sum(axis=1)))


def _gap(X, Y, w, groups, B, s):
    """(P - D) / P(0), P = ``|sqrt(w) (Y - b0 - X B)|^2 / 2 + s sum_g |B_g|``, b0 refitted."""
    root = np.sqrt(w)[:, None]
    Yc, Xc = root * (Y - w @ Y / w.sum()), root * (X - w @ X / w.sum())
    R = Yc - Xc @ B
    primal = 0.5 * np.sum(R**2) + s * _norms(B, groups).sum()
    share = min(1.0, s / _norms(Xc.T @ R, groups).max())
    dual = share * np.sum(R * Yc) - 0.5 * share**2 * np.sum(R**2)
    return (primal - dual) / (0.5 * np.sum(Yc**2))


@pytest.mark.parametrize("store", [np.asfortranarray, sparse.csc_array])
@pytest.mark.parametrize("name", CASES)
def test_a_path_has_the_gap_of_a_certificate_made_here(name, store):
    """P(B_k) - D(theta_k) <= 1e-6 P(0) at every strength, down to where the fit is nearly exact."""
    X, Y, w, groups = _case(name)
    path = pf.path(store(X), Y, prior=_prior(groups), weights=w, ratio=1e-3, n_points=30)
    coefs, penalties = np.moveaxis(path.coefs, -1, 0), path.penalties

    def worst(change):
        pairs = zip(map(change, coefs), penalties, strict=True)
        return max(_gap(X, Y, w, groups, B, s) for B, s in pairs)

    assert worst(lambda B: B) <= 1.05e-6
    # mutants: a weight that shrinks too much; outputs in the wrong places; a group that was missed
    assert worst(lambda B: 0.99 * B) > 1e-5
    assert worst(lambda B: B[:, ::-1]) > 1e-5
    assert worst(lambda B: np.where(groups[:, None] == 0, 0.0, B)) > 1e-5


@pytest.mark.parametrize("name", CASES)
def test_a_distant_strength_needs_no_path(name):
    """The fit at one small strength, cold, is that of the path there."""
    X, Y, w, groups = _case(name)
    path = pf.path(X, Y, prior=_prior(groups), weights=w, ratio=1e-2, n_points=30)
    s = float(path.penalties[-1])
    problem = pf.Problem.make(X, Y, prior=_prior(groups, 1.0 / s), weights=w,
                              likelihood=pf.Gaussian(noise=1.0))  # fmt: skip
    fit = pf.solve(problem)
    assert fit.status is pf.Status.CERTIFIED
    assert _gap(X, Y, w, groups, fit.coef, s) <= 1.05e-6


@pytest.mark.parametrize("name", ["more rows", "more columns", "groups"])
def test_degrees_of_freedom_are_the_divergence_of_the_fit(name):
    """df = sum_ik d fitted_ik / d y_ik (Stein 1981), by differences."""
    X, Y, _, groups = (v[:12] for v in _case(name))
    X, groups, step = X[:, :18], np.arange(min(18, X.shape[1])) // CASES[name][3], 1e-4
    top = _norms((X - X.mean(0)).T @ (Y - Y.mean(0)), groups).max()
    likelihood = pf.Gaussian(noise=1.0)

    def fit(y):
        prior = _prior(groups, 5.0 / top)
        return pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=likelihood), tol=1e-12)

    def fitted(y):
        found = fit(y)
        return found.intercept + X @ found.coef

    divergence = 0.0
    for place in np.ndindex(Y.shape):
        move = np.zeros_like(Y)
        move[place] = step
        divergence += (fitted(Y + move) - fitted(Y - move))[place] / (2 * step)
    here = fit(Y)
    assert here.df == pytest.approx(divergence, rel=1e-4)
    # mutants: every weight counted whole; without the turning of the directions; no intercepts
    q, free = Y.shape[1], np.count_nonzero(here.coef)
    for wrong in (free + q, here.df / q * (q - 1), here.df - q):
        assert wrong != pytest.approx(divergence, rel=1e-3)


@pytest.mark.parametrize("store", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("share", [1.01, 0.5, 0.02])
@pytest.mark.parametrize("name", CASES)
def test_a_fit_at_once_is_that_of_the_problem(name, share, weighted, store):
    """fit_lengths has a gap <= tol by the certificate made here, columns of unequal size, Y far
    from 0; its certificate says so, and the intercept leaves no mean."""
    X, Y, w, _ = _case(name)
    X, Y = store(X * np.geomspace(0.1, 10.0, X.shape[1]) + 3.0), Y + 50.0
    w = w if weighted else np.ones(len(X))
    alone = np.arange(X.shape[1])
    rate = (
        share * _norms((X - w @ X / w.sum()).T @ (w[:, None] * (Y - w @ Y / w.sum())), alone).max()
    )

    def own(rate):
        return fit_lengths(X, Y, rate, w if weighted else None, True, 1e-7)

    fit = own(rate)
    gap = _gap(X, Y, w, alone, fit.coef, rate)
    assert gap <= 1e-7
    assert abs(gap - fit.gap) <= 1e-9
    np.testing.assert_allclose(w @ (Y - fit.intercept - X @ fit.coef), 0.0, atol=1e-6)
    assert fit.coef.any() == (share < 1)
    # mutant: a rate that is off
    assert share > 1 or _gap(X, Y, w, alone, own(1.1 * rate).coef, rate) > 1e-6


def test_a_fit_at_once_takes_only_what_it_can_prove():
    """None, for the general way: a constant column, one far from 0, sparse ones, no rate."""
    X, Y, _, _ = _case("more rows")
    constant, far = X.copy(), X.copy()
    constant[:, 0] = 1.0
    far[:, 0] += 1e6
    assert fit_lengths(X, Y, 9.0, None, True, 1e-6) is not None
    for table, y, rate in ((constant, Y, 9.0), (far, Y, 9.0), (X, Y, 0.0), (X, 0 * Y, 9.0)):
        assert fit_lengths(table, y, rate, None, True, 1e-6) is None
    assert fit_lengths(sparse.csc_array(X), Y, 9.0, None, True, 1e-6) is None
