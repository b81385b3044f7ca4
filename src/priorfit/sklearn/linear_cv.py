"""Drop-ins for LassoCV, ElasticNetCV and RidgeCV."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn import linear_model
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import column_or_1d

from priorfit._errors import InputError
from priorfit._typing import Array, Intercept
from priorfit.problem import Problem
from priorfit.sklearn._shared import (
    UNIT,
    checked,
    penalty_prior,
    problem_of,
    weights_of,
)
from priorfit.sklearn.linear import ElasticNet, Ridge
from priorfit.solve import LeaveOneOut, lambda_max, path_of

__all__ = ["ElasticNetCV", "LassoCV", "RidgeCV", "SearchCV"]


def folds_of(estimator: Any, X: Any, y: Any, sample_weight: Any, params: dict[str, Any]) -> Any:
    """(train, test) pairs of the estimator's ``cv``, with metadata routed to the splitter."""
    from sklearn.utils._metadata_requests import _routing_enabled

    options = {}
    if _routing_enabled():
        routed = process_routing(estimator, "fit", sample_weight=sample_weight, **params)
        options = routed.splitter.split
    return list(check_cv(estimator.cv).split(X, y, **options))


class SearchCV:
    """The common fit of elastic nets, of one task or several: the l1_ratio is 1 for the lasso.

    Several tasks change what is solved: `_tables`, `_problem`, `_path`, `_final`.
    """

    def _fit(self: Any, X: Any, y: Any, sample_weight: Any, params: dict[str, Any]) -> None:
        X, y = self._tables(X, y)
        weights = weights_of(sample_weight, X)
        ratios = np.atleast_1d(getattr(self, "l1_ratio", 1.0)).astype(np.float64)
        folds = folds_of(self, X, y, sample_weight, params)
        errors, grids = [], []
        for ratio in ratios:
            problem = self._problem(X, y, weights, float(ratio))
            alphas = self._alphas(problem, float(ratio))
            grids.append(alphas)
            columns = [self._errors(problem, float(ratio), alphas, a, b) for a, b in folds]
            errors.append(np.stack(columns, axis=1))
        mse = np.array(errors)  # (ratios, alphas, folds)
        self.mse_path_ = np.squeeze(mse)
        mean = mse.mean(axis=2)
        which, k = np.unravel_index(int(np.argmin(mean)), mean.shape)
        self.alpha_, best_ratio = float(grids[which][k]), float(ratios[which])
        integral = isinstance(self.alphas, Integral)
        self.alphas_ = np.array(grids) if integral and len(ratios) > 1 else grids[0]
        if hasattr(self, "l1_ratio"):
            self.l1_ratio_ = best_ratio
        final = self._final(best_ratio).fit(X, y, weights)
        for name in ("coef_", "intercept_", "dual_gap_", "n_iter_", "certificate_"):
            setattr(self, name, getattr(final, name))

    def _tables(self: Any, X: Any, y: Any) -> tuple[Any, Array]:
        X, y = checked(self, X, y, multi_output=True, y_numeric=True)
        if y.ndim > 1 and y.shape[1] > 1:
            raise ValueError(f"For multi-task outputs, use MultiTask{type(self).__name__}")
        return X, column_or_1d(y, warn=True).astype(np.float64)

    def _problem(self: Any, X: Any, y: Array, weights: Array | None, ratio: float) -> Problem:
        prior = penalty_prior(ratio, 1.0 - ratio, self.positive)
        return problem_of(X, y, prior, UNIT, weights, self.fit_intercept)

    def _path(self: Any, part: Problem, ratio: float, alphas: Array) -> tuple[Intercept, Array]:  # noqa: ARG002
        """(intercepts, coefs) of the training rows, alpha held per row."""
        fitted = path_of(part, alphas * part.n_effective, tol=min(self.tol, 1e-6))
        return fitted.intercepts, fitted.coefs

    def _final(self: Any, ratio: float) -> Any:
        options = {"fit_intercept": self.fit_intercept, "tol": self.tol}
        return ElasticNet(self.alpha_, l1_ratio=ratio, positive=self.positive, **options)

    def _errors(
        self: Any, problem: Problem, ratio: float, alphas: Array, train: Any, test: Any
    ) -> Array:
        """Mean squared error of rows and tasks on ``test`` of the path on ``train``, (alphas,)."""
        held = problem.take_rows(test)
        eta = held.etas(*self._path(problem.take_rows(train), ratio, alphas))
        squares = np.square(held.y[..., None] - eta)
        each = squares.mean(axis=1) if squares.ndim == 3 else squares
        return np.asarray(held.weights @ each / held.weights.sum())

    def _alphas(self: Any, problem: Problem, ratio: float) -> Array:
        if not isinstance(self.alphas, Integral):
            given = np.sort(np.asarray(self.alphas, dtype=np.float64))[::-1]
            if np.any(given < 0):
                raise InputError("`alphas` must be >= 0", f"{given.min():g}", "Use 0 for none.")
            return given
        if ratio == 0:
            raise ValueError(
                "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply a "
                "grid by providing your estimator with the appropriate `alphas=` argument."
            )
        top = lambda_max(problem) / problem.n_effective
        if top <= np.finfo(np.float64).resolution:
            return np.full(self.alphas, np.finfo(np.float64).resolution)
        return np.geomspace(top, top * self.eps, num=self.alphas)


