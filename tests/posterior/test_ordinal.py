"""Ordered classes: the cut-points are sampled with the weights."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.special import expit

import priorfit as pf
from priorfit.likelihoods import probabilities
from priorfit.posterior.diagnostics import ess_mean
from priorfit.posterior.model import model_of
from priorfit.posterior.run import run
from priorfit.posterior.samplers.hamiltonian import Hamiltonian
from priorfit.posterior.samplers.mixing import mixing_of
from priorfit.posterior.samplers.ordered import OrdinalTarget, cuts_of, target_of
from priorfit.posterior.samplers.target import Target

pytestmark = pytest.mark.filterwarnings("ignore::priorfit.ConvergenceWarning")


def _problem(prior=None, classes=4, n=60, p=3, link="logit", seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + 0.5
    hidden = X @ np.linspace(1.0, -0.5, p) + rng.logistic(size=n)
    y = np.searchsorted(np.quantile(hidden, np.arange(1, classes) / classes), hidden)
    weights = rng.uniform(0.5, 1.5, n)
    return pf.Problem.make(
        X, y.astype(float), prior=prior or pf.Normal(0.7, loc=0.1), weights=weights,
        likelihood=pf.Ordinal(link), offset=0.2 * rng.normal(size=n),
    )  # fmt: skip


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_slope_and_curvature(link):
    """The slope is that of the losses; the curvature is that of the slope, but for the bend of the
    coordinates, which adds the slope by each gap to its own entry."""
    target = target_of(_problem(link=link))
    x = target.middle() + 0.2 * np.random.default_rng(1).normal(size=target.size)
    small = 1e-5 * np.eye(target.size)
    lost = [(target.at(x + d)[0] - target.at(x - d)[0]) / 2e-5 for d in small]
    slope = target.at(x)[1]
    assert np.allclose(lost, slope, rtol=1e-6, atol=1e-6)
    twice = np.array([(target.at(x + d)[1] - target.at(x - d)[1]) / 2e-5 for d in small])
    bend = np.zeros(target.size)
    bend[1 : target.first] = slope[1 : target.first] + 1.0  # without the measure's own slope
    assert np.allclose(twice, target.hessian(x) + np.diag(bend), rtol=1e-5, atol=1e-5)
    assert np.linalg.eigvalsh(target.hessian(x)).min() > 0


def test_two_classes_are_bernoulli():
    """K = 2: minus the cut-point is the intercept, at any point and in the draws."""
    problem = _problem(classes=2)
    other = replace(problem, likelihood=pf.Bernoulli(), intercept=True)
    ordered, plain = target_of(problem), Target(other)
    for x in np.random.default_rng(0).normal(size=(5, ordered.size)):
        turned = np.r_[-x[:1], x[1:]]
        (one, slope), (two, known) = ordered.at(x), plain.at(turned)
        assert one == pytest.approx(two, rel=1e-12)
        assert np.allclose(slope, np.r_[-known[:1], known[1:]], rtol=1e-10)
    first, second = (pf.sample(each, draws=1000, chains=2) for each in (problem, other))
    assert first.draws["thresholds"].shape == (2, 1000, 1)
    pairs = [(first.draws["thresholds"][:, :, 0], -second.draws["intercept"])]
    pairs += [(first.coef[:, :, j], second.coef[:, :, j]) for j in range(3)]
    for one, two in pairs:
        error = one.std() * np.sqrt(1 / float(ess_mean(one)) + 1 / float(ess_mean(two)))
        assert abs(one.mean() - two.mean()) < 4.5 * error
        assert abs(np.log(one.std() / two.std())) < 0.15
    assert np.allclose(first.loo().elpd, second.loo().elpd, atol=0.5)


@dataclass(frozen=True, eq=False)
class _NoMeasure(OrdinalTarget):
    """Forgets |dc / du|."""

    def at(self, x):
        lost, slope = super().at(x)
        slope[1 : self.first] += 1.0
        return lost + float(x[1 : self.first].sum()), slope


def _by_quadrature(problem):
    """E of (c_0, c_1, b), all three on a grid of the problem's own units."""
    cuts, gaps, b = np.linspace(-4, 4, 61), np.geomspace(1e-3, 12, 61), np.linspace(-3, 3, 61)
    logs = np.zeros((len(cuts), len(gaps), len(b))) - problem.prior.neg_log_density(b)
    for x, y in zip(problem.design.matvec(np.eye(1))[:, 0], problem.y, strict=True):
        low = cuts[:, None, None] - x * b
        high = low + gaps[:, None]
        share = [expit(low), expit(high) - expit(low), expit(-high)][int(y)]
        logs += np.log(share)
    w = np.exp(logs - logs.max()) * gaps[:, None]  # a flat belief about c, on a grid of log gaps
    first, gap, weight = w.sum((1, 2)), w.sum((0, 2)), w.sum((0, 1))
    means = [first @ cuts, gap @ gaps + first @ cuts, weight @ b]
    return np.array(means) / w.sum()


