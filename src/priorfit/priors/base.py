"""What every prior can do."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

from priorfit._checks import is_sparse
from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, Seed
from priorfit.priors.normal_form import NormalForm

if TYPE_CHECKING:
    from priorfit.priors.change import Change
    from priorfit.priors.compare import Comparison

__all__ = ["Prior", "key_of_columns", "made_from"]


class Prior(ABC):
    """A belief about the weights.

    Every method that takes weights broadcasts them against the prior's own parameters, so a
    prior with a per-column ``scale`` of shape (p,) takes weights of shape (..., p).
    """

    #: whether the density is a product over the columns
    separable = True
    #: whether the belief only makes sense where all its columns have one unit
    common_unit = False
    #: the name of the linear map from b to the coordinates of `change`
    coordinates = ""
    #: whether it may be kept to a box (`Truncated`)
    cuttable = True

    @abstractmethod
    def neg_log_density(self, b: ArrayLike) -> Array:
        """``-log p(b)`` of each coefficient, normalised where the prior is proper."""

    @abstractmethod
    def cdf(self, b: ArrayLike) -> Array:
        """``P(weight <= b)``; raises where the prior is improper."""

    @abstractmethod
    def quantile(self, q: ArrayLike) -> Array:
        """The inverse of `cdf`."""

    @abstractmethod
    def lower(self, p: int) -> NormalForm:
        """The prior of ``p`` columns as plain arrays (`NormalForm`)."""

    def change(self, p: int) -> Change | None:  # noqa: ARG002
        """The coordinates of ``p`` weights in which the prior is separable or in groups; None
        where it is so as it stands."""
        return None

    def given_others(self, p: int) -> NormalForm:
        """What is believed of each weight by itself, where all others are known.

        For a prior with other coordinates the curvature of its density, a Laplace density counting
        by its variance.
        """
        change = self.change(p)
        if change is None:
            return self.lower(p)
        form, inverse = change.prior.lower(p), change.basis.inverse()
        curvature = form.l2 + 0.5 * form.l1**2
        each = np.asarray((inverse * inverse).T @ curvature)
        none, bound = np.zeros(p), np.full(p, np.inf)
        return NormalForm(none, each, change.loc, -bound, bound)

    def check_columns(self, p: int) -> NormalForm | None:
        """Raise `InputError` where the prior cannot be one of ``p`` columns; `lower`, where that is
        how it is known."""
        return self.lower(p)

    @abstractmethod
    def tempered(self, strength: float) -> Self:
        """The prior proportional to ``p(b)**strength``: the same shape, another strength.

        A Laplace scale is divided by ``strength``, a normal scale by its square root.
        """

    @abstractmethod
    def unit(self) -> Self:
        """The same shape at total rate 1: what a path multiplies by its lambdas.

        A scalar scale is set to 1 (an elastic net keeps the ratio of its two rates); scales
        given per column stay as they are, as relative scales.
        """

    def along(self, form: NormalForm, total_weight: float) -> NormalForm:  # noqa: ARG002
        """What a path multiplies by its lambdas, given the ``form`` of the prior at unit rate."""
        return form

    def relative(self) -> Self:
        """As one part of a prior by column on a path, whose scales are relative ones."""
        return self

    def member(self, penalty: float, phi: float, total_weight: float) -> Self:  # noqa: ARG002
        """The belief that a path through this prior of unit rate holds at lambda ``penalty``."""
        return self.tempered(penalty / phi)

    @abstractmethod
    def rescaled(self, factor: ArrayLike) -> Self:
        """The prior of ``factor * b`` when this is the prior of ``b``."""

    def widened(self, factor: ArrayLike) -> Self:
        """Every scale times ``factor`` (a number or (p,)); location and box stay where they are."""
        return replace(self.rescaled(factor), loc=self.loc)  # type: ignore[type-var, attr-defined]

    @property
    @abstractmethod
    def word(self) -> str:
        """The name of the distribution as a user would say it."""

    def prox(self, z: ArrayLike, step: float = 1.0) -> Array:
        """``argmin_b |b - z|^2 / 2 + step * (-log p(b))``.

        Source: Parikh & Boyd, Proximal Algorithms (2014), section 1.1.
        """
        z = np.asarray(z, dtype=np.float64)
        return self.lower(z.shape[-1] if z.ndim else 1).prox(z, step).reshape(z.shape)

    def sample(self, size: int | tuple[int, ...] | None = None, seed: Seed = None) -> Array:
        """Independent draws; ``seed`` makes them reproducible."""
        rng = np.random.default_rng(seed)
        return self.quantile(rng.uniform(size=self._shape() if size is None else size))

    @property
    def variance(self) -> Array:
        """Variance of each weight; raises `InputError` where the prior is improper."""
        mean = self._expected(lambda b: b)
        return self._expected(lambda b: np.square(b - mean))

    @property
    def mean_abs(self) -> Array:
        """Mean distance of each weight from ``loc``."""
        loc = getattr(getattr(self, "prior", self), "loc", 0.0)
        return self._expected(lambda b: np.abs(b - loc))

    @property
    def peak(self) -> Array:
        """The density of one weight at ``loc``, its largest value."""
        from priorfit.priors.moments import density_of

        loc = np.asarray(getattr(self, "loc", 0.0), dtype=np.float64)
        return density_of(self, np.broadcast_to(loc, self._shape()))

    def _expected(self, f: Callable[[Array], Array]) -> Array:
        from priorfit.priors.moments import expectation

        return expectation(self, f)

    def compare(self, other: Prior, match: str = "variance") -> Comparison:
        """This belief beside ``other``, whose scale is chosen so that both agree in ``match``.

        ``match`` is "variance", "mean_abs" or "peak": shapes can only be compared at equal width,
        and which width that is changes the answer.

        Raises
        ------
        InputError
            where a prior has more than one scale, a box or no width.

        Examples
        --------
        >>> import priorfit as pf
        >>> both = pf.Normal(1.0).compare(pf.Laplace())
        >>> both.other.scale, both.crossings.round(4)
        (0.7071..., array([0.4894, 2.339 ]))
        """
        from priorfit.priors.compare import compare

        return compare(self, other, match)

    def arguments(self) -> dict[str, Any]:
        """What the prior was made from, by name: ``type(prior)(**prior.arguments())`` equals it."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def for_columns(self, names: Sequence[str]) -> Self:
        """Parameters given by column name become arrays in the order of ``names``.

        A key may hold ``*`` and ``?``, or be what columns were made from (`made_from`: "region" for
        its levels); an exact name wins over these, these over a pattern, an earlier pattern over a
        later one. Raises `InputError` where a column has no value or a key meets no column.
        """
        named = {
            key: _by_name(key, value, names)
            for key, value in self.arguments().items()
            if isinstance(value, Mapping)
        }
        return type(self)(**self.arguments() | named) if named else self

    def _shape(self) -> tuple[int, ...]:
        return ()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        names = [f.name for f in fields(self)]  # type: ignore[arg-type]
        return all(_same(getattr(self, k), getattr(other, k)) for k in names)

    def __hash__(self) -> int:
        return hash(type(self))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, Mapping | Prior) or isinstance(b, Mapping | Prior):
        return bool(a == b)
    if is_sparse(a) and is_sparse(b):
        one, other = sparse.coo_array(a), sparse.coo_array(b)
        return one.shape == other.shape and not abs(one - other).sum()
    return bool(np.array_equal(np.asarray(a), np.asarray(b)))


