"""The picture of neighbours.md: the same data with normal and with Laplace steps.

python docs/images/neighbours.py
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse

import priorfit as pf
from priorfit.plots import STYLE
from priorfit.plots.style import DATA, GREY, LAPLACE, NORMAL, bare, title

HERE = Path(__file__).parent


def data(n: int = 240) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(place, truth, y): two jumps and a slope."""
    t = np.linspace(0, 1, n)
    truth = np.where(t < 0.3, 0.0, np.where(t < 0.55, 2.0, 3.2 - 3.0 * (t - 0.55)))
    return t, truth, truth + np.random.default_rng(4).normal(scale=0.45, size=n)


def curve(y: np.ndarray, prior: pf.RandomWalk) -> np.ndarray:
    """The MAP curve, every point certified."""
    seen = sparse.eye_array(len(y), format="csr")
    fit = pf.solve(pf.Problem.make(seen, y, prior=prior, likelihood=pf.Gaussian(noise=0.45)))
    return fit.coef + fit.intercept


def main() -> None:
    """Four panels: order 1 and 2, normal and Laplace."""
    t, truth, y = data()
    scales = {
        (1, "normal"): 0.12,
        (1, "laplace"): 0.05,
        (2, "normal"): 0.006,
        (2, "laplace"): 0.002,
    }
    with plt.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        figure, axes = plt.subplots(2, 2, figsize=(9.2, 5.6), sharex=True, sharey=True)
        for ax, ((order, kind), scale) in zip(axes.ravel(), scales.items(), strict=True):
            ax.plot(t, y, ".", color=GREY, markersize=3.5)
            ax.plot(t, truth, color=DATA, linewidth=0.9, linestyle=(0, (4, 2)))
            color = NORMAL if kind == "normal" else LAPLACE
            ax.plot(t, curve(y, pf.RandomWalk(scale, order, kind)), color=color, linewidth=2.0)
            steps = "Normal" if kind == "normal" else "Laplace"
            shape = {
                (1, "normal"): "smooth",
                (1, "laplace"): "constant pieces",
                (2, "normal"): "smooth slopes",
                (2, "laplace"): "straight pieces",
            }[order, kind]
            title(ax, f"{steps}, order {order}: {shape}")
            bare(ax)
        for ax in axes[1]:
            ax.set_xlabel("place")
        figure.tight_layout()
        figure.savefig(HERE / "neighbours.svg", bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    main()
