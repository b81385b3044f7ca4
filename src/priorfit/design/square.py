"""Sums of squares of blocks of rows, by BLAS, while other threads run."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from scipy.linalg import cython_blas

from priorfit._typing import Array

__all__ = ["add_square", "mirrored"]

_TILE = 256  # columns of a symmetric matrix that are mirrored together


@cache
def _dsyrk() -> Any:
    """BLAS's own function: `scipy.linalg.blas.dsyrk` lets no other thread run."""
    capsule = cython_blas.__pyx_capi__["dsyrk"]
    given, python = (ctypes.py_object, ctypes.c_char_p), ctypes.pythonapi
    name = ctypes.PYFUNCTYPE(ctypes.c_char_p, given[0])(("PyCapsule_GetName", python))(capsule)
    address = ctypes.PYFUNCTYPE(ctypes.c_void_p, *given)(("PyCapsule_GetPointer", python))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 10)(address(capsule, name))


def add_square(block: Array, out: Array, lower: bool = False) -> None:
    """``out += block' block``, one of its triangles; the lower one is 8 % quicker for few long
    rows of columns, as in `Dense.kernel`.

    ``block`` (n, m) in one piece by rows or by columns, ``out`` (m, m) in Fortran order.
    """
    n, m = block.shape
    by_columns = block.flags.f_contiguous
    piece = (by_columns or block.flags.c_contiguous) and out.flags.f_contiguous
    if not (piece and out.shape == (m, m) and block.dtype == out.dtype == np.float64):
        raise ValueError("block and out must be float64 in one piece")
    if n == 0 or m == 0:
        return
    side, turned = (
        ctypes.c_char(b"L" if lower else b"U"),
        ctypes.c_char(b"T" if by_columns else b"N"),
    )
    order, depth = ctypes.c_int(m), ctypes.c_int(n)
    lead, one = depth if by_columns else order, ctypes.c_double(1.0)
    before = [ctypes.byref(v) for v in (side, turned, order, depth, one)]
    between = [ctypes.byref(v) for v in (lead, one)]
    _dsyrk()(*before, block.ctypes.data, *between, out.ctypes.data, ctypes.byref(order))


def mirrored(out: Array) -> Array:
    """The symmetric matrix of an upper triangle, in place."""
    for start in range(0, len(out), _TILE):
        span, rest = slice(start, start + _TILE), slice(start + _TILE, None)
        out[rest, span] = out[span, rest].T
        tile = out[span, span]
        tile[:] = np.triu(tile) + np.triu(tile, 1).T
    return out
