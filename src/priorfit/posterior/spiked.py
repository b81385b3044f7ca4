"""From a belief with a spike to the sampler of its posterior, noise of any kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.posterior.samplers.jumps import Jumps, Rest
from priorfit.posterior.samplers.mixing import mixing_of
from priorfit.posterior.samplers.ordered import target_of
from priorfit.posterior.samplers.positive import Positive
from priorfit.posterior.samplers.spikes import Inclusion
from priorfit.posterior.samplers.toggles import Columns, Slabs, Toggles
from priorfit.priors import ByColumn, Prior, SpikeSlab
from priorfit.problem import Problem

__all__ = ["jumps_of", "spiked"]


def spiked(prior: Prior) -> bool:
    """Whether some weight has a spike."""
    parts = prior.parts.values() if isinstance(prior, ByColumn) else [prior]
    return any(isinstance(part, SpikeSlab) for part in parts)


def jumps_of(inner: Problem, noise: Positive | float, learned: bool) -> Jumps:
    """Reversible jumps; ``learned``: the probability of being in is unknown.

    Raises
    ------
    InputError
        where the likelihood has kinks, the slab is flat, or other columns have a belief that is no
        mixture of normals or a strength that is unknown.
    """
    if not inner.likelihood.smooth:
        raise InputError(
            "a spike and slab must stand with a smooth likelihood to be sampled",
            f"the {inner.likelihood.name} likelihood",
            "Use pf.Horseshoe, whose weights are nearly zero or large.",
        )
    m = inner.n_weights
    slabs, odds, rest = _slabs(inner.belief, m)
    if learned and len(rest.places):
        raise InputError(
            "an unknown strength must be that of all columns",
            "a spike and slab for a part of them",
            'Say strength="held", or give all columns one SpikeSlab.',
        )
    loc = np.broadcast_to(np.asarray(inner.form.loc, dtype=np.float64), (m,)).copy()
    shaped = loc if inner.outputs is None else loc.reshape(-1, inner.outputs)
    offset = inner.offset + inner.design.matvec(shaped)
    target = target_of(replace(inner, offset=offset))
    middle = target.ridged().middle()
    return Jumps(
        Toggles(Columns.of(target), slabs), rest, Inclusion(odds, learned), loc, middle,
        target.hessian(middle), noise,
    )  # fmt: skip


def _slabs(belief: Prior, m: int) -> tuple[Slabs, Array, Rest]:
    """The slabs of all weights, log odds of those with a spike, and the rest."""
    every: list[tuple[Prior, Index]] = [(belief, np.arange(m))]
    if isinstance(belief, ByColumn):
        places = (np.asarray(c) for c in belief.columns or ())
        every = list(zip(belief.parts.values(), places, strict=True))
    scale, odds, jumping = np.ones(m), np.zeros(m), np.zeros(m, dtype=bool)
    others = {str(k): one for k, one in enumerate(every) if not isinstance(one[0], SpikeSlab)}
    for part, where in every:
        if isinstance(part, SpikeSlab):
            width = np.broadcast_to(np.asarray(part.scale, dtype=np.float64), (len(where),))
            price = np.broadcast_to(np.asarray(part.penalty, dtype=np.float64), (len(where),))
            jumping[where] = width > 0
            scale[where] = np.where(width > 0, width, 1.0)
            odds[where] = np.log(scale[where] * np.sqrt(2.0 * np.pi)) - price
    if not np.all(np.isfinite(scale)):
        raise InputError(
            "a probability needs a proper prior",
            "a flat slab (scale infinite)",
            "Give the slab a finite scale.",
        )
    return Slabs(scale, jumping), odds[jumping], _rest(others)


def _rest(others: dict[str, tuple[Prior, Index]]) -> Rest:
    """The weights without a spike, those that may not move left out."""
    if not others:
        return Rest(np.zeros(0, dtype=np.intp), None)
    where = np.concatenate([places for _, places in others.values()])
    ends = np.cumsum([len(places) for _, places in others.values()])
    columns = np.split(np.arange(len(where)), ends[:-1])
    mixing = mixing_of(ByColumn({k: part for k, (part, _) in others.items()}, columns), len(where))
    if mixing is None:
        raise InputError(
            "beside a spike and slab other columns must have beliefs that are mixtures of normals",
            ", ".join(part.word for part, _ in others.values()),
            "Use pf.Normal, pf.Laplace, pf.StudentPrior or pf.Horseshoe, without bounds.",
        )
    kept = np.flatnonzero(~mixing.fixed)
    return Rest(where[kept], mixing.only(kept) if len(kept) < len(where) else mixing)
