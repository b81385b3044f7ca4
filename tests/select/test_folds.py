"""Folds of every kind, any scorer, and two strengths at once."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics
from sklearn.linear_model import ElasticNetCV, LogisticRegressionCV
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

import priorfit as pf
from laws import example
from priorfit.select import Surface, cross_validate, splits

GROUPS = np.arange(90) % 15
SPLITTERS = {
    "number": 4,
    "k": KFold(4),
    "k, shuffled": KFold(4, shuffle=True, random_state=1),
    "repeated": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    "stratified": StratifiedKFold(3),
    "grouped": GroupKFold(3),
    "one group out": LeaveOneGroupOut(),
    "time": TimeSeriesSplit(3),
    "shares": ShuffleSplit(3, random_state=0),
}
LIKELIHOODS = {"gaussian": pf.Gaussian(), "bernoulli": pf.Bernoulli(), "poisson": pf.Poisson()}


def _problem(likelihood="gaussian", prior=None, weights=True, n=90):
    X, y, w, offset = example(likelihood, n=n)
    return pf.Problem.make(
        X,
        y,
        prior=prior or pf.Laplace(),
        likelihood=LIKELIHOODS[likelihood],
        weights=w if weights else None,
        offset=offset if weights else None,
    )


def _deviances(problem, train, test, penalties):
    """Refits of one fold, scaled by its own rows, asked about the others."""
    part = problem.take_rows(train)
    w = part.weights / part.weights.sum()
    sd = np.sqrt(w @ (part.design.values - w @ part.design.values) ** 2)
    fit = pf.path(
        part.design.values,
        part.y,
        prior=problem.prior.rescaled(1 / sd),
        likelihood=problem.likelihood,
        weights=part.weights,
        offset=part.offset,
        penalties=penalties,
    )
    y, X, v = problem.y[test], problem.design.values[test], problem.weights[test]
    eta = problem.offset[test][:, None] + fit.intercepts + X @ fit.coefs
    lost = problem.likelihood.loss(y[:, None], eta) - problem.likelihood.saturated(y)[:, None]
    return 2 * v @ lost / v.sum()


@pytest.mark.parametrize("name", SPLITTERS)
def test_every_splitter_is_a_refit_of_its_rows(name):
    """Column k of the scores is the weighted deviance of fold k's rows under the fit to the others,
    columns scaled by those others alone."""
    kind = "bernoulli" if name == "stratified" else "gaussian"
    problem = _problem(kind)
    groups = GROUPS if "group" in name else None
    settings = {"folds": SPLITTERS[name], "groups": groups}
    selection, path = cross_validate(problem, **settings, n_points=6, ratio=0.05)
    pairs = splits(problem, **settings)
    for k in (0, len(pairs) - 1):
        known = _deviances(problem, *pairs[k], path.penalties)
        np.testing.assert_allclose(selection.scores[:, k], known, rtol=1e-4)
    for train, test in pairs:
        assert not np.intersect1d(train, test).size
        if groups is not None:
            assert not np.intersect1d(groups[train], groups[test]).size
        if name == "time":
            assert train.max() < test.min()


def test_groups_stay_together_in_folds_by_number():
    """No group is on both sides; every row is held out once; more folds than groups are refused."""
    problem = _problem()
    pairs = splits(problem, 5, 0, GROUPS)
    held = np.sort(np.concatenate([test for _, test in pairs]))
    np.testing.assert_array_equal(held, np.arange(90))
    for train, test in pairs:
        assert not np.intersect1d(GROUPS[train], GROUPS[test]).size
    with pytest.raises(pf.InputError, match="number of groups"):
        splits(problem, 16, 0, GROUPS)
    with pytest.raises(pf.InputError, match="90 labels"):
        splits(problem, 5, 0, GROUPS[:-1])
    X, y = problem.design.values, problem.y
    model = pf.MAPRegressor(prior=pf.Laplace(), strength="cv", n_points=10).fit(X, y, groups=GROUPS)
    known = cross_validate(pf.Problem.make(X, y, prior=pf.Laplace()), groups=GROUPS, n_points=10)
    np.testing.assert_array_equal(model.selection_.scores, known[0].scores)


def test_repeats_do_not_shrink_the_standard_error():
    """The same folds twice: the same mean and, up to ddof, the same standard error; dividing by the
    root of all folds would be sqrt(2) too small."""
    problem = _problem()
    once = splits(problem, 5)
    one, _ = cross_validate(problem, folds=once, n_points=10)
    two, _ = cross_validate(problem, folds=once + once, n_points=10)
    np.testing.assert_allclose(two.mean, one.mean, rtol=1e-12)
    ratio = two.standard_error / one.standard_error
    np.testing.assert_allclose(ratio, np.sqrt(4 / 5 * 10 / 9), rtol=1e-10)
    assert "2 times" in two.how


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_one_se_point_is_the_simpler_one(likelihood):
    """Its lambda is at least the best one's, its mean within one standard error, and every
    stronger point beyond it is outside."""
    selection, _ = cross_validate(_problem(likelihood), n_points=40)
    best, strict = selection.best, selection.one_se
    bound = selection.mean[best] + selection.standard_error[best]
    assert selection.penalties[strict] >= selection.penalties[best]
    assert selection.mean[strict] <= bound
    assert np.all(selection.mean[:strict] > bound)
    assert selection.n_nonzero[strict] <= selection.n_nonzero[best]


# -- scorers --------------------------------------------------------------------------------------

SCORERS = {
    ("gaussian", "r2"): lambda y, eta, w: -metrics.r2_score(y, eta, sample_weight=w),
    ("gaussian", "neg_mean_squared_error"): lambda y, eta, w: np.average((y - eta) ** 2, weights=w),
    ("poisson", "neg_mean_absolute_error"): lambda y, eta, w: np.average(
        abs(y - np.exp(eta)), weights=w
    ),
    ("bernoulli", "roc_auc"): lambda y, eta, w: -metrics.roc_auc_score(y, eta, sample_weight=w),
    ("bernoulli", "accuracy"): lambda y, eta, w: -np.average((eta > 0) == y, weights=w),
    ("bernoulli", "neg_log_loss"): lambda y, eta, w: np.average(
        np.logaddexp(0, eta) - y * eta, weights=w
    ),
}


@pytest.mark.parametrize("case", SCORERS, ids=" ".join)
def test_a_scorer_sees_the_held_out_rows(case):
    """Minus the score of scikit-learn on the rows of the fold, weighted."""
    likelihood, name = case
    problem = _problem(likelihood)
    pairs = splits(problem, 3)
    selection, path = cross_validate(problem, folds=pairs, scoring=name, n_points=5, ratio=0.1)
    train, test = pairs[1]
    part = pf.select.per_sd(problem.take_rows(train))
    fit = pf.select.cv.path_of(part, path.penalties)
    X = problem.design.values[test]
    eta = problem.offset[test][:, None] + fit.intercepts + X @ fit.coefs
    known = [SCORERS[case](problem.y[test], e, problem.weights[test]) for e in eta.T]
    np.testing.assert_allclose(selection.scores[:, 1], known, rtol=1e-4, atol=1e-6)
    assert selection.criterion.startswith("held-out")
    assert "_" not in selection.criterion


def test_a_scorer_of_several_classes_and_a_callable():
    """accuracy of three classes; a callable (estimator, X, y) that sees predictions."""
    X, y, *_ = example(n=90)
    labels = np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))
    model = pf.MAPClassifier(prior=pf.Normal(), strength="cv", scoring="accuracy", n_points=8)
    best = model.fit(X, labels).selection_
    assert -1 <= best.mean[best.best] < -0.4

    def error(estimator, eta, truth):
        return -float(np.mean(np.abs(estimator.predict(eta) - truth)))

    problem = pf.Problem.make(X, y, prior=pf.Laplace())
    own = cross_validate(problem, scoring=error, n_points=8)[0]
    named = cross_validate(problem, scoring="neg_mean_absolute_error", n_points=8)[0]
    np.testing.assert_allclose(own.scores, named.scores, rtol=1e-12)
    with pytest.raises(pf.InputError, match="scikit-learn knows"):
        cross_validate(problem, scoring="magic")


# -- two strengths --------------------------------------------------------------------------------


def test_the_grid_of_an_elastic_net_is_scikit_learns():
    """ElasticNetCV's errors for every ratio and alpha, on the same folds and grid, at 1e-6."""
    problem = _problem(weights=False)
    X, y, folds = problem.design.values, problem.y, KFold(4)
    alphas = np.geomspace(0.5, 0.005, 12)
    theirs = ElasticNetCV(
        l1_ratio=[0.2, 0.6, 1.0], alphas=alphas, cv=folds, tol=1e-12, max_iter=100_000
    ).fit(X, y)
    selection, _ = pf.choose(
        replace(problem, prior=pf.ElasticNet()),
        "cv",
        l1_ratio=[0.2, 0.6, 1.0],
        folds=folds,
        hold="mean",
        standardize=False,
        penalties=90 * alphas,
        rule="best",
        tol=1e-10,
    )
    surface = selection.surface
    ours = np.array([one.scores for one in surface.selections])
    np.testing.assert_allclose(ours, theirs.mse_path_, rtol=1e-6)
    assert surface.l1_ratios[surface.best] == theirs.l1_ratio_
    assert selection.penalties[selection.best] / 90 == pytest.approx(theirs.alpha_)
    found = selection.refit(tol=1e-12)
    np.testing.assert_allclose(found.coef, theirs.coef_, rtol=1e-4, atol=1e-5)


