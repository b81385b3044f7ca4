"""Many rows for each weight: proposals from the normal curve at the mode, taken or left.

Where the posterior is nearly normal, draws of that curve are nearly draws of the posterior; an
accept-reject step makes them so exactly. Whether it is near enough is measured before: by the tail
of the importance weights and by the share of proposals that would be taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple

import numpy as np
from scipy import linalg

from priorfit._typing import Array
from priorfit.posterior.psis import psis
from priorfit.posterior.samplers.sampler import Draw, Sampler
from priorfit.posterior.samplers.target import Target

__all__ = ["Independence", "Proposal", "independence", "normal_at"]

_BLOCK = 64  # proposals at a time
_PILOT = 512
_TAIL, _TAKEN = 0.5, 0.6


@dataclass(frozen=True, eq=False)
class Proposal:
    """The normal curve at the mode of ``lost / phi + precision (b - loc)^2 / 2``.

    ``middle`` (size,) the mode, ``root`` the lower factor of the curvature there.
    """

    target: Target
    loc: Array
    precision: Array
    phi: float
    middle: Array
    root: Array

    def draws(self, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Proposals (size, unknowns) and their log weights (size,): log posterior less log
        proposal, up to a constant."""
        z = rng.standard_normal((len(self.middle), size))
        x = self.middle[:, None] + linalg.solve_triangular(self.root.T, z, lower=False)
        b = x[self.target.first :]
        lost = self.target.losses(x)
        energy = lost / self.phi + 0.5 * self.precision @ (b - self.loc[:, None]) ** 2
        logs = 0.5 * np.einsum("jk,jk->k", z, z) - energy
        return x.T, np.where(np.isfinite(logs), logs, -np.inf)


class Queue(NamedTuple):
    """Where the chain is, with its log weight; proposals that wait, and the next of them."""

    x: Array
    log_weight: float
    waiting: Array
    logs: Array
    place: int
    accepted: float


@dataclass(frozen=True, eq=False)
class Independence(Sampler):
    """A Metropolis-Hastings chain whose proposals do not depend on where it is.

    Source: Tierney (1994), Annals of Statistics 22, section 2.3.3.
    """

    proposal: Proposal

    name = "independence: proposals from the mode"
    warmup = 50

    def init(self, rng: np.random.Generator) -> Queue:
        waiting, logs = self.proposal.draws(_BLOCK, rng)
        return Queue(waiting[0], float(logs[0]), waiting, logs, 1, 1.0)

    def step(self, state: Queue, rng: np.random.Generator) -> Queue:
        waiting, logs, place = state.waiting, state.logs, state.place
        if place == len(logs):
            (waiting, logs), place = self.proposal.draws(_BLOCK, rng), 0
        gain = float(logs[place]) - state.log_weight
        if log(rng.random() or 1e-300) < gain:
            return Queue(waiting[place], float(logs[place]), waiting, logs, place + 1, 1.0)
        taken = exp(min(gain, 0.0))
        return Queue(state.x, state.log_weight, waiting, logs, place + 1, taken)

    def draw(self, state: Queue, rng: np.random.Generator) -> Draw:  # noqa: ARG002
        level, coef = self.proposal.target.whole(state.x)
        return {"intercept": level.copy(), "coef": coef.copy(), "accepted": state.accepted}


def normal_at(
    target: Target, loc: Array, precision: Array, phi: float, middle: Array
) -> Proposal | None:
    """The normal curve at ``middle``; None where the curvature there is not positive."""
    mass = target.hessian(middle) / phi
    places = np.arange(target.first, target.size)
    mass[places, places] += precision
    try:
        root = np.asarray(linalg.cholesky(mass, lower=True))
    except linalg.LinAlgError:
        return None
    return Proposal(target, loc, precision, phi, middle, root)


def independence(
    target: Target, loc: Array, precision: Array, phi: float, middle: Array
) -> Independence | None:
    """The sampler, where proposals fit the posterior well; None where they do not."""
    proposal = normal_at(target, loc, precision, phi, middle)
    if proposal is None:
        return None
    logs = proposal.draws(_PILOT, np.random.default_rng(0))[1]
    if not np.all(np.isfinite(logs)):
        return None
    half = len(logs) // 2
    taken = float(np.exp(np.minimum(logs[:half] - logs[half:], 0.0)).mean())
    fits = taken > _TAKEN and float(psis(logs[:, None]).khat[0]) < _TAIL
    return Independence(proposal) if fits else None
