"""Laws of the likelihoods: derivatives, conjugates, normalisation."""

import numpy as np
import pytest
from scipy import integrate

import priorfit as pf
from laws import EVERY_LIKELIHOOD, ROW_BY_ROW
from priorfit.likelihoods import as_text, by_name

ETA = np.linspace(-3.07, 3.03, 13)  # no corner of a loss among them


def _responses(likelihood):
    if isinstance(likelihood, pf.Bernoulli):
        return np.array([0.0, 0.3, 1.0])
    if not likelihood.smooth:  # no corner of its loss is a point of ETA
        return np.array([0.1, 0.9, 4.1])
    if likelihood.is_classification:
        return np.array([0.0, 1.0])
    return np.array([0.3, 1.0, 4.0] if likelihood.name == "gamma" else [0.0, 1.0, 4.0])


@pytest.fixture(params=ROW_BY_ROW)
def case(request):
    likelihood = EVERY_LIKELIHOOD[request.param][0]
    return likelihood, _responses(likelihood)


def test_slope_is_the_derivative_of_the_loss(case):
    """loss' = slope."""
    likelihood, ys = case
    for y in ys:
        h = 1e-6
        rise = likelihood.loss(y, ETA + h) - likelihood.loss(y, ETA - h)
        np.testing.assert_allclose(likelihood.slope(y, ETA), rise / (2 * h), atol=1e-7, rtol=1e-7)


def test_curvature_is_the_derivative_of_the_slope(case):
    """slope' = curvature."""
    likelihood, ys = case
    for y in ys:
        h = 1e-6
        rise = likelihood.slope(y, ETA + h) - likelihood.slope(y, ETA - h)
        np.testing.assert_allclose(
            likelihood.curvature(y, ETA), rise / (2 * h), atol=1e-7, rtol=1e-6
        )


def test_fenchel_young(case):
    """loss(eta) + conjugate(s) >= s eta, with equality at s = slope(eta)."""
    likelihood, ys = case
    for y in ys:
        s = likelihood.slope(y, ETA)
        total = likelihood.loss(y, ETA) + likelihood.conjugate(y, s)
        np.testing.assert_allclose(total, s * ETA, atol=1e-10)
        others = likelihood.loss(y, ETA[:, None]) + likelihood.conjugate(y, s)
        assert np.all(others >= s * ETA[:, None] - 1e-10)


def test_the_conjugate_is_the_supremum(case):
    """conjugate(s) = sup over eta of s eta - loss, on a fine grid; outside above its ends."""
    likelihood, ys = case
    grid = np.linspace(-45, 45, 200_001)
    for y in ys:
        inner = likelihood.slope(y, np.linspace(-2.5, 2.5, 9))
        for s in inner:
            best = np.max(s * grid - likelihood.loss(y, grid))
            assert likelihood.conjugate(np.array([y]), np.array([s]))[0] == pytest.approx(
                best, abs=1e-6, rel=1e-6
            )
    low, high = likelihood.slope(1.0, np.array([-300.0, 300.0]))
    for s in (low - 1.0, high + 1.0):
        far = s * np.array([-300.0, 300.0]) - likelihood.loss(1.0, np.array([-300.0, 300.0]))
        found = likelihood.conjugate(np.ones(1), np.array([s]))[0]
        assert found >= far.max() * (1 - 1e-9)


CONJUGATE_MUTANTS = {
    "one Newton step too few": lambda lik, y, s: lik.conjugate(y, s) - 1e-3,
    "forgets the loss": lambda lik, y, s: s * lik.eta_of(0.4) + 0 * y,
    "of the wrong sign": lambda lik, y, s: lik.conjugate(y, -s),
}


