"""Laws of softmax regressions whose Hessian is kept from step to step."""

import numpy as np
import pytest

import priorfit as pf
from priorfit.solve.certificate import certify
from priorfit.solve.outputs.kept import SoftmaxQuasi
from priorfit.solve.standard import standardize

CASES = {  # n, p, classes, intercept, reference
    "symmetric": (150, 50, 6, True, None),
    "against a class": (150, 90, 4, True, 1),
    "no intercept": (200, 100, 3, False, None),
}


def _standard(name, seed=0):
    n, p, q, intercept, reference = CASES[name]
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.geomspace(0.1, 10.0, p) + 1.0
    y = np.argmax(X @ (rng.normal(size=(p, q)) / np.arange(1, p + 1)[:, None])
                  + rng.gumbel(size=(n, q)), axis=1)  # fmt: skip
    y[:q] = np.arange(q)
    likelihood = pf.Multinomial(reference=reference)
    w = rng.uniform(0.5, 2.0, size=n)
    return standardize(pf.Problem.make(X, y, prior=pf.Normal(1.0), likelihood=likelihood,
                                       weights=w, intercept=intercept))  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_strength_is_certified(name):
    """P(g) - D(theta) <= 1e-8 P(0), from the null model on to where classes are nearly apart."""
    standard, strengths = _standard(name), np.geomspace(1e4, 1e-3, 8)
    assert SoftmaxQuasi.applies(standard)
    found = SoftmaxQuasi(standard, 1e-6)(strengths, standard.start)
    assert np.all(certify(standard, found, strengths).gap <= 1e-8)
    # mutants: another strength; a class that lost its weights
    assert certify(standard, found[:, 1:], strengths[:-1]).gap.max() > 1e-6
    found[standard.first + 2 :: standard.outputs] = 0.0
    assert certify(standard, found, strengths).gap.max() > 1e-6


@pytest.mark.parametrize("name", CASES)
def test_the_hessian_is_that_of_the_likelihood(name):
    """H = Z' d^2 loss Z: at the null model, a product of two small matrices, and elsewhere."""
    standard = _standard(name)
    engine, rng = SoftmaxQuasi(standard, 1e-6), np.random.default_rng(1)
    for g in (standard.start, 0.1 * rng.normal(size=standard.size)):
        place = engine._place(g, standard.eta(g), 1.0)
        expected = standard.information(engine.free, place.eta)
        got = engine._information(place)
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
        # mutant: classes that do not know of each other
        h = standard.likelihood.curvatures(standard.y, place.eta, standard.weights)
        assert not np.allclose(standard.Z.gram(engine.free, engine.free, h), expected, rtol=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_the_place_is_that_of_the_objective(name):
    """value and pull are the penalised loss and minus its gradient."""
    standard = _standard(name)
    engine, rng = SoftmaxQuasi(standard, 1e-6), np.random.default_rng(1)
    g, s = 0.1 * rng.normal(size=standard.size), 3.0
    likelihood, y, w = standard.likelihood, standard.y, standard.weights
    eta, form = standard.eta(g), standard.form
    place = engine._place(g, eta, s)
    lost = likelihood.total(y, eta, w) + s * form.total(g - form.loc)
    np.testing.assert_allclose(place.value, lost, rtol=1e-12)
    pull = standard.Z.rmatvec(likelihood.score(y, eta, w)) - s * form.l2 * (g - form.loc)
    np.testing.assert_allclose(place.pull, pull, rtol=1e-9, atol=1e-9)
