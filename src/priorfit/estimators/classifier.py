"""Two classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.estimators.base import MAPEstimator
from priorfit.estimators.given import labels
from priorfit.likelihoods import Bernoulli, Likelihood

__all__ = ["MAPClassifier"]


class MAPClassifier(ClassifierMixin, MAPEstimator):  # type: ignore[misc]
    """The MAP estimate of a two-class model; labels of any kind.

    ``likelihood`` is `Bernoulli` (default; logit, probit or cloglog link) or `SquaredHinge`, which
    gives no probabilities. Parameters and attributes as `MAPRegressor`, with ``classes_``,
    ``coef_`` (1, p) and ``intercept_`` (1,), as scikit-learn's classifiers have them.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> m = pf.MAPClassifier(prior=pf.Normal(scale=2.5)).fit(X, ["no", "no", "yes", "yes"])
    >>> m.predict([[2.5]])
    array(['yes'], dtype='<U3')
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
        self.coef_ = self.solution_.coef[None, :]
        self.intercept_ = np.array([self.solution_.intercept])
        return self

    def decision_function(self, X: Any, *, offset: Any = None) -> Array:
        """eta, (n,): for the logit the log odds of ``classes_[1]``."""
        return self._eta(X, offset)

    def predict_proba(self, X: Any, *, offset: Any = None) -> Array:
        """Probability of each class, (n, 2); `InputError` for a pseudo-likelihood."""
        eta, likelihood = self._eta(X, offset), self._probable()
        return np.column_stack([likelihood.complement(eta), likelihood.mean(eta)])

    def predict_log_proba(self, X: Any, *, offset: Any = None) -> Array:
        """Logarithm of `predict_proba`, without underflow."""
        eta, likelihood = self._eta(X, offset), self._probable()
        none, one = np.zeros(()), np.ones(())
        return np.column_stack([-likelihood.loss(none, eta), -likelihood.loss(one, eta)])

    def _probable(self) -> Likelihood:
        """The likelihood, where it gives probabilities."""
        if not self._likelihood.is_probability:
            raise InputError(
                "probabilities need a likelihood",
                f"{self._likelihood.name}, a pseudo-likelihood",
                "Use decision_function, or fit with pf.Bernoulli().",
            )
        return self._likelihood

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Share of rows that are right; without y, of the formula's response."""
        value: float = super().score(X, self._response(X, y), sample_weight)
        return value

    def predict(self, X: Any, *, offset: Any = None) -> Any:
        """The likelier class of each row."""
        positive = self._eta(X, offset) > self._likelihood.eta_of(0.5)
        return self.classes_[positive.astype(np.intp)]

    def _default_likelihood(self) -> Likelihood:
        return Bernoulli()

    def _encode(self, y: Any, likelihood: Likelihood) -> Any:
        if not likelihood.is_classification:
            raise InputError(
                "a classifier needs a likelihood of classes",
                likelihood.name,
                "Use pf.Bernoulli() or pf.SquaredHinge(), or MAPRegressor.",
            )
        self.classes_, codes = np.unique(labels(y), return_inverse=True)
        if len(self.classes_) != 2:
            raise InputError(
                "y must have exactly two classes",
                f"{len(self.classes_)} class{'es' * (len(self.classes_) != 1)}: "
                f"{', '.join(map(str, self.classes_[:5].tolist()))}",
                "Only binary classification is supported; fit one class against the rest.",
            )
        return codes.astype(np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
