"""Native steps of samplers: the same numbers as the formulas in Python, and the same densities."""

import numpy as np
import pytest
from scipy import integrate, stats

import priorfit as pf
from priorfit._core import draw_polya_gamma, horseshoe_sweep
from priorfit.posterior.model import model_of
from priorfit.posterior.samplers import leapfrog as steps
from priorfit.posterior.samplers.positive import positive
from priorfit.posterior.samplers.slice_sampling import (
    NO_SLAB,
    OfScale,
    SlabMass,
    draw_log_scale,
    draw_log_scale_of_locals,
)
from priorfit.posterior.samplers.target import Line, Target

LOSSES = {"bernoulli": pf.Bernoulli(), "poisson": pf.Poisson(), "gamma": pf.Gamma()}
BELIEFS = {
    "student": pf.Truncated(pf.StudentPrior(3.0, 0.7), lower=0.0),
    "normal": pf.HalfNormal(0.8),
    "exponential": pf.Exponential(0.5),
    "normal off 0": pf.Truncated(pf.Normal(0.5, loc=1.0), lower=0.0),
    "none": None,
    "other": pf.Truncated(pf.StudentPrior(4.0, 0.5, loc=0.2), lower=0.0),
}


def _problem(name, intercept=True, order="C", n=40, p=5):
    rng = np.random.default_rng(3)
    X = np.asarray(rng.normal(size=(n, p)), order=order)
    eta = X @ rng.normal(size=p) * 0.3
    y = {
        "bernoulli": (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": rng.poisson(np.exp(eta)).astype(float),
        "gamma": rng.gamma(2.0, np.exp(eta)),
    }[name]
    return pf.Problem.make(
        X,
        y,
        prior=pf.Normal(1.0),
        likelihood=LOSSES[name],
        weights=rng.uniform(0.5, 2.0, n),
        offset=rng.normal(size=n) * 0.1,
        intercept=intercept,
    )


class _Formulas(Target):
    """The same target without native code."""

    native_rows = None


def _hill(target):
    rng = np.random.default_rng(4)
    p = target.size - target.first
    a = rng.normal(size=(target.size, target.size))
    root = np.asfortranarray(np.linalg.cholesky(a @ a.T + 5.0 * np.eye(target.size)))
    return steps.Hill(target, 1.3, rng.uniform(0.5, 2.0, p), rng.normal(size=p), root)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("order", ["C", "F"])
def test_steps_are_those_of_the_formulas(name, intercept, order):
    problem = _problem(name, intercept, order)
    ours, plain = Target(problem), _Formulas(problem)
    assert ours.native_rows is not None
    x, v = np.random.default_rng(5).normal(size=(2, ours.size)) * 0.3
    lost, slope = ours.at(x)
    wanted = plain.at(x)
    assert lost == pytest.approx(wanted[0], rel=1e-12)
    np.testing.assert_allclose(slope, wanted[1], rtol=1e-11, atol=1e-12)
    found = steps.leapfrog(_hill(ours), x, slope, v, 0.3, 4)
    right = steps.leapfrog(_hill(plain), x, slope, v, 0.3, 4)
    for one, other in zip(found, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_steps_turn_back(name):
    target = Target(_problem(name))
    hill, x0 = _hill(target), np.full(target.size, 0.1)
    slope0, v0 = target.at(x0)[1], np.linspace(-1, 1, target.size)
    x, _, slope, v = steps.leapfrog(hill, x0, slope0, v0, 0.2, 5)
    x, _, _, v = steps.leapfrog(hill, x, slope, -v, 0.2, 5)
    np.testing.assert_allclose(x, x0, atol=1e-10)
    np.testing.assert_allclose(-v, v0, atol=1e-10)
    assert np.abs(steps.leapfrog(hill, x, slope0, -v, 0.2, 5)[0] - x0).max() > 0.1


def test_steps_that_leave_the_reals_end():
    target = Target(_problem("poisson"))
    hill, x = _hill(target), np.zeros(target.size)
    found = steps.leapfrog(hill, x, target.at(x)[1], np.ones(target.size), 1e6, 5)
    assert not np.isfinite(found[1])


def _apart(log_density, draws):
    """Whether thinned draws differ from a density that is known up to a factor."""
    low, high = draws.min() - 2.0, draws.max() + 2.0
    grid = np.linspace(low, high, 601)
    values = np.array([log_density(t) for t in grid])
    mass = integrate.cumulative_trapezoid(np.exp(values - values.max()), grid, initial=0.0)
    return stats.kstest(draws, lambda t: np.interp(t, grid, mass / mass[-1])).pvalue


def _scale_density(given, belief):
    def value(t):
        lost = given.linear * np.exp(-t) + given.square * np.exp(-2 * t)
        return (1.0 - given.order) * t - lost + belief.log(np.exp(t))

    return value


@pytest.mark.parametrize("belief", BELIEFS)
@pytest.mark.parametrize("given", [OfScale(4.0, 2.0, 0.0), OfScale(3.0, 0.4, 1.5)])
def test_a_scale_is_drawn_from_its_density(belief, given):
    believed = positive(BELIEFS[belief], "scale")
    rng, x, kept = np.random.default_rng(6), 0.0, []
    for k in range(1800):
        x = draw_log_scale(given, believed, x, rng, 0.7)
        if k % 3 == 0:
            kept.append(x)
    draws = np.array(kept)
    assert _apart(_scale_density(given, believed), draws) > 1e-3
    wrong = given._replace(order=given.order + 1.0)
    assert _apart(_scale_density(wrong, believed), draws) < 1e-3


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("belief", [name for name in BELIEFS if name != "none"])
def test_a_factor_of_the_rows_is_drawn_from_its_density(name, belief):
    problem = _problem(name)
    target, believed = Target(problem), positive(BELIEFS[belief], "strength")
    rng = np.random.default_rng(7)
    line = Line(0.2 * rng.normal(size=40), 0.4 * rng.normal(size=40))
    old, phi, x, kept = 0.1, 1.4, 0.1, []
    for k in range(1800):
        there = line._replace(along=line.along * np.exp(x - old))
        x = target.log_factor(there, phi, believed, x, rng)
        if k % 3 == 0:
            kept.append(x)

    def density(t, slack=1.0):
        eta = line.eta + np.exp(t - old) * line.along
        return -slack * target.rows(eta)[0] / phi + t + believed.log(np.exp(t))

    assert _apart(density, np.array(kept)) > 1e-3
    assert _apart(lambda t: density(t, 4.0), np.array(kept)) < 1e-3


@pytest.mark.parametrize("name", [name for name in BELIEFS if name != "none"])
def test_a_belief_is_its_prior(name):
    believed, x = positive(BELIEFS[name], "scale"), np.array([0.01, 0.3, 1.0, 2.5, 40.0])
    ours = np.array([believed.log(one) for one in x])
    wanted = -BELIEFS[name].neg_log_density(x)
    np.testing.assert_allclose(ours - ours[0], wanted - wanted[0], rtol=1e-10)
    np.testing.assert_allclose(believed.logs(x), ours, rtol=1e-10)
    assert (believed.code is None) == (name == "other")


@pytest.mark.parametrize("belief", ["student", "other"])
@pytest.mark.parametrize("mass", [NO_SLAB, SlabMass(np.array([0.3, 2.0]), np.array([1.0, 2.0]))])
def test_a_scale_of_locals_is_drawn_from_its_density(belief, mass):
    believed, old = positive(BELIEFS[belief], "strength"), 0.2
    eta, rng, x, kept = np.array([0.3, 1.0, 9.0]), np.random.default_rng(8), old, []
    for k in range(1800):
        moved = eta * np.exp(2.0 * (x - old))
        x = draw_log_scale_of_locals(moved, believed, x, rng, 1.5, mass)
        if k % 3 == 0:
            kept.append(x)

    def density(t, power=3.0):
        cauchy = -np.log1p(eta * np.exp(2.0 * (t - old))).sum() + power * t
        return cauchy + t + believed.log(np.exp(t)) - mass.log(t)

    assert _apart(density, np.array(kept)) > 1e-3
    assert _apart(lambda t: density(t, 1.0), np.array(kept)) < 1e-3


@pytest.mark.parametrize("z", [0.0, 0.4, 2.5, 3.5, 12.0, 300.0])
@pytest.mark.parametrize("count", [1, 3])
def test_polya_gamma_numbers_have_their_transform(z, count):
    """E exp(-s w) = (cosh(z / 2) / cosh(sqrt(z^2 / 4 + s / 2)))^count."""
    omega, n = np.empty(40_000), 40_000
    draw_polya_gamma(np.full(n, float(count)), np.full(n, z), 9, omega)

    def away(s, power=count):
        wanted = power * _log_ratio(0.5 * z, np.sqrt(0.25 * z * z + 0.5 * s))
        found = np.exp(-s * omega)
        return abs(found.mean() - np.exp(wanted)) / (found.std() / np.sqrt(n))

    assert max(map(away, (0.5, 3.0, 20.0))) < 4.5
    assert away(3.0, count + 0.1) > 4.5


def _log_ratio(a, b):
    """log(cosh a / cosh b)."""
    return np.logaddexp(a, -a) - np.logaddexp(b, -b)


def test_a_horseshoe_sweep_leaves_its_density():
    """One weight with its scale: b and log r are those of the joint density on a plane."""
    gram, along, scale, still = np.array([[1.7]]), np.array([2.1]), np.array([0.6]), np.array([0.4])
    b, precision, kept = np.zeros(1), np.ones(1), []
    for k in range(20_000):
        horseshoe_sweep(np.asfortranarray(gram), along, scale, still, k * 7919 + 1, b, precision)
        kept.append((b[0], -0.5 * np.log(precision[0])))
    values, log_r = np.linspace(-3, 5, 1601), np.linspace(-9, 9, 1201)
    wide = (scale[0] * np.exp(log_r)) ** 2

    def means(slack):
        logs = log_r - np.log1p(np.exp(2 * log_r)) - 0.5 * np.log(wide)
        logs = logs[:, None] + along[0] * values - 0.5 * values**2 * (1.7 + slack)
        w = np.exp(logs - 0.5 * values**2 / wide[:, None])
        inside = np.clip(log_r, -3.0, 3.0)
        return np.array([(w @ values).sum(), w.sum(axis=1) @ inside]) / w.sum()

    found = np.array(kept)
    found[:, 1] = np.clip(found[:, 1], -3.0, 3.0)
    error = 3.0 * found.std(axis=0) / np.sqrt(len(found))
    assert np.all(np.abs(found.mean(axis=0) - means(0.4)) < 4.5 * error)
    assert np.any(np.abs(found.mean(axis=0) - means(0.0)) > 4.5 * error)


@pytest.mark.parametrize("start", [1e308, -1e308, 5e3])
def test_a_start_where_nothing_is_possible_ends(start):
    """Densities that are no number, or 0 far out, give an answer and no endless search."""
    given = OfScale(4.0, 2.0, 0.0)
    believed = positive(BELIEFS["student"], "scale")
    rng = np.random.default_rng(1)
    assert np.isfinite(draw_log_scale(given, believed, start, rng, 0.7))


def test_a_sweep_from_lost_scales_ends():
    gram, b, precision = np.asfortranarray(np.eye(2)), np.zeros(2), np.array([0.0, np.inf])
    horseshoe_sweep(gram, np.ones(2), np.ones(2), np.zeros(2), 3, b, precision)
    assert b.shape == (2,)


@pytest.mark.parametrize(("weight", "pairs"), [(2.0, True), (101.0, False), (0.5, False)])
def test_rows_with_whole_weights_have_pairs(weight, pairs):
    """Repeats are Polya-Gamma numbers, few of them; else Hamiltonian steps alone."""
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(30, 2)), rng.integers(0, 2, 30).astype(float)
    problem = pf.Problem.make(
        X, y, prior=pf.Horseshoe(0.5), likelihood=pf.Bernoulli(), weights=np.full(30, weight)
    )
    name = model_of(problem, "default", "held").sampler.name
    assert ("with their scales" in name) == pairs
