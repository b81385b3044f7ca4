"""The prior of p columns as the prior of p x q weights, where a fit has q outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Mask
from priorfit.priors.base import Prior
from priorfit.priors.by_column import ByColumn
from priorfit.priors.differences import RandomWalk
from priorfit.priors.grouped import GroupLaplace, SparseGroupLaplace
from priorfit.priors.multivariate import MultivariateNormal
from priorfit.priors.separable import Flat, Normal
from priorfit.priors.slope import SLOPE
from priorfit.priors.truncated import Truncated

__all__ = ["for_outputs"]


def for_outputs(prior: Prior, p: int, free: Mask) -> Prior:
    """The belief about all weights of ``p`` columns and q outputs, entry (j, k) at ``j q + k``.

    A parameter that is one number, or one per column (p,), holds for each output; (p, 1) and (p, q)
    say it per weight. Groups gather columns for each output by itself, or all outputs of their
    columns (``outputs="together"``). Outputs that are not ``free`` (q,) have weights 0.

    Raises
    ------
    InputError
        where a parameter has another shape, or the prior cannot be one of several outputs.

    Examples
    --------
    >>> import priorfit as pf
    >>> for_outputs(pf.Laplace([1.0, 2.0]), 2, np.array([True, True])).scale
    array([1., 1., 2., 2.])
    """
    if isinstance(prior, MultivariateNormal | RandomWalk | SLOPE):
        raise InputError(
            "the prior of several outputs must be one of columns",
            f"a {prior.word}",
            "Use Normal(scale=...), with a scale per column or (p, q).",
        )
    if isinstance(prior, Truncated):
        return _truncated(prior, p, free)
    if isinstance(prior, ByColumn):
        return _by_column(prior, p, free)
    if isinstance(prior, Flat) and not np.all(free):
        prior = Normal(np.inf, loc=prior.loc)
    changed = {
        name: _per_weight(name, value, p, free)
        for name, value in prior.arguments().items()
        if name in ("loc", "penalty") or name.endswith("scale")
    }
    if isinstance(prior, GroupLaplace | SparseGroupLaplace):
        changed |= {"groups": _groups(prior, p, len(free)), "outputs": "each"}
    return type(prior)(**prior.arguments() | changed)


def _truncated(prior: Truncated, p: int, free: Mask) -> Truncated:
    bounds = {"lower": (prior.lower_bound, -np.inf), "upper": (prior.upper_bound, np.inf)}
    cut = {
        k: np.where(np.tile(free, p), _wide(k, v, p, len(free)), none)
        for k, (v, none) in bounds.items()
    }
    return Truncated(for_outputs(prior.prior, p, free), **cut)


def _by_column(prior: ByColumn, p: int, free: Mask) -> ByColumn:
    prior.check_columns(p)
    outputs, places = np.arange(len(free)), prior.columns or ()
    parts = {
        key: for_outputs(part, len(where), free)
        for (key, part), where in zip(prior.parts.items(), places, strict=True)
    }
    return ByColumn(parts, [(w[:, None] * len(free) + outputs).ravel() for w in places])


def _per_weight(name: str, value: Any, p: int, free: Mask) -> Any:
    """One number where that says it; else (p q,). Weights of held outputs get scale and loc 0."""
    if np.ndim(value) == 0 and not isinstance(value, Mapping) and np.all(free):
        return value
    return np.where(np.tile(free, p), _wide(name, value, p, len(free)), 0.0)


def _wide(name: str, value: Any, p: int, outputs: int) -> Array:
    if isinstance(value, Mapping):
        raise InputError(
            f"`{name}` is given by column name and needs the columns",
            "no names",
            "Fit it to a data frame, or call prior.for_columns(names) first.",
        )
    array = np.asarray(value, dtype=np.float64)
    shaped = array[:, None] if array.ndim == 1 else array
    fits = array.ndim <= 2
    for size, wanted in zip(shaped.shape, (p, outputs), strict=False):
        fits = fits and size in (1, wanted)
    if not fits:
        raise InputError(
            f"`{name}` must be one number, one per column (p = {p}) or (p, {outputs})",
            f"shape {array.shape}",
            "Give as many values as X has columns, or a table of columns by outputs.",
        )
    return np.broadcast_to(shaped, (p, outputs)).ravel()


def _groups(prior: GroupLaplace | SparseGroupLaplace, p: int, outputs: int) -> Any:
    ids = np.repeat(prior._ids(p), outputs)
    if prior.outputs == "together":
        return ids
    return ids * outputs + np.tile(np.arange(outputs), p)
