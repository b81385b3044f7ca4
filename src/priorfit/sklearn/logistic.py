"""Drop-ins for LogisticRegression and LogisticRegressionCV."""

from __future__ import annotations

import warnings
from dataclasses import replace
from inspect import signature
from typing import Any, Self

import numpy as np
from sklearn import linear_model
from sklearn.metrics import get_scorer, make_scorer
from sklearn.model_selection import check_cv
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from priorfit._typing import Array, Index
from priorfit.likelihoods import Bernoulli, Likelihood, Multinomial
from priorfit.problem import Problem
from priorfit.sklearn._shared import checked, penalty_prior, problem_of, solved, weights_of
from priorfit.solve import Status, path_of, solve_quietly

__all__ = ["LogisticRegression", "LogisticRegressionCV"]

_FINE = 1e-10  # at a large C, 1e-6 leaves weighted rows and repeated rows 1e-5 apart


def ratio_of(penalty: Any, l1_ratio: float | None) -> float:
    """The share of the l1 term that the (deprecated) ``penalty`` and ``l1_ratio`` mean."""
    if penalty in ("l1", "l2"):
        return 1.0 if penalty == "l1" else 0.0
    return float(l1_ratio or 0.0)


def class_weights(estimator: Any, y: Any, weights: Array | None) -> Array | None:
    """Row weights times the class weights."""
    if estimator.class_weight is None:
        return weights
    classes = np.unique(y)
    each = compute_class_weight(estimator.class_weight, classes=classes, y=y, sample_weight=weights)
    rows: Array = each[np.searchsorted(classes, y)]
    return rows if weights is None else rows * weights


def likelihood_of(codes: Index) -> tuple[Likelihood, Array]:
    """What the codes 0, 1, ... of two or more classes are, and they as numbers."""
    likelihood = Bernoulli() if codes.max() == 1 else Multinomial()
    return likelihood, codes.astype(np.float64)


def scorer_of(scoring: Any, classes: Any) -> Any:
    """The scorer, told all classes where it asks for labels: a fold may lack some."""
    scorer = get_scorer("accuracy" if scoring in (None, "warn") else scoring)
    asks = signature(scorer._score_func).parameters if hasattr(scorer, "_score_func") else {}
    if "labels" not in asks:
        return scorer
    more = {"pos_label": classes[-1]} if len(classes) == 2 and "pos_label" in asks else {}
    return make_scorer(
        scorer._score_func,
        greater_is_better=scorer._sign == 1,
        response_method=scorer._response_method,
        **{"labels": classes} | more | scorer._kwargs,
    )


def rows_of(weights: Any, rows: Any) -> Any:
    """The weights of these rows, where there are any."""
    return None if weights is None else np.asarray(weights)[rows]


class LogisticRegression(linear_model.LogisticRegression):  # type: ignore[misc]
    """``C sum_i w_i loss_i + l1_ratio ||w||_1 + (1 - l1_ratio) / 2 ||w||_2^2``, certified.

    Parameters and attributes are those of `sklearn.linear_model.LogisticRegression`; any number of
    classes is solved here with any ``l1_ratio`` and whatever ``solver`` says. Three or more classes
    are multinomial, each with weights of its own, and their intercepts add up to 0. scikit-learn
    itself solves ``solver="liblinear"`` (which penalises the intercept).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> LogisticRegression(tol=1e-10).fit(X, [0, 0, 1, 1]).coef_.round(3)
    array([[0.958]])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; y (n,) labels of any kind."""
        if self.solver == "liblinear":
            return self._delegate(X, y, sample_weight)
        X, y = checked(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data "
                f"contains only one class: {self.classes_[0]!r}"
            )
        C = np.inf if self.penalty is None else self.C
        ratio = ratio_of(self.penalty, self.l1_ratio)
        weights = class_weights(self, y, weights_of(sample_weight, X))
        prior = penalty_prior(ratio / C, (1.0 - ratio) / C)
        likelihood, target = likelihood_of(codes)
        problem = problem_of(X, target, prior, likelihood, weights, self.fit_intercept)
        solution = solved(problem, self.tol, self.max_iter)
        self.coef_ = np.atleast_2d(solution.coef.T)
        self.certificate_ = solution.certificate
        self.intercept_ = np.atleast_1d(solution.intercept)
        self.n_iter_ = np.array([solution.n_iter], dtype=np.int32)
        return self

    def _delegate(self, X: Any, y: Any, sample_weight: Any) -> Self:
        fitted: Self = super().fit(X, y, sample_weight)
        return fitted


