"""Draw the picture of docs/noise.md.

python docs/images/noise.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import priorfit as pf
from priorfit.plots import STYLE

CASES = (
    ("normal noise, normal prior", pf.Gaussian(1.6), pf.Normal(0.3)),
    ("normal noise, Laplace prior", pf.Gaussian(1.6), pf.Laplace(0.06)),
    ("Laplace noise, normal prior", pf.Quantile(0.5, 0.3), pf.Normal(0.3)),
    ("Laplace noise, Laplace prior", pf.Quantile(0.5, 0.3), pf.Laplace(0.06)),
)


def table() -> tuple[np.ndarray, np.ndarray]:
    """Two of twelve columns matter; three of sixty rows are wrong."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 12))
    y = X @ np.r_[1.5, -1.0, np.zeros(10)] + 0.4 * rng.normal(size=60)
    y[:3] += [25.0, 30.0, -28.0]
    return X, y


def draw(ax: Axes, title: str, likelihood: pf.Likelihood, prior: pf.Prior) -> None:
    """The twelve weights of one fit, the true ones as rings."""
    fit = pf.solve(pf.Problem.make(*table(), prior=prior, likelihood=likelihood))
    at, truth = np.arange(1, 13), np.r_[1.5, -1.0, np.zeros(10)]
    zero = fit.coef == 0
    ax.axhline(0.0, color="#999999", linewidth=0.8)
    ax.vlines(at, 0.0, fit.coef, color="#2f6f9f", linewidth=2.5)
    ax.plot(at[~zero], fit.coef[~zero], "o", color="#2f6f9f", markersize=5, label="estimate")
    ax.plot(at[zero], fit.coef[zero], "x", color="#b3541e", markersize=6, label="exactly zero")
    ax.plot(at[:2], truth[:2], "o", markerfacecolor="none", markeredgecolor="black", markersize=10,
            label="true weight")  # fmt: skip
    ax.set_title(title, loc="left", fontsize=10)
    ax.set_xticks(at)


def main() -> None:
    """Write noise.svg beside this file."""
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        figure = Figure(figsize=(9.0, 5.2), layout="constrained", facecolor="white")
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for ax, case in zip(panels.flat, CASES, strict=True):
            draw(ax, *case)
        figure.supxlabel("column", fontsize=10)
        figure.supylabel("weight", fontsize=10)
        names = {
            label: handle
            for ax in panels.flat
            for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
        }
        figure.legend(names.values(), names.keys(), loc="outside upper right", ncols=3, fontsize=9)
        figure.savefig(Path(__file__).with_name("noise.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
