"""Tables: names kept, categories kept as codes, missing values never passed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import narwhals.exceptions
import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.design.base import Design
from priorfit.design.blocks import side_by_side
from priorfit.design.categorical import Categorical
from priorfit.design.levels import codes_of, levels_of, missing_error

__all__ = ["Column", "Schema", "frame_of", "is_number", "is_table", "learn_column", "read_number"]

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

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `from_dict` reads."""
        levels = None if self.levels is None else list(self.levels)
        return {
            "name": self.name,
            "levels": levels,
            "mean": self.mean,
            "indicator": self.indicator,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Column:
        """The column that `to_dict` wrote."""
        levels = None if data["levels"] is None else tuple(map(str, data["levels"]))
        return cls(str(data["name"]), levels, float(data["mean"]), bool(data["indicator"]))


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
        frame = frame_of(table)
        if 0 in frame.shape:
            raise InputError(
                "a table must have at least one row and one column",
                f"shape {frame.shape}",
                "Check how it was made.",
            )
        return cls(tuple(learn_column(frame[name], missing) for name in frame.columns), missing)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the table's columns."""
        return tuple(column.name for column in self.columns)

    @property
    def intercept(self) -> bool:
        """Whether the schema lets the model have one."""
        return True

    def design(self, table: Any) -> Design:
        """The design of a table with these columns (in any order; others are ignored)."""
        frame = frame_of(table)
        present = set(frame.columns)
        absent = [c.name for c in self.columns if c.name not in present]
        if absent:
            raise InputError(
                "the table must have every column that the model was fitted on",
                f"no column {absent[0]!r}",
                f"The table has {_listing(frame.columns)}.",
            )
        parts: list[Design | Array] = []
        for column in self.columns:
            series = frame[column.name]
            if column.levels is None:
                parts += read_number(series, column, self.missing)
            else:
                codes = codes_of(series, column.levels, self.missing)
                parts.append(Categorical(codes, column.levels))
        return side_by_side(parts, tuple(k for column in self.columns for k in column.labels))

    def offset(self, table: Any) -> Array | None:  # noqa: ARG002
        """The known part of the linear predictor that the schema speaks of: none."""
        return None


def frame_of(table: Any) -> nw.DataFrame[Any]:
    """The table as narwhals reads it; raises `InputError` for a name that occurs twice."""
    names = [str(c) for c in getattr(table, "column_names", getattr(table, "columns", []))]
    twice = sorted({c for c in names if names.count(c) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InputError(
            "column names must be unique", f"{twice[0]!r} more than once", "Rename one of them."
        )
    return nw.from_native(table, eager_only=True)


def is_number(series: nw.Series[Any]) -> bool:
    """Whether a column is one of numbers; truth values are 0 and 1."""
    return bool(series.dtype.is_numeric() or series.dtype == nw.Boolean)


def learn_column(series: nw.Series[Any], missing: str) -> Column:
    """What to remember of a column; see `Schema.learn`."""
    name, kind = str(series.name), series.dtype
    if is_number(series):
        values = _floats(series)
        gaps = np.isnan(values)
        if np.all(gaps):
            raise _empty_error(name)
        if np.any(gaps) and missing == "error":
            raise missing_error(name, int(gaps.sum()), len(values))
        mean = float(values[~gaps].mean()) if np.any(gaps) else 0.0
        return Column(name, None, mean, missing == "indicator" and bool(np.any(gaps)))
    if kind in (nw.String, nw.Categorical, nw.Enum) or kind == nw.Object:
        return Column(name, levels_of(series, missing))
    if all(v is None for v in series.to_list()):
        raise _empty_error(name)
    raise InputError(
        "a column must hold numbers, booleans, text or categories",
        f"{kind} in column {name!r}",
        "Convert it to a number (for a date: days since an origin) or drop it.",
    )


def read_number(series: nw.Series[Any], column: Column, missing: str) -> list[Array]:
    """The numbers of a column, gaps filled, where it lies if it has none; and its indicator."""
    if not is_number(series):
        raise InputError(
            f"column {column.name!r} must hold numbers, as in the fitted table",
            str(series.dtype),
            "Convert it.",
        )
    values = _floats(series)
    gaps = np.isnan(values)
    if np.any(gaps) and missing == "error":
        raise missing_error(column.name, int(gaps.sum()), len(values))
    filled = np.where(gaps, column.mean, values) if np.any(gaps) else values
    return [filled, gaps.astype(np.float64)] if column.indicator else [filled]


def _empty_error(name: str) -> InputError:
    return InputError("a column must hold some values", f"none in column {name!r}", "Drop it.")


def _floats(series: nw.Series[Any]) -> Array:
    if series.dtype == nw.Float64:
        return np.asarray(series.to_numpy(), dtype=np.float64)
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def _listing(names: Sequence[str]) -> str:
    return ", ".join(map(repr, list(names)[:8])) + (", ..." if len(names) > 8 else "")
