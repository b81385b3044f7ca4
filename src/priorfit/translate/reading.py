"""Fitted models of other libraries, read: which row, which settings, which weights and data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.translate.given import Given, settings_of
from priorfit.translate.lookup import row_named, row_of_object
from priorfit.translate.row import Row

__all__ = ["Reading", "read"]


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model says of itself.

    ``unit`` is what the columns were divided by before the model saw them (a scaler), ``constant``
    the position of the intercept among the columns where it is one of them. ``n`` and ``spread``
    (standard deviations of the columns) are there where the model keeps them.
    """

    title: str
    row: Row
    settings: Mapping[str, Any]
    family: str
    coef: Array | None = None
    intercept: float = 0.0
    X: Any = None
    y: Any = None
    labels: tuple[str, ...] = ()
    unit: Array | None = None
    constant: int | None = None
    noise: float | None = None
    n: float | None = None
    spread: Array | None = None
    before: Any = None
    mistakes: tuple[str, ...] = field(default=())


def read(
    model: Any, settings: Mapping[str, Any] | None, source: str | None, family: str | None
) -> Reading:
    """The reading of a model; raises `InputError` for what is not known."""
    module = type(model).__module__.split(".")[0]
    if module == "statsmodels":
        return _statsmodels(model, settings, family)
    if type(model).__name__ == "Booster" and module in ("xgboost", "lightgbm"):
        return _booster(model, module)
    if hasattr(model, "best_estimator_"):
        return read(model.best_estimator_, settings, source, family)
    if hasattr(model, "steps") and hasattr(model, "named_steps"):
        return _pipeline(model, settings, source, family)
    if hasattr(model, "get_params") and settings is None:
        return _estimator(model, source, family)
    name = source or row_of_object(model)
    if name is None:
        raise InputError(
            "the model must be one that pf.dictionary() knows",
            f"{type(model).__module__}.{type(model).__name__}",
            "Pass its settings as text, for example pf.explain('sklearn.Lasso:alpha=0.1').",
        )
    given = settings_of(name, settings if settings is not None else vars(model), family)
    reading = _from_given(given, model)
    return _lifelines(reading, model) if module == "lifelines" else reading


def _lifelines(reading: Reading, model: Any) -> Reading:
    """It keeps n and the columns' standard deviations, with 1/(n - 1)."""
    n, spread = getattr(model, "_n_examples", None), getattr(model, "_norm_std", None)
    if n is None or spread is None:
        return reading
    labels = tuple(map(str, spread.index))
    values = np.asarray(spread, dtype=np.float64) * np.sqrt((n - 1.0) / n)
    return replace(reading, n=float(n), spread=values, labels=labels)


def _from_given(given: Given, model: Any) -> Reading:
    assert given.row is not None
    coef = getattr(model, "coef_", None)
    labels = getattr(model, "feature_names_in_", None)
    kind = f"{type(model).__module__.split('.')[0]}.{type(model).__name__}"
    shown = ", ".join(f"{k}={_short(v)}" for k, v in given.settings.items())
    mistakes: tuple[str, ...] = ()
    if given.row.intercept == "penalised" and getattr(model, "fit_intercept", True):
        mistakes = ("The intercept is penalised like a weight.",)
    return Reading(
        f"{kind}({shown})",
        given.row,
        given.settings,
        given.family,
        coef=_vector(coef),
        mistakes=mistakes,
        intercept=_number(getattr(model, "intercept_", 0.0)),
        labels=() if labels is None else tuple(map(str, labels)),
    )


