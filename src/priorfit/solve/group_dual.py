"""More active columns than rows, in groups: Newton steps whose systems are solved among the rows.

On the active groups the objective is smooth, with Hessian ``Z'HZ + K - sum_g k_g u_g u_g'``: H the
curvatures of the likelihood, ``k_g = s rate / |t_g|``, K their diagonal, u_g the direction of the
group. With W = Z U it is inverted through ``M = I + Z K^-1 Z'`` (n, n) and ``W' M^-1 W``. An older
inverse preconditions conjugate gradients on the present Hessian. Directions are float32; residuals,
slopes and certificates are float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import lapack

from priorfit._typing import Array, Index, Mask, Single
from priorfit.solve.blocks import Blocks, blocks_of
from priorfit.solve.certificate import Certificates, certify
from priorfit.solve.native import solve_group_quadratic
from priorfit.solve.standard import Standard
from priorfit.solve.working_set import beyond

__all__ = ["GroupDual"]

_NEAR = 0.97  # of the rate: groups whose correlations head this far are taken in
_LOOSE = 1e-3  # of the squared length of the slopes, for directions
_FRESH = 0.3  # of the free columns
_GONE = 0.01  # likewise, of those that no longer are
_PATIENCE = 9  # steps of conjugate gradients after which the inverse is made anew


class GroupDual:
    """An engine for dense columns; every unknown but the intercept is in a group."""

    def __init__(self, standard: Standard, tol: float) -> None:
        self.standard, self.tol, self.rounds = standard, tol, 0
        self.root = np.sqrt(standard.weights)
        self.space = _Space(standard, self.root)

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and their certificates, each warm from the last."""
        standard, form = self.standard, self.standard.form
        out = np.empty((standard.size, len(strengths)))
        g, older, previous = warm, warm, np.inf
        start = standard.weights * (standard.y - standard.eta(g))
        slopes = before = standard.Z.rmatvec(start)
        step = 0.0
        for k, s in enumerate(strengths):
            f = (previous - s) / step if step > 0 and np.isfinite(previous) else 0.0
            self.space.add(beyond(form, np.abs(slopes + f * (slopes - before)), _NEAR * s))
            start = _extrapolated(g, older, f)
            while True:
                found, residual = self.space.solve(start, float(s), self.tol)
                new = standard.Z.rmatvec(self.root * residual)
                missing = beyond(form, np.abs(new), s * (1.0 + 0.3 * self.tol))
                if not self.space.add(missing):
                    break
                start = found
            older, g, before, slopes = g, found, slopes, new
            step = previous - s if np.isfinite(previous) else 0.0
            previous = float(s)
            out[:, k] = g
        self.rounds = self.space.rounds
        return out, certify(standard, out, strengths)


def _extrapolated(g: Array, older: Array, f: float) -> Array:
    there = g + f * (g - older)
    return np.where((there * g > 0) & (older != 0), there, g)


