"""Laws of native losses over rows: those of Python, exp and log to two units in the last place."""

import numpy as np
import pytest

from laws import EVERY_LIKELIHOOD
from priorfit._core import conjugate_rows, evaluate_rows
from priorfit.likelihoods import NegativeBinomial
from priorfit.solve.native import native_loss

EPS = np.finfo(float).eps
ROWS = [1, 3, 4, 8, 37]  # in the lanes of a register, and what is left beside them
NATIVE = {
    name: pair
    for name, pair in EVERY_LIKELIHOOD.items()
    if native_loss(pair[0]) and not isinstance(pair[0], NegativeBinomial)  # bernoulli's rows
}


def _rows(name, n):
    rng = np.random.default_rng(n)
    eta = rng.normal(scale=3.0, size=n)
    likelihood, draw = NATIVE[name]
    y, w = np.asarray(draw(rng, eta), dtype=float), rng.uniform(0.5, 2.0, size=n)
    if name == "huber":  # native rows come in its units
        likelihood, y = type(likelihood)(delta=1.0, scale=1.0), y / 0.8
    return likelihood, y, w, eta


def _evaluated(name, y, w, eta):
    theta, h = np.empty(len(y)), np.empty(len(y))
    loss = evaluate_rows(native_loss(NATIVE[name][0]), y, w, eta, theta, h)
    return loss, theta, h


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("name", NATIVE)
def test_rows_are_those_of_the_likelihood(name, n):
    """sum w loss, theta = -w loss', h = w loss''."""
    likelihood, y, w, eta = _rows(name, n)
    loss, theta, h = _evaluated(name, y, w, eta)
    tol = {"rtol": 64 * EPS, "atol": 64 * EPS}
    np.testing.assert_allclose(loss, w @ likelihood.loss(y, eta), **tol)
    np.testing.assert_allclose(theta, -w * likelihood.slope(y, eta), **tol)
    np.testing.assert_allclose(h, w * likelihood.curvature(y, eta), **tol)


@pytest.mark.parametrize("n", ROWS)
@pytest.mark.parametrize("name", NATIVE)
def test_conjugates_are_those_of_the_likelihood(name, n):
    """sum w loss*(-theta / w), infinite outside its domain."""
    likelihood, y, w, eta = _rows(name, n)
    theta = 0.9 * _evaluated(name, y, w, eta)[1]
    loss = native_loss(likelihood)
    expected = w @ likelihood.conjugate(y, -theta / w)
    np.testing.assert_allclose(
        conjugate_rows(loss, y, w, theta), expected, rtol=64 * EPS, atol=1e-14
    )
    outside = theta + 4.0 * w * np.where(y > 0.5, 1.0, -1.0)
    if np.isinf(likelihood.conjugate(y[:1], -outside[:1] / w[:1])[0]):
        assert conjugate_rows(loss, y[:1], w[:1], outside[:1]) == np.inf


def _ulps(found, exact):
    exact = np.asarray(exact, dtype=np.longdouble)
    return float(np.max(np.abs(found - exact) / np.spacing(np.abs(exact).astype(float))))


def _exp_by_rows(x):
    return _evaluated("poisson", np.zeros(len(x)), np.ones(len(x)), x)[2]


def _log1p_exp_by_rows(x):
    one = np.ones(1)
    return np.array([_evaluated("bernoulli", 0 * one, one, v * one)[0] for v in x])


def test_exp_is_within_two_ulp():
    """Where a double has room for it; 0 and infinity beyond."""
    x = np.concatenate([np.linspace(-708, 709, 20011), np.geomspace(1e-300, 1, 500)])
    exact = np.exp(x.astype(np.longdouble))
    assert _ulps(_exp_by_rows(x), exact) <= 2.0
    assert _ulps(_exp_by_rows(x) * (1 + 4 * EPS), exact) > 2.0  # a wrong exp
    np.testing.assert_array_equal(_exp_by_rows(np.array([-800.0, 800.0])), [0.0, np.inf])
    assert np.isnan(_exp_by_rows(np.array([np.nan]))[0])


def test_log_one_plus_exp_is_within_three_ulp():
    """Down to its smallest tails: log(1 + e), not log of a rounded 1 + e."""
    x = -np.concatenate([np.linspace(0, 40, 2001), np.geomspace(40, 700, 100)])
    exact = np.log1p(np.exp(x.astype(np.longdouble)))
    assert _ulps(_log1p_exp_by_rows(x), exact) <= 3.0
    assert _ulps(np.log(1 + np.exp(x)), exact) > 3.0  # a wrong one


def test_entropy_is_right_to_the_rounding_of_one():
    """q log q + (1 - q) log(1 - q), 0 at both ends."""
    q = np.concatenate([np.linspace(0.001, 0.999, 999), np.geomspace(1e-290, 1e-3, 300)])
    one = np.ones(1)
    found = np.array([conjugate_rows("bernoulli", 0 * one, one, -v * one) for v in q])
    share = q.astype(np.longdouble)
    exact = share * np.log(share) + (1 - share) * np.log1p(-share)
    np.testing.assert_allclose(found, exact.astype(float), rtol=0, atol=2 * EPS)
    assert conjugate_rows("bernoulli", 0 * one, one, 0 * one) == 0.0
    assert conjugate_rows("bernoulli", 0 * one, one, -one) == 0.0
