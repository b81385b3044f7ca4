"""Laws of paths over groups whose products are summed in float32: what is said of an answer is what
anyone finds who computes it from the columns."""

import numpy as np
import pytest

import priorfit as pf
from priorfit.solve.certificate import certify
from priorfit.solve.grouped import Grouped
from priorfit.solve.standard import standardize

TOL = 1e-6  # at which float32 is enough
WAYS = {"sweeps": (np.inf, False), "rows": (0.0, True), "sweeps, then rows": (0.3, True)}
PRIORS = {
    "group": lambda ids: pf.GroupLaplace(ids),
    "group, scales": lambda ids: pf.GroupLaplace(ids, np.geomspace(0.5, 2.0, len(ids))),
    "sparse group": lambda ids: pf.SparseGroupLaplace(ids, 2.0, 2.0),
}
SHAPES = {"tall": (420, 300), "wide": (200, 600)}  # rows, columns


def _standard(shape, prior):
    n, p = SHAPES[shape]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = 0.6 * X[:, j - 1] + 0.8 * X[:, j]
    ids = np.repeat(np.arange(p), np.resize([3, 10, 5], p))[:p]
    y = X[:, ids < 12] @ rng.normal(size=np.sum(ids < 12)) + 3.0 * rng.normal(size=n)
    problem = pf.Problem.make(np.asfortranarray(X), y, prior=PRIORS[prior](ids).unit())
    return standardize(problem)


def _path(standard, way):
    """Strengths, their answers, and what is said of these."""
    top = standard.form.groups.dual_norms(standard.correlation, standard.form.l1).max()
    strengths = float(top) * np.geomspace(1, 0.01, 100)
    native = Grouped(standard, TOL, 100)
    native.few, (native.patience, native.systems) = 20, WAYS[way]
    native.most = standard.size
    return strengths, *native._run(strengths, np.full(100, TOL), standard.start)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("shape", SHAPES)
def test_rounding_is_not_seen_from_outside(shape, prior, way):
    """All strengths natively; gap and KKT residual recomputed in float64 are what was said."""
    standard = _standard(shape, prior)
    strengths, solutions, found = _path(standard, way)
    assert solutions.shape[1] == 100
    outside = certify(standard, solutions, strengths)
    assert outside.gap.max() <= TOL
    np.testing.assert_allclose(found.gap, outside.gap, atol=1e-10)
    np.testing.assert_allclose(found.kkt, outside.kkt, atol=1e-10)


@pytest.mark.parametrize("way", WAYS)
def test_the_law_rejects_answers_in_float32(way):
    """An answer that itself is rounded is seen."""
    standard = _standard("tall", "group")
    strengths, solutions, found = _path(standard, way)
    outside = certify(standard, solutions.astype(np.float32).astype(float), strengths)
    assert np.abs(found.kkt - outside.kkt).max() > 1e-10
