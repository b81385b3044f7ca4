"""Strength by evidence: densities written out, and the gradient that vanishes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, linalg, stats
from sklearn.linear_model import BayesianRidge

import priorfit as pf
from priorfit.datasets import load
from priorfit.select.apart import groups_of
from priorfit.solve.evidence.laplace import approximate
from priorfit.solve.evidence.lasso import LassoEvidence, Sums, learned_rate
from priorfit.solve.evidence.normal import NormalEvidence

RNG = np.random.default_rng(0)
SHAPES = [(40, 5), (12, 30)]
NOISES = [None, 1.3]


def _problem(n, p, noise=None, intercept=True, **changed):
    rng = np.random.default_rng(n)
    X = rng.normal(size=(n, p)) * np.geomspace(0.5, 2.0, p)
    y = 3.0 + X @ rng.normal(size=p) + rng.normal(size=n)
    given = {
        "prior": pf.Normal(np.linspace(0.5, 2.0, p), loc=0.1),
        "likelihood": pf.Gaussian(noise=noise),
        "weights": rng.integers(1, 4, size=n).astype(float),
        "offset": rng.normal(size=n),
    }
    return pf.Problem.make(X, y, intercept=intercept, **(given | changed))


def _log_density(problem, penalty, sigma):
    """Rows repeated, the intercept's direction taken out by contrasts, log N(y; 0, cov)."""
    rows = np.repeat(np.arange(len(problem.y)), problem.weights.astype(int))
    X, loc = problem.design.values, problem.form.loc
    A = X[rows] / np.sqrt(problem.form.l2)
    y = (problem.y - problem.offset - X @ loc)[rows]
    if problem.intercept:
        contrasts = linalg.null_space(np.ones((1, len(rows))))
        A, y = contrasts.T @ A, contrasts.T @ y
    cov = sigma**2 * (np.eye(len(y)) + A @ A.T / penalty)
    return stats.multivariate_normal(cov=cov).logpdf(y)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("intercept", [True, False])
def test_the_noise_of_a_path_is_counted_along_its_directions(shape, intercept):
    """RSS / (n - df) of the smoother matrix written out, rows repeated by their weights; the path
    has it without another look at the data."""
    problem = _problem(*shape, intercept=intercept)
    path = NormalEvidence(problem, [30.0, 3.0, 0.3]).path()
    rows = np.repeat(np.arange(len(problem.y)), problem.weights.astype(int))
    A = (problem.design.values / np.sqrt(problem.form.l2))[rows]
    y = (problem.y - problem.offset - problem.design.values @ problem.form.loc)[rows]
    if intercept:
        A, y = A - A.mean(axis=0), y - y.mean()
    for k, penalty in enumerate(path.penalties):
        smoother = A @ np.linalg.solve(A.T @ A + penalty * np.eye(A.shape[1]), A.T)
        left = len(y) - intercept - np.trace(smoother)
        rss = np.sum((y - smoother @ y) ** 2)
        assert path.dispersion_at(k) == pytest.approx(rss / left, rel=1e-8)
        assert path.dispersion_at(k) != pytest.approx(rss / (left + 1), rel=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("intercept", [True, False])
def test_log_evidence_is_the_normal_density(shape, noise, intercept):
    """log p(y) = log N(y; 0, sigma^2 (I + XX'/lambda)) of n - 1 contrasts, rows repeated by their
    weights; a sigma beside it (unknown noise) is less probable."""
    problem = _problem(*shape, noise, intercept)
    found = NormalEvidence(problem, [30.0, 3.0])
    for k, penalty in enumerate(found.penalties):
        known = _log_density(problem, penalty, found.sigmas[k])
        assert found.values[k] == pytest.approx(known, rel=1e-10)
        mutant = _log_density(replace(problem, intercept=not intercept), penalty, found.sigmas[k])
        assert found.values[k] != pytest.approx(mutant, rel=1e-6)
        if noise is None:
            for off in (0.97, 1.03):
                assert _log_density(problem, penalty, off * found.sigmas[k]) < found.values[k]


@pytest.mark.parametrize(("noise", "intercept"), [(None, True), (1.3, True), (None, False)])
def test_the_gradient_vanishes_at_the_chosen_strength(noise, intercept):
    """d log p(y) / d log lambda = 0 at the best, and no point of the grid is above it."""
    problem = _problem(40, 5, noise, intercept)
    selection, path = pf.choose(problem, "evidence", standardize=False)
    best = path.penalties[selection.best]
    found = NormalEvidence(path.problem, [1.001 * best, best, best / 1.001])
    assert found.gradient(1) < 1e-10
    assert found.values[1] > max(found.values[0], found.values[2])
    assert NormalEvidence(path.problem, [1.05 * best]).gradient(0) > 1e-6
    assert selection.log_evidence == pytest.approx(found.values[1], rel=1e-12)
    assert selection.mean[selection.best] == pytest.approx(-2 * selection.log_evidence)


def test_equal_to_bayesian_ridge_with_flat_hyper_priors():
    """scikit-learn centres and counts n rows: ours on centred data without an intercept; with one,
    n - 1 rows are left, and the noise is larger by about a share 1 / n."""
    X = RNG.normal(size=(60, 4))
    y = X @ [1.0, -0.5, 0.2, 0.0] + RNG.normal(size=60)
    flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0)
    theirs = BayesianRidge(**flat, tol=1e-14, max_iter=100_000, compute_score=True).fit(X, y)
    centred = pf.Problem.make(X - X.mean(axis=0), y - y.mean(), intercept=False)
    selection, path = pf.choose(centred, "evidence", standardize=False)
    k = selection.best
    assert path.penalties[k] == pytest.approx(theirs.lambda_ / theirs.alpha_, rel=1e-6)
    assert 1 / path.dispersions[k] == pytest.approx(theirs.alpha_, rel=1e-6)
    np.testing.assert_allclose(path.coefs[:, k], theirs.coef_, rtol=1e-7)
    assert selection.log_evidence == pytest.approx(theirs.scores_[-1], rel=1e-10)
    own, free = pf.choose(pf.Problem.make(X, y), "evidence", standardize=False)
    ratio = free.dispersions[own.best] / path.dispersions[k]
    assert ratio == pytest.approx(60 / 59, rel=2e-3)


