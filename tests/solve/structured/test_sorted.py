"""Laws of priors over sorted weights: the native minimum, screening, every convex likelihood."""

from dataclasses import replace

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_DESIGNS, ALL_LIKELIHOODS, ALL_PRIORS, SORTED, example
from priorfit.priors.ranked import prox_sorted
from priorfit.solve.certificate import certify
from priorfit.solve.native import solve_sorted
from priorfit.solve.standard import standardize

RATES = {
    "falling": lambda m: np.linspace(2.0, 0.5, m),
    "equal": np.ones,
    "oscar": lambda m: 1.0 + 0.3 * np.arange(m - 1, -1, -1),
    "some are 0": lambda m: np.maximum(np.linspace(2.0, -1.0, m), 0.0),
}
KINDS = {
    "independent": lambda rng, n, m: rng.normal(size=(n, m)),
    "alike": lambda rng, n, m: rng.normal(size=(n, m)) + 2.0 * rng.normal(size=(n, 1)),
    "twins": lambda rng, n, m: np.repeat(rng.normal(size=(n, -(-m // 2))), 2, axis=1)[:, :m],
}


def _model(kind, rows, n=30, m=24, free=3):
    """(G, q, ranked, rates, size) with some coordinates that pay nothing."""
    rng = np.random.default_rng(0)
    X = KINDS[kind](rng, n, m)
    y = X[:, ::3] @ rng.choice([1.0, -1.0, 2.0], len(range(0, m, 3))) + rng.normal(size=n)
    ranked = np.arange(m) >= free
    return X.T @ X, X.T @ y, ranked, RATES[rows](m - free), float(y @ y)


def _is_minimum(gram, q, ranked, rates, s, x, curvature, tol=1e-6):
    """x = prox(x - gradient / L) to ``tol``: stationary, and so the minimum of a convex model."""
    step = x - (gram @ x - q) / curvature
    step[ranked] = prox_sorted(step[ranked], s * rates / curvature)
    return np.abs(step - x).max() <= tol


@pytest.mark.parametrize("rows", RATES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_native_minimum_is_a_fixed_point_of_the_prox(kind, rows):
    """Mutants: the rates turned round, a strength off by 5 %, one weight of a cluster moved."""
    gram, q, ranked, rates, size = _model(kind, rows)
    curvature = float(np.linalg.eigvalsh(gram)[-1])
    strengths = np.geomspace(0.9, 0.02, 9) * np.abs(q).max()
    found, _ = solve_sorted(
        gram, q, ranked, rates, size, strengths, np.zeros(len(q)), 1e-14 * size, 2000
    )
    for x, s in zip(found, strengths, strict=True):
        assert _is_minimum(gram, q, ranked, rates, s, x, curvature)
    x, s = found[-1], strengths[-1]
    assert not _is_minimum(gram, q, ranked, rates, 1.05 * s, x, curvature)
    if rows == "falling":
        assert not _is_minimum(gram, q, ranked, rates[::-1].copy(), s, x, curvature)
    for j in np.flatnonzero(x)[:2]:
        wrong = x.copy()
        wrong[j] *= 1.001
        assert not _is_minimum(gram, q, ranked, rates, s, wrong, curvature)


def test_a_warm_start_does_not_move_the_minimum():
    """From anywhere, whatever the strength before: the same objective."""
    gram, q, ranked, rates, size = _model("alike", "oscar")
    s, rng = np.array([0.05 * np.abs(q).max()]), np.random.default_rng(1)

    def value(x):
        return 0.5 * x @ gram @ x - q @ x + s[0] * rates @ -np.sort(-np.abs(x[ranked]))

    starts = [np.zeros(len(q)), rng.normal(size=len(q)), np.ones(len(q))]
    ends = [solve_sorted(gram, q, ranked, rates, size, s, x, 1e-13 * size)[0][0] for x in starts]
    np.testing.assert_allclose([value(x) for x in ends], value(ends[0]), atol=1e-11 * size)


def _problem(prior, likelihood, stored="F order", p=40, n=60):
    X, y, w, o = example(likelihood, n=n, p=p, scale=0.3)
    known = ALL_LIKELIHOODS[likelihood][0]
    options = {"prior": ALL_PRIORS[prior](p), "likelihood": known, "weights": w, "offset": o}
    return pf.Problem.make(ALL_DESIGNS[stored](X), y, **options)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("prior", SORTED)
def test_the_engine_and_proximal_gradient_agree(prior, likelihood):
    """Two engines, one minimum, rows coupled or not; more strength is another one."""
    problem = _problem(prior, likelihood, p=6)
    fast = pf.solve(problem, tol=1e-9)
    slow = pf.solve(problem, tol=1e-8, solver="reference", max_iter=100_000)
    room = 1e-7 * standardize(problem).reference
    assert pf.Auto().select(problem) == "sorted"
    assert fast.status is pf.Status.CERTIFIED
    assert fast.objective == pytest.approx(slow.objective, abs=room)
    other = pf.solve(replace(problem, prior=problem.prior.tempered(1.3)), tol=1e-9)
    assert problem.objective(other.intercept, other.coef, fast.phi) > fast.objective - room


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("shape", [(60, 40), (40, 400)], ids=str)
def test_a_path_is_certified_whether_columns_wait_or_not(shape, likelihood):
    """gap <= tol at every point, by a look at all columns; not so for the point next to it."""
    n, p = shape
    X, y, w, o = example(likelihood, n=n, p=p, scale=0.3)
    known = ALL_LIKELIHOODS[likelihood][0]
    options = {"likelihood": known, "weights": w, "offset": o, "n_points": 25, "ratio": 0.05}
    path = pf.path(X, y, prior=pf.SLOPE(0.2), **options)
    assert path.certified
    standard = path._standard
    g = np.column_stack([path._unknowns(k) for k in range(25)])
    strengths = path.penalties * standard.y_unit**2
    assert np.all(certify(standard, g, strengths).gap <= 2e-6)
    assert certify(standard, g[:, -2:-1], strengths[-1:]).gap[0] > 1e-5


@pytest.mark.parametrize("stored", ALL_DESIGNS)
def test_how_columns_are_stored_does_not_matter(stored):
    """The same numbers in any container: the same weights."""
    fits = [pf.solve(_problem("slope", "gaussian", k), tol=1e-10) for k in ("F order", stored)]
    np.testing.assert_allclose(fits[0].coef, fits[1].coef, atol=1e-5)


def test_many_alike_columns_are_one_cluster():
    """Copies of a column under falling rates: one size, to the last bit; df counts it once."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(80, 1))
    X = np.hstack([np.repeat(z, 50, axis=1), rng.normal(size=(80, 50))])
    y = 3.0 * z[:, 0] + rng.normal(size=80)
    prior = pf.SLOPE(rates=np.linspace(2.0, 1.0, 100))
    fit = pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(3.0)))
    assert fit.certificate.certified
    assert len(np.unique(fit.coef[:50])) == 1
    assert fit.coef[0] > 0
    assert fit.df <= 1 + len(np.unique(np.abs(fit.coef[fit.coef != 0])))


@pytest.mark.parametrize("seed", range(3))
def test_the_violation_is_the_steepest_direction(seed):
    """Of `Ranked.violation`: what moving the first or last members of any cluster brings, by
    enumeration; a wrong strength, and clusters taken for singles, give other numbers."""
    rng = np.random.default_rng(seed)
    ranked = pf.SLOPE(0.2).lower(7).ranked
    t, v = rng.integers(-2, 3, size=7) / 2.0, rng.normal(size=7)

    def enumerated(strength):
        worst, size, start = 0.0, np.abs(t), 0
        pull = np.where(t == 0, np.abs(v), np.sign(t) * v)
        for level in sorted(set(size), reverse=True):
            inside = np.sort(pull[size == level])[::-1]
            rest = inside - strength * ranked.rates[start : start + len(inside)]
            start += len(inside)
            for k in range(1, len(rest) + 1):
                worst = max(worst, rest[:k].mean(), -rest[-k:].mean() if level > 0 else 0.0)
        return worst

    assert ranked.violation(t, v, 0.7) == pytest.approx(enumerated(0.7), abs=1e-12)
    assert ranked.violation(t, v, 0.7) != pytest.approx(enumerated(0.8), abs=1e-3)