class _Space:
    """The working columns times the root of the weights, group by group, in both precisions."""

    def __init__(self, standard: Standard, root: Array) -> None:
        self.standard, self.root, self.rounds = standard, root, 0
        self.columns: Index = np.empty(0, dtype=np.intp)
        self.held = np.empty((len(root), 0), order="F")
        self.single = self.held.astype(np.float32)
        self.first: Index = np.empty(0, dtype=np.intp)  # where each group begins
        self.of: Index = np.empty(0, dtype=np.intp)
        self.l1 = self.rate = self.squares = np.empty(0)
        self.inverse: _Inverse | None = None
        base = np.clip(standard.form.loc, standard.form.lower, standard.form.upper)
        self.target = root * (standard.y - standard.eta(base))

    @property
    def z(self) -> Array:
        return self.held[:, : len(self.columns)]

    @property
    def small(self) -> Single:
        """`z` in float32."""
        return self.single[:, : len(self.columns)]

    def add(self, wanted: Mask) -> bool:
        """Take in the wanted groups; whether any was missing."""
        form, first = self.standard.form, int(self.standard.Z.intercept)
        inside = np.zeros(self.standard.size, dtype=bool)
        inside[self.columns] = True
        fresh = np.flatnonzero(wanted & ~inside & ~form.fixed)
        fresh = fresh[fresh >= first]
        if not len(fresh):
            return False
        blocks = blocks_of(form, fresh)
        m, k = len(self.columns), len(fresh)
        if m + k > self.held.shape[1]:
            room = min(2 * (m + k), self.standard.size)
            self.held = _wider(self.held, room)
            self.single = _wider(self.single, room)
        Z = self.standard.Z
        new = Z.base.comparable(blocks.columns - first, Z.center, Z.scale)[0]
        self.held[:, m : m + k] = self.root[:, None] * new
        self.single[:, m : m + k] = self.held[:, m : m + k]
        self.squares = np.concatenate(
            [self.squares, np.square(self.held[:, m : m + k]).sum(axis=0)]
        )
        self.of = np.concatenate(
            [
                self.of,
                len(self.rate) + np.repeat(np.arange(len(blocks.rate)), np.diff(blocks.first)),
            ]
        )
        self.first = np.concatenate([self.first, m + blocks.first[:-1]])
        self.columns = np.concatenate([self.columns, blocks.columns])
        self.l1 = np.concatenate([self.l1, blocks.l1])
        self.rate = np.concatenate([self.rate, blocks.rate])
        return True

    # -- one strength ----------------------------------------------------------------------------

    def solve(self, start: Array, s: float, tol: float) -> tuple[Array, Array]:
        """The optimum over the working groups at strength ``s``, all others at the prior mean, and
        its residuals times the root of the weights."""
        loc = self.standard.form.loc
        t = (start - loc)[self.columns]
        r = self.target - self.z @ t
        for rounds in range(1, 60):
            self.rounds = max(self.rounds, rounds)
            v = self.z.T @ r
            enough = self.enough = self._enough(t, s, tol)
            violation, entering = self._violations(t, v, s)
            if violation.max(initial=0.0) <= enough:
                break
            entering &= violation > enough
            if np.any(entering):
                change = self._enter(t, v, s, entering)
                t, r = t + change, r - self._product(change)
                v = self.z.T @ r
            moved = self._search(t, r, self._direction(t, v, s), s)
            if moved is None:
                break
            t, r = moved
        g = np.where(self.standard.form.fixed, start, loc)
        g[self.columns] = loc[self.columns] + t
        g[: int(self.standard.Z.intercept)] = start[: int(self.standard.Z.intercept)]
        return g, r

    def _enough(self, t: Array, s: float, tol: float) -> float:
        """A violation that costs the gap about ``tol``: where it is the share x of the rate, the
        gap is x times the penalty to first order."""
        penalty = s * float(self.rate @ np.sqrt(self.total(t * t)) + self.l1 @ np.abs(t))
        share = tol * max(1.0, self.standard.reference / penalty) if penalty > 0 else tol
        return min(3.0 * share, 0.1) * s * float(self.rate.min())

    def _product(self, change: Array) -> Array:
        some = np.flatnonzero(change)
        if 4 * len(some) > len(change):
            return self.z @ change
        return self.z[:, some] @ change[some]

    def total(self, x: Array) -> Array:
        """Sums over each group."""
        return np.add.reduceat(x, self.first)

    def _pull(self, t: Array, v: Array, s: float) -> tuple[Array, Array]:
        """Minus the slope of the objective where it is smooth, and the curvatures ``k_g``."""
        length = np.sqrt(self.total(t * t))
        bend = np.where(length > 0, s * self.rate / np.where(length > 0, length, 1.0), 0.0)
        return v - bend[self.of] * t - s * self.l1 * np.sign(t), bend

    def _violations(self, t: Array, v: Array, s: float) -> tuple[Array, Mask]:
        """Of each group, and which groups have a coordinate at a kink that it wants to leave."""
        pull, bend = self._pull(t, v, s)
        soft = np.maximum(np.abs(pull) - s * self.l1, 0.0)
        miss = np.sqrt(self.total(np.where(t != 0, pull, soft) ** 2))
        still = bend == 0
        leaves = self.total(((t == 0) & (self.l1 > 0) & (soft > 0)).astype(np.float64)) > 0
        return np.where(still, np.maximum(miss - s * self.rate, 0.0), miss), still | leaves

    def _enter(self, t: Array, v: Array, s: float, groups: Mask) -> Array:
        """The best change of these groups, all others held."""
        chosen = np.flatnonzero(groups[self.of])
        sizes = np.diff(np.append(self.first, len(self.columns)))[groups]
        first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        blocks = Blocks(chosen, first, self.l1[chosen], self.rate[groups])
        z = self.z[:, chosen]
        gram, before = z.T @ z, t[chosen]
        tol = 0.5 * self.enough
        change = np.zeros_like(t)
        q = v[chosen] + gram @ before
        change[chosen] = solve_group_quadratic(gram, q, blocks, s, before, tol) - before
        return change

    def _search(self, t: Array, r: Array, d: Array, s: float) -> tuple[Array, Array] | None:
        """The first of 1, 1/2, ... of the step that does not raise the objective, with its
        residuals; what would turn round stops at 0."""
        here = self._objective(t, r, s)
        share = 1.0
        for _ in range(20):
            there = t + share * d
            there[(self.l1 > 0) & (there * t <= 0)] = 0.0
            there[(self.total(there * t) <= 0)[self.of]] = 0.0
            left = r - self.z @ (there - t)
            if self._objective(there, left, s) <= here * (1.0 + 1e-14):
                return there, left
            share *= 0.5
        return None

    def _objective(self, t: Array, r: Array, s: float) -> float:
        lengths = np.sqrt(self.total(t * t))
        return float(0.5 * r @ r + s * (self.rate @ lengths + self.l1 @ np.abs(t)))

    # -- directions, in float32 ------------------------------------------------------------------

    def _direction(self, t: Array, v: Array, s: float) -> Array:
        """The Newton step by preconditioned conjugate gradients."""
        pull, bend = self._pull(t, v, s)
        length = np.sqrt(self.total(t * t))
        free = (t != 0) | ((self.l1 == 0) & (length > 0)[self.of])
        u = (t / np.where(length > 0, length, 1.0)[self.of]).astype(np.float32)
        k = bend[self.of].astype(np.float32)
        if self.inverse is None or self.inverse.outworn(free):
            self.inverse = _Inverse(self, free, u, k)
        self.inverse.aim(free, u, k)
        rest = np.where(free, pull, 0.0).astype(np.float32)
        d, line, curved = np.zeros_like(rest), np.zeros_like(rest), np.zeros_like(rest)
        size, enough = np.inf, 0.0
        for turn in range(30):
            solved, product = self.inverse(rest)
            left = float(rest @ solved)
            enough = enough or _LOOSE * left
            if turn and left <= enough:
                break
            bent = product + k * (solved - u * np.add.reduceat(u * solved, self.first)[self.of])
            again = np.float32(left / size)
            line, curved, size = solved + again * line, bent * free + again * curved, left
            along = float(line @ curved)
            if not along > 0:
                break
            d += np.float32(size / along) * line
            rest = rest - np.float32(size / along) * curved
            self.inverse.used_up = turn >= _PATIENCE
        return d.astype(np.float64)