def test_numbers_of_the_diabetes_table():
    """rho, sigma^2 and log evidence with n - 1 and with n rows; lambda of the Bayesian lasso
    (Park & Casella 2008: .237), columns of unit length."""
    data = load("diabetes")
    X, y = data.X, data.y
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    for problem, rho, variance, value in (
        (pf.Problem.make(X, y), 14.8936, 2939.176, -2400.8600),
        (pf.Problem.make(X, y - y.mean(), intercept=False), 14.8564336, 2932.3836, -2405.7713),
    ):
        selection, path = pf.choose(problem, "evidence")
        assert path.penalties[selection.best] == pytest.approx(rho, rel=1e-5)
        assert path.dispersions[selection.best] == pytest.approx(variance, rel=1e-6)
        assert selection.log_evidence == pytest.approx(value, abs=1e-4)
    X, y = X / np.sqrt(len(X)), y - y.mean()
    found = learned_rate(Sums(X.T @ X, X.T @ y, float(y @ y), len(y) - 1.0))
    assert found.rate == pytest.approx(0.237, abs=0.003)
    assert len(np.unique(found.trace[:3] > 0.2)) == 1  # three steps are near it already


def test_units_of_rows_and_columns_do_not_matter():
    """y times a: log evidence falls by m log a; columns times c: nothing changes per deviation."""
    problem = _problem(40, 5, offset=None, prior=pf.Normal())
    first = pf.choose(problem, "evidence")[0]
    wide = pf.Problem.make(
        problem.design.values * [1.0, 10.0, 0.1, 7.0, 3.0],
        1e3 * problem.y,
        weights=problem.weights,
    )
    second = pf.choose(wide, "evidence")[0]
    shift = (problem.n_effective - 1) * np.log(1e3)
    assert second.log_evidence + shift == pytest.approx(first.log_evidence, rel=1e-8)
    assert second.scales[second.best] == pytest.approx(1e3 * first.scales[first.best], rel=1e-5)


def test_an_end_of_the_grid_is_said():
    """Noise alone: the strongest penalty; p > n without known noise: the weakest."""
    X = np.random.default_rng(3).normal(size=(40, 3))
    y = np.tile([1.0, -1.0], 20)
    y -= X @ np.linalg.lstsq(X - X.mean(axis=0), y, rcond=None)[0]
    with pytest.warns(pf.PriorfitWarning, match="prefer no weights"):
        pf.choose(pf.Problem.make(X, y), "evidence")
    with pytest.warns(pf.PriorfitWarning, match="noise from the weights"):
        pf.choose(_problem(12, 30), "evidence")


# -- one scale for each group ---------------------------------------------------------------------


def _grouped(intercept=True, noise=None):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(120, 24))
    y = X @ np.r_[2 * rng.normal(size=4), 0.3 * rng.normal(size=12), np.zeros(8)]
    y = y + rng.normal(size=120)
    likelihood = pf.Gaussian(noise=noise)
    return pf.Problem.make(X, y, likelihood=likelihood, intercept=intercept)


LABELS = np.repeat(["strong", "weak", "none"], [4, 12, 8])