@pytest.mark.parametrize("mutant", CONJUGATE_MUTANTS)
def test_the_law_of_conjugates_rejects_wrong_ones(case, mutant):
    """Fenchel's equality fails for each wrong conjugate."""
    likelihood, ys = case
    with np.errstate(invalid="ignore"):
        off = 0.0
        for y in ys:
            s = likelihood.slope(y, ETA)
            wrong = CONJUGATE_MUTANTS[mutant](likelihood, np.full_like(s, y), s)
            off = max(off, np.max(np.abs(likelihood.loss(y, ETA) + wrong - s * ETA)))
    assert off > 1e-5


def test_tails_are_finite_and_monotone(case):
    """No NaN for |eta| up to 700; slopes never fall, curvatures are never negative."""
    likelihood, ys = case
    wide = np.concatenate([-np.geomspace(700, 1e-3, 400), np.geomspace(1e-3, 700, 400)])
    for y in ys:
        slope = likelihood.slope(y, wide)
        assert not np.any(np.isnan(likelihood.loss(y, wide)))
        assert np.all(np.diff(slope) >= -1e-12 * np.maximum(np.abs(slope[1:]), 1e-300))
        curvature = likelihood.curvature(y, wide)
        assert not np.any(np.isnan(curvature))
        assert np.all(curvature >= 0)


def test_draws_have_the_mean_and_variance(case):
    """E y = mean(eta), Var y = phi V(mean(eta)); the mean Pearson residual is phi."""
    likelihood, _ = case
    if not likelihood.is_probability:
        with pytest.raises(pf.InputError, match="pseudo-likelihood"):
            likelihood.draw(ETA, 1.0, np.random.default_rng(0))
        return
    if likelihood.name in ("huber", "quantile"):
        return  # their variance is not phi: see the next laws
    phi, n = likelihood.known_dispersion, 400_000
    y = likelihood.draw(np.full(n, 0.4), phi, np.random.default_rng(0))
    mu = likelihood.mean(np.array([0.4]))
    assert y.mean() == pytest.approx(mu[0], abs=5 * y.std() / np.sqrt(n))
    assert y.var() == pytest.approx(phi * likelihood.variance(mu)[0], rel=0.02)
    assert likelihood.pearson(y, np.full(n, 0.4)).mean() == pytest.approx(phi, rel=0.02)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.8])
def test_draws_of_a_quantile_lie_below_with_probability_q(q):
    """P(y < eta) = q, the mean loss is phi, and exp(-loss / phi - constant) sums to 1."""
    likelihood, n = pf.Quantile(q, scale=0.4), 200_000
    y = likelihood.draw(np.full(n, 0.7), 0.4, np.random.default_rng(0))
    assert np.mean(y < 0.7) == pytest.approx(q, abs=5 * np.sqrt(q * (1 - q) / n))
    assert likelihood.pearson(y, np.full(n, 0.7)).mean() == pytest.approx(0.4, rel=0.02)

    def density(at):
        at = np.array([at])
        return np.exp(-likelihood.loss(at, 0.7) / 0.4 - likelihood.constant(at, 0.4))[0]

    total = integrate.quad(density, -200, 0.7)[0] + integrate.quad(density, 0.7, 200)[0]
    assert total == pytest.approx(1.0, abs=1e-9)


def test_huber_at_normal_noise_gives_its_variance():
    """The mean squared force, corrected, is the variance of normal noise; tails are exponential."""
    rng, huber = np.random.default_rng(0), pf.Huber(delta=1.2, scale=1.5)
    y = 1.5 * rng.normal(size=400_000)
    assert huber.pearson(y, np.zeros_like(y)).mean() == pytest.approx(2.25, rel=0.01)
    z = np.abs(huber.draw(np.zeros(400_000), 2.25, rng)) / 1.5
    assert np.mean(z[z > 1.2] - 1.2) == pytest.approx(1 / 1.2, rel=0.02)


def test_saturated_is_the_lower_bound(case):
    """inf over eta of the loss."""
    likelihood, ys = case
    wide = np.linspace(-40, 40, 4001)
    for y in ys:
        lowest = likelihood.loss(y, wide).min()
        assert likelihood.saturated(np.array([y]))[0] == pytest.approx(lowest, abs=1e-3)


