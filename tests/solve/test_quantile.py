"""Laws of quantile regression: shares of rows, the best dual point, the rows left out."""

import sys

import numpy as np
import pytest
from scipy.optimize import linprog

import priorfit as pf
from laws import ALL_PRIORS, example
from priorfit.solve import path_of
from priorfit.solve.certificate import certify
from priorfit.solve.engines import engine
from priorfit.solve.quantile import rows
from priorfit.solve.standard import standardize

KINKED = [
    "laplace",
    "laplace loc",
    "laplace per column",
    "elastic net",
    "non-negative laplace",
    "group laplace",
    "sparse group laplace",
]


def _problem(prior, *, q=0.3, ties=False, n=40, p=6, **more):
    X, y, w, o = example("quantile", n=n, p=p)
    belief = ALL_PRIORS[prior](p) if isinstance(prior, str) else prior
    options = {"weights": None if ties else w, "offset": None if ties else o} | more
    y = np.round(y) if ties else y
    return pf.Problem.make(X, y, prior=belief, likelihood=pf.Quantile(q, 0.4), **options)


@pytest.mark.parametrize("q", [0.05, 0.3, 0.5, 0.9])
def test_a_share_q_of_the_rows_lies_below(q):
    """Free intercept: share(y < eta) <= q <= share(y <= eta), rows counted by their weights."""
    problem = _problem("laplace", q=q)
    fit = pf.solve(problem, tol=1e-10)
    r = problem.y - problem.eta(fit.intercept, fit.coef)
    met, w = np.abs(r) <= 1e-9, problem.weights / problem.weights.sum()
    below = float(w @ ((r < 0) & ~met))
    assert below - 1e-12 <= q <= below + float(w @ met) + 1e-12
    assert met.sum() == round(fit.df)


@pytest.mark.parametrize("ties", [False, True], ids=["no ties", "ties"])
@pytest.mark.parametrize("prior", KINKED)
def test_lambda_max_is_where_the_first_weight_moves(prior, ties):
    """Above lambda_max nothing has moved, just below something has; with ties the slopes of the
    rows that are met are chosen, and any other choice claims more."""
    problem = _problem(ALL_PRIORS[prior](6).unit(), ties=ties)
    top = pf.lambda_max(problem)
    path = path_of(problem, top * np.array([1 + 1e-4, 1 - 1e-4]), tol=1e-9)
    kinked = problem.form.kinked
    moved = np.abs(path.coefs - problem.form.loc[:, None])[kinked] > 1e-9
    assert path.certified
    assert not np.any(moved[:, 0])
    if "elastic" not in prior:  # whose weights begin to move slowly
        assert np.any(moved[:, 1])


def test_slopes_at_the_kinks_are_chosen():
    """A mutant that takes the middle slope of every met row has a lambda_max that is too large."""
    problem = _problem(pf.Laplace(), ties=True)
    standard = standardize(problem)
    middle = standard.pull(standard.start)[1:] / standard.form.l1[1:]
    assert np.abs(middle).max() > 1.001 * pf.lambda_max(problem)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0])
def test_linear_programming_agrees(alpha):
    """The objective of the linear program in u, v, b+, b- (HiGHS), weights and offset included."""
    problem = _problem(pf.Laplace(1 / alpha) if alpha else pf.Flat())
    fit = pf.solve(problem, tol=1e-11)
    X, w, q = problem.design.matvec(np.eye(6)), problem.weights, 0.3
    cost = np.concatenate([q * w, (1 - q) * w, np.full(12, 0.4 * alpha), [0.0]])
    eye = np.eye(len(w))
    left = np.hstack([eye, -eye, X, -X, np.ones((len(w), 1))])
    bounds = [(0, None)] * (len(cost) - 1) + [(None, None)]
    best = linprog(cost, A_eq=left, b_eq=problem.y - problem.offset, bounds=bounds).fun
    lost = float(w @ problem.likelihood.loss(problem.y, problem.eta(fit.intercept, fit.coef)))
    assert lost + 0.4 * alpha * np.abs(fit.coef).sum() == pytest.approx(best, rel=1e-9)


