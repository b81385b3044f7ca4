"""Laws of the solver: certificates tell the truth, engines agree, symmetries hold."""

import signal
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import priorfit as pf
from laws import (
    ALL_DESIGNS,
    ALL_LIKELIHOODS,
    ALL_PRIORS,
    EVERY_LIKELIHOOD,
    PAIRS,
    REPEATABLE,
    example,
)
from priorfit.solve.certificate import certify
from priorfit.solve.standard import standardize

TIGHT = 1e-11


def _problem(prior, likelihood="gaussian", **options):
    X, y, w, o = example(likelihood, **options)
    known = EVERY_LIKELIHOOD[likelihood][0]
    return pf.Problem.make(
        X, y, prior=ALL_PRIORS[prior](X.shape[1]), likelihood=known, weights=w, offset=o
    )


@pytest.fixture(params=PAIRS, ids=str)
def problem(request):
    return _problem(*request.param)


def test_every_fit_is_certified(problem):
    """Default tolerance: gap <= 1e-6 for every prior x likelihood, with weights and offset."""
    fit = pf.solve(problem)
    assert fit.certificate.certified
    assert fit.status is pf.Status.CERTIFIED


def test_native_and_reference_agree(problem):
    """The engines and proximal gradient reach the same objective."""
    fit = pf.solve(problem, tol=1e-10)
    tol, most = (1e-9, 100_000) if problem.likelihood.smooth else (1e-4, 20_000)
    slow = pf.solve(problem, tol=tol, solver="reference", max_iter=most)
    phi = fit.phi
    here = problem.objective(fit.intercept, fit.coef, phi)
    there = problem.objective(slow.intercept, slow.coef, phi)
    apart = max(1e-7, slow.certificate.gap)
    assert here == pytest.approx(there, abs=apart * standardize(problem).reference / phi)


def test_no_point_nearby_is_better(problem):
    """J is minimal at the answer: no small feasible move lowers it."""
    fit = pf.solve(problem, tol=TIGHT)
    form = problem.form
    best = problem.objective(fit.intercept, fit.coef, fit.phi)
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-3, 1e-5):
        for _ in range(20):
            b = np.clip(fit.coef + size * rng.normal(size=fit.coef.shape), form.lower, form.upper)
            b0 = fit.intercept + size * rng.normal()
            assert problem.objective(b0, b, fit.phi) >= best - 1e-9 * abs(best)


def test_the_gap_never_lies(problem):
    """For a wrong answer the certified gap is at least its true distance from the optimum."""
    standard = standardize(problem)
    s = np.array([pf.solve(problem).phi * standard.y_unit**2])
    fit = pf.solve(problem, tol=1e-11)
    best = standard.enter(fit.intercept, fit.coef)
    rng = np.random.default_rng(1)

    def value(g):
        return standard.total(standard.eta(g)) + s[0] * standard.form.total(g - standard.form.loc)

    for size in (1e-1, 1e-2, 1e-4):
        g = best + size * rng.normal(size=best.shape)
        g = np.clip(g, standard.form.lower, standard.form.upper)
        true = (value(g) - value(best)) / standard.reference
        found = certify(standard, g[:, None], s)
        assert found.gap[0] >= true - 1e-9
        assert found.kkt[0] > 0


def test_a_mutant_certificate_would_be_caught(problem):
    """The law above fails for a bound that forgets the penalty's conjugate (box or l2 terms)."""
    standard = standardize(problem)
    boxed = np.isfinite(standard.form.upper) & ~standard.form.fixed
    if not np.any((standard.form.l2 > 0) | boxed):
        pytest.skip("nothing to forget")
    fit = pf.solve(problem)
    g = standard.enter(fit.intercept, fit.coef)
    eta = standard.eta(g)
    theta = standard.score(eta)
    conjugate = -theta @ eta - standard.total(eta)  # Fenchel-Young
    s = fit.phi * standard.y_unit**2
    t = g - standard.form.loc
    primal = standard.total(eta) + s * (standard.form.l1 @ abs(t) + 0.5 * standard.form.l2 @ t**2)
    forgetful = -(standard.offset @ theta) - conjugate
    assert abs(primal - forgetful) / standard.reference > 1e-6