class LassoCV(SearchCV, linear_model.LassoCV):  # type: ignore[misc]
    """`Lasso` with alpha chosen by K-fold cross-validation; scikit-learn's parameters.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> LassoCV(cv=5).fit(X, X[:, 0]).mse_path_.shape
    (100, 5)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Fit; ``params`` are routed to the splitter."""
        self._fit(X, y, sample_weight, params)
        return self


class ElasticNetCV(SearchCV, linear_model.ElasticNetCV):  # type: ignore[misc]
    """`ElasticNet` with alpha (and l1_ratio) chosen by K-fold cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> ElasticNetCV(cv=5, l1_ratio=[0.5, 0.9]).fit(X, X[:, 0]).mse_path_.shape
    (2, 100, 5)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Fit; ``params`` are routed to the splitter."""
        self._fit(X, y, sample_weight, params)
        return self


class RidgeCV(linear_model.RidgeCV):  # type: ignore[misc]
    """`Ridge` with alpha chosen by exact leave-one-out (one SVD for all alphas).

    With ``cv``, ``scoring``, ``alpha_per_target``, ``store_cv_results``, weights, several targets
    or a sparse X the search is scikit-learn's and the final fit is ours.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> RidgeCV().fit(X, X[:, 0]).alpha_
    np.float64(0.1)
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Fit; X (n, p), y (n,) or (n, targets)."""
        plain = (
            self.cv is None
            and self.scoring is None
            and sample_weight is None
            and not (self.store_cv_results or self.alpha_per_target)
            and np.asarray(y).ndim == 1
            and not hasattr(X, "tocsr")
        )
        if not plain:
            weights_of(sample_weight, X)
            super().fit(X, y, sample_weight, **params)
            return self._refit(X, y, sample_weight)
        X, y = checked(self, X, y, y_numeric=True)
        alphas = np.asarray(self.alphas, dtype=np.float64).ravel()
        if np.any(alphas <= 0):
            raise ValueError(f"alphas must be strictly positive, got {alphas.min()}")
        problem = problem_of(X, y, penalty_prior(0.0, 1.0), UNIT, None, self.fit_intercept)
        held_out = LeaveOneOut(problem, alphas)
        k = held_out.best
        fit = held_out.path(k)
        self.alpha_, self.best_score_ = held_out.penalties[k], -float(held_out.error[k])
        self.coef_, self.certificate_ = fit.coefs[:, 0], fit.certificate(0)
        self.intercept_ = float(fit.intercepts[0]) if self.fit_intercept else 0.0
        return self

    def _refit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        final = Ridge(alpha=self.alpha_, fit_intercept=self.fit_intercept)
        final.fit(X, y, sample_weight)
        self.coef_, self.intercept_ = final.coef_, final.intercept_
        self.certificate_ = final.certificate_
        return self
