"""Proportional hazards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.estimators.base import MAPEstimator
from priorfit.estimators.concordance import concordance
from priorfit.estimators.given import row_weights
from priorfit.estimators.survival import Baseline, Curves, response_of, taken_from
from priorfit.likelihoods import Cox, Likelihood
from priorfit.problem import Problem

__all__ = ["MAPCox"]


class MAPCox(MAPEstimator):
    """The MAP estimate of a Cox regression: ``min -log partial likelihood - log p(coef)``.

    A weight is a log hazard ratio: one more unit of the column multiplies the hazard by exp(coef).
    The hazard that all rows share, the baseline, is free; there is no intercept, whatever
    ``intercept`` says.

    Parameters
    ----------
    prior, strength, constraint, units, standardize, cv, rule, n_points, missing, tol, max_iter,
    solver, seed, threads, strength_by, l1_ratio, scoring : as `MAPRegressor`.
    likelihood : `Cox` (default: Efron's ties).

    Attributes
    ----------
    coef_ (p,), certificate_, views_, prior_, baseline_hazard_ (a `Baseline`), event_times_ (T,),
    strata_ (labels), and those of `MAPRegressor`; ``intercept_`` is 0.

    Examples
    --------
    >>> import pandas as pd, priorfit as pf
    >>> table = pd.DataFrame({"age": [50.0, 60.0, 70.0, 55.0, 65.0], "dose": [0, 1, 0, 1, 1],
    ...                       "t": [5.0, 4.0, 1.0, 6.0, 2.0], "d": [1, 0, 1, 1, 1]})
    >>> m = pf.MAPCox(prior=pf.Normal(scale=0.1)).fit(table, time="t", event="d")
    >>> m.coef_.round(2)
    array([ 0.08, -0.01])
    >>> m.predict_survival_function(table).at([3.0]).shape
    (5, 1)
    """

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        time: Any = None,
        event: Any = None,
        entry: Any = None,
        strata: Any = None,
        offset: Any = None,
        groups: Any = None,
        progress: Callable[..., None] | None = None,
    ) -> Self:
        """Fit.

        The response is ``y`` (scikit-survival's structured array, a table with columns time and
        event, or `priorfit.survival`), or ``time`` and ``event``: names of columns of X, which
        then are no inputs, or arrays. ``entry``: when a row came under observation; ``strata``:
        labels, each with a baseline of its own; ``groups`` (n,): see `MAPRegressor`.
        """
        given = {"time": time, "event": event, "entry": entry, "strata": strata}
        self._names = {role: v for role, v in given.items() if isinstance(v, str)}
        X, given = taken_from(X, given)
        response = response_of(y, given)
        self.strata_ = response.strata
        self._fit(X, response.y, sample_weight, offset, progress, groups)
        return self

    def predict(self, X: Any, *, offset: Any = None) -> Array:
        """The log hazard relative to the baseline, (n,): larger means sooner."""
        return self._eta(X, offset)

    def predict_cumulative_hazard_function(
        self, X: Any, times: Any = None, *, strata: Any = None, offset: Any = None
    ) -> Curves:
        """The hazard summed up to each time, at ``times`` (default: all times of events)."""
        eta, at = self._eta(X, offset), self._times(times)
        values = np.empty((len(eta), len(at)))
        labels = self._strata_of(X, strata, len(eta))
        for label in np.unique(labels):
            rows = labels == label
            values[rows] = np.outer(np.exp(eta[rows]), self.baseline_hazard_.at(at, label))
        return Curves(at, values, 0.0, "cumulative hazard")

    def predict_survival_function(
        self, X: Any, times: Any = None, *, strata: Any = None, offset: Any = None
    ) -> Curves:
        """The probability of no event up to each time: ``exp(-cumulative hazard)``."""
        found = self.predict_cumulative_hazard_function(X, times, strata=strata, offset=offset)
        return Curves(found.times, np.exp(-found.values), 1.0)

    def score(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        time: Any = None,
        event: Any = None,
        entry: Any = None,
        strata: Any = None,
    ) -> float:
        """Harrell's concordance of `predict` with the times; 1/2 is chance."""
        check_is_fitted(self)
        given: dict[str, Any] = {"time": time, "event": event, "entry": entry, "strata": strata}
        if y is None:
            given = self._names | {role: v for role, v in given.items() if v is not None}
        X, given = taken_from(X, given)
        risk = self.predict(X)
        return concordance(response_of(y, given).y, risk, row_weights(sample_weight, len(risk)))

    def _default_likelihood(self) -> Likelihood:
        return Cox()

    def _given(self, y: Any) -> Any:
        return y

    def _encode(self, y: Any, likelihood: Likelihood) -> Any:
        if not isinstance(likelihood, Cox):
            raise InputError("MAPCox must have a likelihood of times", repr(likelihood), "pf.Cox()")
        return y

    def _finish(self, problem: Problem) -> None:
        """The baseline hazard of the fit."""
        likelihood = problem.likelihood
        assert isinstance(likelihood, Cox)
        rows = likelihood.rows(problem.y, problem.weights)
        time, hazard, stratum = rows.baseline(problem.eta(0.0, self.coef_))
        labels = np.asarray(self.strata_)[stratum.astype(np.intp)]
        self.baseline_hazard_ = Baseline(time, hazard, labels)
        self.event_times_: Array = np.unique(time)

    def _times(self, times: Any) -> Array:
        check_is_fitted(self)
        if times is None:
            return self.event_times_
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        if at.ndim != 1 or not np.all(np.diff(at) > 0):
            raise InputError("`times` must be increasing numbers", repr(times), "Sort them.")
        return at

    def _strata_of(self, X: Any, strata: Any, n: int) -> Any:
        """The stratum of each new row."""
        if len(self.strata_) == 1:
            return np.full(n, self.strata_[0])
        if strata is None:
            strata = self._names.get("strata")
        if isinstance(strata, str):
            strata = taken_from(X, {"strata": strata})[1]["strata"]
        labels = np.asarray(strata)
        if labels.shape != (n,) or not np.all(np.isin(labels, self.strata_)):
            raise InputError(
                "each row must say its stratum, one of those of the fit",
                "None" if strata is None else f"{labels.ravel()[:3].tolist()}",
                f"Pass strata=, from {list(self.strata_)[:5]}.",
            )
        return labels
