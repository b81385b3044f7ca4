"""How beliefs bend an estimate."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from priorfit.plots.style import GREY, SOFT, axes_of, bare, color_of, spread, title
from priorfit.priors import SCAD, ElasticNet, Prior, Truncated, shrinkage

__all__ = ["plot_shrinkage"]

Curve = Prior | tuple[Prior, str]


def plot_shrinkage(
    *curves: Curve, variance: float = 1.0, reach: float = 4.0, ax: Axes | None = None
) -> Axes:
    """z, what the data alone say, against the estimate, for each belief.

    Parameters
    ----------
    curves : priors, whose mode is drawn, or pairs such as ``(pf.Laplace(1.0), "mean")``.
    variance : of z.
    reach : z runs from -reach to reach.
    ax : where to draw; a new figure by default.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import priorfit as pf
    >>> plot_shrinkage(pf.Normal(1.0), pf.Laplace(1.0)).get_xlabel()
    'what the data alone say (least squares)'
    """
    ax = axes_of(ax, (6.4, 5.2))
    z = np.linspace(-reach, reach, 1201)
    pairs = [c if isinstance(c, tuple) else (c, "mode") for c in curves]
    ax.plot(z, z, color=GREY, linewidth=0.9, zorder=1)
    ends = []
    for prior, estimate in pairs:
        b = shrinkage(prior, z, variance, estimate=estimate)
        ax.plot(z, b, color=color_of(prior), linewidth=1.9, linestyle=_dash(prior, estimate))
        ends.append(float(b[-1]))
    for at in (ax.axhline, ax.axvline):
        at(0, color=SOFT, linewidth=0.7, zorder=0)
    bare(ax, grid=False)
    ax.margins(x=0)
    _names(ax, pairs, [*ends, reach], 0.055 * 2 * reach)
    ax.set_xlabel("what the data alone say (least squares)")
    ax.set_ylabel("estimate")
    title(ax, _sentence([prior for prior, _ in pairs]))
    return ax


def _sentence(priors: list[Prior]) -> str:
    if any(p.separable and p.lower(1).concave is not None for p in priors):
        return "A heavy tail lets large weights be what the data say"
    return "A normal prior takes a share, a Laplace prior a fixed amount"


def _dash(prior: Prior, estimate: str) -> object:
    base = prior.prior if isinstance(prior, Truncated) else prior
    if estimate == "mean":
        return (0, (1.5, 1.5))
    if isinstance(base, SCAD):
        return (0, (5, 1.5, 1, 1.5))
    return (0, (6, 3)) if isinstance(base, ElasticNet) or base is not prior else "-"


def _names(ax: Axes, pairs: list[tuple[Prior, str]], ends: list[float], gap: float) -> None:
    """Beside the right ends of the curves; the grey line is the data's."""
    words = [_word(prior, estimate) for prior, estimate in pairs] + ["no prior"]
    colors = [color_of(prior) for prior, _ in pairs] + [SOFT]
    for word, color, at, end in zip(words, colors, spread(ends, gap), ends, strict=True):
        ax.annotate(
            word,
            xy=(1.0, end),
            xycoords=ax.get_yaxis_transform(),
            xytext=(1.045, at),
            textcoords=ax.get_yaxis_transform(),
            color=color,
            fontsize=9.5,
            va="center",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6, "shrinkB": 0},
        )


def _word(prior: Prior, estimate: str) -> str:
    base = prior.prior if isinstance(prior, Truncated) else prior
    names = ("scale", "l1_scale", "l2_scale", "penalty")
    given = [float(getattr(base, k)) for k in names if hasattr(base, k)]
    scales = " and ".join(f"{value:.3g}" for value in given if np.isfinite(value))
    return f"{prior.word} {scales}, {estimate}"
