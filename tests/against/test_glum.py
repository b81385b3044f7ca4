"""glum's GLMs: mean half deviance + alpha (r |w|_1 + (1 - r)/2 ||w||^2), the intercept free."""

import numpy as np
import pytest

import priorfit as pf
from laws import EVERY_LIKELIHOOD, example

glum = pytest.importorskip("glum")

FAMILIES = {
    "bernoulli": "binomial",
    "poisson": "poisson",
    "gamma": "gamma",
    "tweedie": glum.TweedieDistribution(1.6),
    "negative binomial": glum.NegativeBinomialDistribution(theta=0.5),
}


@pytest.mark.filterwarnings("ignore:Line search failed")  # of glum, at the limit of rounding
@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("name", FAMILIES)
def test_elastic_net(name, ratio):
    """The same objective, no higher than theirs, and weights as close as theirs are exact."""
    X, y, w, o = example(name, n=120)
    kind = EVERY_LIKELIHOOD[name][0].at(1.0)
    X, alpha, total = X / X.std(axis=0), 0.05, w.sum()
    link = "logit" if name == "bernoulli" else "log"
    theirs = glum.GeneralizedLinearRegressor(
        family=FAMILIES[name], link=link, alpha=alpha, l1_ratio=ratio, gradient_tol=1e-9,
        max_iter=5000,
    ).fit(X, y, sample_weight=w, offset=o)  # fmt: skip
    l1, l2 = total * alpha * ratio, total * alpha * (1 - ratio)
    prior = pf.Laplace(1 / l1) if l2 == 0 else pf.ElasticNet(1 / l1, l2**-0.5)
    problem = pf.Problem.make(X, y, prior=prior, likelihood=kind, weights=w, offset=o)
    ours = pf.solve(problem, tol=1e-11)
    mine = problem.objective(ours.intercept, ours.coef)
    assert mine <= problem.objective(theirs.intercept_, theirs.coef_) + 1e-9 * abs(mine)
    np.testing.assert_allclose(ours.coef, theirs.coef_, atol=1e-4)
