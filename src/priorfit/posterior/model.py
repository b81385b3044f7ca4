"""From a problem to the sampler of its posterior."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Mask
from priorfit.likelihoods import Gaussian
from priorfit.posterior.samplers.general import Bounds, General
from priorfit.posterior.samplers.gibbs import GaussianGibbs
from priorfit.posterior.samplers.hamiltonian import Hamiltonian
from priorfit.posterior.samplers.horseshoes import HorseshoeSteps, with_scales
from priorfit.posterior.samplers.independence import independence
from priorfit.posterior.samplers.mixing import HorseshoeMixing, Mixing, mixing_of
from priorfit.posterior.samplers.normal import NormalPosterior
from priorfit.posterior.samplers.ordered import target_of
from priorfit.posterior.samplers.positive import Positive, half_student, positive
from priorfit.posterior.samplers.rows import rows_of
from priorfit.posterior.samplers.sampler import Independent, Sampler
from priorfit.posterior.samplers.spectrum import Spectrum
from priorfit.posterior.samplers.spikes import ALL, Inclusion, Spikes, SpikesEnumerated, Supports
from priorfit.posterior.spiked import jumps_of, spiked
from priorfit.priors import MCP, SCAD, ByColumn, Prior, SpikeSlab
from priorfit.problem import Problem
from priorfit.solve import solve_quietly

__all__ = ["Beliefs", "Model", "model_of"]

DEFAULT = "default"
_FEW = 0.1  # weights for each row, up to which proposals from the mode are tried


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What is believed of the noise and of the factor of all prior scales; numbers are held."""

    noise: Positive | float
    strength: Positive | float


@dataclass(frozen=True, eq=False)
class Model:
    """A problem as asked, its sampler, and what it believes of noise and strength."""

    problem: Problem
    sampler: Sampler | Independent
    beliefs: Beliefs

    def samples(self, name: str) -> bool:
        """Whether the parameter of this name is unknown."""
        if name == "noise":
            return isinstance(self.beliefs.noise, Positive)
        if name == "inclusion_rate":
            return isinstance(self.beliefs.strength, Positive)
        return name != "scale" or isinstance(self.beliefs.strength, Positive)

    @cached_property
    def _fixed(self) -> tuple[Mask, Array]:
        """Which weights of the sampled coordinates may not move, and where they stand."""
        inner = self.problem.changed
        mixing = mixing_of(inner.belief, inner.n_weights)
        held = np.zeros(inner.n_weights, dtype=bool) if mixing is None else mixing.fixed
        return held, np.broadcast_to(_loc(inner), held.shape)

    def back(self, coefs: Array) -> Array:
        """Weights (..., p) as the problem has them, from the coordinates that are sampled."""
        held, loc = self._fixed
        if np.any(held):
            coefs = np.where(held, loc, coefs)
        change = self.problem.change
        if change is None:
            return coefs
        flat = coefs.reshape(-1, coefs.shape[-1])
        return change.back(flat.T).T.reshape(coefs.shape)


def model_of(problem: Problem, noise: Any, strength: Any) -> Model:
    """The sampler that fits the likelihood and the prior; see `priorfit.sample`."""
    _check(problem)
    if problem.likelihood.known_shape is None:
        found = solve_quietly(problem).likelihood
        problem = replace(problem, likelihood=found or problem.likelihood)
    beliefs = Beliefs(_noise_of(problem, noise), _strength_of(strength))
    inner = problem.changed
    if spiked(inner.prior):
        return Model(problem, _spikes(inner, beliefs), beliefs)
    mixing = mixing_of(inner.belief, inner.n_weights)
    if mixing is None or not problem.likelihood.smooth:
        return Model(problem, _general(inner, beliefs), beliefs)
    bounded = bool(np.any(np.asarray(mixing.still) > 0))
    if isinstance(problem.likelihood, Gaussian) and problem.outputs is None and not bounded:
        return Model(problem, _gaussian(inner, mixing, beliefs), beliefs)
    return Model(problem, _pointwise(inner, mixing, beliefs), beliefs)


def _noise_of(problem: Problem, noise: Any) -> Positive | float:
    """The belief about the dispersion's root, or its known value."""
    known = problem.likelihood.known_dispersion
    if known is not None:
        if noise is not DEFAULT:
            raise InputError(
                "`noise` must stand with a noise that is unknown",
                f"{problem.likelihood!r}",
                "Leave out one of the two.",
            )
        return float(np.sqrt(known))
    if noise is not DEFAULT:
        return positive(noise, "noise")
    w = problem.weights
    middle = problem.y - w @ problem.y / w.sum()
    sd = float(np.sqrt(w @ middle**2 / w.sum())) if problem.y.ndim == 1 else 1.0
    return positive(half_student(sd or 1.0), "noise")


def _strength_of(strength: Any) -> Positive | float:
    if strength == "held":
        return 1.0
    if isinstance(strength, str) and strength == "sampled":
        return positive(half_student(1.0, df=1.0), "strength")
    if isinstance(strength, Prior):
        return positive(strength, "strength")
    raise InputError(
        '`strength` must be "held", "sampled" or a prior of one positive number',
        repr(strength),
        "The prior's scales are multiplied by it.",
    )


