"""A formula over a table's columns: text, learned once, applied to every later table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.design.base import Design
from priorfit.design.blocks import side_by_side
from priorfit.design.factors import Table, columns_of
from priorfit.design.frame import Column, frame_of
from priorfit.design.parser import parse
from priorfit.design.syntax import Name, Node, refused, text_of
from priorfit.design.terms import Terms, check_number, expand, names_in
from priorfit.design.transforms import State

__all__ = ["Formula", "FormulaSchema", "simple"]


@dataclass(frozen=True)
class Formula:
    """``response ~ terms``, read and checked; nothing of it is ever executed.

    Parameters
    ----------
    text : for example "claims ~ C(region) + log(age):sex + offset(log(exposure))"; without "~" or
        with nothing before it there is no response.

    Raises
    ------
    InputError
        for what is not in the grammar, or calls no function of the table of functions.

    Examples
    --------
    >>> Formula("log(y) ~ 0 + a*b").response_text
    'log(y)'

    Source: Wilkinson & Rogers (1973).
    """

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise refused(repr(self.text), "Give it as text.")
        if self.response is not None:
            check_number(self.response)
        expand(self.right, ["."])

    @cached_property
    def _sides(self) -> tuple[Node | None, Node]:
        return parse(self.text)

    @property
    def response(self) -> Node | None:
        """The left side, if there is one."""
        return self._sides[0]

    @property
    def right(self) -> Node:
        """The right side."""
        return self._sides[1]

    @property
    def response_text(self) -> str | None:
        """How the response is called."""
        return None if self.response is None else text_of(self.response)

    def others(self, columns: list[str]) -> tuple[str, ...]:
        """The columns that "." stands for: neither on the left nor inside an offset."""
        used = set() if self.response is None else set(names_in(self.response))
        for offset in expand(self.right, []).offsets:
            used |= set(names_in(offset))
        return tuple(c for c in columns if c not in used)

    def terms(self, others: tuple[str, ...]) -> Terms:
        """The terms of a table whose "." are ``others``.

        Raises `InputError` where the response is on the right side too, or nothing is.
        """
        terms = expand(self.right, others)
        if not terms.terms:
            raise refused(f"{self.text!r} without a column", "Say what explains the response.")
        left = set() if self.response is None else set(names_in(self.response))
        both = [k for t in terms.terms for factor in t for k in names_in(factor) if k in left]
        if both:
            raise InputError(
                "a formula must not explain the target by itself",
                repr(both[0]),
                "Leave it out on the right.",
            )
        return terms

    def values(self, table: Any) -> Any:
        """The response (n,) of a table: a column as it is, or arithmetic of numbers."""
        frame = frame_of(table)
        if self.response is None:
            raise refused(f"{self.text!r} without a response", "Write 'y ~ ...', or pass y.")
        _check_present(frame.columns, set(names_in(self.response)))
        if isinstance(self.response, Name):
            return frame[self.response.name].to_numpy()
        return Table(frame, "error", self.text).number(self.response)


@dataclass(frozen=True)
class FormulaSchema:
    """How a formula makes a design of a table: learned once, applied to every later table.

    Categories stay codes, also where they interact; levels, knots and moments are those of the
    fitted table. Every level has its own column. Of an interaction of categories the combinations
    that the fitted table has are columns.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"y": [1.0, 2.0], "age": [1.0, 2.0], "sex": ["f", "m"]})
    >>> schema = FormulaSchema.learn(Formula("y ~ log(age):sex"), table)
    >>> schema.design(table).names
    ('log(age):sex[f]', 'log(age):sex[m]')
    """

    formula: Formula
    others: tuple[str, ...]
    missing: str
    #: columns read as numbers, and as categories
    numbers: Mapping[str, Column]
    categories: Mapping[str, Column]
    #: what each call that learns has learned, by its text
    states: Mapping[str, State]
    #: the combinations of levels of each interaction of categories, by its text
    combinations: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def learn(cls, formula: Formula, table: Any, missing: str = "error") -> FormulaSchema:
        """Read kinds, levels, means, knots and moments of the columns that the formula names.

        Raises `InputError` for names that the table lacks, for missing values unless ``missing`` is
        "mean" or "indicator", and for values that are not finite.
        """
        frame = frame_of(table)
        others = formula.others(frame.columns)
        terms = formula.terms(others)
        _check_present(frame.columns, _needed(terms))
        read = Table(frame, missing, formula.text)
        for term in terms.terms:
            columns_of(read, term)
        for offset in terms.offsets:
            read.number(offset, missing="error")
        return cls(
            formula, others, missing, read.numbers, read.categories, read.states, read.combinations
        )

    @cached_property
    def terms(self) -> Terms:
        """The terms of the formula."""
        return self.formula.terms(self.others)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the table that are read, in the order in which they are named."""
        return tuple(_needed(self.terms))

    @property
    def intercept(self) -> bool:
        """Whether the formula has one."""
        return self.terms.intercept

    def design(self, table: Any) -> Design:
        """The design of a table with these columns (in any order; others are ignored)."""
        read = self._read(table)
        found = [columns_of(read, term) for term in self.terms.terms]
        parts: list[Design | Array] = [part for columns in found for part in columns.parts]
        labels = [label for columns in found for label in columns.labels]
        for name, gaps in read.indicators():
            parts.append(gaps)
            labels.append(f"{name}[missing]")
        return side_by_side(parts, tuple(labels))

    def offset(self, table: Any) -> Array | None:
        """The sum of the formula's offsets, (n,); None where it has none."""
        if not self.terms.offsets:
            return None
        read = self._read(table)
        total: Array = sum(read.number(offset, missing="error") for offset in self.terms.offsets)  # type: ignore[assignment]
        return total

    def to_dict(self) -> dict[str, Any]:
        """Plain data (texts, numbers, lists) that `from_dict` reads."""
        return {
            "text": self.formula.text,
            "others": list(self.others),
            "missing": self.missing,
            "numbers": [column.to_dict() for column in self.numbers.values()],
            "categories": [column.to_dict() for column in self.categories.values()],
            "states": {key: dict(state) for key, state in self.states.items()},
            "combinations": {key: list(codes) for key, codes in self.combinations.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FormulaSchema:
        """The schema that `to_dict` wrote; its text is read and checked like any formula.

        Raises `InputError`, `KeyError`, `TypeError` or `ValueError` for other data.
        """
        numbers, categories = (
            {column.name: column for column in map(Column.from_dict, data[kind])}
            for kind in ("numbers", "categories")
        )
        return cls(
            Formula(data["text"]),
            tuple(map(str, data["others"])),
            str(data["missing"]),
            numbers,
            categories,
            {str(key): _state(state) for key, state in data["states"].items()},
            {str(key): tuple(map(int, codes)) for key, codes in data["combinations"].items()},
        )

    def _read(self, table: Any) -> Table:
        frame = frame_of(table)
        _check_present(frame.columns, set(self.names))
        return Table(
            frame,
            self.missing,
            self.formula.text,
            dict(self.numbers),
            dict(self.categories),
            dict(self.states),
            dict(self.combinations),
            learned=True,
        )


def simple(y: str) -> Formula:
    """The formula of "target", "target ~ ." and of all others; a lone name means all columns."""
    return Formula(y if "~" in y else f"{_quoted(y.strip())} ~ .")


def _state(data: Mapping[str, Any]) -> State:
    return {str(key): _plain(value) for key, value in data.items()}


def _plain(value: Any) -> Any:
    """Numbers, and lists of them; raises for anything else."""
    return [_plain(v) for v in value] if isinstance(value, list) else float(value)


def _quoted(name: str) -> str:
    return name if name.startswith("`") else f"`{name}`"


def _needed(terms: Terms) -> dict[str, None]:
    """The columns that terms and offsets read, in order."""
    factors = [factor for term in terms.terms for factor in term]
    return {name: None for node in (*factors, *terms.offsets) for name in names_in(node)}


def _check_present(columns: list[str], needed: Any) -> None:
    present = set(columns)
    absent = [name for name in needed if name not in present]
    if absent:
        listed = ", ".join(map(repr, columns[:8])) + (", ..." if len(columns) > 8 else "")
        raise InputError(
            "a formula must name columns of the table", repr(absent[0]), f"The table has {listed}."
        )
