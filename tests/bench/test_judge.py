"""The judge of races: its gap bounds the true distance, and it refuses what is wrong."""

from types import SimpleNamespace

import numpy as np
import pytest

import priorfit as pf
from priorfit.bench import (
    SMALL,
    installed,
    judge,
    lambda_max,
    lower_bounds,
    race,
    racing,
    suboptimality,
)
from priorfit.bench.cases import Case, bernoulli, gaussian, grouped, poisson
from priorfit.bench.solvers import priorfit as ours

CASES = {
    "lasso": lambda: gaussian(40, 20, 0.5, k=5),
    "elastic net": lambda: gaussian(40, 20, 0.5, k=5, l1_ratio=0.5),
    "groups": lambda: grouped(40, 20, 0.5, 4, k=2),
    "logistic": lambda: bernoulli(60, 10, 0.5, k=5),
    "poisson": lambda: poisson(60, 10, 0.5, k=5),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]()


def _fit(case, tol=1e-12):
    lambdas = lambda_max(case) * np.geomspace(1.0, 0.05, 6)
    options = {"likelihood": case.likelihood, "l1_ratio": case.l1_ratio, "group": case.group}
    return lambdas, *ours.fit(case.X, case.y, lambdas, tol, **options)


def test_the_gap_bounds_the_distance(case):
    """gap >= P(b) - min P for wrong answers of every size; about 0 at the optimum."""
    lambdas, intercepts, coefs = _fit(case)
    gap, best = judge(case, lambdas, intercepts, coefs)
    assert np.all(np.abs(gap) < 1e-9)
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-2, 1e-4):
        wrong = coefs + size * rng.normal(size=coefs.shape)
        moved = intercepts + size * rng.normal(size=intercepts.shape)
        gap, value = judge(case, lambdas, moved, wrong)
        assert np.all(gap >= value - best - 1e-12)
        assert np.all(gap[1:] > 1e-3 * size**2)


def test_the_suboptimality_is_the_distance(case):
    """>= 0 and <= gap for answers of every size, with any bounds; 0 at the solution; the objective
    less the optimum, which a bound that is not the optimum exceeds by that bound's own gap."""
    lambdas, intercepts, coefs = _fit(case)
    gap, best = judge(case, lambdas, intercepts, coefs)
    bounds = lower_bounds(gap, best)
    assert np.all(np.abs(suboptimality(gap, best, bounds)) < 1e-9)
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-2, 1e-4):
        wrong = coefs + size * rng.normal(size=coefs.shape)
        gap, value = judge(case, lambdas, intercepts, wrong)
        found = suboptimality(gap, value, bounds)
        assert np.all(found > -1e-12)
        assert np.all(found <= gap + 1e-12)
        np.testing.assert_allclose(found, value - best, atol=1e-9)
        own = suboptimality(gap, value, lower_bounds(gap, value))
        np.testing.assert_allclose(own, gap, atol=1e-12)
        assert np.all(suboptimality(gap, value, bounds - 1.0) <= gap + 1e-12)


def test_agrees_with_the_certificate(case):
    """The judge, written apart, finds the gap that each fit's own certificate states."""
    lambdas = _fit(case)[0]
    prior = pf.Laplace()
    if case.l1_ratio < 1:
        prior = pf.ElasticNet(l1_scale=1 / case.l1_ratio, l2_scale=(1 - case.l1_ratio) ** -0.5)
    if case.group > 1:
        prior = pf.GroupLaplace(np.arange(case.X.shape[1]) // case.group)
    found = pf.path(
        case.X,
        case.y,
        prior=prior,
        likelihood=ours.LIKELIHOODS[case.likelihood],
        penalties=lambdas * len(case.y),
    )
    gaps = judge(case, lambdas, found.intercepts, found.coefs)[0]
    np.testing.assert_allclose(gaps, found.gaps, atol=1e-7)


#: wrong solvers: a race must not certify any
WRONG = {
    "all zero": lambda b0, b: (b0, 0 * b),
    "forgets the intercept": lambda b0, b: (0 * b0 + 1.0, b),
    "another lambda": lambda b0, b: (np.roll(b0, 5), np.roll(b, 5, axis=1)),
    "half of every weight": lambda b0, b: (b0, b / 2),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_refuses_a_wrong_solver(wrong, monkeypatch):
    """certified is False for each, True for the right one beside it."""

    def fit(X, y, lambdas, tol, likelihood, l1_ratio, group):
        return WRONG[wrong](*ours.fit(X, y, lambdas, tol, likelihood, l1_ratio, group))

    fake = SimpleNamespace(TOLS=[1e-6], DEFAULT=1e-6, fit=fit)
    load = racing.import_module
    monkeypatch.setattr(
        racing, "import_module", lambda name: fake if name.endswith("fake") else load(name)
    )
    records = race("small", gaussian(40, 20, 0.5, k=5), ["priorfit", "fake"], repeats=1)
    assert [r.certified for r in records] == [True, False]


def test_a_peer_may_stop_where_it_truly_is_near(monkeypatch):
    """Answers that are good but say little of themselves count as good at a looser tolerance."""

    def fit(X, y, lambdas, tol, likelihood, l1_ratio, group):
        b0, b = ours.fit(X, y, lambdas, 1e-10, likelihood, l1_ratio, group)
        return b0, b * (1 - np.sqrt(tol) / 10)

    fake = SimpleNamespace(TOLS=[1e-3, 1e-5, 1e-7, 1e-9, 1e-11], DEFAULT=1e-3, fit=fit)
    load = racing.import_module
    monkeypatch.setattr(
        racing, "import_module", lambda name: fake if name.endswith("fake") else load(name)
    )
    case = gaussian(40, 20, 0.5, k=5)
    own, peer = race("small", case, ["priorfit", "fake"], repeats=1)
    assert own.true_tol == own.tol
    assert own.true_cpu == own.cpu
    assert peer.certified
    assert peer.true_tol > peer.tol
    lambdas = lambda_max(case) * np.geomspace(1.0, case.ratio, 100)
    values = [
        judge(case, lambdas, *fit(case.X, case.y, lambdas, tol, "gaussian", 1.0, 1))[1]
        for tol in (1e-30, peer.true_tol, 10 * peer.true_tol)
    ]
    assert (values[1] - values[0]).max() <= 1e-6 < (values[2] - values[0]).max()


def test_a_race_is_run_with_what_is_installed():
    """priorfit and scikit-learn are always there; a solver that refuses a case has no record."""
    assert installed()[:2] == ("priorfit", "sklearn")
    records = race("p", poisson(60, 10, 0.5, k=5), ["priorfit", "sklearn"], repeats=1)
    assert [r.solver for r in records] == ["priorfit"]
    assert all(isinstance(make(), Case) for name, make in SMALL.items() if "text" not in name)
