"""Priors as text and as plain data: ``laplace:scale=0.1`` and ``{"name": "laplace", ...}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from scipy import sparse

from priorfit._errors import InputError
from priorfit.priors.base import Prior
from priorfit.priors.differences import RandomWalk
from priorfit.priors.grouped import GroupLaplace, SparseGroupLaplace
from priorfit.priors.joint import Joint
from priorfit.priors.multivariate import MultivariateNormal
from priorfit.priors.separable import ElasticNet, Flat, Laplace, Normal
from priorfit.priors.slope import SLOPE
from priorfit.priors.truncated import Truncated

__all__ = ["from_dict", "parse_prior", "to_dict"]

_FAMILIES: dict[str, type[Prior]] = {
    "flat": Flat,
    "normal": Normal,
    "laplace": Laplace,
    "multivariatenormal": MultivariateNormal,
    "randomwalk": RandomWalk,
    "slope": SLOPE,
    "elasticnet": ElasticNet,
    "grouplaplace": GroupLaplace,
    "sparsegrouplaplace": SparseGroupLaplace,
}

_WORDS = ("kind",)  # settings whose value is a word


def parse_prior(text: str) -> Prior:
    """A prior from ``family[:key=value[,key=value...]]``; ``lower`` and ``upper`` truncate.

    Raises `InputError` for an unknown family, key or number.

    Examples
    --------
    >>> parse_prior("laplace:scale=0.1")
    Laplace(scale=0.1, loc=0.0)
    >>> parse_prior("normal:scale=2,lower=0")
    Truncated(Normal(scale=2.0, loc=0.0), lower=0.0)
    """
    family, _, rest = text.strip().partition(":")
    values: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, _, number = part.partition("=")
        if key.strip() in _WORDS:
            values[key.strip()] = number.strip().lower()
            continue
        try:
            values[key.strip()] = float(number)
        except ValueError:
            raise InputError(
                "a prior's settings must be written key=number",
                repr(part),
                "Write for example laplace:scale=0.1,lower=0.",
            ) from None
    return _build(family.strip().lower().replace("-", "").replace("_", ""), values)


def _build(family: str, values: Mapping[str, Any]) -> Prior:
    if family not in _FAMILIES:
        raise InputError(
            f"a prior must be one of {', '.join(_FAMILIES)}", repr(family), "Correct the name."
        )
    cls = _FAMILIES[family]
    box = {k: v for k, v in values.items() if k in ("lower", "upper")}
    own = {k: v for k, v in values.items() if k not in box}
    known = [f.name for f in fields(cls)]  # type: ignore[arg-type]
    for key in own:
        if key not in known:
            raise InputError(
                f"a setting of {family} must be one of {', '.join([*known, 'lower', 'upper'])}",
                repr(key),
                "Correct the name.",
            )
    return Truncated(cls(**own), **box) if box else cls(**own)


def to_dict(prior: Prior) -> dict[str, Any]:
    """Plain data (names, numbers, lists) that `from_dict` reads back to an equal prior.

    Infinite numbers are written as the strings "inf" and "-inf": JSON has none.
    """
    if isinstance(prior, Truncated):
        bounds = {"lower": _plain(prior.lower_bound), "upper": _plain(prior.upper_bound)}
        return to_dict(prior.prior) | bounds
    if isinstance(prior, Joint):
        parts = [{"columns": list(c), "prior": to_dict(part)} for c, part in prior.parts]
        return {"name": "joint", "parts": parts}
    name = next(k for k, cls in _FAMILIES.items() if type(prior) is cls)
    own = {f.name: _plain(getattr(prior, f.name)) for f in fields(prior)}  # type: ignore[arg-type]
    return {"name": name} | own


def from_dict(data: Mapping[str, Any]) -> Prior:
    """The prior that `to_dict` wrote.

    Examples
    --------
    >>> from_dict(to_dict(Laplace(scale=[0.1, float("inf")])))
    Laplace(scale=array([0.1, inf]), loc=0.0)
    """
    if data.get("name") == "joint":
        return Joint([(part["columns"], from_dict(part["prior"])) for part in data["parts"]])
    values = {k: _number(v) for k, v in data.items() if k != "name"}
    return _build(str(data.get("name", "")), values)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if sparse.issparse(value):
        cells = value.tocoo()
        return {"p": float(cells.shape[0]), "row": _plain(cells.row), "column": _plain(cells.col),
                "value": _plain(cells.data)}  # fmt: skip
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if np.ndim(value):
        return [_plain(v) for v in np.asarray(value).tolist()]
    return float(value) if np.isfinite(value) else str(float(value))


def _number(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping) and set(value) == {"p", "row", "column", "value"}:
        at = (np.array(value["row"], dtype=np.intp), np.array(value["column"], dtype=np.intp))
        p = int(value["p"])
        return sparse.csc_array((_number(value["value"]), at), shape=(p, p))
    if isinstance(value, Mapping):
        return {k: _number(v) for k, v in value.items()}
    if isinstance(value, list):
        return np.array([_number(v) for v in value])
    try:
        return float(value)
    except ValueError:  # the label of a group
        return value
