"""What regularization as priors really says, of risk and geometry: C1, C2, C15, C16."""

from itertools import combinations

import numpy as np
import pytest
from scipy import optimize

import priorfit as pf
from priorfit.solve import constrained

SIGMA = 1.3


def _data():
    rng = np.random.default_rng(2)
    return rng.normal(size=(30, 5)) * [1, 2, 0.5, 1, 3], rng.normal(size=5)


def _operators(X, penalties):
    """Ridge as matrices (p, n), one for each lambda: fits of the unit responses."""
    columns = [
        pf.path(X, e, prior=pf.Normal(), penalties=penalties, intercept=False, tol=1e-10).coefs
        for e in np.eye(len(X))
    ]
    order = np.argsort(np.argsort(-np.asarray(penalties)))
    return [np.column_stack([c[:, k] for c in columns]) for k in order]


def _risk(operator, X, w):
    bias = operator @ X @ w - w
    return float(bias @ bias + SIGMA**2 * np.sum(operator**2))


def test_some_penalty_always_helps():
    """C1: risk = sum (a l/(d^2+l))^2 + s^2 sum d^2/(d^2+l)^2; its slope at 0 is -2 s^2 sum d^-4."""
    X, w = _data()
    _, d, V = np.linalg.svd(X, full_matrices=False)
    a = V @ w
    penalties = [0.0, 1e-4, 1.0, 30.0, 1e4]
    risks = [_risk(A, X, w) for A in _operators(X, penalties)]
    for lam, risk in zip(penalties, risks, strict=True):
        exact = np.sum((a * lam / (d**2 + lam)) ** 2) + SIGMA**2 * np.sum((d / (d**2 + lam)) ** 2)
        assert risk == pytest.approx(exact, rel=1e-8)
    slope = (risks[1] - risks[0]) / 1e-4
    assert slope == pytest.approx(-2 * SIGMA**2 * np.sum(d**-4.0), rel=1e-3)
    assert risks[1] < risks[0] < risks[-1]  # some helps; a badly chosen one does harm


def test_the_right_penalty_is_a_belief():
    """C2: if w ~ N(0, t^2 I), the average risk is least at lambda = s^2 / t^2, for every X."""
    rng = np.random.default_rng(0)
    for tau in (0.4, 2.0):
        X = rng.normal(size=(12, 4)) * rng.uniform(0.3, 3, 4)
        best = SIGMA**2 / tau**2
        penalties = best * np.array([0.97, 1.0, 1.03])
        risks = [
            tau**2 * np.sum((A @ X - np.eye(4)) ** 2) + SIGMA**2 * np.sum(A**2)
            for A in _operators(X, penalties)
        ]
        assert risks[1] < min(risks[0], risks[2])
        vertex = np.polyfit(np.log(penalties / best), risks, 2)
        assert -vertex[1] / (2 * vertex[0]) == pytest.approx(0.0, abs=2e-3)


def test_a_monte_carlo_risk_is_the_exact_one():
    """C1: the mean squared error of 400 ridge fits is the formula within 4 standard errors."""
    X, w = _data()
    rng = np.random.default_rng(1)
    errors = [
        np.sum((pf.path(X, X @ w + SIGMA * rng.normal(size=30), prior=pf.Normal(), penalties=[5.0],
                        intercept=False).coefs[:, 0] - w) ** 2)
        for _ in range(400)
    ]  # fmt: skip
    exact = _risk(_operators(X, [5.0])[0], X, w)
    assert abs(np.mean(errors) - exact) < 4 * np.std(errors) / 20


def test_equal_penalties_are_different_budgets():
    """C15(a): the same lambda on two data sets is two radii; both describe one fit each."""
    rng = np.random.default_rng(0)
    radii = []
    for _ in range(2):
        X = rng.normal(size=(40, 3))
        y = X @ [2.0, -1.5, 0.3] + rng.normal(size=40)
        path = pf.path(X, y, prior=pf.Laplace(), penalties=[12.0])
        radii.append(float(path.norms[0]))
        back = constrained(pf.Problem.make(X, y, prior=pf.Laplace()), radii[-1]).found
        assert back.penalty == pytest.approx(12.0, rel=1e-9)
        np.testing.assert_allclose(back.coef, path.coefs[:, 0], atol=1e-9)
    assert abs(radii[0] - radii[1]) > 0.05


