"""What regularization as priors really says, of one weight: C5, C7, C8, C9, C13, C17."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats
from scipy.special import beta, log_ndtr

import priorfit as pf
from laws import PROPER


def test_a_likelihood_is_not_a_density():
    """C5: the integral of L(theta) is B(k+1, n-k+1); MAP moves with the parameter, MLE does not."""
    k, n = 7, 10
    area = integrate.quad(lambda t: t**k * (1 - t) ** (n - k), 0, 1, epsabs=1e-14)[0]
    assert area == pytest.approx(beta(k + 1, n - k + 1), rel=1e-10)
    assert area == pytest.approx(7.5758e-4, rel=1e-4)

    def mode(log_prior):  # over the logit, so that theta = mean(eta)
        def lost(eta):
            theta = float(pf.Bernoulli().mean(np.array(eta)))
            return n * float(pf.Bernoulli().loss(np.array(k / n), np.array(eta))) - log_prior(theta)

        found = optimize.minimize_scalar(
            lost, bounds=(-5, 5), method="bounded", options={"xatol": 1e-12}
        )
        return float(pf.Bernoulli().mean(np.array(found.x)))

    on_theta = mode(lambda t: np.log(t * (1 - t)))  # Beta(2, 2), maximised as a density of theta
    on_logit = mode(lambda t: 2 * np.log(t * (1 - t)))  # and with the Jacobian theta (1 - theta)
    free = mode(lambda t: 0.0)
    assert (on_theta, on_logit, free) == pytest.approx((8 / 12, 9 / 14, 0.7), abs=1e-6)


def test_a_map_estimate_forgets_its_prior():
    """C5: |MAP - MLE| n tends to a constant: the prior's pull is of order 1 / n."""
    rng = np.random.default_rng(0)
    block = rng.normal(size=(50, 3))
    y = block @ [1.0, -2.0, 0.5] + rng.normal(size=50)
    pulls = []
    for times in (8, 80, 800):
        weights = np.full(50, float(times))
        fits = [
            pf.solve(
                pf.Problem.make(
                    block, y, prior=prior, likelihood=pf.Gaussian(1.0), weights=weights
                ),
                tol=1e-12,
            )
            for prior in (pf.Normal(1.0), pf.Flat())
        ]
        pulls.append(times * np.linalg.norm(fits[0].coef - fits[1].coef))
    assert pulls[2] == pytest.approx(pulls[1], rel=1e-3)
    assert pulls[1] == pytest.approx(pulls[0], rel=2e-2)


def test_same_variance_different_story():
    """C7: at equal variance: peak, tails, crossings, kurtosis, entropy of normal and Laplace."""
    both = pf.Normal(1.0).compare(pf.Laplace(3.0), match="variance")
    assert both.other.scale == pytest.approx(np.sqrt(0.5))
    assert both.peaks == pytest.approx((0.3989, 0.7071), abs=1e-4)
    assert [1 - q for q in both.beyond(0.1)] == pytest.approx([0.0797, 0.1319], abs=1e-4)
    assert both.beyond(2.0) == pytest.approx((0.0455, 0.0591), abs=1e-4)
    assert both.beyond(3.0) == pytest.approx((0.00270, 0.01437), abs=1e-5)
    assert both.beyond(4.0) == pytest.approx((0.00006, 0.00349), abs=1e-5)
    np.testing.assert_allclose(both.crossings, [0.4894054125, 2.3390217123], atol=1e-9)
    np.testing.assert_allclose(both.tail_crossings, [1.6803886896], atol=1e-9)
    assert both.excess_kurtoses == pytest.approx((0.0, 3.0), abs=1e-9)
    assert both.entropies == pytest.approx((1.4189385332, 1.3465735903), abs=1e-9)


def test_only_the_normal_does_not_care_about_axes():
    """C7: -log p(R b) = -log p(b) for every rotation R, for the normal and not for the Laplace."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        rotation = stats.special_ortho_group.rvs(4, random_state=rng)
        b = rng.normal(size=4)
        change = [
            abs(float(np.sum(p.neg_log_density(rotation @ b) - p.neg_log_density(b))))
            for p in (pf.Normal(0.7), pf.Laplace(0.7), pf.ElasticNet(0.7, 0.7))
        ]
        assert change[0] < 1e-12
        assert min(change[1:]) > 1e-6


@pytest.mark.parametrize("fixed", ["mean_abs", "variance"])
def test_maximum_entropy(fixed):
    """C7: of all beliefs with E|b| fixed the Laplace has most entropy; with E b^2, the normal."""
    most, *others = (
        [pf.Laplace(), pf.Normal(), pf.ElasticNet()]
        if fixed == "mean_abs"
        else [pf.Normal(), pf.Laplace(), pf.ElasticNet()]
    )
    for other in others:
        entropies = most.compare(other, match=fixed).entropies
        assert entropies[0] > entropies[1] + 1e-3


def _laplace_mean(z, v, b):
    """C8's closed form."""
    right = -z / b + log_ndtr((z - v / b) / np.sqrt(v))
    left = z / b + log_ndtr(-(z + v / b) / np.sqrt(v))
    return z + v / b * (1 - 2 / (1 + np.exp(left - right)))