@pytest.mark.parametrize("noise", NOISES)
def test_scales_of_groups_are_stationary(noise):
    """The log evidence does not rise along any group's scale; one scale for all is below it."""
    problem = _grouped(noise=noise)
    selection, path = pf.choose(problem, "evidence", strength_by=LABELS)
    penalty, h = [path.penalties[selection.best]], 1e-4
    scale = path.problem.prior.scale
    for name, relative in selection.relative.items():
        if relative == 0:
            continue
        ends = []
        for step in (np.exp(h), np.exp(-h)):
            prior = pf.Normal(np.where(name == LABELS, step * scale, scale))
            ends.append(NormalEvidence(replace(path.problem, prior=prior), penalty).values[0])
        assert abs(ends[0] - ends[1]) / (2 * h) < 1e-4
        assert max(ends) <= selection.log_evidence + 1e-9
    assert selection.log_evidence > pf.choose(problem, "evidence")[0].log_evidence + 5
    assert selection.relative["strong"] == 1.0 > selection.relative["weak"]
    assert selection.relative["none"] < 0.1
    assert selection.refit().certificate.certified


def test_every_way_to_name_groups_is_one():
    """Labels, a mapping, parts of a prior by column: the same columns."""
    X, y = _grouped().design.values, _grouped().y
    parts = {("a", "b"): pf.Normal(), "*": pf.Normal()}
    table = pd.DataFrame(X[:, :5], columns=list("abcde"))
    problem = pf.Problem.make(table, y, prior=pf.priors.ByColumn(parts))
    want = [0, 0, 1, 1, 1]
    assert groups_of(problem, "part")[1].tolist() == want
    assert groups_of(problem, {"a": "x", "b": "x", "*": "y"})[1].tolist() == want
    assert groups_of(problem, ["u", "u", "v", "v", "v"])[1].tolist() == want
    assert groups_of(problem, "column")[0] == list("abcde")
    with pytest.raises(pf.InputError, match="one label per column"):
        groups_of(problem, "parts")
    with pytest.raises(pf.InputError, match="by evidence or cv"):
        pf.choose(problem, "bic", strength_by="part")


def test_scales_of_groups_by_folds_predict_better():
    """The best point of the curve is no worse than that of one scale, on the same folds."""
    problem, settings = _grouped(), {"rule": "best", "n_points": 30, "folds": 3}
    one = pf.choose(problem, "cv", **settings)[0]
    own = pf.choose(problem, "cv", strength_by=LABELS, **settings)[0]
    assert own.mean[own.best] < one.mean[one.best]
    assert own.relative["none"] < own.relative["weak"]
    assert max(own.relative.values()) == 1.0


# -- sampling, and Laplace's approximation --------------------------------------------------------


def test_the_rate_of_a_laplace_belief_in_one_column():
    """With known noise and p = 1, log p(y) is a one-dimensional integral: its relative curve is
    that of the draws, and its slope vanishes where EM ends."""
    z, size = 1.7, 4.0  # x'y / x'x and x'x, sigma = 1
    found = learned_rate(Sums(np.array([[size]]), np.array([size * z]), size * z * z, 10.0, 1.0))

    def evidence(rate):
        def density(b):
            return 0.5 * rate * np.exp(-rate * abs(b) - 0.5 * size * (z - b) ** 2)

        return integrate.quad(density, -8, 8, points=[0.0, z])[0]

    rates = found.rate * np.array([0.7, 1.0, 1.4])
    exact = np.log([evidence(r) for r in rates])
    np.testing.assert_allclose(found.relative(rates)[0], exact - exact[1], atol=0.01)
    grid = np.geomspace(0.1, 10, 400)
    top = grid[np.argmax([evidence(r) for r in grid])]
    assert found.rate == pytest.approx(top, rel=0.05)


def test_draws_have_no_slope_where_em_ends():
    """p = lambda E[sum |b| / sigma] within the error of the draws; not at twice the rate."""
    X = RNG.normal(size=(150, 8))
    y = X @ RNG.laplace(size=8) + RNG.normal(size=150)
    found = learned_rate(Sums(X.T @ X, X.T @ y, float(y @ y), 150.0))
    error = found.rate * found.totals.std() / np.sqrt(len(found.totals)) / 8
    assert abs(found.slope) < 6 * error + 0.01
    double = LassoEvidence(2 * found.rate, found.sigma, found.totals, 8, found.trace)
    assert abs(double.slope) > 0.5
    again = learned_rate(Sums(X.T @ X, X.T @ y, float(y @ y), 150.0))
    assert again.rate == found.rate


