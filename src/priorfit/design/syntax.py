"""What a formula says, as a tree, and how the tree is written again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from priorfit._errors import InputError

__all__ = ["SIGN", "STRENGTH", "Call", "Name", "Node", "Number", "Operation", "refused", "text_of"]

#: how tightly an operator binds, and the sign before an operand
STRENGTH = {"+": 10, "-": 10, "*": 20, "/": 20, ":": 30, "^": 50}
SIGN = 40


@dataclass(frozen=True)
class Number:
    """A number, and how it was written."""

    value: float
    text: str
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Name:
    """A column of the table; "." stands for all others."""

    name: str
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Call:
    """``function(arguments, setting=number)``."""

    function: str
    arguments: tuple[Node, ...]
    settings: tuple[tuple[str, Number], ...] = ()
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Operation:
    """``parts`` joined by "+", "*", "/", ":" or "^"; of "-" there is one part, its sign turned."""

    operator: str
    parts: tuple[Node, ...]
    depth: int = field(default=1, compare=False)


Node: TypeAlias = Number | Name | Call | Operation


def refused(got: str, do: str) -> InputError:
    """The one error of a formula that cannot be used."""
    return InputError("a formula must be like 'y ~ a + log(b) + C(c):d'", got, do)


def text_of(node: Node) -> str:
    """How a node is written in the names of coefficients; equal nodes have equal texts."""
    if isinstance(node, Number):
        return node.text
    if isinstance(node, Name):
        plain = node.name == "." or re.fullmatch(r"[^\W\d]\w*", node.name)
        return node.name if plain else f"`{node.name}`"
    if isinstance(node, Call):
        settings = [f"{key}={value.text}" for key, value in node.settings]
        return f"{node.function}({', '.join([*map(text_of, node.arguments), *settings])})"
    if node.operator == "-":
        return f"-{_inner(node.parts[0], SIGN)}"
    strength = STRENGTH[node.operator]
    parts = [_inner(part, strength, k) for k, part in enumerate(node.parts)]
    if node.operator == "+":
        return " + ".join(parts).replace(" + -", " - ")
    between = {":": ":", "^": " ** "}.get(node.operator, f" {node.operator} ")
    return between.join(parts)


def _inner(node: Node, strength: int, place: int = 0) -> str:
    """The text of a part, in parentheses where it would be read in another way without them."""
    text = text_of(node)
    if not isinstance(node, Operation):
        return text
    own = SIGN if node.operator == "-" else STRENGTH[node.operator]
    sign_in_a_sum = node.operator == "-" and strength == STRENGTH["+"]
    loose = own < strength or (own == strength and (place > 0 or strength == STRENGTH["^"]))
    return f"({text})" if loose and not sign_in_a_sum else text
