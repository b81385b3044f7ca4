"""What a prior's parameters may be, and how they become arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, PerColumn
from priorfit.priors.normal_form import NormalForm

__all__ = ["as_array", "by_column", "check", "form", "is_scalar", "rate", "times", "weakened"]

_MOST = float(np.finfo(np.float64).max)


def check(name: str, value: PerColumn, *, positive: bool) -> None:
    """Numbers only; scales in [0, inf], locations finite."""
    given = list(value.values()) if isinstance(value, Mapping) else value
    try:
        numbers = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"`{name}` must hold numbers", repr(value), "Give numbers.") from None
    if positive and not np.all(numbers >= 0):
        bad = numbers[~(numbers >= 0)].flat[0]
        raise InputError(
            f"`{name}` must be >= 0",
            f"{bad!s}",
            "0 fixes a weight at loc and inf leaves it free; anything between is a belief.",
        )
    if not positive and not np.all(np.isfinite(numbers)):
        raise InputError(f"`{name}` must be finite", repr(value), "Use a finite number.")


def as_array(name: str, value: PerColumn) -> Array:
    if isinstance(value, Mapping):
        raise InputError(
            f"`{name}` is given by column name and needs the columns",
            "no names",
            "Fit it to a data frame, or call prior.for_columns(names) first.",
        )
    return np.asarray(value, dtype=np.float64)


def by_column(name: str, value: PerColumn, p: int) -> Array:
    array = as_array(name, value)
    if array.ndim > 1 or (array.ndim == 1 and array.shape[0] not in (1, p)):
        raise InputError(
            f"`{name}` must be one number or one per column (p = {p})",
            f"shape {array.shape}",
            "Give as many values as X has columns.",
        )
    return np.full(p, array)


def rate(scale: Array, power: int) -> Array:
    """``1 / scale**power``, 0 where the scale is 0 (the box fixes the weight) or infinite."""
    there = scale > 0
    with np.errstate(divide="ignore", over="ignore"):
        if not np.all(there):
            scale = np.where(there, scale, np.inf)
        return np.minimum(1.0 / scale**power, _MOST)


def form(l1: Array, l2: Array, loc: Array, fixed: Any) -> NormalForm:
    lower, upper = np.full(len(loc), -np.inf), np.full(len(loc), np.inf)
    if np.any(fixed):
        lower, upper = np.where(fixed, loc, lower), np.where(fixed, loc, upper)
    return NormalForm(l1, l2, loc, lower, upper)


def weakened(strength: float, power: float) -> float:
    """``strength**-power``; no strength at all is an infinite scale."""
    return float(np.inf) if strength == 0 else float(strength**-power)


def times(value: PerColumn, factor: ArrayLike) -> Any:
    array, factors = as_array("scale", value), np.asarray(factor, dtype=np.float64)
    if array.ndim == 2 and factors.ndim == 1:  # columns by outputs
        factors = factors[:, None]
    with np.errstate(invalid="ignore"):  # a scale of 0 stays 0, whatever the factor
        product = np.where(array == 0, 0.0, array * factors)
    return float(product) if product.ndim == 0 else product


def is_scalar(*values: PerColumn) -> bool:
    return all(not isinstance(v, Mapping) and np.ndim(v) == 0 for v in values)
