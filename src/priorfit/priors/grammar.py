"""Priors as text and as plain data: ``laplace:scale=0.1`` and ``{"name": "laplace", ...}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from scipy import sparse

from priorfit._checks import is_sparse
from priorfit._errors import InputError
from priorfit.priors.base import Prior
from priorfit.priors.by_column import ByColumn
from priorfit.priors.differences import RandomWalk
from priorfit.priors.grouped import GroupLaplace, SparseGroupLaplace
from priorfit.priors.halves import Exponential, Half, HalfNormal
from priorfit.priors.heavy import LogLaplace, StudentPrior
from priorfit.priors.horseshoe import Horseshoe
from priorfit.priors.multivariate import MultivariateNormal
from priorfit.priors.nonconvex import MCP, SCAD
from priorfit.priors.separable import ElasticNet, Flat, Laplace, Normal
from priorfit.priors.slope import SLOPE
from priorfit.priors.spike import SpikeSlab
from priorfit.priors.truncated import Truncated

__all__ = ["from_dict", "parse_prior", "to_dict"]

_FAMILIES: dict[str, type[Prior]] = {
    "flat": Flat,
    "normal": Normal,
    "laplace": Laplace,
    "halfnormal": HalfNormal,
    "exponential": Exponential,
    "multivariatenormal": MultivariateNormal,
    "randomwalk": RandomWalk,
    "slope": SLOPE,
    "elasticnet": ElasticNet,
    "grouplaplace": GroupLaplace,
    "sparsegrouplaplace": SparseGroupLaplace,
    "studentt": StudentPrior,
    "loglaplace": LogLaplace,
    "mcp": MCP,
    "scad": SCAD,
    "spikeslab": SpikeSlab,
    "horseshoe": Horseshoe,
}
_BY_COLUMN = "bycolumn"
_ONE = re.compile(r"\s*(?P<family>[\w-]+)\s*(?:\((?P<call>[^()]*)\)|:(?P<rest>.*))?\s*")

_WORDS = ("kind",)  # settings whose value is a word


def parse_prior(text: str) -> Prior:
    """A prior from ``family``, ``family:key=value,...`` or ``family(value, key=value, ...)``;
    ``lower`` and ``upper`` truncate. Several, each after the columns' name and ``=``, apart by
    ``;``, are a prior by column.

    Raises `InputError` for an unknown family, key or number.

    Examples
    --------
    >>> parse_prior("laplace:scale=0.1")
    Laplace(scale=0.1, loc=0.0)
    >>> parse_prior("normal:scale=2,lower=0")
    Truncated(Normal(scale=2.0, loc=0.0), lower=0.0)
    >>> parse_prior("age = normal(1); gene_* = laplace(0.1)")
    ByColumn({'age': Normal(scale=1.0, loc=0.0), 'gene_*': Laplace(scale=0.1, loc=0.0)})
    """
    parts = [part for part in text.split(";") if part.strip()]
    if len(parts) <= 1 and (_family(text) in _FAMILIES or "=" not in text):
        return _one(text)
    named: dict[str, Prior] = {}
    for part in parts:
        name, said = _named(part)
        if name in named:
            raise InputError("a column must have one prior", f"two for {name!r}", "Drop one.")
        named[name] = _one(said)
    return ByColumn(named)


def _family(text: str) -> str:
    found = _ONE.fullmatch(text)
    return _plain_name(found["family"]) if found else ""


def _plain_name(family: str) -> str:
    return family.strip().lower().replace("-", "").replace("_", "")


def _named(part: str) -> tuple[str, str]:
    """(name, prior) of ``name = prior``: at the first = that a family follows; names may hold =."""
    for place in (k for k, letter in enumerate(part) if letter == "="):
        if _family(part[place + 1 :]) in _FAMILIES and part[:place].strip():
            return part[:place].strip(), part[place + 1 :]
    raise InputError(
        "priors by column must be written name=prior and apart by ;",
        repr(part.strip()),
        f"Write for example age=normal(1); *=laplace(0.1). Priors are {', '.join(_FAMILIES)}.",
    )


def _one(text: str) -> Prior:
    found = _ONE.fullmatch(text)
    family = _plain_name(found["family"] if found else text.partition(":")[0])
    said = (found["call"] or found["rest"] or "") if found else text.partition(":")[2]
    values: dict[str, Any] = {}
    for k, part in enumerate(filter(None, map(str.strip, said.split(",")))):
        key, equals, number = part.rpartition("=")
        if not equals and found and found["call"] and family in _FAMILIES:
            key = (_settings(_FAMILIES[family]) + [""] * (k + 1))[k]
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
    return _build(family, values)


def _settings(cls: type[Prior]) -> list[str]:
    return ["scale"] if issubclass(cls, Half) else [f.name for f in fields(cls)]  # type: ignore[arg-type]


def _build(family: str, values: Mapping[str, Any]) -> Prior:
    if family not in _FAMILIES:
        raise InputError(
            f"a prior must be one of {', '.join(_FAMILIES)}", repr(family), "Correct the name."
        )
    cls = _FAMILIES[family]
    box = {k: v for k, v in values.items() if k in ("lower", "upper")}
    own = {k: v for k, v in values.items() if k not in box}
    known = _settings(cls)
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
    if isinstance(prior, ByColumn):
        parts = {key: to_dict(part) for key, part in prior.parts.items()}
        columns = prior.columns and [where.tolist() for where in prior.columns]
        return {"name": _BY_COLUMN, "parts": parts, "columns": columns}
    if isinstance(prior, Truncated) and not isinstance(prior, Half):
        bounds = {"lower": _plain(prior.lower_bound), "upper": _plain(prior.upper_bound)}
        return to_dict(prior.prior) | bounds
    name = next(k for k, cls in _FAMILIES.items() if type(prior) is cls)
    return {"name": name} | {k: _plain(v) for k, v in prior.arguments().items()}


def from_dict(data: Mapping[str, Any]) -> Prior:
    """The prior that `to_dict` wrote.

    Examples
    --------
    >>> from_dict(to_dict(Laplace(scale=[0.1, float("inf")])))
    Laplace(scale=array([0.1, inf]), loc=0.0)
    """
    if data.get("name") == _BY_COLUMN:
        parts = {str(key): from_dict(part) for key, part in data["parts"].items()}
        columns = data["columns"]
        return ByColumn(parts, columns and [np.array(c, dtype=np.intp) for c in columns])
    values = {k: _number(v) for k, v in data.items() if k != "name"}
    return _build(str(data.get("name", "")), values)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if is_sparse(value):
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
