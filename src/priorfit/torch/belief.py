"""A prior as the few numbers that one step of an optimizer needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit.priors import (
    ElasticNet,
    Flat,
    GroupLaplace,
    Laplace,
    LogLaplace,
    Normal,
    Prior,
    SparseGroupLaplace,
    SpikeSlab,
)

__all__ = ["Belief", "belief_of", "held"]

SHAPES = ("rows", "filters", "columns", "heads")


@dataclass(frozen=True)
class Belief:
    """The penalty that a belief adds to the mean loss: ``strength * sum_j f(w_j)``.

    ``f(w) = l1 |w| + l2 w^2 / 2 + group sqrt(d) |w_g| + price [w != 0]``, where under a log-Laplace
    belief ``l1 |w|`` is ``l1 width log(1 + |w| / width)``. All are numbers and words, so a group of
    an optimizer that holds them can be saved, loaded with ``weights_only=True`` and changed by a
    schedule.

    Parameters
    ----------
    kind : "flat", "normal", "l1", "log", "group" or "spike".
    l1, l2, group, price : rates in units of the mean loss, per unit of the weight.
    width : where the tail of a log-Laplace belief begins, in units of the weight.
    keep : the share of weights that are in, where a spike and slab has a finite slab.
    by, heads : what a group is: "rows" (outputs, filters), "columns" (inputs), "heads".
    by_size : whether the rate of a group carries ``sqrt(d)``.
    unit : "loss" for rates of the mean loss; "snr" for rates per unit of Adam's normalised step.
    strength : a multiplier, for ramps and paths.
    n : the rows of the training set, 0 where rates are per normalised step.

    Examples
    --------
    >>> import priorfit as pf
    >>> belief = belief_of(pf.Laplace(scale=0.5), n=1000)
    >>> belief.l1
    0.002
    """

    kind: str
    l1: float = 0.0
    l2: float = 0.0
    group: float = 0.0
    price: float = 0.0
    width: float = 0.0
    keep: float = 1.0
    by: str = "rows"
    heads: int = 0
    by_size: bool = True
    unit: str = "loss"
    strength: float = 1.0
    n: float = 0.0

    @property
    def kinked(self) -> bool:
        """Whether a weight can be exactly 0."""
        return self.kind in ("l1", "log", "group", "spike")

    def as_dict(self) -> dict[str, Any]:
        """The numbers as a plain dictionary."""
        return asdict(self)


def held(group: Mapping[str, Any]) -> Belief | None:
    """The belief that a parameter group of an optimizer holds; None without one."""
    found = group.get("prior")
    return None if found is None else _made(tuple(found.items()))


@lru_cache(maxsize=256)
def _made(items: tuple[tuple[str, Any], ...]) -> Belief:
    return Belief(**dict(items))


def belief_of(
    prior: Prior,
    *,
    n: float | None = None,
    snr: float | None = None,
    noise: float | None = None,
    by: str = "rows",
    heads: int = 0,
    strength: float = 1.0,
) -> Belief:
    """The rates of ``prior`` beside the mean loss of ``n`` rows (see `prior_groups`)."""
    if by not in SHAPES:
        raise InputError("`by` must be rows, filters, columns or heads", repr(by), 'Say by="rows".')
    if by == "heads" and heads < 1:
        raise InputError("groups by heads need their number", f"heads={heads}", "Say heads=8.")
    _positive("strength", strength)
    shape = _shape(prior)
    by = "rows" if by == "filters" else by
    factor = _factor(n, snr, noise, shape)
    rates = {k: getattr(shape, k) * factor for k in ("l1", "l2", "group", "price")}
    return replace(
        shape, **rates, by=by, heads=heads, strength=float(strength),
        unit="loss" if snr is None else "snr", n=float(n or 0.0),
    )  # fmt: skip


def _factor(n: float | None, snr: float | None, noise: float | None, shape: Belief) -> float:
    """What the rates of -log p are multiplied by."""
    if (n is None) == (snr is None):
        raise InputError(
            "exactly one of `n` and `snr` must be given",
            f"n={n!r}, snr={snr!r}",
            "n is the number of training rows: the belief is then a prior.",
        )
    if snr is not None:
        _positive("snr", snr)
        largest = max(shape.l1, shape.group, shape.price)
        if largest == 0:
            raise InputError(
                "`snr` needs a belief with a kink", shape.kind, "Use n= for a normal belief."
            )
        return float(snr) / largest
    _positive("n", n)
    if noise is None:
        return 1.0 / float(n)  # type: ignore[arg-type]
    _positive("noise", noise)
    return 2.0 * float(noise) ** 2 / float(n)  # type: ignore[arg-type]


def _shape(prior: Prior) -> Belief:
    """The rates of -log p itself."""
    match prior:
        case Flat():
            return Belief("flat")
        case Normal():
            return Belief("normal", l2=_rate(prior, "scale", 2))
        case Laplace():
            return Belief("l1", l1=_rate(prior, "scale"))
        case ElasticNet():
            return Belief("l1", l1=_rate(prior, "l1_scale"), l2=_rate(prior, "l2_scale", 2))
        case LogLaplace():
            rate = _rate(prior, "scale")
            return Belief("log", l1=rate, width=float(prior.width))
        case GroupLaplace():
            return Belief("group", group=_rate(prior, "scale"), by_size=_ungrouped(prior))
        case SparseGroupLaplace():
            l1, group = _rate(prior, "l1_scale"), _rate(prior, "group_scale")
            return Belief("group", l1=l1, group=group, by_size=_ungrouped(prior))
        case SpikeSlab():
            return _spike(prior)
    raise InputError(
        "`prior` must be Normal, Laplace, ElasticNet, LogLaplace, GroupLaplace, "
        "SparseGroupLaplace, SpikeSlab or Flat",
        repr(prior),
        "Other beliefs have no step here.",
    )


def _spike(prior: SpikeSlab) -> Belief:
    width = float(_one(prior, "scale"))
    if np.isinf(width):
        return Belief("spike", price=float(_one(prior, "penalty")))
    return Belief("spike", l2=1.0 / width**2, keep=float(prior.inclusion))


def _ungrouped(prior: GroupLaplace | SparseGroupLaplace) -> bool:
    if prior.groups is not None:
        raise InputError(
            "the groups of a network are said by their shape",
            f"groups={prior.groups!r}",
            'Leave `groups` out and say by="rows", "columns" or "heads".',
        )
    return prior.by_size


def _one(prior: Prior, name: str) -> Any:
    value = getattr(prior, name)
    if np.ndim(value) != 0 or isinstance(value, Mapping):
        raise InputError(
            f"`{name}` must be one number for all weights of a layer",
            repr(value),
            "Give layers their own beliefs: prior={'layer1.*': ..., '*': ...}.",
        )
    return value


def _rate(prior: Prior, name: str, power: int = 1) -> float:
    scale = float(_one(prior, name))
    if float(_one(prior, "loc")) != 0:
        raise InputError("`loc` must be 0", repr(prior), "Weights of networks are shrunk to 0.")
    if scale == 0:
        raise InputError(f"`{name}` must be > 0", "0", "Freeze a weight by requires_grad=False.")
    return float(scale**-power)


def _positive(name: str, value: Any) -> None:
    if not (isinstance(value, int | float) and np.isfinite(value) and value > 0):
        raise InputError(f"`{name}` must be a number > 0", repr(value), f"Give {name}=1000.0.")
