"""Levels of categories, and the code of each row."""

from __future__ import annotations

import warnings
from typing import Any

import narwhals as nw
import numpy as np

from priorfit._errors import InputError, PriorfitWarning
from priorfit._typing import Codes

__all__ = ["codes_of", "level", "levels_of", "missing_error", "smallest"]


def level(value: Any) -> str:
    """How a value of a category is called; whole numbers alike, however they are stored."""
    if value is None or value != value:
        return "missing"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def levels_of(series: nw.Series[Any], missing: str) -> tuple[str, ...]:
    """The levels of a column in order; raises `InputError` for gaps under ``missing="error"``."""
    name, n = str(series.name), len(series)
    gaps = _count_gaps(series)
    if gaps == n:
        raise InputError("a column must hold some values", f"none in column {name!r}", "Drop it.")
    if gaps and missing == "error":
        raise missing_error(name, gaps, n)
    values = _values(series)
    if _numeric(series):
        known = sorted(v for v in values if v is not None and v == v)
        found = [*map(level, known), *(["missing"] if gaps else [])]
    else:
        found = sorted(map(level, values))
    if len(found) == n > 2:
        warnings.warn(
            f"column {name!r} has another value in every row, so it says nothing of new rows: "
            "drop it.",
            PriorfitWarning,
            stacklevel=5,
        )
    return tuple(dict.fromkeys(found))


def codes_of(series: nw.Series[Any], levels: tuple[str, ...], missing: str) -> Codes:
    """The level of each row; -1, with a warning, for levels that the fitted table did not have."""
    name, n = str(series.name), len(series)
    gaps = _count_gaps(series)
    if gaps and missing == "error":
        raise missing_error(name, gaps, n)
    place = {known: k for k, known in enumerate(levels)}
    codes: Codes = _placed(series, place).astype(smallest(len(levels)), copy=False)
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        first = level(series[int(unknown[0])])
        warnings.warn(
            f"column {name!r} has {len(unknown)} of {n} rows with a level that the fitted table "
            f"did not have, such as {first!r}: they are predicted without a weight for this "
            "column.",
            PriorfitWarning,
            stacklevel=5,
        )
    return codes


def missing_error(name: str, count: int, n: int) -> InputError:
    """What is said of gaps."""
    return InputError(
        "the table must have no missing values",
        f"{count} of {n} missing in column {name!r}",
        'Fill or drop them, or pass missing="mean" or missing="indicator".',
    )


def smallest(count: int) -> Any:
    """The narrowest signed integer that holds -1 to ``count``: codes take a byte or two a row."""
    return next(t for t in (np.int8, np.int16, np.int32, np.int64) if count <= np.iinfo(t).max)


def _numeric(series: nw.Series[Any]) -> bool:
    return bool(series.dtype.is_numeric())


def _numbers(series: nw.Series[Any]) -> Any:
    """Integers as they are, so that long ones stay apart; all else as float64 with NaN."""
    whole = series.dtype.is_integer() and not series.is_null().any()
    return series.to_numpy() if whole else series.cast(nw.Float64).to_numpy()


def _count_gaps(series: nw.Series[Any]) -> int:
    if _numeric(series):
        return int(np.isnan(series.cast(nw.Float64).to_numpy()).sum())
    return int(series.is_null().sum())


def _values(series: nw.Series[Any]) -> list[Any]:
    """The different values, whatever their library writes for a missing one as None."""
    if series.dtype == nw.Object:
        return list(dict.fromkeys(_objects(series)))
    if _numeric(series):
        return list(np.unique(_numbers(series)).tolist())
    return list(dict.fromkeys(None if _is_gap(v) else v for v in series.unique().to_list()))


def _objects(series: nw.Series[Any]) -> list[Any]:
    gaps = series.is_null().to_list()
    values = [None if gap else v for v, gap in zip(series.to_list(), gaps, strict=True)]
    odd = next((v for v in values if not isinstance(v, str | bool | None)), None)
    if odd is not None:
        raise InputError(
            "an object column must hold text",
            f"{type(odd).__name__} {odd!r} in column {series.name!r}",
            "Convert the column to numbers or to text.",
        )
    return values


def _is_gap(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas.NA is neither equal to itself nor different
        return True


def _placed(series: nw.Series[Any], place: dict[str, int]) -> Any:
    """The place of each row's level, -1 where it has none."""
    if series.dtype == nw.Object:
        return np.array([place.get(level(v), -1) for v in _objects(series)], dtype=np.intp)
    if _numeric(series):
        found, inverse = np.unique(_numbers(series), return_inverse=True)
        return np.array([place.get(level(v), -1) for v in found.tolist()], dtype=np.intp)[inverse]
    if series.implementation.is_pandas() and series.dtype == nw.Categorical:
        own = series.to_native().array
        known = [place.get(level(v), -1) for v in own.categories.tolist()]
        gap, codes = place.get("missing", -1), own.codes
        if [*known, gap] == [*range(len(known)), -1]:  # those of the table itself
            return codes
        return np.array([*known, gap], dtype=smallest(len(place)))[codes]
    values = series.unique().to_list()
    codes = [place.get("missing" if _is_gap(v) else level(v), -1) for v in values]
    return np.asarray(series.replace_strict(values, codes, return_dtype=nw.Int32).to_numpy())
