"""The problem of several outputs in comparable units, over flat arrays: (j, k) is ``j q + k``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index, Intercept, Mask
from priorfit.likelihoods import Gaussian, flattened
from priorfit.priors import Groups, NormalForm
from priorfit.problem import Problem
from priorfit.solve.columns import moments
from priorfit.solve.outputs.stacked import Stacked
from priorfit.solve.standard import Standard, alike, in_units_of, without
from priorfit.solve.units import power_of_two

__all__ = ["OutputsStandard", "standardize_outputs"]

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class OutputsStandard(Standard):
    """A `Standard` whose Z is `Stacked`; ``centers`` (q,) of the responses.

    Where one number may be added to all outputs of a row, those of the first output that nothing
    else holds (its intercept, and its weight of each column in ``shifted`` (p,)) stay at 0.
    """

    outputs: int = 1
    centers: Intercept = 0.0
    shifted: Mask | None = None

    @property
    def stacked(self) -> Stacked:
        """Z."""
        assert isinstance(self.Z, Stacked)
        return self.Z

    @property
    def first(self) -> int:
        return self.outputs * int(self.Z.intercept)

    @property
    def by_rows(self) -> bool:
        return False

    @property
    def null(self) -> Array:
        intercepts = np.broadcast_to(self._null_intercept, (self.outputs,))
        return np.asarray(self.offset + np.tile(intercepts, len(self.y) // self.outputs))

    @cached_property
    def _null_intercept(self) -> Intercept:
        if not self.Z.intercept or self.gaussian:
            return 0.0
        level = self.likelihood.null_eta(self.y, self.weights, self.offset)
        return level if self.shifted is None else level - level[0]

    def information(self, cols: Index, eta: Array) -> Array:
        """``Z_C' H Z_C``, where the outputs of a row know of each other."""
        if self.gaussian:
            return self.Z.gram(cols, cols, self.weights)
        features, place, output = self.stacked.placed(cols)
        mine = [np.flatnonzero(output == k) for k in range(self.outputs)]
        mu = self.likelihood.mean(eta).reshape(-1, self.outputs)
        w = self.weights[:: self.outputs, None]
        out, own = np.zeros((len(cols), len(cols))), [np.zeros((len(k), len(k))) for k in mine]
        for rows, X in self.stacked.by_rows(features, len(cols)):
            shared = (np.sqrt(w[rows]) * mu[rows])[:, output] * X[:, place]
            out -= shared.T @ shared
            for k, at in enumerate(mine):
                part = X[:, place[at]]
                own[k] += part.T @ (w[rows] * mu[rows, k : k + 1] * part)
        for at, block in zip(mine, own, strict=True):
            out[np.ix_(at, at)] += block
        units = self.stacked.units[cols]
        return np.asarray(out / units[:, None] / units)

    @cached_property
    def parts(self) -> list[Standard]:
        """Each output as a problem of its own, where nothing ties them."""
        return [self._part(k) for k in range(self.outputs)]

    def _part(self, k: int) -> Standard:
        q, form, scale = self.outputs, self.form, self.Z.scale
        mine = np.arange(k, self.size, q)
        own = NormalForm(
            form.l1[mine],
            form.l2[mine],
            form.loc[mine],
            form.lower[mine],
            form.upper[mine],
            _groups_of(form.groups, mine),
        )
        y, weights, offset = (
            np.ascontiguousarray(v[k::q]) for v in (self.y, self.weights, self.offset)
        )
        return Standard(
            self.likelihood,
            replace(self.stacked.inner, scale=np.ascontiguousarray(scale[k::q])),
            y,
            weights,
            offset,
            own,
            0.0,
            self.y_unit,
        )

    def enter(self, intercept: Intercept, coef: Array) -> Array:
        """The unknowns of an estimate (q,), (p, q) in the units of the data."""
        if self.shifted is not None:
            coef = coef - np.where(self.shifted[:, None], coef[:, :1], 0.0)
        slopes = coef.ravel() * self.Z.scale * self.y_unit
        if not self.Z.intercept:
            return slopes
        level = (intercept - self.centers + self.Z.center @ coef) * self.y_unit
        return np.concatenate([level if self.shifted is None else level - level[0], slopes])


def _groups_of(groups: Groups | None, mine: Index) -> Groups | None:
    if groups is None or not np.any(groups.ids[mine] >= 0):
        return None
    ids = groups.ids[mine]
    used = np.unique(ids[ids >= 0])
    return Groups(np.where(ids >= 0, np.searchsorted(used, ids), -1), groups.rate[mine])


def standardize_outputs(problem: Problem, form: NormalForm | None = None) -> OutputsStandard:
    """The standard form of a problem with several outputs; rows of weight 0 are left out."""
    kept = problem.weights > 0
    if not np.all(kept):
        problem = problem.take_rows(np.flatnonzero(kept))
    form = problem.form if form is None else form
    if form.concave is not None:
        raise InputError(
            "a penalty that is not convex must go with one output per row",
            f"{problem.outputs} outputs",
            "Use a convex prior, or fit one output at a time.",
        )
    w, q = problem.weights, problem.y.shape[1]
    mean, sd = moments(problem.design, w)
    center = mean if problem.intercept else np.zeros_like(mean)
    spread = sd if problem.intercept else np.hypot(sd, mean)
    constant = spread <= 8 * _EPS * np.abs(mean)
    scale = np.repeat(power_of_two(np.where(constant, 1.0, spread)), q)
    constant = np.repeat(constant, q) & problem.intercept
    form = without(form, constant)
    if form.groups is not None:
        scale = alike(form.groups, scale)
    response, centers, y_unit = problem.y, np.zeros(q), 1.0
    offset = problem.offset
    if isinstance(problem.likelihood, Gaussian):
        response, centers, y_unit = _standard_responses(response - offset, w, problem.intercept)
        offset = np.zeros_like(response)
    likelihood, y, weights = flattened(problem.likelihood, response, w)
    first = q * int(problem.intercept)
    in_units = in_units_of(form, scale, y_unit, constant, first)
    held = np.zeros(len(in_units.loc), dtype=bool)
    shifted: Mask | None = None
    if first:
        held[:q] = ~problem.likelihood.free(q)
    if problem.likelihood.is_shift_free:
        shifted = np.asarray(in_units.flat[first:].reshape(-1, q).all(axis=1))
        held[0:first:q] = True
        held[first::q] = shifted
    in_units.lower[held] = in_units.upper[held] = 0.0
    Z = Stacked(problem.design, center, scale, problem.intercept, outputs=q)
    return OutputsStandard(
        likelihood, Z, y, weights, offset.ravel(), in_units, 0.0, y_unit, None, q, centers, shifted
    )


def _standard_responses(y: Array, w: Array, intercept: bool) -> tuple[Array, Array, float]:
    """(y - centers) * unit, centers (q,) and the unit, one for all: they share the noise."""
    unit = 1.0 / float(power_of_two(np.array([np.max(np.abs(y)) or 1.0]))[0])
    centers = (w @ (y * unit) / w.sum()) / unit if intercept else np.zeros(y.shape[1])
    away = (y - centers) * unit
    spread = float(np.sqrt(np.max(w @ np.square(away)) / w.sum()))
    finer = 1.0 / float(power_of_two(np.array([spread]))[0]) if spread > 0 else 1.0
    if intercept:  # a second pass takes out the rounding of the first
        rest = w @ away / w.sum()
        away, centers = away - rest, centers + rest / unit
    return away * finer, centers, unit * finer
