"""Sums over rows with a free intercept taken out."""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array, Index
from priorfit.solve.standard import Standard

__all__ = ["centred_sums"]


def centred_sums(standard: Standard, columns: Index, unit: Array) -> tuple[Array, Array, float]:
    """``X'WX`` (m, m), ``X'Wy`` (m,) and ``y'Wy`` of weights less their centre.

    X: the unknowns ``columns`` of Z over their ``unit`` (m,); where there is an intercept, columns
    and y less their weighted means.
    """
    w, Z = standard.weights, standard.Z
    away = standard.y - Z.matvec(standard.start)
    gram = standard.gram[np.ix_(columns, columns)]
    if standard.first:
        away = away - w @ away / w.sum()
        total = Z.rmatvec(w)[columns]
        gram = gram - np.outer(total, total) / w.sum()
    correlation = Z.rmatvec(w * away)[columns] / unit
    return gram / unit[:, None] / unit, correlation, float(w @ away**2)
