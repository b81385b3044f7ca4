"""Every sampler leaves the posterior it claims to draw from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import priorfit as pf
from priorfit.posterior.diagnostics import ess_mean
from priorfit.posterior.model import model_of
from priorfit.posterior.run import run
from priorfit.posterior.samplers.gibbs import GaussianGibbs
from priorfit.posterior.samplers.hamiltonian import Hamiltonian
from priorfit.posterior.samplers.mixing import mixing_of
from priorfit.posterior.samplers.normal import NormalPosterior
from priorfit.posterior.samplers.rows import rows_of
from priorfit.posterior.samplers.target import Target
from priorfit.priors import log_slab_mass

pytestmark = pytest.mark.filterwarnings("ignore::priorfit.ConvergenceWarning")

#: name -> prior of p weights that is a mixture of normals
MIXED = {
    "normal": lambda p: pf.Normal(0.7, loc=0.2),
    "laplace": lambda p: pf.Laplace(0.5, loc=np.linspace(-0.2, 0.3, p)),
    "laplace per column": lambda p: pf.Laplace(np.geomspace(0.2, 1.0, p)),
    "elastic net": lambda p: pf.ElasticNet(0.4, 0.9),
    "group": lambda p: pf.GroupLaplace(np.arange(p) // 2, 0.4),
    "sparse group": lambda p: pf.SparseGroupLaplace(np.arange(p) // 2, 0.5, 0.6),
    "student": lambda p: pf.StudentPrior(4.0, 0.5),
    "log-laplace": lambda p: pf.LogLaplace(0.4, 3.0),
    "horseshoe": lambda p: pf.Horseshoe(0.3),
    "by column": lambda p: pf.ByColumn(
        {"some": pf.Laplace(0.5), "*": pf.StudentPrior(4.0, 0.5)},
        [np.arange(0, p, 2), np.arange(1, p, 2)],
    ),
}


def _z(values, expected):
    """Distance of a chain's mean from what it should be, in its own standard errors."""
    x = np.asarray(values)[None, :]
    return abs(x.mean() - expected) / (x.std() / np.sqrt(float(ess_mean(x))))


def _by_quadrature(problem, prior):
    """Mean and variance of one weight, from its density on a fine grid."""
    b = np.linspace(-6, 6, 120_001) + 1e-7
    eta = problem.design.matvec(b[None, :])
    lost = problem.likelihood.total(problem.y, eta, problem.weights)
    logs = -lost / (problem.likelihood.known_dispersion or 1.0) - prior.neg_log_density(b)
    w = np.exp(logs - logs.max())
    mean = float(w @ b / w.sum())
    return mean, float(w @ (b - mean) ** 2 / w.sum())


