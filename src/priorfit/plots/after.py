"""What the posterior made of the data: new data beside the old, and least squares pulled in."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from priorfit._errors import InputError, PriorfitWarning
from priorfit._typing import Array
from priorfit.plots.posterior import farthest, legend, name_rows
from priorfit.plots.style import DATA, GREY, INK, axes_of, bare, color_of, title
from priorfit.priors import Flat
from priorfit.solve import solve

if TYPE_CHECKING:
    from priorfit.posterior import Posterior
    from priorfit.problem import Problem

__all__ = ["plot_posterior_predictive", "plot_posterior_shrinkage"]

_WIDE = 30  # different whole numbers that get a bin each


def plot_posterior_predictive(
    posterior: Posterior, ax: Axes | None = None, *, prob: float = 0.9, seed: int = 0
) -> Axes:
    """Whether the model could have made the data: how many rows fall into each bin of y, and into
    how many the model's own draws would fall, with probability ``prob`` (the band).

    With two classes: the share of y = 1 among rows of like probability. About ``1 - prob`` of the
    bins lie outside the band of a model that is right; where and how they do says what is wrong.

    Source: Gabry, Simpson, Vehtari, Betancourt & Gelman (2019), JRSS A 182, section 5.
    """
    problem = posterior.model.problem
    if problem.outputs is not None or problem.likelihood.coupled:
        raise InputError(
            "a predictive check needs one response and rows that are independent",
            f"the {problem.likelihood.name} likelihood",
            "Look at `posterior.predictive()` itself.",
        )
    thin = max(1, posterior.coef.shape[0] * posterior.coef.shape[1] // 400)
    made = posterior.predictive(thin=thin, seed=seed)
    ax, y, color = axes_of(ax), problem.y, color_of(problem.prior)
    if problem.likelihood.name == "bernoulli":
        outside = _calibration(ax, y, posterior.mu(thin=thin).mean(axis=0), made, prob, color)
    else:
        outside = _counts(ax, y, made, prob, color)
    bare(ax)
    ax.margins(x=0.02)
    few = np.mean(outside) <= 1.0 - prob + 2.0 * np.sqrt(prob * (1.0 - prob) / len(outside))
    verdict = "The model could have made these data" if few else "The model does not make such data"
    title(ax, f"{verdict}: {int(np.sum(outside))} of {len(outside)} bins outside {prob:.0%}")
    legend(ax, f"● data   ▮ {prob:.0%} of what the model makes")
    return ax


def _band(ax: Axes, x: Array, low: Array, high: Array, width: Array, color: str) -> None:
    ax.bar(x, high - low, width, low, color=color, alpha=0.22, linewidth=0, zorder=2)


def _counts(ax: Axes, y: Array, made: Array, prob: float, color: str) -> Array:
    whole = np.all(y == np.round(y)) and np.all(made == np.round(made)) and np.ptp(y) < _WIDE
    if whole:
        edges = np.arange(y.min() - 0.5, y.max() + 1.0)
    else:
        ends = np.quantile(made, [0.005, 0.995])
        low, high = min(ends[0], y.min()), max(ends[1], y.max())
        edges = np.linspace(low, high, min(_WIDE, max(8, round(2 * len(y) ** 0.4))) + 1)
    inner = edges[1:-1]  # what is made beyond them counts to the outermost bins
    size = len(edges) - 1
    each = np.array([np.bincount(np.digitize(one, inner), minlength=size) for one in made])
    low, high = np.quantile(each, [0.5 - prob / 2, 0.5 + prob / 2], axis=0)
    counts = np.bincount(np.digitize(y, inner), minlength=size)
    middle = 0.5 * (edges[1:] + edges[:-1])
    _band(ax, middle, low, high, 0.9 * np.diff(edges), color)
    ax.plot(middle, counts, "o", color=DATA, markersize=4.5, zorder=3)
    ax.set_xlabel("response")
    ax.set_ylabel("rows")
    ax.set_ylim(bottom=0)
    return np.asarray((counts < low) | (counts > high))


def _calibration(ax: Axes, y: Array, chance: Array, made: Array, prob: float, color: str) -> Array:
    bins = np.array_split(np.argsort(chance), max(4, min(12, len(y) // 25)))
    x = np.array([chance[rows].mean() for rows in bins])
    share = np.array([y[rows].mean() for rows in bins])
    each = np.array([made[:, rows].mean(axis=1) for rows in bins])
    low, high = np.quantile(each, [0.5 - prob / 2, 0.5 + prob / 2], axis=1)
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, zorder=1)
    _band(ax, x, low, high, np.full(len(x), 0.018), color)
    ax.plot(x, share, "o", color=DATA, markersize=4.5, zorder=3)
    ax.set_xlabel("probability of y = 1, posterior mean")
    ax.set_ylabel("share of y = 1")
    ax.set_xlim(-0.02, 1.02)
    return np.asarray((share < low) | (share > high))


def plot_posterior_shrinkage(
    posterior: Posterior, ax: Axes | None = None, *, prob: float = 0.9, max_shown: int = 25
) -> Axes:
    """From what the data alone say (no belief: least squares, or maximum likelihood) to the
    posterior: an arrow for each weight, and the interval that holds ``prob`` of it.

    The weights of `plot_posterior`, in the same order and units.

    Raises
    ------
    InputError
        where the data alone do not determine the weights.
    """
    alone = _alone(posterior)
    order, unit, uneven = farthest(posterior, max_shown)
    draws = posterior.flat.reshape(len(posterior.flat), -1)
    mean = draws.mean(axis=0) / unit
    ends = np.quantile(draws, [0.5 - prob / 2, 0.5 + prob / 2], axis=0) / unit
    ax, color = axes_of(ax, (7.2, 1.1 + 0.27 * len(order))), color_of(posterior.model.problem.prior)
    ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
    for row, j in enumerate(order):
        start = alone[j] / unit[j]
        ax.plot(ends[:, j], [row, row], color=color, linewidth=5, alpha=0.22, zorder=1)
        ax.annotate(
            "", (mean[j], row), (start, row), zorder=2,
            arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.3, "shrinkA": 4, "shrinkB": 0},
        )  # fmt: skip
        ax.plot(start, row, "o", color=DATA, markerfacecolor="white", markersize=5.5, zorder=3)
        ax.plot(mean[j], row, "|", color=color, markersize=9, markeredgewidth=1.6, zorder=3)
    name_rows(ax, posterior, order, uneven, _pull_sentence(alone[order] / unit[order], mean[order]))
    legend(ax, f"○ data alone   ▸ posterior mean   ▬ {prob:.0%}")
    return ax


def _of_full_rank(problem: Problem) -> bool:
    """Whether no column is a combination of the others (and of the intercept)."""
    mean, sd = problem.design.moments(problem.weights)
    every = np.arange(len(sd))
    if np.any(sd == 0) or len(sd) + problem.intercept > problem.n_effective:
        return False
    center = mean if problem.intercept else np.zeros(len(sd))
    gram = problem.design.gram(every, every, problem.weights, center, sd)
    return bool(np.linalg.matrix_rank(gram, hermitian=True) == len(sd))


def _pull_sentence(alone: Array, mean: Array) -> str:
    before, after = np.abs(alone), np.abs(mean)
    gone = 1.0 - float(after.sum() / before.sum())
    if gone < 0.02:
        return "The data outweigh the belief: together the weights stay as large as they were"
    nearer = int(np.sum(after < before))
    return f"The belief pulls {nearer} of {len(mean)} weights in: {gone:.0%} of their size is gone"


def _alone(posterior: Posterior) -> Array:
    """The weights without any belief, (p,)."""
    problem = posterior.model.problem
    with warnings.catch_warnings():
        warnings.simplefilter("error", PriorfitWarning)
        try:
            found = solve(replace(problem, prior=Flat()))
            if (
                _of_full_rank(problem)
                and found.certificate.certified
                and np.all(np.isfinite(found.coef))
            ):
                return np.asarray(found.coef.ravel())
        except (PriorfitWarning, InputError):
            pass
    raise InputError(
        "the data alone must determine the weights",
        f"{problem.design.shape[0]} rows and {problem.design.shape[1]} columns that do not",
        "Use `plot_posterior`.",
    )
