"""Laws of native risk sets: loss, score, Hessian and path are those of `CoxRows`."""

import numpy as np
import pytest
from scipy.optimize import minimize

import priorfit as pf
from priorfit.solve.coupled.native import native_risk_sets
from priorfit.solve.engines import engine
from priorfit.solve.standard import standardize


def _case(ties, seed, n=60, spread=2.0, strata=3):
    """Tied times, weights, strata; row 0 has an event."""
    rng = np.random.default_rng(seed)
    event = rng.uniform(size=n) < 0.6
    event[0] = True
    time = rng.integers(1, n // 4, n)
    y = pf.survival(time, event, strata=rng.integers(0, strata, n))
    return pf.Cox(ties).rows(y, rng.uniform(0.2, 2.0, n)), spread * rng.normal(size=n), rng


def _native(rows, eta, v):
    sets, theta, curved = native_risk_sets(rows), np.empty_like(eta), v.copy()
    return sets.evaluate(eta, theta, curved), theta, curved


def _curved(rows, eta, v):
    hessian = rows.hessian(eta)
    means = hessian.apply(np.eye(len(eta)))
    return hessian.bound * v - means.T @ (means @ v)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("strata", [1, 3, 70])
@pytest.mark.parametrize("spread", [0.0, 2.0, 400.0])
def test_native_sums_are_those_of_the_likelihood(ties, strata, spread):
    """Total, score and H v, far from 0 too; other ties, and sums that forget where a stratum
    begins, are mutants."""
    rows, eta, rng = _case(ties, 0, n=300, spread=spread, strata=strata)
    v = rng.normal(size=len(eta))
    loss, theta, curved = _native(rows, eta, v)
    assert loss == pytest.approx(rows.total(eta), rel=1e-12, abs=1e-10)
    np.testing.assert_allclose(theta, rows.score(eta), atol=1e-10)
    np.testing.assert_allclose(curved, _curved(rows, eta, v), atol=1e-9)
    other = _case("breslow" if ties == "efron" else "efron", 0, 300, spread, strata)[0]
    mutants = [other] if spread < 100 and strata < 70 else []
    if strata > 1:
        one = pf.Cox(ties).rows(rows._y * [1, 1, 1, 0], np.exp(rows.log_weight))
        mutants.append(one)
    for mutant in mutants:
        wrong = _native(mutant, eta, v)
        assert np.abs(wrong[1] - theta).max() > 1e-3
        assert np.abs(wrong[2] - curved).max() > 1e-3


def test_rows_of_weight_zero_are_absent():
    """Sums with weights 0 are those of the rows that are left, and H v is 0 at the others."""
    rows, eta, rng = _case("efron", 1)
    y, w, v = rows._y, np.exp(rows.log_weight), rng.normal(size=len(eta))
    left = np.arange(len(eta)) % 5 != 0
    all_rows = _native(pf.Cox().rows(y, np.where(left, w, 0.0)), eta, v)
    few = _native(pf.Cox().rows(y[left], w[left]), eta[left], v[left])
    assert all_rows[0] == pytest.approx(few[0], abs=1e-10)
    for whole, part in zip(all_rows[1:], few[1:], strict=True):
        np.testing.assert_allclose(whole[left], part, atol=1e-10)
        assert not np.any(whole[~left])


#: wrong conjugates: each must miss the minimum
DUAL_MUTANTS = {
    "the chord": lambda rows, theta, s: s * rows.dual(theta) + (1 - s) * rows.least,
    "weights are forgotten": lambda rows, theta, s: (
        rows.dual(s * theta) - (rows.event_weight - s * theta) @ rows.log_weight
    ),
}


@pytest.mark.parametrize("share", [1.0, 0.9, 0.5, 0.01, 0.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_conjugate_is_the_minimum_of_what_it_bounds(share, seed):
    """dual(s theta) = min_eta total(eta) + s theta'eta under Breslow's ties, weights and strata, in
    Python and native; mutants are not. At s = 0 it is the least loss; not feasible is -inf."""
    rows, eta, _ = _case("breslow", seed, n=40, spread=1.0)
    theta = rows.score(eta)
    found = minimize(
        lambda x: rows.total(x) + share * theta @ x,
        eta,
        jac=lambda x: share * theta - rows.score(x),
        method="BFGS",
        options={"gtol": 1e-9},
    )
    assert rows.dual(share * theta) == pytest.approx(found.fun, abs=1e-6)
    assert native_risk_sets(rows).dual(share * theta) == pytest.approx(
        rows.dual(share * theta), abs=1e-10
    )
    assert rows.dual(0.0 * theta) == pytest.approx(rows.least, abs=1e-10)
    assert rows.dual(theta + 2.0) == -np.inf
    for wrong in DUAL_MUTANTS.values():
        assert share in (0.0, 1.0) or abs(wrong(rows, theta, share) - found.fun) > 1e-3


def test_late_entry_is_not_nested():
    """A row that comes after the first event of its stratum; one that comes before it is."""
    time, event = [3.0, 4.0, 5.0], [1, 1, 0]
    for late, nested in ((2.9, True), (3.1, False)):
        y = pf.survival(time, event, entry=[0.0, late, 0.0])
        assert (native_risk_sets(pf.Cox().rows(y, np.ones(3))) is not None) == nested


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("prior", [pf.Laplace(), pf.ElasticNet(1.0, 0.5), pf.Laplace(loc=0.05)])
def test_the_native_path_is_that_of_the_steps_in_python(ties, prior, monkeypatch):
    """Same solutions from both, with weights, an offset and strata; the native one is used."""
    rng = np.random.default_rng(0)
    n, p = 150, 200
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    time = np.ceil(4 * rng.exponential(np.exp(-X[:, :4] @ [1.0, -1.0, 0.5, 0.5])))
    y = pf.survival(time, rng.uniform(size=n) < 0.7, strata=rng.integers(0, 2, n))
    problem = pf.Problem.make(
        X, y, prior=prior, likelihood=pf.Cox(ties), weights=rng.uniform(0.5, 2, n),
        offset=0.3 * rng.normal(size=n),
    )  # fmt: skip
    standard = standardize(problem)
    top = float(np.max(np.abs(standard.correlation) / standard.form.l1))
    strengths = top * np.geomspace(1.0, 0.05, 12)
    run = engine(standard, solver="auto", tol=1e-9, max_iter=200)
    native, found = run.many(strengths, standard.start)
    assert native.shape[1] == 12
    assert found.gap.max() <= 1e-9
    monkeypatch.setattr(run, "many", None)
    steps, checked = run(strengths, standard.start)
    assert checked.gap.max() <= 1e-7
    np.testing.assert_allclose(native, steps, atol=2e-4)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_where_nothing_pulls_nothing_is_searched(ties):
    """All events at one time: the null model is best at any strength, and rounding is no pull."""
    X = np.random.default_rng(0).normal(size=(60, 80))
    problem = pf.Problem.make(
        X, pf.survival(np.ones(60), np.ones(60)), prior=pf.Laplace(), likelihood=pf.Cox(ties)
    )
    standard = standardize(problem)
    run = engine(standard, solver="auto", tol=1e-9, max_iter=200)
    assert run.many is None
    solutions, found = run(standard.null_correlation * np.array([0.9, 0.1]), standard.start)
    assert found.gap.max() <= 1e-9
    assert np.abs(solutions).max() <= 1e-9
