"""Drop-ins for MultiTaskLasso and MultiTaskElasticNet, and for their CV."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn import linear_model

from priorfit._typing import Array, Intercept
from priorfit.priors import Flat, GroupLaplace, Prior
from priorfit.problem import Problem
from priorfit.sklearn._shared import (
    UNIT,
    checked,
    gap_of,
    null_loss,
    penalty_prior,
    problem_of,
    solved,
    weights_of,
)
from priorfit.sklearn.linear_cv import SearchCV
from priorfit.solve import Certificate, fit_lengths

__all__ = ["MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV"]

_PASSES = 1_000_000  # over the columns: the gap ends the descent


def together(rate: float, p: int) -> Prior:
    """The prior whose negative log is ``rate sum_j |w_j|_2`` over the tasks of p columns."""
    if rate == 0:
        return Flat()
    return GroupLaplace(np.arange(p), 1.0 / rate, by_size=False, outputs="together")


def of_several(estimator: Any, X: Any, y: Any) -> tuple[Any, Array]:
    """X and y through scikit-learn's checks; a y of one axis is refused as there."""
    X, y = checked(estimator, X, y, multi_output=True, y_numeric=True)
    y = np.asarray(y, dtype=np.float64)
    if y.ndim == 1:
        single = type(estimator).__name__.removeprefix("MultiTask")
        raise ValueError(f"For mono-task outputs, use {single}")
    return X, y


def made(X: Any, y: Array, prior: Prior, weights: Array | None, intercept: bool) -> Problem:
    """The problem of these tasks; one task alone has a plain weight per column."""
    if y.shape[1] > 1:
        return problem_of(X, y, prior, UNIT, weights, intercept)
    if isinstance(prior, GroupLaplace):
        prior = penalty_prior(1.0 / float(prior.scale), 0.0)
    return problem_of(X, y[:, 0], prior, UNIT, weights, intercept)


def centers(X: Array, y: Array, w: Array, intercept: bool) -> tuple[Array, Array]:
    """The weighted means of columns and tasks, or zeros."""
    if intercept:
        return w @ X / w.sum(), w @ y / w.sum()
    return np.zeros(X.shape[1]), np.zeros(y.shape[1])


class MultiTaskElasticNet(linear_model.MultiTaskElasticNet):  # type: ignore[misc]
    """``|Y - XW|_F^2 / (2 n) + alpha l1_ratio sum_j |w_j|_2 + alpha (1 - l1_ratio) / 2 |W|_F^2``,
    certified; w_j are the weights of column j for all tasks.

    Parameters and attributes are those of `sklearn.linear_model.MultiTaskElasticNet`;
    ``selection``, ``max_iter``, ``warm_start`` and ``random_state`` change nothing.
    ``certificate_`` is added. scikit-learn itself solves a sparse X with both terms.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])
    >>> MultiTaskElasticNet(alpha=0.5).fit(X, np.c_[X[:, 0], -X[:, 0]]).coef_.round(4)
    array([[ 0.5344,  0.    ],
           [-0.5344,  0.    ]])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; X (n, p) dense or sparse, y (n, tasks)."""
        given = X, y, sample_weight
        X, y = of_several(self, X, y)
        ratio = getattr(self, "l1_ratio", 1.0)
        both = self.alpha > 0 and 0 < ratio < 1
        if both and hasattr(X, "tocsr"):
            delegated: Self = super().fit(*given)
            return delegated
        weights = weights_of(sample_weight, X)
        n = float(X.shape[0]) if weights is None else float(weights.sum())
        l1, l2 = self.alpha * n * ratio, self.alpha * n * (1.0 - ratio)
        if both:
            self._fit_both(np.asarray(X, dtype=np.float64), y, weights, l1, l2)
        elif l1 == 0:
            self._take(made(X, y, penalty_prior(0.0, l2), weights, self.fit_intercept))
        else:
            self._fit_lengths(X, y, weights, l1, self.fit_intercept)
        loss = sum(null_loss(column, weights, self.fit_intercept) for column in y.T)
        self.dual_gap_ = self.certificate_.gap * loss / n
        self.eps_ = self.tol
        return self

    def _fit_both(
        self: Any, X: Array, y: Array, weights: Array | None, l1: float, l2: float
    ) -> None:
        """Half ``l2 |W|^2`` are p more rows ``sqrt(l2) w_j`` of response 0 (Zou & Hastie 2005)."""
        p, w = X.shape[1], np.ones(len(X)) if weights is None else weights
        at, level = centers(X, y, w, self.fit_intercept)
        rows = np.vstack([X - at, np.sqrt(l2) * np.eye(p)])
        targets = np.vstack([y - level, np.zeros((p, y.shape[1]))])
        both = np.concatenate([w, np.ones(p)])
        self._fit_lengths(rows, targets, both, l1, False)
        if self.fit_intercept:
            self.intercept_ = level - self.coef_ @ at

    def _fit_lengths(
        self: Any, X: Any, y: Array, weights: Array | None, rate: float, intercept: bool
    ) -> None:
        """At once where that is possible, else as every problem is solved."""
        tol = gap_of(self.tol)
        fit = fit_lengths(X, y, rate, weights, intercept, tol)
        if fit is None:
            self._take(made(X, y, together(rate, X.shape[1]), weights, intercept))
            return
        self.coef_, self.n_iter_ = np.asfortranarray(fit.coef.T), fit.rounds
        self.certificate_ = Certificate(fit.gap, fit.kkt, tol)
        self.intercept_ = fit.intercept if intercept else 0.0

    def _take(self: Any, problem: Problem) -> None:
        solution = solved(problem, self.tol)
        coef = solution.coef if problem.outputs else solution.coef[:, None]
        self.coef_, self.n_iter_ = np.asfortranarray(coef.T), solution.n_iter
        self.certificate_ = solution.certificate
        self.intercept_ = np.atleast_1d(solution.intercept) if problem.intercept else 0.0


