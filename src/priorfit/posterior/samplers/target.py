"""The likelihood of any problem as a function of one vector: intercepts first, then the weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import exp, sqrt
from typing import NamedTuple, Self

import numpy as np

from priorfit._core import draw_log_scale_of_rows as _native_draw_log_scale_of_rows
from priorfit._core import losses_at as _native_losses_at
from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.design import Dense, Sparse
from priorfit.likelihoods import Bernoulli, Gamma, Poisson
from priorfit.likelihoods.coupled import Coupled, CoupledRows
from priorfit.likelihoods.cox import CoxRows
from priorfit.posterior.samplers.positive import Positive, power
from priorfit.posterior.samplers.slice_sampling import NO_SLAB, SlabMass, slice_draw
from priorfit.priors import Normal
from priorfit.problem import Problem
from priorfit.solve import Solution, solve_quietly
from priorfit.solve.native import evaluate_rows, native_loss

__all__ = ["Line", "Target"]

_BLOCK = 1 << 24  # numbers of a table at a time
_WIDTH = 0.5  # of a first slice of the log strength
_SMALL = 1 << 20  # numbers of a table that native steps read


class Line(NamedTuple):
    """Linear predictors ``eta + factor along``."""

    eta: Array
    along: Array


@dataclass(frozen=True, eq=False)
class Target:
    """``x = (intercepts, coef.ravel())``: the negative log likelihood at dispersion 1, its
    gradient and its curvature.

    Where adding one number to all outputs of a row changes nothing, the mean of the intercepts has
    a standard normal belief in the place of none; `whole` takes it out again.
    """

    problem: Problem

    @cached_property
    def first(self) -> int:
        """How many intercepts there are."""
        return (self.problem.outputs or 1) if self.problem.intercept else 0

    #: which way the linear predictor moves with the first unknowns
    lift = 1.0

    @property
    def size(self) -> int:
        """Length of x."""
        return self.first + self.problem.n_weights

    @cached_property
    def _native(self) -> str | None:
        likelihood = self.problem.likelihood
        known = isinstance(likelihood, Bernoulli | Poisson | Gamma)
        return native_loss(likelihood) if known else None

    @cached_property
    def native_rows(self) -> tuple[str, Array, Array, Array, Array] | None:
        """The loss's native name, X, y, weights and offset, where native steps are faster: there,
        each call costs more than its numbers."""
        problem, design = self.problem, self.problem.design
        if self._native is None or not isinstance(design, Dense):
            return None
        if design.shape[0] * design.shape[1] > _SMALL:
            return None
        X = np.asfortranarray(design.values, dtype=np.float64)
        return self._native, X, problem.y, problem.weights, problem.offset

    @cached_property
    def _coupled(self) -> CoupledRows | None:
        likelihood = self.problem.likelihood
        if not isinstance(likelihood, Coupled):
            return None
        return likelihood.rows(self.problem.y, self.problem.weights)

    @property
    def _gauge(self) -> bool:
        return self.first > 1 and self.problem.likelihood.is_shift_free

    def parts(self, x: Array) -> tuple[Array | float, Array]:
        """Intercept and coefficients, of the problem's shapes."""
        outputs, p = self.problem.outputs, self.problem.design.shape[1]
        if outputs is None:
            return (float(x[0]) if self.first else 0.0), x[self.first :]
        level = x[: self.first] if self.first else np.zeros(outputs)
        return level, x[self.first :].reshape(p, outputs)

    def whole(self, x: Array) -> tuple[Array, Array]:
        """Intercepts (first,) and weights (p q,) as they are reported."""
        level = x[: self.first]
        return (level - level.mean() if self._gauge else level), x[self.first :]

    def eta(self, x: Array) -> Array:
        """The linear predictor."""
        return self.problem.eta(*self.parts(x))

    def along(self, t: Array) -> Array:
        """How the linear predictor moves with the weights, ``X t``."""
        outputs = self.problem.outputs
        return self.problem.design.matvec(t if outputs is None else t.reshape(-1, outputs))

    def at(self, x: Array) -> tuple[float, Array]:
        """The sum of the losses and its gradient (size,)."""
        problem, known = self.problem, self.native_rows
        if known is not None:
            slope = np.empty(self.size)
            return _native_losses_at(*known, self.first > 0, x, slope), slope
        lost, score = self.rows(self.eta(x))
        slope = -problem.design.rmatvec(score).ravel()
        if not self.first:
            return lost, slope
        top = -np.atleast_1d(score.sum(axis=0))
        if self._gauge:
            mean = float(x[: self.first].mean())
            lost, top = lost + 0.5 * mean * mean, top + mean / self.first
        return lost, np.concatenate([top, slope])

    def rows(self, eta: Array) -> tuple[float, Array]:
        """The sum of the losses and the score of each row."""
        problem = self.problem
        if self._coupled is not None:
            return self._coupled.total(eta), self._coupled.score(eta)
        if self._native is not None:
            return evaluate_rows(self._native, problem.y, problem.weights, eta)[:2]
        lost = float(problem.likelihood.total(problem.y, eta, problem.weights))
        return lost, problem.likelihood.score(problem.y, eta, problem.weights)

    def lost(self, eta: Array) -> float:
        """The sum of the losses."""
        if self._coupled is not None or self._native is not None:
            return self.rows(eta)[0]
        return float(self.problem.likelihood.total(self.problem.y, eta, self.problem.weights))

    def bends(self, eta: Array) -> tuple[Array, Array]:
        """The score, and how sharply each row knows its eta: not negative; of Cox's rows a bound
        from above; both of the shape of eta."""
        problem = self.problem
        if isinstance(self._coupled, CoxRows):
            score = self._coupled.score(eta)
            return score, self._coupled.event_weight - score
        info = problem.likelihood.information(problem.y, eta, problem.weights)
        info = info.reshape(info.shape + (1,) * (eta.ndim - info.ndim))
        wide = info if info.shape == eta.shape else np.broadcast_to(info, eta.shape)
        score = problem.likelihood.score(problem.y, eta, problem.weights)
        return score, np.maximum(wide, 0.0)

    def at_once(self, eta: Array) -> tuple[float, Array, Array] | None:
        """`lost` and `bends`, where they cost as much together as one of them."""
        if self._native is None:
            return None
        problem = self.problem
        lost, score, info = evaluate_rows(self._native, problem.y, problem.weights, eta)
        return lost, score, np.maximum(info, 0.0)

    def gauge(self, level: Array) -> float:
        """What `at` adds to the losses so that intercepts with one too many stay in place."""
        return 0.5 * float(level.mean()) ** 2 if self._gauge else 0.0

    def of_columns(self, columns: Index) -> Self:
        """The same rows, of some of the columns."""
        design = self.problem.design
        matrix, _ = design.columns(columns, np.zeros(design.shape[1]))
        part = Dense(matrix) if isinstance(matrix, np.ndarray) else Sparse(matrix)
        out = replace(self, problem=replace(self.problem, design=part))
        if self._coupled is not None:  # sorted once
            out.__dict__["_coupled"] = self._coupled
        return out

    def losses(self, x: Array) -> Array:
        """The sums of the losses of k vectors (size, k), (k,)."""
        problem = self.problem
        if self._native is None or self._gauge:
            return np.array([self.at(column)[0] for column in x.T])
        level = x[0] if self.first else 0.0
        eta = np.ascontiguousarray((problem.design.matvec(x[self.first :]) + level).T)
        return np.array([self.rows(row + problem.offset)[0] for row in eta])

    def hessian(self, x: Array) -> Array:
        """A positive semidefinite curvature (size, size) of the losses at x: exact where the loss
        is convex and its outputs are one; of several outputs, each by itself."""
        problem, q = self.problem, self.problem.outputs
        eta = self.eta(x)
        out = np.zeros((self.size, self.size))
        if q is None:
            out[:] = self._one(eta)
        else:
            info = problem.likelihood.information(problem.y, eta, problem.weights)
            info = np.broadcast_to(info.reshape(len(eta), -1), eta.shape)
            for k in range(q):
                places = np.r_[np.arange(k, self.first, q), np.arange(self.first + k, self.size, q)]
                out[np.ix_(places, places)] = self._weighted(info[:, k])
        if self._gauge:
            out[: self.first, : self.first] += 1.0 / self.first**2
        return out

    def _one(self, eta: Array) -> Array:
        problem = self.problem
        if self._coupled is None:
            info = problem.likelihood.information(problem.y, eta, problem.weights)
            return self._weighted(np.maximum(info, 0.0))
        found = self._coupled.hessian(eta)
        gram = self._weighted(found.bound)
        p = problem.design.shape[1]
        block = max(1, _BLOCK // max(len(eta), 1))
        pulled = [
            found.apply(problem.design.matvec(np.eye(p)[:, k : k + block]))
            for k in range(0, p, block)
        ]
        ties = np.concatenate(pulled, axis=1)
        gram[self.first :, self.first :] -= ties.T @ ties
        return gram

    def _weighted(self, info: Array) -> Array:
        """``[1 X]' diag(info) [1 X]``, the ones where there is an intercept."""
        design, p = self.problem.design, self.problem.design.shape[1]
        every, none = np.arange(p), np.zeros(p)
        gram = design.gram(every, every, info, none, np.ones(p))
        if not self.problem.intercept:
            return gram
        along = design.rmatvec(info)
        top = np.concatenate([[info.sum()], along])
        return np.vstack([top, np.column_stack([along, gram])])

    def constants(self, phi: float) -> float:
        """What the negative log likelihood has besides ``at / phi``."""
        problem = self.problem
        return float(np.sum(problem.weights @ problem.likelihood.constant(problem.y, phi)))

    def dispersion(
        self, belief: Positive, lost: float, log_phi: float, rng: np.random.Generator
    ) -> float:
        """A draw of log phi given the losses; ``belief`` is about the root of phi."""

        def log_density(t: float) -> float:
            if abs(t) > 200.0:
                return -np.inf
            value = -lost * exp(-t) - self.constants(exp(t))
            return value + belief.log(exp(0.5 * t)) + 0.5 * t

        return slice_draw(log_density, log_phi, rng, 4.0 / sqrt(self.problem.n_effective))

    def log_factor(
        self,
        line: Line,
        phi: float,
        belief: Positive,
        old: float,
        rng: np.random.Generator,
        mass: SlabMass = NO_SLAB,
        inside: float = 0.0,
    ) -> float:
        """A draw of log kappa where kappa multiplies the weights and their rows' ``along``, now
        at exp(old). The weights' slabs have the ``mass``, and the exponent ``inside`` at old."""
        problem, name = self.problem, self._native
        if name is not None and belief.code is not None:
            seed = int(rng.bit_generator.random_raw())
            y, w, (shares, counts) = problem.y, problem.weights, mass
            shape = (belief.code, belief.a, belief.b, shares, counts)
            return _native_draw_log_scale_of_rows(
                name, y, w, line.eta, line.along, phi, inside, *shape, old, _WIDTH, seed
            )

        def log_density(log_kappa: float) -> float:
            factor = power(log_kappa - old)
            if not factor < 1e100:
                return -np.inf
            lost = self.rows(line.eta + factor * line.along)[0]
            value = -lost / phi + log_kappa + belief.log(power(log_kappa))
            value -= inside * factor * factor + mass.log(log_kappa)
            return value if value == value else -np.inf

        return slice_draw(log_density, old, rng, _WIDTH)

    def middle(self) -> Array:
        """Near the middle of the posterior (size,): the MAP estimate of the belief, or of a normal
        one with a standard deviation of 1 / sd of each column where there is no solver for it."""
        found = self._found()
        level = np.atleast_1d(found.intercept) if self.first else np.zeros(0)
        return np.concatenate([level, found.coef.ravel()])

    def ridged(self) -> Self:
        """The same likelihood with a normal belief of a standard deviation of 1 / sd."""
        sd = self.problem.design.moments(self.problem.weights)[1]
        ridge = Normal(1.0 / np.where(sd > 0, sd, 1.0))
        return replace(self, problem=replace(self.problem, prior=ridge))

    def _found(self) -> Solution:
        try:
            return solve_quietly(self.problem)
        except InputError:
            return solve_quietly(self.ridged().problem)
