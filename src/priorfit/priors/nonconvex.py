"""Penalties that stop: MCP, SCAD and the price of a non-zero weight. As beliefs they are improper
in the tail (or not smooth at 0): no density that integrates, but a mode all the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NoReturn, Self

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike, PerColumn
from priorfit.priors.base import Prior
from priorfit.priors.concave import Concave, McpShape, ScadShape, Shape
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.parameters import as_array, by_column, check, form, is_scalar, times

__all__ = ["MCP", "SCAD"]


class _Levelling(Prior):
    """The slope of ``-log p`` at loc is ``penalty``; far away it is 0."""

    penalty: PerColumn
    information: PerColumn
    loc: PerColumn
    cuttable = False

    def __post_init__(self) -> None:
        check("penalty", self.penalty, positive=True)
        check("information", self.information, positive=True)
        check("loc", self.loc, positive=False)
        if not np.all(np.isfinite(as_array("penalty", self.penalty))):
            raise InputError("`penalty` must be finite", repr(self.penalty), "Use a finite rate.")

    @property
    def _kind(self) -> Shape:
        raise NotImplementedError

    @property
    def _reach(self) -> float:
        """The width in units of ``penalty / information``."""
        raise NotImplementedError

    @property
    def width(self) -> Array:
        """Where the penalty becomes level: weights farther from loc than this are not shrunk."""
        penalty = as_array("penalty", self.penalty)
        information = as_array("information", self.information)
        with np.errstate(divide="ignore", invalid="ignore"):
            width = self._reach * penalty / information
        return np.where((information > 0) & (penalty > 0), width, np.inf)

    def _shape(self) -> tuple[int, ...]:
        parts = (self.penalty, self.information, self.loc)
        return np.broadcast_shapes(*(np.shape(v) for v in parts))

    def neg_log_density(self, b: ArrayLike) -> Array:
        """``-log p(b)`` up to a constant that does not exist: 0 at loc."""
        t = np.abs(np.asarray(b, dtype=np.float64) - as_array("loc", self.loc))
        l1 = as_array("penalty", self.penalty) + np.zeros_like(t)
        width = self.width + np.zeros_like(t)
        return np.asarray(self._kind.value(t, l1, 0.0 * l1, width))

    def _improper(self) -> NoReturn:
        raise InputError(
            "a probability needs a proper prior",
            f"{self.word}, which is level for large weights: its density does not integrate",
            "Use LogLaplace or StudentT, which are heavy-tailed and proper.",
        )

    def cdf(self, b: ArrayLike) -> Array:  # noqa: ARG002
        """Raises `InputError`: the density does not integrate."""
        self._improper()

    def quantile(self, q: ArrayLike) -> Array:  # noqa: ARG002
        """Raises `InputError`: the density does not integrate."""
        self._improper()

    @property
    def peak(self) -> Array:
        """Raises `InputError`: the density does not integrate."""
        self._improper()

    def lower(self, p: int) -> NormalForm:
        """``l1 = penalty`` at 0, level beyond the width."""
        penalty = by_column("penalty", self.penalty, p)
        base = form(penalty, np.zeros(p), by_column("loc", self.loc, p), penalty < 0)
        size = np.broadcast_to(self.width, (p,)).copy()
        return replace(base, concave=Concave(self._kind, size))

    def tempered(self, strength: float) -> Self:
        """``penalty`` and ``information`` times ``strength``: the same width."""
        return self._with(
            penalty=times(self.penalty, strength), information=times(self.information, strength)
        )

    def unit(self) -> Self:
        """Rate 1 and information 1, where they are one number; see `along`."""
        return self._with(
            penalty=1.0 if is_scalar(self.penalty) else self.penalty,
            information=1.0 if is_scalar(self.information) else self.information,
        )

    def relative(self) -> Self:
        """Information 1, where it is one number: a path counts it against the data."""
        one = is_scalar(self.information)
        return self._with(information=1.0) if one else self

    def along(self, form: NormalForm, total_weight: float) -> NormalForm:
        """On a path the width is in proportion to lambda, and the concavity, counted against the
        loss of a column of unit variance, stays the same: ``width = reach lambda / W``."""
        if form.concave is None:
            return form
        return replace(form, concave=Concave(self._kind, form.concave.size / total_weight, True))

    def member(self, penalty: float, phi: float, total_weight: float) -> Self:
        """The belief of a path at lambda: rate lambda / phi, information W / phi."""
        return self._with(
            penalty=times(self.penalty, penalty / phi),
            information=times(self.information, total_weight / phi),
        )

    def rescaled(self, factor: ArrayLike) -> Self:
        """Widths and ``loc`` times ``factor``: penalty over it, information over its square."""
        inverse = 1.0 / np.asarray(factor, dtype=np.float64)
        return self._with(
            penalty=times(self.penalty, inverse),
            information=times(self.information, inverse**2),
            loc=times(self.loc, factor),
        )

    def _with(self, **changed: Any) -> Self:
        return replace(self, **changed)  # type: ignore[type-var]


@dataclass(frozen=True, eq=False)
class MCP(_Levelling):
    """``-log p(b) = penalty |t| - information t^2 / (2 gamma)`` up to ``|t| = width =
    gamma penalty / information``, level beyond; t = b - loc. Improper.

    The slope falls from ``penalty`` at loc to 0 at the width, as steadily as possible: the
    least concave penalty that leaves weights beyond the width unshrunk.

    Parameters
    ----------
    penalty : slope of -log p at loc, in units of 1 / weight: number, or one per column (p,).
    gamma : how slowly it falls, > 0; infinitely large is the Laplace prior of scale 1 / penalty.
    information : what gamma is counted against, in units of 1 / weight^2. 1 gives the formula of
        the source as it stands. With n / noise^2 a column of unit variance has, on its own, one
        optimum for gamma > 1: gamma is then that of ncvreg and skglm.
    loc : centre of the belief. Estimates can equal it exactly.

    A path sets penalty to lambda / phi and information to W / phi (W: the sum of weights) times
    those given per column, so gamma means the same at every lambda and for every n; `Path.prior_at`
    writes them out.

    Examples
    --------
    >>> MCP(penalty=1.0, gamma=3.0).prox([0.9, 2.0, 5.0])
    array([0. , 1.5, 5. ])

    Source: Zhang (2010), Annals of Statistics 38, equation 2.1.
    """

    penalty: PerColumn = 1.0
    gamma: float = 3.0
    information: PerColumn = 1.0
    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _above("gamma", self.gamma, 0.0)

    @property
    def word(self) -> str:
        return "MCP"

    @property
    def _kind(self) -> Shape:
        return McpShape()

    @property
    def _reach(self) -> float:
        return float(self.gamma)


@dataclass(frozen=True, eq=False)
class SCAD(_Levelling):
    """``-log p'(b) = penalty`` up to ``|t| = knee = penalty / information``, falling to 0 at
    ``width = a knee``, 0 beyond; t = b - loc. Improper.

    Parameters
    ----------
    penalty : slope of -log p at loc, in units of 1 / weight: number, or one per column (p,).
    a : the width in units of the knee, > 1; Fan & Li take 3.7.
    information : as for `MCP`; a column of unit variance has, on its own, one optimum for a > 2.
    loc : centre of the belief. Estimates can equal it exactly.

    A path treats penalty and information as for `MCP`.

    Examples
    --------
    >>> SCAD(penalty=1.0, a=3.7).prox([0.9, 1.8, 3.0, 5.0]).round(3)
    array([0.   , 0.8  , 2.588, 5.   ])

    Source: Fan & Li (2001), Journal of the American Statistical Association 96, equation 2.8.
    """

    penalty: PerColumn = 1.0
    a: float = 3.7
    information: PerColumn = 1.0
    loc: PerColumn = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _above("a", self.a, 1.0)

    @property
    def word(self) -> str:
        return "SCAD"

    @property
    def _kind(self) -> Shape:
        return ScadShape(float(self.a))

    @property
    def _reach(self) -> float:
        return float(self.a)


def _above(name: str, value: Any, bound: float) -> None:
    """One finite number above ``bound``."""
    number = isinstance(value, int | float | np.floating | np.integer)
    if not number or not bound < value < np.inf:
        raise InputError(
            f"`{name}` must be a finite number > {bound:g}",
            repr(value),
            "Larger is closer to the Laplace prior.",
        )
