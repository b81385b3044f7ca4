"""The boosted leaf is the MAP estimate of one weight."""

import numpy as np
import pytest

import priorfit as pf

BELIEFS = {
    "normal": pf.Normal(0.7),
    "laplace": pf.Laplace(0.4),
    "elastic net": pf.ElasticNet(1 / 1.2, 2**-0.5),
    "elastic net loc": pf.ElasticNet(0.5, 0.8, loc=0.3),
    "non-negative": pf.Truncated(pf.ElasticNet(0.5, 0.8), lower=0),
    "flat": pf.Flat(),
}
G = np.array([[3.3, -0.4, 0.0], [-2.0, 1.1, 8.0]])
H = np.array([[7.0, 0.5, 2.0], [0.3, 4.0, 1.0]])


@pytest.mark.parametrize("name", BELIEFS)
def test_no_other_value_of_a_leaf_is_better(name):
    """G w + H w^2 / 2 - log p(w) is least at the leaf's value; the gain is what it wins over 0."""
    prior = BELIEFS[name]

    def objective(w):
        form = prior.lower(1)
        return G * w + H / 2 * w**2 + form.value(np.reshape(w, (-1, 1))).reshape(np.shape(w))

    leaf = pf.boosted_leaf(G, H, prior)
    best = objective(leaf.value)
    for step in (1e-4, 1e-2, 1.0):
        assert np.all(best <= objective(leaf.value + step) + 1e-14)
        assert np.all(best <= objective(leaf.value - step) + 1e-14)
    np.testing.assert_allclose(leaf.gain, objective(np.zeros_like(G)) - best, atol=1e-14)


@pytest.mark.parametrize("name", BELIEFS)
def test_a_leaf_is_the_prox_of_the_newton_step(name):
    """value = prox(-G / H, 1 / H)."""
    values = pf.boosted_leaf(G, H, BELIEFS[name]).value
    for g, h, value in zip(G.flat, H.flat, values.flat, strict=True):
        assert value == pytest.approx(float(BELIEFS[name].prox(-g / h, 1 / h)), abs=1e-14)


@pytest.mark.parametrize(
    "arguments",
    [
        (1.0, -1.0),
        (1.0, 0.0, pf.Laplace(1.0)),
        (np.nan, 1.0),
        (1.0, 1.0, pf.Normal(np.ones(2))),
    ],
)
def test_a_leaf_without_a_minimum_is_refused(arguments):
    """Each says what must hold."""
    with pytest.raises(pf.InputError, match="must be"):
        pf.boosted_leaf(*arguments)
