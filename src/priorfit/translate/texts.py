"""Numbers, formulas and calls as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from priorfit.translate.row import Row

__all__ = ["call_text", "formula_text", "number", "put_in"]

_SYMBOL = re.compile(r"\b(l1|l2|n|W|s_y|s_x)\b")
_WRITTEN = {"l1": "λ₁", "l2": "λ₂"}


def number(value: Any) -> str:
    """Six significant digits; a range where there are many.

    Examples
    --------
    >>> number(65.972850678), number([1.0, 2.0, 2.5]), number(True)
    ('65.9729', '(1 to 2.5)', 'True')
    """
    if isinstance(value, bool | str) or value is None:
        return str(value)
    array = np.asarray(value, dtype=np.float64)
    low, high = float(array.min()), float(array.max())
    if array.size == 1 or high - low <= 1e-12 * abs(high):
        return f"{high:.6g}"
    return f"({low:.4g} to {high:.4g})"


def formula_text(formula: str) -> str:
    """``l1 * s_y / W`` as ``λ₁ × s_y / W``.

    Examples
    --------
    >>> formula_text("l2 / s_x**2 * s_y / n")
    'λ₂ / s_x² × s_y / n'
    """
    return _pretty(_SYMBOL.sub(lambda m: _WRITTEN.get(m[1], m[1]), formula))


def put_in(formula: str, symbols: Mapping[str, Any]) -> str:
    """The formula with numbers in the place of symbols."""
    return _pretty(_SYMBOL.sub(lambda m: number(symbols[m[1]]), formula))


def _pretty(text: str) -> str:
    return text.replace("**2", "²").replace("*", "×").replace("sqrt", "√")


def call_text(row: Row, settings: Mapping[str, Any], family: str) -> str:
    """The call with its settings, in the library's language."""
    written = {"python": _python, "R": _in_r, "flags": _flags}[row.style](settings)
    return row.call.replace("{settings}", written).replace("{family}", _ADELIE.get(family, family))


_ADELIE = {"bernoulli": "binomial"}


def _python(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={_literal(v)}" for k, v in settings.items())


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, bool) or value is None:
        return str(value)
    if np.ndim(value):
        inner = ", ".join(f"{v:.6g}" for v in np.asarray(value)[:6])
        return f"[{inner}{', ...' if len(value) > 6 else ''}]"
    return "float('inf')" if value == np.inf else number(value)


def _in_r(settings: Mapping[str, Any]) -> str:
    def literal(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, str):
            return value if value.endswith("()") else f'"{value}"'
        text = _literal(value).replace("inf", "Inf")
        return f"c({text[1:-1]})" if text.startswith("[") else text

    return ", ".join(f"{k} = {literal(v)}" for k, v in settings.items())


def _flags(settings: Mapping[str, Any]) -> str:
    words = []
    for key, value in settings.items():
        dash = "-" if len(key) == 1 else "--"
        if value is True:
            words.append(f"{dash}{key}")
        elif value is not False:
            words.append(f"{dash}{key} {value if isinstance(value, str) else number(value)}")
    return " ".join(words)