def _wider(held: Any, room: int) -> Any:
    out = np.empty((held.shape[0], room), dtype=held.dtype, order="F")
    out[:, : held.shape[1]] = held
    return out


class _Inverse:
    """The inverse of a Hessian over the columns that were free then, bordered by those that have
    become free since. All in float32.

    With Q = M^-1 - M^-1 W (W'M^-1 W)^-1 W'M^-1 the border's Schur complement is
    ``Z_F'Q Z_F + k (I - u u')``.
    """

    def __init__(self, space: _Space, free: Mask, u: Single, k: Single) -> None:
        self.space, self.size, self.known, self.used_up = space, len(free), free, False
        self.fresh, self.base = np.empty(0, dtype=np.intp), np.empty((0, 0), dtype=np.float32)
        self.border = self.reached = space.small[:, :0]
        self.first, self.of, self.u = space.first, space.of, np.where(free, u, np.float32(0))
        self.k_inverse = np.where(free, 1.0 / np.where(free, k, 1.0), 0.0).astype(np.float32)
        z, live = space.small, np.flatnonzero(free)
        half = z[:, live] * np.sqrt(self.k_inverse[live])
        m = half @ half.T
        m[np.diag_indices_from(m)] += 1.0
        self.live = np.unique(space.of[live])
        sums = np.add.reduceat(z.T * self.u[:, None], space.first, axis=0)[self.live].T
        inverse = _inverse(m)
        w = inverse @ sums
        small = sums.T @ w
        small[np.diag_indices_from(small)] *= np.float32(1.0 + 1e-6)
        self.small = _inverse(small)
        self.w = w @ self.small
        self.among_rows = inverse - self.w @ w.T

    def outworn(self, free: Mask) -> bool:
        """Whether it took many steps, or many columns have come since."""
        fresh = np.sum(free[self.size :]) + np.sum(free[: self.size] & ~self.known)
        gone = np.sum(self.known & ~free[: self.size])
        return self.used_up or bool(fresh > _FRESH * np.sum(free) or gone > _GONE * np.sum(free))

    def aim(self, free: Mask, u: Single, k: Single) -> None:
        """From now on for these free columns, directions and curvatures."""
        known = np.zeros_like(free)
        known[: self.size] = self.known
        self.kept, self.gone = known & free, np.flatnonzero(known & ~free)
        fresh = np.flatnonzero(free & ~known)
        if not np.array_equal(fresh, self.fresh):
            self.fresh, self.border = fresh, self.space.small[:, fresh]
            self.reached = np.asarray(self.among_rows @ self.border, dtype=np.float32)
            self.base = self.border.T @ self.reached
        of, across = self.space.of[fresh], np.outer(k[fresh] * u[fresh], u[fresh])
        across[of[:, None] != of] = 0.0
        bend = np.diag(k[fresh]) - across
        self.schur = _inverse(self.base + bend) if len(fresh) else self.base
        self.left = self.space.small[:, self.gone]

    def __call__(self, rest: Single) -> tuple[Single, Single]:
        """(d, Z'Z d) for the approximate solution d; Z d is a by-product."""
        m, z = self.size, self.space.small
        old = rest[:m] * self.kept[:m]
        f = z[:, :m] @ (self.k_inverse * old)
        h = np.add.reduceat(self.u * old, self.first)[self.live]
        among = self.among_rows @ f + self.w @ h
        d = np.zeros_like(rest)
        if len(self.fresh):
            new = self.schur @ (rest[self.fresh] - self.border.T @ among)
            d[self.fresh] = new
            among += self.reached @ new
            f += self.border @ new
        spread = np.zeros(len(self.first), dtype=np.float32)
        spread[self.live] = self.small @ h - self.w.T @ f
        product = z.T @ among
        d[:m] += self.k_inverse * (old - product[:m]) + self.u * spread[self.of]
        if len(self.gone):
            product -= z.T @ (self.left @ d[self.gone])
            d[self.gone] = 0.0
        return d, product


def _inverse(a: Single) -> Single:
    """Of a symmetric positive definite matrix."""
    root, _ = lapack.spotrf(a, lower=True, overwrite_a=True)
    out, _ = lapack.spotri(root, lower=True, overwrite_c=True)
    low = np.tril(out)
    return np.asarray(low + np.tril(out, -1).T)
