"""Beliefs about neighbours as curves that were drawn from them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from priorfit._errors import InputError
from priorfit._typing import Seed
from priorfit.plots.style import LAPLACE, NORMAL, SOFT, axes_of, bare, title
from priorfit.priors import RandomWalk

__all__ = ["plot_walks"]

_COLORS = {"normal": NORMAL, "laplace": LAPLACE}
_STEPS = {"normal": "normal steps", "laplace": "Laplace steps"}


def plot_walks(
    *priors: RandomWalk, p: int = 200, draws: int = 2, seed: Seed = 0, ax: Axes | None = None
) -> Axes:
    """Weights of ``p`` neighbours drawn from random walks: what a curve may look like beforehand.

    Its first draw is a full line. Each prior has its own zero line and its own height, so that only
    shapes are compared. Laplace draws are no staircases: only their mode, given data, is one.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import priorfit as pf
    >>> ax = plot_walks(pf.RandomWalk(0.1), pf.RandomWalk(0.1, kind="laplace"))
    >>> len(ax.lines)
    6
    """
    for prior in priors:
        if not isinstance(prior, RandomWalk):
            raise InputError(
                "`plot_walks` draws random walks", repr(prior), "Use plot_prior for one weight."
            )
    ax = axes_of(ax, (7.2, 4.2))
    rng = np.random.default_rng(seed)
    walks = [prior.sample((draws, p), seed=rng) for prior in priors]
    for k, (prior, curves) in enumerate(zip(priors, walks, strict=True)):
        base, curves = -2.2 * k, curves / float(np.abs(curves).max())
        ax.axhline(base, color=SOFT, linewidth=0.6)
        for i, curve in enumerate(curves):
            style = "-" if i == 0 else (0, (4, 2))
            ax.plot(base + curve, color=_COLORS[prior.kind], linewidth=1.5, linestyle=style)
        text = f"{_STEPS[prior.kind]}\norder {prior.order}, scale {np.max(prior.scale):.3g}"
        ends = base + float(np.mean(curves[:, -1]))
        ax.annotate(
            text,
            xy=(1.01, ends),
            xycoords=ax.get_yaxis_transform(),
            color=_COLORS[prior.kind],
            fontsize=9.5,
            va="center",
        )
    ax.margins(x=0)
    bare(ax, grid=False)
    ax.set_yticks([])
    ax.set_xlabel("column, in order")
    ax.set_ylabel("weight, each to its own height")
    title(ax, "Curves that a random walk believes in", taken=0.0)
    return ax
