"""Laws of the engine and the dual bound of likelihoods whose rows are coupled."""

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_LIKELIHOODS, ALL_PRIORS, ROW_BY_ROW, example
from priorfit.solve.coupled import working
from priorfit.solve.coupled.among_rows import AmongRows
from priorfit.solve.coupled.bound import dual_value, meet_flat
from priorfit.solve.engines import engine
from priorfit.solve.standard import standardize

COUPLED = [name for name in ALL_LIKELIHOODS if name not in ROW_BY_ROW]

#: wrong bounds of the likelihood's part at a share of theta: each must claim more than there is
BOUND_MUTANTS = {
    "the share is forgotten": lambda standard, point, share: point.value,
    "the value of the primal": lambda standard, point, share: standard.rows.total(point.eta),
}


@pytest.mark.parametrize("likelihood", COUPLED)
def test_the_bound_is_never_above_the_optimum(likelihood):
    """min L + penalty >= s value + (1 - s) inf L at any eta, theta feasible; mutants claim more."""
    X, y, w, o = example(likelihood, n=50)
    kind = ALL_LIKELIHOODS[likelihood][0]
    problem = pf.Problem.make(X, y, prior=pf.Laplace(0.05), likelihood=kind, weights=w, offset=o)
    standard = standardize(problem)
    g = engine(standard, solver="auto", tol=1e-12, max_iter=500)(np.ones(1), standard.start)[0]
    best = standard.total(standard.eta(g[:, 0])) + float(standard.form.total(g[:, 0]))
    rng, lied = np.random.default_rng(0), dict.fromkeys(BOUND_MUTANTS, False)
    for size in (0.0, 0.01, 0.1, 1.0, 3.0):
        eta = standard.eta(g[:, 0] + size * rng.normal(size=len(g)))
        pull = standard.Z.rmatvec(standard.score(eta))
        point = meet_flat(standard, eta, pull)
        share = min(1.0, 1.0 / float(np.max(np.abs(pull) / standard.form.l1)))
        assert dual_value(standard, point, share) <= best + 1e-9 * abs(best)
        for name, wrong in BOUND_MUTANTS.items():
            lied[name] |= wrong(standard, point, share) > best + 1e-6 * abs(best)
    assert all(lied.values())


@pytest.mark.parametrize("likelihood", COUPLED)
def test_theta_is_orthogonal_to_flat_columns(likelihood):
    """After the refit Z_F' theta = 0 to rounding; before it, it is not."""
    X, y, w, o = example(likelihood, n=50)
    kind = ALL_LIKELIHOODS[likelihood][0]
    scale = np.array([np.inf, np.inf, 0.1, 0.1, 0.1, 0.1])
    problem = pf.Problem.make(X, y, prior=pf.Laplace(scale), likelihood=kind, weights=w, offset=o)
    standard = standardize(problem)
    eta = standard.eta(np.full(6, 0.2))
    pull = standard.Z.rmatvec(standard.score(eta))
    met = standard.Z.rmatvec(meet_flat(standard, eta, pull).theta)
    assert np.abs(met[:2]).max() <= 1e-11 * w.sum() < np.abs(pull[:2]).max()


@pytest.mark.parametrize("likelihood", COUPLED)
def test_among_the_rows_is_among_the_columns(likelihood):
    """Normal prior, p > n: the step through the kernel is the step through the Hessian of all."""
    X, y, *_ = example(likelihood, n=30, p=45, scale=0.3)
    kind = ALL_LIKELIHOODS[likelihood][0]
    scale = np.where(np.arange(45) == 3, np.inf, 0.4)
    problem = pf.Problem.make(X, y, prior=pf.Normal(scale, loc=0.1), likelihood=kind)
    standard = standardize(problem)
    assert AmongRows.applies(standard)
    run = engine(standard, solver="coupled", tol=1e-11, max_iter=100)
    short, found = run(np.ones(1), standard.start)
    run.among = None
    whole, _ = run(np.ones(1), standard.start)
    assert found.gap[0] <= 1e-11
    np.testing.assert_allclose(short, whole, atol=1e-6)


@pytest.mark.parametrize("likelihood", COUPLED)
def test_columns_read_where_they_lie_are_their_copy(likelihood, monkeypatch):
    """Z step, Z'theta and Z'HZ, by blocks of rows of X as given and from a copy of the columns."""
    X, y, w, o = example(likelihood, n=700, p=12)
    kind = ALL_LIKELIHOODS[likelihood][0]
    problem = pf.Problem.make(X, y, prior=pf.Laplace(0.05), likelihood=kind, weights=w, offset=o)
    standard, cols = standardize(problem), np.arange(3, 12)
    copied = working.Working(standard, cols)
    monkeypatch.setattr(working, "_SMALL", 0)
    there = working.Working(standard, cols)
    assert copied.held is not None
    assert there.held is None
    step = np.zeros(standard.size)
    step[cols] = np.linspace(-1.0, 1.0, 9)
    hessian, theta = standard.rows.hessian(o), standard.score(o)
    np.testing.assert_allclose(there.times(step), copied.times(step), atol=1e-12)
    np.testing.assert_allclose(there.pull(theta), copied.pull(theta), atol=1e-10)
    gram = copied.gram(hessian)
    np.testing.assert_allclose(there.gram(hessian), gram, atol=1e-11 * np.abs(gram).max())


def test_other_engines_are_refused():
    """A likelihood with coupled rows has one engine and the reference; the others say so."""
    X, y, *_ = example("cox efron")
    problem = pf.Problem.make(X, y, prior=ALL_PRIORS["laplace"](6), likelihood=pf.Cox())
    assert pf.Auto().select(problem) == "coupled"
    for name in ("newton", "gram", "groups"):
        with pytest.raises(pf.InputError, match="coupled"):
            pf.solve(problem, solver=name)
    gaussian = pf.Problem.make(X, X[:, 0], prior=pf.Laplace(1.0), likelihood=pf.Gaussian(1.0))
    with pytest.raises(pf.InputError, match="coupled"):
        pf.solve(gaussian, solver="coupled")
    with pytest.raises(pf.InputError, match="independent"):
        pf.leave_one_out(problem)
