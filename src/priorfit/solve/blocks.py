"""Columns in the order in which native code takes groups: block by block."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.priors import NormalForm

__all__ = ["Blocks", "blocks_of", "bounded", "only_groups"]


class Blocks(NamedTuple):
    """``columns`` (m,) block by block; ``first`` (G + 1,) where each begins; ``l1`` (m,) and
    ``rate`` (G,). A column of no group is a block of its own, of rate 0."""

    columns: Index
    first: Index
    l1: Array
    rate: Array


def blocks_of(form: NormalForm, columns: Index) -> Blocks:
    """The blocks that these columns (whole groups, and single ones) make."""
    ids = np.full(len(columns), -1) if form.groups is None else form.groups.ids[columns]
    rate = np.zeros(len(columns)) if form.groups is None else form.groups.rate[columns]
    alone = ids < 0
    label = np.where(alone, np.max(ids, initial=0) + 1 + np.arange(len(ids)), ids)
    order = np.argsort(label, kind="stable")
    first = np.flatnonzero(np.diff(label[order], prepend=-1))
    ends = np.append(first, len(columns)).astype(np.int64)
    chosen = columns[order].astype(np.int64)
    return Blocks(chosen, ends, form.l1[chosen], rate[order][first])


def bounded(form: NormalForm) -> Mask:
    """Columns that bounds keep from moving freely, fixed ones apart, (m,)."""
    return np.asarray((np.isfinite(form.lower) | np.isfinite(form.upper)) & ~form.fixed)


def only_groups(form: NormalForm) -> bool:
    """Whether l1 and group terms are all there is: no l2 term and no bounds beside the groups."""
    return not (np.any(form.l2[~form.fixed] > 0) or np.any(bounded(form)))