@pytest.mark.parametrize("kind", [OrdinalTarget, _NoMeasure])
def test_one_weight_and_three_classes(kind):
    """Means of both cut-points and the weight are those of their density; without the measure of
    the gaps they are not."""
    problem = pf.Problem.make(
        [[0.5], [1.0], [-1.0], [0.2], [-0.4]], [1.0, 2.0, 0.0, 2.0, 0.0],
        prior=pf.Normal(0.7), likelihood=pf.Ordinal(),
    )  # fmt: skip
    target = kind(problem)
    middle = target.middle()
    sampler = Hamiltonian(
        target, mixing_of(problem.prior, 1), np.zeros(1), middle, target.hessian(middle), 1.0, 1.0
    )
    found = run(sampler, 3500, 1, 3).draws
    every = np.concatenate([found["intercept"], found["coef"]], axis=2)
    error = every.std(axis=(0, 1)) / np.sqrt(ess_mean(every))
    away = np.abs(every.mean(axis=(0, 1)) - _by_quadrature(problem))
    assert np.all(away < 4.5 * error) == (kind is OrdinalTarget)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_responses(link):
    """Shares of the classes are those of the draws' cut-points; new responses have these shares;
    the pointwise likelihood is the share of the class that was seen, to the row's weight."""
    problem = _problem(link=link, prior=pf.Laplace(0.5))
    found = pf.sample(problem, draws=300, chains=2, strength="sampled")
    cuts, eta, shares = found.draws["thresholds"], found.eta(), found.mu()
    assert np.all(np.diff(cuts, axis=2) > 0)
    assert shares.shape == (600, 60, 4)
    assert np.allclose(shares.sum(axis=2), 1.0)
    assert np.allclose(shares[7], probabilities(eta[7], cuts.reshape(600, 3)[7], link))
    y = problem.y.astype(int)
    logs = np.log(shares[:, np.arange(60), y]) * problem.weights
    assert np.allclose(found.log_likelihood().reshape(600, 60), logs)
    new = found.predictive(seed=0)
    for k in range(4):
        share = (new == k).mean(axis=0)
        assert np.all(np.abs(share - shares[:, :, k].mean(axis=0)) < 5 * 0.5 / np.sqrt(600))
    assert found.mu(np.ones((2, 3)), thin=3).shape == (200, 2, 4)
    assert "thresholds [0]" in repr(found)


def test_estimator_and_cut_points():
    """`MAPOrdinal` gives its posterior; many rows put it around the MAP estimate and its
    cut-points."""
    problem = _problem(n=800)
    X = problem.design.matvec(np.eye(3))
    fit = pf.MAPOrdinal(prior=pf.Normal(0.7)).fit(X, problem.y)
    found = fit.posterior(draws=500, chains=2, seed=1)
    cuts = found.draws["thresholds"]
    away = np.abs(cuts.mean(axis=(0, 1)) - fit.cut_points_)
    assert np.all(away < 0.25 * cuts.std(axis=(0, 1)))
    assert np.all(np.abs(found.mean - fit.coef_) < 0.25 * found.sd)
    assert np.allclose(cuts_of(np.r_[cuts[0, 0, :1], np.log(np.diff(cuts[0, 0]))]), cuts[0, 0])


def test_unseen_rows_may_hold_anything():
    """A row of weight 0 changes no draw, whatever its class is."""
    problem = _problem()
    X = problem.design.matvec(np.eye(3))
    more = pf.Problem.make(
        np.vstack([X, X[:1]]), np.r_[problem.y, 9.0], prior=problem.prior,
        likelihood=problem.likelihood, weights=np.r_[problem.weights, 0.0],
        offset=np.r_[problem.offset, 0.0],
    )  # fmt: skip
    one, other = (model_of(each, "default", "held").sampler for each in (problem, more))
    a, b = (run(each, 20, 1, 1).draws for each in (one, other))
    assert np.allclose(a["intercept"], b["intercept"])
    assert np.allclose(a["coef"], b["coef"])


def test_arviz_knows_the_cut_points():
    """The tree has cut-points and a pointwise likelihood."""
    pytest.importorskip("arviz_base")
    found = pf.sample(_problem(), draws=20, chains=2)
    tree = found.to_arviz()
    assert np.array_equal(np.asarray(tree.posterior["thresholds"]), found.draws["thresholds"])
    assert tree.log_likelihood["y"].shape == (2, 20, 60)