def test_the_link_is_the_inverse_of_the_mean(case):
    """mean(link(m)) = m."""
    likelihood, _ = case
    assert likelihood.mean(np.array([likelihood.eta_of(0.3)]))[0] == pytest.approx(0.3)


def test_probabilities_sum_to_one():
    """exp(-loss/phi - constant) is a density or a mass function."""

    def mass(likelihood, y, eta, phi=1.0):
        return np.exp(-likelihood.loss(y, eta) / phi - likelihood.constant(y, phi))

    assert mass(pf.Bernoulli(), np.array([0.0, 1.0]), np.array([0.7, 0.7])).sum() == pytest.approx(
        1
    )
    counts = np.arange(200.0)
    assert mass(pf.Poisson(), counts, np.full(200, 1.3)).sum() == pytest.approx(1)
    counts = np.arange(3000.0)
    for theta in (0.3, 2.0, 1e6):
        kind = pf.NegativeBinomial(theta)
        assert mass(kind, counts, np.full(3000, 1.3)).sum() == pytest.approx(1, abs=1e-9)
    for phi in (0.05, 0.7, 4.0):
        for power in (1.05, 1.5, 1.9):
            kind, zero = pf.Tweedie(power), np.zeros(1)
            x = np.linspace(-120.0, 14.0, 30_001)  # y = exp(x): gamma amounts crowd at 0
            y = np.exp(x)
            total = np.trapezoid(y * mass(kind, y, 0.4, phi), x)
            assert total + mass(kind, zero, 0.4, phi)[0] == pytest.approx(1.0, abs=1e-4)
        total = integrate.quad(
            lambda x, phi=phi: np.exp(x) * mass(pf.Gamma(), np.exp([x]), 0.4, phi)[0], -60, 8
        )[0]
        assert total == pytest.approx(1.0, abs=1e-6)
    for kind, phi in ((pf.Gaussian(), 2.5), (pf.Huber(1.3, 2.0), 4.0)):
        total = integrate.quad(
            lambda y, kind=kind, phi=phi: mass(kind, np.array([y]), 0.4, phi)[0], -60, 60, limit=200
        )[0]
        assert total == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_links_are_probabilities(link):
    """exp(-loss(1)) = mean, exp(-loss(0)) = 1 - mean."""
    kind = pf.Bernoulli(link=link)
    np.testing.assert_allclose(np.exp(-kind.loss(1.0, ETA)), kind.mean(ETA), rtol=1e-12)
    np.testing.assert_allclose(np.exp(-kind.loss(0.0, ETA)), 1 - kind.mean(ETA), atol=1e-14)


def test_the_limits_are_the_named_likelihoods():
    """theta to infinity is Poisson, delta to infinity the gaussian; p near 1 or 2 the ends."""
    y, eta = np.array([0.0, 1.0, 5.0]), np.array([-1.0, 0.3, 2.0])
    nb = pf.NegativeBinomial(1e9)
    at = nb.loss(y, eta) + nb.constant(y, 1.0)
    poisson = pf.Poisson().loss(y, eta) + pf.Poisson().constant(y, 1.0)
    np.testing.assert_allclose(at, poisson, atol=1e-6)
    huber, gauss = pf.Huber(40.0, 2.0), pf.Gaussian(2.0)
    np.testing.assert_allclose(huber.loss(y, eta), gauss.loss(y, eta))
    np.testing.assert_allclose(huber.constant(y, 4.0), gauss.constant(y, 4.0))
    np.testing.assert_allclose(
        pf.Tweedie(2 - 1e-7).slope(y[1:], eta[1:]), pf.Gamma().slope(y[1:], eta[1:]), atol=1e-5
    )


