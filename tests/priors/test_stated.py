"""Beliefs as people say them, moments, and beliefs side by side."""

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_LIKELIHOODS, PROPER, ROW_BY_ROW
from priorfit.priors import Comparison

#: name -> (family, its shape)
FAMILIES = {
    "normal": (pf.Normal, {}),
    "laplace": (pf.Laplace, {}),
    "elastic net": (pf.ElasticNet, {"l1_scale": 0.4, "l2_scale": 2.0}),
    "group laplace": (pf.GroupLaplace, {"groups": [0, 0, 1, 2, 2, 2]}),
    "sparse group laplace": (pf.SparseGroupLaplace, {"groups": [0, 0, 1], "group_scale": 0.3}),
}
families = pytest.mark.parametrize(("family", "shape"), FAMILIES.values(), ids=FAMILIES)


@families
@pytest.mark.parametrize(("q", "value"), [(0.9, 0.5), (0.05, -2.0), (0.51, 1e-3), (0.999, 3.0)])
def test_a_quantile_is_met(family, shape, q, value):
    """from_quantile(q, v).quantile(q) = v, also with a centre, also per column."""
    for loc in (0.0, 0.4 * value):
        prior = family.from_quantile(q, value, loc=loc, **shape)
        share = np.full(prior._shape(), q)
        np.testing.assert_allclose(prior.quantile(share), value, rtol=1e-10)


@families
def test_an_interval_holds_its_mass(family, shape):
    """P(b <= high) - P(b <= low) = mass, and the middle is the centre."""
    prior = family.from_interval(-1.0, 3.0, 0.8, **shape)
    ones = np.ones(prior._shape())
    np.testing.assert_allclose(prior.cdf(3 * ones) - prior.cdf(-ones), 0.8, rtol=1e-10)
    np.testing.assert_allclose(prior.loc, 1.0)


@families
@pytest.mark.parametrize("variance", [1e-6, 1.0, 70.0])
def test_a_variance_is_met_by_draws_too(family, shape, variance):
    """prior.variance = v; the variance of draws is v up to their error."""
    prior = family.from_variance(variance, loc=0.3, **shape)
    np.testing.assert_allclose(prior.variance, variance, rtol=1e-9)
    size = (200_000, *prior._shape())
    draws = prior.sample(size, seed=0)
    np.testing.assert_allclose(draws.var(axis=0), variance, rtol=0.03)


def test_scales_per_column():
    """One belief per column: arrays in, arrays of scales out."""
    prior = pf.Normal.from_interval([-1, -2, 0], [1, 2, 6], 0.95)
    np.testing.assert_allclose(prior.scale, np.array([1, 2, 3]) / 1.959963984540054)
    np.testing.assert_allclose(prior.loc, [0, 0, 3])


#: the squares of their draws have no finite variance
_WILD = ("student", "log-laplace")


@pytest.mark.parametrize(
    "name", [k for k in PROPER if not k.startswith(("group", "sparse", *_WILD))]
)
def test_moments_are_those_of_draws(name):
    """variance and mean_abs, against 400,000 draws; variance <= E (b - loc)^2."""
    prior = PROPER[name]
    draws = prior.sample(400_000, seed=1)
    loc = getattr(getattr(prior, "prior", prior), "loc", 0.0)
    assert float(prior.variance) == pytest.approx(draws.var(), rel=0.02)
    assert float(prior.mean_abs) == pytest.approx(np.abs(draws - loc).mean(), rel=0.02)


def test_closed_forms_are_the_integrals():
    """Normal and Laplace say their moments in closed form; the quadrature agrees to 1e-11."""
    for prior in (pf.Normal(0.7, loc=3.0), pf.Laplace(0.02, loc=-1.0)):
        generic = super(type(prior), prior)
        assert float(generic.variance) == pytest.approx(float(prior.variance), rel=1e-11)
        assert float(generic.mean_abs) == pytest.approx(float(prior.mean_abs), rel=1e-11)


@pytest.mark.parametrize("match", ["variance", "mean_abs", "peak"])
@pytest.mark.parametrize("other", [pf.Laplace(9.0), pf.Normal(0.1), pf.ElasticNet(0.5, 3.0)])
def test_compared_beliefs_agree_in_what_is_matched(other, match):
    """The matched quantity is equal; a change of units changes no probability."""
    both = pf.Normal(1.5).compare(other, match=match)
    pair = {"variance": both.variances, "mean_abs": both.mean_abs, "peak": both.peaks}[match]
    assert pair[0] == pytest.approx(pair[1], rel=1e-9)
    wide = pf.Normal(15.0).compare(other, match=match)
    assert both.beyond(2.0) == pytest.approx(wide.beyond(20.0), rel=1e-9)
    assert isinstance(both, Comparison)
    assert match.replace("_", " ") in str(both)


def test_what_cannot_be_stated():
    """One clear error."""
    for bad, must in (
        (lambda: pf.Laplace.from_quantile(0.9, -1.0), "`value` must lie on the side"),
        (lambda: pf.Laplace.from_quantile(0.5, 1.0), "`q` must lie in"),
        (lambda: pf.Laplace.from_quantile(90, 1.0), "`q` must lie in"),
        (lambda: pf.Normal.from_interval(1, -1), "`low` must be < `high`"),
        (lambda: pf.Normal.from_interval(-1, 1, 95), "`mass` must lie in"),
        (lambda: pf.Normal.from_variance(0.0), "`variance` must be > 0"),
        (lambda: pf.Normal.from_variance(-1), "got -1"),
        (lambda: pf.Normal().compare(pf.Flat()), "priors to be compared must be"),
        (lambda: pf.Normal().compare(pf.Laplace(), match="sd"), "`match` must be one of"),
        (lambda: pf.Flat().variance, "needs a proper prior"),
        (lambda: pf.prior_predictive(np.eye(2), pf.Flat()), "needs a proper prior"),
        (lambda: pf.prior_predictive(np.eye(2), pf.Normal(), pf.Gaussian()), "noise must be known"),
        (lambda: pf.prior_predictive(np.eye(2), pf.Normal(), draws=0), "`draws` must be"),
    ):
        with pytest.raises(pf.InputError, match=must):
            bad()


@pytest.mark.parametrize("likelihood", [k for k in ALL_LIKELIHOODS if k in ROW_BY_ROW])
def test_prior_predictive_moments(likelihood):
    """E eta = offset + intercept + X loc; var eta = sum x^2 var b; E y = E mu."""
    X = np.random.default_rng(0).normal(size=(5, 3))
    prior, known = pf.Laplace(0.3, loc=[0.5, 0.0, -0.2]), ALL_LIKELIHOODS[likelihood][0]
    seen = pf.prior_predictive(
        X, prior, known, intercept=0.7, offset=np.arange(5) / 9, draws=40_000, seed=3
    )
    centre = 0.7 + np.arange(5) / 9 + X @ prior.loc
    variance = X**2 @ prior.variance
    np.testing.assert_allclose(
        seen.eta.mean(axis=0), centre, atol=5 * np.sqrt(variance.max() / 4e4)
    )
    np.testing.assert_allclose(seen.eta.var(axis=0), variance, rtol=0.06)
    spread = np.sqrt((seen.y - seen.mu).var(axis=0) / 4e4)
    assert np.all(np.abs((seen.y - seen.mu).mean(axis=0)) < 5 * spread)
    again = pf.prior_predictive(X, prior, known, draws=10, seed=3)
    np.testing.assert_array_equal(again.y, pf.prior_predictive(X, prior, known, draws=10, seed=3).y)
