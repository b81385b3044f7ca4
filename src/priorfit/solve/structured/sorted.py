"""Priors over sorted weights (SLOPE), for every smooth likelihood: a working set of columns.

Zeros rank last, so that a problem over some columns only is the same problem with the first of the
rates. Columns enter where the sorted correlations outgrow the sums of the rates.
Source: Larsson, Bogdan & Wallin, The strong screening rule for SLOPE (2020), algorithms 1 and 2.
"""

from __future__ import annotations

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index, Mask
from priorfit.priors import Ranked
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.standard import Standard
from priorfit.solve.structured.clusters import Model, minimise_sorted
from priorfit.solve.working_set import Workspace

__all__ = ["SortedWeights"]

_WHOLE = 2000  # unknowns whose Gram matrix is made at once
_ADDED = 50  # columns that may always enter together


class SortedWeights:
    """An engine for sorted priors; all other columns must be flat or held."""

    def __init__(self, standard: Standard, tol: float, max_iter: int) -> None:
        self.standard, self.tol, self.max_iter, self.rounds = standard, tol, max_iter, 0
        assert standard.form.ranked is not None
        self.ranked: Ranked = standard.form.ranked
        self.inside = self.ranked.inside(standard.size)
        self._check(standard)
        self.free = np.flatnonzero(~self.inside & ~standard.form.fixed)
        self.working = np.zeros(standard.size, dtype=bool)
        self.working[self.free] = True
        self.space = Workspace(standard)
        self.curvature, self.bounded = 0.0, 0

    def _check(self, standard: Standard) -> None:
        """Raise `InputError` where a column beside the ranked ones has another kind of belief."""
        form = standard.form
        others = ~self.inside & ~form.fixed & ~form.flat
        if form.groups is not None or np.any(others):
            raise InputError(
                "columns beside those of a sorted prior must be flat or held",
                f"{int(np.sum(others))} with another prior",
                "Give them pf.Flat(), or the whole table one prior.",
            )

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates, each warm from the last."""
        g, out = warm, np.empty((self.standard.size, len(strengths)))
        found: list[Certificates] = []
        slopes = self.standard.pull(g)
        for k, s in enumerate(strengths):
            g, certificate = self._solve(g, slopes, float(s))
            slopes = certificate.slopes[:, 0]
            out[:, k] = g
            found.append(certificate._replace(slopes=certificate.slopes[:0]))
        return out, joined(found)

    def _solve(self, g: Array, slopes: Array, s: float) -> tuple[Array, Certificates]:
        at, best = np.array([s]), None
        for rounds in range(1, min(self.max_iter, 200) + 1):
            self.rounds = max(self.rounds, rounds)
            self.working |= self._entering(g, slopes, s)
            before, g = g, self._step(g, slopes, s, np.flatnonzero(self.working))
            certificate = certify(self.standard, g[:, None], at)
            slopes = certificate.slopes[:, 0]
            better = best is None or certificate.gap[0] < best[1].gap[0]
            if best is None or better:
                best = (g, certificate)
            if best[1].gap[0] <= self.tol or (not better and np.array_equal(g, before)):
                break
        assert best is not None
        return best

    def _entering(self, g: Array, slopes: Array, s: float) -> Mask:
        """Zeros whose sorted correlations outgrow the rates that are left for them."""
        t = g - self.standard.form.loc
        moved = self.inside & (t != 0)
        zeros = np.flatnonzero(self.inside & ~moved)
        pull = np.abs(slopes[zeros])
        order = np.argsort(-pull, kind="stable")
        rates = s * self.ranked.rates[int(np.sum(moved)) :]
        excess = np.cumsum(pull[order] - rates)
        last = int(np.argmax(excess)) + 1 if len(excess) and excess.max() > 0 else 0
        entering: Mask = moved.copy()
        fresh = zeros[order[:last]]
        fresh = fresh[~self.working[fresh]]
        most = max(_ADDED, int(np.sum(self.working)))
        entering[fresh[:most]] = True
        return entering

    def _step(self, g: Array, slopes: Array, s: float, cols: Index) -> Array:
        """The minimum over the columns, of the objective or of its quadratic model at g."""
        standard, form = self.standard, self.standard.form
        t = g - form.loc
        if standard.gaussian and standard.size <= _WHOLE:
            gram = standard.gram[np.ix_(cols, cols)]
        elif standard.gaussian:
            self.space.add(self.space.missing(self.working))
            place = np.argsort(self.space.columns)
            gram = self.space.gram[np.ix_(place, place)]
        else:
            eta = standard.eta(g)
            h = standard.likelihood.curvatures(standard.y, eta, standard.weights)
            h = np.maximum(h, 1e-12 * max(float(h.max()), 1e-300))
            gram = standard.Z.gram(cols, cols, h)
        q = gram @ t[cols] + slopes[cols]
        ranked = np.flatnonzero(self.inside[cols])
        free = np.flatnonzero(~self.inside[cols])
        model = Model(gram, q, ranked, free, s * self.ranked.rates[: len(ranked)])
        tol = 0.03 * min(self.tol, 1e-3) * standard.null_correlation
        moved, self.curvature = minimise_sorted(model, t[cols], tol, self._bound(len(cols)))
        self.bounded = len(cols)
        there = g.copy()
        there[cols] = form.loc[cols] + moved
        return there if standard.gaussian else self._search(g, there, s)

    def _bound(self, size: int) -> float | None:
        """The largest curvature where it is known: of the same columns under the same weights."""
        return self.curvature if self.standard.gaussian and size == self.bounded else None

    def _search(self, g: Array, there: Array, s: float) -> Array:
        """The first of 1, 1/2, 1/4, ... of the step that does not raise the objective."""
        here = self._objective(g, s)
        for k in range(40):
            point = there if k == 0 else g + 0.5**k * (there - g)
            if self._objective(point, s) <= here + 1e-14 * abs(here):
                return point
        return g

    def _objective(self, g: Array, s: float) -> float:
        standard = self.standard
        with np.errstate(over="ignore", invalid="ignore"):
            lost = standard.likelihood.total(standard.y, standard.eta(g), standard.weights)
        value = float(lost + s * standard.form.total(g - standard.form.loc))
        return value if np.isfinite(value) else np.inf