def test_theta_by_profile_is_the_best():
    """No other theta has a larger likelihood at this eta."""
    rng = np.random.default_rng(0)
    eta, w = rng.normal(size=300), rng.integers(0, 3, size=300) + 0.5
    y = pf.NegativeBinomial(1.7).draw(eta, 1.0, rng)

    def lost(theta):
        kind = pf.NegativeBinomial(theta)
        return float(w @ (kind.loss(y, eta) + kind.constant(y, 1.0)))

    best = pf.NegativeBinomial().profile(y, eta, w).theta
    for factor in (0.5, 0.99, 0.9999, 1.0001, 1.01, 2.0):
        assert lost(best * factor) > lost(best)


@pytest.mark.parametrize(
    "text",
    ["gaussian", "gaussian:noise=2.0", "bernoulli:link=probit", "tweedie:power=1.7,dispersion=2.0",
     "negative-binomial:theta=2.0", "huber:delta=2.0", "gamma", "squared-hinge"],
)  # fmt: skip
def test_text_comes_back(text):
    """as_text(by_name(text)) = text."""
    assert as_text(by_name(text)) == text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pf.Gamma(dispersion=0.0), "`dispersion` must be a positive number"),
        (lambda: pf.Gamma(link="inverse"), "must be 'log'; got 'inverse'"),
        (lambda: pf.Tweedie(power=2.0), "strictly between 1 and 2"),
        (lambda: pf.Tweedie(power=3.0), "not convex"),
        (lambda: pf.NegativeBinomial(theta=-1.0), "`theta` must be"),
        (lambda: pf.Huber(delta=0.0), "`delta` must be"),
        (lambda: pf.Bernoulli(link="cauchit"), "logit, probit, cloglog; got 'cauchit'"),
        (lambda: pf.NegativeBinomial().loss(np.ones(1), np.ones(1)), "`theta` must be known"),
        (lambda: pf.Huber().loss(np.ones(1), np.ones(1)), "`scale` must be known"),
        (lambda: pf.shares([3], [2]), "3 of 2 in row 0"),
        (lambda: by_name("tweedie:p=1.5"), "power, dispersion; got 'p'"),
        (lambda: by_name("gamma:dispersion=x"), "key=number"),
        (lambda: by_name("cauchy"), "must be one of"),
    ],
)
def test_settings_must_be_meant(make, message):
    """A setting that cannot be is one clear error."""
    with pytest.raises(pf.InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("likelihood", "y", "message"),
    [
        (pf.Bernoulli(), [0.0, 2.0], r"y in \[0, 1\]; got 2 in row 1"),
        (pf.Bernoulli(), [1.0, 1.0], "one class"),
        (pf.Poisson(), [1.0, -1.0], "y >= 0; got -1 in row 1"),
        (pf.Poisson(), [0.0, 0.0], "some y > 0"),
        (pf.Gamma(), [1.0, 0.0], "y > 0; got 0 in row 1"),
        (pf.Tweedie(), [1.0, -1.0], "y >= 0; got -1 in row 1"),
        (pf.NegativeBinomial(), [0.0, -2.0], "y >= 0; got -2 in row 1"),
        (pf.SquaredHinge(), [0.0, 0.5], "of 0 and 1; got 0.5 in row 1"),
        (pf.SquaredHinge(), [0.0, 0.0], "one class"),
    ],
)
def test_domain_of_y(likelihood, y, message):
    """A response outside the domain is named with its row."""
    with pytest.raises(pf.InputError, match=message):
        likelihood.check(np.array(y))


def test_noise_must_be_meant():
    """Noise is positive, and relative scales need an unknown noise."""
    for bad in (-1.0, 0.0, float("nan")):
        with pytest.raises(pf.InputError, match="positive"):
            pf.Gaussian(noise=bad)
    with pytest.raises(pf.InputError, match="unknown noise"):
        pf.Gaussian(noise=1.0, scale_by_noise=True)
