"""The problem in comparable units: what every engine works on.

Columns are centred (where there is an intercept) and divided by a power of two near their
spread, y likewise for the gaussian. Powers of two are exact, so columns of size 1e-170 or 1e160
lose nothing, and the prior moves along: the solution is that of the problem as given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from priorfit._core import RiskSets
from priorfit._typing import Array, Index, Intercept, Mask
from priorfit.design import Dense, Scaled
from priorfit.likelihoods import Coupled, CoupledRows, Gaussian, Likelihood
from priorfit.priors import Groups, NormalForm, Ranked
from priorfit.problem import Problem
from priorfit.solve.columns import correlations, moments, moments_along
from priorfit.solve.coupled.native import native_risk_sets
from priorfit.solve.shared import Shared
from priorfit.solve.units import power_of_two, representable, response_in_units

__all__ = ["Standard", "alike", "in_units_of", "standardize", "without"]

_SMALLEST = 1e-200
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Standard:
    """min over g: ``sum_i w_i loss(y_i, offset_i + (Z g)_i) + strength * form.value(g)``.

    Z = [1, (X - center) / scale], with the leading one where there is an intercept; ``form`` has
    an entry for it too (flat). ``strength`` is phi (in units of ``y_unit``) for a given prior, or
    a lambda for a prior of unit rate.
    """

    likelihood: Likelihood
    Z: Scaled
    y: Array
    weights: Array
    offset: Array
    form: NormalForm
    y_center: float
    y_unit: float
    shared: Shared | None = None

    @property
    def gaussian(self) -> bool:
        return isinstance(self.likelihood, Gaussian)

    @property
    def size(self) -> int:
        """Number of unknowns, the intercept included."""
        return self.Z.shape[1]

    @property
    def first(self) -> int:
        """Number of unknowns that are intercepts, the first ones."""
        return int(self.Z.intercept)

    @property
    def by_rows(self) -> bool:
        """Whether Z may be looked at by blocks of its rows, without a copy."""
        return isinstance(self.Z.base, Dense)

    @cached_property
    def start(self) -> Array:
        """All weights at their prior mean (inside the box), the best intercept for weights 0.

        Weights 0 instead, where the prior mean is far worse for a likelihood with exponentials."""
        g = np.minimum(np.maximum(self.form.loc, self.form.lower), self.form.upper)
        g[: self.first] = self._null_intercept
        if self.gaussian or self.likelihood.coupled or not np.any(self.form.loc):
            return g
        zero = np.clip(np.zeros_like(g), self.form.lower, self.form.upper)
        zero[: self.first] = self._null_intercept
        return min((g, zero), key=self._lost)

    @cached_property
    def reference(self) -> float:
        """Null minus saturated value of the likelihood part: the unit of the relative gap."""
        if self.gaussian:
            return float(max(0.5 * self.weights @ np.square(self.y), self.weights.sum() * 1e-300))
        if isinstance(self.likelihood, Coupled):
            least = self.rows.least
            return float(max(self.rows.total(self.null) - least, 1e-8 * (1.0 + abs(least))))
        saturated = self.likelihood.saturated(self.y)
        lost = self.likelihood.total(self.y, self.null, self.weights) - self.weights @ saturated
        if not self.likelihood.smooth:  # in units of y
            size = self.weights @ (np.abs(self.y) + np.abs(self.offset))
            return float(max(lost, 1e-8 * size, _SMALLEST))
        # where y hardly varies the null model leaves rounding only, which no gap is relative to
        return float(max(lost, 1e-8 * self.weights @ (1.0 + np.abs(saturated))))

    @cached_property
    def rows(self) -> CoupledRows:
        """The response of a likelihood whose rows are coupled, sorted once."""
        assert isinstance(self.likelihood, Coupled)
        return self.likelihood.rows(self.y, self.weights)

    @cached_property
    def risk_sets(self) -> RiskSets | None:
        """The same in native code, where it is there."""
        return native_risk_sets(self.rows)

    @cached_property
    def null_correlation(self) -> float:
        """max_j |Z_j' theta| at the null model: the unit of the KKT residual."""
        return float(max(np.abs(self.correlation).max(), self.weights.sum() * 1e-300))

    @cached_property
    def correlation(self) -> Array:
        """Z' theta at the null model, (m,): for the gaussian Z' (w y)."""
        return correlations(self.Z, self.score(self.null))

    @cached_property
    def spread(self) -> Array | None:
        """Root mean square of the columns of Z, (p,), where `standardize` looked at them."""

    @cached_property
    def sums(self) -> Array:
        """Z' w, (m,): the total weight, and what centred columns are off by rounding."""
        return self.gram[0] if "gram" in self.__dict__ else self.Z.rmatvec(self.weights)

    @cached_property
    def gram(self) -> Array:
        """Z' W Z of all unknowns, (m, m): made once."""
        if self.shared is not None:
            return self.shared.gram_of(self.Z, self.weights)
        if self.gaussian and self.y.ndim == 1 and "correlation" not in self.__dict__:
            found = self.Z.normal_equations(self.weights, self.y)
            if found is not None:
                self.__dict__["correlation"] = found[1]
                return found[0]
        every = np.arange(self.size)
        return self.Z.gram(every, every, self.weights)

    @property
    def normal(self) -> Index:
        """The unknowns with an l2 rate that may move."""
        return np.flatnonzero((self.form.l2 > 0) & ~self.form.fixed)

    @cached_property
    def kernel(self) -> Array:
        """`kernel_of` the `normal` unknowns: made once."""
        return self.kernel_of(self.normal)

    def kernel_of(self, cols: Index) -> Array:
        """``Z_C diag(1/l2) Z_C'`` (n, n)."""
        with np.errstate(divide="ignore"):
            return self.Z.kernel(cols, scale=np.sqrt(self.form.l2))

    @property
    def null(self) -> Array:
        """The linear predictor of the null model."""
        return np.asarray(self.offset + self._null_intercept)

    @cached_property
    def _null_intercept(self) -> Intercept:
        return _null_intercept(self.likelihood, self.y, self.weights, self.offset, self.Z.intercept)

    def _lost(self, g: Array) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            value = self.total(self.eta(g))
        return value if np.isfinite(value) else np.inf

    def total(self, eta: Array) -> float:
        """The likelihood part at eta (n,)."""
        if self.likelihood.coupled:
            return self.rows.total(eta)
        return float(self.likelihood.total(self.y, eta, self.weights))

    def score(self, eta: Array) -> Array:
        """Minus its gradient, (n,)."""
        if self.likelihood.coupled:
            return self.rows.score(eta)
        return self.likelihood.score(self.y, eta, self.weights)

    def eta(self, g: Array) -> Array:
        """Linear predictor of one solution (m,) or of several (m, k)."""
        offset = self.offset if g.ndim == 1 else self.offset[:, None]
        return offset + self.Z.matvec(g)

    def eta_of_few(self, g: Array) -> Array:
        """The same for one solution (m,), from its columns only where few have a weight."""
        used = np.flatnonzero(g)
        if 4 * len(used) > self.size or not isinstance(self.Z.base, Dense):
            return self.eta(g)
        return self.offset + self.Z.columns(used, np.zeros(self.size))[0] @ g[used]

    def pull(self, g: Array) -> Array:
        """Z' theta at a solution: minus the gradient of the likelihood part, shape of ``g``."""
        level, slopes = g[: self.first], g[self.first :]
        if not np.any(slopes) and np.all(level == self._null_intercept):
            return self.correlation
        return self.Z.rmatvec(self.score(self.eta(g)))

    def enter(self, intercept: Intercept, coef: Array) -> Array:
        """The unknowns (m,) of an estimate in the units of the data, for a warm start."""
        slopes = coef * self.Z.scale * self.y_unit
        if not self.Z.intercept:
            return slopes
        shift = self.Z.center @ coef
        return np.concatenate([[(intercept - self.y_center + shift) * self.y_unit], slopes])


