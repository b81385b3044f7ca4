"""Names for the kinds of array that cross the rooms."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Array",
    "ArrayLike",
    "Codes",
    "Index",
    "Intercept",
    "Mask",
    "PerColumn",
    "Seed",
    "Single",
]

Array: TypeAlias = NDArray[np.float64]
Single: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]
Index: TypeAlias = NDArray[np.intp]
#: levels of a category, -1 for none, in the narrowest integers that hold them
Codes: TypeAlias = NDArray[np.signedinteger[Any]]
#: one number for all columns, one per column, or one per column name ("*": all others)
PerColumn: TypeAlias = Any
#: a number, or (q,) where a fit has q outputs
Intercept: TypeAlias = Any
Seed: TypeAlias = int | np.random.Generator | None
