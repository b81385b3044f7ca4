"""The horseshoe: a belief without a mode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import asin, asinh, log, pi, sqrt
from typing import NoReturn, Self

import numpy as np
from scipy.special import hyperu, ndtr, roots_legendre

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, PerColumn, Seed
from priorfit.priors.base import Prior
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import as_array, by_column, check, times

__all__ = ["Horseshoe", "log_slab_mass"]

_NODES = 400  # of Gauss and Legendre over the angle of the half-Cauchy


@dataclass(frozen=True, eq=False)
class Horseshoe(Prior):
    """``b - loc ~ normal(0, (scale r)^2)``, r half-Cauchy:
    ``p(b) = e^x E1(x) / (scale sqrt(2 pi^3))``, x = (b - loc)^2 / (2 scale^2).

    The density is infinite at loc and its tail falls as that of a Cauchy. There is no MAP estimate:
    J has no minimum, because weights at loc send it to minus infinity whatever the data say. The
    belief makes sense as a posterior only; `neg_log_density`, `cdf` and `sample` work, a fit is
    refused.

    With a ``slab`` it is regularized: its density times that of normal(loc, slab^2), over Z; large
    weights are then shrunk as by that normal, and all moments exist.
    ``Z = (2 / pi) asin(u) / u``, u^2 = 1 - (scale / slab)^2.

    Parameters
    ----------
    scale : global scale, in units of the weight; one number, > 0 and finite.
    loc : where the density is infinite.
    slab : standard deviation of the normal that bounds large weights, > 0; none by default.
        `widened`, and so the strength that `priorfit.sample` draws, leaves it as it is.

    Raises
    ------
    InputError
        where the scale is not positive and finite; and by every fit.

    Examples
    --------
    >>> Horseshoe(1.0).neg_log_density([0.0, 1.0]).round(4)
    array([  -inf, 2.1439])
    >>> Horseshoe(1.0).prox(1.0)
    Traceback (most recent call last):
    ...
    priorfit._errors.InputError: a prior must have a mode to be fitted; got the horseshoe, whose ...

    Sources: Carvalho, Polson & Scott (2010), Biometrika 97, theorem 1; Nishimura & Suchard (2023),
    Bayesian Analysis 18, section 3, for the product with a normal.
    """

    scale: PerColumn = 1.0
    loc: PerColumn = 0.0
    slab: PerColumn = np.inf
    cuttable = False

    def __post_init__(self) -> None:
        check("scale", self.scale, positive=True)
        check("loc", self.loc, positive=False)
        check("slab", self.slab, positive=True)
        width = as_array("scale", self.scale)
        if not np.all((width > 0) & np.isfinite(width)):
            raise InputError(
                "`scale` of a horseshoe must be positive and finite", repr(self.scale), "Say 0.1."
            )

    @property
    def word(self) -> str:
        return "horseshoe"

    def _shape(self) -> tuple[int, ...]:
        return np.broadcast_shapes(np.shape(self.scale), np.shape(self.loc), np.shape(self.slab))

    @property
    def _share(self) -> Array:
        """scale / slab; 0 without a slab."""
        return np.asarray(as_array("scale", self.scale) / as_array("slab", self.slab))

    def _distance(self, b: ArrayLike) -> Array:
        t = np.asarray(b, dtype=np.float64) - as_array("loc", self.loc)
        return np.asarray(t / as_array("scale", self.scale))

    @property
    def _log_mass(self) -> Array:
        share = self._share
        return np.array([log_slab_mass(float(a)) for a in share.ravel()]).reshape(share.shape)

    def neg_log_density(self, b: ArrayLike) -> Array:
        """``-log p(b)``, minus infinity at loc."""
        x = 0.5 * np.square(self._distance(b))
        with np.errstate(divide="ignore"):
            scaled = hyperu(1.0, 1.0, x)  # e^x E1(x)
            height = np.where(x > 0, -np.log(scaled), -np.inf)
        plain = height + np.log(as_array("scale", self.scale)) + 0.5 * np.log(2.0 * np.pi**3)
        return np.asarray(plain + x * np.square(self._share) + self._log_mass)

    def cdf(self, b: ArrayLike) -> Array:
        """``P(weight <= b)``: the normal's, averaged over the angle of the half-Cauchy scale."""
        scales, weights = self._normals()
        tail = (ndtr(-np.abs(self._distance(b))[..., None] / scales) * weights).sum(axis=-1)
        return np.asarray(np.where(self._distance(b) > 0, 1.0 - tail, tail))

    def _normals(self) -> tuple[Array, Array]:
        """Standard deviations (..., nodes) over scale of normals, and their weights, which sum to
        1: the weight is a mixture of them."""
        nodes, weights = roots_legendre(_NODES)
        # angle = (pi / 2) u^2: the integrand is steep where the scale is small
        u = 0.5 * (nodes + 1.0)
        widths, share = np.tan(0.5 * np.pi * np.square(u)), self._share[..., None]
        inside = 1.0 / np.sqrt(1.0 + np.square(share * widths))
        each = weights * u * inside
        return widths * inside, each / each.sum(axis=-1, keepdims=True)

    def quantile(self, q: ArrayLike) -> Array:
        """The inverse of `cdf`, by bisection of log distance."""
        share = np.asarray(q, dtype=np.float64)
        if not np.all((share >= 0) & (share <= 1)):
            raise InputError(
                "a probability must lie in [0, 1]", repr(q), "It is a share of the belief."
            )
        unit = replace(self, loc=0.0, scale=1.0, slab=1.0 / np.maximum(self._share, 1e-300))
        low, high = np.full(share.shape, -40.0), np.full(share.shape, 60.0)
        for _ in range(60):
            middle = 0.5 * (low + high)
            above = unit.cdf(-np.exp(middle)) > np.minimum(share, 1.0 - share)
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        t = np.where(share == 0.5, 0.0, np.where(share * (1 - share) == 0, np.inf, np.exp(low)))
        away = np.sign(share - 0.5) * t
        return np.asarray(as_array("loc", self.loc) + as_array("scale", self.scale) * away)

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws: a normal of half-Cauchy scale."""
        rng = np.random.default_rng(seed)
        shape = self._shape() if size is None else size
        share = np.broadcast_to(self._share, shape)
        width = np.abs(rng.standard_cauchy(size=shape))
        inside = 1.0 / np.sqrt(1.0 + np.square(share * width))
        again = np.asarray(rng.random(shape) > inside)
        while np.any(again):  # a wide scale is as likely as the slab lets it be
            fresh = np.abs(rng.standard_cauchy(size=shape))
            width = np.where(again, fresh, width)
            inside = 1.0 / np.sqrt(1.0 + np.square(share * width))
            again = again & (rng.random(shape) > inside)
        drawn = rng.normal(size=shape) * width * inside
        return np.asarray(as_array("loc", self.loc) + as_array("scale", self.scale) * drawn)

    @property
    def variance(self) -> Array:
        """Infinite without a slab."""
        return self._moment(lambda width: width**2)

    @property
    def mean_abs(self) -> Array:
        """Infinite without a slab."""
        return self._moment(lambda width: np.sqrt(2.0 / np.pi) * width)

    def _moment(self, of: Callable[[Array], Array]) -> Array:
        widths, weights = self._normals()
        found = (of(as_array("scale", self.scale)[..., None] * widths) * weights).sum(axis=-1)
        return np.where(np.isinf(as_array("slab", self.slab)), np.inf, found)

    def check_columns(self, p: int) -> None:
        """See `Prior.check_columns`."""
        by_column("scale", self.scale, p)
        by_column("loc", self.loc, p)
        by_column("slab", self.slab, p)

    def lower(self, p: int) -> NormalForm:  # noqa: ARG002
        """Raises `InputError`: there is no mode."""
        self._no_mode()

    def tempered(self, strength: float) -> Self:  # noqa: ARG002
        """Raises `InputError`: no power of it is a horseshoe, and none has a mode."""
        self._no_mode()

    def unit(self) -> Self:
        """Raises `InputError`: no path of modes leads through it."""
        self._no_mode()

    def rescaled(self, factor: ArrayLike) -> Self:
        """``scale``, ``slab`` and ``loc`` times ``factor``."""
        scale, loc = times(self.scale, factor), times(self.loc, factor)
        return replace(self, scale=scale, loc=loc, slab=times(self.slab, factor))

    def widened(self, factor: ArrayLike) -> Self:
        """``scale`` times ``factor``; the slab and loc stay."""
        return replace(self, scale=times(self.scale, factor))

    def _no_mode(self) -> NoReturn:
        raise InputError(
            "a prior must have a mode to be fitted",
            "the horseshoe, whose density is infinite at loc: J falls without end there",
            "Draw from its posterior with pf.sample(problem), or fit pf.LogLaplace.",
        )


def log_slab_mass(share: float) -> float:
    """``log Z``, ``Z = E[exp(-t^2 / (2 slab^2))]`` of a horseshoe t, share = scale / slab.

    ``Z = (2 / pi) asin(u) / u``, u^2 = 1 - share^2, and asinh where share > 1.

    Examples
    --------
    >>> round(log_slab_mass(0.0), 4), round(log_slab_mass(1.0), 4)
    (0.0, -0.4516)
    """
    a = min(share, 1e300)
    u = sqrt(abs(1.0 - a)) * sqrt(1.0 + a)
    if u < 1e-4:
        return log(2.0 / pi)
    return log(2.0 / pi * (asin(min(u, 1.0)) if a < 1.0 else asinh(u)) / u)
