"""Laws of penalties that are not convex: stationarity is proved, symmetries hold, more starts are
never worse, and what is claimed of large weights is so."""

from dataclasses import replace

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_DESIGNS, EVERY_LIKELIHOOD, NONCONVEX, example
from priorfit.solve.certificate import certify
from priorfit.solve.local.model import convex_above
from priorfit.solve.standard import standardize

TIGHT = 1e-9
NAMES = list(NONCONVEX)
SMOOTH = {k: v for k, v in EVERY_LIKELIHOOD.items() if v[0].smooth}
#: every prior with a likelihood in turn and with the gaussian: each likelihood meets several shapes
PAIRS = [(prior, list(SMOOTH)[k % len(SMOOTH)]) for k, prior in enumerate(NAMES)]
PAIRS = sorted({*PAIRS, *((prior, "gaussian") for prior in NAMES)})

#: priors that hold the same of every column and both signs, likewise
ALIKE = ["student", "log-laplace", "mcp", "mcp, very concave", "scad", "best subset"]
ALIKE = [(ALIKE[k % 6], kind) for k, kind in enumerate([*SMOOTH, *["gaussian"] * 5])]


def _jumps(prior):
    concave = prior.lower(5).concave
    return concave is not None and concave.jumps


def _problem(prior, likelihood="gaussian", make=np.asarray, **options):
    X, y, w, o = example(likelihood, **options)
    known = SMOOTH[likelihood][0]
    belief = NONCONVEX[prior](X.shape[1])
    return pf.Problem.make(make(X), y, prior=belief, likelihood=known, weights=w, offset=o)


@pytest.fixture(params=PAIRS, ids=str)
def problem(request):
    return _problem(*request.param)


def test_every_fit_is_stationary_and_says_local(problem):
    """kkt <= tol; the gap is infinite, because there is no dual; the word local is said."""
    fit = pf.solve(problem)
    assert fit.certificate.kkt <= 1e-6
    assert fit.optima >= 1
    if problem.form.concave.jumps and isinstance(problem.likelihood, pf.Gaussian):
        assert fit.status is pf.Status.CERTIFIED  # every subset was looked at
        return
    assert fit.certificate.gap == np.inf
    assert fit.status is pf.Status.LOCAL
    assert "local" in str(fit.certificate)


def _one_sided(problem, fit, j, h):
    """``(J(b + h e_j) - J(b)) / |h|``."""
    moved = fit.coef.copy()
    moved[j] += h
    before = problem.objective(fit.intercept, fit.coef, fit.phi)
    return (problem.objective(fit.intercept, moved, fit.phi) - before) / abs(h)


def test_no_direction_descends(problem):
    """No one-sided derivative of J along a coordinate is negative, by finite differences."""
    fit = pf.solve(problem, tol=TIGHT)
    form, steep = problem.form, standardize(problem).null_correlation
    for j in range(len(fit.coef)):
        for h in (1e-6, -1e-6):
            if form.lower[j] <= fit.coef[j] + h <= form.upper[j] and not form.fixed[j]:
                assert _one_sided(problem, fit, j, h) >= -1e-3 * (1 + steep)


@pytest.mark.parametrize("prior", [k for k in NONCONVEX if k not in ("best subset",)])
def test_no_other_value_of_one_weight_is_better(prior):
    """Each weight off loc is at the global minimum of its own coordinate; one at loc may be held by
    its kink alone."""
    problem = _problem(prior)
    fit, form = pf.solve(problem, tol=TIGHT), problem.form
    best = problem.objective(fit.intercept, fit.coef, fit.phi)
    moved = (fit.coef != form.loc) | (form.l1 == 0)
    for j in np.flatnonzero(moved & ~form.fixed):
        for value in np.linspace(-3, 3, 101):
            other = fit.coef.copy()
            other[j] = np.clip(value, form.lower[j], form.upper[j])
            assert problem.objective(fit.intercept, other, fit.phi) >= best - 1e-9 * abs(best)


