"""Any smooth convex likelihood: proximal Newton on a working set.

Each step solves the penalised quadratic model at the present fit exactly (native), then takes as
much of the step as lowers the objective. Source: Lee, Sun & Saunders (2014), algorithm 1;
Friedman, Hastie & Tibshirani (2010), section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from priorfit._typing import Array, Index
from priorfit.design import Dense, Present
from priorfit.solve.blocks import blocks_of, bounded
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.chosen import many_columns
from priorfit.solve.columns import read_in_place
from priorfit.solve.least_squares import dual_normal, is_quadratic
from priorfit.solve.native import native_loss, solve_glm, solve_group_quadratic, solve_quadratic
from priorfit.solve.outputs import OutputsStandard
from priorfit.solve.quasi import quasi_newton
from priorfit.solve.standard import Standard
from priorfit.solve.working_set import beyond, screen

__all__ = ["Newton"]

_SMALL = 300
_TURNS = 200  # of groups and bounded columns
_STALLED = 5  # steps that change nothing before the search is given up
_NATIVE = 2_000_000  # numbers in Z: beyond, BLAS is worth its calls for one strength
_COPIED = 1 << 24  # numbers in Z whose columns may be copied as they are used: 134 MB
_TINY = 1_000_000  # multiplications of a Hessian: below, one native call is worth more than BLAS
_FEW_ROWS, _LESS = 2000, 40_000_000  # the same where a start from fewer rows saves little


class Newton:
    """An engine; the kernel of the dual form is made once."""

    def __init__(
        self,
        standard: Standard,
        tol: float,
        max_iter: int,
        barrier: Callable[..., Array] | None = None,
    ) -> None:
        self.standard, self.tol, self.max_iter = standard, tol, max_iter
        self.rounds, self.barrier, self.above = 0, barrier, False
        form, n = standard.form, standard.Z.shape[0]
        self.normal = standard.normal
        self.flat = np.flatnonzero(form.flat)
        self.several = isinstance(standard, OutputsStandard)
        dual = is_quadratic(standard) and len(self.normal) > n >= len(self.flat)
        self.dual = dual and not self.several
        self.whole = standard.size <= _SMALL or barrier is not None
        self.kernel = standard.kernel if self.dual else np.empty((0, 0))
        plain = barrier is None and not self.several and not self.dual
        known = native_loss(standard.likelihood) is not None and form.groups is None
        tiny = known and n * standard.size**2 <= (_LESS if n <= _FEW_ROWS else _TINY)
        self.quasi = quasi_newton(standard, tol) if plain and not tiny else None
        plain &= self.quasi is None
        shared, base = standard.shared, standard.Z.base
        near = shared.native if shared is not None else read_in_place(base)
        small = near and n * standard.size <= _COPIED
        self.many = many_columns(standard, tol) if plain and (small or not self.whole) else None
        few = plain and known and self.whole and n * standard.size <= _NATIVE
        self.dense = standard.Z.dense() if few and self.many is None else None
        self.native = self.dense is not None or (few and isinstance(base, Dense | Present))

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        out, done = np.empty((self.standard.size, len(strengths))), 0
        parts: list[Certificates] = []
        if self.native or self.quasi is not None or self.many is not None:
            found, certificates = self._all_native(strengths, warm)
            done = int(np.argmax(np.append(certificates.gap, np.inf) > self.tol))
            if done == len(strengths):
                return found, certificates
            gap, kkt, slopes = certificates[:3]
            parts = [Certificates(gap[:done], kkt[:done], slopes[:0, :done])]
            out[:, :done] = found[:, :done]
        g = out[:, done - 1] if done else warm
        previous = float(strengths[max(done - 1, 0)])
        slopes = self._slopes(self.standard.eta(g))
        for k in range(done, len(strengths)):
            g, certificate = self._solve(g, slopes, float(strengths[k]), previous)
            slopes, previous = certificate.slopes[:, 0], float(strengths[k])
            out[:, k] = g
            parts.append(certificate._replace(slopes=certificate.slopes[:0]))
        return out, joined(parts)

    def _all_native(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """One native call; what misses the tolerance and all after it is for the general way."""
        if self.many is not None and (len(strengths) > 1 or not self.native):
            found, certificates = self.many(strengths, warm)
            self.rounds = max(self.rounds, found.shape[1])
            if not self.native or np.sum(certificates.gap <= self.tol) == len(strengths):
                return found, certificates
        if self.quasi is not None:
            found = self.quasi(strengths, warm)
            self.rounds = self.quasi.rounds
            return found, certify(self.standard, found, strengths)
        tol = max(1e-11, 1e-2 * self.tol) * self.standard.null_correlation
        Z = self.standard.Z.dense() if self.dense is None else self.dense
        assert Z is not None
        coefs, self.rounds = solve_glm(self.standard, Z, strengths, warm, tol)
        return coefs.T, certify(self.standard, coefs.T, strengths)

    @np.errstate(over="ignore", invalid="ignore")
    def _solve(
        self, g: Array, slopes: Array, strength: float, previous: float
    ) -> tuple[Array, Certificates]:
        standard, form = self.standard, self.standard.form
        at = np.array([strength])
        working = screen(standard, g, slopes, strength, max(previous, strength))
        if self.whole:
            working = ~form.fixed
        eta = standard.eta(g)
        value, close = self._objective(g, eta, strength), False
        best: tuple[Array, Certificates] | None = None
        stalled = 0
        for rounds in range(1, self.max_iter + 1):
            self.rounds = max(self.rounds, rounds)
            if close:
                certificate = certify(standard, g[:, None], at)
                if best is None or certificate.gap[0] <= best[1].gap[0]:
                    best = (g, certificate)
                if certificate.gap[0] <= self.tol:
                    return best
                slopes = certificate.slopes[:, 0]
            elif rounds > 1:
                slopes = self._slopes(eta)
            pull = np.abs(slopes - strength * form.l2 * (g - form.loc))
            working |= beyond(form, pull, strength) & ~form.fixed
            proposal = self._propose(g, eta, slopes, strength, np.flatnonzero(working))
            moved = self._search(g, eta, value, proposal, strength)
            if moved is None and not self.above:  # curved too little there to say how far to go
                self.above = True
                continue
            self.above = False
            if moved is None or stalled > _STALLED:
                break
            stalled = stalled + 1 if value - moved[2] <= 1e-15 * abs(value) else 0
            # Newton squares the error: a full certificate is worth its passes near the end only
            close = value - moved[2] <= np.sqrt(self.tol) * standard.reference
            g, eta, value = moved
        certificate = certify(standard, g[:, None], at)
        if best is None or certificate.gap[0] <= best[1].gap[0]:
            best = (g, certificate)
        return best

    @np.errstate(over="ignore", invalid="ignore")  # a start where the mean overflows
    def _slopes(self, eta: Array) -> Array:
        """Z' theta at this linear predictor, (m,)."""
        standard = self.standard
        return standard.Z.rmatvec(standard.likelihood.score(standard.y, eta, standard.weights))

    def _propose(self, g: Array, eta: Array, slopes: Array, strength: float, cols: Index) -> Array:
        """The minimum of the quadratic model over the working columns."""
        standard = self.standard
        if self.dual:
            return self._propose_dual(g, eta, slopes, strength)
        groups = standard.form.groups
        if groups is not None and np.any(groups.inside[cols]):
            return self._propose_groups(g, eta, slopes, strength, cols)
        return self._minimum(self._information(cols, eta), g, slopes, strength, cols)

    def _information(self, cols: Index, eta: Array) -> Array:
        """``Z_C' H Z_C`` of the quadratic model."""
        if isinstance(self.standard, OutputsStandard):
            return self.standard.information(cols, eta)
        return self.standard.Z.gram(cols, cols, self._curvatures(eta))

    def _curvatures(self, eta: Array) -> Array:
        """What the rows weigh in the quadratic model, (n,), positive."""
        standard = self.standard
        y, w = standard.y, standard.weights
        h = standard.likelihood.curvatures(y, eta, w)
        if self.above or np.count_nonzero(h) <= min(standard.size, len(h) // 2):  # few rows curve
            h = standard.likelihood.majorants(y, eta, w)
        return np.maximum(h, 1e-12 * max(float(h.max()), 1e-300))

    def _minimum(self, gram: Array, g: Array, slopes: Array, strength: float, cols: Index) -> Array:
        """Of the model with this Gram matrix."""
        q = gram @ g[cols] + slopes[cols]
        tol = 1e-3 * min(1.0, self.tol) * float(np.max(np.abs(slopes[cols]), initial=1e-300))
        at, warm = np.array([strength]), g[cols]
        form = self.standard.form
        if self.barrier is not None:
            l1, l2 = strength * form.l1[cols], strength * form.l2[cols]
            warm = self.barrier(gram, q, l1, l2, form.loc[cols], self.standard.reference)
        b, _ = solve_quadratic(gram, q, form, cols, at, warm, tol, 50)
        proposal = g.copy()
        proposal[cols] = b[0]
        return proposal

    def _propose_groups(
        self, g: Array, eta: Array, slopes: Array, strength: float, cols: Index
    ) -> Array:
        form = self.standard.form
        if np.any(bounded(form)[cols]):
            return self._propose_in_turn(g, eta, slopes, strength, cols)
        blocks = blocks_of(form, cols)
        gram = self._information(blocks.columns, eta)
        t = (g - form.loc)[blocks.columns]
        q = gram @ t + slopes[blocks.columns]
        gram[np.diag_indices_from(gram)] += strength * form.l2[blocks.columns]
        tol = 1e-2 * min(1.0, self.tol) * float(np.max(np.abs(slopes[cols]), initial=1e-300))
        proposal = g.copy()
        proposal[blocks.columns] += solve_group_quadratic(gram, q, blocks, strength, t, tol) - t
        return proposal

    def _propose_in_turn(
        self, g: Array, eta: Array, slopes: Array, strength: float, cols: Index
    ) -> Array:
        """Groups and bounded columns are two kernels: each solved given the other, in turn."""
        form, base = self.standard.form, g
        inside = np.zeros(len(cols), bool) if form.groups is None else form.groups.inside[cols]
        blocks, others = blocks_of(form, cols[inside]), cols[~inside]
        m = len(blocks.columns)
        gram = self._information(np.concatenate([blocks.columns, others]), eta)
        mine, cross, theirs = gram[:m, :m].copy(), gram[:m, m:], gram[m:, m:]
        tol = 1e-2 * min(1.0, self.tol) * float(np.max(np.abs(slopes[cols]), initial=1e-300))
        start, at = base[blocks.columns] - form.loc[blocks.columns], np.array([strength])
        t, b = start, base[others]
        for _ in range(_TURNS):
            q = mine @ start + slopes[blocks.columns] - cross @ (b - base[others])
            moved = solve_group_quadratic(mine, q, blocks, strength, t, tol)
            q = theirs @ base[others] + slopes[others] - cross.T @ (moved - start)
            answer, _ = solve_quadratic(theirs, q, form, others, at, b, tol, 50)
            change = np.max(np.abs(cross.T @ (moved - t)), initial=0.0)
            change = max(change, np.max(np.abs(cross @ (answer[0] - b)), initial=0.0))
            t, b = moved, answer[0]
            if change <= tol:
                break
        proposal = g.copy()
        proposal[blocks.columns] += t - start
        proposal[others] = b
        return proposal

    def _propose_dual(self, g: Array, eta: Array, slopes: Array, strength: float) -> Array:
        """The same by the dual form: ``u = H Z step``, ``s l2 step = pull - Z'u`` where normal."""
        standard, normal = self.standard, self.normal
        stiff = strength * standard.form.l2[normal]
        pull = slopes[normal] - stiff * (g - standard.form.loc)[normal]
        step = np.zeros(standard.size)
        step[normal] = pull / stiff
        free = standard.Z.columns(self.flat, np.zeros(standard.size))[0]
        h, target = self._curvatures(eta), standard.Z.matvec(step)
        a, u = dual_normal(self.kernel, free, target, h, strength, slopes[self.flat])
        step[normal] = (pull - standard.Z.rmatvec(u)[normal]) / stiff
        step[self.flat] = -a
        return g + step

    def _search(
        self, g: Array, eta: Array, here: float, proposal: Array, strength: float
    ) -> tuple[Array, Array, float] | None:
        """The first of 1, 1/2, 1/4, ... of the step that does not raise the objective."""
        step = proposal - g
        change = self.standard.Z.matvec(step)
        slack = 1e-14 * abs(here)
        share = 1.0
        for _ in range(40):
            there = g + share * step if share < 1.0 else proposal
            moved = eta + share * change
            value = self._objective(there, moved, strength)
            if value <= here + slack:
                return there, moved, value
            share *= 0.5
        return None

    def _objective(self, g: Array, eta: Array, strength: float) -> float:
        standard = self.standard
        with np.errstate(over="ignore", invalid="ignore"):
            lost = standard.likelihood.total(standard.y, eta, standard.weights)
        value = float(lost + strength * standard.form.total(g - standard.form.loc))
        return value if np.isfinite(value) else np.inf
