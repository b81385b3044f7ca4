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
    """The MAP estimate of a model of classes; labels of any kind.

    Two classes make one linear predictor: ``likelihood`` is `Bernoulli` (default; logit, probit or
    cloglog link) or `SquaredHinge`, which gives no probabilities. Three or more make one for each
    (`Multinomial`, by itself); the prior then holds on the weights of every class. Parameters and
    attributes as `MAPRegressor`, with ``classes_``, ``coef_`` (1, p) or (K, p) and ``intercept_``
    (1,) or (K,), as scikit-learn's classifiers have them. Two classes with
    ``likelihood=Multinomial()`` have two predictors: a normal prior of scale s is then that of
    scale ``sqrt(2) s`` on the one predictor of `Bernoulli`.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> m = pf.MAPClassifier(prior=pf.Normal(scale=2.5)).fit(X, ["no", "no", "yes", "yes"])
    >>> m.predict([[2.5]])
    array(['yes'], dtype='<U3')
    >>> m = pf.MAPClassifier().fit(X, ["a", "b", "b", "c"])
    >>> m.predict_proba([[0.0], [3.0]]).round(2)
    array([[0.5 , 0.44, 0.05],
           [0.05, 0.44, 0.5 ]])
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
        self._fit(X, y, sample_weight, offset, progress, groups)
        if self._free is None:
            self.coef_ = self.solution_.coef[None, :]
            self.intercept_ = np.array([self.solution_.intercept])
        return self

    def decision_function(self, X: Any, *, offset: Any = None) -> Array:
        """eta, (n,): for the logit the log odds of ``classes_[1]``; (n, K) of several classes."""
        return self._eta(X, offset)

    def predict_proba(self, X: Any, *, offset: Any = None) -> Array:
        """Probability of each class, (n, K); `InputError` for a pseudo-likelihood."""
        eta, likelihood = self._eta(X, offset), self._probable()
        if eta.ndim == 2:
            return likelihood.mean(eta)
        return np.column_stack([likelihood.complement(eta), likelihood.mean(eta)])

    def predict_log_proba(self, X: Any, *, offset: Any = None) -> Array:
        """Logarithm of `predict_proba`, without underflow."""
        eta, likelihood = self._eta(X, offset), self._probable()
        if eta.ndim == 2:
            return np.asarray(eta - logsumexp(eta, axis=1, keepdims=True))
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
        """The likeliest class of each row."""
        eta = self._eta(X, offset)
        if eta.ndim == 2:
            return self.classes_[np.argmax(eta, axis=1)]
        positive = eta > self._likelihood.eta_of(0.5)
        return self.classes_[positive.astype(np.intp)]

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
                "Use pf.Bernoulli(), pf.Multinomial() or pf.SquaredHinge(), or MAPRegressor.",
            )
        self.classes_, codes = np.unique(labels(y), return_inverse=True)
        several = isinstance(likelihood, Multinomial)
        if len(self.classes_) < 2 or (len(self.classes_) > 2 and not several):
            raise InputError(
                "y must have at least two classes"
                if several
                else "y must have exactly two classes",
                f"{len(self.classes_)} class{'es' * (len(self.classes_) != 1)}: "
                f"{', '.join(map(str, self.classes_[:5].tolist()))}",
                "There is nothing to tell apart."
                if len(self.classes_) < 2
                else f"{likelihood.name} tells two apart: leave it out, or use pf.Multinomial().",
            )
        return codes.astype(np.float64)