def standardize(
    problem: Problem,
    form: NormalForm | None = None,
    shared: Shared | None = None,
    known: tuple[Array, Array] | None = None,
) -> Standard:
    """The standard form of a problem, with its own prior or with ``form`` in its place.

    Rows of weight 0 are left out, but for a sample of ``shared`` columns. ``known``: mean and
    standard deviation (p,) of the columns, where all rows have a weight.
    """
    if problem.outputs is not None:
        from priorfit.solve.outputs import standardize_outputs  # it builds on this file

        return standardize_outputs(problem, form)
    if shared is not None:
        known = shared.moments(problem.weights)
        problem, shared = shared.sample(problem)
    kept = problem.weights > 0
    if known is None and not np.all(kept):
        problem = problem.take_rows(np.flatnonzero(kept))
    form = problem.form if form is None else form
    w = problem.weights
    likelihood, y, offset, y_center, y_unit = response_in_units(problem)
    mean, sd, null = (*known, None) if known else _look(problem, likelihood, y, offset)
    centred = problem.intercept or not problem.likelihood.has_intercept
    center = mean if centred else np.zeros_like(mean)
    spread = sd if centred else np.hypot(sd, mean)
    constant = spread <= 8 * _EPS * np.abs(mean)
    scale = power_of_two(np.where(constant, 1.0, spread))
    constant = constant if centred else np.zeros_like(constant)
    form = without(form, constant)
    if form.groups is not None:
        scale = alike(form.groups, scale)
    if form.ranked is not None:
        scale = _in_one_unit(form.ranked, scale)
    Z = Scaled(problem.design, center, scale, problem.intercept)
    in_units = in_units_of(form, scale, y_unit, constant, int(problem.intercept))
    standard = Standard(likelihood, Z, y, w, offset, in_units, y_center, y_unit, shared)
    standard.__dict__["spread"] = spread / scale
    if null is not None and np.isfinite(null.total):
        null.tell(standard, mean)
    return standard


