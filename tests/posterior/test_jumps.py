"""A spike and slab with any likelihood: reversible jumps leave the posterior as it is."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from priorfit.posterior.diagnostics import ess_mean
from priorfit.posterior.model import model_of
from priorfit.posterior.run import Chain, run
from priorfit.posterior.samplers.jumps import Jumps
from priorfit.posterior.samplers.positive import positive
from priorfit.posterior.samplers.toggles import Toggles
from priorfit.posterior.spiked import jumps_of

pytestmark = pytest.mark.filterwarnings("ignore::priorfit.ConvergenceWarning")


class _NoWidth(Toggles):
    """Forgets how wide the curve is that a value is drawn from."""

    def _gain(self, out, there, j, t, bump, phi):
        return super()._gain(out, there, j, t, bump, phi) - np.log(bump.sd)


class _Swaps(Toggles):
    """Swaps alone: the number of weights that are in stays."""

    def toggled(self, place, j, odds, phi, rng):
        return place


class _OneWay(_Swaps):
    """Forgets that the way back chooses from other weights."""

    def _way(self, total, j, then):
        return 0.0


def _with(sampler, kind):
    return replace(sampler, toggles=kind(sampler.toggles.columns, sampler.toggles.slabs))


def _distance(values, expected):
    """Of the means of draws (1, draws, k) from what they should be, in standard errors."""
    error = values.std(axis=(0, 1)) / np.sqrt(ess_mean(values))
    return np.abs(values.mean(axis=(0, 1)) - expected) / error


# -- enumeration with quadrature -----------------------------------------------------------------

_X = np.random.default_rng(2).normal(size=(9, 2)) @ [[1.0, 0.7], [0.0, 0.7]] + [1.5, -0.5]
_ZEROS_ONES = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0])
_COUNTS = np.array([0.0, 2.0, 1.0, 5.0, 1.0, 0.0, 3.0, 1.0, 2.0])
_SHARE, _SCALE = 0.4, np.array([0.9, 1.4])
_SPIKE = pf.SpikeSlab.from_inclusion(_SHARE, scale=_SCALE)
#: name -> likelihood, response, log p(y | eta) up to a constant
SHAPES = {
    "bernoulli": (pf.Bernoulli(), _ZEROS_ONES),
    "poisson": (pf.Poisson(), _COUNTS),
    "ordinal": (pf.Ordinal(), _ZEROS_ONES),
    "multinomial": (pf.Multinomial(reference=0), _ZEROS_ONES),
}


@cache
def _by_quadrature(counts):
    """P(in) and E b of both weights, beside a flat intercept: every set, all values on a grid."""
    a, b = np.linspace(-9, 9, 73), np.linspace(-4.5, 4.5, 73)
    y = _COUNTS if counts else _ZEROS_ONES
    total, inside, mean = 0.0, np.zeros(2), np.zeros(2)
    for s in product((False, True), repeat=2):
        grids = [b if one else np.zeros(1) for one in s]
        level, one, two = np.meshgrid(a, *grids, indexing="ij")
        logs = np.zeros(level.shape)
        for x, response in zip(_X, y, strict=True):
            eta = level + x[0] * one + x[1] * two
            logs += response * eta - (np.exp(eta) if counts else np.logaddexp(0.0, eta))
        for t, scale, there in zip((one, two), _SCALE, s, strict=True):
            slab = (
                -0.5 * (t / scale) ** 2 - np.log(scale * np.sqrt(2 * np.pi)) + np.log(b[1] - b[0])
            )
            logs += slab + np.log(_SHARE) if there else np.log1p(-_SHARE)
        w = np.exp(logs)
        total += w.sum()
        inside += w.sum() * np.array(s)
        mean += [(w * one).sum(), (w * two).sum()]
    return inside / total, mean / total


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, Toggles) for name in SHAPES), ("poisson", _NoWidth)]
)
def test_enumeration(name, kind):
    """P(b != 0 | y) and E(b | y) are those of quadrature over every set, with an intercept and
    columns that are not centred; a wrong ratio is told."""
    likelihood, y = SHAPES[name]
    problem = pf.Problem.make(_X, y, prior=_SPIKE, likelihood=likelihood)
    sampler = model_of(problem, "default", "held").sampler
    assert isinstance(sampler, Jumps)
    found = run(_with(sampler, kind), 1000, 1, 5).draws
    q = problem.outputs or 1
    own = np.arange(2) * q + (q - 1)  # of two classes the second has weights
    inside, mean = _by_quadrature(name == "poisson")
    far = _distance(found["included"][:, :, own].astype(float), inside)
    off = _distance(found["coef"][:, :, own], mean)
    assert (np.all(far < 4.5) and np.all(off < 4.5)) == (kind is Toggles)


# -- other samplers ------------------------------------------------------------------------------


def _gaussian(noise=0.7):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(14, 5)) + np.array([0.0, 0.0, 3.0, 0.0, 0.0])
    X[:, 1] = X[:, 0] + 0.1 * rng.normal(size=14)
    y = X @ [0.5, 0.0, 0.0, 0.0, 0.4] + 0.7 * rng.normal(size=14)
    loc = np.array([0.0, 0.0, 0.3, 0.0, 0.1])
    prior = pf.SpikeSlab.from_inclusion(0.3, scale=np.geomspace(0.8, 2.0, 5), loc=loc)
    return pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(noise=noise))


@pytest.mark.parametrize("kind", [Toggles, _NoWidth])
def test_equals_the_exact_sampler(kind):
    """Known gaussian noise: sets have the probabilities of their marginal likelihoods, weights
    their means, also where columns are alike; a wrong ratio is told."""
    problem = _gaussian()
    exact = model_of(problem, "default", "held").sampler
    sets, chance = exact.probabilities()
    found = run(_with(jumps_of(problem, 0.7, False), kind), 1200, 1, 3).draws
    far = _distance(found["included"].astype(float), chance @ sets)
    assert np.all(far < 4.5) == (kind is Toggles)
    if kind is Toggles:
        other = run(exact, 20_000, 1, 1).draws
        away = np.abs(found["coef"].mean(axis=(0, 1)) - other["coef"].mean(axis=(0, 1)))
        spread = other["coef"].std(axis=(0, 1))
        assert np.all(away < 4.5 * spread / np.sqrt(ess_mean(found["coef"])) + 0.02 * spread)
        still = ~found["included"]
        assert np.all(
            found["coef"][still] == np.broadcast_to(problem.prior.loc, still.shape)[still]
        )


@pytest.mark.parametrize("kind", [_Swaps, _OneWay])
def test_swaps(kind):
    """Swaps alone leave the sets of one size with the probabilities that they have among these."""
    problem = _gaussian(2.0)
    sets, chance = model_of(problem, "default", "held").sampler.probabilities()
    sampler, rng = _with(jumps_of(problem, 2.0, False), kind), np.random.default_rng(4)
    state = sampler.init(rng)
    state = state._replace(place=sampler.place(np.arange(5) < 2, state.place.x))
    found = run(sampler, 1500, 1, 4, begin=(Chain(state, rng),)).draws["included"]
    assert np.all(found.sum(axis=2) == 2)
    chance = chance * (sets.sum(axis=1) == 2)
    far = _distance(found.astype(float), chance @ sets / chance.sum())
    assert np.all(far < 4.5) == (kind is _Swaps)


# -- everything from the prior -------------------------------------------------------------------


_JOINT = pf.SpikeSlab.from_inclusion(0.3, scale=np.array([0.6, 1.0, 1.4]))


def _statistics(rate, inside, b, sigma):
    """Of k states, (k, 9)."""
    pair, tail = np.tanh(b[:, 0] * b[:, 1]), np.tanh(sigma * np.abs(b[:, 2]))
    return np.column_stack([rate, inside, np.tanh(b), pair, sigma, tail])


def _believed(size, unknown, rng):
    """Statistics of draws from the prior of everything."""
    rate = rng.random(size)
    inside = rng.random((size, 3)) < rate[:, None]
    b = inside * _JOINT.scale * rng.normal(size=(size, 3))
    sigma = 0.8 * np.abs(rng.normal(size=size)) if unknown else np.ones(size)
    return _statistics(rate, inside, b, sigma)


def _joint(kind, sweeps, likelihood):
    """Draw y and the rest in turn: everything else keeps its prior (Geweke 2004)."""
    rng = np.random.default_rng(5)
    X, unknown = rng.normal(size=(6, 3)), likelihood.known_dispersion is None
    y = likelihood.draw(np.zeros(6), 1.0, rng)
    problem = pf.Problem.make(X, y, prior=_JOINT, likelihood=likelihood, intercept=False)
    noise = positive(pf.HalfNormal(0.8), "noise") if unknown else 1.0
    start = _with(jumps_of(problem, noise, True), kind)
    columns, state, found = start.toggles.columns, start.init(rng), []
    for _ in range(sweeps):
        b, phi = state.place.x, np.exp(state.log_phi)
        rows = replace(problem, y=likelihood.draw(X @ b, phi, rng))
        other = replace(columns, target=replace(columns.target, problem=rows))
        sampler = replace(start, toggles=replace(start.toggles, columns=other))
        state = state._replace(place=sampler.place(state.place.inside, b))
        state = sampler.step(state, rng)
        b, sigma = state.place.x[None], np.array([np.exp(0.5 * state.log_phi)])
        found.append(_statistics(state.rate, state.place.inside[None], b, sigma)[0])
    chain, plain = np.array(found), _believed(40_000, unknown, rng)
    moving = chain.std(axis=0) > 0  # a known noise does not
    chain, plain = chain[:, moving], plain[:, moving]
    error = np.sqrt(chain.var(axis=0) / ess_mean(chain[None]) + plain.var(axis=0) / len(plain))
    return np.abs(chain.mean(axis=0) - plain.mean(axis=0)) / error


@pytest.mark.parametrize("likelihood", [pf.Bernoulli(), pf.Gaussian()])
def test_joint_distribution(likelihood):
    """Drawing y and the rest in turn leaves the prior of everything, the common probability and an
    unknown noise among it."""
    assert np.all(_joint(Toggles, 1500, likelihood) < 4.5)


@pytest.mark.parametrize("likelihood", [pf.Bernoulli(), pf.Gaussian()])
def test_joint_distribution_rejects(likelihood):
    """The law is broken by a wrong Hastings ratio."""
    assert np.any(_joint(_NoWidth, 1500, likelihood) > 4.5)


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", [pf.Bernoulli(), pf.Gaussian(), pf.NegativeBinomial(2.0)])
def test_joint_distribution_long(likelihood):
    """The same with twenty times the draws."""
    assert np.all(_joint(Toggles, 30_000, likelihood) < 4.5)


# -- parts, storage, what is asked ---------------------------------------------------------------


def _parts(likelihood, y, other):
    prior = {"x0": pf.SpikeSlab.from_inclusion(0.4, scale=0.9, loc=0.2), "*": other}
    return pf.Problem.make(_X, y, prior=prior, likelihood=likelihood, intercept=False)


@pytest.mark.parametrize("other", [pf.Laplace(0.3, loc=0.1), pf.Normal(0.4)])
def test_a_spike_for_a_part(other):
    """One column with a spike, one with another belief: P(in) and means are those of quadrature."""
    problem = _parts(pf.Bernoulli(), _ZEROS_ONES, other)
    b = np.linspace(-6, 6, 481) + 1e-7
    total, inside, mean = 0.0, 0.0, np.zeros(2)
    for there in (False, True):
        t = b if there else np.zeros(1)
        one, two = np.meshgrid(0.2 + t, b, indexing="ij")
        logs = -other.neg_log_density(two) + np.log(0.4 if there else 0.6)
        if there:
            logs += -0.5 * (t[:, None] / 0.9) ** 2 - np.log(
                0.9 * np.sqrt(2 * np.pi) / (b[1] - b[0])
            )
        for x, response in zip(_X, _ZEROS_ONES, strict=True):
            eta = x[0] * one + x[1] * two
            logs += response * eta - np.logaddexp(0.0, eta)
        w = np.exp(logs)
        total, inside = total + w.sum(), inside + there * w.sum()
        mean += [(w * one).sum(), (w * two).sum()]
    found = pf.sample(problem, draws=2000, chains=1, seed=2)
    assert np.all(found.draws["included"][:, :, 1])
    assert _distance(found.draws["included"][:, :, :1].astype(float), inside / total) < 4.5
    assert np.all(_distance(found.coef, mean / total) < 4.5)
    # a belief of another width is not taken for it
    wide = pf.sample(_parts(pf.Bernoulli(), _ZEROS_ONES, other.widened(4.0)), draws=2000, chains=1)
    assert np.any(_distance(wide.coef, mean / total) > 4.5)


def _many(likelihood, y, X):
    prior = pf.SpikeSlab.from_inclusion(0.3, scale=1.0)
    return pf.Problem.make(X, y, prior=prior, likelihood=likelihood)


@pytest.mark.parametrize("name", ["poisson", "ordinal", "multinomial"])
def test_storage_and_threads_change_nothing(name, monkeypatch):
    """Sparse columns give the draws of dense ones, threads and pieces the same bits."""
    monkeypatch.setattr(Jumps, "warmup", 10)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6)) * (rng.random((40, 6)) < 0.4)
    y = np.minimum(rng.poisson(np.exp(X[:, 0])), 2).astype(float)
    problem = _many(SHAPES[name][0], y, X)
    one = pf.sample(problem, draws=30, chains=2)
    other = pf.sample(problem, draws=30, chains=2, threads=2)
    pieces = pf.sample(problem, draws=10, chains=2).extend(20)
    thin = pf.sample(_many(SHAPES[name][0], y, sparse.csc_array(X)), draws=30, chains=2)
    for key, values in one.draws.items():
        assert np.array_equal(values, other.draws[key])
        assert np.array_equal(values, pieces.draws[key])
        assert np.allclose(values, thin.draws[key], atol=1e-6)
    assert one.draws["included"].shape == one.coef.shape
    assert np.all((one.coef != 0) == one.draws["included"])
    assert one.inclusion.shape == one.mean.shape


def test_many_columns(monkeypatch):
    """More columns than rows: those with an effect are in, most others are out, and the unknown
    probability of being in is small."""
    monkeypatch.setattr(Jumps, "warmup", 120)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 120))
    y = rng.poisson(np.exp(0.3 + 0.9 * X[:, 3] - 0.8 * X[:, 7])).astype(float)
    found = pf.sample(_many(pf.Poisson(), y, X), draws=60, chains=2, strength="sampled")
    assert np.all(found.inclusion[[3, 7]] > 0.95)
    assert np.median(found.inclusion) < 0.2
    assert found.draws["inclusion_rate"].mean() < 0.15
    assert np.all(np.isfinite(found.log_likelihood()))


def test_refused():
    """Kinks, flat slabs, bounds beside a spike and two kinds of strength are refused in words."""
    y = _COUNTS
    for problem, word in (
        (_many(pf.Quantile(0.5, scale=1.0), y, _X), "smooth likelihood"),
        (pf.Problem.make(_X, y, prior=pf.SpikeSlab(2.0), likelihood=pf.Poisson()), "proper prior"),
        (_parts(pf.Poisson(), y, pf.HalfNormal(1.0)), "mixtures of normals"),
        (_parts(pf.Gaussian(scale_by_noise=True), y, pf.Normal(1.0)), "units of the weights"),
    ):
        with pytest.raises(pf.InputError, match=word):
            pf.sample(problem)
    with pytest.raises(pf.InputError, match="that of all columns"):
        pf.sample(_parts(pf.Poisson(), y, pf.Normal(1.0)), strength="sampled")
