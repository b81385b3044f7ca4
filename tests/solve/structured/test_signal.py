"""Laws of signals: every weight is seen by itself, the certificate is that of the weights."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from priorfit._core import inverse_diagonal, total_variation
from priorfit.design import as_design
from priorfit.solve.structured import banded, fit_signal
from priorfit.solve.structured import signal as signals

ORDERS = [(kind, order) for kind in ("normal", "laplace") for order in (1, 2, 3, 4)]


def _problem(kind, order, p=50, intercept=False, spaced=False, scale=0.3):
    """A series of p places, each seen once or twice; weights, offsets, steps of several scales."""
    rng = np.random.default_rng(order)
    place = np.concatenate([np.arange(p), rng.integers(0, p, size=p // 3)])
    n = len(place)
    X = sparse.csr_array((np.full(n, 2.0), (np.arange(n), place)), shape=(n, p))
    y = 2.0 * np.abs(np.linspace(-1, 1, p))[place] + 0.3 * rng.normal(size=n)
    positions = np.cumsum(rng.uniform(0.5, 1.5, size=p)) if spaced else None
    scales = scale * rng.uniform(0.5, 2.0, size=p - order)
    prior = pf.RandomWalk(scales, order, kind, loc=np.linspace(0, 1, p), positions=positions)
    known = pf.Gaussian(0.3)
    w, offset = rng.uniform(0.5, 2.0, size=n), 0.1 * rng.normal(size=n)
    options = {"weights": w, "offset": offset, "intercept": intercept}
    return pf.Problem.make(X, y, prior=prior, likelihood=known, **options)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize(("kind", "order"), ORDERS)
def test_it_is_the_fit_of_dense_columns(kind, order, spaced, intercept):
    """The minimum and df of the fit in coordinates of differences; points nearby are beaten."""
    problem = _problem(kind, order, intercept=intercept, spaced=spaced)
    whole = replace(problem, design=as_design(problem.design.csr.toarray()))
    fit, plain = pf.solve(problem, tol=1e-9), pf.solve(whole, tol=2e-5)
    room = 2e-5 * signals._null_deviance(problem) / 0.09
    assert (fit.solver, fit.status) == ("chain", pf.Status.CERTIFIED)
    assert plain.solver != "chain"
    assert fit.objective == pytest.approx(plain.objective, abs=room)
    assert fit.df == pytest.approx(plain.df, abs=0.05 if kind == "normal" else 1.0)
    rng = np.random.default_rng(0)
    for size in (1e-2, 1e-4):
        for step in (rng.normal(size=50), np.arange(50.0) >= 20):
            for sign in (-1.0, 1.0):
                there = problem.objective(fit.intercept, fit.coef + sign * size * step, fit.phi)
                assert there > fit.objective - 1e-9 * abs(fit.objective)


@pytest.mark.parametrize(("kind", "order"), ORDERS)
def test_the_gap_bounds_what_is_lost(kind, order):
    """J(b) - J(minimum) <= gap for any b and any z, and equal for z of the minimum, to its own."""
    problem = _problem(kind, order)
    walk = signals.walk_of(problem)
    walk = walk._replace(rates=0.09 * walk.rates)
    best = next(iter(reversed(list(signals._minima(walk, 1.0)))))

    def value(b):
        u = signals._steps(walk, b)
        penalty = np.abs(u) if walk.kinked else 0.5 * u * u
        return 0.5 * walk.h @ b**2 - walk.q @ b + walk.rates @ penalty

    rng = np.random.default_rng(0)
    for size in (0.0, 1e-3, 1.0):
        b = best.b + size * rng.normal(size=len(best.b))
        z = best.z + size * walk.rates * rng.normal(size=len(best.z))
        lost = value(b) - value(best.b)
        assert lost <= signals._gap(walk, best._replace(b=b, z=z)) + 1e-9 * abs(value(best.b))
        exact = signals._gap(walk, best._replace(b=b))
        assert exact == pytest.approx(lost, rel=1e-3 if size else 0, abs=1e-6)
    lacking = signals._gap(walk, best._replace(z=0.9 * best.z))
    assert lacking > 1e-4
    assert signals._gap(walk, best) < 1e-8


def test_differences_are_those_of_the_basis():
    """`_steps` is the last rows of L^-1, `_adjoint` its transpose, for even and uneven places."""
    for order in (1, 2, 3, 4):
        problem = _problem("normal", order, p=12, spaced=True)
        walk = signals.walk_of(problem)
        D = problem.change.basis.inverse().toarray()[order:]
        b, z = np.random.default_rng(0).normal(size=(2, 12))
        np.testing.assert_allclose(signals._steps(walk, b), D @ b, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(signals._adjoint(walk, z[order:]), D.T @ z[order:], atol=1e-12)
        A = np.diag(walk.h) + D.T @ (walk.rates[:, None] * D)
        np.testing.assert_allclose(signals._bands(walk)[order, : 12 - order], np.diag(A, -order))
        rows = np.array([0, 2, 3, 7])[: 12 - order]
        normal = D[rows] @ (D[rows] / walk.h).T
        for i, band in enumerate(signals._normal_bands(walk, rows)):
            np.testing.assert_allclose(band[: 4 - i], np.diag(normal, -i), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 200])
def test_total_variation_meets_its_optimality(n):
    """z = -cumsum(q - h b) ends at 0, stays within the rates and is at one where b jumps; so not
    for other rates."""
    rng = np.random.default_rng(n)
    h, r = rng.uniform(0.5, 2.0, size=n), rng.uniform(0.1, 1.0, size=n - 1)
    q, b = h * np.cumsum(rng.normal(size=n)), np.empty(n)
    total_variation(h, q, r, b)
    z, jump = -np.cumsum(q - h * b), np.diff(b)

    def holds(rates):
        inside = np.all(np.abs(z[:-1]) <= rates + 1e-9)
        return inside and np.allclose(z[:-1][jump != 0], (rates * np.sign(jump))[jump != 0])

    assert abs(z[-1]) < 1e-9
    assert holds(r)
    if n > 2:
        assert not holds(0.9 * r)
        assert not holds(1.1 * r)


def test_the_diagonal_of_a_banded_inverse():
    """That of the inverse, and the trace of the smoother."""
    rng = np.random.default_rng(0)
    for k in (0, 1, 2, 4):
        root = np.tril(np.triu(rng.normal(size=(20, 20)), -k)) + 3.0 * np.eye(20)
        factor = np.array([np.r_[np.diag(root, -i), np.zeros(i)] for i in range(k + 1)]).T
        out = np.empty(20)
        inverse_diagonal(np.ascontiguousarray(factor), out)
        A = root @ root.T
        np.testing.assert_allclose(out, np.diag(np.linalg.inv(A)), rtol=1e-9)
        h = rng.uniform(size=20)
        trace = banded.banded_trace(banded.bands_of(sparse.csr_array(A)), h)
        assert trace == pytest.approx(np.trace(np.linalg.inv(A) * h))


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("intercept", [False, True])
def test_a_path_is_certified_and_leads_to_its_fits(order, intercept):
    """At every strength; a point is the fit at that lambda; the first has no break."""
    n = 300
    y = np.abs(np.linspace(-1, 1, n)) + 0.1 * np.random.default_rng(0).normal(size=n)
    seen, prior = sparse.eye_array(n, format="csr"), pf.RandomWalk(order=order, kind="laplace")
    path = pf.path(seen, y, prior=prior, n_points=12, ratio=1e-4, intercept=intercept)
    assert path.certified
    assert path.df[0] == order
    assert np.all(np.diff(path.norms[[0, 3, 7, 11]]) > 0)
    alone = pf.solve(
        pf.Problem.make(
            seen,
            y,
            prior=pf.RandomWalk(1.0 / path.penalties[7], order, "laplace"),
            likelihood=pf.Gaussian(1.0),
            intercept=intercept,
        )
    )
    np.testing.assert_allclose(alone.coef, path.coefs[:, 7], atol=1e-4)
    assert alone.df == path.df[7]


def test_thousands_of_places_of_a_high_order():
    """Third differences of 4000 places: sums of sums of sums would have lost all digits."""
    n = 4000
    y = np.sin(np.linspace(0, 12, n)) + 0.3 * np.random.default_rng(0).normal(size=n)
    seen, noise = sparse.eye_array(n, format="csr"), pf.Gaussian(0.3)
    prior = pf.RandomWalk(1e-4, 3, "laplace")
    fit = pf.solve(pf.Problem.make(seen, y, prior=prior, likelihood=noise, intercept=False))
    assert fit.certificate.certified
    assert np.mean((fit.coef - np.sin(np.linspace(0, 12, n))) ** 2) < 0.01


def test_other_problems_are_left_to_the_general_way():
    """A weight that no row sees, a proper start, dense columns, another likelihood."""
    problem = _problem("laplace", 1)
    assert fit_signal(problem, 0.09, 1e-6) is not None
    unseen = replace(problem, weights=np.where(problem.design.csr.indices == 3, 0.0, 1.0))
    whole = replace(problem, design=as_design(problem.design.csr.toarray()))
    proper = replace(problem, prior=replace(problem.prior, start=1.0))
    huber = replace(problem, likelihood=pf.Huber(1.5, 1.0))
    for other in (unseen, whole, proper, huber):
        assert fit_signal(other, 0.09, 1e-6) is None
        assert pf.solve(other).certificate.certified
