"""Intervals that hold a share of the draws."""

from __future__ import annotations

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike

__all__ = ["check_prob", "eti", "hdi"]


def eti(draws: ArrayLike, prob: float = 0.89) -> Array:
    """``[q((1 - prob) / 2), q((1 + prob) / 2)]``: as many draws lie below as above.

    draws (..., S), the chains joined; returns (..., 2) in the units of the draws. NaN where a draw
    is NaN. Raises `InputError` unless 0 < prob < 1 and S >= 2.

    Examples
    --------
    >>> eti(np.arange(101.0), 0.9)
    array([ 5., 95.])
    """
    values = _checked(draws, prob)
    ends = np.quantile(values, [(1.0 - prob) / 2.0, (1.0 + prob) / 2.0], axis=-1)
    return np.moveaxis(ends, 0, -1)


def hdi(draws: ArrayLike, prob: float = 0.89) -> Array:
    """The shortest ``[x_(i), x_(i + floor(prob S))]``: no interval of these draws is shorter.

    draws (..., S), the chains joined; returns (..., 2). For draws with one mode; of equally short
    intervals the lowest. NaN where a draw is NaN. Source: Chen and Shao (1999), JCGS 8, 69.

    Examples
    --------
    >>> hdi(np.square(np.arange(11.0)), 0.5)
    array([ 0., 25.])
    """
    ordered = np.sort(_checked(draws, prob), axis=-1)
    inside = int(np.floor(prob * ordered.shape[-1]))
    width = ordered[..., inside:] - ordered[..., : ordered.shape[-1] - inside]
    first = width.argmin(axis=-1)[..., None]
    ends = np.take_along_axis(ordered, np.concatenate([first, first + inside], axis=-1), axis=-1)
    return np.where(np.isnan(ordered[..., -1:]), np.nan, ends)


def _checked(draws: ArrayLike, prob: float) -> Array:
    values = np.asarray(draws, dtype=np.float64)
    check_prob(prob)
    if values.ndim < 1 or values.shape[-1] < 2:
        raise InputError(
            "draws must have the shape (..., S) with S >= 2", str(values.shape), "Give more draws."
        )
    return values


def check_prob(prob: float) -> None:
    """Raise `InputError` unless a share lies strictly between 0 and 1."""
    if not 0.0 < prob < 1.0:
        raise InputError("`prob` must be between 0 and 1", repr(prob), "Use 0.89, for example.")
