"""Proximal Newton on a working set, with the Hessian of all rows together.

``Z'diag(bound)Z - (M Z)'(M Z)``: the Gram matrix of the working columns less that of their means
over the risk sets (for cut-points: over the classes). Each step solves the penalised quadratic
model exactly (native), then takes as much of it as lowers the objective.
Source: Lee, Sun & Saunders (2014), algorithm 1; Simon, Friedman, Hastie & Tibshirani (2011),
section 2, who keep the diagonal only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from priorfit._typing import Array, Index
from priorfit.likelihoods import CoupledRows
from priorfit.priors import NormalForm
from priorfit.solve.certificate import Certificates, certify, gap_among, joined
from priorfit.solve.chosen import many_columns
from priorfit.solve.coupled.among_rows import AmongRows
from priorfit.solve.coupled.model import Model, minimum
from priorfit.solve.coupled.working import Working
from priorfit.solve.standard import Standard
from priorfit.solve.working_set import beyond, screen

__all__ = ["CoupledNewton"]

_WHOLE = 30_000  # entries of Z that are not worth a choice of columns
_COPY = 1 << 22  # numbers of a copy of the working columns that is made without a thought
_ROUNDING = 1e-12  # of the sum of weights
_SLOW = 0.1  # of the last step's fall: a Hessian whose steps shrink no faster is made anew
_STALLED = 5  # steps that change nothing before the search is given up


class CoupledNewton:
    """An engine that keeps its working columns from one strength to the next."""

    def __init__(
        self,
        standard: Standard,
        tol: float,
        max_iter: int,
        barrier: Callable[..., Array] | None = None,
    ) -> None:
        self.standard, self.tol, self.max_iter = standard, tol, max_iter
        self.barrier, entries = barrier, standard.size * standard.Z.shape[0]
        self.whole = barrier is not None or (standard.size <= 100 and entries <= _WHOLE)
        self.rows: CoupledRows = standard.rows
        self.rounds = 0
        self.among = AmongRows(standard) if AmongRows.applies(standard) else None
        native = barrier is None and self.among is None and _is_cheap(standard)
        self.many = many_columns(standard, tol) if native else None
        self._curved: tuple[Index, Array] | None = None
        self._working: Working | None = None

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        out, parts = np.empty((self.standard.size, len(strengths))), []
        done = 0
        if self.many is not None:  # what misses the tolerance, and all after it, is for here
            found, certificates = self.many(strengths, warm)
            gap, kkt, slopes = certificates[:3]
            self.rounds = max(self.rounds, found.shape[1])
            done = int(np.argmax(np.append(gap, np.inf) > self.tol))
            if done == len(strengths):
                return found, certificates
            parts.append(Certificates(gap[:done], kkt[:done], slopes[:0, :done]))
            out[:, :done] = found[:, :done]
        g, previous = out[:, done - 1] if done else warm, float(strengths[max(done - 1, 0)])
        slopes = self._slopes(self.standard.eta(g))
        for k in range(done, len(strengths)):
            s = float(strengths[k])
            guess = _ahead(self.standard.form, out[:, :k], strengths[: k + 1])
            g, certificate = self._solve(g, slopes, s, previous, guess)
            slopes, previous = certificate.slopes[:, 0], s
            out[:, k] = g
            parts.append(certificate._replace(slopes=certificate.slopes[:0]))
        return out, joined(parts)

    def _slopes(self, eta: Array) -> Array:
        return self.standard.Z.rmatvec(self.rows.score(eta))

    @np.errstate(over="ignore", invalid="ignore")
    def _solve(
        self, g: Array, slopes: Array, strength: float, previous: float, guess: Array | None
    ) -> tuple[Array, Certificates]:
        standard, form = self.standard, self.standard.form
        at = np.array([strength])
        working = screen(standard, g, slopes, strength, max(previous, strength))
        if self.whole:
            working = ~form.fixed
        eta = standard.eta_of_few(g)
        value, close, stalled, fell = self._objective(g, eta, strength), False, 0, np.inf
        if guess is None:
            self._curved = None
        if guess is not None:
            cols = np.flatnonzero(working)
            there = eta + self._change(guess - g, cols)
            guessed = self._objective(guess, there, strength)
            if guessed < value:
                g, eta, value = guess, there, guessed
                slopes = self._pull(eta, slopes, cols)
        best: tuple[Array, Certificates] | None = None
        for rounds in range(1, self.max_iter + 1):
            self.rounds = max(self.rounds, rounds)
            if close:
                certificate = certify(standard, g[:, None], at)
                if best is not None and certificate.gap[0] > 0.5 * best[1].gap[0]:
                    stalled += 1
                if best is None or certificate.gap[0] <= best[1].gap[0]:
                    best = (g, certificate)
                if certificate.gap[0] <= self.tol:
                    return best
                slopes = certificate.slopes[:, 0]
                pull = np.abs(slopes - strength * form.l2 * (g - form.loc))
                working |= beyond(form, pull, strength) & ~form.fixed
            cols = np.flatnonzero(working)
            proposal = self._propose(g, eta, slopes, strength, cols)
            moved = self._search(g, eta, value, proposal, strength, cols)
            if moved is None or stalled > _STALLED:
                break
            stalled += int(value - moved[2] <= 1e-15 * abs(value))
            if guess is None or value - moved[2] > _SLOW * fell:
                self._curved = None
            fell = value - moved[2]
            close = value - moved[2] <= np.sqrt(self.tol) * standard.reference
            g, eta, value = moved
            slopes = self._pull(eta, slopes, cols)
            # all columns are looked at where the working ones alone would pass
            close &= (
                bool(self.among) or gap_among(standard, cols, g, slopes, strength, eta) <= self.tol
            )
        certificate = certify(standard, g[:, None], at)
        if best is None or certificate.gap[0] <= best[1].gap[0]:
            best = (g, certificate)
        return best

    def _among(self, cols: Index) -> Working:
        """The working columns, made when they change."""
        if self._working is None or not np.array_equal(cols, self._working.cols):
            self._working = Working(self.standard, cols)
        return self._working

    def _change(self, step: Array, cols: Index) -> Array:
        """Z step, for a step of the working columns."""
        return self.standard.Z.matvec(step) if self.among else self._among(cols).times(step)

    def _pull(self, eta: Array, slopes: Array, cols: Index) -> Array:
        """Z' theta of the working columns, the others as they were."""
        if self.among:  # of no use there before the certificate
            return slopes
        fresh = slopes.copy()
        fresh[cols] = self._among(cols).pull(self.rows.score(eta))
        return fresh

    def _gram(self, eta: Array, cols: Index) -> Array:
        """The Hessian of the working columns; the last one where it serves again."""
        if self._curved is None or not np.array_equal(cols, self._curved[0]):
            self._curved = cols, self._fresh_gram(eta, cols)
        return self._curved[1]

    def _fresh_gram(self, eta: Array, cols: Index) -> Array:
        gram = self._among(cols).gram(self.rows.hessian(eta))
        floor = 1e-14 * np.abs(np.diag(gram)).max(initial=0.0) + 1e-300
        gram[np.diag_indices_from(gram)] += floor
        return gram

    def _propose(self, g: Array, eta: Array, slopes: Array, strength: float, cols: Index) -> Array:
        """The minimum of the quadratic model over the working columns."""
        if self.among:
            hessian = self.rows.hessian(eta)
            return self.among.propose(g, self.rows.score(eta), hessian, strength)
        most = float(np.max(np.abs(slopes[cols]), initial=1e-300))
        form, gram = self.standard.form, self._gram(eta, cols)
        model = Model(gram, cols, g, slopes)
        if self.barrier is not None:
            q, l1, l2 = gram @ g[cols] + slopes[cols], strength * form.l1[cols], form.l2[cols]
            start, left = g.copy(), slopes.copy()
            start[cols] = self.barrier(
                gram, q, l1, strength * l2, form.loc[cols], self.standard.reference
            )
            left[cols] = q - gram @ start[cols]
            model = Model(gram, cols, start, left)
        return minimum(form, model, strength, 1e-3 * min(1.0, self.tol) * most)

    def _search(
        self, g: Array, eta: Array, here: float, proposal: Array, strength: float, cols: Index
    ) -> tuple[Array, Array, float] | None:
        """The first of 1, 1/2, 1/4, ... of the step that does not raise the objective."""
        step = (proposal - g)[cols]
        change = self._change(proposal - g, cols)
        share = 1.0
        for _ in range(40):
            there = proposal
            if share < 1.0:
                there = g.copy()
                there[cols] += share * step
            moved = eta + share * change
            value = self._objective(there, moved, strength)
            if value <= here + 1e-14 * abs(here):
                return there, moved, value
            share *= 0.5
        return None

    def _objective(self, g: Array, eta: Array, strength: float) -> float:
        form = self.standard.form
        value = self.rows.total(eta) + float(strength * form.total(g - form.loc))
        return value if np.isfinite(value) else np.inf


def _is_cheap(standard: Standard) -> bool:
    """Whether a copy of the working columns is small, or they are few of all; and whether the null
    model pulls on them by more than rounding, in which the native path would look for a support."""
    n, m = standard.Z.shape
    small = n * min(n, m) <= _COPY or m > n
    return small and standard.null_correlation > _ROUNDING * float(standard.weights.sum())


def _ahead(form: NormalForm, before: Array, strengths: Array) -> Array | None:
    """Where the last two points of a path lead, on the line through them.

    Weights that rest at a kink of the penalty, or would cross zero, stay as they are.
    """
    if before.shape[1] < 2:
        return None
    a, b = before[:, -2], before[:, -1]
    step = (strengths[-1] - strengths[-2]) / min(strengths[-2] - strengths[-3], -1e-300)
    moved = np.clip(b + step * (b - a), form.lower, form.upper)
    sides = [np.sign(v - form.loc) for v in (a, b, moved)]
    return np.where((sides[0] == sides[1]) & (sides[1] == sides[2]), moved, b)
