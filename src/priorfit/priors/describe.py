"""A belief in words."""

from __future__ import annotations

import numpy as np

from priorfit.priors.base import Prior
from priorfit.priors.separable import ElasticNet, Flat
from priorfit.priors.truncated import Truncated

__all__ = ["describe"]


def describe(prior: Prior) -> str:
    """One sentence: family, scale, and where half and 95 % of the weights are believed to lie.

    Examples
    --------
    >>> from priorfit.priors import Laplace
    >>> describe(Laplace(scale=0.1))
    'Laplace, scale 0.1: half of the weights within ±0.0693, 95 % within ±0.3'
    """
    if isinstance(prior, Truncated):
        return f"{describe(prior.prior)}; {_box(*prior._bounds())}"
    if isinstance(prior, Flat):
        return "flat: every weight is as plausible as any other, nothing is shrunk"
    widths = [np.atleast_1d(w) for w in prior._widths()]  # type: ignore[attr-defined]
    names = ("l1_scale", "l2_scale") if isinstance(prior, ElasticNet) else ("scale",)
    scales = ", ".join(f"{k} {_range(w)}" for k, w in zip(names, widths, strict=True))
    if any(w.size > 1 or not np.all((w > 0) & np.isfinite(w)) for w in widths):
        return f"{prior.word}, {scales}"
    loc = np.atleast_1d(np.asarray(prior.loc, dtype=np.float64))  # type: ignore[attr-defined]
    half = np.max(prior.quantile(0.75) - loc)
    most = np.max(prior.quantile(0.975) - loc)
    around = "" if np.all(loc == 0) else f" of {_range(loc)}"
    return (
        f"{prior.word[0].upper()}{prior.word[1:]}, {scales}: half of the weights within "
        f"±{half:.3g}{around}, 95 % within ±{most:.3g}{around}"
    )


def _box(low: np.ndarray, high: np.ndarray) -> str:
    if np.all(np.isinf(high)):
        return f"never below {_range(low)}"
    if np.all(np.isinf(low)):
        return f"never above {_range(high)}"
    return f"kept in [{_range(low)}, {_range(high)}]"


def _range(values: np.ndarray) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
