"""A price for every weight: all subsets where they are few, swaps where they are many."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array, Index, Mask
from priorfit.priors import AtStrength
from priorfit.solve.standard import Standard

__all__ = ["MOST", "Subsets", "enumerable", "sets_of", "swapped"]

MOST = 15  # columns with a price: 32,768 subsets


def enumerable(standard: Standard) -> bool:
    """Whether all subsets can be looked at: gaussian, a price on at most `MOST` columns."""
    concave, form = standard.form.concave, standard.form
    if concave is None or not concave.jumps or not standard.gaussian:
        return False
    free = np.isinf(form.lower) & np.isinf(form.upper)
    plain = bool(np.all(free | form.fixed)) and not np.any(form.l1)
    return plain and int(np.sum(_priced(standard))) <= MOST and len(_always(standard)) <= 200


def _priced(standard: Standard) -> Mask:
    form = standard.form
    assert form.concave is not None
    return np.asarray((form.concave.size > 0) & ~form.fixed)


def _always(standard: Standard) -> Index:
    return np.flatnonzero(~_priced(standard) & ~standard.form.fixed)


class _Reduced(NamedTuple):
    """What is left of the quadratic when the columns without a price are minimised over."""

    gram: Array
    q: Array


class Subsets:
    """The least of ``r'r/2 + s (price + l2 t^2 / 2)`` over all supports, by looking at each."""

    def __init__(self, standard: Standard) -> None:
        self.standard = standard
        self.priced, self.always = np.flatnonzero(_priced(standard)), _always(standard)
        self.gram = standard.gram
        loc = standard.form.loc
        self.slopes = standard.correlation - self.gram @ loc
        count = len(self.priced)
        self.every = [sets_of(count, k) for k in range(count + 1)]
        self._known: tuple[float, list[Array]] | None = None

    def suits(self, points: int) -> bool:
        """Whether all subsets at so many strengths are a matter of a second: where l2 is 0 they
        are solved once for all of them."""
        once = not np.any(self.standard.form.l2)
        return (1 if once else points) << len(self.priced) <= 1 << (MOST + 2)

    def best(self, strength: float) -> Array:
        """The global minimum at a strength, (m,)."""
        form = self.standard.form
        assert form.concave is not None
        price = form.concave.at(strength)[self.priced]
        gains = self._gains(strength)
        totals = [
            price[sets].sum(axis=1) - gain for sets, gain in zip(self.every, gains, strict=True)
        ]
        k = min(range(len(totals)), key=lambda i: float(totals[i].min()))
        return self._at(self.every[k][int(totals[k].argmin())], strength)

    def _gains(self, strength: float) -> list[Array]:
        """How much each subset lowers the smooth part, by size; once for all where l2 is 0."""
        same = strength if np.any(self.standard.form.l2) else 0.0
        if self._known is None or self._known[0] != same:
            left = self._reduced(strength)
            self._known = same, [_gains_of(left, sets) for sets in self.every]
        return self._known[1]

    def _reduced(self, strength: float) -> _Reduced:
        l2 = strength * self.standard.form.l2
        J, A = self.priced, self.always
        gram = self.gram[np.ix_(J, J)] + np.diag(l2[J])
        if not len(A):
            return _Reduced(gram, self.slopes[J])
        inner = self.gram[np.ix_(A, A)] + np.diag(l2[A])
        cross = self.gram[np.ix_(A, J)]
        solved = np.linalg.lstsq(inner, np.c_[cross, self.slopes[A]], rcond=None)[0]
        return _Reduced(gram - cross.T @ solved[:, :-1], self.slopes[J] - cross.T @ solved[:, -1])

    def _at(self, subset: Index, strength: float) -> Array:
        cols = np.concatenate([self.always, self.priced[subset]])
        g = self.standard.form.loc.copy()
        system = self.gram[np.ix_(cols, cols)] + np.diag(strength * self.standard.form.l2[cols])
        if len(cols):
            g[cols] += linalg.lstsq(system, self.slopes[cols])[0]
        return g


def sets_of(count: int, k: int) -> Index:
    """All choices of k out of ``count``, a row each."""
    flat = [i for chosen in combinations(range(count), k) for i in chosen]
    return np.array(flat, dtype=np.intp).reshape(-1 if k else 1, k)


def _gains_of(left: _Reduced, sets: Index) -> Array:
    """``q_S' G_SS^-1 q_S / 2`` of each row of ``sets`` (count, k)."""
    if sets.shape[1] == 0:
        return np.zeros(1)
    gram, q = left.gram[sets[:, :, None], sets[:, None, :]], left.q[sets]
    try:
        solved = np.linalg.solve(gram, q[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:  # columns that say the same
        solved = np.einsum("nij,nj->ni", np.linalg.pinv(gram, hermitian=True), q)
    gain = 0.5 * np.einsum("ni,ni->n", q, solved)
    return np.where(np.isfinite(gain) & (gain >= 0), gain, 0.0)


def swapped(
    standard: Standard, g: Array, eta: Array, slopes: Array, at: AtStrength, curvatures: Array
) -> Array | None:
    """One weight out, another in, all others held: the best such exchange of the quadratic model,
    or None where none lowers it. Source: Hazimeh & Mazumder (2020), section 3.2, PSI(1)."""
    form, size = standard.form, at.size
    assert size is not None
    t = g - form.loc
    inside = np.flatnonzero((t != 0) & (size > 0))
    outside = (t == 0) & (size > 0) & ~form.fixed & (curvatures > 0)
    if not len(inside) or not np.any(outside):
        return None
    h = standard.likelihood.curvatures(standard.y, eta, standard.weights)
    Z_in = standard.Z.columns(inside, np.zeros(standard.size))[0]
    curve = curvatures + at.l2
    left = slopes[:, None] + standard.Z.rmatvec(h[:, None] * Z_in) * t[inside]
    gain = np.square(left) / (2.0 * np.maximum(curve, 1e-300))[:, None] - size[:, None]
    gain[~outside] = -np.inf
    cost = 0.5 * curve[inside] * np.square(t[inside]) - size[inside]
    net = gain - cost
    j, i = np.unravel_index(int(np.argmax(net)), net.shape)
    if not net[j, i] > 1e-9 * standard.reference:
        return None
    exchanged = g.copy()
    exchanged[inside[i]] = form.loc[inside[i]]
    exchanged[j] = form.loc[j] + left[j, i] / curve[j]
    return exchanged
