"""Fits by a radius: the constrained problem, its multiplier and its price."""

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_LIKELIHOODS, ALL_PRIORS, example
from priorfit.solve import constrained

BOUNDED = [k for k in ALL_PRIORS if "flat" not in k and "one free" not in k]


def _problem(prior, likelihood="gaussian", n=60):
    X, y, w, o = example(likelihood, n=n)
    return pf.Problem.make(
        X,
        y,
        prior=ALL_PRIORS[prior](6).unit() if isinstance(prior, str) else prior,
        likelihood=ALL_LIKELIHOODS[likelihood][0],
        weights=w,
        offset=o,
    )


def _loss(problem, intercept, coef):
    eta = problem.eta(intercept, coef)
    return float(problem.likelihood.total(problem.y, eta, problem.weights))


def _some_radius(problem, share=0.5):
    free = constrained(problem, 1e6, tol=1e-5).found
    return share * float(problem.form.radius(free.coef - problem.form.loc))


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("prior", BOUNDED)
def test_the_radius_is_met_and_certified(prior, likelihood):
    """norm(b - loc) = t to rounding, gap <= 1e-9, and b is the penalised fit at its lambda."""
    problem = _problem(prior, likelihood)
    radius = _some_radius(problem)
    if radius == 0:
        pytest.skip("the prior mean is the free fit")
    found = constrained(problem, radius, tol=1e-8).found
    t = found.coef - problem.form.loc
    assert float(problem.form.radius(t)) == pytest.approx(radius, rel=1e-12)
    assert found.certificate.gap <= 1e-9
    assert not found.slack
    same = pf.path(
        problem.design,
        problem.y,
        prior=problem.prior,
        likelihood=problem.likelihood,
        weights=problem.weights,
        offset=problem.offset,
        penalties=[found.penalty],
        tol=1e-10,
    )
    np.testing.assert_allclose(found.coef, same.coefs[:, 0], atol=1e-5)


@pytest.mark.parametrize("prior", [pf.Laplace(), pf.Normal(), pf.ElasticNet(), pf.Laplace(loc=0.3)])
def test_no_point_of_the_ball_fits_better(prior):
    """loss(b) <= loss(c) for every c in the ball, c random or near b."""
    problem = _problem(prior)
    radius = _some_radius(problem)
    found, rng = constrained(problem, radius, tol=1e-10).found, np.random.default_rng(0)
    best = _loss(problem, found.intercept, found.coef)
    centre = problem.form.loc
    for k in range(400):
        t = (found.coef - centre) * (k % 2) + rng.normal(size=6) * rng.choice([1e-3, 0.1, 1.0])
        t *= min(1.0, radius / float(problem.form.radius(t)))
        while float(problem.form.radius(t)) > radius:
            t *= 0.999
        w, rest = problem.weights, problem.y - problem.offset - problem.design.matvec(centre + t)
        assert _loss(problem, float(w @ rest / w.sum()), centre + t) >= best * (1 - 1e-12)


#: wrong prices of the radius: the law below must reject each
PRICE_MUTANTS = {
    "the multiplier itself": lambda found, form: found.penalty,
    "half": lambda found, form: 0.5 * found.shadow_price,
    "of the square": lambda found, form: found.penalty * found.radius**2,
}


def _slope_of_value(problem, radius, h=1e-4):
    at = [constrained(problem, radius * (1 + s), tol=1e-10).found for s in (-h, h)]
    below, above = (_loss(problem, f.intercept, f.coef) for f in at)
    return (below - above) / (2 * h * radius)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize(
    "prior", [pf.Laplace(), pf.Normal(), pf.ElasticNet(2.0, 0.7), pf.Laplace(np.geomspace(1, 9, 6))]
)
def test_shadow_price_is_the_slope_of_the_smallest_loss(prior, likelihood):
    """-dV/dt = price, by central differences; lambda alone is wrong for the l2 norm."""
    problem = _problem(prior, likelihood)
    radius = _some_radius(problem, 0.4)
    found = constrained(problem, radius, tol=1e-10).found
    slope = _slope_of_value(problem, radius)
    assert found.shadow_price == pytest.approx(slope, rel=1e-5)
    if isinstance(prior, pf.Normal):
        for wrong in PRICE_MUTANTS.values():
            assert wrong(found, problem.form) != pytest.approx(slope, rel=1e-2)


