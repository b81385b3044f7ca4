"""Many rows: only those near the line are solved for, the others keep their side.

A sample of the rows says where the line is about; rows far from it are one known slope each, and
are looked at again once the others are solved. Source: Portnoy & Koenker (1997), section 5.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.solve.standard import Standard

__all__ = ["MANY", "among_near", "sample"]

MANY = 30_000  # rows that are worth a choice
_ROUNDS = 20

#: (rows that are solved for, theta of the others) -> (g, theta of all)
Solve = Callable[[Mask, Array], tuple[Array, Array]]


def sample(n: int, size: int) -> Index:
    """Some of n rows, the same for the same numbers."""
    some = min(n, max(MANY // 2, int(n ** (2 / 3)), 20 * size))
    return np.sort(np.random.default_rng(0).choice(n, some, replace=False))


def among_near(standard: Standard, g: Array, size: int, solve: Solve) -> tuple[Array, Array]:
    """(g, theta), exact for all rows; ``g`` is where the line is about, ``size`` the number of
    unknowns."""
    n = len(standard.y)
    near = min(n, 2 * len(sample(n, size)))
    r = standard.y - standard.eta(g)
    kept = np.zeros(n, dtype=bool)
    kept[np.argpartition(np.abs(r), near - 1)[:near]] = True
    side = r >= 0
    q, w = standard.likelihood.q, standard.weights  # type: ignore[attr-defined]
    for _ in range(_ROUNDS):
        g, theta = solve(kept, np.where(side, q * w, (q - 1.0) * w))
        wrong = ~kept & ((standard.y - standard.eta(g) >= 0) != side)
        if not np.any(wrong):
            break
        kept |= wrong
    return g, theta