@pytest.mark.parametrize("kind", ALL_DESIGNS)
@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_all_storages_give_the_same_fit(kind, likelihood):
    """dense = strided = sparse = table."""
    X, y, w, o = example(likelihood)
    options = {"likelihood": ALL_LIKELIHOODS[likelihood][0], "weights": w, "offset": o}
    prior = pf.Laplace(0.2)
    plain = pf.solve(pf.Problem.make(X, y, prior=prior, **options), tol=TIGHT)
    other = pf.solve(pf.Problem.make(ALL_DESIGNS[kind](X), y, prior=prior, **options), tol=TIGHT)
    np.testing.assert_allclose(other.coef, plain.coef, atol=1e-7)
    assert other.intercept == pytest.approx(plain.intercept, abs=1e-7)


@pytest.mark.parametrize("likelihood", REPEATABLE)
@pytest.mark.parametrize("prior", ["laplace", "elastic net loc", "normal", "boxed flat"])
def test_weights_are_repeats(prior, likelihood):
    """Weight k = the row k times; weight 0 = the row absent."""
    X, y, _, o = example(likelihood)
    repeats = np.random.default_rng(3).integers(0, 4, size=len(y))
    options = {"prior": ALL_PRIORS[prior](6), "likelihood": ALL_LIKELIHOODS[likelihood][0]}
    weighted = pf.solve(pf.Problem.make(X, y, weights=repeats, offset=o, **options), tol=TIGHT)
    rows = np.repeat(np.arange(len(y)), repeats)
    repeated = pf.solve(pf.Problem.make(X[rows], y[rows], offset=o[rows], **options), tol=TIGHT)
    np.testing.assert_allclose(weighted.coef, repeated.coef, atol=1e-7)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-9)


def test_weights_are_repeats_with_unknown_noise():
    """The same for the estimated noise, whose n is the sum of weights."""
    X, y, *_ = example()
    repeats = np.random.default_rng(3).integers(0, 4, size=len(y))
    rows = np.repeat(np.arange(len(y)), repeats)
    a = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(0.2), weights=repeats))
    b = pf.solve(pf.Problem.make(X[rows], y[rows], prior=pf.Laplace(0.2)))
    assert a.phi == pytest.approx(b.phi, rel=1e-9)
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-9)


@pytest.mark.parametrize("prior", ALL_PRIORS)
def test_gaussian_offset_is_subtracted(prior):
    """offset o with y = the fit to y - o."""
    X, y, w, o = example()
    options = {"prior": ALL_PRIORS[prior](6), "likelihood": pf.Gaussian(0.8), "weights": w}
    a = pf.solve(pf.Problem.make(X, y, offset=o, **options))
    b = pf.solve(pf.Problem.make(X, y - o, **options))
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-9)


@given(power=st.integers(-160, 160), column=st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_units_of_a_column_do_not_matter(power, column):
    """X_j -> c X_j with the prior's scale / c gives b_j / c, over 320 decades."""
    X, y, *_ = example()
    scale = np.full(6, 0.3)
    likelihood = pf.Gaussian(0.8)
    plain = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(scale), likelihood=likelihood))
    c = 10.0**power
    X, scale = X.copy(), scale.copy()
    X[:, column] *= c
    scale[column] /= c
    other = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(scale), likelihood=likelihood))
    expected = plain.coef.copy()
    expected[column] /= c
    np.testing.assert_allclose(other.coef, expected, rtol=1e-7, atol=0)
    assert other.certificate.certified


