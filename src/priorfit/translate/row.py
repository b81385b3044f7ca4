"""One row of the dictionary: a library's call, and how it says a penalty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.translate.factors import SUM, Factor, bessel
from priorfit.translate.middle import UNIT_DISPERSION, Case, SumScale
from priorfit.translate.shapes import Shape, plain

__all__ = ["Box", "Row", "Standard"]


@dataclass(frozen=True)
class Standard:
    """The library may divide the columns by their standard deviation before it penalises.

    ``key`` is the setting that says so ("" where it always does), ``default`` its default, ``sd``
    whether the deviation has 1/n ("s0"), 1/(n - 1) ("s1") or neither ("norm": the root of a sum).
    """

    key: str = ""
    default: bool = True
    sd: str = "s0"

    def unit(self, case: Case, why: str) -> Array:
        """(p,) what the columns are divided by."""
        scale: Array = case.need("x_scale", f"{why}, which standardizes the columns")
        if self.sd == "norm":
            return np.asarray(scale * np.sqrt(case.need("n", why)))
        return scale * bessel(case, why) if self.sd == "s1" else scale

    @property
    def text(self) -> str:
        """For the table."""
        sd = {"s0": "sd with 1/n", "s1": "sd with 1/(n-1)", "norm": "length"}[self.sd]
        if not self.key:
            return f"always, {sd}"
        return f"{'by default' if self.default else 'on request'}, {sd}"


@dataclass(frozen=True)
class Box:
    """The settings that keep weights to a box: ``positive=True``, or limits per column."""

    positive: str = ""
    limits: tuple[str, str] = ("", "")

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(k for k in (self.positive, *self.limits) if k)

    def write(self, low: Array, high: Array) -> dict[str, Any]:
        """Settings; empty where there is no box."""
        if np.all(np.isinf(low)) and np.all(np.isinf(high)):
            return {}
        if self.positive and np.all(low == 0) and np.all(np.isinf(high)):
            return {self.positive: True}
        if self.limits[0]:
            return {self.limits[0]: plain(low), self.limits[1]: plain(high)}
        can = f"{self.positive}=True (lower=0)" if self.positive else "no bounds"
        raise InputError(
            f"the prior's box must be one that the library knows: {can}",
            f"[{low.min():g}, {high.max():g}]",
            "Fit it here, or drop the bounds.",
        )

    def read(self, settings: Mapping[str, Any]) -> tuple[Array, Array]:
        """``(lower, upper)``."""
        if self.positive and settings.get(self.positive):
            return np.zeros(1), np.full(1, np.inf)
        limits = [settings.get(k) if k else None for k in self.limits]
        low, high = (
            np.full(1, bound) if v is None else np.atleast_1d(np.asarray(v, dtype=np.float64))
            for v, bound in zip(limits, (-np.inf, np.inf), strict=True)
        )
        return low, high


@dataclass(frozen=True, eq=False)
class Row:
    """A call of another library and its dialect.

    Parameters
    ----------
    id : what `translate` calls it, for example "sklearn.Lasso".
    library, call : the library, and the call as a template with ``{settings}``.
    objective : what it minimises, in its own parameters.
    shape, factor1, factor2 : its settings are ``shape.write(factor1 * l1, factor2 * l2)``, where
        l1 and l2 are lambdas on the sum scale. No shape: it is not a MAP.
    families : likelihoods, by name, with the settings that choose them.
    scale : "sum", "mean" (of the loss) or "inverse" (a weight of the loss).
    intercept : "free", "penalised" or "none".
    weights : what rows' weights do: "repeats", "normalised" or "none".
    standard, box : see `Standard` and `Box`; None where there is none.
    defaults : the library's defaults of its settings.
    fixed : further settings without which the formulas do not hold.
    match : settings by which this row differs from another one of the same call.
    notes : what to look out for.
    source : where the library says so.
    checked : how this row was checked: fitted here, or stored numbers, and the largest difference.
    tidy : the settings as ``shape`` reads them, where a further setting changes their meaning.
    reason, instead : why it cannot be translated, and what can be said.
    map_anyway : whether it is a MAP estimate though it cannot be translated.
    """

    id: str
    library: str
    call: str
    objective: str
    families: Mapping[str, Mapping[str, Any]]
    source: str
    shape: Shape | None = None
    factor1: Factor = SUM
    factor2: Factor = SUM
    scale: str = "sum"
    intercept: str = "free"
    weights: str = "repeats"
    standard: Standard | None = None
    box: Box = field(default_factory=Box)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    match: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    checked: str = ""
    tidy: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    reason: str = ""
    instead: str = ""
    map_anyway: bool = False
    style: str = "python"

    @property
    def translates(self) -> bool:
        """Whether a prior over columns can be said in its settings."""
        return self.shape is not None

    @property
    def is_map(self) -> bool:
        """Whether the library's answer is the MAP estimate of some prior."""
        return self.translates or self.map_anyway

    @property
    def keys(self) -> tuple[str, ...]:
        """Every setting that this row reads."""
        keys = [*self._shape().keys, *self.box.keys, *self.fixed, *self.match]
        if self.standard and self.standard.key:
            keys.append(self.standard.key)
        for chosen in self.families.values():
            keys.extend(chosen)
        return tuple(dict.fromkeys(keys))

    @property
    def required(self) -> tuple[str, ...]:
        """The settings without which nothing is said."""
        return self._shape().required

    def _shape(self) -> Shape:
        if self.shape is None:
            raise InputError(
                f"{self.id} must be the setting of a prior over columns to be translated",
                f"none: {self.reason}",
                self.instead,
            )
        return self.shape

    def has_dispersion(self, family: str) -> bool:
        """Whether the setting depends on a dispersion that the user has to know."""
        return family not in UNIT_DISPERSION

    def to(self, middle: SumScale, case: Case, family: str) -> dict[str, Any]:
        """The settings that give this penalty; raises `InputError` for what it cannot say."""
        shape = self._shape()
        middle, standard = self._in_own_units(middle, case)
        multiplied = self._multiply(middle, case)
        _refuse_columns(self, multiplied, shape)
        settings = shape.write(*multiplied)
        settings |= standard | self.box.write(middle.lower, middle.upper)
        return settings | dict(self.fixed) | dict(self.match) | dict(self.families[family])

    def from_(self, settings: Mapping[str, Any], case: Case) -> SumScale:
        """The penalty on the sum scale that these settings are; the inverse of `to`."""
        shape = self._shape()
        known = self.tidy(dict.fromkeys(shape.keys) | dict(self.defaults) | dict(settings))
        a1, a2 = shape.read(known)
        why = self.id
        c1 = self.factor1.of(case, why) if np.any(a1 > 0) else 1.0
        c2 = self.factor2.of(case, why) if np.any(a2 > 0) else 1.0
        middle = SumScale(a1 / c1, a2 / c2, *self.box.read(known))
        if self.standardizes(known):
            assert self.standard is not None
            middle = middle.per(1.0 / self.standard.unit(case, why))
        return middle.collapsed()

    def standardizes(self, settings: Mapping[str, Any]) -> bool:
        """Whether these settings let the library standardize the columns."""
        if self.standard is None:
            return False
        if not self.standard.key:
            return True
        return bool(settings.get(self.standard.key, self.standard.default))

    def family_of(self, settings: Mapping[str, Any]) -> str:
        """The likelihood that these settings choose; the first where they do not say.

        Raises `InputError` where they choose one that this row does not speak.
        """
        for family, chosen in self.families.items():
            if chosen and all(settings.get(k) == v for k, v in chosen.items()):
                return family
        for key in next(iter(self.families.values())):
            if settings.get(key) is not None:
                known = [repr(chosen[key]) for chosen in self.families.values()]
                raise InputError(
                    f"`{key}` of {self.id} must be one of {', '.join(known)}",
                    repr(settings[key]),
                    "For others there is no row in pf.dictionary().",
                )
        return next(iter(self.families))

    def formulas(self, middle: SumScale, standardized: bool) -> dict[str, str]:
        """Each setting as a formula of l1, l2 (lambdas), n, W, s_y and s_x (sd of the column).

        A term that is not there is left out.
        """
        units = (" / s_x", " / s_x**2") if standardized else ("", "")
        texts = [self.factor1.text, self.factor2.text]
        common = texts[0] if texts[0] == texts[1] else ""
        l1, l2 = (
            f"{name}{unit} {'' if common else text}".strip() if np.any(values > 0) else ""
            for name, unit, text, values in zip(
                ("l1", "l2"), units, texts, (middle.l1, middle.l2), strict=True
            )
        )
        return self._shape().formulas(l1, l2, common)

    def _in_own_units(self, middle: SumScale, case: Case) -> tuple[SumScale, dict[str, bool]]:
        """The penalty of the columns as the library divides them, and the setting for that."""
        standard = self.standard
        if standard is None:
            return middle, {}
        if standard.key and (middle.p == 1 or case.x_scale is None):
            return middle, {standard.key: False}
        own = middle.per(standard.unit(case, self.id)).collapsed()
        if not standard.key:
            return own, {}
        if own.p == 1 and len(case.x_scale if case.x_scale is not None else ()) == middle.p:
            return own, {standard.key: True}
        return middle, {standard.key: False}

    def _multiply(self, middle: SumScale, case: Case) -> tuple[Array, Array]:
        c1 = self.factor1.of(case, self.id) if np.any(middle.l1 > 0) else 1.0
        c2 = self.factor2.of(case, self.id) if np.any(middle.l2 > 0) else 1.0
        return c1 * middle.l1, c2 * middle.l2


def _refuse_columns(row: Row, terms: tuple[Array, Array], shape: Shape) -> None:
    if max(len(t) for t in terms) > 1 and not shape.by_column:
        raise InputError(
            f"{row.id} must have one scale for all columns",
            "a scale per column",
            "Multiply each column by its scale, use scale=1, and multiply the weights back.",
        )
