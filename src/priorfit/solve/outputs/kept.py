"""Softmax regression under normal priors: quasi-Newton steps from a Hessian that is kept.

See `priorfit.solve.quasi`. A Hessian over all classes costs as much as dozens of steps, so it
serves for longer than that of one output.
"""

from __future__ import annotations

import numpy as np

from priorfit._typing import Array
from priorfit.solve.least_squares import is_quadratic
from priorfit.solve.outputs.standard import OutputsStandard
from priorfit.solve.quasi import Place, QuasiNewton

__all__ = ["SoftmaxQuasi"]

_MOST = 2000  # unknowns whose Hessian is factored
_FEWEST, _ALONE = 250, 500  # the native path is faster with fewer; at one or two strengths
_CHEAPER = 15  # unknowns for each step that a Hessian costs, measured
_ALIKE = 1e-12


class SoftmaxQuasi(QuasiNewton):
    """``(strengths (k,), warm (m,)) -> solutions (m, k)``: not certified."""

    standard: OutputsStandard

    def __init__(self, standard: OutputsStandard, tol: float) -> None:
        super().__init__(standard, tol)
        self.price = max(self.price, len(self.free) // _CHEAPER)
        self.wide = -1, standard.outputs
        self.y = standard.y.reshape(self.wide)
        self.weights = standard.weights[:: standard.outputs]

    @staticmethod
    def applies(standard: OutputsStandard) -> bool:
        """Whether the penalty is quadratic without a box, and the unknowns neither few nor more
        than the entries of y."""
        m = int(np.count_nonzero(~standard.form.fixed))
        fits = not standard.gaussian and standard.form.groups is None and is_quadratic(standard)
        return fits and _FEWEST <= m <= min(len(standard.y), _MOST)

    def suits(self, points: int) -> bool:
        """Whether this many strengths are worth the first Hessian."""
        return points > 2 or len(self.free) >= _ALONE

    def _of_few_rows(self, g: Array, strength: float) -> Array:  # noqa: ARG002
        return g

    def _place(self, g: Array, eta: Array, strength: float) -> Place:
        """Loss and score from one pass over exp(eta)."""
        form, wide = self.standard.form, eta.reshape(self.wide)
        top = wide.max(axis=1)
        mu = np.exp(wide - top[:, None])
        total = mu.sum(axis=1)
        mu /= total[:, None]
        fit = np.einsum("nk,nk->n", self.y, wide)
        lost = float(self.weights @ (top + np.log(total) - fit))
        away = g - form.loc
        bent = strength * form.l2 * away
        value = lost + 0.5 * float(bent @ away)
        score = (self.weights[:, None] * (self.y - mu)).ravel()
        return Place(g, eta, self.standard.Z.rmatvec(score) - bent, np.empty(0), value)

    def _information(self, place: Place) -> Array:
        """Of all unknowns, feature by feature; where all rows have the same shares it is the
        product of two small matrices."""
        stacked = self.standard.stacked
        every = np.arange(stacked.inner.shape[1])
        features = stacked.inner.columns(every, np.zeros(len(every)))[0]
        mu = self.standard.likelihood.mean(place.eta).reshape(self.wide)
        if np.all(np.ptp(mu, axis=0) <= _ALIKE):
            curved = np.diag(mu[0]) - np.outer(mu[0], mu[0])
            whole = np.kron(features.T @ (self.weights[:, None] * features), curved)
        else:
            whole = _curved(features, mu, self.weights)
        at = np.ix_(self.free, self.free)
        return np.asarray((whole / np.outer(stacked.units, stacked.units))[at])


def _curved(features: Array, mu: Array, weights: Array) -> Array:
    """``sum_i w_i (x_i x_i') kron (diag(mu_i) - mu_i mu_i')``, (f q, f q)."""
    (n, f), q = features.shape, mu.shape[1]
    shared = (features[:, :, None] * (np.sqrt(weights)[:, None] * mu)[:, None, :]).reshape(n, f * q)
    whole = -(shared.T @ shared)
    blocks = whole.reshape(f, q, f, q)
    for k in range(q):
        blocks[:, k, :, k] += features.T @ ((weights * mu[:, k])[:, None] * features)
    return whole