@pytest.mark.parametrize("power", [-150, 150])
def test_units_of_y_do_not_matter(power):
    """y, noise and scale in another unit give the weights in that unit."""
    X, y, *_ = example()
    c = 10.0**power
    a = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(0.3), likelihood=pf.Gaussian(0.8)))
    b = pf.solve(
        pf.Problem.make(X, c * y, prior=pf.Laplace(0.3 * c), likelihood=pf.Gaussian(0.8 * c))
    )
    np.testing.assert_allclose(b.coef / c, a.coef, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("prior", ["laplace", "normal", "elastic net"])
@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_order_and_signs_do_not_matter(prior, likelihood):
    """Permuted rows and columns, and a flipped column, move the answer along."""
    X, y, *_ = example(likelihood)
    options = {"prior": ALL_PRIORS[prior](6), "likelihood": ALL_LIKELIHOODS[likelihood][0]}
    plain = pf.solve(pf.Problem.make(X, y, **options), tol=TIGHT).coef
    rng = np.random.default_rng(0)
    rows, cols, sign = rng.permutation(40), rng.permutation(6), np.array([1, -1, 1, 1, -1, 1])
    moved = pf.solve(pf.Problem.make((X * sign)[rows][:, cols], y[rows], **options), tol=TIGHT)
    np.testing.assert_allclose(moved.coef, (plain * sign)[cols], atol=1e-7)


@pytest.mark.parametrize(("n", "p"), [(60, 8), (40, 350), (30, 900)])
@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("prior", ["laplace", "elastic net", "normal"])
def test_path_is_certified_and_equals_single_fits(n, p, likelihood, prior):
    """Each point of a path is the fit at its penalty; the objective along it is monotone."""
    X, y, *_ = example(likelihood, n=n, p=p, scale=0.3)
    known = ALL_LIKELIHOODS[likelihood][0]
    path = pf.path(X, y, prior=ALL_PRIORS[prior](p), likelihood=known, n_points=12, ratio=0.05)
    assert path.certified
    assert np.all(np.diff(path.norms) >= -1e-6 * path.norms.max())
    k = 7
    single = pf.solve(pf.Problem.make(X, y, prior=path.prior_at(k), likelihood=known), tol=1e-9)
    eta = X @ path.coefs[:, k] + path.intercepts[k]
    np.testing.assert_allclose(eta, X @ single.coef + single.intercept, atol=5e-3)


def test_bits_do_not_depend_on_the_run():
    """The same call gives the same bits, also from eight threads at once."""
    X, y, *_ = example(n=50, p=400, scale=0.3)

    def fit(_):
        return pf.path(X, y, prior=pf.Laplace(), n_points=10).coefs.tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(fit, range(16)))) == 1


def test_warm_start_reaches_the_same_answer():
    """A warm start changes the work, not the answer."""
    problem = _problem("laplace", "bernoulli")
    cold = pf.solve(problem, tol=TIGHT)
    warm = pf.solve(problem, tol=TIGHT, warm=cold)
    np.testing.assert_allclose(cold.coef, warm.coef, atol=1e-9)
    assert warm.n_iter <= cold.n_iter


@pytest.mark.parametrize("scale", [0.02, 0.2, 2.0])
def test_estimated_noise_is_its_own_consequence(scale):
    """noise^2 = RSS / (n - df) at the fit of that noise."""
    X, y, *_ = example(n=80)
    fit = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(scale)))
    rss = np.sum((y - fit.intercept - X @ fit.coef) ** 2)
    assert fit.phi == pytest.approx(rss / (80 - fit.df), rel=1e-6)
    given_noise = pf.Gaussian(noise=float(np.sqrt(fit.phi)))
    again = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(scale), likelihood=given_noise))
    np.testing.assert_allclose(again.coef, fit.coef, atol=1e-8)


@pytest.mark.parametrize("prior", ["laplace", "normal", "elastic net"])
def test_conditional_prior_is_the_joint_minimum(prior):
    """With scale_by_noise, J(b, sigma) has no lower point nearby in either."""
    X, y, *_ = example(n=60)
    belief = ALL_PRIORS[prior](6)
    problem = pf.Problem.make(X, y, prior=belief, likelihood=pf.Gaussian(scale_by_noise=True))
    fit = pf.solve(problem, tol=1e-10)

    def joint(b, sigma):
        rest = problem.neg_log_likelihood(fit.intercept, b, sigma**2)
        return rest + float(belief.widened(sigma).neg_log_density(b).sum())

    sigma = float(np.sqrt(fit.phi))
    assert fit.objective == pytest.approx(joint(fit.coef, sigma))
    rng = np.random.default_rng(0)
    for size in (1e-2, 1e-4):
        for _ in range(20):
            b = fit.coef + size * rng.normal(size=6)
            assert joint(b, sigma * np.exp(size * rng.normal())) >= fit.objective - 1e-9


