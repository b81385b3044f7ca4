"""One weight: closed forms against quadrature, and what they say about modes and means."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

import priorfit as pf
from priorfit.posterior.diagnostics import ess_mean

CLOSED = {
    "normal": pf.Normal(0.7, loc=0.2),
    "laplace": pf.Laplace(0.5, loc=0.3),
    "narrow laplace": pf.Laplace(0.01),
    "elastic net": pf.ElasticNet(0.4, 0.9, loc=-0.2),
}


@pytest.mark.parametrize("z", [-4.0, -0.3, 0.3, 1.1, 30.0])
@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms(name, z):
    """Evidence, mean, variance and cdf are integrals of prior times likelihood."""
    prior, variance = CLOSED[name], 0.5
    loc, after = float(prior.loc), pf.one_weight(CLOSED[name], z, variance)
    top = float(-prior.neg_log_density(after.mode)) - (z - after.mode) ** 2 / (2 * variance)

    def density(b):
        return np.exp(-float(prior.neg_log_density(b)) - (z - b) ** 2 / (2 * variance) - top)

    near = [loc + k * v for v in (0.01, 0.1, 1.0) for k in (-5, 5)]
    points = sorted({loc, after.mode, after.mean, *near, min(loc, z) - 8, max(loc, z) + 8})

    def integral(f, end=None):
        ends = [p for p in points if end is None or p < end] + ([end] if end is not None else [])
        return sum(quad(f, a, b, epsabs=1e-14)[0] for a, b in itertools.pairwise(ends))

    total = integral(density)
    mean = integral(lambda b: b * density(b)) / total
    var = integral(lambda b: (b - mean) ** 2 * density(b)) / total
    evidence = np.log(total) + top - 0.5 * np.log(2 * np.pi * variance)
    assert after.log_evidence == pytest.approx(evidence, abs=1e-10)
    assert after.mean == pytest.approx(mean, abs=1e-10)
    assert after.var == pytest.approx(var, rel=1e-7)
    middle = after.median
    assert integral(density, middle) / total == pytest.approx(0.5, abs=1e-9)
    assert after.cdf(after.quantile(0.05)) == pytest.approx(0.05, abs=1e-9)


def test_tweedie():
    """mean = z + v dlogZ/dz, for every belief (Tweedie's formula)."""
    for prior in (*CLOSED.values(), pf.SpikeSlab.from_inclusion(0.2, scale=2.0)):
        up, down = pf.one_weight(prior, 0.9 + 1e-5, 0.5), pf.one_weight(prior, 0.9 - 1e-5, 0.5)
        slope = (up.log_evidence - down.log_evidence) / 2e-5
        assert pf.one_weight(prior, 0.9, 0.5).mean == pytest.approx(0.9 + 0.5 * slope, abs=1e-7)


def test_mode_is_sparse_and_the_posterior_is_not():
    """z = 0.8 under Laplace(1): the mode is 0, the mean .3945, P(b = 0) exactly 0, and
    P(|b| < eps) / eps tends to 1.3063: twice the density at 0."""
    after = pf.one_weight(pf.Laplace(1.0), 0.8)
    assert after.mode == 0.0
    assert after.mean == pytest.approx(0.3944972428, abs=1e-10)
    assert after.prob_zero == 0.0
    assert (after.cdf(1e-6) - after.cdf(-1e-6)) / 1e-6 == pytest.approx(1.3063, abs=1e-4)
    problem = pf.Problem.make(
        [[1.0]], [0.8], prior=pf.Laplace(1.0), likelihood=pf.Gaussian(noise=1.0), intercept=False
    )
    drawn = pf.sample(problem, draws=4000, seed=1)
    error = np.sqrt(after.var / float(ess_mean(drawn.coef)[0]))
    assert drawn.mode[0] == 0.0
    assert drawn.prob_zero[0] == 0.0
    assert abs(drawn.mean[0] - after.mean) < 4 * error
    assert drawn.prob_within(0.2)[0] == pytest.approx(after.cdf(0.2) - after.cdf(-0.2), abs=0.03)


def test_posterior_mean_never_thresholds():
    """No posterior mean under a Laplace belief is 0 but at z = 0; the spike's median is."""
    z = np.linspace(-3, 3, 61)
    means = np.array([pf.one_weight(pf.Laplace(0.3), v).mean for v in z])
    assert np.all(np.diff(means) > 0)
    spiked = [pf.one_weight(pf.SpikeSlab.from_inclusion(0.2, scale=2.0), v) for v in z]
    medians = np.array([one.median for one in spiked])
    assert np.all(medians[np.abs(z) < 1.0] == 0.0)
    assert np.all(medians[np.abs(z) > 2.6] != 0.0)
    # P(b = 0 | z) from Bayes' rule with the two marginal densities of z
    odds = 0.8 / 0.2 * np.sqrt(5.0) * np.exp(-0.5 * z**2 * (1 - 1 / 5.0))
    assert np.allclose([one.prob_zero for one in spiked], odds / (1 + odds), atol=1e-12)


@pytest.mark.parametrize(
    ("scale", "risks"),
    [
        (0.5, (0.4102, 0.3333, 0.3257)),
        (1.0, (0.7056, 0.6667, 0.6315)),
        (2.0, (0.8761, 0.8889, 0.8528)),
    ],
)
def test_correct_belief_wrong_estimate(scale, risks):
    """Truth Laplace(b), noise 1: mean squared error of the lasso's mode, of ridge with the variance
    of the truth, and of the posterior mean, which is below every other."""
    z = np.linspace(-14 - 25 * scale, 14 + 25 * scale, 6001)
    after = [pf.one_weight(pf.Laplace(scale), v) for v in z]
    density = np.exp([one.log_evidence for one in after]) * (z[1] - z[0])
    mean, var = (np.array([getattr(one, k) for one in after]) for k in ("mean", "var"))

    def risk(estimate):
        return float(density @ ((estimate - mean) ** 2 + var))

    soft = np.sign(z) * np.maximum(np.abs(z) - 1.0 / scale, 0.0)
    share = 2 * scale**2 / (1 + 2 * scale**2)
    found = (risk(soft), risk(share * z), risk(mean))
    assert np.allclose(found, risks, atol=1e-3)
    assert found[2] <= min(found)


def test_laplace_is_a_mixture_of_normals():
    """``integral N(w; 0, s) Exp(s; mean 2 b^2) ds`` is the Laplace density."""
    b = 0.7

    def joint(r, w):
        root = np.sqrt(2 * np.pi)
        return np.exp(-0.5 * (w / r) ** 2 - r * r / (2 * b * b)) * 2 / (root * 2 * b * b)

    for w in (0.1, 0.5, 2.0):
        found = quad(joint, 0, np.inf, args=(w,), epsabs=1e-14)[0]
        assert np.log(found) == pytest.approx(-float(pf.Laplace(b).neg_log_density(w)), abs=1e-10)


def test_ridge_posterior_is_normal():
    """Known noise: cov ``s2 (X'X + s2 / scale^2)^-1``, mean = mode = median."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    y = X @ [1.0, -1.0, 0.5] + rng.normal(size=20)
    problem = pf.Problem.make(
        X, y, prior=pf.Normal(0.5), likelihood=pf.Gaussian(noise=1.0), intercept=False
    )
    drawn = pf.sample(problem, draws=20_000, chains=2)
    cov = np.linalg.inv(X.T @ X + np.eye(3) / 0.25)
    assert np.allclose(drawn.mode, cov @ X.T @ y, atol=1e-6)
    assert np.allclose(drawn.mean, drawn.mode, atol=4 * np.sqrt(np.diag(cov).max() / 40_000))
    assert np.allclose(np.cov(drawn.flat.T), cov, atol=0.04 * np.diag(cov).max())


def test_calibrated_under_the_belief_only():
    """90 % intervals cover 90 % of weights that the belief draws, and about half of weights that
    all lie at three of its standard deviations."""
    rng, tau = np.random.default_rng(0), 1.0
    X = rng.normal(size=(30, 20))
    cov = np.linalg.inv(X.T @ X + np.eye(20) / tau**2)
    reach = 1.6448536 * np.sqrt(np.diag(cov))

    def coverage(draw):
        hits = []
        for _ in range(400):
            b = draw()
            centre = cov @ X.T @ (X @ b + rng.normal(size=30))
            hits.append(np.mean(np.abs(centre - b) < reach))
        return float(np.mean(hits))

    assert coverage(lambda: tau * rng.normal(size=20)) == pytest.approx(0.9, abs=0.01)
    assert coverage(lambda: np.full(20, 3 * tau)) < 0.75
    problem = pf.Problem.make(
        X, X @ (b := rng.normal(size=20)), likelihood=pf.Gaussian(noise=1.0), intercept=False,
        prior=pf.Normal(tau),
    )  # fmt: skip
    low, high = pf.sample(problem, draws=5000).interval(0.9)
    assert np.allclose(high - low, 2 * reach, rtol=0.06)
    assert len(b) == 20
