"""A random walk seen directly: each row is one weight and noise. Every step is O(n).

Signals are denoised so (X = I: total variation, trend filtering, Hodrick-Prescott), and series
with repeated, missing or weighted observations (X sparse, one entry a row).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError

from priorfit._core import total_variation
from priorfit._typing import Array, Index, Mask
from priorfit.design import Changed, Sparse
from priorfit.solve.certificate import Certificates, certify, joined
from priorfit.solve.standard import Standard
from priorfit.solve.structured.banded import ChainModel, banded_trace, bands_of, minimise_chain

__all__ = ["ChainNewton", "chain_trace", "is_chain"]

_LEAVE = 8  # times that breaks with a wrong sign may leave
_CELLS = 20_000_000  # numbers of the columns that are fitted anew on the breaks found


def is_chain(design: Changed, intercept: bool) -> bool:
    """Whether rows see one weight each of one walk, its level the intercept if there is one."""
    if not (design.picks and hasattr(design.basis, "widths") and isinstance(design.base, Sparse)):
        return False
    values = design.base.matrix.data
    every = len(values) == design.shape[0] and np.ptp(values) == 0
    return bool(every) or not intercept


class ChainNewton:
    """An engine: one quadratic model for the gaussian, Newton steps for other likelihoods."""

    def __init__(self, standard: Standard, tol: float, max_iter: int) -> None:
        self.standard, self.tol, self.max_iter, self.rounds = standard, tol, max_iter, 0
        base = standard.Z.base
        assert isinstance(base, Changed)
        self.basis = base.basis
        self.order = len(base.basis.widths)  # type: ignore[attr-defined]
        self.X = base.base
        self.first = int(standard.Z.intercept)
        cells = self.X.csr  # type: ignore[attr-defined]
        self.rows = np.flatnonzero(np.diff(cells.indptr) == 1)
        self.cols, self.values = cells.indices, cells.data.astype(np.float64)
        self.inverse = sparse.csr_array(self.basis.inverse())  # type: ignore[attr-defined]

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solutions (m, k) and certificates."""
        out, found, g = np.empty((self.standard.size, len(strengths))), [], warm
        for k, s in enumerate(strengths):
            g, certificate = self._solve(float(s), g)
            out[:, k] = g
            found.append(certificate._replace(slopes=certificate.slopes[:0]))
        return out, joined(found)

    def _solve(self, s: float, warm: Array) -> tuple[Array, Certificates]:
        standard, at = self.standard, np.array([s])
        g = warm
        best = (g, certify(standard, g[:, None], at))
        for rounds in range(1, self.max_iter + 1):
            self.rounds = max(self.rounds, rounds)
            tries = self._proposals(g, s)
            judged = [(v, certify(standard, v[:, None], at)) for v in tries]
            enough = [one for one in judged if one[1].gap[0] <= self.tol]
            if enough:  # the one with exact breaks comes first
                return enough[0]
            best = min([best, *judged], key=lambda one: float(one[1].gap[0]))
            if standard.gaussian:
                break
            before, g = g, self._search(g, tries[-1], s)
            if np.array_equal(g, before):
                break
        return best

    def _proposals(self, g: Array, s: float) -> list[Array]:
        """Minima of the quadratic model at g: with breaks found exactly, and as the barrier left
        it (last), both as unknowns of the standard form."""
        standard, eta = self.standard, self.standard.eta(g)
        h = standard.likelihood.curvatures(standard.y, eta, standard.weights)
        h = np.maximum(h, 1e-12 * max(float(h.max()), 1e-300))
        score = standard.likelihood.score(standard.y, eta, standard.weights)
        target = eta - standard.offset + score / h  # the model: sum h (target - x_i b)^2 / 2
        p, x, rows = standard.size - self.first, self.values, self.rows
        diagonal = np.bincount(self.cols, h[rows] * x * x, p).astype(np.float64)
        q = np.bincount(self.cols, h[rows] * x * target[rows], p).astype(np.float64)
        unit = standard.Z.scale  # of each u: a rate of g is a rate of u times the unit
        form = standard.form
        free = ~form.fixed[self.first :]
        l1 = np.where(free, s * form.l1[self.first :] * unit, 0.0)
        l2 = np.where(free, s * form.l2[self.first :] * unit**2, 0.0)
        model = ChainModel(diagonal, q, self.inverse, l1, l2, standard.reference)
        direct = self.order == 1 and l1[0] == 0 and not np.any(l2)
        if direct and np.any(l1) and np.all(diagonal > 0):
            b = np.empty(p)
            total_variation(diagonal, q, l1[1:], b)
            return [self._unknowns(b)]
        try:
            b, _, off = minimise_chain(model)
            finer = self._on_breaks(model, b, off)
        except LinAlgError:
            return [g]
        return [self._unknowns(v) for v in (finer, b) if v is not None]

    def _on_breaks(self, model: ChainModel, b: Array, off: Mask) -> Array | None:
        """The minimum over the coordinates u that are not 0, their signs as found."""
        at = np.flatnonzero(off)
        if np.all(model.l1 == 0) or len(at) * len(b) > _CELLS:
            return None
        sign = np.sign((model.inverse @ b)[at])
        for _ in range(_LEAVE):
            u = self._fitted(model, at, sign)
            kept = (u * sign >= 0) | (model.l1[at] == 0)
            if np.all(kept):
                break
            at, sign = at[kept], sign[kept]
        out = np.zeros(len(b))
        out[at] = u
        return self.basis.apply(out)

    def _fitted(self, model: ChainModel, at: Index, sign: Array) -> Array:
        """Least squares of the coordinates ``at``, the others 0, for given signs."""
        units = np.zeros((len(model.q), len(at)))
        units[at, np.arange(len(at))] = 1.0
        columns = self.basis.apply(units)
        size = np.sqrt(np.maximum((columns**2).T @ model.h, 1e-300))
        columns = columns / size
        gram = columns.T @ (model.h[:, None] * columns) + np.diag(model.l2[at] / size**2)
        right = columns.T @ model.q - model.l1[at] * sign / size
        return np.asarray(np.linalg.lstsq(gram, right, rcond=1e-14)[0] / size)

    def _unknowns(self, b: Array) -> Array:
        """Weights b of the chain as unknowns of the standard form; a level that the intercept
        carries goes there."""
        standard, first = self.standard, self.first
        u = self.basis.solve(b)  # type: ignore[attr-defined]
        small = np.abs(u) <= 1e-14 * np.abs(u).max(initial=0.0)
        u = np.where(small & (standard.form.l1[first:] > 0), 0.0, u)
        slopes = u * standard.Z.scale
        if not first:
            return np.asarray(slopes)
        held = standard.form.fixed[first:]
        level = float(self.values[0]) * float(u[0])
        slopes = np.where(held, standard.form.loc[first:], slopes)
        shift = standard.Z.center @ (slopes / standard.Z.scale)
        return np.concatenate([[(level if held[0] else 0.0) + shift], slopes])

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


def chain_trace(standard: Standard, weights: Array, strength: float) -> float | None:
    """Degrees of freedom of normal steps along a chain, ``tr (H + P)^-1 H``; None elsewhere."""
    Z = standard.Z
    if not isinstance(Z.base, Changed) or not is_chain(Z.base, Z.intercept):
        return None
    run = ChainNewton(standard, 1.0, 1)
    x, p = run.values, Z.base.shape[1]
    h = np.bincount(run.cols, weights[run.rows] * x * x, p).astype(np.float64)
    l2 = strength * standard.form.l2[run.first :] * Z.scale**2
    system = run.inverse.T @ (run.inverse * l2[:, None]) + sparse.diags_array(h)
    return banded_trace(bands_of(sparse.csr_array(system)), h)
