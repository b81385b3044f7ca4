"""A law of every native path: its certificate is the one computed from the columns, outside it."""

import numpy as np

from priorfit.solve.certificate import certify


def assert_certified(standard, strengths, solutions, found, kkt, tol=1e-8):
    """All points are there; gaps are at most ``tol`` and violations at most ``kkt`` outside, and
    gaps are those ``found`` inside (where violations are those of a dual point at which intercepts
    are at rest)."""
    assert solutions.shape == (standard.size, len(strengths))
    outside = certify(standard, solutions, strengths)
    assert outside.gap.max() <= tol
    assert outside.kkt.max() <= kkt
    np.testing.assert_allclose(found.gap, outside.gap, atol=0.1 * tol)
