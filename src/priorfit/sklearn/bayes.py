"""Drop-ins for BayesianRidge and ARDRegression."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn import linear_model
from sklearn.utils.validation import validate_data

from priorfit._typing import Array
from priorfit.sklearn._shared import weights_of
from priorfit.solve.evidence.common import Common
from priorfit.solve.evidence.each import each
from priorfit.solve.evidence.rates import Rates
from priorfit.solve.result import Certificate

__all__ = ["ARDRegression", "BayesianRidge"]

_TOL = 1e-8  # of the gradient, over half the number of rows
_EPS = float(np.finfo(np.float64).eps)


def _rates(estimator: Any) -> Rates:
    return Rates(
        float(estimator.alpha_1),
        float(estimator.alpha_2),
        float(estimator.lambda_1),
        float(estimator.lambda_2),
    )


def _centred(
    estimator: Any, X: Array, y: Array, weights: Array | None
) -> tuple[Array, Array, float]:
    """Rows less their mean, times the root of their weight; sets what `predict` needs."""
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    w = np.ones(len(y)) if weights is None else weights
    center, middle = np.zeros(X.shape[1]), 0.0
    if estimator.fit_intercept:
        center, middle = np.average(X, axis=0, weights=w), float(np.average(y, weights=w))
    estimator.X_offset_, estimator.X_scale_ = center, np.ones(X.shape[1])
    root = np.sqrt(w)
    return (X - center) * root[:, None], (y - middle) * root, middle


def _keep(estimator: Any, coef: Array, middle: float, gradient: float) -> None:
    estimator.coef_ = coef
    fitted = estimator.fit_intercept
    estimator.intercept_ = middle - float(estimator.X_offset_ @ coef) if fitted else 0.0
    estimator.certificate_ = Certificate(np.inf, gradient, _TOL, local=True)


class BayesianRidge(linear_model.BayesianRidge):  # type: ignore[misc]
    """Normal prior of precision ``lambda_`` and noise of precision ``alpha_``, both most probable.

    Parameters and attributes are those of `sklearn.linear_model.BayesianRidge`, hyper-priors
    included; ``max_iter`` and ``tol`` change nothing: the precisions are where the log evidence is
    stationary, by one singular value decomposition. Where it has several maxima it is the one
    that scikit-learn's iteration leads to. ``certificate_.kkt`` is the gradient of the log
    evidence by log alpha and log lambda, over n / 2. As in scikit-learn the intercept is not
    counted: n where n - 1 rows are left (docs/noise.md). ``scores_`` holds the log
    evidence at the start and at the end, without the hyper-priors' constants.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), [0.1, 0.9, 2.1, 2.9]
    >>> BayesianRidge().fit(X, y).coef_.round(3)
    array([0.958])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; X (n, p) dense, y (n,)."""
        self._validate_params()
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], y_numeric=True)
        weights = weights_of(sample_weight, X)
        rows = float(X.shape[0]) if weights is None else float(weights.sum())
        Z, target, middle = _centred(self, X, y, weights)
        evidence = Common.of(Z, target, rows, _rates(self))
        spread = float(np.average((y - np.average(y, weights=weights)) ** 2, weights=weights))
        noise = 1.0 / (spread + _EPS) if self.alpha_init is None else float(self.alpha_init)
        weight = 1.0 if self.lambda_init is None else float(self.lambda_init)
        found = evidence.near(noise, weight)
        self.alpha_, self.lambda_, self.n_iter_ = found.noise, found.weight, 1
        self.sigma_ = evidence.covariance(found.noise, found.weight)
        self.scores_: Any = []
        if self.compute_score:
            ends = ((noise, weight), (found.noise, found.weight))
            self.scores_ = np.array([evidence.log_evidence(*end) for end in ends])
        _keep(self, evidence.coef(found.weight / found.noise), middle, found.gradient)
        return self


class ARDRegression(linear_model.ARDRegression):  # type: ignore[misc]
    """A normal prior of its own precision for every weight, all most probable; columns pruned.

    Parameters and attributes are those of `sklearn.linear_model.ARDRegression`, hyper-priors and
    ``threshold_lambda`` included; ``max_iter`` and ``tol`` change nothing: scikit-learn's iteration
    decides which columns go, Newton's method makes the gradient of the log evidence vanish.
    ``certificate_.kkt`` is that gradient by the logarithms, over n / 2. ``scores_`` has one entry,
    the log evidence at the end.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0, 1.0], [1.0, -1.0], [2.0, 1.0], [3.0, -1.0], [4.0, 0.5]])
    >>> ARDRegression().fit(X, [0.1, 0.9, 2.1, 2.9, 4.0]).coef_.round(2)
    array([0.99, 0.09])
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Fit; X (n, p) dense, y (n,)."""
        self._validate_params()
        X, y = validate_data(
            self, X, y, dtype=[np.float64, np.float32], y_numeric=True, ensure_min_samples=2
        )
        Z, target, middle = _centred(self, X, y, None)
        found = each(Z, target, _rates(self), float(self.threshold_lambda))
        self.alpha_, self.lambda_ = found.noise, found.weight
        self.sigma_, self.n_iter_ = found.covariance, max(found.rounds, 1)
        self.scores_: Any = []
        if self.compute_score:
            self.scores_ = [found.log_evidence(_rates(self), len(y))]
        _keep(self, found.coef, middle, found.gradient)
        return self
