"""Ordered classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.estimators.base import MAPEstimator
from priorfit.estimators.given import labels
from priorfit.likelihoods import Likelihood, Ordinal, probabilities
from priorfit.problem import Problem

__all__ = ["MAPOrdinal"]


class MAPOrdinal(ClassifierMixin, MAPEstimator):  # type: ignore[misc]
    """The MAP estimate of an ordinal regression: K ordered classes, one vector of weights.

    ``P(y <= k) = F(cut_points_[k] - X coef)``: a weight is the change of the log odds of a higher
    class (logit), the same at every cut. Cut-points have a flat prior and take the place of the
    intercept, whatever ``intercept`` says.

    Parameters
    ----------
    prior, strength, constraint, units, standardize, cv, rule, n_points, missing, tol, max_iter,
    solver, seed, threads, strength_by, l1_ratio, scoring : as `MAPRegressor`.
    likelihood : `Ordinal` (default: logit).

    Attributes
    ----------
    classes_ (K,) in their order, coef_ (p,), cut_points_ (K - 1,), certificate_, views_, prior_,
    and those of `MAPRegressor`; ``intercept_`` is 0.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
    >>> m = pf.MAPOrdinal(prior=pf.Normal(scale=1.0)).fit(X, [1, 1, 2, 1, 3, 3])
    >>> m.predict([[0.0], [5.0]])
    array([1, 3])
    >>> m.predict_proba([[2.0]]).shape
    (1, 3)
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
        """Fit; ``y`` holds numbers (their order is that of the classes) or an ordered categorical,
        or names a column of X: "target ~ ."; ``groups`` (n,): see `MAPRegressor`."""
        self._order = _order_of(y)
        self._fit(X, y, sample_weight, offset, progress, groups)
        return self

    def predict_proba(self, X: Any, *, offset: Any = None) -> Array:
        """Probability of each class, (n, K)."""
        eta, likelihood = self._eta(X, offset), self._likelihood
        assert isinstance(likelihood, Ordinal)
        return probabilities(eta, self.cut_points_, likelihood.link)

    def predict(self, X: Any, *, offset: Any = None) -> Any:
        """The likeliest class of each row."""
        return self.classes_[np.argmax(self.predict_proba(X, offset=offset), axis=1)]

    def decision_function(self, X: Any, *, offset: Any = None) -> Array:
        """The linear predictor, (n,): larger means a higher class."""
        return self._eta(X, offset)

    def _default_likelihood(self) -> Likelihood:
        return Ordinal()

    def _encode(self, y: Any, likelihood: Likelihood) -> Any:
        if not isinstance(likelihood, Ordinal):
            raise InputError(
                "MAPOrdinal must have a likelihood of ordered classes", repr(likelihood), "Ordinal"
            )
        given = labels(y)
        if self._order is not None:
            self.classes_ = np.asarray([c for c in self._order if np.any(given == c)])
            place = {c: k for k, c in enumerate(self.classes_.tolist())}
            return np.array([float(place[v]) for v in given.tolist()])
        if given.dtype.kind not in "biuf":
            raise InputError(
                "classes given as text must say their order",
                repr(given.ravel()[:1].tolist())[1:-1],
                "Make y an ordered categorical: pd.Categorical(y, categories=[...], ordered=True).",
            )
        self.classes_, codes = np.unique(given, return_inverse=True)
        return codes.astype(np.float64)

    def _finish(self, problem: Problem) -> None:
        """The cut-points of the fit."""
        likelihood = problem.likelihood
        assert isinstance(likelihood, Ordinal)
        kept = problem.weights > 0
        eta = problem.eta(0.0, self.coef_)[kept]
        self.cut_points_: Array = likelihood.cut_points(problem.y[kept], eta, problem.weights[kept])


def _order_of(y: Any) -> list[Any] | None:
    """The categories of an ordered categorical, in order."""
    kind: Any = getattr(y, "dtype", None)
    return list(kind.categories) if getattr(kind, "ordered", False) else None
