"""Laws of Student's t noise: stationary, the lowest optimum found, never called more than local."""

import numpy as np
import pytest
from scipy import integrate, sparse, stats

import priorfit as pf
from laws import ALL_PRIORS, SORTED, example
from priorfit.solve.engines import engine
from priorfit.solve.standard import standardize

NOISE = pf.StudentT(3.0, 0.5)
ETA = np.linspace(-5, 5, 21)


def _problem(prior, *, outliers=True, likelihood=NOISE, **more):
    X, y, w, o = example("gaussian")
    y = y + 15.0 * (np.arange(len(y)) % 7 == 0) * outliers
    belief = ALL_PRIORS[prior](6) if isinstance(prior, str) else prior
    options = {"weights": w, "offset": o} | more
    return pf.Problem.make(X, y, prior=belief, likelihood=likelihood, **options)


@pytest.fixture(params=[name for name in ALL_PRIORS if name not in SORTED])
def problem(request):
    return _problem(request.param)


def test_derivatives():
    """loss' = slope, slope' = curvature."""
    h = 1e-6
    for y in (0.0, 1.3):
        rise = NOISE.loss(y, ETA + h) - NOISE.loss(y, ETA - h)
        np.testing.assert_allclose(NOISE.slope(y, ETA), rise / (2 * h), atol=1e-8)
        rise = NOISE.slope(y, ETA + h) - NOISE.slope(y, ETA - h)
        np.testing.assert_allclose(NOISE.curvature(y, ETA), rise / (2 * h), atol=1e-7)


def test_the_density_is_students():
    """exp(-loss - constant) is scipy's density, and sums to 1."""
    y = np.linspace(-4, 9, 7)
    minus_log = NOISE.loss(y, np.full(7, 0.4)) + NOISE.constant(y, 1.0)
    np.testing.assert_allclose(minus_log, -stats.t.logpdf(y, 3.0, loc=0.4, scale=0.5), rtol=1e-12)
    mass = integrate.quad(
        lambda v: np.exp(-NOISE.loss(v, 0.0) - NOISE.constant(y, 1.0)[0]), -9e3, 9e3
    )
    assert mass[0] == pytest.approx(1.0, abs=1e-5)


#: parabolas that touch the loss and do not lie above it
MAJORANT_MUTANTS = {
    "the curvature itself": lambda y, eta: NOISE.curvature(y, eta),
    "half": lambda y, eta: 0.5 * NOISE.majorant(y, eta),
}


def _excess(weight):
    """The least of parabola - loss, over points of touch and other points."""
    at, to = ETA[:, None], np.linspace(-30, 30, 301)
    touch = NOISE.loss(0.0, at) + NOISE.slope(0.0, at) * (to - at)
    return float((touch + 0.5 * weight(0.0, at) * (to - at) ** 2 - NOISE.loss(0.0, to)).min())


def test_the_parabola_lies_above():
    """loss(b) <= loss(a) + slope (b - a) + majorant (b - a)^2 / 2; mutants fall below."""
    assert _excess(NOISE.majorant) >= -1e-12
    for mutant in MAJORANT_MUTANTS.values():
        assert _excess(mutant) < -1e-3


def test_every_fit_is_stationary_and_says_local(problem):
    """kkt <= tol, gap infinite, status LOCAL and no warning."""
    fit = pf.solve(problem)
    assert fit.status is pf.Status.LOCAL
    assert fit.certificate.local
    assert fit.certificate.certified
    assert np.isinf(fit.certificate.gap)
    assert "local optimum" in str(fit.certificate)


def test_no_point_nearby_is_better(problem):
    """J is minimal among small moves."""
    fit = pf.solve(problem, tol=1e-8)
    form, rng = problem.form, np.random.default_rng(0)
    best = problem.objective(fit.intercept, fit.coef)
    for size in (1e-2, 1e-4):
        for _ in range(20):
            b = np.clip(fit.coef + size * rng.normal(size=6), form.lower, form.upper)
            assert problem.objective(fit.intercept + size * rng.normal(), b) >= best - 1e-9


def test_the_lowest_of_many_descents_is_found():
    """No descent from 8 other points ends lower."""
    problem = _problem("laplace")
    fit = pf.solve(problem)
    best, rng = fit.objective, np.random.default_rng(5)
    for _ in range(8):
        start = fit._replace(coef=rng.normal(size=6), intercept=10 * rng.normal())
        assert pf.solve(problem, warm=start).objective >= best - 1e-6


def test_no_step_raises_the_objective():
    """Each descent is monotone: its end is no higher than its beginning."""
    standard = standardize(_problem("elastic net"))
    run = engine(standard, solver="auto", tol=1e-8, max_iter=100)
    rng = np.random.default_rng(2)
    for _ in range(5):
        g = standard.start + rng.normal(size=standard.size)
        before = run.descent._objective(g, standard.eta(g), 1.0)
        _, _, after = run.descent.to_optimum(g, 1.0)
        assert after <= before


def test_outliers_do_not_pull():
    """Moving an outlier ten times farther moves the fit less than a hundredth of least squares."""
    moved = []
    for far in (15.0, 150.0):
        X, y, *_ = example("gaussian")
        y = y + far * (np.arange(len(y)) == 3)
        fits = [
            pf.solve(pf.Problem.make(X, y, prior=pf.Flat(), likelihood=kind)).coef
            for kind in (NOISE, pf.Gaussian(0.5))
        ]
        moved.append(fits)
    robust, squares = (np.abs(a - b).max() for a, b in zip(*moved, strict=True))
    assert robust < 0.01 * squares


def test_many_degrees_of_freedom_are_normal_noise():
    """df = 1e8: the gaussian fit of the same scale."""
    a = pf.solve(_problem("laplace", outliers=False, likelihood=pf.StudentT(1e8, 0.8)))
    b = pf.solve(_problem("laplace", outliers=False, likelihood=pf.Gaussian(0.8)))
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-5)
    assert a.objective == pytest.approx(b.objective, rel=1e-6)


def test_weights_are_repeats_and_storage_does_not_matter():
    """Weight k = the row k times; dense = sparse."""
    X, y, _, o = example("gaussian")
    k = np.random.default_rng(3).integers(0, 4, size=len(y))
    again = np.repeat(np.arange(len(y)), k)
    options = {"prior": pf.Laplace(0.2), "likelihood": NOISE}
    a = pf.solve(pf.Problem.make(X, y, weights=k, offset=o, **options), tol=1e-9)
    for table in (X[again], sparse.csc_array(X[again])):
        b = pf.solve(pf.Problem.make(table, y[again], offset=o[again], **options), tol=1e-9)
        np.testing.assert_allclose(a.coef, b.coef, atol=1e-7)


def test_a_path_is_local_too():
    """Each point stationary; its certificate says local."""
    problem = _problem("laplace")
    path = pf.path(problem.design, problem.y, likelihood=NOISE, n_points=6)
    assert path.local
    assert path.certified
    assert path.certificate(3).local


def test_refusals():
    """Convex engines refuse; settings are named."""
    with pytest.raises(pf.InputError, match="must have a convex likelihood"):
        pf.solve(_problem("laplace"), solver="reference")
    with pytest.raises(pf.InputError, match="student-t likelihood"):
        pf.path(np.eye(3), np.ones(3), likelihood=pf.Gaussian(1.0), solver="several-starts")
    for bad in (0.0, -1.0, np.inf, None):
        with pytest.raises(pf.InputError, match="`df` must be a positive"):
            pf.StudentT(bad)
