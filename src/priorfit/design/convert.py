"""Whatever holds columns becomes a design."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from priorfit._core import put_in_order, rises
from priorfit._errors import InputError
from priorfit.design.base import Design
from priorfit.design.dense import Dense
from priorfit.design.frame import Schema, is_table
from priorfit.design.sparse import Sparse

__all__ = ["as_design"]


def as_design(X: Any, *, names: tuple[str, ...] | None = None) -> Design:
    """A `Design` of an array, a sparse matrix or a table, without a copy where none is needed.

    Parameters
    ----------
    X : (n, p) array of numbers (float32 and float64 are used as they lie; memory maps, strided
        and read-only arrays too), scipy sparse matrix, or pandas, polars or pyarrow table.
    names : column names, where X carries none.

    Raises
    ------
    InputError
        where X is not two-dimensional, has no rows or columns, or holds no real numbers.

    Examples
    --------
    >>> as_design(np.eye(3)[:, ::2]).shape
    (3, 2)
    """
    if isinstance(X, Design):
        return X
    design: Design
    if not isinstance(X, np.ndarray) and is_table(X):  # the first question is the cheap one
        design = Schema.learn(X).design(X)
    elif sparse.issparse(X):
        design = _sparse(X, names)
    else:
        design = Dense(_dense(X), names)
    n, p = design.shape
    if n == 0 or p == 0:
        raise InputError(
            "X must have at least one row and one column",
            f"shape {(n, p)}",
            # scikit-learn's estimator checks look for these words
            f"Give it data: 0 {'sample' if n == 0 else 'feature'}(s) (shape={(n, p)}) while a "
            "minimum of 1 is required.",
        )
    return design


def _dense(X: Any) -> Any:
    array = X if isinstance(X, np.ndarray) else np.asarray(X)
    if array.ndim == 0:
        raise InputError(
            "X must be an array, a sparse matrix or a table",
            type(X).__name__,
            "Collect a lazy table first.",
        )
    if array.ndim != 2:
        raise InputError(
            "X must be two-dimensional (rows x columns)",
            f"{array.ndim} dimension(s)",
            "Reshape your data: X.reshape(-1, 1) is a table of one column.",
        )
    if array.dtype.kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError):
            raise InputError(
                "X must hold numbers",
                f"{_first_text(array)!r} in an object array",
                "Pass a data frame (text columns become categories) or encode the text first.",
            ) from None
    _check_real(array.dtype)
    wanted = np.float32 if array.dtype in (np.float16, np.float32) else np.float64
    return array.astype(wanted, copy=False)


def _check_real(dtype: np.dtype[Any]) -> None:
    if dtype.kind in "fiub":
        return
    remedy = {
        "c": "Complex data not supported: pass real and imaginary parts as columns of their own.",
        "M": "Convert dates to numbers, for example days since an origin.",
    }
    raise InputError(
        "X must hold real numbers",
        f"dtype {dtype}",
        remedy.get(dtype.kind, "Pass a data frame (text becomes categories) or encode it first."),
    )


def _first_text(array: Any) -> Any:
    for value in array.flat:
        try:
            float(value)
        except (TypeError, ValueError):
            return value
    return array.flat[0]


def _sparse(X: Any, names: tuple[str, ...] | None) -> Sparse:
    matrix = X if X.format in ("csc", "csr") else X.tocsc()
    _check_real(matrix.dtype)
    if matrix.dtype not in (np.float32, np.float64):
        matrix = matrix.astype(np.float64)
    if not _is_canonical(matrix):
        matrix = _in_order(matrix)
    return Sparse(matrix, names)


def _is_canonical(matrix: Any) -> bool:
    """Sorted, no duplicates: read from the indices, as asking scipy marks the caller's matrix."""
    return rises(*_index(matrix))


def _in_order(matrix: Any) -> Any:
    """A canonical copy: entries in the order of their places, those of one place added up."""
    indptr, indices = _index(matrix)
    data = matrix.data.astype(matrix.data.dtype.newbyteorder("="), copy=False)
    places, values = np.empty_like(indices), np.empty_like(data)
    single = put_in_order(indptr, indices, data, places, values)
    copy = type(matrix)((values, places, indptr.copy()), shape=matrix.shape)
    if not single:
        copy.sum_duplicates()
    return copy


def _index(matrix: Any) -> tuple[Any, Any]:
    """Starts and places as native code reads them; no copy where they are of one kind."""
    wide = np.int32 if matrix.indptr.dtype == matrix.indices.dtype == np.int32 else np.int64
    starts, places = (np.ascontiguousarray(v, wide) for v in (matrix.indptr, matrix.indices))
    return starts, places
