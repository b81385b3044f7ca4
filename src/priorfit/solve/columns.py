"""Dense columns that native code can read where they lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from priorfit._core import column_moments
from priorfit._typing import Array
from priorfit.design import Dense, Design

__all__ = ["contiguous_columns", "moments"]


def contiguous_columns(design: Design) -> Any:
    """The array of a dense design if native code can read its columns where they lie, or None."""
    if not isinstance(design, Dense):
        return None
    values = design.values
    native = values.dtype.isnative and values.flags.aligned
    return values if native and values.strides[0] == values.itemsize else None


def moments(design: Design, weights: Array) -> tuple[Array, Array]:
    """`Design.moments`, in one native pass where columns are contiguous and of ordinary size."""
    values = contiguous_columns(design)
    if values is not None:
        mean, variance = np.empty(design.shape[1]), np.empty(design.shape[1])
        column_moments(values, weights, float(weights.sum()), mean, variance)
        if np.all((variance > 1e-280) & np.isfinite(variance)):
            return mean, np.sqrt(variance)
    return design.moments(weights)
