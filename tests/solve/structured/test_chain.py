"""Laws of random walks that are seen directly: one weight a row, O(n)."""

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from laws import ALL_LIKELIHOODS

SMOOTH = ("gaussian", "bernoulli", "poisson")
WALKS = {
    "walk": lambda s: pf.RandomWalk(s),
    "walk of slopes": lambda s: pf.RandomWalk(s, order=2),
    "walk, proper, loc": lambda s: pf.RandomWalk(s, start=1.0, loc=0.3),
    "fused": lambda s: pf.RandomWalk(s, kind="laplace"),
    "fused, proper": lambda s: pf.RandomWalk(s, kind="laplace", start=0.5),
    "trend filter": lambda s: pf.RandomWalk(s, order=2, kind="laplace"),
}


def _series(likelihood, n=60, p=25, seed=0):
    """(X, y, weights, offset): places seen once, often or never."""
    rng = np.random.default_rng(seed)
    place = np.sort(rng.integers(0, p, size=n))
    X = sparse.csr_array((np.ones(n), (np.arange(n), place)), shape=(n, p))
    level = np.where(np.arange(p) < 10, -0.5, 0.8)[place]
    y = ALL_LIKELIHOODS[likelihood][1](rng, level)
    return X, y, rng.uniform(0.5, 2.0, size=n), 0.1 * rng.normal(size=n)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("likelihood", SMOOTH)
@pytest.mark.parametrize("walk", WALKS)
def test_the_chain_is_the_general_fit(walk, likelihood, intercept):
    """The same minimum as from dense columns, with the same certificate."""
    X, y, w, o = _series(likelihood)
    prior = WALKS[walk](0.2)
    options = {"prior": prior, "likelihood": ALL_LIKELIHOODS[likelihood][0], "weights": w}
    options |= {"offset": o, "intercept": intercept}
    seen = pf.Problem.make(X, y, **options)
    assert pf.Auto().select(seen) == "chain"
    fit = pf.solve(seen, tol=1e-8)
    plain = pf.solve(pf.Problem.make(X.toarray(), y, **options), tol=1e-8)
    assert plain.solver != "chain"
    assert fit.objective == pytest.approx(plain.objective, abs=1e-6)
    # where no row looks, a break may lie anywhere: what is seen is the same
    seen_, plain_ = (X @ f.coef + f.intercept for f in (fit, plain))
    np.testing.assert_allclose(seen_, plain_, atol=2e-3)


def test_equal_neighbours_are_exactly_equal():
    """Thousands of places, few pieces; df counts them; each break is that of a long piece."""
    rng = np.random.default_rng(0)
    level = np.repeat([0.0, 2.0, 1.0], 1000)
    y = level + 0.5 * rng.normal(size=3000)
    prior = pf.RandomWalk(0.02, kind="laplace")
    problem = pf.Problem.make(
        sparse.eye_array(3000, format="csr"), y, prior=prior, likelihood=pf.Gaussian(0.5)
    )
    fit = pf.solve(problem)
    pieces = 1 + np.count_nonzero(np.diff(fit.coef))
    assert fit.certificate.certified
    assert pieces < 100
    assert fit.df == pieces
    assert np.mean((fit.coef + fit.intercept - level) ** 2) < 0.02


def test_degrees_of_freedom_of_a_long_chain():
    """The trace from the banded factor is that of (I + s D'D)^-1, for both engines."""
    n, noise, scale = 1500, 0.5, 0.05
    D = np.diff(np.eye(n), axis=0)
    problem = pf.Problem.make(
        sparse.eye_array(n, format="csr"),
        np.random.default_rng(0).normal(size=n),
        prior=pf.RandomWalk(scale),
        likelihood=pf.Gaussian(noise),
        intercept=False,
    )
    exact = np.trace(np.linalg.inv(np.eye(n) + noise**2 / scale**2 * (D.T @ D)))
    assert pf.solve(problem).df == pytest.approx(exact, rel=1e-9)
    assert pf.solve(problem, solver="chain").df == pytest.approx(exact, rel=1e-9)


def test_a_path_of_a_signal():
    """Certified at every strength; the strongest is a straight line, to rounding."""
    rng = np.random.default_rng(0)
    y = np.abs(np.linspace(-1, 1, 400)) + 0.1 * rng.normal(size=400)
    path = pf.path(
        sparse.eye_array(400, format="csr"),
        y,
        prior=pf.RandomWalk(order=2, kind="laplace"),
        n_points=15,
        ratio=1e-4,
    )
    assert path.certified
    np.testing.assert_allclose(np.diff(path.coefs[:, 0], 2), 0.0, atol=1e-12)
    assert path.norms[-1] > path.norms[1] > 0