ONE = {
    "normal": pf.Normal(0.7, loc=0.2),
    "laplace": pf.Laplace(0.5, loc=-0.3),
    "elastic net": pf.ElasticNet(0.4, 0.9),
    "student": pf.StudentPrior(3.0, 0.5),
    "log-laplace": pf.LogLaplace(0.4, 1.5),
    "horseshoe": pf.Horseshoe(0.4),
    "regularized horseshoe": pf.Horseshoe(0.8, slab=0.5),
}
ROWS = {
    "gaussian": (pf.Gaussian(noise=0.8), np.array([0.4, 1.1, -0.2])),
    "bernoulli": (pf.Bernoulli(), np.array([1.0, 0.0, 1.0])),
    "poisson": (pf.Poisson(), np.array([2.0, 3.0, 0.0])),
    "student": (pf.StudentT(4.0, scale=0.7), np.array([0.4, 1.1, -0.2])),
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", ONE)
def test_one_weight(name, row):
    """E(b | y) and Var(b | y) are those of the density on a line."""
    likelihood, y = ROWS[row]
    problem = pf.Problem.make(
        [[0.8], [1.3], [-0.5]], y, prior=ONE[name], likelihood=likelihood, intercept=False
    )
    posterior = pf.sample(problem, draws=3000, chains=2, seed=3)
    mean, variance = _by_quadrature(problem, ONE[name])
    x = posterior.coef[:, :, 0]
    error = np.sqrt(variance / float(ess_mean(x)))
    assert abs(x.mean() - mean) < 4.5 * error
    assert abs(x.var() / variance - 1.0) < 0.3
    # a belief with a wrong scale is not taken for it
    other, spread = _by_quadrature(problem, ONE[name].widened(6.0))
    assert abs(other - mean) > 4.5 * error or abs(spread / variance - 1.0) > 0.3


@pytest.mark.parametrize("row", ["gaussian", "bernoulli"])
def test_a_slab_with_an_unknown_strength(row):
    """The strength widens the horseshoe and not its slab: b and log kappa are those of the density
    on a plane, its mass of b at each kappa included."""
    likelihood, y = ROWS[row]
    prior = pf.Horseshoe(0.5, slab=0.6)
    problem = pf.Problem.make(
        [[0.8], [1.3], [-0.5]], y, prior=prior, likelihood=likelihood, intercept=False
    )
    posterior = pf.sample(problem, draws=2500, chains=2, seed=3, strength=pf.HalfNormal(1.5))
    size, k = np.exp(np.linspace(-30, 2, 1500)), np.linspace(-9, 2.5, 400)
    b = np.r_[-size, size]  # the pole needs steps of log |b|
    eta = problem.design.matvec(b[None, :])
    phi = likelihood.known_dispersion or 1.0
    lost = likelihood.total(problem.y, eta, problem.weights) / phi

    masses = np.array([log_slab_mass(float(a)) for a in np.exp(k) * 0.5 / 0.6])

    def mean(slack):
        logs = np.array([-prior.widened(np.exp(t)).neg_log_density(b) - lost for t in k])
        logs += (-0.5 * (np.exp(k) / 1.5) ** 2 + k + slack * masses)[:, None]
        w = np.exp(logs - logs.max()) * np.abs(b)
        return np.array([(w @ b).sum(), w.sum(axis=1) @ k]) / w.sum()

    found = np.stack([posterior.coef[:, :, 0], np.log(posterior.draws["scale"])])
    error = found.std(axis=(1, 2)) / np.sqrt([float(ess_mean(one)) for one in found])
    away = np.abs(found.mean(axis=(1, 2)) - mean(0.0)) / error
    assert np.all(away < 4.5)
    assert np.any(np.abs(found.mean(axis=(1, 2)) - mean(4.0)) / error > 4.5)


def _drawn(model_prior, X, rng):
    """A state of everything from the prior: kappa, sigma, b, y."""
    kappa, sigma = abs(rng.normal()) * 0.8 + 1e-6, abs(rng.normal()) * 0.6 + 1e-6
    b = model_prior.widened(kappa).sample(X.shape[1], seed=rng)
    return kappa, sigma, b, X @ b + sigma * rng.normal(size=len(X))


def _statistics(prior, kappa, sigma, b):
    size = np.log1p(b @ b)
    if prior.word == "horseshoe":  # so far out in its tails the alternating chain creeps
        size = np.tanh(0.5 * size)
    return [np.log(kappa), np.log(sigma), np.tanh(b[0]), np.tanh(b[-1] * b[-2]), size]


def _successive(prior, X, wide, rng, sweeps, kind=GaussianGibbs):
    """Alternate y | all and all | y: the marginal of everything is the prior (Geweke 2004)."""
    noise, strength = pf.HalfNormal(0.6), pf.HalfNormal(0.8)
    kappa, sigma, b, y = _drawn(prior, X, rng)
    problem = pf.Problem.make(X, y, prior=prior, intercept=False)
    loc = np.broadcast_to(np.asarray(prior.loc, dtype=float), X.shape[1])
    mixing = mixing_of(problem.belief, X.shape[1])
    model = model_of(problem, noise, strength)
    found, state = [], None
    for _ in range(sweeps):
        problem = replace(problem, y=y)
        rows = rows_of(problem, loc, mixing.flat)
        sampler = kind(rows, mixing, model.beliefs.noise, model.beliefs.strength, False, wide)
        if state is None:
            state = sampler.init(rng)
            state = state._replace(t=b - loc, log_sigma=np.log(sigma), log_kappa=np.log(kappa))
        state = sampler.step(state, rng)
        b, sigma = state.t + loc, np.exp(state.log_sigma)
        y = X @ b + sigma * rng.normal(size=len(X))
        found.append(_statistics(prior, np.exp(state.log_kappa), sigma, b))
    return np.array(found)


def _expected(prior, X, rng):
    out = []
    for _ in range(4000):
        kappa, sigma, b, _ = _drawn(prior, X, rng)
        out.append(_statistics(prior, kappa, sigma, b))
    return np.array(out)


#: the two-block sweep creeps over the poles of the horseshoe: it is not used there
BLOCKS = [(n, wide) for n in MIXED for wide in (False, True) if wide or n != "horseshoe"]


def _distances(name, wide, sweeps, kind=GaussianGibbs):
    """Between the chain that draws y and the rest in turn, and the prior, in standard errors."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(5, 4))
    prior = MIXED[name](4)
    chain = _successive(prior, X, wide, rng, sweeps, kind)
    plain = _expected(prior, X, rng)
    size = ess_mean(chain[None])
    error = np.sqrt(chain.var(axis=0) / size + plain.var(axis=0) / len(plain))
    return np.abs(chain.mean(axis=0) - plain.mean(axis=0)) / error


@pytest.mark.parametrize(("name", "wide"), BLOCKS)
def test_gibbs_joint_distribution(name, wide):
    """Drawing y and the rest in turn leaves the prior of everything (Geweke 2004)."""
    assert np.all(_distances(name, wide, 1000) < 4.5)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "wide"), BLOCKS)
def test_gibbs_joint_distribution_long(name, wide):
    """The same with twenty times the draws."""
    assert np.all(_distances(name, wide, 20_000) < 4.5)


class _NoMeasure(GaussianGibbs):
    """Forgets that the strength is drawn by its logarithm."""

    def _strength(self, state, rng):
        return super()._strength(state, rng) - 0.15


class _OneFree(GaussianGibbs):
    """Counts a degree of freedom too many."""

    def _noise_of(self, state, lost, rng):
        more = replace(self, rows=replace(self.rows, count=self.rows.count + 1.5))
        return GaussianGibbs._noise_of(more, state, lost, rng)


@pytest.mark.parametrize("mutant", [_NoMeasure, _OneFree])
def test_joint_distribution_rejects(mutant):
    """The law is broken by a wrong measure and by a wrong count."""
    assert np.any(_distances("laplace", False, 3000, mutant) > 4.5)


@pytest.mark.parametrize("name", ["sblrc-blr", "sblri-blr"])
@pytest.mark.parametrize("how", ["exact", "two blocks", "collapsed"])
def test_reference_posteriors(name, how):
    """Means and standard deviations are those of long, checked reference runs."""
    path = Path(__file__).parent / "data" / f"{name}.json"
    stored = json.loads(path.read_text())
    problem = pf.Problem.make(
        stored["data"]["X"], stored["data"]["y"], prior=pf.Normal(10.0), intercept=False
    )
    model = model_of(problem, pf.HalfNormal(10.0), "held")
    assert isinstance(model.sampler, NormalPosterior)
    sampler = model.sampler
    if how != "exact":
        mixing = mixing_of(problem.prior, 5)
        sampler = GaussianGibbs(sampler.rows, mixing, sampler.noise, 1.0, wide=how == "collapsed")
    found = run(sampler, 2500, 2, 1).draws
    every = np.concatenate([found["coef"], found["noise"][:, :, None]], axis=2)
    mean, sd = np.array(stored["mean"]), np.array(stored["sd"])
    error = 1.0 / np.sqrt(ess_mean(every)) + 1.0 / np.sqrt(10_000)
    assert np.all(np.abs(every.mean(axis=(0, 1)) - mean) < 4.0 * error * sd)
    assert np.allclose(every.std(axis=(0, 1)) / sd, 1.0, atol=0.08)


@pytest.mark.parametrize("shape", [(30, 4), (6, 9)])
@pytest.mark.parametrize("by_noise", [False, True])
def test_exact_equals_gibbs(shape, by_noise):
    """Independent draws and a Markov chain agree, p < n and p > n, weights and offset included."""
    rng = np.random.default_rng(2)
    X, b = rng.normal(size=shape), rng.normal(size=shape[1])
    y, w = X @ b + 0.5 * rng.normal(size=shape[0]), rng.uniform(0.5, 2.0, shape[0])
    w = w if shape[0] > shape[1] else w / w.mean()  # more repeats could be fitted exactly
    problem = pf.Problem.make(
        X, y, prior=pf.Normal(0.7, loc=0.1), weights=w, offset=X[:, 0],
        likelihood=pf.Gaussian(scale_by_noise=by_noise),
    )  # fmt: skip
    model = model_of(problem, pf.HalfNormal(1.0), pf.HalfNormal(1.0))
    exact = model.sampler
    mixing = mixing_of(problem.prior, shape[1])
    gibbs = GaussianGibbs(
        exact.rows, mixing, exact.noise, exact.strength, by_noise, wide=shape[0] < shape[1]
    )
    one, other = run(exact, 6000, 1, 1).draws, run(gibbs, 1500, 2, 1).draws
    for name in ("noise", "scale", "intercept"):
        a, c = np.log(np.abs(one[name])), np.log(np.abs(other[name]))
        if name == "intercept":
            a, c = one[name], other[name]
        error = np.hypot(a.std() / np.sqrt(6000), c.std() / np.sqrt(float(ess_mean(c))))
        assert abs(a.mean() - c.mean()) < 4.5 * error, name
    error = one["coef"].std(axis=(0, 1)) * np.sqrt(1 / 6000 + 1 / ess_mean(other["coef"]))
    away = np.abs(one["coef"].mean(axis=(0, 1)) - other["coef"].mean(axis=(0, 1)))
    assert np.all(away < 4.5 * error)


@pytest.mark.parametrize(
    "prior", [pf.Normal(0.7), pf.Laplace(0.4), pf.GroupLaplace([0, 0, 1], 0.4)]
)
def test_hamiltonian_equals_gibbs(prior):
    """Two samplers of one gaussian posterior, its strength and noise unknown, agree."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(25, 3))
    problem = pf.Problem.make(X, X @ [1.0, 0.0, -0.4] + 0.4 * rng.normal(size=25), prior=prior)
    noise, strength = pf.HalfNormal(1.0), pf.HalfNormal(2.0)
    first = pf.sample(problem, noise=noise, strength=strength, draws=1500, chains=2)
    target = Target(problem)
    middle = target.middle()
    model = model_of(problem, noise, strength)
    chain = Hamiltonian(
        target, mixing_of(problem.prior, 3), np.zeros(3), middle, target.hessian(middle),
        model.beliefs.noise, model.beliefs.strength,
    )  # fmt: skip
    second = run(chain, 1500, 2, 1).draws
    pairs = [(np.log(first.draws[k]), np.log(second[k])) for k in ("noise", "scale")]
    pairs += [(first.coef[:, :, j], second["coef"][:, :, j]) for j in range(3)]
    for one, other in pairs:
        error = one.std() * np.sqrt(1 / float(ess_mean(one)) + 1 / float(ess_mean(other)))
        assert abs(one.mean() - other.mean()) < 4.5 * error
        assert abs(np.log(one.std() / other.std())) < 0.15


def test_threads_and_pieces_change_no_bit():
    """The same seed is the same numbers: for any threads, in one run or in two."""
    X = np.random.default_rng(0).normal(size=(40, 3))
    problem = pf.Problem.make(X, X[:, 0] + 0.1 * X[:, 1] ** 2, prior=pf.Laplace(0.3))
    one = pf.sample(problem, draws=60, strength="sampled", seed=7)
    other = pf.sample(problem, draws=60, strength="sampled", seed=7, threads=3)
    pieces = pf.sample(problem, draws=25, strength="sampled", seed=7).extend(35)
    for name, values in one.draws.items():
        assert np.array_equal(values, other.draws[name])
        assert np.array_equal(values, pieces.draws[name])
    assert not np.array_equal(one.coef, pf.sample(problem, draws=60, seed=8).coef)


def test_interrupt_keeps_what_there_is():
    """Ctrl-C ends all chains at one draw, and `extend` goes on from there."""
    X = np.random.default_rng(0).normal(size=(40, 3))
    problem = pf.Problem.make(X, X[:, 0] + X[:, 1] ** 2, prior=pf.Laplace(0.3))

    def stop(done, total):
        if done > 0.6 * total and not stopped:
            stopped.append(done)
            raise KeyboardInterrupt

    stopped = []
    with pytest.warns(pf.PriorfitWarning, match="interrupted"):
        found = pf.sample(problem, draws=20_000, chains=2, progress=stop)
    length = found.coef.shape[1]
    assert 0 < length < 20_000
    assert found.extend(10).coef.shape[1] == length + 10
