"""Drop-ins for PoissonRegressor, GammaRegressor and TweedieRegressor."""

from __future__ import annotations

from typing import Any, Self

from sklearn import linear_model

from priorfit.likelihoods import Gamma, Gaussian, Likelihood, Poisson, Tweedie
from priorfit.sklearn._shared import checked, penalty_prior, problem_of, solved, weights_of

__all__ = ["GammaRegressor", "PoissonRegressor", "TweedieRegressor"]


def fit_glm(estimator: Any, X: Any, y: Any, sample_weight: Any, likelihood: Likelihood) -> None:
    """Fit an estimator of scikit-learn's GLMs with a likelihood of dispersion 1."""
    X, y = checked(estimator, X, y, y_numeric=True)
    estimator._base_loss = estimator._get_loss()
    if not estimator._base_loss.in_y_true_range(y):
        name = type(estimator._base_loss).__name__
        raise ValueError(f"Some value(s) of y are out of the valid range of the loss {name!r}.")
    weights = weights_of(sample_weight, X)
    n = float(X.shape[0]) if weights is None else float(weights.sum())
    prior = penalty_prior(0.0, estimator.alpha * n)
    problem = problem_of(X, y, prior, likelihood, weights, estimator.fit_intercept)
    solution = solved(problem, estimator.tol, estimator.max_iter)
    estimator.coef_, estimator.certificate_ = solution.coef, solution.certificate
    estimator.intercept_ = solution.intercept if estimator.fit_intercept else 0.0
    estimator.n_iter_ = solution.n_iter


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
        fit_glm(self, X, y, sample_weight, Poisson())
        return self


class GammaRegressor(linear_model.GammaRegressor):  # type: ignore[misc]
    """``mean half deviance + alpha / 2 ||w||_2^2``, log link, certified.

    Parameters and attributes are those of `sklearn.linear_model.GammaRegressor`; as
    `PoissonRegressor` otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> model = GammaRegressor(alpha=0.1).fit(np.array([[0.0], [1.0], [2.0]]), [1, 3, 7])
    >>> model.coef_.round(3)
    array([0.841])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; y (n,) > 0."""
        fit_glm(self, X, y, sample_weight, Gamma(dispersion=1.0))
        return self


class TweedieRegressor(linear_model.TweedieRegressor):  # type: ignore[misc]
    """``mean half deviance + alpha / 2 ||w||_2^2`` of a power of the variance, certified.

    Parameters and attributes are those of `sklearn.linear_model.TweedieRegressor`. Solved here
    are the convex cases: power 0 with the identity link, and powers from 1 to 2 with the log link.
    scikit-learn itself solves the others, whose stationary point may not be the lowest; they have
    no ``certificate_``.

    Examples
    --------
    >>> import numpy as np
    >>> model = TweedieRegressor(power=1.5, alpha=0.1)
    >>> model.fit(np.array([[0.0], [1.0], [2.0]]), [0, 3, 7]).coef_.round(3)
    array([1.436])
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit; y (n,) in the range of the power."""
        self._validate_params()
        likelihood = self._convex_likelihood()
        if likelihood is None:
            fitted: Self = super().fit(X, y, sample_weight)
            return fitted
        fit_glm(self, X, y, sample_weight, likelihood)
        return self

    def _convex_likelihood(self) -> Likelihood | None:
        link = ("identity" if self.power <= 0 else "log") if self.link == "auto" else self.link
        if link == "identity":
            return Gaussian(noise=1.0) if self.power == 0 else None
        if self.power == 1:
            return Poisson()
        if self.power == 2:
            return Gamma(dispersion=1.0)
        return Tweedie(self.power, 1.0) if 1 < self.power < 2 else None
