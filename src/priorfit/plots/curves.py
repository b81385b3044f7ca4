"""Curves of survival."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from priorfit._errors import InputError
from priorfit.estimators import Curves
from priorfit.plots.style import LINES, SOFT, axes_of, bare, short, spread, title

__all__ = ["plot_curves"]

_MOST = 6


def plot_curves(
    curves: Curves,
    ax: Axes | None = None,
    *,
    rows: Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    unit: str = "",
) -> Axes:
    """Step functions of a few rows, each named at its end.

    Parameters
    ----------
    curves : what `MAPCox.predict_survival_function` returns.
    rows : which rows to draw, at most six; by default three: the lowest, the middle and the highest
        curve.
    labels : a name for each drawn row.
    unit : of the times, for the axis.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> from priorfit.estimators import Curves
    >>> curves = Curves(np.array([1.0, 2.0]), np.array([[0.9, 0.8], [0.6, 0.3]]), 1.0)
    >>> plot_curves(curves).get_ylabel()
    'probability of no event'
    """
    chosen, names = _chosen(curves, rows, labels)
    ax = axes_of(ax)
    times = np.concatenate([[min(0.0, float(curves.times[0]))], curves.times])
    ends = []
    for k, row in enumerate(chosen):
        values = np.concatenate([[curves.start], curves.values[row]])
        ax.step(times, values, where="post", color=LINES[k], linewidth=1.8)
        ends.append(float(values[-1]))
    falls = curves.start == 1.0
    ax.set_ylim(0.0, 1.02 if falls else 1.05 * max(float(curves.values[chosen].max()), 1e-12))
    ax.set_xlim(times[0], times[-1] + 0.01 * (times[-1] - times[0]))
    height = ax.get_ylim()[1]
    places = spread(ends, 0.06 * height)
    for k, (name, place) in enumerate(zip(names, places, strict=True)):
        ax.annotate(
            short(name, 24), (times[-1], place), xytext=(6, 0), textcoords="offset points",
            color=LINES[k], va="center", fontsize=9.5, annotation_clip=False,
        )  # fmt: skip
    bare(ax)
    ax.set_xlabel(f"time ({unit})" if unit else "time", color=SOFT)
    ax.set_ylabel(curves.what, color=SOFT)
    title(ax, _sentence(curves, chosen, names, unit))
    return ax


def _chosen(
    curves: Curves, rows: Sequence[int] | None, labels: Sequence[str] | None
) -> tuple[list[int], list[str]]:
    n = len(curves.values)
    if rows is None:
        order = np.argsort(-curves.values.sum(axis=1) * (1 if curves.start == 1.0 else -1))
        few = sorted({0, n // 2, n - 1})
        chosen, names = [int(order[k]) for k in few], ["lowest risk", "middle", "highest risk"]
        names = [names[2 * k // max(len(few) - 1, 1)] for k in range(len(few))]
    else:
        chosen = list(rows)
        names = [f"row {k}" for k in chosen]
    if not 0 < len(chosen) <= _MOST or not all(0 <= k < n for k in chosen):
        raise InputError(
            f"`rows` must be 1 to {_MOST} row numbers below {n}", repr(rows), "Draw fewer curves."
        )
    names = names if labels is None else list(labels)
    if len(names) != len(chosen):
        raise InputError(
            f"`labels` must name the {len(chosen)} drawn rows", f"{len(names)} names", "Add some."
        )
    return chosen, names


def _sentence(curves: Curves, chosen: list[int], names: list[str], unit: str) -> str:
    """When half of them have had their event, where the curves tell."""
    if curves.start != 1.0:
        return "Cumulative hazard"
    half = [
        float(curves.times[int(np.argmax(v <= 0.5))]) if np.any(v <= 0.5) else np.inf
        for v in curves.values[chosen]
    ]
    after = f" {unit}" if unit else ""
    known = [
        f"{t:,.4g}{after} ({short(name, 24)})"
        for name, t in zip(names, half, strict=True)
        if np.isfinite(t)
    ]
    if not known:
        return "More than half are expected to have no event in the time observed"
    return "Half of them have had their event after " + " and ".join(
        [", ".join(known[:-1]), known[-1]] if len(known) > 1 else known
    )
