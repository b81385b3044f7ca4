"""Drop-ins for scikit-learn's Lasso, ElasticNet and Ridge."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn import linear_model

from priorfit._typing import Array
from priorfit.priors import Prior
from priorfit.sklearn._shared import (
    UNIT,
    checked,
    null_loss,
    penalty_prior,
    problem_of,
    solved,
    weights_of,
)
from priorfit.solve import Solution

__all__ = ["ElasticNet", "Lasso", "Ridge"]


def fit_each(
    estimator: Any, X: Any, y: Array, weights: Array | None, priors: list[Prior]
) -> list[Solution]:
    """One solution per column of ``y`` (n, t); sets ``coef_``, ``intercept_``, ``certificate_``."""
    targets = y[:, None] if y.ndim == 1 else y
    fit_intercept = estimator.fit_intercept
    solutions = [
        solved(problem_of(X, column, prior, UNIT, weights, fit_intercept), estimator.tol)
        for column, prior in zip(targets.T, priors, strict=True)
    ]
    coef = np.array([s.coef for s in solutions])
    intercept = np.array([s.intercept for s in solutions])
    single = y.ndim == 1
    estimator.coef_ = coef[0] if single else coef
    if not fit_intercept:
        estimator.intercept_ = 0.0
    else:
        estimator.intercept_ = float(intercept[0]) if single else intercept
    certificates = [s.certificate for s in solutions]
    estimator.certificate_ = certificates[0] if single else certificates
    return solutions


class ElasticNet(linear_model.ElasticNet):  # type: ignore[misc]
    """``RSS / (2 n) + alpha l1_ratio ||w||_1 + alpha (1 - l1_ratio) / 2 ||w||_2^2``, certified.

    Parameters and attributes are those of `sklearn.linear_model.ElasticNet`; ``precompute``,
    ``selection``, ``max_iter``, ``warm_start`` and ``random_state`` change nothing, the solver is
    exact. ``certificate_`` is added. With weights, n is their sum, as in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> model = ElasticNet(alpha=0.5).fit(np.array([[0.0], [1.0], [2.0]]), [0.0, 1.0, 2.0])
    >>> model.coef_.round(4)
    array([0.4545])
    """

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        check_input: bool = True,  # noqa: ARG002
    ) -> Self:
        """Fit; X (n, p) dense or sparse, y (n,) or (n, targets)."""
        X, y = checked(self, X, y, multi_output=True, y_numeric=True)
        weights = weights_of(sample_weight, X)
        n = float(X.shape[0]) if weights is None else float(weights.sum())
        l1, l2 = self.alpha * n * self.l1_ratio, self.alpha * n * (1.0 - self.l1_ratio)
        prior = penalty_prior(l1, l2, self.positive)
        targets = 1 if y.ndim == 1 else y.shape[1]
        solutions = fit_each(self, X, y, weights, [prior] * targets)
        columns = [y] if y.ndim == 1 else list(y.T)
        gaps = [
            s.certificate.gap * null_loss(column, weights, self.fit_intercept) / n
            for s, column in zip(solutions, columns, strict=True)
        ]
        self.dual_gap_ = gaps[0] if y.ndim == 1 else np.array(gaps)
        rounds = [s.n_iter for s in solutions]
        self.n_iter_ = rounds[0] if y.ndim == 1 else rounds
        return self


class Lasso(ElasticNet, linear_model.Lasso):  # type: ignore[misc]
    """``RSS / (2 n) + alpha ||w||_1``, certified; see `ElasticNet`.

    Examples
    --------
    >>> import numpy as np
    >>> Lasso(alpha=0.5).fit(np.array([[0.0], [1.0], [2.0]]), [0.0, 1.0, 2.0]).coef_.round(4)
    array([0.25])
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        linear_model.Lasso.__init__(
            self,
            alpha=alpha,
            fit_intercept=fit_intercept,
            precompute=precompute,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )


class Ridge(linear_model.Ridge):  # type: ignore[misc]
    """``sum_i w_i (y_i - eta_i)^2 + alpha ||w||_2^2``, certified.

    Parameters and attributes are those of `sklearn.linear_model.Ridge`; ``solver``, ``max_iter``
    and ``random_state`` change nothing, the solver is exact.

    Examples
    --------
    >>> import numpy as np
    >>> Ridge(alpha=2.0).fit(np.array([[0.0], [1.0], [2.0]]), [0.0, 1.0, 2.0]).coef_
    array([0.5])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; X (n, p) dense or sparse, y (n,) or (n, targets)."""
        X, y = checked(self, X, y, multi_output=True, y_numeric=True)
        weights = weights_of(sample_weight, X)
        targets = 1 if y.ndim == 1 else y.shape[1]
        alphas = np.ravel(np.asarray(self.alpha, dtype=np.float64))
        if len(alphas) not in (1, targets):
            raise ValueError(
                f"Number of targets and number of penalties do not correspond: "
                f"{len(alphas)} != {targets}"
            )
        alphas = np.broadcast_to(alphas, (targets,))
        priors = [penalty_prior(0.0, float(a), self.positive) for a in alphas]
        solutions = fit_each(self, X, np.asarray(y, dtype=np.float64), weights, priors)
        self.n_iter_ = np.array([s.n_iter for s in solutions], dtype=np.int32)
        self.solver_ = "priorfit"
        return self
