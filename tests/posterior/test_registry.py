"""Every prior with every likelihood is sampled, or refused with a reason."""

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_PRIORS, CHANGED_PRIORS, EVERY_LIKELIHOOD, NONCONVEX
from priorfit.posterior.samplers.general import General
from priorfit.posterior.samplers.gibbs import GaussianGibbs
from priorfit.posterior.samplers.hamiltonian import Hamiltonian
from priorfit.posterior.samplers.jumps import Jumps
from priorfit.posterior.samplers.spikes import Spikes

pytestmark = pytest.mark.filterwarnings("ignore::priorfit.ConvergenceWarning")

PRIORS = {
    **ALL_PRIORS,
    **CHANGED_PRIORS,
    **NONCONVEX,
    "horseshoe": lambda p: pf.Horseshoe(0.3),
    "regularized horseshoe": lambda p: pf.Horseshoe(0.3, slab=1.0),
}
#: every prior with gaussian noise, every likelihood with two priors, and a thin rest
PAIRS = [
    (p, l)
    for k, (p, l) in enumerate((p, l) for p in PRIORS for l in EVERY_LIKELIHOOD)
    if l == "gaussian" or p in ("normal", "laplace", "spike and slab") or k % 37 == 0
]
#: never refused, but by likelihoods that are no probability or have kinks (the spike)
SAMPLED = {"normal": {"squared hinge"}, "laplace": {"squared hinge"}}
SAMPLED["spike and slab"] = {"squared hinge", "quantile"}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Steps are what is looked at, not convergence."""
    for sampler in (General, GaussianGibbs, Hamiltonian, Jumps, Spikes):
        monkeypatch.setattr(sampler, "warmup", 20)


@pytest.mark.parametrize("strength", ["held", "sampled"])
@pytest.mark.parametrize(("prior", "likelihood"), PAIRS)
def test_sampled_or_refused(prior, likelihood, strength):
    """Draws are finite, inside the prior's bounds, and fixed weights stay; else the error says what
    must hold, what was got and what to do."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(25, 4)) * [1.0, 3.0, 1.0, 0.3]
    kind, draw = EVERY_LIKELIHOOD[likelihood]
    y = draw(rng, X @ [0.3, 0.0, -0.3, 0.1])
    try:
        problem = pf.Problem.make(
            X, y, prior=PRIORS[prior](4), likelihood=kind, weights=rng.uniform(0.5, 1.5, 25)
        )
        found = pf.sample(problem, draws=8, chains=1, strength=strength)
    except pf.InputError as refusal:
        said = str(refusal)
    else:
        said = ""
    if said:
        assert "; got " in said
        assert said.endswith(".")
        assert prior not in SAMPLED or likelihood in SAMPLED[prior], said
        return
    assert np.all(np.isfinite(found.coef))
    assert all(np.all(np.isfinite(values)) for values in found.draws.values())
    if problem.change is None and problem.prior.word != "horseshoe":
        form, flat = problem.form, found.coef.reshape(8, -1)
        assert np.all((flat >= form.lower) & (flat <= form.upper))
    assert ("scale" in found.draws or "inclusion_rate" in found.draws) == (strength == "sampled")


def test_improper_noise_is_refused():
    """Rows that repeat and are fitted exactly leave no proper noise; nor does a constant y."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 8)), rng.normal(size=5)
    once, twice = (pf.Problem.make(X, y, weights=np.full(5, k)) for k in (1.0, 2.0))
    assert np.all(np.isfinite(pf.sample(once, draws=20).coef))
    with pytest.raises(pf.InputError, match="must be proper"):
        pf.sample(twice, draws=20)
    with pytest.raises(pf.InputError, match="must be proper"):
        pf.sample(once, draws=20, noise=None)
    with pytest.raises(pf.InputError, match="must be proper"):
        pf.sample(pf.Problem.make(rng.normal(size=(9, 2)), np.ones(9)), draws=20)
    with pytest.raises(pf.InputError, match="told apart"):
        pf.sample(pf.Problem.make(np.ones((9, 2)), rng.normal(size=9), prior=pf.Flat()))


def test_collapse_is_said():
    """With p >= n a normal belief lets the noise fall; the warning names two ways out."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 120))
    problem = pf.Problem.make(X, X[:, 0] + rng.normal(size=40), prior=pf.Normal(1.0))
    found = pf.sample(problem, draws=200, strength="sampled")
    said = [s for s in found.health.warnings if "collapsed" in s]
    middle = np.median(found.draws["noise"]) ** 2
    assert bool(said) == bool(middle < 0.1 * problem.y.var())
    assert not said or "Horseshoe" in said[0]


@pytest.mark.parametrize("likelihood", [pf.Gaussian(scale_by_noise=True)])
@pytest.mark.parametrize(
    "prior", [pf.Horseshoe(0.5, slab=1.0), pf.SpikeSlab.from_inclusion(0.2, scale=1.0)]
)
def test_a_slab_in_units_of_the_noise_is_refused(prior, likelihood):
    """It would be another model than the one that is stated."""
    problem = pf.Problem.make(np.eye(4), [1.0, 2.0, 0.0, 1.0], prior=prior, likelihood=likelihood)
    with pytest.raises(pf.InputError, match="units of the noise"):
        pf.sample(problem, draws=8)
