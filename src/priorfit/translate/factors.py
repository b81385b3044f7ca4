"""How libraries multiply a lambda: small functions of the data, each with its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from priorfit.translate.middle import Case

__all__ = [
    "HALF",
    "HALF_ROWS",
    "LEAF_MEAN",
    "MEAN",
    "MEAN_SD_Y",
    "ROWS",
    "ROWS_SD1_Y",
    "ROWS_SD_Y",
    "SUM",
    "TWICE",
    "TWICE_ROWS",
    "Factor",
    "bessel",
    "times",
]


class Factor(NamedTuple):
    """A number by which a lambda of the sum scale is multiplied.

    ``text`` is written after the lambda ("* 2 / W"); ``of`` computes it from the case and the name
    of the row that asks for it. ``back`` is the way back, ``number * symbol``: (0.5, "W").
    """

    text: str
    of: Callable[[Case, str], float]
    back: tuple[float, str] = (1.0, "")


def bessel(case: Case, why: str) -> float:
    """``sqrt(n / (n - 1))``: from a standard deviation with 1/n to one with 1/(n - 1)."""
    n = float(case.need("n", why))
    return float(np.sqrt(n / (n - 1.0)))


def _sd_y(case: Case, why: str) -> float:
    return float(case.need("y_scale", why))


def times(text: str, number: float) -> Factor:
    """A plain number."""
    return Factor(text, lambda _case, _why: number, (1.0 / number, ""))


def _mean(text: str, number: float, rows: str) -> Factor:
    """``number`` over the sum of the weights, or over the rows."""
    symbol = "W" if rows == "total" else "n"
    return Factor(text, lambda case, why: number / case.need(rows, why), (1.0 / number, symbol))


#: the penalty is added to a sum over rows
SUM = times("", 1.0)
HALF = times("/ 2", 0.5)
TWICE = times("* 2", 2.0)
#: ... to the mean over the rows' weights
MEAN = _mean("/ W", 1.0, "total")
#: ... to the mean over rows, whatever their weights
ROWS = _mean("/ n", 1.0, "n")
HALF_ROWS = _mean("/ (2 * n)", 0.5, "n")
TWICE_ROWS = _mean("* 2 / n", 2.0, "n")
#: ... times the standard deviation of y, by which the library divides y
MEAN_SD_Y = Factor(
    "* s_y / W",
    lambda case, why: _sd_y(case, why) / case.need("total", why),
    (1.0, "W / s_y"),
)
ROWS_SD1_Y = Factor(
    "* s_y * sqrt(n / (n - 1)) / n",
    lambda case, why: _sd_y(case, why) * bessel(case, why) / case.need("n", why),
    (1.0, "n / s_y"),
)
ROWS_SD_Y = Factor(
    "* s_y / n", lambda case, why: _sd_y(case, why) / case.need("n", why), (1.0, "n / s_y")
)
#: ... to a leaf whose penalty is multiplied by the mean weight
LEAF_MEAN = Factor(
    "* n / W", lambda case, why: case.need("n", why) / case.need("total", why), (1.0, "W / n")
)