def test_collapsing_noise_is_said():
    """More columns than rows and a wide prior: the noise runs to 0; a warning names remedies."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 60)), rng.normal(size=20)
    with pytest.warns(pf.PriorfitWarning, match="horseshoe"):
        pf.solve(pf.Problem.make(X, y, prior=pf.Normal(5.0)))


def test_constrained_view():
    """at_norm(t): the l1 norm is t and the objective is that of the path there."""
    X, y, *_ = example(n=60)
    path = pf.path(X, y, prior=pf.Laplace())
    radius = 0.6 * path.norms.max()
    _, coef = path.at_norm(radius)
    assert np.abs(coef).sum() == pytest.approx(radius, rel=1e-9)


def test_constrained_view_at_and_beyond_the_ends():
    """The path's own norms are met; between its end and least squares too; beyond, it is slack."""
    X, y, *_ = example(n=60)
    path = pf.path(X, y, prior=pf.Laplace(), ratio=0.1)
    for k in (0, 40, 99):
        np.testing.assert_allclose(path.at_norm(path.norms[k])[1], path.coefs[:, k], atol=1e-8)
    free = np.linalg.lstsq(np.c_[np.ones(60), X], y, rcond=None)[0][1:]
    between = 0.5 * (path.norms[-1] + np.abs(free).sum())
    assert np.abs(path.at_norm(between)[1]).sum() == pytest.approx(between, rel=1e-9)
    for radius in (np.abs(free).sum() * 1.001, 1e9):
        np.testing.assert_allclose(path.at_norm(radius)[1], free, atol=1e-8)
    for wrong in (-1.0, np.nan, np.inf):
        with pytest.raises(pf.InputError, match="`radius` must be"):
            path.at_norm(wrong)


def test_large_offsets_are_centred_away():
    """Columns with a mean of 1e8 and y with 1e12 lose few digits."""
    X, y, *_ = example(scale=0.1)
    plain = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(0.3), likelihood=pf.Gaussian(0.8)))
    moved = pf.solve(
        pf.Problem.make(X + 1e8, y + 1e6, prior=pf.Laplace(0.3), likelihood=pf.Gaussian(0.8))
    )
    np.testing.assert_allclose(moved.coef, plain.coef, atol=1e-6)


def test_separated_classes_are_named():
    """Flat prior and separated classes: no maximum exists, and the status says so."""
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 0.0, 1.0, 1.0])
    with pytest.warns(pf.ConvergenceWarning, match="separated"):
        fit = pf.solve(pf.Problem.make(X, y, prior=pf.Flat(), likelihood=pf.Bernoulli()))
    assert fit.status is pf.Status.SEPARATED


def test_not_converged_is_said():
    """A fit cut short warns, and its certificate does not claim otherwise."""
    with pytest.warns(pf.ConvergenceWarning, match="NOT certified"):
        fit = pf.solve(_problem("laplace"), solver="reference", max_iter=2, tol=1e-12)
    assert not fit.certificate.certified


def _fit_forever(X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(50):
            pf.path(X, y, prior=pf.Laplace(), ratio=1e-6)


@pytest.fixture
def ctrl_c_works():
    """Python's own handler, also where the test run was started with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_works")
def test_ctrl_c_stops_a_long_fit():
    """SIGINT during the native solve raises KeyboardInterrupt soon."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(3000, 3))
    X = base @ rng.normal(size=(3, 1500)) + 1e-4 * rng.normal(size=(3000, 1500))
    y = base[:, 0] + 0.1 * rng.normal(size=3000)
    started = {}

    def interrupt():
        started["at"] = time.monotonic()
        signal.raise_signal(signal.SIGINT)

    timer = threading.Timer(0.8, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        _fit_forever(X, y)
    assert time.monotonic() - started["at"] < 5.0


def test_sparse_with_intercept_matches_dense_at_scale():
    """The working-set engine on CSC columns with implicit centring."""
    matrix = sparse.random_array((80, 600), density=0.1, format="csc", rng=1)
    dense = matrix.toarray()
    y = 2 + dense[:, 0] - dense[:, 1] + 0.1 * np.random.default_rng(0).normal(size=80)
    a = pf.path(matrix, y, prior=pf.Laplace(), n_points=15)
    b = pf.path(dense, y, prior=pf.Laplace(), n_points=15)
    np.testing.assert_allclose(a.coefs, b.coefs, atol=1e-7)
    assert a.certified
