"""What the factors of a formula are in one table: numbers, codes, and products of both."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np

from priorfit._errors import InputError, PriorfitWarning
from priorfit._typing import Array, Codes
from priorfit.design.base import Design
from priorfit.design.categorical import Categorical
from priorfit.design.frame import Column, is_number, learn_column, read_number
from priorfit.design.levels import codes_of, levels_of, smallest
from priorfit.design.syntax import Call, Name, Node, Number, Operation, text_of
from priorfit.design.terms import Term, settings_of
from priorfit.design.transforms import ELEMENTWISE, LEARNED, State

__all__ = ["Columns", "Table", "columns_of"]


class Columns(NamedTuple):
    """The columns of one term: designs and arrays (n,), and the names of all columns."""

    parts: list[Design | Array]
    labels: list[str]


class _Codes(NamedTuple):
    """A category: the level of each row, and how the levels are called."""

    codes: Codes
    labels: list[str]


class _Numbers(NamedTuple):
    """One or several columns (n, k), and how they are called."""

    values: Array
    labels: list[str]


@dataclass
class Table:
    """One table being read: what was learned of columns and calls, or is learned on the way."""

    frame: nw.DataFrame[Any]
    missing: str
    formula: str
    numbers: dict[str, Column] = field(default_factory=dict)
    categories: dict[str, Column] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    combinations: dict[str, tuple[int, ...]] = field(default_factory=dict)
    learned: bool = False

    def __post_init__(self) -> None:
        self._filled: dict[tuple[str, str], list[Array]] = {}

    def is_category(self, node: Node) -> bool:
        """Whether a factor is a category: ``C(column)``, or a column of text."""
        if isinstance(node, Call):
            return node.function == "C"
        assert isinstance(node, Name)
        if self.learned:
            return node.name in self.categories and node.name not in self.numbers
        return not is_number(self.frame[node.name])

    def category(self, node: Node) -> _Codes:
        """The codes of a factor."""
        name = names_of(node)
        series = self.frame[name]
        if name not in self.categories:
            self.may_learn(name)
            if is_number(series):
                column = Column(name, levels_of(series, self.missing))
            else:
                column = learn_column(series, self.missing)
            self.categories[name] = column
        levels = self.categories[name].levels or ()
        text = node.name if isinstance(node, Name) else text_of(node)
        return _Codes(
            codes_of(series, levels, self.missing), [f"{text}[{level}]" for level in levels]
        )

    def several(self, node: Node) -> _Numbers:
        """The columns of a factor of numbers."""
        text = node.name if isinstance(node, Name) else text_of(node)
        if not (isinstance(node, Call) and node.function in LEARNED):
            return _Numbers(self.number(node)[:, None], [text])
        made = self._made(node, self.missing)
        if LEARNED[node.function].single:
            return _Numbers(made, [text])
        return _Numbers(made, [f"{text}[{k + 1}]" for k in range(made.shape[1])])

    def number(self, node: Node, missing: str | None = None) -> Array:
        """One number per row, (n,); raises `InputError` where it is not finite."""
        with np.errstate(all="ignore"):
            values = self._value(node, missing or self.missing)
        values = np.broadcast_to(values, (len(self.frame),))
        if not isinstance(node, Name):
            self._check_finite(node, values)
        return values

    def indicators(self) -> Iterator[tuple[str, Array]]:
        """Columns that say where numbers were missing."""
        for name, column in self.numbers.items():
            if column.indicator:
                yield name, self._column(name, self.missing)[1]

    def may_learn(self, key: str) -> None:
        """Raise `InputError` where the table is not the one to learn from."""
        if self.learned:
            raise InputError(
                "a fitted formula must have learned all that it calls",
                f"nothing of {key!r}",
                "Fit it again.",
            )

    def _value(self, node: Node, missing: str) -> Any:
        if isinstance(node, Number):
            return np.float64(node.value)
        if isinstance(node, Name):
            return self._column(node.name, missing)[0]
        if isinstance(node, Operation):
            return _computed(node.operator, [self._value(part, missing) for part in node.parts])
        if node.function in LEARNED:
            return self._made(node, missing)[:, 0]
        return ELEMENTWISE[node.function](self._value(node.arguments[0], missing))

    def _made(self, call: Call, missing: str) -> Array:
        """The columns of a call that learns, (n, k)."""
        transform, key = LEARNED[call.function], text_of(call)
        x = self.number(call.arguments[0], missing)
        if key not in self.states:
            self.may_learn(key)
            self.states[key] = transform.learn(x, settings_of(call))
        return transform.apply(x, self.states[key])

    def _column(self, name: str, missing: str) -> list[Array]:
        """A column of numbers, and its indicator if it has one."""
        if (name, missing) not in self._filled:
            series = self.frame[name]
            if not is_number(series):
                raise InputError(
                    f"column {name!r} must hold numbers in the formula {self.formula!r}",
                    str(series.dtype),
                    "Leave a category outside of calls and arithmetic.",
                )
            if name not in self.numbers:
                self.may_learn(name)
                self.numbers[name] = learn_column(series, missing)
            self._filled[name, missing] = read_number(series, self.numbers[name], missing)
        return self._filled[name, missing]

    def _check_finite(self, node: Node, values: Array) -> None:
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise InputError(
                f"{text_of(node)} must be finite",
                f"{values[bad[0]]} in row {bad[0]} ({len(bad)} in all)",
                "Use a function that is defined for these values, or drop the rows.",
            )


def names_of(node: Node) -> str:
    """The column of a category."""
    inner = node.arguments[0] if isinstance(node, Call) else node
    assert isinstance(inner, Name)
    return inner.name


def columns_of(table: Table, term: Term) -> Columns:
    """The columns of a product of factors; the first factor's go fastest.

    Categories are one code per row, times the product of the numbers: never indicators.
    """
    pieces: list[_Codes | _Numbers] = [
        table.category(factor) if table.is_category(factor) else table.several(factor)
        for factor in term
    ]
    some = [piece for piece in pieces if isinstance(piece, _Codes)]
    if not some:
        return _numeric(pieces)
    key = ":".join(map(text_of, term))
    codes, kept = _combined(table, key, some)
    counts = [len(piece.labels) for piece in pieces if isinstance(piece, _Numbers)]
    parts: list[Design | Array] = []
    labels: list[str] = []
    for which in _indices(counts):
        values = _product([p for p in pieces if isinstance(p, _Numbers)], which)
        inside = [_label(pieces, levels, which) for levels in kept]
        parts.append(Categorical(codes, tuple(inside), None, values))
        labels += inside
    return Columns(parts, labels)


def _numeric(pieces: Sequence[Any]) -> Columns:
    if len(pieces) == 1:
        values = pieces[0].values
        return Columns([values[:, 0] if values.shape[1] == 1 else values], pieces[0].labels)
    each = list(_indices([len(piece.labels) for piece in pieces]))
    products: list[Design | Array] = [_product(pieces, which) for which in each]  # type: ignore[misc]
    return Columns(products, [_label(pieces, (), which) for which in each])


def _indices(counts: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All tuples of places, the first one fastest."""
    for which in itertools.product(*(range(count) for count in reversed(counts))):
        yield which[::-1]