def test_a_laplace_belief_chosen_by_evidence_is_refitted():
    """The chosen lambda is rate times sigma; it scales as y does; p >= n needs the noise."""
    problem = replace(_grouped(), prior=pf.Laplace())
    selection, path = pf.choose(problem, "evidence", n_points=30)
    assert selection.valid[selection.best]
    assert selection.refit().certificate.certified
    larger = pf.choose(replace(problem, y=1e3 * problem.y), "evidence", n_points=30)[1]
    assert larger.penalties[selection.best] == pytest.approx(
        1e3 * path.penalties[selection.best], rel=1e-6
    )
    with pytest.raises(pf.InputError, match="fewer than rows"):
        pf.choose(_problem(12, 30, prior=pf.Laplace()), "evidence")


def test_laplace_approximation_is_exact_for_a_gaussian():
    """Its normal integral is exact; with an intercept it counts the flat direction's 1/sqrt(n)."""
    for intercept in (True, False):
        problem = replace(_problem(40, 5, 1.3, intercept), prior=pf.Normal())
        found = NormalEvidence(problem, [10.0, 1.0])
        shift = 0.5 * np.log(problem.n_effective) if intercept else 0.0
        np.testing.assert_allclose(approximate(found.path()) + shift, found.values, rtol=1e-10)


@pytest.mark.parametrize("likelihood", [pf.Bernoulli(), pf.Poisson()], ids=["logit", "log"])
def test_laplace_approximation_of_one_weight(likelihood):
    """Near the integral over one weight, and its maximum is where the curve's is."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1))
    mean = likelihood.mean(0.8 * x[:, 0])
    y = rng.binomial(1, mean) if likelihood.name == "bernoulli" else rng.poisson(mean)
    problem = pf.Problem.make(x, y.astype(float), likelihood=likelihood, intercept=False)
    selection, path = pf.choose(problem, "evidence", standardize=False)
    k = selection.best
    prior = path.prior_at(k)

    def density(b):
        fit = problem.neg_log_likelihood(0.0, np.array([b]), 1.0)
        return np.exp(-fit - float(prior.neg_log_density(b)) - selection.log_evidence)

    assert integrate.quad(density, -1, 3)[0] == pytest.approx(1.0, abs=0.02)
    assert 0 < k < len(path.penalties) - 1
    assert np.all(selection.mean >= selection.mean[k])


def test_many_weights_per_row_are_said():
    """Laplace's approximation warns beyond 0.05 weights per row, and says the share."""
    rng = np.random.default_rng(0)
    for p, warns in ((2, False), (20, True)):
        X = rng.normal(size=(100, p))
        y = (X[:, 0] + rng.logistic(size=100) > 0).astype(float)
        problem = pf.Problem.make(X, y, likelihood=pf.Bernoulli())
        if warns:
            with pytest.warns(pf.PriorfitWarning, match="0.2"):
                selection = pf.choose(problem, "evidence", n_points=20)[0]
            assert "0.2 weights per row" in selection.how
        else:
            pf.choose(problem, "evidence", n_points=20)


@pytest.mark.parametrize(
    ("likelihood", "prior"),
    [
        (pf.Gaussian(), pf.ElasticNet()),
        (pf.Bernoulli(), pf.Laplace()),
        (pf.Gaussian(), pf.priors.Flat()),
        (pf.StudentT(3.0, 1.0), pf.Normal()),
        (pf.Gamma(), pf.Normal()),
    ],
)
def test_what_has_no_evidence_here_says_where_to_go(likelihood, prior):
    """One error for all other beliefs."""
    X = RNG.normal(size=(30, 2))
    y = np.tile([1.0, 1.0, 0.0], 10) if likelihood.name == "bernoulli" else np.arange(1.0, 31.0)
    problem = pf.Problem.make(X, y, prior=prior, likelihood=likelihood)
    with pytest.raises(pf.InputError, match="cv"):
        pf.choose(problem, "evidence")


def test_the_posterior_is_asked_of_an_estimator():
    """The error says where it is."""
    with pytest.raises(pf.InputError, match="MAPRegressor"):
        pf.choose(_problem(40, 5), "posterior")


def test_estimators_tell_the_evidence():
    """strength="evidence": the prior chosen, its explanation and report, the CLI's name."""
    problem = _grouped()
    model = pf.MAPRegressor(prior=pf.Normal(), strength="evidence", strength_by=LABELS)
    model.fit(problem.design.values, problem.y)
    assert "evidence, exact" in model.explain()
    scales = model.prior_.scale * model.column_sd_
    np.testing.assert_allclose(scales[:4] / scales[0], 1.0)
    assert scales[5] / scales[0] == pytest.approx(model.selection_.relative["weak"])
    with pytest.raises(pf.InputError, match="strength that is chosen"):
        pf.MAPRegressor(strength_by=LABELS).fit(problem.design.values, problem.y)