def test_a_lasso_radius_is_a_point_of_a_line():
    """Between two kinks b(t) is a straight line: the middle radius has the middle weights."""
    problem = _problem(pf.Laplace())
    radius = _some_radius(problem, 0.5)
    fits = [constrained(problem, radius * s, tol=1e-10).found.coef for s in (1.0, 1.001, 1.002)]
    assert len({tuple(np.sign(b)) for b in fits}) == 1
    np.testing.assert_allclose(fits[1], (fits[0] + fits[2]) / 2, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("prior", [pf.Laplace(), pf.Normal(), pf.ElasticNet()])
def test_slack(prior):
    """Beyond the free fit's norm: that fit, lambda 0, price 0."""
    problem = _problem(prior)
    found = constrained(problem, 1e4).found
    w = np.sqrt(problem.weights)[:, None]
    A = np.column_stack([np.ones(60), problem.design.matvec(np.eye(6))])
    free = np.linalg.lstsq(w * A, w[:, 0] * (problem.y - problem.offset), rcond=None)[0]
    np.testing.assert_allclose(found.coef, free[1:], atol=1e-9)
    assert (found.slack, found.penalty, found.shadow_price) == (True, 0.0, 0.0)


def test_more_columns_than_rows():
    """A ball that holds an interpolating fit is slack and certified; a smaller one binds."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 50)), rng.normal(size=20)
    problem = pf.Problem.make(X, y, prior=pf.Laplace())
    wide, tight = (constrained(problem, t).found for t in (100.0, 0.5))
    assert wide.slack
    assert wide.certificate.certified
    np.testing.assert_allclose(X @ wide.coef + wide.intercept, y, atol=1e-4)
    assert not tight.slack
    assert np.abs(tight.coef).sum() == pytest.approx(0.5, rel=1e-13)


@pytest.mark.parametrize(
    "prior", [pf.Laplace(), pf.Normal(), pf.ElasticNet(), pf.GroupLaplace([0, 0, 1, 1, 2, 2])]
)
def test_path_and_constrained_agree(prior):
    """path.within(t) = constrained(problem, t); V falls along the path at the shadow prices."""
    problem = _problem(prior.unit())
    path = pf.path(
        problem.design, problem.y, prior=prior, weights=problem.weights, offset=problem.offset
    )
    radius = 0.5 * float(path.norms.max())
    a, b = path.within(radius), constrained(problem, radius).found
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-8)
    assert a.penalty == pytest.approx(b.penalty, rel=1e-8)
    assert np.all(np.diff(path.norms) >= -1e-9)
    drop, width = -np.diff(path.losses), np.diff(path.norms)  # V is convex
    assert np.all(drop <= path.shadow_prices[:-1] * width + 1e-6 * path.losses[0])
    assert np.all(drop >= path.shadow_prices[1:] * width - 1e-6 * path.losses[0])


@pytest.mark.parametrize("ball", [pf.L1Ball(1.5), pf.L2Ball(0.9), pf.L1Ball(1.5, loc=0.2)])
def test_estimators_fit_by_the_radius(ball):
    """The three views of a fit by its radius: t as given, lambda = phi / scale, the prior."""
    X, y, w, o = example(n=60)
    m = pf.MAPRegressor(constraint=ball).fit(X, y, sample_weight=w, offset=o)
    prior, penalty, constraint = m.views_
    order = 1 if isinstance(ball, pf.L1Ball) else 2
    assert np.linalg.norm(m.coef_ - ball.loc, ord=order) == pytest.approx(ball.radius, rel=1e-12)
    assert constraint.radius == pytest.approx(ball.radius, rel=1e-12)
    lam = penalty.l1 if order == 1 else penalty.l2
    assert lam == pytest.approx(m.dispersion_ / prior.scale**order)
    assert constraint.shadow_price == pytest.approx(lam * (1 if order == 1 else ball.radius))
    again = pf.MAPRegressor(prior=prior, likelihood=pf.Gaussian(np.sqrt(m.dispersion_)))
    again.fit(X, y, sample_weight=w, offset=o)
    np.testing.assert_allclose(again.coef_, m.coef_, atol=1e-6)
    assert "As a constraint: smallest loss with" in m.explain()


def test_classifier_and_slack_views():
    """A slack ball keeps its radius in the view; a binding one is met by a classifier too."""
    X, y, *_ = example("bernoulli", n=80)
    m = pf.MAPClassifier(constraint=pf.L1Ball(0.7)).fit(X, y)
    assert np.abs(m.coef_).sum() == pytest.approx(0.7, rel=1e-12)
    free = pf.MAPRegressor(constraint=pf.L2Ball(1e3)).fit(X, X[:, 0] + y)
    assert free.views_.constraint == ("‖b‖₂", 1e3, True, 0.0)
    assert str(free.views_.penalty) == "loss alone"


def test_units_of_the_ball():
    """units="sd": a ball per standard deviation does not change when columns are rescaled."""
    X, y, *_ = example(n=60)
    factor = np.geomspace(0.01, 100, 6)
    fits = [
        pf.MAPRegressor(constraint=pf.L1Ball(0.4), units="sd").fit(A, y) for A in (X, X * factor)
    ]
    np.testing.assert_allclose(fits[0].coef_, fits[1].coef_ * factor, rtol=1e-7, atol=1e-12)
    size = np.sum(np.abs(fits[0].coef_) * X.std(axis=0)) / y.std()
    assert size == pytest.approx(0.4, rel=1e-12)


def test_bad_balls():
    """One clear error."""
    X, y, *_ = example(n=30)
    for radius in (0, -1.0, np.inf, np.nan, "a"):
        with pytest.raises(pf.InputError, match="`radius` must be a finite number > 0"):
            pf.L1Ball(radius)
    with pytest.raises(pf.InputError, match="`constraint` must stand without a prior"):
        pf.MAPRegressor(prior=pf.Laplace(), constraint=pf.L1Ball(1.0)).fit(X, y)
    with pytest.raises(pf.InputError, match="`constraint` must be a ball object"):
        pf.MAPRegressor(constraint=3.0).fit(X, y)
