"""What the user hands to `translate`: a prior, settings, text or an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from priorfit._errors import InputError
from priorfit.priors import Prior, parse_prior
from priorfit.translate.lookup import row_named, row_of_object
from priorfit.translate.row import Row
from priorfit.translate.texts import call_text

__all__ = ["Given", "given_setting", "parse_setting", "settings_of"]


@dataclass(frozen=True, eq=False)
class Given:
    """A prior; or settings, their row and the likelihood that they choose. ``said`` is its text."""

    said: str
    prior: Prior | None = None
    row: Row | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    family: str = ""


def given_setting(what: Any, source: str | None, family: str | None) -> Given:
    """What was meant; raises `InputError` for what is none of them."""
    if isinstance(what, str) and source is None:
        return _from_text(what, family)
    if isinstance(what, Prior):
        return Given(repr(what), prior=what)
    if isinstance(what, Mapping):
        if source is None:
            raise InputError(
                "`source` must say which library the settings belong to",
                repr(dict(what))[:60],
                "Pass for example source='sklearn.Lasso'.",
            )
        return _from_settings(source, what, family)
    name = source or row_of_object(what)
    if name is None or not hasattr(what, "get_params"):
        raise InputError(
            "there must be a prior, an estimator, or settings with `source`",
            f"{type(what).__module__}.{type(what).__name__}",
            "Pass for example pf.Laplace(0.1), or {'alpha': 0.1} with source='sklearn.Lasso'.",
        )
    return settings_of(name, what.get_params(), family)


def settings_of(name: str, params: Mapping[str, Any], family: str | None) -> Given:
    """The settings of an estimator that its row reads; what says nothing is left out."""
    row = row_named(name, family, params)
    keys = {*row.keys, *row.defaults}
    known = {k: v for k, v in params.items() if k in keys and not _says_nothing(v)}
    if row.id.startswith("sklearn.") and "penalty" in params and params["penalty"] != "deprecated":
        known["penalty"] = params["penalty"]  # None is a word of its own there
    return _made(row, known, family)


def _says_nothing(value: Any) -> bool:
    """None, a switch that is off, or a word for the default."""
    return (
        value is None
        or value is False
        or (isinstance(value, str) and value in ("deprecated", "identity"))
    )


def parse_setting(text: str) -> tuple[str, dict[str, Any]]:
    """``("sklearn.Lasso", {"alpha": 0.1})`` from ``sklearn.Lasso:alpha=0.1``.

    Raises `InputError` for what is not key=value. Values are numbers, true, false, none, inf, or
    words.

    Examples
    --------
    >>> parse_setting("glmnet:lambda=0.1,standardize=false")
    ('glmnet', {'lambda': 0.1, 'standardize': False})
    """
    name, _, rest = text.strip().partition(":")
    settings: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise InputError(
                "settings must be written key=value",
                repr(part),
                "Write for example sklearn.Lasso:alpha=0.1.",
            )
        settings[key.strip()] = _value(value.strip())
    return name.strip(), settings


_WORDS = {"true": True, "false": False, "none": None}


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return float(text)
    except ValueError:
        return text


_PRIORS = ("flat", "normal", "laplace", "elasticnet", "grouplaplace", "sparsegrouplaplace")


def _from_text(text: str, family: str | None) -> Given:
    name, _, _ = text.strip().partition(":")
    if name.lower().replace("-", "").replace("_", "") in _PRIORS:
        prior = parse_prior(text)
        return Given(repr(prior), prior=prior)
    row, settings = parse_setting(text)
    return _from_settings(row, settings, family)


def _from_settings(source: str, settings: Mapping[str, Any], family: str | None) -> Given:
    row = row_named(source, family, settings)
    wrong = [k for k in settings if k not in row.keys and k not in row.defaults]
    if wrong:
        raise InputError(
            f"a setting of {row.id} must be one of {', '.join(row.keys)}",
            repr(wrong[0]),
            "Leave out what does not change the penalty.",
        )
    return _made(row, settings, family)


def _made(row: Row, settings: Mapping[str, Any], family: str | None) -> Given:
    chosen = family if family and family in row.families else row.family_of(settings)
    missing = [k for k in row.required if k not in settings and k not in row.defaults]
    if missing:
        raise InputError(
            f"`{missing[0]}` must be given: {row.id} has no default for it",
            repr(dict(settings)),
            f"Pass {missing[0]}=.",
        )
    return Given(call_text(row, settings, chosen), None, row, dict(settings), chosen)