class LogisticRegressionCV(linear_model.LogisticRegressionCV):  # type: ignore[misc]
    """`LogisticRegression` with C (and l1_ratio) chosen by cross-validation.

    Parameters and attributes are those of `sklearn.linear_model.LogisticRegressionCV`. With
    ``refit=True`` any number of classes is solved here along certified paths. scikit-learn itself
    solves ``solver="liblinear"``, and folds that train without one of the classes (there is no
    finite intercept then).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> m = LogisticRegressionCV(Cs=4, cv=3, l1_ratios=(0,), scoring="accuracy",
    ...                          use_legacy_attributes=False)
    >>> m.fit(X, X[:, 0] > 0).scores_.shape
    (3, 1, 4)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Fit; y (n,) labels of any kind."""
        given = X, y
        X, y = checked(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        ours = len(self.classes_) > 1 and self.refit and not params and self.solver != "liblinear"
        folds = list(check_cv(self.cv, y, classifier=True).split(X, y)) if ours else []
        if not ours or any(len(np.unique(y[train])) < len(self.classes_) for train, _ in folds):
            fitted: Self = super().fit(*given, sample_weight, **params)
            return fitted
        ratios = self._ratios()
        weights = class_weights(self, y, weights_of(sample_weight, X))
        self.Cs_ = np.logspace(-4, 4, self.Cs) if np.ndim(self.Cs) == 0 else np.asarray(self.Cs)
        likelihood, target = likelihood_of(codes)
        scorer = scorer_of(self.scoring, self.classes_)
        scores, paths = [], []
        for ratio in ratios:
            prior = penalty_prior(ratio, 1.0 - ratio)
            problem = problem_of(X, target, prior, likelihood, weights, self.fit_intercept)
            found = [self._path(problem.take_rows(train)) for train, _ in folds]
            paths.append(found)
            scores.append(
                [
                    self._scores(scorer, coefs, X[test], y[test], rows_of(sample_weight, test))
                    for coefs, (_, test) in zip(found, folds, strict=True)
                ]
            )
        self._finish(problem, ratios, *(np.swapaxes(v, 0, 1) for v in (scores, paths)))
        return self

    def _ratios(self) -> list[float]:
        legacy = isinstance(self.l1_ratios, str) or self.l1_ratios is None
        if isinstance(self.l1_ratios, str) and self.penalty == "deprecated":
            warnings.warn(
                "The default of l1_ratios changes to (0.0,) in scikit-learn 1.10; set it.",
                FutureWarning,
                stacklevel=3,
            )
        return [ratio_of(self.penalty, 0.0)] if legacy else [float(r) for r in self.l1_ratios]

    def _path(self, train: Problem) -> Array:
        """(Cs, classes or 1, p [+ 1]) coefficients, in the order of ``Cs_``."""
        order = np.argsort(self.Cs_)
        fitted = path_of(train, 1.0 / self.Cs_[order], tol=min(self.tol, 1e-6))
        coefs, intercepts = fitted.coefs, fitted.intercepts
        if train.outputs is None:
            coefs, intercepts = coefs[:, None], intercepts[None]
        both = np.concatenate([coefs, intercepts[None]]) if self.fit_intercept else coefs
        return np.asarray(both.T[np.argsort(order)])

    def _scores(self, scorer: Any, coefs: Array, X: Any, y: Any, weights: Any) -> list[float]:
        model = linear_model.LogisticRegression()
        model.classes_ = self.classes_
        p = X.shape[1]
        options = {} if weights is None else {"sample_weight": weights}
        out = []
        for w in coefs:
            model.coef_ = w[:, :p]
            model.intercept_ = w[:, p] if self.fit_intercept else np.zeros(len(w))
            out.append(float(scorer(model, X, y, **options)))
        return out

    def _finish(self, problem: Problem, ratios: list[float], scores: Array, paths: Array) -> None:
        """Choose, refit on all rows, and lay the attributes out as scikit-learn does."""
        total = scores.sum(axis=0).T  # (Cs, ratios): ties go to the smallest C, as there
        k, j = np.unravel_index(int(np.argmax(total)), total.shape)
        C, ratio = float(self.Cs_[k]), ratios[j]
        prior = penalty_prior(ratio / C, (1.0 - ratio) / C)
        final = replace(problem, prior=prior)
        solution = solved(final, self.tol, self.max_iter)
        finer = solve_quietly(final, tol=min(self.tol, _FINE), warm=solution)
        if finer.status is Status.CERTIFIED:
            solution = finer
        self.coef_, self.certificate_ = np.atleast_2d(solution.coef.T), solution.certificate
        self.intercept_ = np.zeros(len(self.coef_))
        if self.fit_intercept:
            self.intercept_ = np.atleast_1d(solution.intercept)
        self.l1_ratios_ = np.asarray(ratios)
        self._lay_out(C, ratio, scores, paths, np.full(scores.shape, solution.n_iter))

    def _lay_out(self: Any, C: float, ratio: float, scores: Array, paths: Array, n: Array) -> None:
        if self.use_legacy_attributes is False:
            self.C_, self.l1_ratio_ = C, ratio
            self.scores_, self.coefs_paths_, self.n_iter_ = scores, paths, n
            return
        single = isinstance(self.l1_ratios, str) or self.l1_ratios is None
        pick = 0 if single else slice(None)
        of = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        self.C_, self.l1_ratio_ = np.full(len(of), C), np.full(len(of), ratio)
        scores, paths = (np.swapaxes(v, 1, 2)[:, :, pick] for v in (scores, paths))
        self.scores_ = {label: scores.copy() for label in of}
        self.coefs_paths_ = {label: paths[..., k, :] for k, label in enumerate(of)}
        self.n_iter_ = np.swapaxes(n, 1, 2)[None, :, :, pick]
