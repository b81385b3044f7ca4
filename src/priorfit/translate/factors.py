"""How libraries multiply a lambda: small functions of the data, each with its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from priorfit.translate.middle import Case

__all__ = ["HALF", "MEAN", "ROWS", "SUM", "Factor", "bessel", "times"]


class Factor(NamedTuple):
    """A number by which a lambda of the sum scale is multiplied.

    ``text`` is written after the lambda ("/ W"); ``of`` computes it from the case and the name of
    the setting that asks for it.
    """

    text: str
    of: Callable[[Case, str], float]
    symbols: tuple[str, ...] = ()


def bessel(case: Case, why: str) -> float:
    """``sqrt(n / (n - 1))``: from a standard deviation with 1/n to one with 1/(n - 1)."""
    n = float(case.need("n", why))
    return float(np.sqrt(n / (n - 1.0)))


def _sd_y(case: Case, why: str) -> float:
    return float(case.need("y_scale", why))


def times(text: str, number: float) -> Factor:
    """A plain number."""
    return Factor(text, lambda _case, _why: number)


#: the penalty is added to a sum over rows
SUM = times("", 1.0)
HALF = times("/ 2", 0.5)
TWICE = times("* 2", 2.0)
#: ... to the mean over the rows' weights
MEAN = Factor("/ W", lambda case, why: 1.0 / case.need("total", why), ("W",))
HALF_MEAN = Factor("/ (2 * W)", lambda case, why: 0.5 / case.need("total", why), ("W",))
TWICE_MEAN = Factor("* 2 / W", lambda case, why: 2.0 / case.need("total", why), ("W",))
#: ... to the mean over rows, whatever their weights
ROWS = Factor("/ n", lambda case, why: 1.0 / case.need("n", why), ("n",))
HALF_ROWS = Factor("/ (2 * n)", lambda case, why: 0.5 / case.need("n", why), ("n",))
TWICE_ROWS = Factor("* 2 / n", lambda case, why: 2.0 / case.need("n", why), ("n",))
#: ... times the standard deviation of y, by which the library divides y
MEAN_SD_Y = Factor(
    "* s_y / W", lambda case, why: _sd_y(case, why) / case.need("total", why), ("s_y", "W")
)
ROWS_SD1_Y = Factor(
    "* s_y * sqrt(n / (n - 1)) / n",
    lambda case, why: _sd_y(case, why) * bessel(case, why) / case.need("n", why),
    ("s_y", "n"),
)
ROWS_SD_Y = Factor(
    "* s_y / n", lambda case, why: _sd_y(case, why) / case.need("n", why), ("s_y", "n")
)
#: ... to a leaf whose penalty is multiplied by the mean weight
LEAF_MEAN = Factor(
    "* n / W", lambda case, why: case.need("n", why) / case.need("total", why), ("n", "W")
)
