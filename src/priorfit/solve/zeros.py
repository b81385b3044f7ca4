"""Arrays of zeros of which few are written."""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress

import numpy as np

from priorfit._typing import Array

__all__ = ["mostly_zero"]

_LARGE = 1 << 22  # bytes; numpy asks for large pages from here on


def mostly_zero(rows: int, columns: int) -> Array:
    """Zeros (rows, columns) whose memory is taken a small page at a time, as it is written.

    numpy has large arrays in pages of 2 MB: the weights of a path, whose rows that are not zero
    lie far apart, would fill, and clear, nearly all of ``8 rows columns`` bytes.
    """
    size = 8 * rows * columns
    if size < _LARGE or sys.platform != "linux":
        return np.zeros((rows, columns))
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a system without large pages
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory).reshape(rows, columns)