def test_how_each_belief_bends_an_estimate():
    """C8: normal z s^2/(s^2+v); Laplace mode soft(z, v/b); Laplace mean in closed form."""
    z, v, b = np.linspace(-8, 8, 81), 0.6, 0.5
    np.testing.assert_allclose(pf.shrinkage(pf.Normal(0.7), z, v), z * 0.49 / (0.49 + v))
    soft = np.sign(z) * np.maximum(np.abs(z) - v / b, 0)
    np.testing.assert_allclose(pf.shrinkage(pf.Laplace(b), z, v), soft, atol=1e-14)
    mean = pf.shrinkage(pf.Laplace(b), z, v, estimate="mean")
    np.testing.assert_allclose(mean, _laplace_mean(z, v, b), atol=1e-10)
    normal = pf.shrinkage(pf.Normal(0.7), z, v, estimate="mean")
    np.testing.assert_allclose(normal, z * 0.49 / (0.49 + v), atol=1e-10)
    gold = [0.0475152519, 0.2410185510, 0.3944972428, 0.5032225646, 1.1610889078, 4.0000434625]
    found = pf.shrinkage(pf.Laplace(1.0), [0.1, 0.5, 0.8, 1.0, 2.0, 5.0], estimate="mean")
    np.testing.assert_allclose(found, gold, atol=1e-9)
    assert 40 - pf.shrinkage(pf.Laplace(b), 40.0, v, estimate="mean") == pytest.approx(v / b)


@pytest.mark.parametrize("name", [k for k in PROPER if "group" not in k])
def test_posterior_means_are_tweedie(name):
    """C8: mean = z + v d/dz log m(z), m the marginal density of z (Tweedie; Efron 2011)."""
    prior, v, h = PROPER[name], 0.3, 1e-4
    base = getattr(prior, "prior", prior)
    low, high = (float(prior.quantile(q)) for q in (1e-15, 1 - 1e-15))

    def joint(b, z):
        return float(np.exp(-prior.neg_log_density(b)) * stats.norm.pdf(z, b, np.sqrt(v)))

    def log_marginal(z):
        kinks = sorted({float(np.clip(k, low, high)) for k in (base.loc, z)})
        reach = 14 * np.sqrt(v)  # of the data: beyond, the integrand is 0
        lower, upper = max(low, z - reach), min(high, z + reach)
        kinks = [k for k in kinks if lower < k < upper]
        options = {"points": kinks, "epsabs": 1e-14, "epsrel": 1e-12, "limit": 400}
        return np.log(integrate.quad(joint, lower, upper, args=(z,), **options)[0])

    for z in (-0.7, 0.9):
        slope = (log_marginal(z + h) - log_marginal(z - h)) / (2 * h)
        found = float(pf.shrinkage(prior, z, v, estimate="mean"))
        assert found == pytest.approx(z + v * slope, abs=2e-6)


@pytest.mark.parametrize("b", [0.3, 1.0, 4.0])
def test_laplace_is_a_mixture_of_normals(b):
    """C9: the Laplace density is normals whose variance is exponential with mean 2 b^2."""

    def joint(r, w):  # over the standard deviation r, whose square is exponential
        return stats.norm.pdf(w, 0, r) * np.exp(-(r**2) / (2 * b * b)) / (2 * b * b) * 2 * r

    for w in (0.05, 0.5, 3.0):
        mixed = integrate.quad(joint, 0, np.inf, args=(w,), epsabs=1e-14, limit=400)[0]
        assert mixed == pytest.approx(float(np.exp(-pf.Laplace(b).neg_log_density(w))), abs=1e-9)


@pytest.mark.parametrize(
    ("n", "share"), [(1, 0.9545), (10, 0.4729), (100, 0.1585), (1000, 0.0504), (10_000, 0.0160)]
)
def test_a_fixed_laplace_belief_stops_selecting(n, share):
    """C13: P(estimate 0 | weight 0) = 2 Phi(sqrt(v) / b) - 1, v = 1 / n, melts with n."""
    v, b = 1.0 / n, 0.5
    assert 2 * stats.norm.cdf(np.sqrt(v) / b) - 1 == pytest.approx(share, abs=1e-4)
    draws = np.sqrt(v) * np.random.default_rng(n).normal(size=200_000)
    zero = np.mean(pf.shrinkage(pf.Laplace(b), draws, v) == 0)
    assert zero == pytest.approx(share, abs=0.003)


def _kept(p, z):
    """Of z under |w|^p (w^2 / 2 for p = 2): the root of w - z + slope(w), rising in w."""
    power = 1.0 if p == 2 else float(p)
    return optimize.brentq(lambda w: w - z + power * w ** (p - 1), 0, z, xtol=1e-16) / z


def test_which_power():
    """C17: as z -> 0, L1 keeps nothing, L2 a constant share, L3 and L4 everything."""
    for z, kept in (
        (0.01, (0.0, 0.5, 0.9717, 0.9996)),
        (1.0, (0, 0.5, 0.4343, 0.5)),
        (10.0, (0.9, 0.5, 0.1667, 0.1296)),
    ):
        ours = [float(pf.shrinkage(prior, z)) / z for prior in (pf.Laplace(1.0), pf.Normal(1.0))]
        assert [*ours, _kept(3, z), _kept(4, z)] == pytest.approx(kept, abs=6e-5)


def test_below_one_the_ball_is_not_convex():
    """C17: the midpoint of (1,0) and (0,1) leaves the l_1/2 ball; the prox jumps."""
    assert np.sum(np.sqrt([0.5, 0.5])) > 1.4
    grid = np.linspace(0, 3, 3_000_001)

    def best(z):
        return grid[np.argmin(0.5 * (grid - z) ** 2 + np.sqrt(grid))]

    assert best(1.5) == 0.0
    assert best(1.7) == pytest.approx(1.253, abs=1e-3)
    for z in (1.7, 2.5):  # half-thresholding (Xu et al. 2012), for lambda sqrt|w| with lambda = 1
        angle = np.arccos(0.25 * (z / 3) ** -1.5)
        assert best(z) == pytest.approx(2 / 3 * z * (1 + np.cos(2 / 3 * (np.pi - angle))), abs=2e-6)
