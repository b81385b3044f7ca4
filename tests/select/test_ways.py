"""Every way of choosing the strength, against what defines it."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LassoLarsIC

import priorfit as pf
from laws import ALL_LIKELIHOODS, example
from priorfit.select import WAYS, by_criterion, per_sd, universal
from priorfit.solve import path_of
from priorfit.solve.leverage import curvatures, self_influence

PRIORS = {
    "normal": pf.Normal(),
    "laplace": pf.Laplace(),
    "elastic net": pf.ElasticNet(),
    "groups": pf.GroupLaplace(np.arange(6) // 2),
}
CASES = [(a, b) for a in ALL_LIKELIHOODS for b in PRIORS]


def _problem(likelihood, prior, n=60, weights=True):
    X, y, w, offset = example(likelihood, n=n)
    return pf.Problem.make(
        X,
        y,
        prior=prior.unit(),
        likelihood=ALL_LIKELIHOODS[likelihood][0],
        weights=w if weights else None,
        offset=offset,
    )


@pytest.mark.parametrize(("likelihood", "prior"), CASES)
def test_leverages_sum_to_the_degrees_of_freedom(likelihood, prior):
    """sum_i W_i q_i = tr (Z'WZ + sR)^-1 Z'WZ."""
    problem = per_sd(_problem(likelihood, PRIORS[prior]))
    found = pf.path(
        problem.design,
        problem.y,
        prior=problem.prior,
        likelihood=problem.likelihood,
        weights=problem.weights,
        offset=problem.offset,
        n_points=5,
        ratio=0.01,
        tol=1e-10,
    )
    standard = found._standard
    for k in range(5):
        g, s = found._unknowns(k), float(found.penalties[k]) * standard.y_unit**2
        leverages = curvatures(standard, g) * self_influence(standard, g, s)
        assert leverages.sum() == pytest.approx(found.df[k], rel=1e-8)
        assert np.all(leverages < 1 + 1e-12)


@pytest.mark.parametrize(("n", "p"), [(30, 6), (12, 20)])
def test_a_row_left_out_of_ridge_is_exact(n, p):
    """left_out_i = the prediction of row i by the fit to all other rows, p < n and p > n."""
    rng = np.random.default_rng(1)
    X, w = rng.normal(size=(n, p)), rng.uniform(0.5, 2.0, size=n)
    y = X[:, 0] + rng.normal(size=n)
    settings = {"prior": pf.Normal(), "penalties": [0.7], "likelihood": pf.Gaussian(noise=1.0)}
    told = pf.path(X, y, weights=w, **settings).left_out(0)
    for i in range(n):
        rest = np.arange(n) != i
        fit = pf.path(X[rest], y[rest], weights=w[rest], **settings)
        assert told[i] == pytest.approx(fit.intercepts[0] + X[i] @ fit.coefs[:, 0], abs=1e-10)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli", "poisson"])
@pytest.mark.parametrize("prior", ["normal", "laplace", "elastic net"])
def test_approximate_leave_one_out_is_near_the_exact_one(likelihood, prior):
    """Mean held-out deviance within 3 % of n refits, where non-zero weights are few."""
    problem = replace(_problem(likelihood, PRIORS[prior], n=120), offset=np.zeros(120))
    selection, path = pf.choose(problem, "loo", n_points=6, ratio=0.02, tol=1e-9)
    shaped, n = path.problem, 120
    lost = np.empty((n, 6))
    for i in range(n):
        rest = np.arange(n) != i
        part = shaped.take_rows(np.flatnonzero(rest))
        fitted = path_of(part, path.penalties, tol=1e-9)
        eta = (
            shaped.offset[i] + fitted.intercepts + shaped.design.take_rows([i]).matvec(fitted.coefs)
        )
        y = shaped.y[i : i + 1]
        lost[i] = 2 * (shaped.likelihood.loss(y, eta.ravel()) - shaped.likelihood.saturated(y))
    exact = shaped.weights @ lost / shaped.weights.sum()
    np.testing.assert_allclose(selection.mean[selection.valid], exact[selection.valid], rtol=0.03)


def test_leave_one_out_by_one_step_ends_where_it_can_be_trusted():
    """More weights than a third of the rows are wanted: ten folds choose, and this is said."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    y = X[:, :28] @ rng.choice([-1.0, 1.0], 28) + 0.1 * rng.normal(size=60)
    with pytest.warns(pf.PriorfitWarning, match="a third of the rows"):
        selection, path = pf.choose(pf.Problem.make(X, y, prior=pf.Laplace()), "loo")
    assert "10-fold" in repr(selection)
    assert selection.valid is None
    assert np.count_nonzero(path.coefs[:, selection.best]) > 20
    few = X[:, :2] @ [1.0, -1.0] + rng.normal(size=60)
    selection, _ = pf.choose(pf.Problem.make(X, few, prior=pf.Laplace()), "loo")
    assert selection.method == "approximate leave-one-out"
    assert np.all(selection.n_nonzero[selection.valid] <= 20)


def test_criteria_choose_as_scikit_learn_does():
    """The penalty that AIC and BIC choose on the lasso path at a known noise: LassoLarsIC's."""
    X, y, *_ = example(n=80)
    for criterion in ("aic", "bic"):
        theirs = LassoLarsIC(criterion=criterion, noise_variance=0.64).fit(X, y)
        problem = pf.Problem.make(X, y, prior=pf.Laplace(), likelihood=pf.Gaussian(noise=0.8))
        # at a knot the entering weight is 0: just above it is so in every arithmetic
        penalties = (80 + 1e-6) * theirs.alphas_[theirs.alphas_ > 1e-9]
        selection, path = by_criterion(problem, criterion, standardize=False, penalties=penalties)
        constant = 80 * np.log(2 * np.pi * 0.64)
        inside = theirs.criterion_[: len(penalties)]
        price = 2.0 if criterion == "aic" else np.log(80)  # ours counts the intercept
        np.testing.assert_allclose(selection.mean + constant - price, inside, rtol=1e-6)
        assert path.penalties[selection.chosen] == pytest.approx(80 * theirs.alpha_, rel=1e-6)


@pytest.mark.parametrize("n", [60, 15])
def test_gcv_is_that_of_the_smoother(n):
    """n RSS / (n - tr S)^2 with S written out."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 20))
    y = X[:, 0] + rng.normal(size=n)
    problem = pf.Problem.make(X, y, prior=pf.Normal())
    selection, path = by_criterion(problem, "gcv", standardize=False, penalties=[30.0, 3.0])
    A = X - X.mean(axis=0)
    for penalty, score in zip(path.penalties, selection.mean, strict=True):
        S = A @ np.linalg.solve(A.T @ A + penalty * np.eye(20), A.T) + 1 / n
        rss = np.sum(np.square(y - S @ y))
        assert score == pytest.approx(n * rss / (n - np.trace(S)) ** 2, rel=1e-9)


def test_sure_estimates_the_risk_without_bias():
    """mean over noise of SURE - sigma^2 = mean over noise of |X(b - b0)|^2 / n."""
    rng = np.random.default_rng(0)
    X, b0, noise = rng.normal(size=(40, 15)), np.zeros(15), 1.0
    b0[:3] = 1.0
    told, true = [], []
    for _ in range(400):
        y = X @ b0 + noise * rng.normal(size=40)
        problem = pf.Problem.make(X, y, prior=pf.Laplace(), likelihood=pf.Gaussian(noise=noise))
        selection, path = by_criterion(problem, "sure", standardize=False, penalties=[8.0])
        told.append(selection.mean[0] - noise**2)
        fitted = path.intercepts + X @ path.coefs
        true.append(np.mean(np.square(fitted[:, 0] - X @ b0)))
    error = np.std(np.array(told) - np.array(true)) / 20
    assert abs(np.mean(told) - np.mean(true)) < 4 * error


def test_the_square_root_lasso_needs_no_noise():
    """sigma^2 = RSS / n at lambda = sigma sqrt(2 n log p), and scaling y scales the answer."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 200))
    y = 3 * X[:, 0] + rng.normal(size=60)
    problem = pf.Problem.make(X, y, prior=pf.Laplace())
    selection, path = universal(problem, tol=1e-10)
    sigma = np.sqrt(selection.mean[0])
    assert path.penalties[0] == pytest.approx(sigma * np.sqrt(2 * 60 * np.log(200)), rel=1e-6)
    larger = universal(replace(problem, y=1e3 * y), tol=1e-10)[1]
    np.testing.assert_allclose(larger.coefs, 1e3 * path.coefs, rtol=1e-6, atol=1e-9)
    assert np.argmax(np.abs(path.coefs[:, 0])) == 0


def test_universal_selects_where_a_fixed_belief_stops():
    """Columns of noise: the share of fits without any stays high as n grows (claim of the fixed
    belief: it falls)."""
    rng = np.random.default_rng(0)
    empty = {"universal": [], "fixed": []}
    for n in (50, 3200):
        counts = {"universal": 0, "fixed": 0}
        for _ in range(20):
            X, y = rng.normal(size=(n, 10)), rng.normal(size=n)
            problem = pf.Problem.make(X, y, prior=pf.Laplace(0.05), likelihood=pf.Gaussian(noise=1))
            counts["fixed"] += pf.solve(problem).n_nonzero == 0
            counts["universal"] += int(pf.choose(problem, "universal")[0].n_nonzero[0] == 0)
        for key, count in counts.items():
            empty[key].append(count)
    assert empty["universal"][1] >= 14
    assert empty["fixed"][1] <= 2 < empty["fixed"][0]


def test_stability_keeps_what_is_there():
    """Stable columns are the real ones, whatever their order; the same seed, the same answer."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 40))
    y = X[:, 3] - X[:, 7] + rng.normal(size=150)
    problem = pf.Problem.make(X, y, prior=pf.Laplace())
    found, selection, _ = pf.stability(problem, pairs=20)
    assert np.flatnonzero(found.stable).tolist() == [3, 7]
    assert selection.chosen == found.chosen
    order = rng.permutation(40)
    again, *_ = pf.stability(
        replace(problem, design=pf.Problem.make(X[:, order], y).design), pairs=20
    )
    np.testing.assert_allclose(again.frequencies, found.frequencies[order], atol=0.05)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_a_point_that_can_be_refitted(way):
    """refit(at) has the path's coefficients at the chosen point."""
    X, y, *_ = example(n=100)
    problem = pf.Problem.make(X, y, prior=pf.Laplace(), likelihood=pf.Gaussian(noise=0.8))
    selection, path = pf.choose(problem, way, **({"pairs": 5} if way == "stability" else {}))
    found = selection.refit(tol=1e-10)
    np.testing.assert_allclose(found.coef, path.coefs[:, selection.chosen], rtol=1e-3, atol=1e-4)
    assert selection.path is path


def test_unknown_names_are_refused():
    """Each error says what there is."""
    X, y, *_ = example()
    problem = pf.Problem.make(X, y, prior=pf.Laplace())
    with pytest.raises(pf.InputError, match="one of cv, evidence, loo"):
        pf.choose(problem, "magic")
    with pytest.raises(pf.InputError, match="known noise"):
        pf.choose(problem, "sure")
    with pytest.raises(pf.InputError, match="hold a weight"):
        pf.choose(replace(problem, prior=pf.Normal()), "universal")
    with pytest.raises(pf.InputError, match="`at` must be"):
        pf.choose(problem, "bic")[0].refit(at="worst")
