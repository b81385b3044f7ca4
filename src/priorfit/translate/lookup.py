"""Which row of the dictionary is meant."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from priorfit._errors import InputError
from priorfit.likelihoods import Likelihood
from priorfit.translate.libraries import TABLE
from priorfit.translate.row import Row

__all__ = ["family_name", "row_named", "row_of_object", "rows_named"]

_FAMILIES = tuple(dict.fromkeys(f for row in TABLE for f in row.families))
_ALSO = {"binomial": "bernoulli", "logistic": "bernoulli", "normal": "gaussian"}


def family_name(likelihood: Likelihood | str | None) -> str | None:
    """The name of a likelihood given as an object or a word; raises `InputError`."""
    if likelihood is None:
        return None
    word = likelihood.name if isinstance(likelihood, Likelihood) else str(likelihood).lower()
    word = _ALSO.get(word, word)
    if word not in _FAMILIES:
        raise InputError(
            f"`likelihood` must be one of {', '.join(_FAMILIES)}",
            repr(likelihood),
            "Correct the name.",
        )
    return word


def rows_named(name: str) -> list[Row]:
    """The rows that a name can mean: its own, or all rows of a call ("glmnet", "torch.SGD")."""
    key = _normal(name)
    for row in TABLE:
        if _normal(row.id) == key:
            more = [r for r in TABLE if _normal(r.id).startswith(key + ".") and _variant(row, r)]
            return [row, *more]
    rows = [row for row in TABLE if _normal(row.id).startswith(key + ".")]
    if not rows:
        rows = [row for row in TABLE if key in _normal(row.id).split(".")]
    if not rows:
        ids = {_normal(row.id): row.id for row in TABLE}
        close = [ids[c] for c in get_close_matches(key, list(ids), 3, 0.5)]
        raise InputError(
            "a setting must belong to a row of pf.dictionary()",
            repr(name),
            f"Did you mean {' or '.join(close)}?" if close else "Look there for its name.",
        )
    return rows


def row_named(
    name: str,
    family: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Row:
    """The row of that name that speaks ``family`` and fits ``settings``; raises `InputError`."""
    rows = rows_named(name)
    libraries = {row.id.split(".")[0] for row in rows}
    if len(libraries) > 1:
        raise InputError("the library must be said", repr(name), f"Choose {_listing(rows)}.")
    fitting = [row for row in rows if family is None or family in row.families]
    if not fitting:
        known = dict.fromkeys(f for row in rows for f in row.families)
        raise InputError(
            f"{name} must speak the likelihood", repr(family), f"It knows {', '.join(known)}."
        )
    if not fitting[0].translates and family is None:
        return fitting[0]  # what is wrong with it holds for every likelihood
    if settings is not None:
        fitting = sorted(fitting, key=lambda row: -_agreement(row, settings))
    elif family is None and len({f for row in fitting for f in row.families}) > 1:
        exact = [row for row in fitting if _normal(row.id) == _normal(name)]
        if exact and len(exact[0].families) == 1:
            return exact[0]
        known = dict.fromkeys(f for row in fitting for f in row.families)
        raise InputError(
            f"the likelihood must be said for {name}",
            "none",
            f"Pass likelihood= one of {', '.join(known)}; or noise= for the gaussian.",
        )
    return fitting[0]


def row_of_object(model: Any) -> str | None:
    """The name that the dictionary has for the class of an estimator; None where it has none."""
    ids = {_normal(row.id) for row in TABLE}
    for cls in type(model).__mro__:
        library, name = cls.__module__.split(".")[0], cls.__name__
        for candidate in (f"{library}.{name}", library):
            key = _normal(candidate)
            if key in ids or any(i.startswith(key + ".") for i in ids):
                return candidate if candidate == f"{library}.{name}" else _booster(library, name)
    return None


def _booster(library: str, name: str) -> str | None:
    """Libraries with one row for several classes."""
    classes = {
        "xgboost": ("XGBRegressor", "XGBClassifier"),
        "lightgbm": ("LGBMRegressor", "LGBMClassifier"),
        "catboost": ("CatBoostRegressor", "CatBoostClassifier"),
        "glum": ("GeneralizedLinearRegressor", "GeneralizedLinearRegressorCV"),
    }
    return library if name in classes.get(library, ()) else None


def _variant(row: Row, other: Row) -> bool:
    """Whether another row is the same call in another setting."""
    return row.call == other.call


def _agreement(row: Row, settings: Mapping[str, Any]) -> int:
    """How many of the settings by which rows differ agree; -1 where one contradicts."""
    asked = dict(row.match)
    if any(k in settings and settings[k] != v for k, v in asked.items()):
        return -1
    agreed = sum(k in settings for k in asked)
    for chosen in row.families.values():
        if chosen and all(settings.get(k) == v for k, v in chosen.items()):
            return agreed + 2
    return agreed


def _normal(name: str) -> str:
    """Case, and the inner modules of a path, do not matter."""
    text = name.strip().lower().replace("scikit-learn", "sklearn").replace("-", "_")
    parts = text.replace("generalizedlinearregression", "glr").split(".")
    inner = {"linear_model", "svm", "optim", "optimizers", "ml", "regression", "classification"}
    return ".".join(p for p in parts if p not in inner and p)


def _listing(rows: list[Row]) -> str:
    return ", ".join(row.id for row in rows[:6]) + (" or others" if len(rows) > 6 else "")
