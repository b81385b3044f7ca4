"""Drop-in for PoissonRegressor."""

from __future__ import annotations

from typing import Any, Self

from sklearn import linear_model

from priorfit.likelihoods import Poisson
from priorfit.sklearn._shared import checked, penalty_prior, problem_of, solved, weights_of

__all__ = ["PoissonRegressor"]


class PoissonRegressor(linear_model.PoissonRegressor):  # type: ignore[misc]
    """``mean half deviance + alpha / 2 ||w||_2^2``, log link, certified.

    Parameters and attributes are those of `sklearn.linear_model.PoissonRegressor`; weights are
    normalised as there. ``solver``, ``warm_start`` and ``verbose`` change nothing.

    Examples
    --------
    >>> import numpy as np
    >>> model = PoissonRegressor(alpha=0.1).fit(np.array([[0.0], [1.0], [2.0]]), [1, 3, 7])
    >>> model.coef_.round(3)
    array([0.879])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; y (n,) >= 0."""
        X, y = checked(self, X, y, y_numeric=True)
        if (y < 0).any():
            raise ValueError("Some value(s) of y are out of the valid range of the loss 'poisson'.")
        weights = weights_of(sample_weight, X)
        n = float(X.shape[0]) if weights is None else float(weights.sum())
        prior = penalty_prior(0.0, self.alpha * n)
        problem = problem_of(X, y, prior, Poisson(), weights, self.fit_intercept)
        solution = solved(problem, self.tol, self.max_iter)
        self.coef_, self.certificate_ = solution.coef, solution.certificate
        self.intercept_ = solution.intercept if self.fit_intercept else 0.0
        self.n_iter_ = solution.n_iter
        self._base_loss = self._get_loss()
        return self