def _vector(coef: Any) -> Array | None:
    """The weights of a model with one column of them, else None."""
    if coef is None:
        return None
    try:
        array = np.asarray(coef, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return array.ravel() if array.ndim == 1 or 1 in array.shape[:1] else None


def _number(value: Any) -> float:
    array = np.ravel(np.asarray(value, dtype=np.float64))
    return float(array[0]) if array.size else 0.0


#: attributes in which a search stores the strength it chose
_CHOSEN = (("alpha_", "alpha"), ("l1_ratio_", "l1_ratio"), ("C_", "C"))


def _estimator(model: Any, source: str | None, family: str | None) -> Reading:
    name, params = source, dict(model.get_params())
    kind, library = type(model).__name__, type(model).__module__.split(".")[0]
    if kind in ("BayesianRidge", "ARDRegression") and hasattr(model, "lambda_"):
        return _bayesian_ridge(model, kind)
    if name is None and kind.endswith("CV"):
        name = f"{library}.{kind.removesuffix('CV')}"
        found = {key: _number(getattr(model, a)) for a, key in _CHOSEN if hasattr(model, a)}
        if not found:
            raise InputError(
                f"a {kind} must be fitted to be explained", "no chosen strength", "Call fit first."
            )
        params |= found
    if (library, kind) == ("sklearn", "LinearRegression"):  # a ridge without its penalty
        flat = _from_given(settings_of("sklearn.Ridge", {"alpha": 0.0}, None), model)
        return replace(flat, title="sklearn.LinearRegression()")
    name = name or row_of_object(model)
    if name is None:
        raise InputError(
            "the estimator must be one that pf.dictionary() knows",
            f"{type(model).__module__}.{kind}",
            "Pass its settings as text, for example pf.explain('sklearn.Lasso:alpha=0.1').",
        )
    family = family or _family_of(model, kind, library)
    return _from_given(settings_of(name, params, family), model)


def _family_of(model: Any, kind: str, library: str) -> str | None:
    classes = getattr(model, "classes_", ())
    if kind.startswith("LogisticRegression") and np.size(classes) > 2:
        return "multinomial"
    if library in ("lightgbm", "xgboost", "catboost"):
        return "bernoulli" if kind.endswith("Classifier") else None
    return None


def _bayesian_ridge(model: Any, kind: str) -> Reading:
    rate = np.asarray(model.lambda_, dtype=np.float64) / float(model.alpha_)
    if rate.ndim:
        raise InputError(
            f"{kind} must have one strength to be explained",
            f"{rate.size} of them",
            "Its prior is Normal(scale=lambda_ ** -0.5), one scale for each column.",
        )
    given = settings_of("sklearn.Ridge", {"alpha": float(rate)}, None)
    reading = _from_given(given, model)
    title = f"{kind}: {reading.title}, chosen by the evidence"
    return replace(reading, title=title, noise=float(model.alpha_) ** -0.5)


def _pipeline(
    model: Any, settings: Mapping[str, Any] | None, source: str | None, family: str | None
) -> Reading:
    """The last step, in the units of the columns before a scaler."""
    reading = read(model.steps[-1][1], settings, source, family)
    before = [step for _, step in model.steps[:-1] if step not in (None, "passthrough")]
    unit = None
    if len(before) == 1 and type(before[0]).__name__ in ("StandardScaler", "MaxAbsScaler"):
        unit = getattr(before[0], "scale_", None)
    labels = (
        tuple(map(str, getattr(before[0], "feature_names_in_", ()))) if unit is not None else ()
    )
    title = " → ".join([*(type(step).__name__ for step in before), reading.title])
    return replace(
        reading,
        title=title,
        unit=None if unit is None else np.asarray(unit, dtype=np.float64),
        labels=labels or reading.labels,
        before=model[:-1] if before and unit is None else None,
    )


#: results of statsmodels' plain ``fit``
_UNPENALISED = (
    "RegressionResultsWrapper",
    "GLMResultsWrapper",
    "BinaryResultsWrapper",
    "LogitResultsWrapper",
    "PoissonResultsWrapper",
)


def _statsmodels(model: Any, settings: Mapping[str, Any] | None, family: str | None) -> Reading:
    """Results of fit_regularized; the settings of the coordinate descent are not stored."""
    inner = model.model
    found = dict(settings or {})
    stored = getattr(model, "mle_settings", {}) or {}
    if "alpha" in stored and "alpha" not in found:
        found["alpha"] = np.asarray(stored["alpha"])
    if "alpha" not in found and type(model).__name__ in _UNPENALISED:
        found["alpha"] = 0.0
    if "alpha" not in found:
        raise InputError(
            "`settings` must say what statsmodels does not store",
            "none",
            "Pass settings={'alpha': ..., 'L1_wt': ...} as given to fit_regularized.",
        )
    kind = type(inner).__name__
    if kind == "GLM" and family is None:
        words = {"Gaussian": "gaussian", "Binomial": "bernoulli", "Poisson": "poisson"}
        family = words.get(type(inner.family).__name__, type(inner.family).__name__.lower())
    exog, names = np.asarray(inner.exog, dtype=np.float64), list(map(str, inner.exog_names))
    row = row_named(f"statsmodels.{kind}", family, found)
    constants = np.flatnonzero((np.ptp(exog, axis=0) == 0) & (exog[0] != 0))
    alpha = np.broadcast_to(np.ravel(found["alpha"]).astype(np.float64), (exog.shape[1],))
    mistakes: tuple[str, ...] = ()
    if constants.size and alpha[constants[0]] > 0:
        mistakes = (
            f"The constant ({names[constants[0]]}) is penalised like a weight: a scalar alpha "
            "holds for every column of exog. Pass a vector with 0 in its place.",
        )
    known = {**found, "alpha": alpha}
    params = np.asarray(model.params, dtype=np.float64)
    shown = ", ".join(f"{k}={_short(v)}" for k, v in found.items())
    plain = type(model).__name__ in _UNPENALISED and not np.any(alpha)
    return Reading(
        f"statsmodels {kind}.{'fit()' if plain else f'fit_regularized({shown})'}",
        row,
        {k: v for k, v in known.items() if k in row.keys},
        family if family and family in row.families else row.family_of(known),
        coef=params,
        X=exog,
        y=np.asarray(inner.endog, dtype=np.float64),
        labels=tuple(names),
        constant=int(constants[0]) if constants.size else None,
        mistakes=mistakes,
    )


def _short(value: Any) -> str:
    if isinstance(value, str | bool) or value is None:
        return repr(value)
    array = np.ravel(value)
    return f"{float(array[0]):.6g}" if array.size == 1 else f"[{array.size} numbers]"


_OBJECTIVES = {"binary": "bernoulli", "poisson": "poisson", "count": "poisson"}


def _booster(model: Any, library: str) -> Reading:
    """A native booster's own record of its parameters."""
    if library == "lightgbm":
        params = model.params
        said = str(params.get("objective", "regression"))
        aliases = {"reg_alpha": ("lambda_l1", "reg_alpha", "l1_regularization"),
                   "reg_lambda": ("lambda_l2", "reg_lambda", "l2_regularization")}  # fmt: skip
        settings = {
            key: float(next((params[a] for a in names if a in params), 0.0))
            for key, names in aliases.items()
        }
        name = "lightgbm"
    else:
        learner = json.loads(model.save_config())["learner"]
        said, booster = learner["objective"]["name"], learner["gradient_booster"]
        name = "xgboost.gblinear" if booster["name"] == "gblinear" else "xgboost"
        part = booster.get("tree_train_param") or booster.get("gblinear_train_param", {})
        settings = {key: float(part.get(key, 0.0)) for key in ("reg_alpha", "reg_lambda")}
    family = _OBJECTIVES.get(said.split(":")[0].split("_")[0], "gaussian")
    row = row_named(name, family)
    shown = ", ".join(f"{k}={v:g}" for k, v in settings.items())
    return Reading(f"{row.library} {said} ({shown})", row, settings, family)
