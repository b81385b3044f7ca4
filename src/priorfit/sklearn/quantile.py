"""Drop-in for QuantileRegressor."""

from __future__ import annotations

from typing import Any, Self

from sklearn import linear_model

from priorfit.likelihoods import Quantile
from priorfit.sklearn._shared import checked, penalty_prior, problem_of, solved, weights_of

__all__ = ["QuantileRegressor"]

_TOL = 1e-9


class QuantileRegressor(linear_model.QuantileRegressor):  # type: ignore[misc]
    """``mean pinball loss + alpha ||w||_1``, certified.

    Parameters and attributes are those of `sklearn.linear_model.QuantileRegressor`; weights are
    normalised as there. ``solver`` and ``solver_options`` change nothing, the solver is exact.
    ``certificate_`` is added. Where several fits are equally good, one of them is returned.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]]), [0.0, 1.0, 2.0, 3.0, 40.0]
    >>> QuantileRegressor(alpha=0.0).fit(X, y).coef_.round(6)
    array([1.])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; X (n, p) dense or sparse, y (n,)."""
        X, y = checked(self, X, y, y_numeric=True)
        weights = weights_of(sample_weight, X)
        n = float(X.shape[0]) if weights is None else float(weights.sum())
        prior = penalty_prior(self.alpha * n, 0.0)
        likelihood = Quantile(self.quantile)
        problem = problem_of(X, y, prior, likelihood, weights, self.fit_intercept)
        solution = solved(problem, _TOL)
        self.coef_, self.certificate_ = solution.coef, solution.certificate
        self.intercept_ = solution.intercept if self.fit_intercept else 0.0
        self.n_iter_ = solution.n_iter
        return self
