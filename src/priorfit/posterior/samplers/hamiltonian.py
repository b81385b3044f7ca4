"""Any smooth likelihood with mixtures of normals: Hamiltonian steps in the coordinates of the mode.

One sweep: dispersion, strength, local precisions, then a few leapfrog steps of all weights at once.
Their mass is the curvature at the middle of the posterior plus the precisions of the prior, so that
one step size fits all directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from priorfit._typing import Array
from priorfit.posterior.samplers.leapfrog import Hill, back, leapfrog, rooted
from priorfit.posterior.samplers.mixing import Local, Mixing
from priorfit.posterior.samplers.positive import Positive
from priorfit.posterior.samplers.sampler import Draw, Sampler
from priorfit.posterior.samplers.slice_sampling import draw_log_scale
from priorfit.posterior.samplers.target import Line, Target

__all__ = ["Hamiltonian", "Position"]

_DENSE = 1500  # unknowns up to which the mass is a full matrix
_AIM = 0.85  # of the acceptance probability
_REFRESH = (0.3, 0.6)  # of the warm-up, where the curvature is taken again


class Position(NamedTuple):
    """``x`` (size,), its ``lost`` and ``slope`` at dispersion 1; logs of dispersion and strength;
    local precisions; the curvature of the losses; log step size; what the last step did."""

    x: Array
    lost: float
    slope: Array
    log_phi: float
    log_kappa: float
    local: Local
    curvature: Array
    log_step: float
    accepted: float
    energy: float
    done: float


@dataclass(frozen=True, eq=False)
class Hamiltonian(Sampler):
    """``noise``: belief about the root of the dispersion, or that root where it is held;
    ``middle`` (size,): where the chains begin; ``loc`` (p,): centre of the prior.

    Source: Neal (2011), MCMC using Hamiltonian dynamics, sections 4.1 and 5.4.2; Yu & Meng (2011)
    for the second draw of the strength.
    """

    target: Target
    mixing: Mixing
    loc: Array
    middle: Array
    curvature: Array
    noise: Positive | float
    strength: Positive | float

    name = "Hamiltonian steps"
    warmup = 500

    def init(self, rng: np.random.Generator) -> Position:
        phi = self.noise**2 if isinstance(self.noise, float) else 1.0
        kappa = self.strength if isinstance(self.strength, float) else exp(rng.uniform(-0.7, 0.7))
        if isinstance(self.noise, Positive):
            phi = exp(self.target.dispersion(self.noise, self.target.at(self.middle)[0], 0.0, rng))
        local = self.mixing.start()
        root = self._root(self.curvature, phi, local.precision / kappa**2 + self.mixing.still)
        x = self.middle + back(root, rng.standard_normal(self.target.size))
        lost, slope = self.target.at(x)
        if not np.isfinite(lost):
            x = self.middle.copy()
            lost, slope = self.target.at(x)
        step = log(0.5 if root.ndim == 2 else 0.2)
        return Position(
            x, lost, slope, log(phi), log(kappa), local, self.curvature, step, 1.0, 0.0, 0.0
        )

    def step(self, state: Position, rng: np.random.Generator) -> Position:
        if isinstance(self.noise, Positive):
            log_phi = self.target.dispersion(self.noise, state.lost, state.log_phi, rng)
            state = state._replace(log_phi=log_phi)
        if isinstance(self.strength, Positive):
            state = self._strength(state, self.strength, rng)
        else:
            state = self._precisions(state, rng)
        return self._moved(state, rng)

    def tuned(self, state: Position, done: float) -> Position:
        gain = 0.4 * (1.0 - done) + 0.02
        log_step = state.log_step + gain * (state.accepted - _AIM)
        if any(state.done < at <= done for at in _REFRESH):
            state = state._replace(curvature=self.target.hessian(state.x))
        return state._replace(log_step=min(log_step, 0.3), done=done)

    def draw(self, state: Position, rng: np.random.Generator) -> Draw:  # noqa: ARG002
        level, coef = self.target.whole(state.x)
        return {
            "intercept": level.copy(),
            "coef": coef.copy(),
            "noise": exp(0.5 * state.log_phi),
            "scale": exp(state.log_kappa),
            "accepted": state.accepted,
            "energy": state.energy,
        }

    # -- the blocks ------------------------------------------------------------------------------

    def _precisions(self, state: Position, rng: np.random.Generator) -> Position:
        """w given the weights over kappa."""
        if not self.mixing.moves:
            return state
        s = (state.x[self.target.first :] - self.loc) * exp(-state.log_kappa)
        return state._replace(local=self.mixing.draw(s, state.local, rng))

    def _strength(self, state: Position, belief: Positive, rng: np.random.Generator) -> Position:
        """kappa given the weights, then kappa given the weights over kappa (both leave the
        posterior as it is; where one creeps the other moves)."""
        first = self.target.first
        t = state.x[first:] - self.loc
        given = self.mixing.of_scale(t, state.local)
        mass, width = self.mixing.mass, 4.0 / sqrt(len(t) + 1.0)
        old = draw_log_scale(given, belief, state.log_kappa, rng, width, mass)
        # w must follow before the weights over kappa may be held; it is still right after that
        state = self._precisions(state._replace(log_kappa=old), rng)
        held = self.mixing.flat | self.mixing.fixed
        scaled = np.where(held, 0.0, t)
        x = state.x.copy()
        x[first:] -= scaled
        line = Line(self.target.eta(x), self.target.along(scaled))
        inside = 0.5 * float(np.sum(self.mixing.still * scaled**2))
        phi = exp(state.log_phi)
        new = self.target.log_factor(line, phi, belief, old, rng, mass, inside)
        x[first:] += scaled * exp(new - old)
        lost, slope = self.target.at(x)
        return state._replace(x=x, lost=lost, slope=slope, log_kappa=new)

    def _root(self, curvature: Array, phi: float, precision: Array) -> Array:
        """The lower factor of the mass (size, size), or the roots of its diagonal."""
        first = self.target.first
        if self.target.size > _DENSE:
            diagonal = np.einsum("jj->j", curvature) / phi
            diagonal[first:] += precision
            return np.asarray(np.sqrt(np.maximum(diagonal, 1e-12 * diagonal.max())))
        mass = curvature / phi
        places = np.arange(first, len(mass))
        mass[places, places] += precision
        return rooted(mass)

    def _moved(self, state: Position, rng: np.random.Generator) -> Position:
        first, phi = self.target.first, exp(state.log_phi)
        precision = state.local.precision * exp(-2.0 * state.log_kappa) + self.mixing.still
        root = self._root(state.curvature, phi, precision)
        many = (2, 5) if root.ndim == 2 else (8, 16)
        steps = int(rng.integers(many[0], many[1] + 1))
        size = exp(state.log_step) * rng.uniform(0.8, 1.2)
        v = rng.standard_normal(len(state.x))

        def potential(x: Array, lost: float) -> float:
            return lost / phi + 0.5 * float(precision @ (x[first:] - self.loc) ** 2)

        before = potential(state.x, state.lost) + 0.5 * float(v @ v)
        hill = Hill(self.target, phi, precision, self.loc, root)
        x, lost, slope, v = leapfrog(hill, state.x, state.slope, v, size, steps)
        change = before - potential(x, lost) - 0.5 * float(v @ v)
        chance = exp(min(change, 0.0)) if np.isfinite(change) else 0.0
        state = state._replace(accepted=chance, energy=before)
        if rng.random() >= chance:
            return state
        return state._replace(x=x, lost=lost, slope=slope)