@pytest.mark.parametrize("ball", [pf.L1Ball(1.3), pf.L2Ball(1.3)])
def test_an_independent_constrained_solve(ball):
    """C15: SLSQP on the ball finds the estimator's weights."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 3))
    y = X @ [2.0, -1.5, 0.3] + rng.normal(size=40)
    m = pf.MAPRegressor(constraint=ball, intercept=False).fit(X, y)

    def lost(v):
        return 0.5 * np.sum((y - X @ (v[:3] - v[3:])) ** 2)

    def room(v):
        return ball.radius - v.sum() if isinstance(ball, pf.L1Ball) else ball.radius**2 - v @ v

    start = np.full(6, 0.1)
    found = optimize.minimize(
        lost, start, method="SLSQP", bounds=[(0, None)] * 6,
        constraints=[{"type": "ineq", "fun": room}], options={"ftol": 1e-15, "maxiter": 1000},
    ).x  # fmt: skip
    np.testing.assert_allclose(found[:3] - found[3:], m.coef_, atol=2e-6)


def test_a_subset_that_no_penalty_reaches():
    """C15(e): a best subset of size 1 exists, and size 0 or 2 is always better with a penalty."""
    X = np.array([[1.0, 1.0, 0.4], [1.0, -1.0, 0.1], [0.2, 0.1, 1.0], [-1.0, -0.9, 0.3]])
    y = X[:, 0] - X[:, 1]
    rss = [
        min(
            float(np.sum((y - X[:, s] @ np.linalg.lstsq(X[:, s], y, rcond=None)[0]) ** 2))
            if s else float(y @ y)
            for s in map(list, combinations(range(3), size))
        )
        for size in range(4)
    ]  # fmt: skip
    assert rss[0] >= rss[1] > rss[2]
    assert rss[0] - rss[1] < rss[1] - rss[2]  # the second column brings more than the first
    for price in np.geomspace(1e-6, 100, 2001):
        assert np.argmin(np.array(rss) + price * np.arange(4)) != 1


def test_the_zero_zone_of_the_diamond():
    """C16: weight j of two is 0 iff |g_j - A_jk w_k| <= lambda, w_k the other's optimum."""
    A, lam = np.array([[2.0, 0.8], [0.8, 1.0]]), 0.7
    root = np.linalg.cholesky(A).T  # X'X = A
    for x in np.linspace(-3, 3, 25):
        for z in np.linspace(-3, 3, 25):
            centre = np.array([x, z])
            g = A @ centre
            problem = pf.Problem.make(
                root,
                root @ centre,
                prior=pf.Laplace(1 / lam),
                likelihood=pf.Gaussian(1.0),
                intercept=False,
            )
            w = pf.solve(problem, tol=1e-12).coef
            for j, k in ((0, 1), (1, 0)):
                alone = np.sign(g[k]) * max(abs(g[k]) - lam, 0.0) / A[k, k]
                margin = lam - abs(g[j] - A[j, k] * alone)
                if abs(margin) > 1e-9:
                    assert (w[j] == 0) == (margin > 0)


def test_ridge_weights_cross_zero():
    """C16: a ridge weight may change sign at one lambda; only the norm is monotone."""
    A = np.array([[1.0, 0.9], [0.9, 1.0]])
    root = np.linalg.cholesky(A).T
    centre = np.array([1.0, -0.5])
    lams = np.geomspace(1e-3, 1e3, 400)
    path = pf.path(root, root @ centre, prior=pf.Normal(), penalties=lams, intercept=False)
    signs = np.sign(path.coefs[1])
    assert {-1.0, 1.0} <= set(signs)
    assert (
        np.count_nonzero(path.coefs) == path.coefs.size
    )  # crossed between two lambdas, never on one
    assert np.all(np.diff(np.linalg.norm(path.coefs, axis=0)) > 0)
    # and scaling the least-squares point to the ball is not the constrained fit
    fit = pf.MAPRegressor(constraint=pf.L1Ball(0.5), intercept=False).fit(root, root @ centre)
    assert np.max(np.abs(fit.coef_ - centre * 0.5 / 1.5)) > 0.1
