"""Laws of beliefs that are simple in other coordinates: random walks, fused and trend filters."""

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from laws import ALL_DESIGNS, ALL_LIKELIHOODS, CHANGED_PRIORS, example
from priorfit.priors import describe, from_dict, parse_prior, to_dict
from priorfit.solve.standard import standardize

P = 6


def _problem(prior, likelihood="gaussian", stored=None, **options):
    X, y, w, o = example(likelihood, p=P, scale=0.3, **options)
    X = X if stored is None else ALL_DESIGNS[stored](X)
    belief = CHANGED_PRIORS[prior](P) if isinstance(prior, str) else prior
    known = ALL_LIKELIHOODS[likelihood][0]
    return pf.Problem.make(X, y, prior=belief, likelihood=known, weights=w, offset=o)


@pytest.fixture(params=[(a, b) for a in CHANGED_PRIORS for b in ALL_LIKELIHOODS], ids=str)
def problem(request):
    return _problem(*request.param)


def test_every_fit_is_certified_and_its_objective_true(problem):
    """gap <= tol, and the objective is that of `Problem.objective` at the answer."""
    fit = pf.solve(problem, tol=1e-9)
    assert fit.status is pf.Status.CERTIFIED
    there = problem.objective(fit.intercept, fit.coef, fit.phi)
    assert fit.objective == pytest.approx(there, rel=1e-9)


def _beaten(problem, intercept, coef):
    """Whether a small move, of one weight, of all from one on, or of any kind, lowers J."""
    best = problem.objective(intercept, coef, 0.64)
    rng = np.random.default_rng(0)
    moves = [*np.eye(P), *np.tril(np.ones((P, P))).T, *rng.normal(size=(20, P))]
    steps = [size * sign * d for d in moves for size in (1e-1, 1e-3) for sign in (-1, 1)]
    values = [problem.objective(intercept, coef + step, 0.64) for step in steps]
    return min(values) < best - 1e-9 * abs(best)


@pytest.mark.parametrize("prior", CHANGED_PRIORS)
def test_no_point_nearby_is_better(prior):
    """J is minimal at the answer; the answers of three wrong priors are beaten."""
    problem = _problem(prior)
    fit = pf.solve(problem, tol=1e-9)
    assert not _beaten(problem, fit.intercept, fit.coef)
    known = CHANGED_PRIORS[prior](P)
    for mutant in (known.tempered(2.0), pf.Laplace(0.3), pf.Flat()):
        wrong = pf.solve(_problem(mutant), tol=1e-9)
        assert _beaten(problem, wrong.intercept, wrong.coef)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("prior", ["walk", "fused", "fused, loc and scales"])
def test_the_barrier_and_proximal_gradient_agree(prior, likelihood):
    """Two engines, one minimum of J."""
    problem = _problem(prior, likelihood)
    fast = pf.solve(problem, tol=1e-10)
    slow = pf.solve(problem, tol=1e-9, solver="reference", max_iter=100_000)
    room = 1e-7 * standardize(problem.changed).reference
    assert fast.objective == pytest.approx(slow.objective, abs=room)


@pytest.mark.parametrize("stored", ALL_DESIGNS)
def test_how_columns_are_stored_does_not_matter(stored):
    """The same numbers in any container: the same weights."""
    prior = list(CHANGED_PRIORS)[list(ALL_DESIGNS).index(stored) % len(CHANGED_PRIORS)]
    expected = pf.solve(_problem(prior), tol=1e-9)
    found = pf.solve(_problem(prior, stored=stored), tol=1e-9)
    np.testing.assert_allclose(found.coef, expected.coef, atol=1e-5)


