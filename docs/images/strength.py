"""Draw the picture of docs/strength.md: what one standard error buys, and what a leak hides.

python docs/images/strength.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import priorfit as pf
from priorfit.plots import STYLE

BEST, STRICT, TRUTH = "#0072B2", "#C44E00", "#1d1f23"
LAMBDAS = np.geomspace(200.0, 2.0, 12)


def kept(seed: int) -> tuple[int, int]:
    """Weights that are not zero at the best point and at the 1-SE point; five of forty matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(100, 40))
    y = X[:, :5].sum(axis=1) + 2.0 * rng.normal(size=100)
    problem = pf.Problem.make(X, y, prior=pf.Laplace())
    selection, _ = pf.cross_validate(problem, folds=10, n_points=60)
    return int(selection.n_nonzero[selection.best]), int(selection.n_nonzero[selection.one_se])


def errors(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squared error over lambda: scaled inside the folds, outside of them, and on new rows."""
    rng = np.random.default_rng(seed)

    def table(n: int) -> tuple[np.ndarray, np.ndarray]:
        X = rng.standard_t(3, size=(n, 20))
        return X, 0.3 * X[:, :3].sum(axis=1) + rng.normal(size=n)

    X, y = table(30)
    new, answer = table(3000)
    settings = {"penalties": LAMBDAS, "folds": 10}
    inside, path = pf.cross_validate(pf.Problem.make(X, y, prior=pf.Normal()), **settings)
    leaky = pf.Problem.make(X / X.std(axis=0), y, prior=pf.Normal())
    outside, _ = pf.cross_validate(leaky, standardize=False, **settings)
    miss = answer[:, None] - path.intercepts - new @ path.coefs
    return inside.mean, outside.mean, np.mean(miss**2, axis=0)


def draw_counts(ax: Axes, times: int) -> None:
    """How many weights each rule keeps."""
    best, strict = np.array([kept(seed) for seed in range(times)]).T
    bins = np.arange(0.5, max(best.max(), strict.max()) + 1.5)
    for counts, color, name in ((best, BEST, "best point"), (strict, STRICT, "1-SE point")):
        ax.hist(counts, bins=bins, color=color, alpha=0.45)
        share, middle = 100 * np.mean(counts == 5), float(np.median(counts))
        print(f"{name}: median {middle:g}, exactly five in {share:.0f} %")
        top = np.histogram(counts, bins)[0]
        at = bins[int(np.argmax(top))] + 0.5
        ax.annotate(f"{name}\nmedian {middle:g}", (at, top.max()), xytext=(10, -4),
                    textcoords="offset points", color=color, fontsize=9, va="top")  # fmt: skip
    print(f"1-SE keeps no more weights in {100 * np.mean(strict <= best):.0f} % of tables")
    ax.axvline(5, color=TRUTH, linewidth=1.0, linestyle=(0, (4, 3)))
    ax.annotate("five matter", (5, 0.99), xycoords=ax.get_xaxis_transform(), xytext=(4, 0),
                textcoords="offset points", fontsize=9, va="top")  # fmt: skip
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])
    ax.set_xlabel("weights that are not zero, of 40")
    ax.set_ylabel(f"tables, of {times}")
    ax.set_title("The 1-SE point is sparser", loc="left", fontsize=10.5, fontweight="bold")


def draw_leak(ax: Axes, times: int) -> None:
    """Mean curves over many tables."""
    mean = np.mean([errors(seed) for seed in range(times)], axis=0)
    names = ("scaled inside each fold", "scaled before: a leak", "error on new rows")
    styles = ((BEST, "-"), (STRICT, "-"), (TRUTH, (0, (4, 3))))
    for curve, name, (color, line) in zip(mean, names, styles, strict=True):
        ax.plot(LAMBDAS, curve, color=color, linestyle=line, linewidth=1.8, label=name)
        print(name, curve.round(3))
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_xlabel("penalty λ: strong belief on the left, weak on the right")
    ax.set_ylabel("squared error per row")
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    ax.set_title("A scaler outside the folds is too hopeful", loc="left", fontsize=10.5,
                 fontweight="bold")  # fmt: skip


def main() -> None:
    """Write strength.svg beside this file."""
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        figure = Figure(figsize=(9.6, 3.9), layout="constrained", facecolor="white")
        left, right = figure.subplots(1, 2)
        draw_counts(left, 300)
        draw_leak(right, 400)
        for ax in (left, right):
            ax.spines[["top", "right"]].set_visible(False)
        figure.savefig(Path(__file__).with_name("strength.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