class MultiTaskLasso(MultiTaskElasticNet, linear_model.MultiTaskLasso):  # type: ignore[misc]
    """``|Y - XW|_F^2 / (2 n) + alpha sum_j |w_j|_2``, certified; see `MultiTaskElasticNet`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])
    >>> MultiTaskLasso(alpha=0.5).fit(X, np.c_[X[:, 0], -X[:, 0]]).coef_.round(4)
    array([[ 0.4697,  0.    ],
           [-0.4697,  0.    ]])
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        linear_model.MultiTaskLasso.__init__(
            self,
            alpha=alpha,
            fit_intercept=fit_intercept,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            random_state=random_state,
            selection=selection,
        )


class _TasksCV(SearchCV):
    """`SearchCV` of several tasks."""

    def _tables(self, X: Any, y: Any) -> tuple[Any, Array]:
        return of_several(self, X, y)

    def _problem(self: Any, X: Any, y: Array, weights: Array | None, ratio: float) -> Problem:
        """Tasks under both terms: the lengths alone, `_path` adds the squares."""
        if ratio == 0 or y.shape[1] == 1:
            prior = penalty_prior(ratio, 1.0 - ratio)
        else:
            prior = together(ratio, X.shape[1])
        return made(X, y, prior, weights, self.fit_intercept)

    def _path(self: Any, part: Problem, ratio: float, alphas: Array) -> tuple[Intercept, Array]:
        if part.outputs and 0 < ratio < 1:
            return path_of_both(part, ratio, alphas, min(self.tol, 1e-6))
        return super()._path(part, ratio, alphas)

    def _final(self: Any, ratio: float) -> Any:
        options = {"fit_intercept": self.fit_intercept, "tol": self.tol}
        return MultiTaskElasticNet(self.alpha_, l1_ratio=ratio, **options)


def path_of_both(part: Problem, ratio: float, alphas: Array, tol: float) -> tuple[Intercept, Array]:
    """(intercepts (q, k), coefs (p, q, k)) with both terms, by scikit-learn's descent.

    It stops at a duality gap of ``tol / 2 |Y|^2``: ``tol`` times the null model's loss.
    """
    p = part.design.shape[1]
    X, Y, w = part.design.columns(np.arange(p), np.zeros(p))[0], part.y, part.weights
    at, level = centers(X, Y, w, part.intercept)
    rows = np.hstack([X - at, Y - level]) * np.sqrt(w / w.sum())[:, None]
    if len(rows) > rows.shape[1]:
        rows = np.linalg.qr(rows, mode="r")  # the same products of columns in fewer rows
    rows = rows * np.sqrt(len(rows))  # it divides the loss by the number of rows
    _, found, _ = linear_model.enet_path(
        rows[:, :p], rows[:, p:], l1_ratio=ratio, alphas=alphas, tol=0.5 * tol, max_iter=_PASSES
    )
    coefs = found.transpose(1, 0, 2)
    return level[:, None] - np.tensordot(at, coefs, 1), coefs


class MultiTaskElasticNetCV(_TasksCV, linear_model.MultiTaskElasticNetCV):  # type: ignore[misc]
    """`MultiTaskElasticNet` with alpha (and l1_ratio) chosen by K-fold cross-validation.

    Parameters and attributes are those of `sklearn.linear_model.MultiTaskElasticNetCV`. Paths of
    several tasks with both terms are scikit-learn's, run to a gap of 1e-6; it does all where X is
    sparse then.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> MultiTaskElasticNetCV(cv=5, l1_ratio=[0.5, 1.0]).fit(X, X[:, :2]).mse_path_.shape
    (2, 100, 5)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Fit; ``params`` are routed to the splitter."""
        ratios = np.atleast_1d(self.l1_ratio)
        if hasattr(X, "tocsr") and np.any((ratios > 0) & (ratios < 1)):
            delegated: Self = super().fit(X, y, sample_weight, **params)
            return delegated
        self._fit(X, y, sample_weight, params)
        return self


class MultiTaskLassoCV(_TasksCV, linear_model.MultiTaskLassoCV):  # type: ignore[misc]
    """`MultiTaskLasso` with alpha chosen by K-fold cross-validation; scikit-learn's parameters.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> MultiTaskLassoCV(cv=5).fit(X, X[:, :2]).mse_path_.shape
    (100, 5)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Fit; ``params`` are routed to the splitter."""
        self._fit(X, y, sample_weight, params)
        return self
