"""Certificates of the library as a page shows them."""

from __future__ import annotations

from priorfit.explore.answer import Certified
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["by_gap", "by_kkt"]


def by_gap(say: Say, gap: float, tol: float) -> Certified:
    """A duality gap and the tolerance that was asked for."""
    return Certified(say("gap_proof", gap=said(gap, 2), tol=said(tol, 1)), gap, tol)


def by_kkt(say: Say, kkt: float, tol: float) -> Certified:
    """A residual of stationarity, where the problem is not convex."""
    return Certified(say("kkt_proof", kkt=said(kkt, 2), tol=said(tol, 1)), kkt, tol)