@pytest.mark.parametrize("prior", CHANGED_PRIORS)
def test_weights_are_repeats_and_offsets_shift(prior):
    """Weight 2 = the row twice; y and the offset moved by the same numbers change nothing."""
    X, y, _, o = example(p=P, scale=0.3)
    times = np.arange(len(y)) % 3
    rows = np.repeat(np.arange(len(y)), times)
    options = {"prior": CHANGED_PRIORS[prior](P), "likelihood": pf.Gaussian(noise=0.8)}
    weighted = pf.Problem.make(X, y, weights=times, offset=o, **options)
    repeated = pf.Problem.make(X[rows], (y - o)[rows], **options)
    fits = [pf.solve(problem, tol=1e-9) for problem in (weighted, repeated)]
    np.testing.assert_allclose(fits[0].coef, fits[1].coef, atol=1e-5)
    assert fits[0].objective == pytest.approx(fits[1].objective, rel=1e-9)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_at_lambda_max_the_curve_has_no_break(order, likelihood):
    """D^k b = 0 from lambda_max on, and not just below; breaks are exact on the path."""
    problem = _problem(pf.RandomWalk(1.0, order, "laplace"), likelihood)
    phi, top = ALL_LIKELIHOODS[likelihood][0].known_dispersion, pf.lambda_max(problem)
    for share, broken in ((1.001, False), (0.98, True)):
        prior = pf.RandomWalk(phi / (share * top), order, "laplace")
        curve = pf.solve(_problem(prior, likelihood)).coef
        assert (np.abs(np.diff(curve, order)).max() > 1e-9) == broken


def test_equal_neighbours_are_exactly_equal():
    """Fused weights: the same bits; as many steps as the path's norms say."""
    X, y, *_ = example(n=200, p=40, scale=0.0)
    path = pf.path(X, y, prior=pf.RandomWalk(kind="laplace"), n_points=20, ratio=1e-2)
    assert path.certified
    steps = np.diff(path.coefs, axis=0)
    assert np.all(np.count_nonzero(steps, axis=0) < 39)
    assert np.count_nonzero(steps[:, -1]) > np.count_nonzero(steps[:, 3]) > 0
    np.testing.assert_allclose(np.abs(steps).sum(axis=0), path.norms, atol=1e-9)
    one = path.within(0.5 * path.norms[-1])
    assert np.abs(np.diff(one.coef)).sum() == pytest.approx(0.5 * path.norms[-1], rel=1e-6)


def test_normal_steps_have_a_closed_form():
    """(X'X/phi + D'D/s^2) b = X'y/phi, without an intercept; df is the trace of the smoother."""
    X, y, *_ = example(n=50, p=8)
    D = np.diff(np.eye(8), 2, axis=0)
    likelihood = pf.Gaussian(noise=0.7)
    prior = pf.RandomWalk(0.3, order=2)
    problem = pf.Problem.make(X, y, prior=prior, likelihood=likelihood, intercept=False)
    fit = pf.solve(problem, tol=1e-9)
    data, belief = X.T @ X / 0.49, D.T @ D / 0.09
    np.testing.assert_allclose(fit.coef, np.linalg.solve(data + belief, X.T @ y / 0.49), atol=1e-8)
    assert fit.df == pytest.approx(np.trace(np.linalg.solve(data + belief, data)), abs=1e-6)


@pytest.mark.parametrize("prior", CHANGED_PRIORS)
def test_the_prior_is_one_belief(prior):
    """Plain data come back equal; tempering, widening and drawing keep to the density."""
    belief = CHANGED_PRIORS[prior](P)
    assert from_dict(to_dict(belief)) == belief
    assert describe(belief)
    b = np.linspace(-1, 1, P) ** 2
    rise = belief.tempered(3.0).neg_log_density([b, 2 * b]).sum(axis=1)
    plain = belief.neg_log_density([b, 2 * b]).sum(axis=1)
    assert rise[1] - rise[0] == pytest.approx(3 * (plain[1] - plain[0]))
    assert belief.neg_log_density(b).sum() < np.inf
    if getattr(belief, "proper", True) and not isinstance(belief, pf.ByColumn):
        walks = belief.sample((3, P), seed=1)
        np.testing.assert_array_equal(walks, belief.sample((3, P), seed=1))
    basis, v = belief.change(P).basis, np.arange(1.0, P + 1)
    np.testing.assert_allclose(basis.inverse() @ basis.apply(v), v, rtol=1e-9)
    dense = basis.apply(np.eye(P))
    np.testing.assert_allclose(basis.adjoint(v), dense.T @ v, rtol=1e-9, atol=1e-12)
    assert basis.log_det == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-9)


