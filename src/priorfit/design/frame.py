"""Tables: names kept, categories kept as codes, missing values never passed over."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import narwhals.exceptions
import numpy as np

from priorfit._errors import InputError, PriorfitWarning
from priorfit._typing import Array, Index
from priorfit.design.base import Design
from priorfit.design.blocks import Blocks
from priorfit.design.categorical import Categorical
from priorfit.design.dense import Dense

__all__ = ["Column", "Schema", "is_table"]

MISSING = ("error", "mean", "indicator")


def is_table(X: Any) -> bool:
    """Whether X is a data frame or table that narwhals knows (pandas, polars, pyarrow, ...)."""
    if isinstance(X, np.ndarray | list):
        return False
    try:
        return isinstance(nw.from_native(X, eager_only=True, pass_through=True), nw.DataFrame)
    except nw.exceptions.DuplicateError:
        return True  # a table; `Schema.learn` names the column


@dataclass(frozen=True)
class Column:
    """What is remembered of one column of the table a model was fitted on.

    ``levels`` is None for a number; ``mean`` fills its gaps; ``indicator`` adds a column that is 1
    where the value was missing.
    """

    name: str
    levels: tuple[str, ...] | None = None
    mean: float = 0.0
    indicator: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the design columns made from it."""
        if self.levels is not None:
            return tuple(f"{self.name}[{level}]" for level in self.levels)
        return (self.name, f"{self.name}[missing]") if self.indicator else (self.name,)


@dataclass(frozen=True)
class Schema:
    """How a table becomes a design: learned once, applied to every later table."""

    columns: tuple[Column, ...]
    missing: str = "error"

    @classmethod
    def learn(cls, table: Any, missing: str = "error") -> Schema:
        """Read the kinds, levels and means of the columns.

        Raises `InputError` for duplicate names, dates, nested columns, and, unless
        ``missing`` is "mean" or "indicator", for missing values (with column and count).
        """
        if missing not in MISSING:
            raise InputError(
                f"`missing` must be one of {', '.join(MISSING)}",
                repr(missing),
                "Choose one of them.",
            )
        frame = _frame(table)
        if 0 in frame.shape:
            raise InputError(
                "a table must have at least one row and one column",
                f"shape {frame.shape}",
                "Check how it was made.",
            )
        return cls(tuple(_learn(frame[name], missing) for name in frame.columns), missing)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the table's columns."""
        return tuple(column.name for column in self.columns)

    def design(self, table: Any) -> Design:
        """The design of a table with these columns (in any order; others are ignored)."""
        frame = _frame(table)
        present = set(frame.columns)
        absent = [c.name for c in self.columns if c.name not in present]
        if absent:
            raise InputError(
                "the table must have every column that the model was fitted on",
                f"no column {absent[0]!r}",
                f"The table has {_listing(frame.columns)}.",
            )
        parts: list[Design] = []
        numeric: list[Array] = []
        for column in self.columns:
            if column.levels is None:
                numeric += _numbers(frame[column.name], column, self.missing)
                continue
            if numeric:
                parts.append(Dense(np.column_stack(numeric)))
                numeric = []
            codes = _codes(frame[column.name], column, self.missing)
            parts.append(Categorical(codes, column.levels))
        if numeric:
            parts.append(Dense(np.column_stack(numeric)))
        names = tuple(label for column in self.columns for label in column.labels)
        if len(parts) == 1 and isinstance(parts[0], Dense):
            return Dense(parts[0].values, names)
        return Blocks(tuple(parts), names)


