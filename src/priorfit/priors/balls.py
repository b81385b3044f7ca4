"""A belief with a border: every weight inside a ball is as plausible as any other, none outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import PerColumn
from priorfit.priors.base import Prior
from priorfit.priors.parameters import check
from priorfit.priors.separable import Laplace, Normal

__all__ = ["Ball", "L1Ball", "L2Ball"]


@dataclass(frozen=True, eq=True)
class Ball(ABC):
    """``norm(b - loc) <= radius``: the constraint view, stated as such."""

    radius: float = 1.0
    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        usable = isinstance(self.radius, Real) and 0 < self.radius < np.inf
        if not usable:
            raise InputError(
                "`radius` must be a finite number > 0",
                repr(self.radius),
                "It bounds the norm of the weights; use a prior with scale 0 to fix them.",
            )
        check("loc", self.loc, positive=False)

    @property
    @abstractmethod
    def shape(self) -> Prior:
        """The prior of scale 1 whose penalty has this ball's norm."""


@dataclass(frozen=True, eq=True)
class L1Ball(Ball):
    """``sum_j |b_j - loc_j| <= radius``: the lasso with a budget.

    Parameters
    ----------
    radius : budget of the weights, in their units; > 0.
    loc : centre of the ball: a number, one per column (p,), or by column name.

    Raises
    ------
    InputError
        where the radius is not a positive number.

    Examples
    --------
    >>> L1Ball(3.0)
    L1Ball(radius=3.0, loc=0.0)

    Source: Tibshirani (1996), equation 1.
    """

    @property
    def shape(self) -> Prior:
        """``Laplace(scale=1, loc=loc)``."""
        return Laplace(1.0, self.loc)


@dataclass(frozen=True, eq=True)
class L2Ball(Ball):
    """``sqrt(sum_j (b_j - loc_j)^2) <= radius``: ridge with a budget.

    Parameters and errors as `L1Ball`.

    Examples
    --------
    >>> L2Ball(3.0).shape
    Normal(scale=1.0, loc=0.0)

    Source: Hoerl & Kennard (1970), section 3.
    """

    @property
    def shape(self) -> Prior:
        """``Normal(scale=1, loc=loc)``."""
        return Normal(1.0, self.loc)
