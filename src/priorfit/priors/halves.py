"""Beliefs about weights that are not negative, by their own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from priorfit._typing import PerColumn
from priorfit.priors.base import Prior
from priorfit.priors.separable import Laplace, Normal
from priorfit.priors.truncated import Truncated

__all__ = ["Exponential", "Half", "HalfNormal"]


class Half(Truncated):
    """A family about 0, cut to b >= 0: `HalfNormal` and `Exponential`."""

    family: ClassVar[type[Normal] | type[Laplace]]

    def __init__(self, scale: PerColumn = 1.0) -> None:
        super().__init__(self.family(scale), lower=0.0)

    @property
    def scale(self) -> PerColumn:
        """The scale of the family before it was cut."""
        scale: PerColumn = self.prior.scale  # type: ignore[attr-defined]
        return scale

    def arguments(self) -> dict[str, Any]:
        """See `Prior.arguments`."""
        return {"scale": self.scale}

    def for_columns(self, names: Sequence[str]) -> Self:
        """See `Prior.for_columns`."""
        return self._with(self.prior.for_columns(names), 0.0, 0.0)

    def _with(self, prior: Prior, lower: PerColumn, upper: PerColumn) -> Self:  # noqa: ARG002
        return type(self)(prior.scale)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(scale={self.scale!r})"


class HalfNormal(Half):
    """``-log p(b) = b^2 / (2 scale^2) + log(scale sqrt(pi / 2))`` for b >= 0, infinite below.

    ``Truncated(Normal(scale), lower=0)`` by its own name; mean ``scale sqrt(2 / pi)``.

    Parameters
    ----------
    scale : standard deviation before the cut, in units of the weight: a number, one per column
        (p,), or by name. 0 fixes the weight at 0; inf leaves it free but for the sign.

    Examples
    --------
    >>> HalfNormal(2.0).prox([3.0, -1.0])
    array([2.4, 0. ])
    """

    family = Normal

    @property
    def word(self) -> str:
        return "half-normal"


class Exponential(Half):
    """``-log p(b) = b / scale + log(scale)`` for b >= 0, infinite below: the non-negative lasso.

    ``Truncated(Laplace(scale), lower=0)`` by its own name; ``scale`` is the mean.

    Parameters
    ----------
    scale : mean, in units of the weight: a number, one per column (p,), or by name. 0 fixes the
        weight at 0; inf leaves it free but for the sign.

    Examples
    --------
    >>> Exponential(2.0).neg_log_density([0.0, 2.0]).round(4)
    array([0.6931, 1.6931])
    """

    family = Laplace

    @property
    def word(self) -> str:
        return "exponential"
