"""How numbers are written for people."""

from __future__ import annotations

from math import floor, log10

__all__ = ["count", "number"]

MINUS = "\u2212"
THIN = "\u2009"


def number(value: float, digits: int = 3) -> str:
    """``digits`` significant digits, a true minus, thin spaces for thousands; exact 0 is a dot.

    Examples
    --------
    >>> number(-12.345), number(0.2), number(0.0)
    ('−12.3', '0.200', '·')
    """
    if value == 0:
        return "·"
    size = abs(value)
    if size != size:
        return "not a number"
    if size >= 10**6 or size < 10**-4:
        mantissa, _, exponent = f"{size:.{digits - 1}e}".partition("e")
        text = f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    else:
        rounded = float(f"{size:.{digits}g}")
        decimals = max(0, digits - 1 - floor(log10(rounded)))
        text = f"{rounded:,.{decimals}f}".replace(",", THIN)
    return (MINUS if value < 0 else "") + text


def count(n: int, one: str, many: str | None = None) -> str:
    """``1 column``, ``2 columns``.

    Examples
    --------
    >>> count(1, "column"), count(30, "column")
    ('1 column', '30 columns')
    """
    return f"{n:,}".replace(",", THIN) + " " + (one if n == 1 else many or one + "s")
