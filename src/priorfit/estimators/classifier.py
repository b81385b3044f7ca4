"""Two classes, or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from scipy.special import logsumexp
from sklearn.base import ClassifierMixin

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.estimators.base import MAPEstimator
from priorfit.estimators.given import labels
from priorfit.likelihoods import Bernoulli, Likelihood, Multinomial

__all__ = ["MAPClassifier"]


class MAPClassifier(ClassifierMixin, MAPEstimator):  # type: ignore[misc]
    """The MAP estimate of a logistic regression; labels of any kind.

    Two classes make one linear predictor (`Bernoulli`), three or more one for each (`Multinomial`);
    the prior then holds on the weights of every class. Parameters and attributes as `MAPRegressor`,
    with ``classes_``, ``coef_`` (1, p) or (K, p) and ``intercept_`` (1,) or (K,), as scikit-learn's
    classifiers have them. Two classes with ``likelihood=Multinomial()`` have two predictors: a
    normal prior of scale s is then that of scale ``sqrt(2) s`` on the one predictor of `Bernoulli`.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> m = pf.MAPClassifier(prior=pf.Normal(scale=2.5)).fit(X, ["no", "no", "yes", "yes"])
    >>> m.predict([[2.5]])
    array(['yes'], dtype='<U3')
    >>> m = pf.MAPClassifier().fit(X, ["a", "b", "b", "c"])
    >>> m.predict_proba([[0.0], [3.0]]).round(2)
    array([[0.58, 0.38, 0.05],
           [0.05, 0.38, 0.58]])
    """

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        offset: Any = None,
        progress: Callable[..., None] | None = None,
    ) -> Self:
        """Fit; ``y`` is an array, the name of a column of X, or a formula over its columns."""
        self._fit(X, y, sample_weight, offset, progress)
        if self._free is None:
            self.coef_ = self.solution_.coef[None, :]
            self.intercept_ = np.array([self.solution_.intercept])
        return self

    def decision_function(self, X: Any, *, offset: Any = None) -> Array:
        """Log odds of ``classes_[1]``, (n,); of three or more classes the predictors, (n, K)."""
        return self._eta(X, offset)

    def predict_proba(self, X: Any, *, offset: Any = None) -> Array:
        """Probability of each class, (n, K)."""
        eta = self._eta(X, offset)
        if eta.ndim == 2:
            return self._likelihood.mean(eta)
        return np.column_stack([self._likelihood.mean(-eta), self._likelihood.mean(eta)])

    def predict_log_proba(self, X: Any, *, offset: Any = None) -> Array:
        """Logarithm of `predict_proba`, without underflow."""
        eta = self._eta(X, offset)
        if eta.ndim == 2:
            return np.asarray(eta - logsumexp(eta, axis=1, keepdims=True))
        return np.column_stack([-np.logaddexp(0.0, eta), -np.logaddexp(0.0, -eta)])

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Share of rows that are right; without y, of the formula's response."""
        value: float = super().score(X, self._response(X, y), sample_weight)
        return value

    def predict(self, X: Any, *, offset: Any = None) -> Any:
        """The likeliest class of each row."""
        eta = self._eta(X, offset)
        likeliest = np.argmax(eta, axis=1) if eta.ndim == 2 else eta > 0
        return self.classes_[likeliest.astype(np.intp)]

    def _likelihood_of(self, y: Any) -> Likelihood:
        if self.likelihood is not None:
            return self.likelihood
        return Bernoulli() if len(np.unique(labels(y))) <= 2 else Multinomial()

    def _default_likelihood(self) -> Likelihood:
        return Bernoulli()

    def _encode(self, y: Any, likelihood: Likelihood) -> Any:
        if not likelihood.is_classification:
            raise InputError(
                "a classifier needs a likelihood of classes",
                likelihood.name,
                "Use pf.Bernoulli() or pf.Multinomial(), or MAPRegressor.",
            )
        self.classes_, codes = np.unique(labels(y), return_inverse=True)
        several = isinstance(likelihood, Multinomial)
        if len(self.classes_) < 2 or (len(self.classes_) > 2 and not several):
            raise InputError(
                "y must have at least two classes"
                if several
                else f"y must have exactly two classes for {likelihood.name}",
                f"{len(self.classes_)} class{'es' * (len(self.classes_) != 1)}: "
                f"{', '.join(map(str, self.classes_[:5].tolist()))}",
                "There is nothing to tell apart."
                if len(self.classes_) < 2
                else "Leave likelihood out, or use pf.Multinomial().",
            )
        return codes.astype(np.float64)
