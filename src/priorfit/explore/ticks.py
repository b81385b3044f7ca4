"""Round numbers on an axis, and how numbers are written."""

from __future__ import annotations

from math import ceil, floor, log10

from priorfit.explore.figure import Axis
from priorfit.report.numbers import number

__all__ = ["said", "ticks_of"]

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_RAISED = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def said(value: float, digits: int = 3) -> str:
    """A number for a sentence: significant digits, a true minus, "0" for an exact zero.

    Examples
    --------
    >>> said(0.0), said(-1.25), said(2.0), said(2.2e-16, 2)
    ('0', '−1.25', '2.00', '2.2×10⁻¹⁶')
    """
    if value == 0:
        return "0"
    text = number(value, digits).replace("\u2009", "\u202f")  # which does not break the line
    mantissa, e, exponent = text.partition("e")
    times = "" if mantissa == "1" else f"{mantissa}×"
    return f"{times}10{exponent.translate(_RAISED)}" if e else text


def ticks_of(axis: Axis, count: int = 6) -> list[tuple[float, str]]:
    """(value, text) of each tick between the ends of the axis.

    Examples
    --------
    >>> ticks_of(Axis(-1.0, 1.0), 5)
    [(-1.0, '−1'), (-0.5, '−0.5'), (0.0, '0'), (0.5, '0.5'), (1.0, '1')]
    """
    if axis.names:
        return list(zip(axis.ticks, axis.names, strict=True))
    if axis.ticks:
        return [(t, plain(t)) for t in axis.ticks]
    return _log_ticks(axis, count) if axis.log else _even_ticks(axis, count)


def _even_ticks(axis: Axis, count: int) -> list[tuple[float, str]]:
    rough = (axis.hi - axis.lo) / max(count - 1, 1)
    unit = 10.0 ** floor(log10(rough))
    step = next(s * unit for s in _STEPS if s * unit >= rough * (1 - 1e-9))
    first, last = ceil(axis.lo / step - 1e-9), floor(axis.hi / step + 1e-9)
    return [(k * step, plain(k * step)) for k in range(first, last + 1)]


def _log_ticks(axis: Axis, count: int) -> list[tuple[float, str]]:
    low, high = ceil(log10(axis.lo) - 1e-9), floor(log10(axis.hi) + 1e-9)
    every = max(1, round((high - low + 1) / count))
    powers = [10.0**k for k in range(low, high + 1, every)]
    if high - low < 2:
        powers = sorted(
            m * 10.0**k
            for k in range(low - 1, high + 1)
            for m in (1, 2, 5)
            if axis.lo * (1 - 1e-9) <= m * 10.0**k <= axis.hi * (1 + 1e-9)
        )
    return [(p, plain(p)) for p in powers]


def plain(value: float) -> str:
    """A round number without zeros at its end."""
    if value != 0 and (abs(value) < 1e-4 or abs(value) >= 1e6):
        power = round(log10(abs(value)))
        if abs(abs(value) / 10.0**power - 1) < 1e-9:
            return ("−" if value < 0 else "") + "10" + str(power).translate(_RAISED)
    text = f"{round(value, 10):.6g}".replace("-", "−")
    return (
        f"{int(value):,}".replace(",", "\u2009") if abs(value) >= 1e4 and "e" not in text else text
    )
