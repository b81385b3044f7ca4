"""Formulas as text: a small grammar, read by its own parser; nothing of a formula is executed.

    formula  = [sum "~"] sum
    operators, loosest first:  + -   * /   :   - (sign)   ^ or **
    operand  = number | name | `name` | . | ( sum ) | name ( sum {, sum} {, name = number} )

Source: Wilkinson & Rogers (1973), for the meaning of the operators; Pratt (1973), for the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from priorfit.design.syntax import SIGN, STRENGTH, Call, Name, Node, Number, Operation, refused

__all__ = ["parse"]

LONGEST = 10_000  # characters
DEEPEST = 50  # operations inside each other


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|`(?P<quoted>[^`]+)`"
    r"|(?P<operator>\*\*|[-+*/:^()~,=.])"
)
_CLOSING = "the end"


def parse(text: str) -> tuple[Node | None, Node]:
    """(left side or None, right side) of a formula.

    Raises `InputError` for anything outside the grammar of this module, for more than 10 000
    characters and for more than 50 operations inside each other.

    Examples
    --------
    >>> from priorfit.design.syntax import text_of
    >>> left, right = parse("log(y) ~ a:b + 1")
    >>> text_of(left), text_of(right)
    ('log(y)', 'a:b + 1')
    """
    if len(text) > LONGEST:
        raise refused(f"{len(text)} characters", f"At most {LONGEST} are read.")
    parser = _Parser(list(_tokens(text)))
    first = None if parser.next.text == "~" else parser.expression(0)
    if parser.next.text != "~":
        parser.expect(_CLOSING)
        if first is None:
            raise refused("nothing", "Say which columns explain the target.")
        return None, first
    parser.take()
    right = parser.expression(0)
    parser.expect(_CLOSING)
    return first, right


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise refused(
                f"{text[place]!r} at character {place + 1}",
                "Write a column whose name is no plain word in backticks.",
            )
        if found.lastgroup != "space":
            said = found[found.lastgroup]
            yield _Token(found.lastgroup, "^" if said == "**" else said, place + 1)
        place = found.end()
    yield _Token("end", _CLOSING, len(text) + 1)


class _Parser:
    """Pratt's: an operator takes the operand before it while it binds tighter than what stands
    around it."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._place, self._level = tokens, 0, 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._place]

    def take(self) -> _Token:
        token = self.next
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def expect(self, text: str) -> None:
        if self.next.text != text:
            token = self.next
            wanted = "an operator" if text == _CLOSING else f"{text!r}"
            raise refused(
                f"{token.text!r} at character {token.place}", f"Only {wanted} may stand there."
            )
        self.take()

    def expression(self, strength: int) -> Node:
        self._level += 1
        if self._level > DEEPEST:
            raise refused("too many parentheses", f"At most {DEEPEST} stand inside each other.")
        left = self._operand()
        while self.next.kind == "operator" and STRENGTH.get(self.next.text, -1) > strength:
            operator = self.take().text
            own = STRENGTH[operator]
            right = self.expression(own - 1 if operator == "^" else own)
            left = _joined(operator, left, right)
        self._level -= 1
        return left

    def _operand(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return _number(token)
        if token.kind == "quoted" or token.text == ".":
            return Name(token.text)
        if token.kind == "name":
            return self._call(token.text) if self.next.text == "(" else Name(token.text)
        if token.text == "-":
            part = self.expression(SIGN)
            return _made("-", (part,))
        if token.text == "(":
            inside = self.expression(0)
            self.expect(")")
            return inside
        raise refused(
            f"{token.text!r} at character {token.place}",
            "A column, number or call must stand there.",
        )

    def _call(self, function: str) -> Call:
        arguments: list[Node] = []
        settings: list[tuple[str, Number]] = []
        self.take()
        while True:
            if self.next.kind == "name" and self._tokens[self._place + 1].text == "=":
                settings.append(self._setting())
            else:
                arguments.append(self.expression(0))
            if self.next.text != ",":
                break
            self.take()
        self.expect(")")
        depth = 1 + max((node.depth for node in arguments), default=0)
        return Call(function, tuple(arguments), tuple(settings), depth)

    def _setting(self) -> tuple[str, Number]:
        key, _ = self.take(), self.take()
        value = self.take()
        if value.kind != "number":
            raise refused(f"{key.text}={value.text}", f"Give a number for {key.text!r}.")
        return key.text, _number(value)


def _number(token: _Token) -> Number:
    value = float(token.text)
    if value == float("inf"):
        raise refused(token.text, "Numbers must be finite.")
    return Number(value, token.text)


def _joined(operator: str, left: Node, right: Node) -> Node:
    """A sum holds all its parts side by side, a difference as a sum; all else is a pair."""
    if operator not in "+-":
        return _made(operator, (left, right))
    part = right if operator == "+" else _made("-", (right,))
    together = isinstance(left, Operation) and left.operator == "+"
    return _made("+", (*left.parts, part) if together else (left, part))  # type: ignore[union-attr]


def _made(operator: str, parts: tuple[Node, ...]) -> Operation:
    depth = 1 + max(part.depth for part in parts)
    if depth > DEEPEST:
        raise refused("too many operations inside each other", f"At most {DEEPEST} are read.")
    return Operation(operator, parts, depth)
