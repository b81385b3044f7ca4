"""Horseshoes with rows that are gaussian, as they are or given one more number each.

A weight that straddles the pole and the tails creeps between them where the weight and its scale
are drawn given each other. Where rows are gaussian both can be drawn at once, one weight after the
other; logistic rows are gaussian given their Polya-Gamma precisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

import numpy as np

from priorfit._core import draw_polya_gamma, horseshoe_sweep
from priorfit._typing import Array
from priorfit.likelihoods import Bernoulli, Gaussian
from priorfit.posterior.samplers.hamiltonian import Hamiltonian, Position
from priorfit.posterior.samplers.mixing import HorseshoeMixing, Local
from priorfit.posterior.samplers.positive import Positive
from priorfit.posterior.samplers.slice_sampling import draw_log_scale_of_locals
from priorfit.posterior.samplers.target import Target
from priorfit.problem import Problem

__all__ = ["HorseshoeSteps", "WithScales", "with_scales"]

_MOST = 1500  # unknowns whose Gram matrix is made once a sweep
_LARGE = 1 << 25  # numbers of a table
_REPEATS = 100  # Polya-Gamma numbers that one row may cost


@dataclass(frozen=True, eq=False)
class WithScales:
    """``table`` [1 X] (n, size), the ones where there is an intercept; ``known`` (n,) the predictor
    of a weight at loc.

    Source: Polson, Scott & Windle (2013), JASA 108, for the precisions of logistic rows.
    """

    problem: Problem
    table: Array
    known: Array

    def rows(self, eta: Array, phi: float, rng: np.random.Generator) -> tuple[Array, Array]:
        """Precisions omega (n,) of rows at eta, and omega times their responses less `known`."""
        y, w = self.problem.y, self.problem.weights
        if isinstance(self.problem.likelihood, Gaussian):
            return w / phi, w / phi * (y - self.known)
        omega = np.empty(len(y))
        draw_polya_gamma(w, eta, int(rng.bit_generator.random_raw()), omega)
        return omega, w * (y - 0.5) - omega * self.known

    def swept(
        self,
        t: Array,
        inner: Array,
        phi: float,
        scale: Array,
        still: Array | float,
        rng: np.random.Generator,
    ) -> tuple[Array, Array]:
        """Intercept and weights less loc, and the -2nd powers of their local scales, each pair
        drawn at once; ``scale`` (p,) that of the horseshoe, ``still`` the slabs' precisions."""
        omega, pull = self.rows(self.known + self.table @ t, phi, rng)
        rooted = self.table * np.sqrt(omega)[:, None]
        gram, along = np.asfortranarray(rooted.T @ rooted), self.table.T @ pull
        slabs = np.broadcast_to(still, inner.shape).astype(np.float64)
        t, inner, seed = t.copy(), inner.copy(), int(rng.bit_generator.random_raw())
        horseshoe_sweep(gram, along, scale, slabs, seed, t, inner)
        return t, inner


@dataclass(frozen=True, eq=False)
class HorseshoeSteps(Hamiltonian):
    """Hamiltonian steps, and each weight together with its scale; then the strength with strength
    times every scale held, which moves it where given the scales it creeps.

    Sources: as of `Hamiltonian` and `WithScales`; Nishimura & Suchard (2023) for the slab.
    """

    pairs: WithScales

    name = "Hamiltonian steps, weights with their scales"

    def step(self, state: Position, rng: np.random.Generator) -> Position:
        for _ in range(2):
            state = self._held_scales(super().step(state, rng), rng)
        center = np.concatenate([np.zeros(self.target.first), self.loc])
        phi, kappa = exp(state.log_phi), exp(state.log_kappa)
        scale, still = kappa * self._mixing.scale, self._mixing.still
        inner = state.local.inner
        t, inner = self.pairs.swept(state.x - center, inner, phi, scale, still, rng)
        x = center + t
        lost, slope = self.target.at(x)
        moved = state._replace(x=x, lost=lost, slope=slope, local=self._local(inner))
        return self._held_scales(moved, rng)

    @property
    def _mixing(self) -> HorseshoeMixing:
        assert isinstance(self.mixing, HorseshoeMixing)
        return self.mixing

    def _local(self, inner: Array) -> Local:
        return Local(inner / self._mixing.scale**2, inner)

    def _held_scales(self, state: Position, rng: np.random.Generator) -> Position:
        """kappa with kappa times every local scale held."""
        if not isinstance(self.strength, Positive):
            return state
        inner, old = state.local.inner, state.log_kappa
        width = 4.0 / sqrt(len(inner) + 1.0)
        new = draw_log_scale_of_locals(inner, self.strength, old, rng, width, self._mixing.mass)
        inner = inner * exp(2.0 * (new - old))
        return state._replace(log_kappa=new, local=self._local(inner))


def with_scales(target: Target, loc: Array) -> WithScales | None:
    """The pairs' block, where the rows are of its kind and few enough; else None."""
    problem, likelihood = target.problem, target.problem.likelihood
    n, p = problem.design.shape
    if problem.outputs is not None or target.size > _MOST or n * p > _LARGE:
        return None
    logistic = isinstance(likelihood, Bernoulli) and likelihood.link == "logit"
    w = problem.weights
    whole = bool(np.all(w == np.round(w)) and w.max() <= _REPEATS)
    if not isinstance(likelihood, Gaussian) and not (logistic and whole):
        return None
    X = problem.design.matvec(np.eye(p))
    table = np.column_stack([np.ones(n), X]) if problem.intercept else X
    return WithScales(problem, np.asfortranarray(table), problem.offset + X @ loc)