def test_steps_follow_their_law():
    """Steps of drawn walks: sd `scale` for normal ones, mean size `scale` for Laplace ones."""
    for kind, size in (("normal", np.std), ("laplace", lambda d: np.mean(np.abs(d)))):
        walks = pf.RandomWalk(0.5, kind=kind, start=1.0).sample((400, 50), seed=0)
        assert size(np.diff(walks, axis=1)) == pytest.approx(0.5, rel=0.03)
        assert size(walks[:, 0]) == pytest.approx(1.0, rel=0.2)


def test_a_walk_is_a_singular_precision():
    """RandomWalk(s, 2) = MultivariateNormal(D'D / s^2): the same weights and df."""
    X, y, w, o = example(n=60, p=9, scale=0.3)
    D = np.diff(np.eye(9), 2, axis=0)
    options = {"likelihood": pf.Gaussian(noise=0.8), "weights": w, "offset": o}
    walk = pf.Problem.make(X, y, prior=pf.RandomWalk(0.3, 2), **options)
    field = pf.Problem.make(X, y, prior=pf.MultivariateNormal(D.T @ D / 0.09), **options)
    fits = [pf.solve(problem, tol=1e-9) for problem in (walk, field)]
    np.testing.assert_allclose(fits[0].coef, fits[1].coef, atol=1e-8)
    assert fits[0].df == pytest.approx(fits[1].df, abs=1e-6)
    assert not field.prior.proper


def test_parts_are_fitted_as_if_alone():
    """Orthogonal columns: the joint fit is each part's own; the order of a tuple counts."""
    rng = np.random.default_rng(0)
    X = np.zeros((80, 7))
    X[:40, :4], X[40:, 4:] = rng.normal(size=(40, 4)), rng.normal(size=(40, 3))
    y, noise = rng.normal(size=80), pf.Gaussian(noise=0.5)
    walk, rest = pf.RandomWalk(0.1, kind="laplace"), pf.SLOPE(scale=0.3)

    def fit(X, y, prior):
        problem = pf.Problem.make(X, y, prior=prior, likelihood=noise, intercept=False)
        return pf.solve(problem, tol=1e-9, solver="auto").coef

    with pytest.raises(pf.InputError, match="one by one or in groups"):
        pf.Problem.make(X, y, prior={"x1": rest, "*": walk})
    joint = pf.ByColumn({("x2", "x0", "x3", "x1"): walk, "*": pf.Normal(0.3)})
    both = fit(X, y, joint)
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(both[order], fit(X[:40][:, order], y[:40], walk), atol=1e-5)
    np.testing.assert_allclose(both[4:], fit(X[40:, 4:], y[40:], pf.Normal(0.3)), atol=1e-5)


def test_a_view_of_sparse_columns_is_never_made_whole():
    """X L as a view: its products, moments and columns are those of the array."""
    from priorfit.design import Changed, Dense, as_design
    from priorfit.solve.columns import moments

    X = sparse.random_array((30, 12), density=0.2, format="csc", rng=1)
    basis = pf.RandomWalk(order=2).change(12).basis
    view = Changed(as_design(X), basis)
    whole = Dense(X.toarray() @ basis.apply(np.eye(12)))
    b, r, w = np.arange(12.0), np.arange(30.0), np.arange(30) % 3 + 1.0
    np.testing.assert_allclose(view.matvec(b), whole.matvec(b))
    np.testing.assert_allclose(view.rmatvec(r), whole.rmatvec(r))
    np.testing.assert_allclose(moments(view, w), moments(whole, w), rtol=1e-9)
    some = np.array([2, 5])
    np.testing.assert_allclose(view.columns(some, np.zeros(12))[0], whole.values[:, some])
    np.testing.assert_allclose(view.take_rows(np.arange(4)).matvec(b), whole.matvec(b)[:4])


def test_an_estimator_takes_it():
    """Chosen by cross-validation, explained and seen as a constraint in its differences."""
    X, y, *_ = example(n=120, p=10, scale=0.0)
    model = pf.MAPRegressor(
        prior=pf.RandomWalk(kind="laplace"), strength="cv", standardize=False, n_points=20
    ).fit(X, y)
    assert model.certificate_.certified
    assert model.views_.constraint.norm == "‖Db‖₁"
    assert "neighbours alike" in model.explain()
    assert "neighbours alike" in str(pf.explain(model))


