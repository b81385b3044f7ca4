"""How many threads passes over columns may use: a property of the thread that asks.

Native code keeps the number. A thread begins with one, so that what runs in a pool (folds, chains,
another library's jobs) reads its columns alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from numbers import Integral
from typing import TypeVar

from priorfit._core import threads_in_use, use_threads
from priorfit._errors import InputError

__all__ = ["check_threads", "in_turn", "passes_in"]

S = TypeVar("S")
T = TypeVar("T")


def check_threads(threads: int) -> None:
    """Raise `InputError` for a number of threads that cannot be meant."""
    if isinstance(threads, bool) or not isinstance(threads, Integral) or threads < 1:
        raise InputError(
            "`threads` must be a whole number >= 1", repr(threads), "1 does one thing at a time."
        )


@contextmanager
def passes_in(threads: int) -> Iterator[None]:
    """In the block, passes of this thread over columns use so many threads.

    Raises `InputError` where that is not a whole number >= 1. It never changes a bit of a result.

    Examples
    --------
    >>> with passes_in(2):
    ...     threads_in_use()
    2
    >>> threads_in_use()
    1
    """
    check_threads(threads)
    before = use_threads(int(threads))
    try:
        yield
    finally:
        use_threads(before)


def in_turn(work: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
    """``work`` of every item, in their order, by as many threads as passes may use."""
    threads = threads_in_use()
    if threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, items)
