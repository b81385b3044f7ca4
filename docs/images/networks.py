"""Draw the pictures of docs/networks.md.

python docs/images/networks.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import nn

import priorfit as pf
from priorfit.plots import STYLE
from priorfit.plots.style import DATA, GREY, INK, LAPLACE, NORMAL, bare, title

T = pf.torch
H, OPTIMUM = np.array([[1.0, 0.3], [0.3, 0.2]]), np.array([1.0, -2.0])
#: label, optimizer, options, colour, line, and where the label begins (ends, where x < target)
RACE: tuple[tuple[str, str, dict[str, Any], str, str, tuple[float, float]], ...] = (
    ("SGD, or Adam with L2: ridge", "sgd", {"l2": 1.0}, NORMAL, "-", (0.26, 0.09)),
    ("heavy ball, decay apart:\nridge with λ (1 − μ)", "momentum", {"decay": 1.0}, DATA, "--",
     (0.57, -1.16)),
    ("AdamW: a box", "adamw", {"decay": 1.0}, INK, "-.", (0.76, -1.0)),
    ("AdamW and a normal\nbelief by its prox: ridge", "adamw", {"prior": pf.Normal(1.0)},
     NORMAL, ":", (0.16, -0.40)),
)  # fmt: skip


def race(ax: Axes) -> None:
    """Four optimizers on one bowl, and where each ends."""
    a, b = np.meshgrid(np.linspace(-0.35, 1.35, 200), np.linspace(-2.3, 0.25, 200))
    away = np.stack([a - OPTIMUM[0], b - OPTIMUM[1]])
    loss = 0.5 * np.einsum("ikl,ij,jkl->kl", away, H, away)
    ax.contour(a, b, loss, levels=[0.003, 0.02, 0.06, 0.13, 0.24], colors=GREY, linewidths=0.7)
    for label, name, options, color, line, place in RACE:
        steps = 30_000 if "decay" in options else 6000
        found = T.trace(name, hessian=H, solution=OPTIMUM, lr=0.02, steps=steps, **options)
        ax.plot(*found.points.T, line, color=color, linewidth=1.8)
        ax.plot(*found.target, "o", color=color, markersize=8, markerfacecolor="none")
        side = "left" if place[0] > found.target[0] else "right"
        ax.annotate(label, place, color=color, fontsize=9, ha=side, va="center")
    ax.plot(*OPTIMUM, "+", color=INK, markersize=11)
    ax.annotate("least squares", OPTIMUM, OPTIMUM + np.array([0.05, -0.05]), color=INK, fontsize=9)
    ax.plot(0, 0, ".", color=INK)
    ax.annotate("start", (0, 0), (0.04, 0.03), color=INK, fontsize=9)
    ax.set(xlabel="weight 1", ylabel="weight 2")
    bare(ax, grid=False)
    title(ax, "One number, weight decay of 1, leads to three different places")


def chatter(ax: Axes) -> None:
    """One idle weight of a lasso under L1 in the loss, and under the prox."""
    rng = np.random.default_rng(0)
    X = torch.as_tensor(rng.normal(size=(80, 5)))
    y = torch.as_tensor(X.numpy() @ [1.0, -0.6, 0.0, 0.0, 0.0] + 0.5 * rng.normal(size=80))[:, None]
    for by_prox, color in ((False, DATA), (True, LAPLACE)):
        torch.manual_seed(2)
        layer = nn.Linear(5, 1, bias=False).double()
        optimizer = torch.optim.SGD(T.prior_groups(layer, pf.Laplace(0.05), n=80), lr=0.1)
        if by_prox:
            T.attach(optimizer)
        seen = []
        for _ in range(60):
            optimizer.zero_grad()
            loss = 0.5 * (layer(X) - y).square().mean()
            extra = 0.0 if by_prox else layer.weight.abs().sum() / (80 * 0.05)
            (loss + extra).backward()
            optimizer.step()
            seen.append(float(layer.weight[0, 2].detach()))
        ax.plot(np.arange(1, 61), seen, color=color, linewidth=1.6)
        landed = 1 + max(k for k, w in enumerate(seen) if w != 0)  # the steps before it stays
        text = f"prox: exactly 0 after step {landed}" if by_prox else "L1 in the loss: never 0"
        place = (8, 0.045) if by_prox else (8, 0.06)
        ax.annotate(text, place, color=color, fontsize=9)
    ax.axhline(0.0, color=GREY, linewidth=0.8)
    ax.set(xlabel="step", ylabel="an idle weight")
    bare(ax)
    title(ax, "A gradient step hops over zero, a proximal step lands")


def digits_net(by_prox: bool) -> torch.Tensor:
    """The sizes of all weights of a digits perceptron after 60 epochs with an L1 penalty."""
    X, y = load_digits(return_X_y=True)
    x, y = torch.tensor(X / 16.0 - 0.3, dtype=torch.float32), torch.tensor(y)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    prior = pf.Laplace(scale=1.0 / (3e-4 * len(x)))
    optimizer = torch.optim.Adam(T.prior_groups(model, prior, n=len(x)), lr=1e-2)
    if by_prox:
        T.attach(optimizer)
    weights = [model[0].weight, model[2].weight]
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 60)
    for _ in range(60):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            if not by_prox:
                loss = loss + 3e-4 * sum(w.abs().sum() for w in weights)
            loss.backward()
            optimizer.step()
        schedule.step()
    return torch.cat([w.detach().abs().flatten() for w in weights])


def cloud(ax: Axes) -> None:
    """log |w| of both networks; exact zeros have a place of their own on the left."""
    edges = np.geomspace(1e-8, 3.0, 60)
    for by_prox, color in ((False, DATA), (True, LAPLACE)):
        size = digits_net(by_prox).numpy()
        share = 100 * np.histogram(size[size > 0], edges)[0] / len(size)
        ax.stairs(share, edges, color=color, fill=True, alpha=0.25)
        ax.stairs(share, edges, color=color, linewidth=1.4)
        zeros = 100 * np.mean(size == 0)
        if by_prox:
            ax.bar(1.2e-9, zeros, width=1.4e-9, color=color, alpha=0.5)
            ax.annotate(f"prox:\n{zeros:.0f} % are 0", (3e-9, 0.8 * zeros), color=color, fontsize=9)
        else:
            ax.annotate(f"L1 in the loss:\n{zeros:.0f} % are 0", (3e-7, 9), color=color, fontsize=9)
    ax.set(xscale="log", xlabel="|w|, log axis", ylabel="% of the weights", xlim=(4e-10, 5))
    ticks = [1.2e-9, 1e-6, 1e-4, 1e-2, 1.0]
    ax.set_xticks(ticks, ["0", "10⁻⁶", "10⁻⁴", "0.01", "1"])
    ax.minorticks_off()
    bare(ax)
    title(ax, "The same penalty: a cloud near zero, or a spike at zero")


def main(form: str = "svg", folder: Path = Path(__file__).parent) -> None:
    """Write the pictures, beside this file by default."""
    torch.set_num_threads(1)
    meta = {"Date": None} if form == "svg" else {}
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        figure = Figure(figsize=(8.4, 4.8), layout="constrained", facecolor="white")
        race(figure.subplots())
        figure.savefig(folder / f"networks-decay.{form}", metadata=meta, dpi=80)
        figure = Figure(figsize=(10.0, 3.8), layout="constrained", facecolor="white")
        left, right = figure.subplots(1, 2)
        chatter(left)
        cloud(right)
        figure.savefig(folder / f"networks-zeros.{form}", metadata=meta, dpi=80)


if __name__ == "__main__":
    main()
