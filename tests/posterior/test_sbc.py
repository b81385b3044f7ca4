"""Simulation-based calibration: the rank of the truth among draws of its posterior is uniform.

Parameters are drawn from the belief, data from the parameters, draws from the posterior (Talts,
Betancourt, Simpson, Vehtari & Gelman 2018); the bands of the ranks' distribution are simultaneous
(Sailynoja, Burkner & Vehtari 2022).
"""

import numpy as np
import pytest
from scipy import stats

import priorfit as pf
from priorfit.posterior.model import model_of
from priorfit.posterior.run import run
from priorfit.posterior.samplers.general import General
from priorfit.posterior.samplers.gibbs import GaussianGibbs
from priorfit.posterior.samplers.hamiltonian import Hamiltonian

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::priorfit.ConvergenceWarning"),
]

DRAWS, THIN, SLOW, REPEATS = 99, 3, 15, 200
NOISE, STRENGTH = pf.HalfNormal(0.7), pf.HalfNormal(1.0)
PRIORS = {
    "normal": pf.Normal(1.0),
    "laplace": pf.Laplace(0.7),
    "elastic net": pf.ElasticNet(0.8, 1.2),
    "student": pf.StudentPrior(4.0, 0.7),
    "log-laplace": pf.LogLaplace(0.7, df=3.0),
    "horseshoe": pf.Horseshoe(0.5),
    "regularized horseshoe": pf.Horseshoe(0.5, slab=1.0),
    "truncated": pf.Truncated(pf.Normal(1.0), lower=-0.3),
}
LIKELIHOODS = {"gaussian": pf.Gaussian(), "bernoulli": pf.Bernoulli(), "poisson": pf.Poisson()}
CASES = [(prior, "gaussian") for prior in PRIORS]
CASES += [("horseshoe", "bernoulli"), ("regularized horseshoe", "bernoulli")]
CASES += [
    (prior, rows) for prior in ("normal", "laplace", "student") for rows in ("bernoulli", "poisson")
]


def _ranks(prior, likelihood, n, replaced=None):
    """Ranks (REPEATS, statistics) of the weights, the strength and the noise."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(n, 3)) @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
    belief, rows, found = PRIORS[prior], LIKELIHOODS[likelihood], []
    for repeat in range(REPEATS):
        kappa = abs(rng.normal())
        sigma = 0.7 * abs(rng.normal()) if likelihood == "gaussian" else 1.0
        b = belief.widened(kappa).sample(3, seed=rng)
        y = rows.draw(np.clip(X @ b, -20.0, 20.0), sigma**2, rng)
        problem = pf.Problem.make(X, y, prior=belief, likelihood=rows, intercept=False)
        noise = {"noise": NOISE} if likelihood == "gaussian" else {}
        model = model_of(problem, noise.get("noise", "default"), STRENGTH)
        sampler = model.sampler if replaced is None else replaced(model.sampler)
        thin = SLOW if prior == "horseshoe" else THIN
        drawn = run(sampler, DRAWS * thin, 1, repeat).draws
        kept = {k: v[0, ::thin] for k, v in drawn.items()}
        truth = [*b, b @ b, kappa] + ([sigma] if noise else [])
        sums = np.einsum("kj,kj->k", kept["coef"], kept["coef"])
        columns = [*kept["coef"].T, sums, kept["scale"]] + ([kept["noise"]] if noise else [])
        found.append([np.sum(c < t) for c, t in zip(columns, truth, strict=True)])
    return np.array(found)


def _strangeness(ranks):
    """The smallest two-sided tail of the ranks' counts below each value, of each statistic."""
    z = np.arange(1, DRAWS + 1) / (DRAWS + 1.0)
    below = (ranks[:, :, None] < np.arange(1, DRAWS + 1)).sum(axis=0)
    low = stats.binom.cdf(below, len(ranks), z)
    high = stats.binom.sf(below - 1, len(ranks), z)
    return 2.0 * np.minimum(low, high).min(axis=1)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Three weights need no long warm-up."""
    for sampler in (General, GaussianGibbs, Hamiltonian):
        monkeypatch.setattr(sampler, "warmup", 300)


@pytest.fixture(scope="module")
def least():
    """What ranks that are uniform stay above, in 999 of 1000 cases."""
    rng = np.random.default_rng(0)
    uniform = rng.integers(0, DRAWS + 1, size=(REPEATS, 4000))
    return float(np.quantile(_strangeness(uniform), 1e-3))


@pytest.mark.parametrize(("prior", "likelihood"), CASES)
def test_the_truth_has_a_uniform_rank(prior, likelihood, least):
    assert np.all(_strangeness(_ranks(prior, likelihood, 14)) > least)


def test_a_wrong_strength_is_found(least):
    class Wrong(GaussianGibbs):
        def _strength(self, state, rng):
            return super()._strength(state, rng) + 0.3

    wrong = _ranks("laplace", "gaussian", 14, lambda s: Wrong(**s.__dict__))
    assert np.any(_strangeness(wrong) < least)
