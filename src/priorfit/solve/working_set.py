"""Many columns: solve on those that matter, check all, add what the check finds.

Screening by the sequential strong rule (Tibshirani et al. 2012, section 7), which only proposes;
the certificate over all columns decides.
"""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.priors import NormalForm
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.chosen import many_columns
from priorfit.solve.native import solve_quadratic
from priorfit.solve.standard import Standard

__all__ = ["WorkingSet", "Workspace", "beyond", "screen"]


class Workspace:
    """The working columns, their Gram matrix, and what the path has learned so far."""

    def __init__(self, standard: Standard) -> None:
        self.standard = standard
        self.q = standard.correlation
        self.columns: Index = np.empty(0, dtype=np.intp)
        self._gram = np.empty((0, 0))

    @property
    def gram(self) -> Array:
        m = len(self.columns)
        return self._gram[:m, :m]

    def add(self, fresh: Index) -> None:
        """Append columns; one product with the new ones extends the Gram matrix."""
        if not len(fresh):
            return
        Z, w = self.standard.Z, self.standard.weights
        m, k = len(self.columns), len(fresh)
        if m + k > len(self._gram):
            size = (
                m + k + (m + k) // 4
            )  # a matrix of twice the columns would be four times as large
            grown = np.empty((size, size))
            grown[:m, :m] = self._gram[:m, :m]
            self._gram = grown
        self._gram[m : m + k, m : m + k] = Z.gram(fresh, fresh, w)
        if m:
            cross = Z.gram(self.columns, fresh, w)
            self._gram[:m, m : m + k] = cross
            self._gram[m : m + k, :m] = cross.T
        self.columns = np.concatenate([self.columns, fresh])

    def missing(self, wanted: Mask) -> Index:
        """The wanted columns that are not yet working."""
        inside = np.zeros(self.standard.size, dtype=bool)
        inside[self.columns] = True
        return np.flatnonzero(wanted & ~inside)


def screen(standard: Standard, g: Array, slopes: Array, strength: float, previous: float) -> Mask:
    """Columns that may move: strong rule, plus all that are off their kink or have none."""
    form = standard.form
    t = g - form.loc
    pull = np.abs(slopes - previous * form.l2 * t)
    strong = beyond(form, pull, 2.0 * strength - previous)
    moved = (t != 0) | ~form.kinked
    if form.groups is not None:
        moved |= form.groups.spread(form.groups.total(moved.astype(np.float64))) > 0
    return np.asarray((strong | moved) & ~form.fixed)


def beyond(form: NormalForm, pull: Array, strength: float) -> Mask:
    """Columns, or whole groups, whose kink does not hold against ``pull`` (m,) >= 0."""
    soft = np.maximum(pull - strength * form.l1, 0.0)
    if form.groups is None:
        return np.asarray(pull >= strength * form.l1)
    groups = form.groups
    opens = groups.distances(soft) >= strength * groups.radius
    open_ = groups.spread(opens.astype(np.float64)) > 0
    return np.where(groups.inside, open_, pull >= strength * form.l1)


class WorkingSet:
    """An engine that keeps its working columns from one call to the next."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol, self.rounds = standard, tol, 0
        self.native = many_columns(standard, tol)
        self.space = Workspace(standard)

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        if self.native is None:
            return self._stepwise(strengths, warm)
        solutions, found = self.native(strengths, warm)
        done = solutions.shape[1]
        self.rounds = max(self.rounds, done)
        if done == len(strengths):
            return solutions, found
        warm = solutions[:, -1] if done else warm
        rest, certificates = self._stepwise(strengths[done:], warm)
        none = certificates._replace(slopes=np.empty((0, len(certificates.gap))))
        return np.hstack([solutions, rest]), joined([found, none])

    def _stepwise(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """One strength after the other, the working set kept."""
        standard, g = self.standard, warm
        out = np.empty((standard.size, len(strengths)))
        found: list[Certificates] = []
        slopes = certify(standard, g[:, None], strengths[:1]).slopes[:, 0]
        previous = _critical(standard, slopes)
        for k, s in enumerate(strengths):
            wanted = screen(standard, g, slopes, s, max(previous, s))
            self.space.add(_fewer(self.space, self.space.missing(wanted), g, slopes, s))
            g, certificate, rounds = _solve_one(self.space, g, float(s), self.tol)
            self.rounds = max(rounds, self.rounds)
            slopes, previous = certificate.slopes[:, 0], float(s)
            out[:, k] = g
            found.append(certificate)
        return out, joined(found)


def _fewer(space: Workspace, fresh: Index, g: Array, slopes: Array, strength: float) -> Index:
    """Of many that may move from a distant strength those that must, and the likeliest."""
    form, limit = space.standard.form, max(100, 2 * len(space.columns))
    must = (g != form.loc) | ~form.kinked
    others = fresh[~must[fresh]]
    if len(others) <= limit:
        return fresh
    pull = np.abs(slopes[others]) - strength * form.l1[others]
    return np.sort(np.concatenate([fresh[must[fresh]], others[np.argsort(-pull)[:limit]]]))


def _critical(standard: Standard, slopes: Array) -> float:
    l1 = standard.form.l1
    pure = (l1 > 0) & ~standard.form.fixed
    return float(np.max(np.abs(slopes[pure]) / l1[pure], initial=0.0))


def _solve_one(
    space: Workspace, g: Array, strength: float, tol: float
) -> tuple[Array, Certificates, int]:
    standard = space.standard
    inner = 1e-11 * standard.null_correlation
    best = (g, certify(standard, g[:, None], np.array([strength])))
    for rounds in range(1, 100):
        cols = space.columns
        held = g.copy()
        held[cols] = 0.0
        q = space.q[cols]
        if np.any(held):  # columns at a non-zero loc outside the working set
            rest = standard.weights * standard.Z.matvec(held)
            q = q - standard.Z.rmatvec(rest)[cols]
        at = np.array([strength])
        b, _ = solve_quadratic(space.gram, q, standard.form, cols, at, g[cols], inner)
        g = held
        g[cols] = b[0]
        certificate = certify(standard, g[:, None], at)
        if certificate.gap[0] <= best[1].gap[0]:
            best = (g, certificate)
        if certificate.gap[0] <= tol:
            return g, certificate, rounds
        fresh = _violators(space, g, certificate.slopes[:, 0], strength)
        if not len(fresh):
            break
        space.add(fresh)
    return *best, rounds


def _violators(space: Workspace, g: Array, slopes: Array, strength: float) -> Index:
    """The worst columns outside the working set that want to move, no more than it now holds."""
    form = space.standard.form
    pull = slopes - strength * form.l2 * (g - form.loc)
    beyond = np.abs(pull) - strength * form.l1
    fresh = space.missing((beyond > 0) & ~form.fixed)
    limit = max(100, len(space.columns))
    if len(fresh) <= limit:
        return fresh
    return np.sort(fresh[np.argsort(-beyond[fresh])[:limit]])
