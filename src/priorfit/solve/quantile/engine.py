"""Quantile regression with any prior of the normal form: interior points on working columns.

Each strength is solved on the columns that may move, with the rows that may change sides; then
all columns and rows are looked at, and those that were wrongly left out come in.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.quantile.interior import Point, interior
from priorfit.solve.quantile.null import null_dual
from priorfit.solve.quantile.piece import Piece, piece_of
from priorfit.solve.quantile.polish import polish, rounded, short_of
from priorfit.solve.quantile.rows import MANY, among_near, sample
from priorfit.solve.standard import Standard
from priorfit.solve.working_set import beyond, screen

__all__ = ["InteriorPoint"]

_FEW = 100  # columns that are worth no search
_ROUNDS = 50
#: products of the interior point, relative to the null model, before it is polished
_INNER = (1e-8, 1e-11, 1e-14)
_EXACT = 1e-12


class InteriorPoint:
    """An engine for `Quantile`; the slopes of the last solution choose the next columns."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol, self.rounds = standard, tol, 0
        self.near = False  # whether the rows near the line are about known

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        out = np.empty((self.standard.size, len(strengths)))
        parts: list[Certificates] = []
        g, previous = warm, float(strengths[0])
        slopes = self.standard.pull(g)
        for k, strength in enumerate(strengths):
            g, certificate = self._nothing_moves(strengths[k : k + 1]) or self._solve(
                g, slopes, float(strength), previous
            )
            slopes, previous = certificate.slopes[:, 0], float(strength)
            out[:, k] = g
            parts.append(certificate)
        return out, joined(parts)

    @cached_property
    def _still(self) -> tuple[Array, Array] | None:
        """The null model (m, 1) and its best dual point (n, 1); None where other weights than
        those with a kink may move."""
        standard, form = self.standard, self.standard.form
        other = ~form.kinked & ~form.fixed
        other[: int(standard.Z.intercept)] = False
        if np.any(other) or np.any(form.loc) or np.any(form.lower > 0) or np.any(form.upper < 0):
            return None
        return standard.start[:, None], null_dual(standard, standard.start)[:, None]

    def _nothing_moves(self, at: Array) -> tuple[Array, Certificates] | None:
        """The null model, where it is the optimum: at lambda_max others are as good."""
        if self._still is None:
            return None
        g, theta = self._still
        certificate = certify(self.standard, g, at, theta)
        return (g[:, 0], certificate) if certificate.gap[0] <= _EXACT else None

    def _solve(
        self, g: Array, slopes: Array, strength: float, previous: float
    ) -> tuple[Array, Certificates]:
        standard, form = self.standard, self.standard.form
        at = np.array([strength])
        working = screen(standard, g, slopes, strength, max(previous, strength))
        if standard.size <= _FEW:
            working = ~form.fixed
        best: tuple[Array, Certificates] | None = None
        for rounds in range(1, _ROUNDS + 1):
            self.rounds = max(self.rounds, rounds)
            g, theta = self._among(g, np.flatnonzero(working), strength)
            certificate = certify(standard, g[:, None], at, theta[:, None])
            if best is None or certificate.gap[0] <= best[1].gap[0]:
                best = (g, certificate)
            if certificate.gap[0] <= self.tol:
                break
            pull = np.abs(certificate.slopes[:, 0] - strength * form.l2 * (g - form.loc))
            fresh = self._fresh(working, pull, strength)
            if not np.any(fresh):
                break
            working = working | fresh
        assert best is not None
        return best

    def _fresh(self, working: Mask, pull: Array, strength: float) -> Mask:
        form = self.standard.form
        return beyond(form, pull, strength * (1.0 + 1e-9)) & ~working & ~form.fixed

    def _among(self, g: Array, cols: Index, strength: float) -> tuple[Array, Array]:
        """(g, theta) with the columns outside ``cols`` at loc."""
        standard, n = self.standard, self.standard.Z.shape[0]

        def solve(rows: Mask, side: Array) -> tuple[Array, Array]:
            return _on_rows(standard, g, cols, strength, rows, side)

        if n <= MANY:
            return solve(np.ones(n, dtype=bool), np.zeros(n))
        if not self.near:
            some = sample(n, len(cols))
            part = _part(standard, some)
            share = float(part.weights.sum() / standard.weights.sum())
            every = np.ones(len(some), dtype=bool)
            g, _ = _on_rows(part, g, cols, strength * share, every, np.zeros(len(some)))
            self.near = True
        return among_near(standard, g, len(cols), solve)


def _part(standard: Standard, rows: Index) -> Standard:
    """The same problem for some of the rows."""
    return replace(
        standard,
        Z=standard.Z.take_rows(rows),
        y=standard.y[rows],
        weights=standard.weights[rows],
        offset=standard.offset[rows],
    )


def _on_rows(
    standard: Standard, g: Array, cols: Index, strength: float, rows: Mask, side: Array
) -> tuple[Array, Array]:
    """(g, theta) by one piece: these columns and rows, ``side`` theta of the other rows."""
    form = standard.form
    stay = np.clip(form.loc, form.lower, form.upper)
    base = stay.copy()
    base[cols] = form.loc[cols]
    rest = standard.y - standard.eta(base)
    piece = piece_of(standard, strength, rows, cols, side, rest)
    t, inner = solve_piece(piece, (g - form.loc)[cols], standard.reference)
    out, theta = stay.copy(), side.copy()
    out[cols] = np.clip(form.loc[cols] + t, form.lower[cols], form.upper[cols])
    theta[rows] = inner
    return out, theta


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # of points far off: not kept
def solve_piece(piece: Piece, start: Array, reference: float) -> tuple[Array, Array]:
    """(t, theta) of one piece: the interior point in units of its own, then its vertex.

    Where the vertex is not the optimum the point goes on, and is itself the answer in the end.
    """
    unit = float(np.mean(np.abs(piece.b))) or 1.0
    weight = float(np.mean(piece.up + piece.down))
    scaled, reference = piece.in_unit(unit, weight), reference / (unit * weight)
    point: Array | Point = start / unit
    found: list[tuple[float, Array, Array]] = []
    for tol in _INNER:
        point = interior(scaled, point, tol * reference)
        for t, theta in (polish(scaled, point), rounded(scaled, point)):
            found.append((short_of(scaled, t, theta) / reference, t, theta))
        if found[-2][0] <= _EXACT:
            break
    _, t, theta = min(found, key=lambda one: one[0] if np.isfinite(one[0]) else np.inf)
    return t * unit, theta * weight