def test_logistic_regression_cv_on_the_same_folds_and_grid():
    """Held-out log loss of LogisticRegressionCV, C = 1 / lambda, at 1e-6."""
    problem = _problem("bernoulli", pf.Normal(), weights=False)
    X, y, folds = problem.design.values, problem.y, StratifiedKFold(3)
    penalties = np.geomspace(30, 0.3, 5)
    theirs = LogisticRegressionCV(
        Cs=1 / penalties,
        cv=folds,
        l1_ratios=(0.0,),
        scoring="neg_log_loss",
        solver="newton-cholesky",
        tol=1e-12,
        use_legacy_attributes=False,
    ).fit(X, y)
    selection, _ = cross_validate(
        problem,
        folds=folds,
        scoring="neg_log_loss",
        standardize=False,
        penalties=penalties,
        tol=1e-12,
    )
    known = -np.squeeze(theirs.scores_).T
    np.testing.assert_allclose(selection.scores, known, rtol=1e-6)


def test_one_ratio_is_a_fixed_mixture():
    """l1_ratio=a: rates lambda a and lambda (1 - a); 1 is the lasso, 0 ridge."""
    problem = replace(_problem(), prior=pf.ElasticNet())
    for ratio, prior in ((1.0, pf.Laplace()), (0.0, pf.Normal())):
        mixed = pf.choose(problem, "bic", l1_ratio=ratio, penalties=[20.0, 2.0])[1]
        plain = pf.choose(replace(problem, prior=prior), "bic", penalties=[20.0, 2.0])[1]
        np.testing.assert_allclose(mixed.coefs, plain.coefs, atol=1e-6)
    selection, path = pf.choose(problem, "cv", l1_ratio=[0.3, 0.7], n_points=20)
    surface = selection.surface
    k, a = selection.chosen, surface.l1_ratios[surface.best]
    l1, l2 = (rate[surface.best, k] for rate in surface.penalties)
    form, phi = path.prior_at(k).lower(6), path.dispersion_at(k)
    unit = path.problem.form
    np.testing.assert_allclose(form.l1 * phi, l1 * unit.l1 / a, rtol=1e-10)
    np.testing.assert_allclose(form.l2 * phi, l2 * unit.l2 / (1 - a), rtol=1e-10)
    with pytest.raises(pf.InputError, match="elastic net"):
        pf.choose(replace(problem, prior=pf.Laplace()), "cv", l1_ratio=0.5)
    with pytest.raises(pf.InputError, match=r"in \[0, 1\]"):
        pf.choose(problem, "cv", l1_ratio=[0.5, 1.5])
    with pytest.raises(pf.InputError, match="cv or a criterion"):
        pf.choose(problem, "loo", l1_ratio=0.5)


def test_the_best_of_all_curves_is_chosen():
    """The ratio with the lowest best point; of equal ones the sparsest. All curves share folds."""
    problem = replace(_problem(), prior=pf.ElasticNet())
    shuffled = KFold(3, shuffle=True)  # another split at every call
    selection, _ = pf.choose(problem, "cv", l1_ratio=[0.5, 0.5, 1.0], folds=shuffled, n_points=15)
    first, second, _ = selection.surface.selections
    np.testing.assert_array_equal(first.scores, second.scores)
    assert selection.mean[selection.best] == selection.surface.lowest.min()
    twins = Surface(np.array([0.2, 0.8]), (first, first))
    assert twins.best == 1
