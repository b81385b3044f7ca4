"""Checks of what users hand over, each with one clear error."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = ["check_weights", "is_sparse", "matrix", "of_kind", "vector"]


def check_weights(w: Array) -> None:
    """Raise `InputError` where a weight is negative or all are 0."""
    if np.any(w < 0):
        raise InputError(
            "`weights` must be >= 0",
            f"{w[w < 0][0]:g} in row {int(np.flatnonzero(w < 0)[0])}",
            "A weight is how often a row counts; use 0 to leave it out.",
        )
    if not np.any(w > 0):
        raise InputError(
            "some weight must be positive",
            "all zero",
            "Sample weights must contain at least one non-zero number; 1 counts a row once.",
        )


def vector(name: str, values: Any, n: int) -> Array:
    """``values`` as n finite float64 numbers; raises `InputError` naming what is wrong."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"`{name}` must hold numbers", _sample(values), "Encode it first."
        ) from None
    if array.shape != (n,):
        raise InputError(
            f"`{name}` must have one number per row of X (n = {n})",
            f"shape {array.shape}",
            "Check that both hold the same rows.",
        )
    _check_finite(name, array)
    return array


def matrix(name: str, values: Any, n: int, outputs: int | None = None) -> Array:
    """``values`` as (n, outputs) finite float64 numbers; raises `InputError` likewise."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"`{name}` must hold numbers", _sample(values), "Encode it first."
        ) from None
    wide = array.ndim == 2 and array.shape[1] > 0
    if not wide or array.shape[0] != n or outputs not in (None, array.shape[1]):
        raise InputError(
            f"`{name}` must have {outputs or 'some'} numbers per row of X (n = {n})",
            f"shape {array.shape}",
            "Check that both hold the same rows.",
        )
    _check_finite(name, array)
    return array


def _check_finite(name: str, array: Any) -> None:
    bad = ~np.isfinite(array)
    if np.any(bad):
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InputError(
            f"`{name}` must hold finite numbers",
            f"{array[place]} in row {place[0]} ({int(bad.sum())} in all)",
            "Drop these rows or fill them.",
        )


def _sample(values: Any) -> str:
    return repr(np.asarray(values, dtype=object).ravel()[:1].tolist())[1:-1]


def of_kind(name: str, value: Any, kind: type, example: str) -> None:
    """Raise `InputError` unless ``value`` is one of ``kind``."""
    if not isinstance(value, kind):
        raise InputError(
            f"`{name}` must be a {kind.__name__.lower()} object",
            repr(value),
            f"Write for example {name}={example}.",
        )


def is_sparse(matrix: Any) -> bool:
    """Whether it is a scipy sparse matrix or array."""
    return bool(sparse.issparse(matrix))
