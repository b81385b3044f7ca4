"""Laws of relaxed paths: the mixture of a path and of maximum likelihood on its columns."""

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from laws import example


def _path(likelihood="gaussian", make=np.asarray, prior=None, **options):
    known = {"gaussian": pf.Gaussian(), "bernoulli": pf.Bernoulli(), "poisson": pf.Poisson()}
    X, y, w, o = example(likelihood, n=80, p=6, scale=0.3)
    return X, pf.path(
        make(X), y, prior=prior, likelihood=known[likelihood], weights=w, offset=o,
        n_points=15, ratio=0.02, tol=1e-9, **options,
    )  # fmt: skip


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli", "poisson"])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_refit_is_maximum_likelihood_on_the_support(likelihood, make, intercept):
    """Its gradient is 0 on the support, its other weights are 0, and it is certified."""
    X, path = _path(likelihood, make, intercept=intercept)
    found = path.relaxed(0.0)
    assert found.certified
    assert found.gaps.shape == (15,)
    problem = path.problem
    size = np.abs(X).T @ problem.weights
    for k in range(15):
        moved = path.coefs[:, k] != 0
        coef = found.refit_coefs[:, k]
        assert np.all(coef[~moved] == 0)
        slope, gradient = problem.gradient(found.refit_intercepts[k], coef)
        assert np.all(np.abs(gradient[moved]) <= 1e-3 * size[moved])
        assert not intercept or abs(slope) <= 1e-3 * problem.weights.sum()


def test_gamma_mixes():
    """1 is the path, 0 the refit, all else on the line between."""
    _, path = _path()
    np.testing.assert_array_equal(path.relaxed(1.0).coefs, path.coefs)
    refit, middle = path.relaxed(0.0), path.relaxed(0.25)
    np.testing.assert_allclose(middle.coefs, 0.25 * path.coefs + 0.75 * refit.coefs)
    np.testing.assert_allclose(middle.intercepts, 0.25 * path.intercepts + 0.75 * refit.intercepts)
    with pytest.raises(pf.InputError, match="`gamma` must lie"):
        path.relaxed(1.5)


@pytest.mark.parametrize(
    "prior",
    [
        pf.Truncated(pf.Laplace(), lower=-0.1, upper=0.4),
        pf.Laplace(loc=0.2),
        pf.ElasticNet(1.0, 1.0),
        pf.GroupLaplace([0, 0, 1, 1, 2, 2]),
    ],
)
def test_bounds_and_centres_are_kept(prior):
    """Bounds hold in the refit, weights that did not move stay at loc, the loss is no larger."""
    _, path = _path(prior=prior)
    found = path.relaxed()
    form, problem = path.problem.form, path.problem
    assert np.all(found.coefs >= form.lower[:, None] - 1e-12)
    assert np.all(found.coefs <= form.upper[:, None] + 1e-12)
    still = path.coefs == form.loc[:, None]
    np.testing.assert_array_equal(found.coefs[still], path.coefs[still])
    eta = problem.design.matvec(found.coefs) + found.intercepts + problem.offset[:, None]
    lost = problem.likelihood.total(problem.y, eta, problem.weights)
    assert np.all(lost <= path.losses * (1 + 1e-9))
