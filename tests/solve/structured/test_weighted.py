"""Laws of working columns whose weights of the rows change."""

import numpy as np
import pytest

import priorfit as pf
from priorfit.solve.standard import standardize
from priorfit.solve.structured.weighted import WeightedGram


def _space(rng):
    X = rng.normal(size=(30, 12))
    y = (rng.uniform(size=30) < 0.5).astype(float)
    problem = pf.Problem.make(X, y, prior=pf.SLOPE(0.1), likelihood=pf.Bernoulli())
    return standardize(problem)


@pytest.mark.parametrize("seed", range(3))
def test_the_matrix_is_that_of_the_columns_held_now(seed):
    """gram = Z'hZ for the columns that are held, whatever came and went, h being what it says."""
    rng = np.random.default_rng(seed)
    standard = _space(rng)
    space, h, renewed = WeightedGram(standard), np.ones(30), 0
    for _ in range(20):
        wanted = rng.uniform(size=standard.size) < rng.uniform(0.1, 0.9)
        space.hold(wanted)
        before, h = space.h, h * np.exp(rng.choice([0.0, 1e-3, 0.5]) * rng.normal(size=30))
        gram, used = space.under(h)
        renewed += used is h
        Z = standard.Z.columns(space.columns, np.zeros(standard.size))[0]
        np.testing.assert_array_equal(np.sort(space.columns), np.flatnonzero(wanted))
        np.testing.assert_allclose(space.dense, Z, rtol=1e-13)
        np.testing.assert_allclose(gram, Z.T @ (used[:, None] * Z), rtol=1e-10, atol=1e-10)
        assert used is h or used is before
        assert np.abs(used - h).sum() <= 0.02 * h.sum()
    assert 0 < renewed < 20  # mutant: a matrix that is always, or never, made anew
