"""Rows of a Cox regression as native code takes them: see ``cpp/risk_sets.hpp``."""

from __future__ import annotations

import numpy as np

from priorfit._core import RiskSets
from priorfit._typing import Array, Index
from priorfit.likelihoods import CoupledRows
from priorfit.likelihoods.cox import CoxRows
from priorfit.likelihoods.risk_sets import Places

__all__ = ["native_risk_sets"]


def native_risk_sets(rows: CoupledRows) -> RiskSets | None:
    """The risk sets in native code; None where they are not nested, or the rows of another kind."""
    places = rows.places if isinstance(rows, CoxRows) else None
    if places is None:
        return None
    assert isinstance(rows, CoxRows)
    events, m = rows.events, len(places.row)
    ending = np.zeros(m)
    ending[places.last] = events.weight
    last, first, mean_weight, tied_place, rank = _tied(rows, places)
    return RiskSets.make(
        places.row.astype(np.int64),
        rows.log_weight[places.row],
        places.fresh.astype(np.int64),
        ending,
        rows.event_weight,
        last,
        first,
        mean_weight,
        tied_place,
        rank,
        rows.least,
    )


def _tied(rows: CoxRows, places: Places) -> tuple[Index, Index, Array, Index, Array]:
    """Of each group of tied events where its risk set ends, where its events begin (and end); of
    each event its group's mean weight, its place and its rank. None under Breslow's ties."""
    size = np.diff(rows.events.first)
    tied = (size > 1) & rows.efron
    event = np.repeat(tied, size)
    place = np.zeros(rows.n, dtype=np.int64)
    place[places.row] = np.arange(len(places.row))
    first = np.concatenate([[0], np.cumsum(size[tied])]).astype(np.int64)
    last = places.last[tied].astype(np.int64)
    return (
        last,
        first,
        np.repeat(rows.mean_weight, size)[event],
        place[rows.events.row[event]],
        rows.rank[event],
    )
