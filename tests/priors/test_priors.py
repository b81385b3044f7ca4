"""Laws of the priors: densities, their cdf and quantile, the prox, and the normal form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

import priorfit as pf
from laws import ALL_PRIORS, PROPER, PROX_MUTANTS, example
from priorfit.priors import from_dict, parse_prior, to_dict

finite = st.floats(-50, 50)


def _range(prior):
    return float(prior.quantile(1e-12)), float(prior.quantile(1 - 1e-12))


@pytest.mark.parametrize("name", PROPER)
def test_density_integrates_to_one(name):
    """The integral of exp(-neg_log_density) is 1."""
    prior = PROPER[name]
    low, high = _range(prior)
    tails = 10.0 ** -np.arange(1.0, 12.0)
    middle = [float(v) for v in prior.quantile(np.r_[tails, 0.5, 1.0 - tails])]
    breaks = [*middle, float(getattr(prior, "loc", 0.0))]
    total = integrate.quad(
        lambda b: np.exp(-prior.neg_log_density(b)),
        low,
        high,
        points=sorted({b for b in breaks if low < b < high}),
        limit=400,
        epsabs=1e-13,
        epsrel=1e-13,
    )[0]
    assert total == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("name", PROPER)
def test_cdf_is_the_integral_of_the_density(name):
    """cdf' = density."""
    prior = PROPER[name]
    b = prior.quantile(np.array([0.03, 0.2, 0.45, 0.7, 0.95]))
    h = 1e-6
    slope = (prior.cdf(b + h) - prior.cdf(b - h)) / (2 * h)
    np.testing.assert_allclose(slope, np.exp(-prior.neg_log_density(b)), rtol=1e-6)