def test_what_cannot_be_is_refused():
    """What must hold; what was got; what to do."""
    X, y, *_ = example(n=50, p=P)
    walk = pf.RandomWalk()
    for make, must in (
        (lambda: pf.RandomWalk(order=0), "whole number"),
        (lambda: pf.RandomWalk(kind="cauchy"), "`kind`"),
        (lambda: pf.RandomWalk(-1.0), "`scale` must be >= 0"),
        (lambda: pf.RandomWalk(start=-1.0), "`start` must be >= 0"),
        (lambda: pf.RandomWalk(positions=[0.0, 0.0, 1.0]), "rise"),
        (lambda: pf.path(X, y, prior=pf.RandomWalk(positions=[0.0, 1.0])), "one place per column"),
        (lambda: pf.path(X, y, prior=pf.RandomWalk(np.ones(6))), "one per step"),
        (lambda: pf.path(X, y, prior=pf.RandomWalk(loc=np.ones(3))), "one per column"),
        (lambda: pf.path(X[:, :1], y, prior=walk), "more than 1 columns"),
        (lambda: walk.lower(P), "one by one"),
        (lambda: walk.cdf(0.0), "each weight by itself"),
        (lambda: walk.sample(), "length"),
        (lambda: walk.rescaled(np.arange(1.0, 4.0)), "common unit"),
        (lambda: pf.Truncated(walk, lower=0), "column"),
        (lambda: pf.MultivariateNormal(np.ones((2, 2))).covariance, "proper prior"),
        (lambda: pf.MultivariateNormal(np.ones((2, 2))).sample(), "proper prior"),
        (lambda: pf.MultivariateNormal(sparse.csc_array(np.ones((2, 2)))), "positive definite"),
        (lambda: pf.MAPRegressor(walk, strength="cv").fit(X, y), "common unit"),
        (lambda: pf.MAPRegressor(walk, units="sd").fit(X, y), "common unit"),
        (lambda: parse_prior("randomwalk:kind=cauchy"), "`kind`"),
        (lambda: pf.solve(pf.Problem.make(X, y, prior=pf.Truncated(pf.Laplace(), 0)),
                          solver="barrier"), "without groups or bounds"),
        (lambda: pf.solve(pf.Problem.make(X, y, prior=pf.Laplace()), solver="chain"), "one entry"),
        (lambda: pf.solve(pf.Problem.make(X, y, prior=pf.Laplace()), solver="sorted"), "sorted"),
        (lambda: pf.solve(pf.Problem.make(X, y, prior=pf.SLOPE(), likelihood=pf.Quantile(0.5))),
         "sorted one a convex likelihood"),
    ):  # fmt: skip
        with pytest.raises(pf.InputError, match=must):
            make()
    assert parse_prior("randomwalk:scale=0.1,order=2,kind=laplace") == pf.RandomWalk(
        0.1, 2, "laplace"
    )


OTHERS = {
    "gamma": (
        pf.Gamma(dispersion=0.5),
        lambda rng, y: np.exp(0.3 * y) * rng.gamma(2.0, 0.5, len(y)),
    ),
    "huber": (pf.Huber(), lambda rng, y: y + rng.standard_t(2, len(y))),
    "quantile": (pf.Quantile(0.3), lambda rng, y: y + rng.normal(size=len(y))),
}


@pytest.mark.parametrize("likelihood", OTHERS)
@pytest.mark.parametrize("kind", ["normal", "laplace"])
def test_walks_under_other_likelihoods(kind, likelihood):
    """Certified, whichever engine the likelihood has."""
    X, y, w, _ = example(n=60, p=P, scale=0.3)
    known, draw = OTHERS[likelihood]
    response = draw(np.random.default_rng(0), y / np.std(y))
    prior = pf.RandomWalk(0.3, kind=kind)
    fit = pf.solve(pf.Problem.make(X, response, prior=prior, likelihood=known, weights=w))
    assert fit.certificate.certified
