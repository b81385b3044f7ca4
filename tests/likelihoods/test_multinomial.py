"""Laws of the multinomial likelihood, and wrong versions that they reject."""

import numpy as np
import pytest
from scipy.special import expit

import priorfit as pf
from priorfit.likelihoods import Flattened

RNG = np.random.default_rng(0)
ETA = RNG.normal(size=(7, 4)) * 2
LABELS = np.eye(4)[RNG.integers(0, 4, size=7)]
SHARES = RNG.dirichlet(np.ones(4), size=7)
W = RNG.uniform(0.5, 2.0, size=7)
KIND = pf.Multinomial()


class _NoSoftmax(pf.Multinomial):
    def slope(self, y, eta):
        return expit(eta) - y


class _Uncoupled(pf.Multinomial):
    def hessian(self, y, eta, weights, v):
        return weights[:, None] * self.curvature(y, eta) * v


class _NoEntropy(pf.Multinomial):
    def conjugate(self, y, slope):
        return 0.0 * slope


def _score_is_the_slope(kind, y):
    """score = -d total / d eta."""
    h = 1e-6
    for i, k in np.ndindex(*ETA.shape):
        e = np.zeros_like(ETA)
        e[i, k] = h
        slope = (kind.total(y, ETA + e, W) - kind.total(y, ETA - e, W)) / (2 * h)
        assert -kind.score(y, ETA, W)[i, k] == pytest.approx(slope, abs=1e-7)


def _hessian_is_the_curve(kind, y):
    """hessian v = -(score at eta + h v - score at eta - h v) / 2h, its diagonal curvatures."""
    h, v = 1e-6, np.random.default_rng(1).normal(size=ETA.shape)
    change = -(kind.score(y, ETA + h * v, W) - kind.score(y, ETA - h * v, W)) / (2 * h)
    np.testing.assert_allclose(kind.hessian(y, ETA, W, v), change, atol=1e-6)
    both = kind.hessian(y, ETA, W, np.stack([v, 2 * v], axis=-1))
    np.testing.assert_allclose(both[..., 1], 2 * kind.hessian(y, ETA, W, v))


def _dual_touches(kind, y):
    """total(eta) + dual(theta) = -theta'eta at theta = score(eta), and >= elsewhere."""
    theta = kind.score(y, ETA, W)
    touch = kind.total(y, ETA, W) + kind.dual(y, theta, W) + np.sum(theta * ETA)
    assert touch == pytest.approx(0.0, abs=1e-10)
    for _ in range(20):
        other = ETA + np.random.default_rng(2).normal(size=ETA.shape)
        assert kind.total(y, other, W) + kind.dual(y, theta, W) + np.sum(theta * other) >= -1e-10


LAWS = {
    "slope": (_score_is_the_slope, _NoSoftmax()),
    "curve": (_hessian_is_the_curve, _Uncoupled()),
    "dual": (_dual_touches, _NoEntropy()),
}


@pytest.mark.parametrize("y", [LABELS, SHARES], ids=["labels", "shares"])
@pytest.mark.parametrize("law", LAWS)
def test_laws_hold_and_reject_their_mutants(law, y):
    state, mutant = LAWS[law]
    state(KIND, y)
    with pytest.raises(AssertionError):
        state(mutant, y)


def test_arrays_of_several_fits_are_those_fits():
    """A last axis holds fits side by side, flat or not."""
    both = np.stack([ETA, -ETA], axis=-1)
    flat = Flattened(KIND, 4)
    for y in (LABELS, SHARES):
        total = KIND.total(y, both, W)
        assert total[1] == pytest.approx(float(KIND.total(y, -ETA, W)))
        long = flat.total(y.ravel(), both.reshape(28, 2), np.repeat(W, 4))
        np.testing.assert_allclose(long, total)
        score = flat.score(y.ravel(), both.reshape(28, 2), np.repeat(W, 4))
        np.testing.assert_allclose(score.reshape(both.shape), KIND.score(y, both, W))


def test_far_predictors_neither_overflow_nor_lose_the_small_difference():
    """1 - mu is exact where mu rounds to 1, and the loss is finite for any eta."""
    eta, y = np.array([[800.0, 0.0, -900.0], [40.0, 0.0, 0.0]]), np.eye(3)[[0, 0]]
    assert np.all(np.isfinite(KIND.loss(y, eta)))
    assert KIND.slope(y, eta)[1, 0] == pytest.approx(-2 * np.exp(-40.0), rel=1e-12)


def test_the_null_model_meets_the_shares():
    """At the best intercepts the expected shares are those of y, with an offset too."""
    offset = RNG.normal(size=ETA.shape)
    for o in (0.0 * offset, offset):
        a = KIND.null_eta(SHARES, W, o)
        np.testing.assert_allclose(KIND.score(SHARES, o + a, W).sum(axis=0), 0.0, atol=1e-10)
        assert a.sum() == pytest.approx(0.0, abs=1e-12)


def test_draws_have_the_shares():
    """Classes are drawn with the probabilities of `mean`."""
    eta = np.tile(np.log([0.2, 0.3, 0.5]), (20_000, 1))
    drawn = KIND.draw(eta, 1.0, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), [0.2, 0.3, 0.5], atol=0.015)
    assert np.all(drawn.sum(axis=1) == 1)
