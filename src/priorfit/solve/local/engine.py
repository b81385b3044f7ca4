"""Penalties with a concave part: coordinate descent on a working set, from several starts.

Gaussian: the objective over the working columns is minimised coordinate by coordinate, each to its
global minimum (Breheny & Huang 2011; Mazumder, Friedman & Hastie 2011). Other likelihoods: the same
on a quadratic model whose curvature is raised until its step lowers the objective. Columns enter by
the strong rule and by the check of all of them, which is also the certificate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.likelihoods import Coupled
from priorfit.priors import AtStrength
from priorfit.solve.certificate import Certificates, certify
from priorfit.solve.local.columns import Columns
from priorfit.solve.local.model import convex_above, solve_model
from priorfit.solve.local.single import jump_violations, single_moves
from priorfit.solve.local.starts import Starts
from priorfit.solve.local.stationary import column_curvatures, objective, slopes_at, violations
from priorfit.solve.local.subsets import Subsets, enumerable, swapped
from priorfit.solve.standard import Standard

__all__ = ["Local"]

_AT_ONCE = 100  # columns that a check may bring in, at least
_SWAPS = 200
_STALLED = 5  # steps that lower nothing before a search is given up
_DISTINCT = 1e-4  # of the largest linear predictor: optima that differ by less are one


class Local:
    """An engine. One strength is solved from several ``starts``, a path from the point before."""

    def __init__(
        self, standard: Standard, tol: float, max_iter: int, starts: Starts | None
    ) -> None:
        self.standard, self.tol, self.max_iter, self.starts = standard, tol, max_iter, starts
        self.rounds, self.optima = 0, 1
        self._known: tuple[Array, Array] | None = None
        self.columns = Columns(standard)
        form = standard.form
        concave = form.concave
        self.jumps = concave is not None and concave.jumps
        fixed = standard.gaussian and self.jumps  # nothing else asks for them
        self.fixed_curvature = column_curvatures(standard, standard.y) if fixed else None
        known = self.fixed_curvature
        self._last_curvatures = np.zeros(standard.size) if known is None else known
        self.columns.add((form.flat | ~form.kinked) & ~form.fixed)
        self.subsets = Subsets(standard) if enumerable(standard) else None

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates."""
        if self.subsets is not None and self.subsets.suits(len(strengths)):
            return self._enumerated(self.subsets, strengths)
        out = np.empty((self.standard.size, len(strengths)))
        g, previous = warm, None
        for k, s in enumerate(strengths):
            many = len(strengths) == 1 and self.starts is not None
            g = self._best(float(s), g) if many else self._solve(float(s), g, previous)
            previous = float(s)
            out[:, k] = g
        return out, certify(self.standard, out, strengths)

    def _enumerated(self, subsets: Subsets, strengths: Array) -> tuple[Array, Certificates]:
        """The global minima: every subset was looked at, so the gap is rounding."""
        self.rounds = sum(len(sets) for sets in subsets.every)
        out = np.stack([subsets.best(float(s)) for s in strengths], axis=1)
        found = certify(self.standard, out, strengths)
        proved = found.kkt <= self.tol
        return out, found._replace(gap=np.where(proved, np.finfo(np.float64).eps, np.inf))

    def _best(self, strength: float, warm: Array) -> Array:
        """The lowest of the local optima that the starts lead to, and how many there are."""
        assert self.starts is not None
        found: list[tuple[float, Array]] = []
        at = self.standard.form.at(strength)
        for start in self.starts.of(strength, warm, self._solve):
            g = self._solve(strength, start, None)
            found.append((objective(self.standard, g, self.columns.eta(g), at), g))
        found.sort(key=lambda pair: pair[0])
        self.optima = _distinct([g for _, g in found])
        return self._exchanged(strength, *found[0]) if self.jumps else found[0][1]

    def _exchanged(self, strength: float, value: float, g: Array) -> Array:
        """Swaps of one weight for another, each followed by a descent, while they help."""
        standard, at = self.standard, self.standard.form.at(strength)
        for _ in range(_SWAPS):
            eta = self.columns.eta(g)
            slopes, curvatures = slopes_at(standard, eta), self._curvatures(eta)
            start = swapped(standard, g, eta, slopes, at, curvatures)
            if start is None:
                break
            there = self._solve(strength, start, None)
            lower = objective(standard, there, self.columns.eta(there), at)
            if not lower < value - 1e-12 * abs(value):
                break
            g, value, self.optima = there, lower, self.optima + 1
        return g

    def _solve(self, strength: float, g: Array, previous: float | None) -> Array:
        """One local optimum, downhill from ``g``."""
        standard, form = self.standard, self.standard.form
        g = np.clip(g, form.lower, form.upper)
        at = form.at(strength)
        self.columns.add((g != form.loc) & ~form.fixed)
        eta = self.columns.eta(g)
        slopes = self._slopes_known(g, eta)
        self.columns.add(self._likely(g, slopes, strength, previous or strength, at))
        enough = 0.5 * self.tol * standard.null_correlation
        best, least, stalled = g, np.inf, 0
        for rounds in range(1, self.max_iter + 1):
            self.rounds = max(self.rounds, rounds)
            before = g
            g, eta, fell = self._step(g, eta, slopes, at)
            if not np.array_equal(g, before):
                slopes = slopes_at(standard, eta)
            worst = self._violations(g, eta, slopes, at, rounds % 4 == 1)
            if self.jumps and worst.max() <= enough and rounds % 4 != 1:
                worst = self._violations(g, eta, slopes, at, True)
            fresh = self.columns.add(self._worst(worst, enough))
            stalled = 0 if fell or fresh else stalled + 1
            if worst.max() < least or fell or fresh:
                best, least = g, float(worst.max())
            if not fresh and (least <= enough or stalled > _STALLED):
                break
        self._known = (g, slopes)
        return best

    def _violations(self, g: Array, eta: Array, slopes: Array, at: AtStrength, anew: bool) -> Array:
        """Of what may move; a jump needs curvatures, which change little near the end."""
        if self.jumps:
            curvatures = self._curvatures(eta) if anew else self._last_curvatures
            if anew:
                worst = jump_violations(self.standard, g, eta, slopes, at, curvatures)
            else:
                worst = violations(g, slopes, at, curvatures)
        else:
            worst = violations(g, slopes, at, None)
        worst[self.standard.form.fixed] = 0.0
        return worst

    def _slopes_known(self, g: Array, eta: Array) -> Array:
        """The slopes at ``g``, where the last search ended if it ended there."""
        if self._known is not None and np.array_equal(g, self._known[0]):
            return self._known[1]
        standard = self.standard
        if np.array_equal(g, standard.start) and not np.any(g[int(standard.Z.intercept) :]):
            return standard.correlation
        return slopes_at(standard, eta)

    def _worst(self, worst: Array, enough: float) -> Mask:
        """The violators outside the working set; where they are many, the worst of them."""
        fresh = (worst > enough) & ~self.columns.inside
        most = max(_AT_ONCE, len(self.columns.chosen))
        if np.count_nonzero(fresh) > most:
            fresh &= worst >= np.partition(worst[fresh], -most)[-most]
        return np.asarray(fresh)

    def _likely(
        self, g: Array, slopes: Array, strength: float, previous: float, at: AtStrength
    ) -> Mask:
        """Columns that may move: the strong rule of the slope at loc, for a jump its price."""
        form = self.standard.form
        if self.jumps:
            curve = self._curvatures(self.columns.eta(g)) + at.l2
            assert at.size is not None
            beyond = np.abs(slopes) >= 0.7 * np.sqrt(2.0 * curve * at.size)
        else:
            strong = 2.0 * strength - max(previous, strength)
            if strong < 0.5 * strength:  # from afar the rule lets all in: the check then decides
                strong = strength * 4.0
            beyond = np.abs(slopes) >= strong * form.l1
        return np.asarray(beyond & ~form.fixed)

    def _curvatures(self, eta: Array) -> Array:
        if self.fixed_curvature is not None:
            return self.fixed_curvature
        if self.jumps:
            self._last_curvatures = column_curvatures(self.standard, eta)
        return self._last_curvatures

    def _step(
        self, g: Array, eta: Array, slopes: Array, at: AtStrength
    ) -> tuple[Array, Array, bool]:
        """A point whose objective is not higher, its linear predictor, and whether it is lower."""
        standard, cols = self.standard, self.columns.chosen
        inner = 0.1 * self.tol * standard.null_correlation
        if standard.gaussian:
            gram = self.columns.gram
            q = gram @ g[cols] + slopes[cols]
            there, moved = self._moved(g, solve_model(gram, q, at, cols, g[cols], inner), cols)
            return there, moved, not np.array_equal(there, g)
        here = objective(standard, g, eta, at)
        slack = 1e-14 * abs(here)
        level: tuple[Array, Array] | None = None
        for there, moved in self._proposals(g, eta, slopes, at, inner):
            value = objective(standard, there, moved, at)
            if value < here - slack:
                return there, moved, True
            if value <= here + slack:
                level = level or (there, moved)  # the last digits are the slopes' to judge
                if not self.jumps:
                    break
        return *(level or (g, eta)), False

    def _proposals(
        self, g: Array, eta: Array, slopes: Array, at: AtStrength, inner: float
    ) -> Iterator[tuple[Array, Array]]:
        """Steps to try in turn: the quadratic model's; Newton's under the convex penalty that
        touches this one from above, shorter and shorter; for jumps the best move of one weight in
        or out, else the model's with a curvature that is raised and raised."""
        cols = self.columns.chosen[places := self._live(g, slopes, at)]
        gram = self._curved(eta, places)
        q = gram @ g[cols] + slopes[cols]
        yield self._moved(g, solve_model(gram, q, at, cols, g[cols], inner), cols)
        stay = np.arange(len(cols))
        if at.size is not None and self.jumps:
            stay = np.flatnonzero((g != at.form.loc)[cols] | (at.size[cols] == 0))
        rest, model = cols[stay], gram[np.ix_(stay, stay)]
        q = model @ g[rest] + slopes[rest]
        above = convex_above(at, np.abs(g - at.form.loc))
        step = solve_model(model, q, above, rest, g[rest], inner) - g[rest]
        for share in 0.5 ** np.arange(0, 24 if self.jumps else 6):
            yield self._moved(g, g[rest] + share * step, rest)
        if self.jumps:
            yield from self._single(g, eta, slopes, at)
            return
        for times in 2.0 ** np.arange(1, 24):
            raised = times * gram
            b = solve_model(raised, raised @ g[cols] + slopes[cols], at, cols, g[cols], inner)
            yield self._moved(g, b, cols)

    def _single(
        self, g: Array, eta: Array, slopes: Array, at: AtStrength
    ) -> Iterator[tuple[Array, Array]]:
        """The best move of one priced weight in or out, if there is one to look at."""
        assert at.size is not None
        curvatures = self._curvatures(eta)
        doubtful = np.flatnonzero(violations(g, slopes, at, curvatures) * (at.size > 0))
        places, gains = single_moves(self.standard, g, eta, slopes, at, curvatures, doubtful)
        if len(gains):
            best = int(np.argmax(gains))
            self.columns.add(np.arange(len(g)) == doubtful[best])
            yield self._moved(g, places[[best]], doubtful[[best]])

    def _live(self, g: Array, slopes: Array, at: AtStrength) -> Index:
        """The places of the working columns that are off loc, or nearly so by their slope."""
        form, cols = self.standard.form, self.columns.chosen
        live = (g != form.loc) | ~form.kinked
        if self.jumps and at.size is not None:
            live |= np.abs(slopes) >= 0.8 * np.sqrt(2.0 * self._last_curvatures * at.size)
        else:
            live |= np.abs(slopes) >= 0.8 * at.l1
        return np.flatnonzero(live[cols])

    def _curved(self, eta: Array, places: Index) -> Array:
        """Z'HZ of these working columns, H the second derivative of the likelihood part."""
        standard = self.standard
        likelihood = standard.likelihood
        if isinstance(likelihood, Coupled):
            hessian = likelihood.rows(standard.y, standard.weights).hessian(eta)
            Z = self.columns.matrix(places)
            means = hessian.apply(Z)
            return np.asarray(Z.T @ (hessian.bound[:, None] * Z) - means.T @ means)
        h = likelihood.curvatures(standard.y, eta, standard.weights)
        if np.count_nonzero(h) <= len(places):  # too few rows curve: from above, then
            h = likelihood.majorants(standard.y, eta, standard.weights)
        return self.columns.curved(np.maximum(h, 1e-12 * max(float(h.max()), 1e-300)), places)

    def _moved(self, g: Array, b: Array, cols: Index) -> tuple[Array, Array]:
        there = g.copy()
        there[cols] = b
        return there, self.columns.eta(there)


def _distinct(found: list[Array]) -> int:
    """How many of these are different estimates."""
    kept: list[Array] = []
    for g in found:
        near = _DISTINCT * (np.abs(g).max() + 1e-300)
        if not any(np.abs(g - other).max() <= near for other in kept):
            kept.append(g)
    return len(kept)
