"""Priors over sorted weights where the loss is not a square: Newton steps on a working set.

Each step solves the quadratic model at the present fit over the working columns (native), then
takes as much of it as lowers the objective; all columns are looked at where the steps become short.
Source: Lee, Sun & Saunders, Proximal Newton-type methods (2014), algorithm 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._typing import Array, Index
from priorfit.priors import Ranked
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.native import solve_sorted
from priorfit.solve.standard import Standard
from priorfit.solve.structured.weighted import WeightedGram

__all__ = ["CurvedSorted", "entering_zeros"]

_STALLED = 5  # looks at all columns that bring nothing before the search is given up
_ADDED = 50  # columns that may always enter together
_ROOM = 0.03  # of the tolerance, for the quadratic model
_SHORT = 0.1  # of the root of the tolerance: the next step would be its square


class _Point(NamedTuple):
    """Unknowns (m,), their linear predictor (n,) and the objective."""

    g: Array
    eta: Array
    value: float


class CurvedSorted:
    """An engine that keeps its working columns from one strength to the next."""

    def __init__(self, standard: Standard, tol: float, max_iter: int) -> None:
        self.standard, self.tol, self.max_iter, self.rounds = standard, tol, max_iter, 0
        form = standard.form
        assert form.ranked is not None
        self.ranked: Ranked = form.ranked
        self.inside = self.ranked.inside(standard.size)
        self.base = np.clip(form.loc, form.lower, form.upper)
        self.always = self.working = ~self.inside & ~form.fixed
        self.room = _ROOM * min(tol, 1e-3) * standard.reference
        self.space = WeightedGram(standard)

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates, each warm from the last."""
        out = np.empty((self.standard.size, len(strengths)))
        found: list[Certificates] = []
        g, slopes = warm, self.standard.pull(warm)
        for k, s in enumerate(strengths):
            g, certificate = self._solve(g, slopes, float(s))
            slopes = certificate.slopes[:, 0]
            out[:, k] = g
            found.append(certificate._replace(slopes=certificate.slopes[:0]))
        return out, joined(found)

    def _solve(self, g: Array, slopes: Array, s: float) -> tuple[Array, Certificates]:
        """Newton steps and looks at all columns in turn, until a certificate holds."""
        best, stalled = None, 0
        if np.count_nonzero(self.working) > _ADDED + 2 * np.count_nonzero(g != self.base):
            self.working = self.always.copy()
        point = self._point(g, self.standard.eta_of_few(g), s)
        for rounds in range(1, self.max_iter + 1):
            self.rounds = max(self.rounds, rounds)
            added = self._add(point.g, slopes, s)
            before, point = point, self._descend(point, s)
            certificate = certify(self.standard, point.g[:, None], np.array([s]))
            slopes = certificate.slopes[:, 0]
            if best is None or certificate.gap[0] < best[1].gap[0]:
                best = (point.g, certificate)
            still = point.value >= before.value - 1e-15 * abs(point.value)
            stalled = stalled + 1 if still and not added else 0
            if best[1].gap[0] <= self.tol or stalled > _STALLED:
                break
        assert best is not None
        return best

    def _add(self, g: Array, slopes: Array, s: float) -> bool:
        """Take in what has moved, and zeros that outgrow their rates; whether there were any."""
        before = int(np.count_nonzero(self.working))
        self.working |= self.inside & (g != self.base)
        fresh = entering_zeros(self.ranked, g - self.base, slopes, s)
        fresh = fresh[~self.working[fresh]]
        self.working[fresh[: max(_ADDED, before)]] = True
        return int(np.count_nonzero(self.working)) > before

    def _descend(self, point: _Point, s: float) -> _Point:
        """Newton steps over the working columns until they bring little."""
        if not np.any(self.working):
            return point
        self.space.hold(self.working)
        little = _SHORT * np.sqrt(min(self.tol, 1e-2)) * self.standard.reference
        for _ in range(self.max_iter):
            before, point = point, self._search(point, self._step(point, s), s)
            if not before.value - point.value > little:
                break
        return point

    def _step(self, point: _Point, s: float) -> Array:
        """To the minimum of the model over the working columns."""
        standard, cols = self.standard, self.space.columns
        score = standard.score(point.eta)
        t, slopes = (point.g - self.base)[cols], self.space.dense.T @ score
        gram, h = self._curvature(point.eta)
        q = gram @ t + slopes
        size = float(t @ (q + slopes) + (score / h) @ score)
        inside, at = self.inside[cols], np.array([s])
        there = solve_sorted(gram, q, inside, self.ranked.rates, size, at, t, self.room)[0][0]
        return np.asarray(there - t)

    def _curvature(self, eta: Array) -> tuple[Array, Array]:
        """The Hessian over the working columns, and that of each row, or a bound of it."""
        standard, Z = self.standard, self.space.dense
        if not standard.likelihood.coupled:
            h = standard.likelihood.curvatures(standard.y, eta, standard.weights)
            h = np.maximum(h, 1e-12 * max(float(h.max()), 1e-300))
            return self.space.under(h)
        hessian = standard.rows.hessian(eta)
        h = np.maximum(hessian.bound, 1e-12 * max(float(hessian.bound.max()), 1e-300))
        root, means = np.sqrt(h)[:, None] * Z, hessian.apply(Z)
        gram = root.T @ root - means.T @ means
        floor = 1e-14 * np.abs(np.diag(gram)).max(initial=0.0) + 1e-300
        gram[np.diag_indices_from(gram)] += floor
        return gram, h

    def _search(self, point: _Point, step: Array, s: float) -> _Point:
        """The first of 1, 1/2, 1/4, ... of the step that does not raise the objective."""
        change, cols = self.space.dense @ step, self.space.columns
        for k in range(40):
            g = point.g.copy()
            g[cols] += 0.5**k * step
            there = self._point(g, point.eta + 0.5**k * change, s)
            if there.value <= point.value + 1e-14 * abs(point.value):
                return there
        return point

    def _point(self, g: Array, eta: Array, s: float) -> _Point:
        with np.errstate(over="ignore", invalid="ignore"):
            lost = self.standard.total(eta)
        value = float(lost + s * self.ranked.total(g - self.base))
        return _Point(g, eta, value if np.isfinite(value) else np.inf)


def entering_zeros(ranked: Ranked, t: Array, slopes: Array, s: float) -> Index:
    """Zeros of t (m,) whose sorted pulls outgrow the rates that are left for them, largest pull
    first."""
    zeros = ranked.columns[t[ranked.columns] == 0]
    pull = np.abs(slopes[zeros])
    order = np.argsort(-pull)
    excess = np.cumsum(pull[order] - s * ranked.rates[len(ranked.columns) - len(zeros) :])
    last = int(np.argmax(excess)) + 1 if len(excess) and excess.max() > 0 else 0
    return np.asarray(zeros[order[:last]])