def _by_name(parameter: str, values: Mapping[str, Any], names: Sequence[str]) -> Array:
    return np.array([values[k] for k in key_of_columns(parameter, values, names)], dtype=np.float64)


def made_from(name: str) -> str:
    """What a column was made from: its name without the levels and numbers in brackets.

    Examples
    --------
    >>> made_from("region[north]"), made_from("C(k)[1]:sex[f]:age"), made_from("age")
    ('region', 'C(k):sex:age', 'age')
    """
    shorter = re.sub(r"\[[^\[\]]*\]", "", name)
    return made_from(shorter) if shorter != name else name


def _key_of(name: str, values: Mapping[str, Any], patterns: Sequence[str]) -> Any:
    if name in values:
        return name
    if made_from(name) in values:
        return made_from(name)
    # brackets are part of names here, not of patterns
    return next((k for k in patterns if fnmatchcase(name, k.replace("[", "[[]"))), None)


def key_of_columns(
    parameter: str, values: Mapping[str, Any], names: Sequence[str], *, all_named: bool = True
) -> list[Any]:
    """The key of ``values`` that holds for each column; None where none does and none need do."""
    patterns = [k for k in values if "*" in k or "?" in k]
    keys: list[Any] = []
    for name in names:
        key = _key_of(name, values, patterns)
        if key is None and all_named:
            raise InputError(
                f"`{parameter}` must name every column",
                f"nothing for column {name!r}",
                "Add it, or a key '*' for all other columns.",
            )
        keys.append(key)
    unused = [k for k in values if k not in keys and k != "*"]
    if unused:
        raise InputError(
            f"every key of `{parameter}` must be a column",
            f"{unused[0]!r}",
            f"The columns are {', '.join(map(repr, list(names)[:8]))}"
            + (", ..." if len(names) > 8 else "."),
        )
    return keys
