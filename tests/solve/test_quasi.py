"""Laws of the quasi-Newton engine, of Huber's joint scale, and of degrees of freedom kept back."""

import pickle

import numpy as np
import pytest

import priorfit as pf
from laws import EVERY_LIKELIHOOD, ROW_BY_ROW, example
from priorfit.design import as_design
from priorfit.design.scaled import standardized
from priorfit.solve import quasi
from priorfit.solve.certificate import certify
from priorfit.solve.concomitant import best_scale, joint_fit
from priorfit.solve.result import Freedom
from priorfit.solve.standard import standardize

SMOOTH = [
    name
    for name in ROW_BY_ROW
    if EVERY_LIKELIHOOD[name][0].convex
    and EVERY_LIKELIHOOD[name][0].smooth
    and not EVERY_LIKELIHOOD[name][0].has_outputs
]


def _standard(likelihood, prior=None, n=1500):
    X, y, *_ = example(likelihood, n=n, p=8)
    kind = EVERY_LIKELIHOOD[likelihood][0]
    prior = pf.Normal(np.r_[np.inf, 0.0, np.full(6, 0.4)], loc=0.1) if prior is None else prior
    return standardize(pf.Problem.make(X, y, prior=prior, likelihood=kind))


@pytest.mark.parametrize("likelihood", SMOOTH)
def test_quasi_newton_ends_at_the_optimum(likelihood):
    """gap <= tol / 10 at a strong and two weak strengths, from the start of few rows and warm, for
    every smooth likelihood; free, fixed and shrunk weights."""
    standard, strengths = _standard(likelihood), np.array([2.0, 1e-2, 1e-7])
    found = quasi.QuasiNewton(standard, 1e-6)(strengths, standard.start)
    assert np.all(certify(standard, found, strengths).gap <= 1e-7)


def test_a_bound_that_forgets_the_penalty_is_seen(monkeypatch):
    """Mutant: the fall of the objective alone says when to stop; weak penalties miss the gap."""
    standard, strengths = _standard("gamma"), np.array([2.0, 1e-7])
    monkeypatch.setattr(quasi.QuasiNewton, "_bound", lambda *_: 0.0)
    found = quasi.QuasiNewton(standard, 1e-6)(strengths, standard.start)
    assert certify(standard, found, strengths).gap.max() > 1e-7


def _curvature_forgotten(pull, factor, pairs):
    return 1e-6 * pull


def _uphill(pull, factor, pairs):
    return -pull


@pytest.mark.parametrize("mutant", [_curvature_forgotten, _uphill])
def test_a_wrong_direction_is_seen(mutant, monkeypatch):
    """Mutants of the direction: a short gradient step, a step uphill. The optimum is missed."""
    standard, strengths = _standard("poisson"), np.array([1.0])
    monkeypatch.setattr(quasi, "_downhill", mutant)
    found = quasi.QuasiNewton(standard, 1e-6)(strengths, standard.start)
    assert certify(standard, found, strengths).gap[0] > 1e-7


def _rows(n=700, zeros=0, seed=0):
    rng = np.random.default_rng(seed)
    r = rng.standard_t(2, size=n)
    r[:zeros] = 0.0
    return r, rng.integers(1, 4, size=n).astype(float)


@pytest.mark.parametrize("guess", [0.0, 1e-6, 0.3, 1.0, 1e6])
@pytest.mark.parametrize("epsilon", [1.0001, 1.35, 5.0])
def test_the_best_scale_is_a_root(epsilon, guess):
    """sum w min(|r| / s, epsilon)^2 = sum w, from any guess; 0 where too many r are 0."""
    r, w = _rows()
    s = best_scale(r, w, epsilon, guess)

    def excess(s):
        return w @ np.square(np.minimum(np.abs(r) / s, epsilon)) / w.sum() - 1.0

    assert abs(excess(s)) <= 1e-12
    assert abs(excess(1.001 * s)) > 1e-6
    r, w = _rows(n=100, zeros=99)
    assert best_scale(r, w, epsilon if epsilon < 2 else 1.35, guess) == 0.0


def _joint(epsilon, n):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 4)) + 5.0
    y = X @ [1.0, -1.0, 0.0, 2.0] + rng.standard_t(2, size=n)
    w = rng.integers(1, 3, size=n).astype(float)
    Z = standardized(as_design(X), w)
    rate = np.array([0.0, 1.0, 2.0, 3.0])

    def value(g, s):
        z = np.abs(y - y.mean() - Z.matvec(g)) / s
        h = np.where(z <= epsilon, z * z, epsilon * (2.0 * z - epsilon))
        return float(s * (w @ (1.0 + h)) + rate @ (g * g))

    return value, joint_fit(Z, y - y.mean(), w, epsilon, rate, np.zeros(4))


@pytest.mark.parametrize("n", [60, 900])
@pytest.mark.parametrize("epsilon", [1.1, 1.35, 3.0])
def test_nothing_near_a_joint_fit_is_lower(epsilon, n):
    """value(g + d, s + e) >= value(g, s): jointly convex, so near is enough. Mutants: another
    scale, another weight."""
    value, found = _joint(epsilon, n)
    assert found.done
    rng = np.random.default_rng(2)
    here = value(found.g, found.scale)
    near = [
        value(found.g + d[:4], found.scale * (1.0 + d[4])) for d in 1e-4 * rng.normal(size=(200, 5))
    ]
    assert min(near) >= here - 1e-12 * here
    for g, s in ((found.g, 1.01 * found.scale), (found.g + 0.01 * np.eye(4)[0], found.scale)):
        assert value(g, s) > here * (1.0 + 1e-9)


def test_degrees_of_freedom_are_counted_once_and_kept_without_the_data():
    """number is counted at the first look only; a pickled copy holds the number."""
    counts = []
    freedom = Freedom(lambda: counts.append(1) or 3.5)
    assert not counts
    assert pickle.loads(pickle.dumps(freedom)).number == freedom.number == 3.5
    assert len(counts) == 1
    X, y, *_ = example("poisson")
    likelihood = EVERY_LIKELIHOOD["poisson"][0]
    fit = pf.solve(pf.Problem.make(X, y, prior=pf.Normal(0.5), likelihood=likelihood))
    stored = pickle.dumps(fit)
    assert pickle.loads(stored).df == fit.df
    assert len(stored) < X.nbytes
