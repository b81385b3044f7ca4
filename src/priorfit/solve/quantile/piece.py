"""The part of a problem that is being solved: some rows, some columns, one strength."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.priors import Groups, NormalForm
from priorfit.solve.standard import Standard

__all__ = ["Piece", "groups_among", "piece_of"]


@dataclass(frozen=True, eq=False)
class Piece:
    """min over t: ``sum_i up_i (r_i)_+ + down_i (-r_i)_+ - pull't + sum_j l1_j |t_j| + l2_j/2
    t_j^2 + sum_g |R_g t_g|`` on ``low <= t <= high``, with r = b - Z t.

    t is the distance from loc; the rates hold the strength; ``pull`` is Z' theta of the rows that
    are left out, whose side of the kink is known.
    """

    Z: Array
    b: Array
    up: Array
    down: Array
    pull: Array
    l1: Array
    l2: Array
    low: Array
    high: Array
    groups: Groups | None

    def in_unit(self, unit: float, weight: float) -> Piece:
        """The same with b in units of ``unit`` and rows in units of ``weight``: t / unit."""
        groups = self.groups
        return replace(
            self,
            b=self.b / unit,
            up=self.up / weight,
            down=self.down / weight,
            pull=self.pull / weight,
            l1=self.l1 / weight,
            l2=self.l2 * (unit / weight),
            low=self.low / unit,
            high=self.high / unit,
            groups=groups and Groups(groups.ids, groups.rate / weight),
        )


def piece_of(
    standard: Standard, strength: float, rows: Mask, cols: Index, side: Array, rest: Array
) -> Piece:
    """Rows and columns of a problem; ``side`` (n,) theta of the rows left out, ``rest`` (n,) the
    response less the columns left out and less loc."""
    form, likelihood = standard.form, standard.likelihood
    q = likelihood.q  # type: ignore[attr-defined]
    w = standard.weights[rows]
    whole = bool(rows.all())
    Z = standard.Z if whole else standard.Z.take_rows(np.flatnonzero(rows))
    pull = np.zeros(len(cols))
    if not whole:
        pull = standard.Z.rmatvec(np.where(rows, 0.0, side))[cols]
    return Piece(
        Z.columns(cols, np.zeros(standard.size))[0],
        rest[rows],
        q * w,
        (1.0 - q) * w,
        pull,
        strength * form.l1[cols],
        strength * form.l2[cols],
        (form.lower - form.loc)[cols],
        (form.upper - form.loc)[cols],
        groups_among(form, cols, strength),
    )


def groups_among(form: NormalForm, cols: Index, strength: float) -> Groups | None:
    """The groups of these columns (whole groups), numbered anew, rates times the strength."""
    if form.groups is None or not np.any(form.groups.inside[cols]):
        return None
    ids = form.groups.ids[cols]
    left = np.unique(ids[ids >= 0])
    ids = np.where(ids >= 0, np.searchsorted(left, ids), -1)
    return Groups(ids, strength * form.groups.rate[cols])