def _gaussian(inner: Problem, mixing: Mixing, beliefs: Beliefs) -> Sampler | Independent:
    flat = mixing.flat
    loc = np.broadcast_to(_loc(inner), flat.shape)
    rows = rows_of(inner, np.where(flat, 0.0, loc), flat)
    by_noise = bool(getattr(inner.likelihood, "scale_by_noise", False))
    held = mixing.only(rows.held) if len(rows.free) else mixing
    spectrum = Spectrum.of(rows, held.start().precision)
    _check_noise(spectrum, beliefs)
    if not held.moves:
        return NormalPosterior(spectrum, rows, beliefs.noise, beliefs.strength, by_noise)
    many = len(rows.held) > 0.3 * rows.count
    heavy = "horseshoe" in inner.belief.word
    return GaussianGibbs(rows, held, beliefs.noise, beliefs.strength, by_noise, many or heavy)


def _check_noise(spectrum: Spectrum, beliefs: Beliefs) -> None:
    """Raise `InputError` where the density of a small noise is not integrable: the rows are fitted
    exactly, and there are more of them than directions that weights can move them in."""
    rows, noise = spectrum.rows, beliefs.noise
    if isinstance(noise, float) or spectrum.outside > 1e-12 * rows.square:
        return
    repeats = rows.count - int(np.count_nonzero(spectrum.d))
    if repeats >= 1.0 or (noise.prior is None and repeats >= 0.0):
        raise InputError(
            "the posterior of the noise must be proper",
            "rows that can be fitted exactly, and repeat (or a noise without belief)",
            "State the noise, as in pf.Gaussian(noise=1.0), or give each row the weight 1.",
        )


def _loc(problem: Problem) -> Array:
    belief: Any = problem.belief
    return np.asarray(getattr(belief, "loc", 0.0), dtype=np.float64)


def _pointwise(inner: Problem, mixing: Mixing, beliefs: Beliefs) -> Sampler:
    target = target_of(inner)
    loc = np.broadcast_to(_loc(inner), (inner.n_weights,))
    middle = target.middle()
    held = isinstance(beliefs.noise, float) and isinstance(beliefs.strength, float)
    if held and not mixing.moves and len(middle) < _FEW * inner.n_effective:
        phi, precision = float(beliefs.noise) ** 2, mixing.start().precision  # type: ignore[arg-type]
        found = independence(target, loc, precision, phi, middle)
        if found is not None:
            return found
    known = (target, mixing, loc, middle, target.hessian(middle), beliefs.noise, beliefs.strength)
    pairs = with_scales(target, loc) if isinstance(mixing, HorseshoeMixing) else None
    return Hamiltonian(*known) if pairs is None else HorseshoeSteps(*known, pairs)


def _general(inner: Problem, beliefs: Beliefs) -> Sampler:
    target = target_of(inner)
    form, middle = inner.form, target.middle()
    mass = target.hessian(middle)
    given = inner.prior.given_others(inner.n_weights) if inner.outputs is None else form
    curve = given.l2 + 0.5 * given.l1**2
    places = np.arange(target.first, target.size)
    mass[places, places] += np.where(np.isfinite(curve) & (curve > 0), curve, 1.0)
    bounds = Bounds(form.lower, form.upper)
    return General(
        target, inner.belief, form, bounds, middle, mass, beliefs.noise, beliefs.strength
    )


def _spikes(inner: Problem, beliefs: Beliefs) -> Sampler | Independent:
    """Sets of weights: with all weights integrated out where that is closed, else jumps."""
    prior, learned = inner.prior, isinstance(beliefs.strength, Positive)
    plain = isinstance(inner.likelihood, Gaussian) and inner.outputs is None
    if not plain or not isinstance(prior, SpikeSlab):
        return jumps_of(inner, beliefs.noise, learned)
    p = inner.n_weights
    odds = np.log(prior.inclusion) - np.log1p(-prior.inclusion)
    scale, odds, loc = (np.broadcast_to(v, (p,)).copy() for v in (prior.scale, odds, prior.loc))
    supports = Supports.of(rows_of(inner, loc, np.zeros(p, dtype=bool)), scale)
    inclusion = Inclusion(odds, learned)
    if isinstance(beliefs.noise, float) and p <= ALL and not inclusion.learned:
        return SpikesEnumerated(supports, inclusion, beliefs.noise)
    return Spikes(supports, inclusion, beliefs.noise)


def _check(problem: Problem) -> None:
    """Raise `InputError` where there is no posterior."""
    likelihood = problem.likelihood
    if not likelihood.is_probability:
        raise InputError(
            "a posterior needs a likelihood that is a probability of y",
            f"{likelihood.name}, a pseudo-likelihood",
            "Use pf.Bernoulli().",
        )
    parts = problem.prior.parts.values() if isinstance(problem.prior, ByColumn) else [problem.prior]
    for part in parts:
        held = isinstance(part, SpikeSlab) or np.any(np.isfinite(getattr(part, "slab", np.inf)))
        if held and getattr(likelihood, "scale_by_noise", False):
            raise InputError(
                "a belief with a slab must be in units of the weights to be sampled",
                "scale_by_noise=True, units of the noise",
                "Say pf.Gaussian(), without scale_by_noise.",
            )
        if isinstance(part, MCP | SCAD):
            raise InputError(
                "a posterior needs a belief that is a density",
                f"{part.word}, which is flat far out and integrates to infinity",
                "Use pf.LogLaplace or pf.Horseshoe, whose tails are as heavy.",
            )