def _null_intercept(
    likelihood: Likelihood, y: Array, w: Array, offset: Array, intercept: bool
) -> Intercept:
    """Of the null model; a gaussian response is centred."""
    if not intercept or isinstance(likelihood, Gaussian):
        return 0.0
    return likelihood.null_eta(y, w, offset)


class _Null(NamedTuple):
    """The null model: its intercept, the sum of its score, and ``(X - mean)' score`` (p,)."""

    intercept: Intercept
    total: float
    along: Array

    def tell(self, standard: Standard, mean: Array) -> None:
        """What a standard form need not compute again."""
        slopes = (self.along + (mean - standard.Z.center) * self.total) / standard.Z.scale
        level = np.full(standard.first, self.total)
        standard.__dict__["correlation"] = np.concatenate([level, slopes])
        standard.__dict__["_null_intercept"] = self.intercept


def _look(
    problem: Problem, likelihood: Likelihood, y: Array, offset: Array
) -> tuple[Array, Array, _Null | None]:
    """Mean and standard deviation (p,) of the columns, and the null model where one pass over X
    tells all three."""
    design, w = problem.design, problem.weights
    if likelihood.coupled or not likelihood.smooth:
        return *moments(design, w), None
    level = _null_intercept(likelihood, y, w, offset, problem.intercept)
    score = likelihood.score(y, offset + level, w)
    mean, sd, along = moments_along(design, w, score)
    return mean, sd, None if along is None else _Null(level, float(score.sum()), along)


def without(form: NormalForm, constant: Mask) -> NormalForm:
    """Constant columns leave their groups and ranks: their weights do not move."""
    if form.ranked is not None and np.any(constant):
        form = replace(form, ranked=form.ranked.without(constant))
    groups = form.groups
    if groups is None or not np.any(constant & groups.inside):
        return form
    ids = np.where(constant, -1, groups.ids)
    left = np.unique(ids[ids >= 0])
    if not len(left):
        return replace(form, groups=None)
    ids = np.where(ids >= 0, np.searchsorted(left, ids), -1)
    return replace(form, groups=Groups(ids, np.where(ids >= 0, groups.rate, 0.0)))


def alike(groups: Groups, scale: Array) -> Array:
    """Scales in proportion to the rates inside each group: there its norm is the plain length."""
    inside = groups.order
    rate, ids = groups.rate[inside], groups.ids[inside]
    most, unit = np.zeros(len(groups.sizes)), np.zeros(len(groups.sizes))
    np.maximum.at(most, ids, rate)
    relative = rate / most[ids]
    np.maximum.at(unit, ids, scale[inside] / relative)
    out = scale.copy()
    out[inside] = power_of_two(unit)[ids] * relative
    return out


def _in_one_unit(ranked: Ranked, scale: Array) -> Array:
    """Scales in proportion to the units of the ranked columns: there the largest weight is the one
    that pays the largest rate."""
    columns, units = ranked.columns, ranked.units
    out = scale.copy()
    out[columns] = power_of_two(np.array([np.median(scale[columns] / units)]))[0] * units
    return out


def in_units_of(
    form: NormalForm, scale: Array, y_unit: float, constant: Mask, first: int
) -> NormalForm:
    """The form of weights times ``scale y_unit``, after ``first`` intercepts; constants stay."""
    unit = scale * y_unit
    with np.errstate(over="ignore"):
        l1 = representable(form.l1 / unit)
        l2 = representable(form.l2 / unit / unit) if np.any(form.l2) else form.l2
        loc, lower, upper = form.loc * unit, form.lower * unit, form.upper * unit
    if np.any(constant):  # beside an intercept it says nothing
        stay = np.clip(loc, lower, upper)
        lower, upper = (np.where(constant, stay, v) for v in (lower, upper))
    none, inf = np.zeros(first), np.full(first, np.inf)
    l1, l2, loc = (np.concatenate([none, v]) for v in (l1, l2, loc))
    lower, upper = np.concatenate([-inf, lower]), np.concatenate([inf, upper])
    groups = _groups_in_units(form.groups, unit, first)
    ranked = _ranked_in_units(form.ranked, unit, first)
    concave = form.concave and form.concave.in_units(unit, y_unit, bool(first))
    return NormalForm(l1, l2, loc, lower, upper, groups, concave, ranked)


def _ranked_in_units(ranked: Ranked | None, unit: Array, first: int) -> Ranked | None:
    if ranked is None:
        return None
    factor = float((ranked.units / unit[ranked.columns])[0])  # of all, but for rounding
    same = replace(ranked, units=np.ones_like(ranked.units), rates=ranked.rates * factor)
    return same.shifted(first)


def _groups_in_units(groups: Groups | None, unit: Array, first: int) -> Groups | None:
    if groups is None:
        return None
    rate = np.where(groups.inside, groups.rate / unit, 0.0)
    shared = groups.spread(Groups(groups.ids, rate).radius)  # equal but for rounding
    none = np.full(first, -1)
    return Groups(np.concatenate([none, groups.ids]), np.concatenate([0.0 * none, shared]))
