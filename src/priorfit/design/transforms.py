"""Functions that a formula may call: a fixed table; what they learn are plain numbers."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from scipy.interpolate import BSpline

from priorfit._errors import InputError, PriorfitWarning
from priorfit._typing import Array

__all__ = ["ELEMENTWISE", "LEARNED", "State", "Transform"]

#: what a transform has learned: names to lists of numbers, as JSON holds them
State: TypeAlias = Mapping[str, Any]

ELEMENTWISE: dict[str, Callable[[Array], Array]] = {
    "I": np.asarray,
    "abs": np.abs,
    "cos": np.cos,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "sin": np.sin,
    "sqrt": np.sqrt,
}


class Transform(ABC):
    """One column to one or several, by numbers learned of the fitted table: predictions use the
    same knots and moments."""

    #: settings in the order in which they may be given without a name; None must be given
    settings: Mapping[str, float | None] = {}
    #: whether it makes one column, which arithmetic and other calls may use
    single = False

    @abstractmethod
    def learn(self, x: Array, settings: Mapping[str, int]) -> State:
        """The numbers to keep of the fitted column (n,)."""

    @abstractmethod
    def apply(self, x: Array, state: State) -> Array:
        """(n, k): the columns made of ``x`` (n,)."""


class _Moments(Transform):
    """``(x - mean) / sd``: `scale` with divisor n - 1, `center` without sd."""

    single = True

    def __init__(self, scaled: bool) -> None:
        self._scaled = scaled

    def learn(self, x: Array, settings: Mapping[str, int]) -> State:  # noqa: ARG002
        sd = float(np.std(x, ddof=1)) if self._scaled and len(x) > 1 else 1.0
        return {"mean": float(np.mean(x)), "sd": sd if sd > 0 else 1.0}

    def apply(self, x: Array, state: State) -> Array:
        return ((x - float(state["mean"])) / float(state["sd"]))[:, None]


class _Polynomials(Transform):
    """Polynomials of degree 1 to k, orthonormal over the fitted rows, by three terms.

    Source: Forsythe (1957); R's ``poly``.
    """

    settings: Mapping[str, float | None] = {"degree": None}

    def learn(self, x: Array, settings: Mapping[str, int]) -> State:
        degree = settings["degree"]
        _at_least("degree", degree, 1)
        _distinct(x, degree + 1)
        alpha: list[float] = []
        norms = [float(len(x))]
        before, now = np.zeros_like(x), np.ones_like(x)
        for k in range(degree):
            alpha.append(float(x @ (now * now)) / norms[-1])
            back = norms[-1] / norms[-2] if k else 0.0
            before, now = now, (x - alpha[-1]) * now - back * before
            norms.append(float(now @ now))
        return {"alpha": alpha, "norms": norms}

    def apply(self, x: Array, state: State) -> Array:
        alpha, norms = _floats(state["alpha"]), _floats(state["norms"])
        out = np.empty((len(x), len(alpha)), order="F")
        before, now = np.zeros_like(x), np.ones_like(x)
        for k, a in enumerate(alpha):
            back = norms[k] / norms[k - 1] if k else 0.0
            before, now = now, (x - a) * now - back * before
            out[:, k] = now / np.sqrt(norms[k + 1])
        return out


class _BSplines(Transform):
    """B-splines of ``degree`` with ``df`` columns: knots at quantiles, the first left out.

    Beyond the fitted range the outermost pieces go on, with a warning. Source: de Boor (1978); R's
    ``bs``.
    """

    settings: Mapping[str, float | None] = {"df": None, "degree": 3}

    def learn(self, x: Array, settings: Mapping[str, int]) -> State:
        df, degree = settings["df"], settings["degree"]
        _at_least("degree", degree, 1)
        _at_least("df", df, degree)
        return {"knots": _knots(x, df - degree, degree), "degree": degree}

    def apply(self, x: Array, state: State) -> Array:
        knots, degree = _floats(state["knots"]), int(state["degree"])
        beyond = int(np.sum((x < knots[0]) | (x > knots[-1])))
        if beyond:
            warnings.warn(
                f"{beyond} of {len(x)} rows lie beyond the knots of a spline: its polynomials go "
                "on there, which says little.",
                PriorfitWarning,
                stacklevel=2,
            )
        return _splines(x, knots, degree)[:, 1:]


class _NaturalSplines(Transform):
    """Cubic splines with ``df`` columns that are straight lines beyond the fitted range.

    The B-splines whose second derivative is 0 at both ends. Source: R's ``ns``.
    """

    settings: Mapping[str, float | None] = {"df": None}

    def learn(self, x: Array, settings: Mapping[str, int]) -> State:
        df = settings["df"]
        _at_least("df", df, 1)
        knots = _knots(x, df - 1, 3)
        ends = np.array([knots[0], knots[-1]])
        bend = _splines(ends, _floats(knots), 3, derivative=2)[:, 1:]
        basis = np.linalg.qr(bend.T, mode="complete")[0][:, 2:]
        return {"knots": knots, "basis": basis.tolist()}

    def apply(self, x: Array, state: State) -> Array:
        knots = _floats(state["knots"])
        basis = np.asarray(state["basis"], dtype=np.float64)
        inside = np.clip(x, knots[0], knots[-1])
        out = _splines(inside, knots, 3)[:, 1:]
        beyond = np.flatnonzero(x != inside)
        slope = _splines(inside[beyond], knots, 3, derivative=1)[:, 1:]
        out[beyond] += (x - inside)[beyond, None] * slope
        return np.asarray(out @ basis)


LEARNED: dict[str, Transform] = {
    "bs": _BSplines(),
    "center": _Moments(scaled=False),
    "ns": _NaturalSplines(),
    "poly": _Polynomials(),
    "scale": _Moments(scaled=True),
}


def _floats(values: Any) -> Array:
    return np.asarray(values, dtype=np.float64)


def _knots(x: Array, inner: int, degree: int) -> list[float]:
    """All knots, ``inner`` of them at quantiles, the ends ``degree + 1`` times."""
    _distinct(x, inner + 2)
    between = np.quantile(x, np.linspace(0.0, 1.0, inner + 2)[1:-1])
    ends = (np.full(degree + 1, end) for end in (np.min(x), np.max(x)))
    low, high = ends
    return [float(v) for v in np.concatenate([low, between, high])]


def _splines(x: Array, knots: Array, degree: int, derivative: int = 0) -> Array:
    """Values, or a derivative, of all B-splines at ``x``: (n, len(knots) - degree - 1)."""
    count = len(knots) - degree - 1
    spline = BSpline(knots, np.eye(count), degree, extrapolate=True)
    return np.asarray(spline(x, nu=derivative), dtype=np.float64)


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InputError(f"`{name}` must be >= {least}", str(value), "Correct the formula.")


def _distinct(x: Array, least: int) -> None:
    count = len(np.unique(x))
    if count < least:
        raise InputError(
            f"the column must have at least {least} different values for this many columns",
            str(count),
            "Lower df or degree, or use C().",
        )
