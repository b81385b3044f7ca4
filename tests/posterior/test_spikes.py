"""A spike and slab: sets of weights have the probabilities that enumeration gives."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import multivariate_normal

import priorfit as pf
from priorfit.posterior.diagnostics import ess_mean
from priorfit.posterior.model import model_of
from priorfit.posterior.run import run
from priorfit.posterior.samplers.spikes import Spikes, SpikesEnumerated

pytestmark = pytest.mark.filterwarnings("ignore::priorfit.ConvergenceWarning")


def _problem(noise=0.7, n=14, p=5):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, p))
    X[:, 1] = X[:, 0] + 0.3 * rng.normal(size=n)
    y = X @ np.r_[0.8, np.zeros(p - 2), 0.4] + 0.7 * rng.normal(size=n)
    prior = pf.SpikeSlab.from_inclusion(0.3, scale=np.geomspace(0.8, 2.0, p))
    return pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(noise=noise), intercept=False)


def _inclusions(problem, noise):
    """P(b_j != 0 | y) by the densities of y under every set of weights."""
    X, p = problem.design.matvec(np.eye(problem.design.shape[1])), problem.design.shape[1]
    share, scale = problem.prior.inclusion, np.asarray(problem.prior.scale)
    sets = np.array(list(product((0.0, 1.0), repeat=p)))
    logs = []
    for s in sets:
        cov = noise**2 * np.eye(len(X)) + (X * (s * scale**2)) @ X.T
        believed = s @ np.log(share) + (1 - s) @ np.log1p(-share)
        logs.append(multivariate_normal.logpdf(problem.y, cov=cov) + believed)
    w = np.exp(np.array(logs) - max(logs))
    return w @ sets / w.sum()


def test_enumeration_is_exact():
    """The exact sampler's sets have the probabilities of the marginal likelihoods."""
    problem = _problem()
    sampler = model_of(problem, "default", "held").sampler
    assert isinstance(sampler, SpikesEnumerated)
    sets, chance = sampler.probabilities()
    assert np.allclose(chance @ sets, _inclusions(problem, 0.7), atol=1e-10)
    posterior = pf.sample(problem, draws=4000, chains=1)
    assert np.allclose(posterior.inclusion, chance @ sets, atol=0.035)
    assert np.allclose(posterior.prob_zero, 1.0 - posterior.inclusion)
    assert np.all(posterior.prob_zero > 0)


class _HalfOdds(Spikes):
    """Counts half of the prior odds."""

    def _flipped(self, inside, fit, j, odds, sigma, rng):
        return super()._flipped(inside, fit, j, 0.5 * odds, sigma, rng)


@pytest.mark.parametrize("kind", [Spikes, _HalfOdds])
def test_chain_equals_enumeration(kind):
    """Moves of one weight and swaps leave the posterior as it is; a wrong ratio does not."""
    problem = _problem()
    exact = model_of(problem, "default", "held").sampler
    chain = kind(exact.supports, exact.inclusion, exact.noise)
    inside = run(chain, 4000, 1, 3).draws["included"].astype(float)
    error = inside.std(axis=(0, 1)) / np.sqrt(ess_mean(inside))
    away = np.abs(inside.mean(axis=(0, 1)) - _inclusions(problem, 0.7))
    assert np.all(away < 4.5 * error) == (kind is Spikes)


def test_one_weight_in_closed_form():
    """One column of unit length: P(b = 0 | y), mean and median are those of `one_weight`."""
    prior = pf.SpikeSlab.from_inclusion(0.2, scale=2.0)
    problem = pf.Problem.make(
        [[1.0]], [0.8], prior=prior, likelihood=pf.Gaussian(noise=1.0), intercept=False
    )
    posterior, exact = pf.sample(problem, draws=10_000, chains=1), pf.one_weight(prior, 0.8)
    assert posterior.prob_zero[0] == pytest.approx(exact.prob_zero, abs=0.015)
    assert posterior.mean[0] == pytest.approx(exact.mean, abs=0.02)
    assert posterior.median[0] == exact.median == 0.0


def test_unknown_noise_and_inclusion():
    """Given the noise's draws, inclusion averages to that of known noise; what may be left out is
    where it has no effect."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 15))
    y = X @ np.r_[1.5, -1.0, np.zeros(13)] + 0.5 * rng.normal(size=60)
    prior = pf.SpikeSlab.from_inclusion(0.5, scale=1.0)
    problem = pf.Problem.make(X, y, prior=prior)
    posterior = pf.sample(problem, draws=600, chains=2, strength="sampled")
    assert np.all(posterior.inclusion[:2] > 0.99)
    assert np.all(posterior.inclusion[2:] < 0.5)
    assert np.median(posterior.draws["noise"]) == pytest.approx(0.5, rel=0.3)
    assert posterior.draws["inclusion_rate"].mean() < 0.4
    assert "inclusion_rate" in repr(posterior)


def test_where_there_is_no_sampler():
    """Refusals say what must hold and what to do."""
    X, y = np.eye(3), np.array([0.0, 1.0, 1.0])
    with pytest.raises(pf.InputError, match="proper prior"):
        pf.sample(pf.Problem.make(X, y, prior=pf.SpikeSlab(2.0)))
    with pytest.raises(pf.InputError, match="density"):
        pf.sample(pf.Problem.make(X, y, prior=pf.MCP(8.0, 3.0)))
    with pytest.raises(pf.InputError, match="probability of y"):
        pf.sample(pf.Problem.make(X, y, likelihood=pf.SquaredHinge()))
