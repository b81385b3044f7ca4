"""How a library names a pair of penalties: write them as settings, read them back.

``a1`` and ``a2`` (p,) multiply ``|b_j|`` and ``b_j^2 / 2`` in the library's own objective; p = 1
where all columns are alike. ``write`` and ``read`` are inverse to each other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = ["Factors", "Inverse", "Matrices", "Mixed", "Pair", "Shape", "Single", "Vector"]

Settings = dict[str, Any]


class Shape(ABC):
    """A way to say the penalty in settings."""

    #: whether columns may have penalties of their own
    by_column = False

    @property
    @abstractmethod
    def keys(self) -> tuple[str, ...]:
        """The settings it uses."""

    @property
    @abstractmethod
    def required(self) -> tuple[str, ...]:
        """Those of them that must be there to be read."""

    @abstractmethod
    def write(self, a1: Array, a2: Array) -> Settings:
        """The settings; raises `InputError` where the library has no words for it."""

    @abstractmethod
    def read(self, settings: Mapping[str, Any]) -> tuple[Array, Array]:
        """``(a1, a2)`` of the settings, all keys present."""

    @abstractmethod
    def formulas(self, l1: str, l2: str, common: str = "") -> dict[str, str]:
        """Each setting as a formula of the terms ``l1`` and ``l2``, "" where there is none.

        ``common`` is a factor of both, such as "/ n".
        """


@dataclass(frozen=True)
class Single(Shape):
    """One setting for one of the two terms: ``{key: a1}`` or ``{key: a2}``.

    ``factor`` names a setting that multiplies the penalty of each column (not rescaled);
    ``vector`` says that ``key`` itself takes one number per column.
    """

    key: str
    term: str  # "l1" or "l2"
    factor: str = ""
    vector: bool = False

    @property
    def by_column(self) -> bool:  # type: ignore[override]
        return bool(self.factor) or self.vector

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, self.factor) if self.factor else (self.key,)

    @property
    def required(self) -> tuple[str, ...]:
        return (self.key,)

    def write(self, a1: Array, a2: Array) -> Settings:
        own, other = (a1, a2) if self.term == "l1" else (a2, a1)
        _refuse_other(other, self.term)
        if self.factor and len(own) > 1:
            share = _mean(own)
            return {self.key: share, self.factor: own / share}
        return {self.key: plain(own)}

    def read(self, settings: Mapping[str, Any]) -> tuple[Array, Array]:
        own = array_of(self.key, settings[self.key])
        if self.factor and settings.get(self.factor) is not None:
            own = own * array_of(self.factor, settings[self.factor])
        none = np.zeros(1)
        return (own, none) if self.term == "l1" else (none, own)

    def formulas(self, l1: str, l2: str, common: str = "") -> dict[str, str]:
        return {self.key: _sum(l1 if self.term == "l1" else l2, "", common)}


@dataclass(frozen=True)
class Pair(Shape):
    """Two settings, one for each term: ``{key1: a1, key2: a2}``."""

    key1: str
    key2: str

    @property
    def keys(self) -> tuple[str, ...]:
        return self.key1, self.key2

    @property
    def required(self) -> tuple[str, ...]:
        return self.key1, self.key2

    def write(self, a1: Array, a2: Array) -> Settings:
        return {self.key1: plain(a1), self.key2: plain(a2)}

    def read(self, settings: Mapping[str, Any]) -> tuple[Array, Array]:
        return array_of(self.key1, settings[self.key1]), array_of(self.key2, settings[self.key2])

    def formulas(self, l1: str, l2: str, common: str = "") -> dict[str, str]:
        return {self.key1: _sum(l1, "", common), self.key2: _sum(l2, "", common)}


@dataclass(frozen=True)
class Factors:
    """One more setting multiplies the penalty of each column; ``rescaled`` to sum to p inside."""

    key: str
    rescaled: bool = False


@dataclass(frozen=True)
class Vector:
    """The total itself may be one number per column."""


@dataclass(frozen=True)
class Matrices:
    """Two settings multiply the two terms of each column."""

    key1: str
    key2: str


@dataclass(frozen=True)
class Mixed(Shape):
    """A total and the share of the first term: ``total = a1 + a2``, ``ratio = a1 / total``.

    ``only`` are the mixtures it can be used for: "l1", "l2", "both".
    """

    total: str
    ratio: str
    columns: Factors | Vector | Matrices | None = None
    only: tuple[str, ...] = ("l1", "l2", "both")

    @property
    def by_column(self) -> bool:  # type: ignore[override]
        return self.columns is not None

    @property
    def keys(self) -> tuple[str, ...]:
        more: tuple[str, ...] = ()
        if isinstance(self.columns, Factors):
            more = (self.columns.key,)
        elif isinstance(self.columns, Matrices):
            more = (self.columns.key1, self.columns.key2)
        return (self.total, self.ratio, *more)

    @property
    def required(self) -> tuple[str, ...]:
        return self.total, self.ratio

    def write(self, a1: Array, a2: Array) -> Settings:
        a1, a2 = np.broadcast_arrays(a1, a2)
        _refuse_mixture(a1, a2, self.only)
        if isinstance(self.columns, Matrices) and len(a1) > 1:
            return self._write_matrices(a1, a2, self.columns)
        total = a1 + a2
        ratio = _one_ratio(a1, total)
        if len(total) == 1 or isinstance(self.columns, Vector):
            return {self.total: plain(total), self.ratio: ratio}
        assert isinstance(self.columns, Factors)
        share = _mean(total)
        return {self.total: share, self.ratio: ratio, self.columns.key: total / share}

    def _write_matrices(self, a1: Array, a2: Array, columns: Matrices) -> Settings:
        m1, m2 = float(a1.mean()), float(a2.mean())
        total = _mean(a1 + a2)
        settings: Settings = {self.total: total, self.ratio: m1 / total}
        if m1 > 0:
            settings[columns.key1] = a1 / m1
        if m2 > 0:
            settings[columns.key2] = a2 / m2
        return settings

    def read(self, settings: Mapping[str, Any]) -> tuple[Array, Array]:
        total = array_of(self.total, settings[self.total])
        ratio = float(settings[self.ratio])
        if not 0.0 <= ratio <= 1.0:
            raise InputError(
                f"`{self.ratio}` must lie in [0, 1]", repr(ratio), "It is the share of the L1 term."
            )
        a1, a2 = ratio * total, (1.0 - ratio) * total
        if isinstance(self.columns, Factors) and settings.get(self.columns.key) is not None:
            factor = array_of(self.columns.key, settings[self.columns.key])
            if self.columns.rescaled:
                factor = factor * (len(factor) / factor.sum())
            return a1 * factor, a2 * factor
        if isinstance(self.columns, Matrices):
            a1 = _times(a1, settings.get(self.columns.key1), self.columns.key1)
            a2 = _times(a2, settings.get(self.columns.key2), self.columns.key2)
        return a1, a2

    def formulas(self, l1: str, l2: str, common: str = "") -> dict[str, str]:
        return {self.total: _sum(l1, l2, common), self.ratio: _share(l1, l2)}


@dataclass(frozen=True)
class Inverse(Shape):
    """The weight of the loss instead: ``C = 1 / (a1 + a2)``; ``ratio`` as in `Mixed`, or fixed.

    Without a ``ratio`` only ``term`` can be said; ``only`` as in `Mixed`.
    """

    key: str
    ratio: str = ""
    term: str = ""
    only: tuple[str, ...] = ("l1", "l2", "both")

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, self.ratio) if self.ratio else (self.key,)

    @property
    def required(self) -> tuple[str, ...]:
        return self.keys

    def write(self, a1: Array, a2: Array) -> Settings:
        if not self.ratio:
            _refuse_other(a2 if self.term == "l1" else a1, self.term)
        _refuse_mixture(a1, a2, self.only)
        total = a1 + a2
        with np.errstate(divide="ignore"):
            settings: Settings = {self.key: plain(1.0 / total)}
        return settings | ({self.ratio: _one_ratio(a1, total)} if self.ratio else {})

    def read(self, settings: Mapping[str, Any]) -> tuple[Array, Array]:
        given = array_of(self.key, settings[self.key], infinite=True)
        with np.errstate(divide="ignore"):
            total = 1.0 / given
        if np.any(given == 0):
            raise InputError(f"`{self.key}` must be > 0", "0", "It is the weight of the loss.")
        ratio = settings[self.ratio] if self.ratio else float(self.term == "l1")
        ratio = 0.0 if ratio is None else float(ratio)
        return ratio * total, (1.0 - ratio) * total

    def formulas(self, l1: str, l2: str, common: str = "") -> dict[str, str]:
        if not self.ratio:
            l1, l2 = (l1, "") if self.term == "l1" else ("", l2)
        total = _sum(l1, l2, common)
        formulas = {self.key: "inf" if total == "0" else f"1 / {_enclosed(total)}"}
        return formulas | ({self.ratio: _share(l1, l2)} if self.ratio else {})


def _enclosed(text: str) -> str:
    return f"({text})" if " " in text else text


def _sum(l1: str, l2: str, common: str) -> str:
    total = " + ".join(filter(None, (l1, l2)))
    if not total:
        return "0"
    return f"{_enclosed(total) if l1 and l2 else total} {common}".strip() if common else total


def _share(l1: str, l2: str) -> str:
    return f"{_enclosed(l1)} / ({l1} + {l2})" if l1 and l2 else ("1" if l1 else "0")


def array_of(key: str, value: Any, infinite: bool = False) -> Array:
    """A setting as (p,) numbers >= 0; raises `InputError`."""
    try:
        array = np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        raise InputError(f"`{key}` must be a number", repr(value)[:60], "Pass a number.") from None
    good = (array >= 0) & (np.isfinite(array) | infinite)
    if array.ndim != 1 or array.size == 0 or not np.all(good):
        raise InputError(f"`{key}` must be >= 0", repr(value)[:60], "Use 0 for no penalty.")
    return array


def plain(values: Array) -> Any:
    """One number where there is one."""
    return float(values[0]) if len(values) == 1 else values


def _refuse_other(other: Array, term: str) -> None:
    if np.any(other > 0):
        own, alien = ("L1", "L2") if term == "l1" else ("L2", "L1")
        raise InputError(
            f"this setting has an {own} term only",
            f"a prior with an {alien} term",
            "Choose " + ("a Laplace" if term == "l1" else "a normal") + " prior, or a row of "
            "pf.dictionary() with both terms.",
        )


_PRIOR_OF = {"l1": "a Laplace prior", "l2": "a normal prior", "both": "an elastic-net prior"}


def _refuse_mixture(a1: Array, a2: Array, only: tuple[str, ...]) -> None:
    has_l1, has_l2 = bool(np.any(a1 > 0)), bool(np.any(a2 > 0))
    kind = "both" if has_l1 and has_l2 else ("l1" if has_l1 else "l2")
    if (has_l1 or has_l2) and kind not in only:
        raise InputError(
            "this setting must be used for " + " or ".join(_PRIOR_OF[k] for k in only),
            _PRIOR_OF[kind],
            "Choose another row of pf.dictionary().",
        )


def _mean(values: Array) -> float:
    return float(values.mean())


def _times(values: Array, factor: Any, key: str) -> Array:
    return values if factor is None else values * array_of(key, factor)


def _one_ratio(a1: Array, total: Array) -> float:
    """The common share of the first term; 0 where nothing is penalised."""
    some = total > 0
    if not np.any(some):
        return 0.0
    ratio = a1[some] / total[some]
    if np.ptp(ratio) > 1e-9:
        raise InputError(
            "the mixture of L1 and L2 must be the same in all columns here",
            f"shares of L1 from {ratio.min():.3g} to {ratio.max():.3g}",
            "Choose a row of pf.dictionary() that takes both per column, such as glum.",
        )
    return float(ratio[0])
