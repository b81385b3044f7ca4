"""Laws of the likelihoods: derivatives, conjugates, normalisation."""

import numpy as np
import pytest
from scipy import integrate

import priorfit as pf
from laws import ALL_LIKELIHOODS, ROW_BY_ROW

ETA = np.linspace(-3, 3, 13)


def _responses(name):
    return np.array([0.0, 1.0]) if name == "bernoulli" else np.array([0.0, 1.0, 4.0])


@pytest.fixture(params=ROW_BY_ROW)
def case(request):
    return ALL_LIKELIHOODS[request.param][0], _responses(request.param)


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
    assert likelihood.mean(np.array([likelihood.link(0.3)]))[0] == pytest.approx(0.3)


def test_probabilities_sum_to_one():
    """exp(-loss/phi - constant) is a density or a mass function."""

    def mass(likelihood, y, eta, phi=1.0):
        return np.exp(-likelihood.loss(y, eta) / phi - likelihood.constant(y, phi))

    assert mass(pf.Bernoulli(), np.array([0.0, 1.0]), np.array([0.7, 0.7])).sum() == pytest.approx(
        1
    )
    counts = np.arange(200.0)
    assert mass(pf.Poisson(), counts, np.full(200, 1.3)).sum() == pytest.approx(1)
    total = integrate.quad(lambda y: mass(pf.Gaussian(), np.array([y]), 0.4, 2.5)[0], -40, 40)[0]
    assert total == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("likelihood", "y", "message"),
    [
        (pf.Bernoulli(), [0.0, 2.0], r"y in \[0, 1\]; got 2 in row 1"),
        (pf.Bernoulli(), [1.0, 1.0], "one class"),
        (pf.Poisson(), [1.0, -1.0], "y >= 0; got -1 in row 1"),
        (pf.Poisson(), [0.0, 0.0], "some y > 0"),
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
