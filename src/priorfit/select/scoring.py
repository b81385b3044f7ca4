"""Any scorer of scikit-learn, asked about the rows that a path has not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods import Likelihood
from priorfit.problem import Problem

__all__ = ["Scorer", "scorer_of"]

#: minus the score of each point of a path (k,), from y, eta (n, k) or (n, q, k), and weights (n,)
Scorer = Callable[[Array, Array, Array], Array]


class _Seen(BaseEstimator):  # type: ignore[misc]
    """An estimator whose X is eta already."""

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood = likelihood


class _Regression(RegressorMixin, _Seen):  # type: ignore[misc]
    def predict(self, eta: Array) -> Array:
        mean: Array = self.likelihood.mean(eta if eta.shape[1] > 1 else eta[:, 0])
        return mean


class _Classification(ClassifierMixin, _Seen):  # type: ignore[misc]
    def __init__(self, likelihood: Likelihood, size: int = 2) -> None:
        super().__init__(likelihood)
        self.size = size
        self.classes_ = np.arange(size)

    def decision_function(self, eta: Array) -> Array:
        return eta[:, 0] if self.size == 2 and eta.shape[1] == 1 else eta

    def predict_proba(self, eta: Array) -> Array:
        if eta.shape[1] > 1:
            return self.likelihood.mean(eta)
        one = eta[:, 0]
        return np.column_stack([self.likelihood.complement(one), self.likelihood.mean(one)])

    def predict(self, eta: Array) -> Any:
        if eta.shape[1] > 1:
            return np.asarray(np.argmax(eta, axis=1))
        return (eta[:, 0] > self.likelihood.eta_of(0.5)).astype(np.intp)


def scorer_of(scoring: Any, problem: Problem) -> tuple[str, Scorer]:
    """What is plotted, and how it is computed: minus the score, so that smaller is better.

    ``scoring``: a name that scikit-learn knows, or a callable (estimator, X, y) whose larger value
    is better; weights are passed where it takes them.
    """
    likelihood = problem.likelihood
    if likelihood.coupled:
        raise InputError(
            "`scoring` must be of rows that are independent given the linear predictor",
            likelihood.name,
            "Leave it out: the deviance is used.",
        )
    try:
        scorer = get_scorer(scoring)
    except ValueError as error:
        raise InputError(
            "`scoring` must be a scorer that scikit-learn knows", repr(scoring), "Try 'r2'."
        ) from error
    model = _model(problem)

    def minus(y: Array, eta: Array, weights: Array) -> Array:
        truth = np.argmax(y, axis=1) if likelihood.is_classification and y.ndim == 2 else y
        wide = eta[:, None, :] if eta.ndim == 2 else eta
        return np.array([-_asked(scorer, model, point, truth, weights) for point in wide.T])

    return _said(scoring), minus


def _model(problem: Problem) -> Any:
    if problem.likelihood.is_classification:
        return _Classification(problem.likelihood, problem.outputs or 2)
    return _Regression(problem.likelihood)


def _asked(scorer: Any, model: Any, eta: Array, y: Array, weights: Array) -> float:
    """The score of one point; ``eta`` (q, n)."""
    if np.all(weights == weights[0]):
        return float(scorer(model, eta.T, y))
    return float(scorer(model, eta.T, y, sample_weight=weights))


def _said(scoring: Any) -> str:
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    lost = name.startswith("neg_")
    return f"held-out {'' if lost else '−'}{name.removeprefix('neg_').replace('_', ' ')}"