def _product(pieces: Sequence[_Numbers], which: tuple[int, ...]) -> Array | None:
    values = [piece.values[:, k] for piece, k in zip(pieces, which, strict=True)]
    if not values:
        return None
    return np.asarray(np.prod(values, axis=0)) if len(values) > 1 else values[0]


def _label(pieces: Sequence[Any], levels: tuple[int, ...], which: tuple[int, ...]) -> str:
    level, number = iter(levels), iter(which)
    return ":".join(
        piece.labels[next(level if isinstance(piece, _Codes) else number)] for piece in pieces
    )


def _combined(table: Table, key: str, pieces: list[_Codes]) -> tuple[Codes, list[tuple[int, ...]]]:
    """One code per row for the combination of levels, and the levels of each code."""
    sizes = [len(piece.labels) for piece in pieces]
    if len(pieces) == 1:
        return pieces[0].codes, [(k,) for k in range(sizes[0])]
    joint = np.zeros(len(pieces[0].codes), dtype=np.int64)
    absent = np.zeros(len(joint), dtype=bool)
    step = 1
    for piece, size in zip(pieces, sizes, strict=True):
        joint += step * piece.codes
        absent |= piece.codes < 0
        step *= size
    joint[absent] = -1
    if key not in table.combinations:
        table.may_learn(key)
        table.combinations[key] = tuple(np.unique(joint[~absent]).tolist())
    known = np.array(table.combinations[key], dtype=np.int64)
    codes = np.searchsorted(known, joint).astype(smallest(len(known)))
    codes[(joint < 0) | (known[np.minimum(codes, len(known) - 1)] != joint)] = -1
    _warn_of_new(key, int(np.sum((codes < 0) & ~absent)), len(codes))
    places = [np.unravel_index(k, sizes, order="F") for k in known.tolist()]
    return codes, [tuple(int(v) for v in place) for place in places]


def _warn_of_new(key: str, count: int, n: int) -> None:
    if count:
        warnings.warn(
            f"{key} has {count} of {n} rows with a combination of levels that the fitted table did "
            "not have: they are predicted without a weight for it.",
            PriorfitWarning,
            stacklevel=4,
        )


def _computed(operator: str, values: list[Any]) -> Any:
    if operator == "-":
        return -values[0]
    if operator == "+":
        return sum(values[1:], values[0])
    left, right = values
    if operator == "*":
        return left * right
    return left / right if operator == "/" else np.power(left, right)
