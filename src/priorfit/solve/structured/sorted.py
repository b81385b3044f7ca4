"""Priors over sorted weights (SLOPE), for every smooth likelihood: a working set of columns.

Zeros rank last, so that a problem over some columns only is the same problem with the first of the
rates. Columns enter where the sorted correlations outgrow the sums of the rates.
Source: Larsson, Bogdan & Wallin, The strong screening rule for SLOPE (2020), algorithms 1 and 2.
"""

from __future__ import annotations

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.design import Dense
from priorfit.priors import Ranked
from priorfit.solve.certificate import Certificates, certify, certify_by_gram, joined
from priorfit.solve.native import solve_sorted
from priorfit.solve.standard import Standard
from priorfit.solve.structured.curved import CurvedSorted, entering_zeros
from priorfit.solve.working_set import Workspace

__all__ = ["SortedGaussian", "sorted_engine"]

_WHOLE = 1000  # unknowns whose Gram matrix is made at once
_SMALL = 300  # the same where there are fewer rows
_AHEAD = 10  # strengths that are solved before all columns are looked at
_ADDED = 50  # columns that may always enter together
_ROOM = 0.03  # of the tolerance: the rest is for what the columns left out add
_FINER = 1e-4  # of it, where a certificate asks for more


def sorted_engine(standard: Standard, tol: float, max_iter: int) -> SortedGaussian | CurvedSorted:
    """An engine for sorted priors; raises `InputError` where other columns are not flat or held."""
    form, ranked = standard.form, standard.form.ranked
    assert ranked is not None
    others = ~ranked.inside(standard.size) & ~form.fixed & ~form.flat
    if form.groups is not None or np.any(others):
        raise InputError(
            "columns beside those of a sorted prior must be flat or held",
            f"{int(np.sum(others))} with another prior",
            "Give them pf.Flat(), or the whole table one prior.",
        )
    if standard.gaussian:
        return SortedGaussian(standard, tol)
    return CurvedSorted(standard, tol, max_iter)


class SortedGaussian:
    """Several strengths at a time on the working columns, all columns looked at together."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol, self.rounds = standard, tol, 0
        form, (n, m) = standard.form, standard.Z.shape
        assert form.ranked is not None
        self.ranked: Ranked = form.ranked
        self.inside = self.ranked.inside(m)
        self.whole = m <= max(_SMALL, min(n, _WHOLE))
        self.base = np.clip(form.loc, form.lower, form.upper)
        residual = standard.y - standard.Z.matvec(self.base) if np.any(self.base) else standard.y
        self.size = float(standard.weights @ residual**2)
        self.q = standard.Z.rmatvec(standard.weights * residual)
        self.space = Workspace(standard)
        self.free = np.flatnonzero(~form.fixed)
        if not self.whole:
            self.space.add(np.flatnonzero(~self.inside & ~form.fixed))

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates, each warm from the last."""
        parts: list[tuple[Array, Certificates]] = []
        step, done = len(strengths) if self.whole else _AHEAD, 0
        g = warm
        while done < len(strengths):
            some = strengths[done : done + step]
            solutions, found = self._solve(some, g)
            good = int(np.argmin(np.append(found.gap <= self.tol, False)))
            if good < len(some) and not self._add(solutions[:, good:], found, good, some):
                solutions, found = self._finer(solutions, found, good, some)
                good += 1
            if good:
                g, done = solutions[:, good - 1], done + good
                found = _first(found, good)
                parts.append((solutions[:, :good], found._replace(slopes=found.slopes[:0])))
        return np.hstack([g for g, _ in parts]), joined([found for _, found in parts])

    def _solve(
        self, strengths: Array, warm: Array, share: float = _ROOM
    ) -> tuple[Array, Certificates]:
        """Solutions over the working columns, and what all columns say of them."""
        standard = self.standard
        cols = self.free if self.whole else self._kept(warm)
        gram = standard.gram[np.ix_(cols, cols)] if self.whole else self.space.gram
        room = share * min(self.tol, 1e-3) * standard.reference
        start, inside = (warm - self.base)[cols], self.inside[cols]
        t, rounds = solve_sorted(
            gram, self.q[cols], inside, self.ranked.rates, self.size, strengths, start, room
        )
        self.rounds = max(self.rounds, rounds)
        g = np.tile(self.base[:, None], len(strengths))
        g[cols] += t.T
        return g, self._certified(g, strengths)

    def _kept(self, warm: Array) -> Index:
        """The working columns, those that have moved among them."""
        self.space.add(self.space.missing((warm != self.base) & ~self.standard.form.fixed))
        return self.space.columns

    def _certified(self, g: Array, strengths: Array) -> Certificates:
        """By the Gram matrix where there is one; what it cannot vouch for by a look at X."""
        standard = self.standard
        if self.whole and isinstance(standard.Z.base, Dense) and len(strengths) > 1:
            found = certify_by_gram(standard, g, strengths)
            if np.all(found.gap <= self.tol):
                return found
        return certify(standard, g, strengths)

    def _add(self, g: Array, found: Certificates, first: int, strengths: Array) -> bool:
        """Take in zeros whose sorted pulls outgrow the rates left; whether there were any."""
        if self.whole:
            return False
        before = len(self.space.columns)
        wanted = np.zeros(self.standard.size, dtype=bool)
        for k in range(g.shape[1]):
            at = first + k
            fresh = self._entering(g[:, k], found.slopes[:, at], float(strengths[at]))
            wanted[fresh[: max(_ADDED, before)]] = True
        self.space.add(self.space.missing(wanted))
        return len(self.space.columns) > before

    def _entering(self, g: Array, slopes: Array, s: float) -> Index:
        """Those that are not yet working, the largest pull first."""
        entering = entering_zeros(self.ranked, g - self.base, slopes, s)
        return entering[~np.isin(entering, self.space.columns)]

    def _finer(
        self, solutions: Array, found: Certificates, k: int, strengths: Array
    ) -> tuple[Array, Certificates]:
        """One point once more with a narrower room; the better one stays."""
        g, again = self._solve(strengths[k : k + 1], solutions[:, k], _ROOM * _FINER)
        if not again.gap[0] < found.gap[k]:
            return solutions, found
        out = solutions.copy()
        out[:, k] = g[:, 0]
        return out, joined([_first(found, k), again])


def _first(found: Certificates, k: int) -> Certificates:
    return Certificates(found.gap[:k], found.kkt[:k], found.slopes[:, :k])
