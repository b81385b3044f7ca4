"""Times until an event, as users hand them over; and curves of survival."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.design import is_table
from priorfit.likelihoods import survival

__all__ = ["Baseline", "Curves", "Response", "response_of", "taken_from"]

_ROLES = ("time", "event", "entry", "strata")


class Response(NamedTuple):
    """``y`` (n, 4) and the labels of its strata, by number."""

    y: Array
    strata: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Baseline:
    """Hazard at a linear predictor of 0: a jump at each time of an event.

    ``time``, ``hazard``, ``cumulative`` (G,); ``stratum`` (G,) labels.
    """

    time: Array
    hazard: Array
    stratum: Any

    @property
    def cumulative(self) -> Array:
        """Sum of the jumps up to each time, within its stratum, (G,)."""
        out = np.empty(len(self.time))
        for label in np.unique(self.stratum):
            rows = self.stratum == label
            out[rows] = np.cumsum(self.hazard[rows])
        return out

    def at(self, times: Array, stratum: Any) -> Array:
        """The cumulative hazard of a stratum at any times: a step function, 0 at first."""
        rows = self.stratum == stratum
        steps = np.append(0.0, np.cumsum(self.hazard[rows]))
        return np.asarray(steps[np.searchsorted(self.time[rows], times, side="right")])


@dataclass(frozen=True, eq=False)
class Curves:
    """Step functions, one a row: ``values`` (n, T) holds from each of ``times`` (T,) to the next.

    Examples
    --------
    >>> curves = Curves(np.array([1.0, 2.0]), np.array([[0.8, 0.5]]), 1.0)
    >>> curves.at([0.5, 1.5, 9.0])
    array([[1. , 0.8, 0.5]])
    """

    times: Array
    values: Array
    start: float
    what: str = "probability of no event"

    def at(self, times: Any) -> Array:
        """The curves at any times, (n, len(times)); after the last event they stay as they are."""
        found = np.searchsorted(self.times, np.asarray(times, dtype=np.float64), side="right")
        padded = np.column_stack([np.full(len(self.values), self.start), self.values])
        return np.asarray(padded[:, found])

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw them; see `priorfit.plots.plot_curves`."""
        return import_module("priorfit.plots").plot_curves(self, ax=ax, **options)


def taken_from(X: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """X without the columns that ``given`` names, and their values in the place of the names."""
    names = {role: name for role, name in given.items() if isinstance(name, str)}
    if not names:
        return X, given
    if not is_table(X):
        raise InputError(
            "a time or event given by name needs a table",
            type(X).__name__,
            "Pass a data frame, or the arrays themselves.",
        )
    frame = nw.from_native(X, eager_only=True)
    for role, name in names.items():
        if name not in frame.columns:
            raise InputError(
                f"`{role}` must be a column of the table",
                repr(name),
                f"The table has {', '.join(map(repr, frame.columns[:8]))}.",
            )
    rest = [c for c in frame.columns if c not in names.values()]
    values = {role: _complete(frame[name], name) for role, name in names.items()}
    return frame.select(rest).to_native(), given | values


def _complete(series: Any, name: str) -> Any:
    gaps = int(series.is_null().sum())
    if gaps:
        raise InputError(
            f"{name!r} must have no missing values",
            f"{gaps} of {len(series)} missing",
            "Drop these rows.",
        )
    return series.to_numpy()


def response_of(y: Any, given: dict[str, Any]) -> Response:
    """The response of `Cox` from ``y`` or from time, event, entry and strata.

    ``y``: a structured array of (event, time) as scikit-survival makes it; a table with columns
    time and event, and entry and strata where it has them; an array (n, 2 .. 4), see
    `priorfit.Cox`.
    """
    parts = {role: value for role, value in given.items() if value is not None}
    if y is not None and not {"time", "event"} & set(parts):
        parts = _parts_of(y) | parts
    if not {"time", "event"} <= set(parts):
        raise InputError(
            "the response must be given as y, or as time and event",
            ", ".join(parts) or "neither",
            'Write fit(table, time="t", event="d"), or fit(X, pf.survival(time, event)).',
        )
    strata = parts.get("strata")
    labels = ("",) if strata is None else tuple(np.unique(np.asarray(strata)).tolist())
    return Response(survival(**{role: parts.get(role) for role in _ROLES}), labels)


def _parts_of(y: Any) -> dict[str, Any]:
    if is_table(y):
        frame = nw.from_native(y, eager_only=True)
        return {c: _complete(frame[c], c) for c in frame.columns if c in _ROLES}
    given = np.asarray(y)
    if given.dtype.names is not None:
        kinds = [given.dtype[name].kind for name in given.dtype.names]
        if len(kinds) == 2 and kinds[0] == "b":
            event, time = given.dtype.names
            return {"event": given[event], "time": given[time]}
        raise InputError(
            "a structured response must have two fields, event (bool) and time",
            str(given.dtype),
            "Make it with sksurv.util.Surv, or use pf.survival(time, event).",
        )
    if given.ndim != 2 or not 2 <= given.shape[1] <= 4:
        raise InputError(
            "y must hold times and events",
            f"shape {given.shape}",
            "Make it with pf.survival(time, event).",
        )
    roles = {2: _ROLES[:2], 3: ("entry", "time", "event"), 4: ("entry", "time", "event", "strata")}
    parts: dict[str, Any] = dict(zip(roles[given.shape[1]], given.T, strict=True))
    if "entry" in parts and np.all(np.isneginf(parts["entry"])):
        del parts["entry"]
    return parts
