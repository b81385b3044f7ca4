"""Drop-ins for MultiTaskLasso, MultiTaskElasticNet and MultiTaskLassoCV."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn import linear_model

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.priors import Flat, GroupLaplace, Prior
from priorfit.problem import Problem
from priorfit.sklearn._shared import (
    UNIT,
    checked,
    null_loss,
    penalty_prior,
    problem_of,
    solved,
    weights_of,
)
from priorfit.sklearn.linear_cv import folds_of
from priorfit.solve import lambda_max, path_of

__all__ = ["MultiTaskElasticNet", "MultiTaskLasso", "MultiTaskLassoCV"]


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
        else:
            prior = penalty_prior(0.0, l2) if l1 == 0 else together(l1, X.shape[1])
            self._take(made(X, y, prior, weights, self.fit_intercept))
        loss = sum(null_loss(column, weights, self.fit_intercept) for column in y.T)
        self.dual_gap_ = self.certificate_.gap * loss / n
        self.eps_ = self.tol
        return self

    def _fit_both(
        self: Any, X: Array, y: Array, weights: Array | None, l1: float, l2: float
    ) -> None:
        """Half ``l2 |W|^2`` are p more rows ``sqrt(l2) w_j`` of response 0 (Zou & Hastie 2005)."""
        p, w = X.shape[1], np.ones(len(X)) if weights is None else weights
        at, level = np.zeros(p), np.zeros(y.shape[1])
        if self.fit_intercept:
            at, level = w @ X / w.sum(), w @ y / w.sum()
        rows = np.vstack([X - at, np.sqrt(l2) * np.eye(p)])
        targets = np.vstack([y - level, np.zeros((p, y.shape[1]))])
        both = np.concatenate([w, np.ones(p)])
        self._take(made(rows, targets, together(l1, p), both, False))
        if self.fit_intercept:
            self.intercept_ = level - self.coef_ @ at

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


class MultiTaskLassoCV(linear_model.MultiTaskLassoCV):  # type: ignore[misc]
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
        X, y = of_several(self, X, y)
        weights = weights_of(sample_weight, X)
        folds = folds_of(self, X, y, sample_weight, params)
        problem = made(X, y, together(1.0, X.shape[1]), weights, self.fit_intercept)
        self.alphas_ = self._alphas(problem)
        columns = [_fold_errors(problem, self.alphas_, a, b, self.tol) for a, b in folds]
        self.mse_path_ = np.stack(columns, axis=1)
        self.alpha_ = float(self.alphas_[int(np.argmin(self.mse_path_.mean(axis=1)))])
        final = MultiTaskLasso(self.alpha_, fit_intercept=self.fit_intercept, tol=self.tol)
        final.fit(X, y, weights)
        self.coef_, self.intercept_ = final.coef_, final.intercept_
        self.dual_gap_, self.n_iter_ = final.dual_gap_, final.n_iter_
        self.certificate_ = final.certificate_
        return self

    def _alphas(self, problem: Problem) -> Array:
        if not isinstance(self.alphas, Integral):
            given = np.sort(np.asarray(self.alphas, dtype=np.float64))[::-1]
            if np.any(given < 0):
                raise InputError("`alphas` must be >= 0", f"{given.min():g}", "Use 0 for none.")
            return given
        top = lambda_max(problem) / problem.n_effective
        least = float(np.finfo(np.float64).resolution)
        if top <= least:
            return np.full(self.alphas, least)
        return np.geomspace(top, top * self.eps, num=self.alphas)


def _fold_errors(problem: Problem, alphas: Array, train: Any, test: Any, tol: float) -> Array:
    """Mean squared error of rows and tasks on ``test`` of the path on ``train``, (alphas,)."""
    part, held = problem.take_rows(train), problem.take_rows(test)
    fitted = path_of(part, alphas * part.n_effective, tol=min(tol, 1e-6))
    squares = np.square(held.y[..., None] - held.etas(fitted.intercepts, fitted.coefs))
    each = squares.mean(axis=1) if squares.ndim == 3 else squares
    return np.asarray(held.weights @ each / held.weights.sum())