@pytest.mark.parametrize("name", PROPER)
def test_quantile_inverts_cdf(name):
    """cdf(quantile(q)) = q, far into both tails."""
    prior = PROPER[name]
    q = np.array([1e-10, 1e-4, 0.1, 0.5, 0.8, 1 - 1e-6])
    np.testing.assert_allclose(prior.cdf(prior.quantile(q)), q, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", PROPER)
def test_samples_follow_the_cdf(name):
    """Kolmogorov-Smirnov distance of draws from the cdf is that of honest draws."""
    prior = PROPER[name]
    draws = prior.sample(4000, seed=1)
    assert stats.kstest(draws, prior.cdf).pvalue > 1e-4
    np.testing.assert_array_equal(draws, prior.sample(4000, seed=1))


def _beaten(prior, z, step, b):
    """Whether some point near b, at some distance, has a lower prox objective."""

    def value(x):
        return 0.5 * (x - z) ** 2 + step * prior.neg_log_density(x)

    away = np.concatenate([10.0 ** np.arange(-7, 1), -(10.0 ** np.arange(-7, 1))])
    return bool(np.any(value(b + away) < value(b) - 1e-12 * (1 + abs(value(b)))))


@pytest.mark.parametrize("name", PROPER)
@given(z=finite, step=st.floats(0.01, 10))
def test_no_nearby_point_beats_the_prox(name, z, step):
    """prox(z) minimises (b - z)^2/2 + step * neg_log_density(b)."""
    prior = PROPER[name]
    assert not _beaten(prior, z, step, float(prior.prox(z, step)))


@pytest.mark.parametrize("name", PROX_MUTANTS)
def test_the_prox_law_catches_mutants(name):
    """Each wrong operator is beaten somewhere."""
    prior, wrong = pf.ElasticNet(0.5, 0.8), PROX_MUTANTS[name]
    caught = [
        _beaten(prior, z, 1.0, float(wrong(z, 1 / 0.5, 1 / 0.8**2)))
        for z in (-4.0, -1.0, 0.3, 2.5, 3.0)
    ]
    assert any(caught)


@pytest.mark.parametrize("name", ALL_PRIORS)
def test_normal_form_is_the_density_up_to_a_constant(name):
    """neg_log_density(b) - neg_log_density(c) = form.value(b) - form.value(c) inside the box."""
    prior, p = ALL_PRIORS[name](5), 5
    form = prior.lower(p)
    rng = np.random.default_rng(0)
    low, high = np.maximum(form.lower, -2), np.minimum(form.upper, 2)
    b, c = (low + (high - low) * rng.uniform(size=p) for _ in range(2))
    density = prior.neg_log_density(b) - prior.neg_log_density(c)
    np.testing.assert_allclose(density, form.value(b) - form.value(c), atol=1e-12)


@pytest.mark.parametrize("name", ["normal", "laplace", "elastic net"])
def test_tempered_is_a_power_of_the_density(name):
    """-log p_s(b) = s (-log p(b)) + constant."""
    prior, b = PROPER[name], np.array([-1.0, 0.3, 2.0])
    ratio = prior.tempered(3.0).neg_log_density(b) - 3.0 * prior.neg_log_density(b)
    np.testing.assert_allclose(ratio, ratio[0], atol=1e-12)


@pytest.mark.parametrize("name", PROPER)
def test_rescaled_is_the_change_of_variable(name):
    """P(c b <= c x) = P(b <= x)."""
    prior, q = PROPER[name], np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(prior.rescaled(4.0).quantile(q), 4.0 * prior.quantile(q), rtol=1e-9)


def test_unit_has_rate_one():
    """l1 + l2 = 1 after unit(), with the ratio of an elastic net kept."""
    form = pf.ElasticNet(0.3, 0.6).unit().lower(1)
    assert form.l1[0] + form.l2[0] == pytest.approx(1.0)
    assert form.l1[0] / form.l2[0] == pytest.approx((1 / 0.3) / (1 / 0.36))
    assert pf.Laplace(0.3).unit().lower(1).l1[0] == 1.0
    assert pf.Normal(0.3).unit().lower(1).l2[0] == 1.0


def test_scale_zero_fixes_and_infinite_scale_frees():
    """scale 0 puts the weight at loc, scale inf leaves it to the data."""
    form = pf.Laplace(scale=[0.0, np.inf, 1.0], loc=2.0).lower(3)
    np.testing.assert_array_equal(form.fixed, [True, False, False])
    np.testing.assert_array_equal(form.flat, [False, True, False])
    assert pf.Normal(0.0, loc=1.0).neg_log_density(1.0) == 0.0
    assert pf.Normal(0.0, loc=1.0).neg_log_density(1.1) == np.inf
    assert pf.Laplace(np.inf).neg_log_density(7.0) == 0.0


def test_parameters_by_column_name():
    """Names and patterns become arrays in the order of the columns."""
    prior = pf.Laplace(scale={"age": 0.5, "gene_*": 0.1, "*": 2.0})
    np.testing.assert_array_equal(
        prior.for_columns(["gene_1", "age", "bmi"]).scale, [0.1, 0.5, 2.0]
    )
    with pytest.raises(pf.InputError, match="nothing for column 'bmi'"):
        pf.Laplace(scale={"age": 0.5}).for_columns(["age", "bmi"])
    with pytest.raises(pf.InputError, match="every key"):
        pf.Laplace(scale={"age": 0.5, "agee": 1.0, "*": 1.0}).for_columns(["age", "bmi"])


@pytest.mark.parametrize("name", ALL_PRIORS)
def test_plain_data_round_trip(name):
    """from_dict(to_dict(prior)) = prior."""
    prior = ALL_PRIORS[name](4)
    assert from_dict(to_dict(prior)) == prior


def test_text_grammar():
    """The command line's strings make the priors that they say."""
    assert parse_prior("laplace:scale=0.1") == pf.Laplace(0.1)
    assert parse_prior("elastic-net:l1_scale=1,l2_scale=2") == pf.ElasticNet(1.0, 2.0)
    assert parse_prior("normal:scale=2,lower=0") == pf.Truncated(pf.Normal(2.0), lower=0.0)
    for wrong in ("laplce", "laplace:scale", "laplace:width=1", "laplace:scale=a"):
        with pytest.raises(pf.InputError):
            parse_prior(wrong)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pf.Laplace(-1.0), "`scale` must be >= 0; got -1.0"),
        (lambda: pf.Normal(float("nan")), "`scale` must be >= 0; got nan"),
        (lambda: pf.Normal("wide"), "`scale` must hold numbers"),
        (lambda: pf.Laplace(1.0, loc=np.inf), "`loc` must be finite"),
        (lambda: pf.Truncated(pf.Normal(), lower=1, upper=0), "`lower` must be <= `upper`"),
        (lambda: pf.Truncated(3.0, lower=1), "`prior` must be a prior"),
        (lambda: pf.Laplace([1.0, 2.0]).lower(3), "one number or one per column"),
        (lambda: pf.Flat().cdf(0.0), "proper prior"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    """What must hold; what was got; what to do."""
    with pytest.raises(pf.InputError, match=message.replace("(", r"\(")):
        make()


@pytest.mark.parametrize("family", [pf.Normal, pf.Laplace], ids=["normal", "laplace"])
@pytest.mark.parametrize(("low", "high"), [(0.0, np.inf), (-1.0, 2.0), (-np.inf, 0.5)])
def test_boxes_column_by_column(family, low, high):
    """-log p of many columns is that of each alone, with scales of 0 and inf among them."""
    scales = np.array([0.0, 0.3, np.inf, 5.0])
    prior, b = pf.Truncated(family(scales), low, high), np.array([0.0, 0.2, 0.4, 0.1])
    alone = [
        pf.Truncated(family(s), low, high).neg_log_density(v)
        for s, v in zip(scales, b, strict=True)
    ]
    np.testing.assert_allclose(prior.neg_log_density(b), alone, atol=1e-14)
    width = high - low
    assert alone[2] == pytest.approx(np.log(width) if np.isfinite(width) else 0.0)
    X, y, *_ = example(n=50, p=4)
    fit = pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(1.0)))
    assert fit.certificate.certified
    assert np.isfinite(fit.objective)
    assert fit.coef[0] == 0
    assert np.all((low <= fit.coef) & (fit.coef <= high))
