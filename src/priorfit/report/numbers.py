"""How numbers are written for people."""

from __future__ import annotations

__all__ = ["count", "number"]

MINUS = "\u2212"
THIN = "\u2009"


def number(value: float, digits: int = 3) -> str:
    """``digits`` significant digits, a true minus, thin spaces for thousands; exact 0 is a dot.

    Examples
    --------
    >>> number(-1234.5678), number(0.012345), number(0.0)
    ('−1 230', '0.0123', '·')
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
        whole = len(str(int(rounded))) if rounded >= 1 else 0
        text = f"{rounded:,.{max(0, digits - whole)}f}" if rounded >= 1 else f"{rounded:.{digits}g}"
        text = text.replace(",", THIN)
    return (MINUS if value < 0 else "") + text


def count(n: int, one: str, many: str | None = None) -> str:
    """``1 column``, ``2 columns``.

    Examples
    --------
    >>> count(1, "column"), count(6830, "column")
    ('1 column', '6 830 columns')
    """
    return f"{n:,}".replace(",", THIN) + " " + (one if n == 1 else many or one + "s")