@pytest.mark.parametrize("prior", NONCONVEX)
def test_the_certificate_catches_what_is_not_stationary(prior):
    """kkt > 0 for an answer that is moved away from every optimum."""
    problem = _problem(prior)
    standard = standardize(problem)
    fit = pf.solve(problem)
    g = standard.enter(fit.intercept, fit.coef) + 0.05
    g = np.clip(g, standard.form.lower, standard.form.upper)
    s = np.array([fit.phi * standard.y_unit**2])
    assert certify(standard, g[:, None], s).kkt[0] > 1e-4


@pytest.mark.parametrize("prior", NONCONVEX)
def test_weights_are_repeats(prior):
    """Weight k = the row k times; weight 0 = the row absent."""
    X, y, _, o = example()
    repeats = np.random.default_rng(3).integers(0, 4, size=len(y))
    options = {"prior": NONCONVEX[prior](6), "likelihood": pf.Gaussian(0.8)}
    weighted = pf.solve(pf.Problem.make(X, y, weights=repeats, offset=o, **options), tol=TIGHT)
    rows = np.repeat(np.arange(len(y)), repeats)
    repeated = pf.solve(pf.Problem.make(X[rows], y[rows], offset=o[rows], **options), tol=TIGHT)
    np.testing.assert_allclose(weighted.coef, repeated.coef, atol=1e-7)


@pytest.mark.parametrize("prior", NONCONVEX)
def test_gaussian_offset_is_subtracted(prior):
    """offset o with y = the fit to y - o."""
    X, y, w, o = example()
    options = {"prior": NONCONVEX[prior](6), "likelihood": pf.Gaussian(0.8), "weights": w}
    a = pf.solve(pf.Problem.make(X, y, offset=o, **options), tol=TIGHT)
    b = pf.solve(pf.Problem.make(X, y - o, **options), tol=TIGHT)
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-8)


@pytest.mark.parametrize(("prior", "likelihood"), ALIKE)
def test_order_and_signs_do_not_matter(prior, likelihood):
    """Permuted rows and columns, and a flipped column, move the answer along."""
    X, y, *_ = example(likelihood)
    options = {"prior": NONCONVEX[prior](6), "likelihood": SMOOTH[likelihood][0]}
    plain = pf.solve(pf.Problem.make(X, y, **options), tol=TIGHT).coef
    rng = np.random.default_rng(0)
    rows, cols, sign = rng.permutation(40), rng.permutation(6), np.array([1, -1, 1, 1, -1, 1])
    moved = pf.solve(pf.Problem.make((X * sign)[rows][:, cols], y[rows], **options), tol=TIGHT)
    np.testing.assert_allclose(moved.coef, (plain * sign)[cols], atol=1e-6)


@pytest.mark.parametrize("kind", ALL_DESIGNS)
def test_all_storages_give_the_same_fit(kind):
    """dense = strided = sparse = table."""
    priors = list(NONCONVEX)
    prior = priors[list(ALL_DESIGNS).index(kind) % len(priors)]
    plain = pf.solve(_problem(prior), tol=TIGHT)
    other = pf.solve(_problem(prior, make=ALL_DESIGNS[kind]), tol=TIGHT)
    np.testing.assert_allclose(other.coef, plain.coef, atol=1e-7)


@pytest.mark.parametrize("prior", [pf.MCP(), pf.SCAD(), pf.LogLaplace(1.0, 2.0)], ids=str)
@pytest.mark.parametrize("likelihood", SMOOTH)
def test_lambda_max_is_that_of_the_lasso(prior, likelihood):
    """At lambda_max all weights are at loc and stationary; just below, that is not stationary."""
    X, y, *_ = example(likelihood, scale=0.1)
    options = {"likelihood": SMOOTH[likelihood][0]}
    top = pf.lambda_max(pf.Problem.make(X, y, prior=prior.unit(), **options))
    lasso = pf.lambda_max(pf.Problem.make(X, y, prior=pf.Laplace(), **options))
    assert top == pytest.approx(lasso)
    path = pf.path(X, y, prior=prior, penalties=[top * 1.0001, top * 0.99], **options)
    assert path.certified
    np.testing.assert_array_equal(path.n_nonzero > 0, [False, True])


