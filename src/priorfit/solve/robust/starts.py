"""Where a descent may begin: least squares, least absolute deviations, and beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from priorfit._typing import Array
from priorfit.likelihoods import Gaussian, Quantile, StudentT
from priorfit.solve.standard import Standard

__all__ = ["starts_of"]

_RANDOM = 2
_LOOSE = 1e-4

#: (standard, strength, tol) -> the solution of a convex problem
Convex = Callable[[Standard, float, float], Array]


def starts_of(solve: Convex) -> Callable[[Standard, float], list[Array]]:
    """Starts for a t likelihood, under the same prior at comparable strength."""

    def starts(standard: Standard, strength: float) -> list[Array]:
        likelihood = standard.likelihood
        assert isinstance(likelihood, StudentT)
        df, scale = likelihood.df, likelihood.scale
        squares = _least_squares(standard, strength * scale**2 * df / (df + 1.0), solve)
        middle = replace(standard, likelihood=Quantile(0.5))
        steep = (df + 1.0) / (np.sqrt(df) * scale)  # twice the largest slope, that of |r| being 1
        absolute = solve(middle, strength / steep, _LOOSE)
        rng, form = np.random.default_rng(0), standard.form
        beside = [absolute + 3.0 * scale * rng.normal(size=len(absolute)) for _ in range(_RANDOM)]
        return [squares, absolute, *(np.where(form.fixed, absolute, g) for g in beside)]

    return starts


def _least_squares(standard: Standard, strength: float, solve: Convex) -> Array:
    y, w = standard.y - standard.offset, standard.weights
    center = float(w @ y / w.sum()) if standard.Z.intercept else 0.0
    plain = replace(
        standard, likelihood=Gaussian(1.0), y=y - center, offset=np.zeros_like(y), y_center=center
    )
    g = solve(plain, strength, _LOOSE).copy()
    g[: int(standard.Z.intercept)] += center
    return g
