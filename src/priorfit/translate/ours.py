"""Fitted models of this package in `explain`."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit.priors import describe
from priorfit.translate.explanation import Explanation
from priorfit.views import extremes

__all__ = ["explain_ours", "is_ours"]


def is_ours(model: Any) -> bool:
    """Whether it is a `MAPRegressor`, a `MAPClassifier`, or made of one."""
    return any(cls.__module__.startswith("priorfit.estimators") for cls in type(model).__mro__)


def explain_ours(model: Any) -> Explanation:
    """The same facts as the model's own ``explain()``; raises `InputError` before a fit."""
    if not hasattr(model, "prior_"):
        raise InputError(
            "the model must be fitted to be explained", type(model).__name__, "Call fit first."
        )
    prior, sd = model.prior_, np.where(model.column_sd_ > 0, model.column_sd_, 1.0)
    free, frozen = extremes(prior.given_others(len(sd)), model._data_precision)
    labels = np.asarray(model.feature_labels_, dtype=object)
    has_noise = model._likelihood.has_dispersion
    known = model._likelihood.known_dispersion is not None
    free_intercept = model.intercept and model._likelihood.has_intercept
    noise = f"standard deviation {np.sqrt(model.dispersion_):.4g}, "
    if model._likelihood.name != "gaussian":
        noise = model.likelihood_.in_words(model.dispersion_).rstrip(".") + ", "
    stated = describe(model.stated_views_.prior)
    per = ", per standard deviation of each column" if model.stated_per_sd_ else ""
    return Explanation(
        type(model).__name__,
        f"{stated}{per}.",
        prior,
        None if prior.common_unit else prior.rescaled(sd),
        penalty=str(model.stated_views_.penalty),
        noise=noise + ("as given" if known else "estimated") if has_noise else "",
        intercept="free, as it should be" if free_intercept else "none",
        free=tuple(labels[free]),
        frozen=tuple(labels[frozen]),
        notes=(f"Certificate: {model.certificate_}.",),
    )