@pytest.mark.parametrize("scale", [np.inf, 0.5])
def test_lambda_max_of_a_price(scale):
    """At lambda_max no weight by itself is worth its price; just below, one is."""
    X, y, *_ = example()
    problem = pf.Problem.make(X, y, prior=pf.SpikeSlab(1.0, scale))
    top = pf.lambda_max(problem)
    path = pf.path(X, y, prior=pf.SpikeSlab(1.0, scale), penalties=[top * 1.001, top * 0.999])
    np.testing.assert_array_equal(path.n_nonzero > 0, [False, True])


@pytest.mark.parametrize(("n", "p"), [(60, 8), (40, 350)])
@pytest.mark.parametrize("prior", [pf.MCP(), pf.SCAD(), pf.LogLaplace(1.0, 2.0), pf.SpikeSlab()])
def test_a_path_is_what_its_priors_say(n, p, prior):
    """Each point is stationary under `prior_at`, whose penalty is that of the path."""
    X, y, *_ = example(n=n, p=p, scale=0.3)
    known = pf.Gaussian(0.8)
    path = pf.path(X, y, prior=prior, likelihood=known, n_points=12, ratio=0.05)
    assert path.certified
    assert path.local == (p > 15 or not isinstance(prior, pf.SpikeSlab))
    for k in (4, 9):
        problem = pf.Problem.make(X, y, prior=path.prior_at(k), likelihood=known)
        standard = standardize(problem)
        g = standard.enter(float(path.intercepts[k]), path.coefs[:, k])
        s = np.array([0.64 * standard.y_unit**2])
        assert certify(standard, g[:, None], s).kkt[0] <= 2e-6


def test_more_starts_find_nothing_worse():
    """J(all starts) <= J(the path's point), and of near twins either may hold the weight."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 1)) + 0.3 * rng.normal(size=(50, 20))
    y = X[:, :3].sum(axis=1) + 0.5 * rng.normal(size=50)
    known = pf.Gaussian(1.0)
    path = pf.path(X, y, prior=pf.SpikeSlab(), likelihood=known, n_points=8)
    several = 0
    for k in range(8):
        problem = pf.Problem.make(X, y, prior=path.prior_at(k), likelihood=known)
        fit = pf.solve(problem)
        here = problem.objective(float(path.intercepts[k]), path.coefs[:, k], 1.0)
        assert fit.objective <= here + 1e-9 * abs(here)
        several += fit.optima > 1
    assert several


def test_bias_of_large_weights_vanishes():
    """A large weight keeps its least-squares value under MCP and SCAD, nearly so under heavy
    tails, and is shrunk by lambda / n under the lasso."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 30))
    y = 5.0 * X[:, 0] - 4.0 * X[:, 1] + rng.normal(size=400)
    lam = 60.0
    free = np.linalg.lstsq(np.c_[np.ones(400), X[:, :2]], y, rcond=None)[0][1:]

    def bias(prior):
        path = pf.path(X, y, prior=prior, penalties=[lam])
        assert np.all(path.coefs[2:, 0] == 0)
        return np.abs(path.coefs[:2, 0] - free).max()

    lasso = bias(pf.Laplace())
    assert lasso == pytest.approx(lam / 400, rel=0.2)
    assert bias(pf.MCP()) <= 1e-7
    assert bias(pf.SCAD()) <= 1e-7
    assert bias(pf.LogLaplace(1.0, 0.0)) <= lasso / 3


