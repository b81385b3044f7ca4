"""Regression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from sklearn.base import RegressorMixin

from priorfit._typing import Array
from priorfit.estimators.base import MAPEstimator
from priorfit.likelihoods import Gaussian, Likelihood

__all__ = ["MAPRegressor"]


class MAPRegressor(RegressorMixin, MAPEstimator):  # type: ignore[misc]
    """The MAP estimate of a regression: ``min sum_i w_i (-log p(y_i|eta_i)) - log p(coef)``.

    Parameters
    ----------
    formula : for example "claims ~ C(region) + bs(age, df=5) + offset(log(exposure))"; then call
        ``fit(table)``. Without a left side call ``fit(table, y)``.
    prior : belief about the weights (default ``Normal(scale=1)``), in their own units.
    likelihood : `Gaussian` (default), `Poisson`, `NegativeBinomial`, `Gamma`, `Tweedie`, `Huber` or
        `Bernoulli` (y as shares, see `pf.shares`). What it leaves open is estimated, and is in
        ``likelihood_``.
    constraint : `L1Ball` or `L2Ball` in place of a prior: the fit by its radius, exactly, in
        ``units``. The prior that it means is ``prior_``.
    strength : None takes the prior's scale as it stands; "cv", "evidence", "loo", "aic", "bic",
        "ebic", "gcv", "sure", "stability" or "universal" let the data choose it (`pf.choose`);
        "posterior" samples it and takes its median; a number is a lambda on the sum scale.
    strength_by, l1_ratio : strengths of their own for groups of columns; shares of l1 in an elastic
        net to choose from: see `pf.choose`.
    units : "raw", or "sd": the prior holds per standard deviation of the column (and of y).
    standardize : where the strength is chosen, state the prior per standard deviation.
    intercept : whether there is one (flat prior, never counted).
    cv, scoring, rule, n_points, seed : folds (or a splitter), scikit-learn's scorer in place of
        the deviance, "1se" or "best", grid size, shuffling.
    threads : folds fitted at the same time, or threads that read the columns of a fit without
        folds; it never changes a bit of the result.
    missing : "error", "mean" or "indicator", for tables.
    tol, max_iter, solver : see `priorfit.solve`.

    Attributes
    ----------
    coef_ (p,) and intercept_, of q responses (q, p) and (q,); certificate_, views_ (prior, penalty,
    constraint), prior_,
    dispersion_ (noise variance for the gaussian), column_sd_ (p,), solution_, path_ and
    selection_ (where the strength was chosen), feature_labels_, n_features_in_, n_iter_.

    Raises
    ------
    InputError
        for input that cannot be used as given: what must hold, what was got, what to do.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    >>> m = pf.MAPRegressor(prior=pf.Laplace(scale=0.5), likelihood=pf.Gaussian(noise=0.5))
    >>> m.fit(X, [3.0, 1.0, 3.1, 0.9]).coef_.round(3)
    array([1.6, 0. ])
    """

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        offset: Any = None,
        groups: Any = None,
        progress: Callable[..., None] | None = None,
    ) -> Self:
        """Fit; ``y`` is an array, the name of a column of X, or a formula over its columns;
        ``groups`` (n,): rows of one group are in the same fold of ``strength="cv"``."""
        return self._fit(X, y, sample_weight, offset, progress, groups)

    def _may_be_several(self, likelihood: Likelihood) -> bool:
        return isinstance(likelihood, Gaussian)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """R²; without y, of the formula's response."""
        value: float = super().score(X, self._response(X, y), sample_weight)
        return value

    def predict(self, X: Any, *, offset: Any = None) -> Array:
        """The expected response, (n,) or (n, q)."""
        eta = self._eta(X, offset)
        mean: Array = self._likelihood.mean(eta)
        return mean
