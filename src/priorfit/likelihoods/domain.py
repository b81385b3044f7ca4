"""Checks that likelihoods share: the domain of y, dispersions, links."""

from __future__ import annotations

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = ["check_dispersion", "check_link", "not_negative", "positive", "two_classes"]


def check_dispersion(value: float | None, name: str = "dispersion") -> None:
    """Raise `InputError` unless ``value`` is None or a positive number."""
    if value is not None and not (np.isfinite(value) and value > 0):
        raise InputError(
            f"`{name}` must be a positive number",
            repr(value),
            "Give a positive number, or None to estimate it.",
        )


def check_link(name: str, link: str) -> None:
    """Raise `InputError` unless ``link`` is "log"."""
    if link != "log":
        raise InputError(
            f"the link of the {name} likelihood must be 'log'",
            repr(link),
            "Under the log link the mean is positive for all weights and the loss is convex, so "
            "that every fit can be certified.",
        )


def positive(name: str, y: Array) -> None:
    """Raise `InputError` where y <= 0."""
    if np.any(y <= 0):
        raise InputError(
            f"the {name} likelihood needs y > 0",
            f"{y[y <= 0][0]:g} in row {int(np.flatnonzero(y <= 0)[0])}",
            "Use Tweedie() for responses with zeros, Gaussian() for signed ones.",
        )


def not_negative(name: str, y: Array, instead: str) -> None:
    """Raise `InputError` where y < 0, or y = 0 throughout."""
    if np.any(y < 0):
        raise InputError(
            f"the {name} likelihood needs y >= 0",
            f"{y[y < 0][0]:g} in row {int(np.flatnonzero(y < 0)[0])}",
            instead,
        )
    if not np.any(y > 0):
        raise InputError(
            f"the {name} likelihood needs some y > 0",
            f"0 in all {len(y)} rows",
            "There is nothing to explain.",
        )


def two_classes(y: Array) -> None:
    """Raise `InputError` where all rows are of one class."""
    if np.all(y == y[0]) and y[0] in (0.0, 1.0):
        raise InputError(
            "y must have two classes among the rows of positive weight",
            f"one class, y = {y[0]:g} in all {len(y)} rows",
            "There is nothing to tell apart.",
        )
