"""Laws of small problems: one native call is the general way, and certifies on its own."""

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_LIKELIHOODS, ALL_PRIORS, COLUMNWISE, example
from priorfit.solve.certificate import certify
from priorfit.solve.native import solve_glm
from priorfit.solve.standard import standardize

SMALL = [
    name
    for name in COLUMNWISE
    if name not in ("flat", "boxed flat", "laplace per column") and "group" not in name
]


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("prior", SMALL)
def test_one_native_call_is_the_general_way(prior, intercept):
    """Small dense fits: weights, objective, df and certificate as the general engines have them."""
    X, y, w, o = example()
    w[3] = 0.0
    problem = pf.Problem.make(
        X, y, prior=ALL_PRIORS[prior](6), likelihood=pf.Gaussian(0.8), weights=w, offset=o,
        intercept=intercept,
    )  # fmt: skip
    small = pf.solve(problem)
    general = pf.solve(problem, solver="reference", tol=1e-10, max_iter=200_000)
    assert small.solver == "small"
    np.testing.assert_allclose(small.coef, general.coef, atol=1e-4)
    assert small.intercept == pytest.approx(general.intercept, abs=1e-4)
    assert small.objective == pytest.approx(general.objective, rel=1e-8)
    assert small.df == pytest.approx(general.df, rel=1e-4)
    standard = standardize(problem)
    g = standard.enter(small.intercept, small.coef)[:, None]
    outside = certify(standard, g, np.array([small.phi * standard.y_unit**2]))
    assert outside.gap[0] < 1e-9
    assert small.certificate.gap < 1e-9


def test_the_small_certificate_tells_the_truth():
    """Its gap is not zero by construction: at a loose stop it is the general certificate's."""
    X, y, *_ = example(n=60)
    path = pf.path(X, y, prior=pf.Laplace(), n_points=5)
    for k in range(5):
        fit = pf.solve(
            pf.Problem.make(X, y, prior=path.prior_at(k),
                            likelihood=pf.Gaussian(float(np.sqrt(path.dispersions[k]))))
        )  # fmt: skip
        np.testing.assert_allclose(fit.coef, path.coefs[:, k], atol=1e-8)
        assert fit.certificate.kkt < 1e-8


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
@pytest.mark.parametrize("prior", [name for name in COLUMNWISE if "group" not in name])
def test_native_newton_certifies_on_its_own(prior, likelihood):
    """Before any fallback, and at weights, offsets and strengths of all sizes."""
    X, y, w, o = example(likelihood, n=80)
    problem = pf.Problem.make(
        X, y, prior=ALL_PRIORS[prior](6), likelihood=ALL_LIKELIHOODS[likelihood][0], weights=w,
        offset=o,
    )  # fmt: skip
    standard = standardize(problem)
    strengths = np.array([30.0, 1.0, 0.03])
    coefs, _ = solve_glm(standard, standard.Z.dense(), strengths, standard.start, 1e-9)
    assert certify(standard, coefs.T, strengths).gap.max() < 1e-9


def test_a_path_that_misses_its_tolerance_says_so():
    X, y, *_ = example(n=60)
    with pytest.warns(pf.ConvergenceWarning, match="2 of 3 points miss"):
        pf.path(X, y, prior=pf.Laplace(), n_points=3, max_iter=1, tol=1e-9, solver="reference")
