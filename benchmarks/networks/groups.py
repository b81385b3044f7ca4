"""Whole units at zero, and what a smaller network is worth.

    python benchmarks/networks/groups.py

Digits, all that enters a hidden unit is a group; after training `compact`. Parameters, test
accuracy against the dense net of the same seed, and how many times faster (CPU time of a forward
pass of 512 rows, medians in alternation, one thread). Then compressed rows at 95 % zeros.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from common import DIGITS, accuracy, dense, digits, fit, network, steps_of
from torch import nn

import priorfit as pf
from priorfit.torch import Plan, attach, compact, prior_groups, to_csr

SEEDS = 5


def trained(data, seed: int, rate: float) -> nn.Module:
    """Group Laplace by rows on the hidden layers, Adam's metric, ramp and refit."""
    model = network(data, DIGITS, seed)
    n = len(data.x)
    belief = pf.GroupLaplace(scale=1.0 / (n * rate))
    groups = prior_groups(model, {"0.weight": belief, "2.weight": belief, "*": pf.Flat()}, n=n)
    optimizer = torch.optim.AdamW(groups, lr=DIGITS.lr)
    attach(optimizer, plan=Plan(steps_of(data, DIGITS), until=0.7))
    fit(model, optimizer, data, DIGITS, seed)
    return model.eval()


def size(model: nn.Module) -> int:
    """How many numbers it has."""
    return sum(p.numel() for p in model.parameters())


def ratio(one: Callable[[], object], other: Callable[[], object], rounds: int = 41) -> float:
    """Median of CPU time of ``one`` over that of ``other``."""
    found = []
    for k in range(rounds):
        spent = {}
        for f in (one, other) if k % 2 else (other, one):
            start = time.thread_time()
            for _ in range(5):
                f()
            spent[f] = time.thread_time() - start
        found.append(spent[one] / spent[other])
    return float(np.median(found[2:]))


def main() -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    sets = [digits(seed) for seed in range(SEEDS)]
    base = [dense(data, DIGITS, seed) for seed, data in enumerate(sets)]
    x = torch.randn(512, 64)
    right = np.mean([accuracy(m, d) for m, d in zip(base, sets, strict=True)])
    print(f"dense: {size(base[0])} parameters, {right:.2f} %")
    for rate in (1e-4, 2e-4, 3e-4, 5e-4):
        rows = []
        for seed, data in enumerate(sets):
            model = trained(data, seed, rate)
            small = compact(model, data.x)
            with torch.no_grad():
                off = float((model(data.x_test) - small(data.x_test)).abs().max())
                fast = ratio(lambda m=model: m(x), lambda m=small: m(x))
            gain = accuracy(small, data) - accuracy(base[seed], data)
            rows.append((gain, size(model) / size(small), fast, off))
        gain, fewer, fast, off = np.array(rows).T
        print(f"rate {rate:g}: {gain.mean():+.2f} points (se {gain.std(ddof=1) / SEEDS**0.5:.2f}), "
              f"{fewer.mean():.1f} times fewer parameters, {fast.mean():.1f} times faster, "
              f"largest difference {off.max():.1e}", flush=True)  # fmt: skip
    for width, rows_ in ((1024, 64), (1024, 512), (1024, 1), (256, 64)):
        layer = nn.Sequential(nn.Linear(width, width))
        with torch.no_grad():
            layer[0].weight[torch.rand(width, width) < 0.95] = 0.0
            sparse, z = to_csr(layer), torch.randn(rows_, width)
            found = ratio(lambda l=layer, z=z: l(z), lambda s=sparse, z=z: s(z), 21)
        print(f"95 % zeros, {width} x {width}, {rows_} rows: {found:.1f} times faster by rows")


if __name__ == "__main__":
    main()