def test_what_is_convex_only_refuses():
    """Engines, radii and conditional noise that need a convex penalty say so."""
    problem = _problem("mcp")
    with pytest.raises(pf.InputError, match="penalty that is convex"):
        pf.solve(problem, solver="gram")
    with pytest.raises(pf.InputError, match="penalty that is not convex"):
        pf.solve(pf.Problem.make(np.eye(3), [1.0, 2, 4], prior=pf.Laplace()), solver="local")
    X, y, *_ = example()
    with pytest.raises(pf.InputError, match="constraint view"):
        pf.path(X, y, prior=pf.MCP(), n_points=5).within(1.0)


def test_a_loss_without_derivatives_is_refused():
    """Quantiles and a concave penalty do not go together, and the error says what does."""
    X, y, *_ = example()
    problem = pf.Problem.make(X, y, prior=pf.MCP(8.0), likelihood=pf.Quantile(0.5))
    with pytest.raises(pf.InputError, match="likelihood with derivatives"):
        pf.solve(problem)


def test_loss_and_penalty_may_both_bend():
    """Student-t noise under a log-Laplace belief: stationary, by finite differences."""
    X, y, *_ = example()
    noise = pf.StudentT(df=3.0, scale=0.8)
    problem = pf.Problem.make(X, y, prior=pf.LogLaplace(0.1, 1.0), likelihood=noise)
    fit = pf.solve(problem)
    assert fit.status is pf.Status.LOCAL
    for j in range(6):
        assert min(_one_sided(problem, fit, j, h) for h in (1e-6, -1e-6)) >= -1e-3


@pytest.mark.parametrize("family", [pf.MCP(8.0, 3.0, 40.0), pf.LogLaplace(0.1, 1.0)], ids=str)
def test_a_heavy_tail_for_some_columns(family):
    """By column: normal, flat and heavy-tailed parts are each what they are alone, on paths too."""
    X, y, *_ = example()
    parts = {"x0": pf.Flat(), "x1": pf.Normal(0.5), "*": family}
    problem = pf.Problem.make(X, y, prior=pf.ByColumn(parts), likelihood=pf.Gaussian(0.8))
    fit = pf.solve(problem, tol=TIGHT)
    assert fit.status is pf.Status.LOCAL
    for j in range(6):
        assert min(_one_sided(problem, fit, j, h) for h in (1e-6, -1e-6)) >= -1e-3
    whole = family.lower(6).value(fit.coef)[2:].sum() + fit.coef[1] ** 2 / (2 * 0.25)
    assert problem.form.value(fit.coef).sum() == pytest.approx(whole)
    path = pf.path(X, y, prior=pf.ByColumn(parts), likelihood=pf.Gaussian(0.8), n_points=5)
    assert path.certified
    standard = standardize(
        pf.Problem.make(X, y, prior=path.prior_at(3), likelihood=pf.Gaussian(0.8))
    )
    g = standard.enter(float(path.intercepts[3]), path.coefs[:, 3])
    s = np.array([0.64 * standard.y_unit**2])
    assert certify(standard, g[:, None], s).kkt[0] <= 2e-6
    mixed = pf.ByColumn({"x0": pf.StudentPrior(3.0), "*": family})
    with pytest.raises(pf.InputError, match="one kind of heavy tail"):
        pf.Problem.make(X, y, prior=mixed)


@pytest.mark.parametrize("prior", [name for name, make in NONCONVEX.items() if not _jumps(make(5))])
@pytest.mark.parametrize(("share", "holds"), [(1.0, True), (0.5, False)], ids=["law", "mutant"])
def test_the_convex_penalty_touches_from_above(prior, share, holds):
    """above(u) - above(t) >= penalty(u) - penalty(t) for all u; half of its rates is not above."""
    at, t = NONCONVEX[prior](5).lower(5).at(1.0), np.linspace(0.02, 0.5, 5)
    above = convex_above(at, t)
    above = replace(above, l1=share * above.l1, l2=share * above.l2)
    ends = [np.full(5, u) for u in np.linspace(0.0, 3.0, 200)]
    least = min(np.min(above.value(u) - above.value(t) - at.value(u) + at.value(t)) for u in ends)
    assert (least >= -1e-9) == holds
