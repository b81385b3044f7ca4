"""Spike and slab, any smooth likelihood: weights go in and out, those that are in move together.

One sweep: the dispersion; weights one by one in or out, and swaps (`Toggles`); the probability of
being in; local precisions of the weights that have no spike; then a few leapfrog steps of the first
unknowns and of all weights that are in.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple

import numpy as np

from priorfit._typing import Array, Index, Mask
from priorfit.posterior.samplers.leapfrog import Hill, leapfrog, rooted
from priorfit.posterior.samplers.mixing import Local, Mixing
from priorfit.posterior.samplers.positive import Positive
from priorfit.posterior.samplers.sampler import Draw, Sampler
from priorfit.posterior.samplers.spikes import Inclusion
from priorfit.posterior.samplers.target import Target
from priorfit.posterior.samplers.toggles import Place, Toggles

__all__ = ["Jumps", "Rest"]

_MOVES = 50  # of one weight in a sweep, at most
_SWAPS = 3
_AIM = 0.85  # of the acceptance probability of leapfrog steps
_REFRESH = (0.3, 0.6)  # of the warm-up, where the curvature is taken again


@dataclass(frozen=True, eq=False)
class Rest:
    """The weights without a spike: their places, and their mixing; None where there are none."""

    places: Index
    mixing: Mixing | None

    def start(self) -> Local:
        """Local precisions to begin with."""
        return Local(np.zeros(0), np.zeros(0)) if self.mixing is None else self.mixing.start()

    def drawn(self, t: Array, local: Local, rng: np.random.Generator) -> Local:
        """Local precisions given the weights (m,)."""
        if self.mixing is None or not self.mixing.moves:
            return local
        return self.mixing.draw(t[self.places], local, rng)


class JumpState(NamedTuple):
    """Where the chain is; log dispersion; the common probability; precisions of the rest; the
    curvature of the losses; log step size; what the last steps did."""

    place: Place
    log_phi: float
    rate: float
    local: Local
    curvature: Array
    log_step: float
    accepted: float
    done: float


@dataclass(frozen=True, eq=False)
class _Part(Target):
    """A target of some of its unknowns; the others are 0."""

    whole_of: Target
    free: Index

    @property
    def size(self) -> int:
        return len(self.free)

    @property
    def native_rows(self) -> None:
        return None

    def at(self, x: Array) -> tuple[float, Array]:
        every = np.zeros(self.whole_of.size)
        every[self.free] = x
        lost, slope = self.whole_of.at(every)
        return lost, slope[self.free]


@dataclass(frozen=True, eq=False)
class Jumps(Sampler):
    """``toggles``: of a target whose offset has ``X loc`` in it; ``inclusion``: of its weights with
    a spike, in their order; ``middle`` (size,): near where everything is in; ``curvature`` (size,
    size): of the losses there; ``noise``: belief about the root of the dispersion, or that root.

    Sources: those of `Toggles`; Neal (2011) for the leapfrog steps.
    """

    toggles: Toggles
    rest: Rest
    inclusion: Inclusion
    loc: Array
    middle: Array
    curvature: Array
    noise: Positive | float

    name = "reversible jumps"
    warmup = 500

    @property
    def _jumping(self) -> Index:
        return np.flatnonzero(self.toggles.slabs.jumping)

    def init(self, rng: np.random.Generator) -> JumpState:
        target, jumping = self.toggles.target, self._jumping
        share = min(0.5, 3.0 / max(len(jumping), 1))
        inside = np.zeros(len(self.loc), dtype=bool)
        inside[self.rest.places] = True
        inside[jumping] = rng.random(len(jumping)) < share
        x = self.middle.copy()
        for j in np.flatnonzero(~inside):
            x = self.toggles.columns.level(x, int(j), -float(x[target.first + j]))
        phi = self.noise**2 if isinstance(self.noise, float) else 1.0
        state = JumpState(
            self.place(inside, x), log(phi), share, self.rest.start(), self.curvature, log(0.3),
            1.0, 0.0,
        )  # fmt: skip
        if isinstance(self.noise, Positive):
            state = self._dispersed(state, rng)
        return state

    def place(self, inside: Mask, x: Array) -> Place:
        """The state of the weights x (size,), of which those ``inside`` are not 0."""
        target = self.toggles.target
        x = x.copy()
        x[target.first :][~inside] = 0.0
        return Place(inside, x, self.toggles.look(target.eta(x)))

    def step(self, state: JumpState, rng: np.random.Generator) -> JumpState:
        if isinstance(self.noise, Positive):
            state = self._dispersed(state, rng)
        state = state._replace(place=self._jumped(state, rng))
        jumping, first = self._jumping, self.toggles.target.first
        if self.inclusion.learned:
            rate = self.inclusion.drawn(state.place.inside[jumping], rng)
            state = state._replace(rate=rate)
        local = self.rest.drawn(state.place.x[first:], state.local, rng)
        return self._moved(state._replace(local=local), rng)

    def tuned(self, state: JumpState, done: float) -> JumpState:
        gain = 0.4 * (1.0 - done) + 0.02
        log_step = state.log_step + gain * (state.accepted - _AIM)
        if any(state.done < at <= done for at in _REFRESH):
            state = state._replace(curvature=self.toggles.target.hessian(state.place.x))
        return state._replace(log_step=min(log_step, 0.3), done=done)

    def draw(self, state: JumpState, rng: np.random.Generator) -> Draw:  # noqa: ARG002
        level, t = self.toggles.target.whole(state.place.x)
        return {
            "intercept": level.copy(),
            "coef": self.loc + t,
            "noise": exp(0.5 * state.log_phi),
            "included": state.place.inside.copy(),
            "inclusion_rate": state.rate,
            "accepted": state.accepted,
        }

    # -- the blocks ------------------------------------------------------------------------------

    def _dispersed(self, state: JumpState, rng: np.random.Generator) -> JumpState:
        assert isinstance(self.noise, Positive)
        lost = state.place.look.lost
        log_phi = self.toggles.target.dispersion(self.noise, lost, state.log_phi, rng)
        return state._replace(log_phi=log_phi)

    def _jumped(self, state: JumpState, rng: np.random.Generator) -> Place:
        """Weights in and out one by one, then swaps."""
        place, phi, jumping = state.place, exp(state.log_phi), self._jumping
        odds = np.zeros(len(self.loc))
        odds[jumping] = self.inclusion.at(state.rate)
        for j in rng.permutation(jumping)[:_MOVES]:
            place = self.toggles.toggled(place, int(j), odds, phi, rng)
        for _ in range(min(_SWAPS, len(jumping))):
            place = self.toggles.swapped(place, odds, phi, rng)
        return place

    def _precision(self, local: Local) -> Array:
        """Of all weights that may be in, (m,)."""
        out = np.zeros(len(self.loc))
        out[self._jumping] = self.toggles.slabs.scale[self._jumping] ** -2.0
        out[self.rest.places] = local.precision
        return out

    def _moved(self, state: JumpState, rng: np.random.Generator) -> JumpState:
        """Leapfrog steps of the first unknowns and of the weights that are in."""
        target, (inside, x, _) = self.toggles.target, state.place
        first, chosen = target.first, np.flatnonzero(inside)
        free = np.r_[np.arange(first), first + chosen]
        if not len(free):
            return state
        precision, phi = self._precision(state.local)[chosen], exp(state.log_phi)
        mass = state.curvature[np.ix_(free, free)] / phi
        np.einsum("jj->j", mass)[first:] += precision
        some = self._of(chosen)
        hill = Hill(some, phi, precision, np.zeros(len(chosen)), rooted(mass))
        steps, size = int(rng.integers(2, 6)), exp(state.log_step) * rng.uniform(0.8, 1.2)
        v = rng.standard_normal(len(free))

        def potential(z: Array, lost: float) -> float:
            return lost / phi + 0.5 * float(precision @ z[first:] ** 2)

        here = x[free]
        lost, slope = some.at(here)
        before = potential(here, lost) + 0.5 * float(v @ v)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            there, lost, _, v = leapfrog(hill, here, slope, v, size, steps)
        change = before - potential(there, lost) - 0.5 * float(v @ v)
        chance = exp(min(change, 0.0)) if np.isfinite(change) else 0.0
        if rng.random() < chance:
            x = x.copy()
            x[free] = there
        return state._replace(place=self.place(inside, x), accepted=chance)

    def _of(self, chosen: Index) -> Target:
        """The target by the first unknowns and the chosen weights."""
        target, q = self.toggles.target, self.toggles.target.problem.outputs
        if q is None:
            return target.of_columns(chosen)
        columns = np.unique(chosen // q)
        part = target.of_columns(columns)
        own = np.searchsorted(columns, chosen // q) * q + chosen % q
        free = np.r_[np.arange(target.first), target.first + own]
        return _Part(part.problem, part, free)
