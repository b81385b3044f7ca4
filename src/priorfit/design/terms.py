"""The right side of a formula as terms: products of factors, each a column or one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from priorfit.design.syntax import Call, Name, Node, Number, Operation, refused, text_of
from priorfit.design.transforms import ELEMENTWISE, LEARNED

__all__ = ["Term", "Terms", "check_factor", "check_number", "expand", "names_in", "settings_of"]

MOST = 10_000  # terms
LARGEST_POWER = 64.0

#: factors in the order in which they were written
Term: TypeAlias = tuple[Node, ...]


class Terms(NamedTuple):
    """``eta = intercept + sum of offsets + sum of terms``, terms of few factors first."""

    terms: tuple[Term, ...]
    offsets: tuple[Node, ...]
    intercept: bool


def expand(right: Node, others: Sequence[str]) -> Terms:
    """The terms of a right side; ``others`` are the columns that "." stands for.

    ``a*b = a + b + a:b``, ``a/b = a + a:b``, ``(a + b)^2 = a + b + a:b``; "- a" takes a term away.
    Raises `InputError` for what is no term, and for more than 10 000 of them.

    Examples
    --------
    >>> from priorfit.design.parser import parse
    >>> found = expand(parse("y ~ 0 + a*log(b) - a")[1], [])
    >>> [":".join(map(text_of, term)) for term in found.terms], found.intercept
    (['log(b)', 'a:log(b)'], False)
    """
    terms: dict[frozenset[str], Term] = {}
    offsets: list[Node] = []
    intercept = True
    for part, added in _parts(right, True):
        if isinstance(part, Number):
            if part.value not in (0.0, 1.0):
                raise refused(part.text, "A number in a sum is 0 or 1: no intercept, or one.")
            intercept = added == (part.value == 1.0)
        elif isinstance(part, Call) and part.function == "offset":
            offsets.append(_offset(part, added))
        else:
            _change(terms, _products(part, others), added)
    return Terms(tuple(sorted(terms.values(), key=len)), tuple(offsets), intercept)


def names_in(node: Node) -> Iterator[str]:
    """The columns that a node reads; "." is none of them."""
    if isinstance(node, Name) and node.name != ".":
        yield node.name
    parts = node.arguments if isinstance(node, Call) else getattr(node, "parts", ())
    for part in parts:
        yield from names_in(part)


def settings_of(call: Call) -> dict[str, int]:
    """The settings of ``poly``, ``bs`` and ``ns``, by name; raises `InputError` for others."""
    known = LEARNED[call.function].settings
    named = dict(call.settings)
    for key, node in zip(known, call.arguments[1:], strict=False):
        if isinstance(node, Number) and key not in named:
            named[key] = node
    if len(call.arguments) + len(call.settings) > 1 + len(named) or not named.keys() <= set(known):
        listed = ", ".join(known) or "no settings"
        raise refused(text_of(call), f"{call.function}() takes a column and {listed}.")
    for key, usual in known.items():
        if usual is None and key not in named:
            raise refused(text_of(call), f"Give {key}, for example {call.function}(a, {key}=4).")
    given = {key: number.value for key, number in named.items()}
    if not all(value == int(value) and 0 < value <= 100 for value in given.values()):
        raise refused(text_of(call), "Settings are whole numbers from 1 to 100.")
    usual_values = {key: value for key, value in known.items() if value is not None}
    return {key: int(value) for key, value in (usual_values | given).items()}


def check_factor(node: Node) -> None:
    """Raise `InputError` unless ``node`` is a column, ``C(column)`` or a call."""
    if isinstance(node, Name):
        return
    if not isinstance(node, Call):
        raise refused(text_of(node), "Write arithmetic inside I(), for example I(a / b).")
    if node.function == "C":
        if node.settings or len(node.arguments) != 1 or not isinstance(node.arguments[0], Name):
            raise refused(text_of(node), "C() takes the name of one column.")
        _check_name(node.arguments[0])
    elif node.function in LEARNED:
        settings_of(node)
        check_number(node.arguments[0])
    else:
        check_number(node)


def check_number(node: Node) -> None:
    """Raise `InputError` unless ``node`` is one number per row: arithmetic and calls of columns."""
    if isinstance(node, Name):
        _check_name(node)
    elif isinstance(node, Call):
        _check_call(node)
    elif isinstance(node, Operation):
        if node.operator == ":":
            raise refused(text_of(node), "Inside a call only + - * / ^ may stand.")
        if node.operator == "^":
            _check_power(node)
        for part in node.parts:
            check_number(part)


def _check_name(node: Name) -> None:
    if node.name == ".":
        raise refused("'.' inside a call", "Name the column.")


def _check_power(node: Operation) -> None:
    power = node.parts[1]
    inside = power.parts[0] if isinstance(power, Operation) and power.operator == "-" else power
    if not isinstance(inside, Number) or inside.value > LARGEST_POWER:
        raise refused(text_of(node), f"A power is a number of at most {LARGEST_POWER:g}.")


def _check_call(node: Call) -> None:
    single = [name for name, transform in LEARNED.items() if transform.single]
    if node.function in LEARNED and node.function not in single:
        raise refused(text_of(node), f"{node.function}() makes columns: use it outside of calls.")
    if node.function not in ELEMENTWISE and node.function not in single:
        known = sorted([*ELEMENTWISE, *LEARNED, "C", "offset"])
        raise refused(f"{node.function}()", f"The functions are {', '.join(known)}.")
    if node.settings or len(node.arguments) != 1:
        raise refused(text_of(node), f"{node.function}() takes one column.")
    check_number(node.arguments[0])


def _parts(node: Node, added: bool) -> Iterator[tuple[Node, bool]]:
    """The parts of a sum, and whether each is added or taken away."""
    if isinstance(node, Operation) and node.operator == "+":
        for part in node.parts:
            yield from _parts(part, added)
    elif isinstance(node, Operation) and node.operator == "-":
        yield from _parts(node.parts[0], not added)
    else:
        yield node, added


def _offset(call: Call, added: bool) -> Node:
    if not added or call.settings or len(call.arguments) != 1:
        raise refused(text_of(call), "Write + offset(...) with a column or arithmetic of columns.")
    check_number(call.arguments[0])
    return call.arguments[0]


def _change(terms: dict[frozenset[str], Term], change: Iterable[Term], added: bool) -> None:
    for term in change:
        key = _key(term)
        if added:
            terms.setdefault(key, term)
        else:
            terms.pop(key, None)
    if len(terms) > MOST:
        raise refused(f"more than {MOST} terms", "Name fewer of them.")


def _key(term: Term) -> frozenset[str]:
    return frozenset(map(text_of, term))


def _products(node: Node, others: Sequence[str]) -> list[Term]:
    """The terms of one part of a sum."""
    if isinstance(node, Name):
        return [(Name(name),) for name in others] if node.name == "." else [(node,)]
    if isinstance(node, Call):
        check_factor(node)
        return [(node,)]
    if isinstance(node, Number):
        raise refused(node.text, "Numbers stand in a sum (0 or 1), as powers, or inside I().")
    if node.operator in "+-":
        terms: dict[frozenset[str], Term] = {}
        for part, added in _parts(node, True):
            _change(terms, _products(part, others), added)
        return list(terms.values())
    left = _products(node.parts[0], others)
    if node.operator == "^":
        return _power(left, node)
    right = _products(node.parts[1], others)
    if node.operator == ":":
        return _crossed(left, right)
    if node.operator == "*":
        return _unique([*left, *right, *_crossed(left, right)])
    together = tuple(dict.fromkeys(factor for term in left for factor in term))
    return _unique([*left, *_crossed([together], right)])


def _power(base: list[Term], node: Operation) -> list[Term]:
    power = node.parts[1]
    if not isinstance(power, Number) or power.value not in range(1, 11):
        raise refused(text_of(node), "A power of terms is a whole number from 1 to 10.")
    terms = base
    for _ in range(int(power.value) - 1):
        terms = _unique([*terms, *_crossed(terms, base)])
    return terms


def _crossed(left: list[Term], right: list[Term]) -> list[Term]:
    if len(left) * len(right) > MOST:
        raise refused(f"more than {MOST} terms", "Name fewer of them.")
    return _unique([tuple(dict.fromkeys((*a, *b))) for a in left for b in right])


def _unique(terms: Iterable[Term]) -> list[Term]:
    return list({_key(term): term for term in reversed(list(terms))}.values())[::-1]