def _frame(table: Any) -> nw.DataFrame[Any]:
    names = [str(c) for c in getattr(table, "column_names", getattr(table, "columns", []))]
    twice = sorted({c for c in names if names.count(c) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InputError(
            "column names must be unique", f"{twice[0]!r} more than once", "Rename one of them."
        )
    return nw.from_native(table, eager_only=True)


def _learn(series: nw.Series[Any], missing: str) -> Column:
    name, kind = str(series.name), series.dtype
    if kind.is_numeric() or kind == nw.Boolean:
        values = _floats(series)
        gaps = np.isnan(values)
        if np.all(gaps):
            raise _empty_error(name)
        if np.any(gaps) and missing == "error":
            raise _missing_error(name, int(gaps.sum()), len(values))
        mean = float(values[~gaps].mean()) if np.any(gaps) else 0.0
        return Column(name, None, mean, missing == "indicator" and bool(np.any(gaps)))
    if kind in (nw.String, nw.Categorical, nw.Enum) or kind == nw.Object:
        texts = _texts(series)
        absent = texts.count(None)
        if absent == len(texts):
            raise _empty_error(name)
        if absent and missing == "error":
            raise _missing_error(name, absent, len(texts))
        odd = next((v for v in texts if not isinstance(v, str | bool | None)), None)
        if odd is not None and kind == nw.Object:
            raise InputError(
                "an object column must hold text",
                f"{type(odd).__name__} {odd!r} in column {name!r}",
                "Convert the column to numbers or to text.",
            )
        levels = tuple(sorted({_level(v) for v in texts}))
        if len(levels) == len(texts) > 2:
            warnings.warn(
                f"column {name!r} has another text in every row, so it says nothing of new rows: "
                "drop it.",
                PriorfitWarning,
                stacklevel=4,
            )
        return Column(name, levels)
    if all(v is None for v in series.to_list()):
        raise _empty_error(name)
    raise InputError(
        "a column must hold numbers, booleans, text or categories",
        f"{kind} in column {name!r}",
        "Convert it to a number (for a date: days since an origin) or drop it.",
    )


def _empty_error(name: str) -> InputError:
    return InputError("a column must hold some values", f"none in column {name!r}", "Drop it.")


def _missing_error(name: str, count: int, n: int) -> InputError:
    return InputError(
        "the table must have no missing values",
        f"{count} of {n} missing in column {name!r}",
        'Fill or drop them, or pass missing="mean" or missing="indicator".',
    )


def _texts(series: nw.Series[Any]) -> list[Any]:
    """The values, whatever their library writes for a missing one as None."""
    gaps = series.is_null().to_list()
    return [None if gap else v for v, gap in zip(series.to_list(), gaps, strict=True)]


def _level(value: Any) -> str:
    return "missing" if value is None else str(value)


def _floats(series: nw.Series[Any]) -> Array:
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def _numbers(series: nw.Series[Any], column: Column, missing: str) -> list[Array]:
    kind = series.dtype
    if not (kind.is_numeric() or kind == nw.Boolean):
        raise InputError(
            f"column {column.name!r} must hold numbers, as in the fitted table",
            str(kind),
            "Convert it.",
        )
    values = _floats(series)
    gaps = np.isnan(values)
    if np.any(gaps) and missing == "error":
        raise _missing_error(column.name, int(gaps.sum()), len(values))
    filled = np.where(gaps, column.mean, values)
    return [filled, gaps.astype(np.float64)] if column.indicator else [filled]


def _codes(series: nw.Series[Any], column: Column, missing: str) -> Index:
    """The level of each row; -1, with a warning, for levels that the fitted table did not have."""
    texts = _texts(series)
    absent = texts.count(None)
    if absent and missing == "error":
        raise _missing_error(column.name, absent, len(texts))
    place = {level: k for k, level in enumerate(column.levels or ())}
    codes = np.array([place.get(_level(v), -1) for v in texts], dtype=np.intp)
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        warnings.warn(
            f"column {column.name!r} has {len(unknown)} of {len(texts)} rows with a level that "
            f"the fitted table did not have, such as {_level(texts[unknown[0]])!r}: they are "
            "predicted without a weight for this column.",
            PriorfitWarning,
            stacklevel=4,
        )
    return codes


def _listing(names: Sequence[str]) -> str:
    return ", ".join(map(repr, list(names)[:8])) + (", ..." if len(names) > 8 else "")
