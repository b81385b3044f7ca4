"""One fit as prior, penalty and constraint."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.likelihoods import Gaussian
from priorfit.plots.style import DATA, GREY, INK, SOFT, axes_of, bare, color_of, title
from priorfit.solve import AtRadius, Path

__all__ = ["plot_contours", "plot_price", "plot_views"]


def plot_contours(path: Path, found: AtRadius, ax: Axes | None = None) -> Axes:
    """Two weights: contours of the loss, the ball of ``found``, and the path through its centre.

    Parameters
    ----------
    path : of a gaussian problem with two columns, see `priorfit.path`.
    found : a fit by its radius: ``path.within(radius)``.
    ax : where to draw; a new figure by default.

    Raises `InputError` for any other path.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> path = pf.path(np.diag([1.0, 2.0]), [3.0, 2.0], intercept=False)
    >>> plot_contours(path, path.within(2.0)).get_xlabel()
    'weight of x0'
    """
    if path.coefs.shape[:-1] != (2,) or not isinstance(path.problem.likelihood, Gaussian):
        raise InputError(
            "contours need a gaussian path over two columns",
            f"{len(path.coefs)} columns, {path.problem.likelihood.name}",
            "Choose two columns.",
        )
    ax = axes_of(ax, (5.6, 5.2))
    color, labels = color_of(path.prior), path.problem.design.labels()
    free = path.at(0.0)[1]
    first, second = _square(path.problem.form.loc, free, found)
    _draw_contours(ax, path, found, np.stack(np.meshgrid(first, second), axis=-1), free)
    ax.plot(*path.coefs, color=color, linewidth=1.1, linestyle=(0, (2, 2)))
    words: tuple[tuple[Array, str, str, tuple[int, int], str], ...] = (
        (free, "least squares", "o", (8, 7), "left"),
        (found.coef, "the fit", "D", (-9, -13), "right"),
    )
    for point, word, mark, away, side in words:
        ax.plot(*point, mark, color=INK, markersize=6)
        halo = [withStroke(linewidth=3.0, foreground="white")]
        text: Any = {"textcoords": "offset points", "fontsize": 9.5, "path_effects": halo}
        ax.annotate(word, (point[0], point[1]), xytext=away, ha=side, **text)
    for draw in (ax.axhline, ax.axvline):
        draw(0, color=SOFT, linewidth=0.7, zorder=0)
    bare(ax, grid=False)
    ax.set_aspect("equal")
    ax.set_xlabel(f"weight of {labels[0]}")
    ax.set_ylabel(f"weight of {labels[1]}")
    title(ax, _sentence(path, found))
    return ax


def _draw_contours(ax: Axes, path: Path, found: AtRadius, mesh: Array, free: Array) -> None:
    """The ball, and the loss with the contour through the fit drawn stronger."""
    color, first, second = color_of(path.prior), mesh[0, :, 0], mesh[:, 0, 1]
    t = mesh - path.problem.form.loc
    size = path.problem.form.radius(t.reshape(-1, 2).T).reshape(t.shape[:2])
    ax.contourf(first, second, size, levels=[0.0, found.radius], colors=[color], alpha=0.16)
    ax.contour(first, second, size, levels=[found.radius], colors=[color], linewidths=1.4)
    loss = _losses(path, mesh.reshape(-1, 2)).reshape(t.shape[:2])
    at = float(_losses(path, found.coef[None])[0])
    least = float(_losses(path, free[None])[0])
    levels = least + (at - least) * np.array([0.15, 0.45, 1.0, 1.9, 3.2])
    if at > least:
        ax.contour(
            first, second, loss, levels=levels, colors=[DATA], linewidths=[0.8, 0.8, 1.5, 0.8, 0.8]
        )


def _square(loc: Array, free: Array, found: AtRadius) -> tuple[Array, Array]:
    """Axes around the ball and the free fit, with room."""
    low = np.minimum(loc - found.radius, free)
    high = np.maximum(loc + found.radius, free)
    half, middle = 0.62 * float(np.max(high - low)), 0.5 * (low + high)
    return tuple(np.linspace(m - half, m + half, 301) for m in middle)  # type: ignore[return-value]


def _losses(path: Path, coefs: Array) -> Array:
    """Of weights (k, 2) with the best intercept for each, (k,)."""
    problem = path.problem
    rest = (problem.y - problem.offset)[:, None] - problem.design.matvec(coefs.T)
    if problem.intercept:
        rest = rest - problem.weights @ rest / problem.weights.sum()
    return np.asarray(0.5 * problem.weights @ np.square(rest))


def _sentence(path: Path, found: AtRadius) -> str:
    if found.slack:
        return "The ball holds the least-squares fit: the constraint is slack"
    if np.any(found.coef == 0):
        return "The contour touches the ball at a corner: one weight is exactly zero"
    if np.any(path.problem.form.kinked):
        return "The contour may also touch an edge: corners are likely, not sure"
    return "A round ball has no corner: both weights shrink, none is zero"


def plot_price(path: Path, found: AtRadius, ax: Axes | None = None) -> Axes:
    """The smallest loss V(t) against the radius t; its slope at the fit is minus the price.

    Parameters
    ----------
    path : from `priorfit.path`, with a normal, Laplace or elastic net prior.
    found : a fit by its radius: ``path.within(radius)``.
    ax : where to draw; a new figure by default.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> path = pf.path(np.diag([1.0, 2.0]), [3.0, 2.0], intercept=False)
    >>> len(plot_price(path, path.within(2.0)).lines)
    3
    """
    ax = axes_of(ax, (6.4, 4.2))
    color, norms, losses = color_of(path.prior), path.norms, path.losses
    at = float(np.interp(found.radius, norms, losses))
    ax.plot(norms, losses, color=color, linewidth=1.9)
    reach = 0.22 * float(norms[-1])
    t = np.array([max(found.radius - reach, 0.0), found.radius + reach])
    ax.plot(t, at - found.shadow_price * (t - found.radius), color=INK, linewidth=1.1)
    ax.plot(found.radius, at, "D", color=INK, markersize=6)
    ax.annotate(
        f"slope −{found.shadow_price:.3g}\nat radius {found.radius:.3g}",
        (found.radius, at),
        xytext=(12, 12),
        textcoords="offset points",
        fontsize=9.5,
    )
    bare(ax)
    ax.margins(x=0.01)
    ax.set_xlabel("radius t: how large the weights may be")
    ax.set_ylabel("smallest loss V(t)")
    title(ax, "The multiplier is a price: what one more unit of radius takes off the loss")
    return ax


def plot_views(path: Path, mark: int, ax: Axes | None = None) -> Axes:
    """Three scales that turn together: prior scale, lambda and radius of every point of a path.

    Parameters
    ----------
    path : from `priorfit.path`.
    mark : index of the point whose three views are read off.
    ax : where to draw; a new figure by default.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, priorfit as pf
    >>> ax = plot_views(pf.path(np.diag([1.0, 2.0]), [3.0, 2.0], intercept=False), mark=30)
    >>> len(ax.get_yticks())
    0
    """
    ax = axes_of(ax, (7.6, 3.4))
    place = np.linspace(0.0, 1.0, len(path.penalties))
    color = color_of(path.prior)
    rows = (
        ("prior", "scale of the belief", path.scales),
        ("penalty", "lambda", path.penalties),
        ("constraint", "radius of the ball", path.norms),
    )
    for height, (name, what, values) in zip((2, 1, 0), rows, strict=True):
        ax.plot([0, 1], [height, height], color=GREY, linewidth=1.0, zorder=1)
        _ticks(ax, place, values, height, place[mark])
        ax.text(-0.03, height + 0.07, name, ha="right", fontsize=11, fontweight="bold", color=INK)
        ax.text(-0.03, height - 0.2, what, ha="right", fontsize=9, color=SOFT)
        ax.plot(place[mark], height, "D", color=color, markersize=8, zorder=3)
        ax.annotate(
            f"{values[mark]:.3g}",
            (place[mark], height),
            xytext=(8, 6),
            textcoords="offset points",
            fontsize=11,
            fontweight="bold",
            color=color,
        )
    ax.plot([place[mark]] * 2, [0, 2], color=color, linewidth=1.2, zorder=2)
    bare(ax, grid=False)
    ax.spines["bottom"].set_visible(False)
    ax.set_xlim(-0.3, 1.04)
    ax.set_ylim(-0.55, 2.5)
    ax.set_xticks([])
    ax.set_yticks([])
    title(ax, "One fit, three names: turn one scale and the others follow")
    return ax


def _ticks(ax: Axes, place: Array, values: Array, height: float, avoid: float) -> None:
    """Round numbers where the row's values reach them, as many as have room."""
    positive = values > 0
    if np.count_nonzero(positive) < 2:
        return
    x, v = place[positive], values[positive]
    order = np.argsort(v)
    low, high = np.log10(v.min()), np.log10(v.max())
    exponents = np.arange(np.floor(low), np.ceil(high) + 1)
    taken = [avoid]
    for number in [m * 10.0**e for m in (1.0, 3.0, 2.0, 5.0, 1.5, 7.0) for e in exponents]:
        if not v.min() <= number <= v.max():
            continue
        at = float(np.interp(number, v[order], x[order]))
        ax.plot([at, at], [height - 0.05, height + 0.05], color=GREY, linewidth=1.0, zorder=1)
        if min(abs(at - k) for k in taken[1:] or [9.0]) < 0.055:
            continue
        taken.append(at)
        ax.text(at, height - 0.1, f"{number:g}", ha="center", va="top", fontsize=9, color=SOFT)
