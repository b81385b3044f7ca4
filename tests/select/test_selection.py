"""Cross-validation without leaks, and the one-standard-error rule in the right direction."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LassoCV
from sklearn.model_selection import KFold

import priorfit as pf
from laws import example
from priorfit.select import Selection, cross_validate, per_sd, splits


def _problem(likelihood="gaussian", n=80):
    X, y, *_ = example(likelihood, n=n)
    known = {"gaussian": pf.Gaussian(), "bernoulli": pf.Bernoulli(), "poisson": pf.Poisson()}
    return pf.Problem.make(X, y, prior=pf.Laplace(), likelihood=known[likelihood])


def test_equals_scikit_learn_on_the_same_folds():
    """hold="mean", raw columns: LassoCV's curve."""
    problem = _problem()
    folds = KFold(4, shuffle=True, random_state=1)
    selection, _ = cross_validate(problem, folds=folds, hold="mean", standardize=False)
    X = problem.design.values
    theirs = LassoCV(cv=folds, alphas=selection.penalties / 80, tol=1e-12, max_iter=100_000).fit(
        X, problem.y
    )
    np.testing.assert_allclose(selection.scores, theirs.mse_path_, rtol=1e-6)


def test_scaling_happens_inside_the_fold():
    """A fold's fit does not know the spread of the rows held out."""
    problem = _problem()
    pairs = splits(problem, 4)
    selection, path = cross_validate(problem, folds=pairs)
    train, test = pairs[0]
    part = per_sd(problem.take_rows(train))
    X, y = problem.design.values, problem.y
    fit = pf.path(X[train], y[train], prior=part.prior, penalties=path.penalties)
    errors = np.mean((y[test][:, None] - fit.intercepts - X[test] @ fit.coefs) ** 2, axis=0)
    np.testing.assert_allclose(selection.scores[:, 0], errors, rtol=1e-9)


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli", "poisson"])
def test_curves(likelihood):
    """Finite deviances for every likelihood; the choice beats no columns at all."""
    selection, path = cross_validate(_problem(likelihood, 150))
    assert np.all(np.isfinite(selection.scores))
    assert path.certified
    assert selection.mean[selection.best] < selection.mean[0]


def test_one_standard_error_is_stronger():
    """1-SE takes the largest penalty within one standard error of the best."""
    scores = np.array([[5.0, 5.4], [3.1, 3.3], [2.8, 3.2], [2.7, 3.1], [4.0, 4.2]])
    penalties = np.array([16.0, 8.0, 4.0, 2.0, 1.0])
    selection = Selection(penalties, scores, np.arange(5), "1se")
    assert selection.best == 3
    assert selection.standard_error[3] == pytest.approx(0.2)
    assert selection.chosen == selection.one_se == 2
    assert Selection(penalties, scores, np.arange(5), "best").chosen == 3


def test_folds_are_a_partition_and_stratified():
    """Each row is held out once; each fold has both classes; the seed decides."""
    problem = _problem("bernoulli")
    pairs = splits(problem, 5, seed=3)
    held = np.sort(np.concatenate([test for _, test in pairs]))
    np.testing.assert_array_equal(held, np.arange(80))
    shares = [problem.y[test].mean() for _, test in pairs]
    assert np.ptp(shares) < 0.15
    again = splits(problem, 5, seed=3)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(pairs, again, strict=True))
    with pytest.raises(pf.InputError, match="between 2"):
        splits(problem, 81)


def test_progress_is_told():
    """One call per path, up to the total."""
    seen = []
    cross_validate(_problem(), folds=3, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli", "poisson"])
def test_threads_change_no_bit(likelihood):
    """The same scores, bit for bit, with one thread and with three."""
    problem = _problem(likelihood)
    one, _ = cross_validate(problem, folds=5)
    three, _ = cross_validate(problem, folds=5, threads=3)
    np.testing.assert_array_equal(one.scores, three.scores)


def test_rows_of_weight_zero_are_in_no_fold():
    """Weight 0 is a row absent: the curve is that of the other rows."""
    problem = _problem()
    weights = np.r_[np.zeros(60), np.ones(20)]
    there = problem.take_rows(np.arange(60, 80))
    some, _ = cross_validate(replace(problem, weights=weights), folds=10)
    only, _ = cross_validate(there, folds=10)
    np.testing.assert_allclose(some.scores, only.scores, rtol=1e-9)
    with pytest.raises(pf.InputError, match="row of positive weight"):
        cross_validate(replace(problem, weights=weights), folds=KFold(5))


@pytest.mark.parametrize("strength", ["cv", 1e-6, 0.0])
def test_noise_where_no_rows_are_left(strength):
    """n weights fit n rows: the noise is that of the last point that left some, and it is said."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 60))
    y = X[:, 0] + rng.normal(size=20)
    model = pf.MAPRegressor(prior=pf.Laplace(), strength=strength, rule="best")
    with pytest.warns(pf.PriorfitWarning, match="noise must be identified"):
        model.fit(X, y)
    assert 0 < model.dispersion_ < np.inf
    assert np.all(np.isfinite(model.path_.dispersions))
    assert np.all(np.isfinite(model.coef_))