def test_weights_are_repeats():
    """Weight k = the row k times: the objective, and where it is unique the weights."""
    X, y, _, o = example("quantile")
    k = np.random.default_rng(3).integers(0, 4, size=len(y))
    again = np.repeat(np.arange(len(y)), k)
    options = {"prior": pf.ElasticNet(0.5, 0.5), "likelihood": pf.Quantile(0.7, 0.4)}
    a = pf.solve(pf.Problem.make(X, y, weights=k, offset=o, **options), tol=1e-11)
    b = pf.solve(pf.Problem.make(X[again], y[again], offset=o[again], **options), tol=1e-11)
    assert a.objective == pytest.approx(b.objective, rel=1e-10)
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-7)


@pytest.mark.parametrize("power", [-100, 100])
def test_units_of_y_do_not_matter(power):
    """y, scale of the noise and of the prior in another unit: the weights in that unit."""
    X, y, *_ = example("quantile")
    c = 10.0**power
    a = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(0.3), likelihood=pf.Quantile(0.3, 0.4)))
    b = pf.solve(
        pf.Problem.make(X, c * y, prior=pf.Laplace(0.3 * c), likelihood=pf.Quantile(0.3, 0.4 * c))
    )
    assert b.certificate.certified
    np.testing.assert_allclose(b.coef / c, a.coef, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("prior", [pf.Laplace(0.3), pf.Normal(0.3), pf.Flat()])
def test_an_unknown_scale_is_its_own_consequence(prior):
    """scale = sum w rho / (n - df) at the fit of that scale: the met rows are not counted."""
    problem = _problem(prior, n=60)
    likelihood = pf.Quantile(0.3, scale=None)
    problem = pf.Problem.make(
        problem.design, problem.y, prior=prior, likelihood=likelihood, weights=problem.weights
    )
    fit = pf.solve(problem)
    lost = likelihood.loss(problem.y, problem.eta(fit.intercept, fit.coef))
    n = problem.n_effective
    assert fit.phi == pytest.approx(float(problem.weights @ lost) / (n - fit.df), rel=0.05)


@pytest.mark.parametrize("prior", ["flat", "laplace", "normal loc", "group laplace"])
def test_rows_that_are_left_out_change_nothing(prior, monkeypatch):
    """Rows near the line first, the others on their side: the same optimum, certified."""
    problem = _problem(prior, n=400)
    whole = pf.solve(problem, tol=1e-10)
    monkeypatch.setattr(rows, "MANY", 60)
    monkeypatch.setattr(sys.modules["priorfit.solve.quantile.engine"], "MANY", 60)
    part = pf.solve(problem, tol=1e-10)
    assert part.certificate.certified
    assert part.objective == pytest.approx(whole.objective, rel=1e-10)


def test_more_columns_than_rows():
    """A path among 400 columns is certified; what is left out is found by its slope."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 400))
    y = X[:, :3] @ [2.0, -2.0, 1.0] + rng.laplace(size=60)
    path = pf.path(X, y, likelihood=pf.Quantile(0.5), n_points=8, ratio=0.1, tol=1e-9)
    assert path.certified
    assert np.all(np.diff(path.norms) >= -1e-9)


def test_a_dual_point_that_is_not_feasible_proves_nothing():
    """theta outside its intervals, or one that the flat intercept does not meet, has no gap."""
    standard = standardize(_problem("laplace"))
    run = engine(standard, solver="auto", tol=1e-11, max_iter=100)
    g = run(np.array([0.4]), standard.start)[0]
    good = certify(standard, g, np.array([0.4]))
    assert good.gap[0] <= 1e-9
    q, w = 0.3, standard.weights
    theta = np.where(standard.y - standard.eta(g[:, 0]) > 0, q * w, (q - 1) * w)[:, None]
    for wrong in (1.01 * theta, theta + 0.1 * w[:, None]):
        assert not certify(standard, g, np.array([0.4]), wrong).gap[0] <= 1e-3


def test_refusals():
    """Other engines say what they need; settings that cannot be meant are named."""
    with pytest.raises(pf.InputError, match="likelihood with derivatives"):
        pf.solve(_problem("laplace"), solver="newton")
    with pytest.raises(pf.InputError, match="quantile likelihood"):
        pf.path(np.eye(3), np.ones(3), likelihood=pf.Gaussian(1.0), solver="interior-point")
    for bad in (0.0, 1.0, -0.1, np.nan):
        with pytest.raises(pf.InputError, match="`q` must be inside"):
            pf.Quantile(bad)
    with pytest.raises(pf.InputError, match="`scale` must be a positive"):
        pf.Quantile(0.5, scale=0.0)
