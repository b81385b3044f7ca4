"""What a belief expects before there are data."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from priorfit.plots.style import INK, SOFT, axes_of, bare, title
from priorfit.predictive import PriorPredictive

__all__ = ["plot_prior_predictive"]

_COLOR = "#7A4FA3"


def plot_prior_predictive(seen: PriorPredictive, ax: Axes | None = None) -> Axes:
    """How the expected response (a probability, for classes) is spread under the belief.

    Parameters
    ----------
    seen : from `priorfit.prior_predictive`.
    ax : where to draw; a new figure by default.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> seen = pf.prior_predictive(np.eye(3), pf.Normal(1.0), pf.Bernoulli(), seed=0)
    >>> plot_prior_predictive(seen).get_xlabel()
    'probability of the second class'
    """
    ax = axes_of(ax, (6.4, 3.6))
    classes = seen.likelihood.is_classification
    values = np.ravel(seen.mu if classes else seen.y)
    low, high = (0.0, 1.0) if classes else np.quantile(values, [0.005, 0.995])
    ax.hist(
        np.clip(values, low, high),
        bins=40,
        range=(low, high),
        density=True,
        color=_COLOR,
        alpha=0.75,
    )
    bare(ax, grid=False)
    ax.set_yticks([])
    ax.axhline(0, color=SOFT, linewidth=0.8)
    ax.set_ylabel("share of draws")
    if classes:
        sure = float(np.mean((values < 0.01) | (values > 0.99)))
        ax.set_xlabel("probability of the second class")
        title(ax, f"Before any data, this belief is sure of {100 * sure:.0f} % of the rows")
    else:
        inner = np.quantile(values, [0.05, 0.95])
        for at in inner:
            ax.axvline(float(at), color=INK, linewidth=0.9)
        ax.set_xlabel("response")
        title(ax, f"Before any data: 90 % of responses between {inner[0]:.3g} and {inner[1]:.3g}")
    return ax
