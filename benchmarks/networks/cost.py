"""What a belief costs: the full step (forward, backward, optimizer) against the plain optimizer.

    python benchmarks/networks/cost.py

Thread CPU time, median of ratios of blocks of steps in alternation, fused AdamW, one thread. Both
sides have the usual two groups, weights and what has no decay.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

import priorfit as pf
from priorfit.torch import attach, prior_groups

NETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp 51k": (lambda: _mlp(64, 256, 128, 10), (64, 64)),
    "cnn 14k": (lambda: _cnn(), (64, 1, 16, 16)),
    "mlp 1.9M": (lambda: _mlp(784, 1200, 800, 10), (64, 784)),
}
LOG = pf.LogLaplace(scale=0.025, df=1.0)


def _mlp(a: int, b: int, c: int, d: int) -> nn.Module:
    return nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c), nn.ReLU(), nn.Linear(c, d))


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(32 * 4, 64), nn.ReLU(),
        nn.Linear(64, 10),
    )  # fmt: skip


def _plain(model: nn.Module) -> tuple[Any, Any]:
    parts = [[p for p in model.parameters() if (p.ndim > 1) == keep] for keep in (True, False)]
    groups = [{"params": part, "weight_decay": 0.01 * (k == 0)} for k, part in enumerate(parts)]
    return torch.optim.AdamW(groups, lr=1e-3, fused=True), None


def _l1(model: nn.Module) -> tuple[Any, Any]:
    found = [w for w in model.parameters() if w.ndim > 1]
    return _plain(model)[0], lambda: 1e-4 * sum(w.abs().sum() for w in found)


def _ours(prior: pf.Prior, every: int = 1, **rate: Any) -> Callable[[nn.Module], tuple[Any, Any]]:
    def make(model: nn.Module) -> tuple[Any, Any]:
        optimizer = torch.optim.AdamW(prior_groups(model, prior, **rate), lr=1e-3, fused=True)
        attach(optimizer, every=every)
        return optimizer, None

    return make


WAYS: dict[str, Callable[[nn.Module], tuple[Any, Any]]] = {
    "Laplace, scalar": _ours(pf.Laplace(), snr=0.1),
    "log-Laplace, scalar": _ours(LOG, snr=0.1),
    "log-Laplace, scalar, every 5": _ours(LOG, 5, snr=0.1),
    "Laplace, map": _ours(pf.Laplace(1.0), n=10_000),
    "Laplace, map, every 5": _ours(pf.Laplace(1.0), 5, n=10_000),
    "log-Laplace, map": _ours(LOG, n=1_000_000),
    "group rows, map": _ours(pf.GroupLaplace(scale=1.0), n=10_000),
    "L1 in the loss": _l1,
}


def run(net: str, way: Callable[[nn.Module], tuple[Any, Any]], rounds: int, steps: int) -> float:
    """Median over rounds of CPU time of ``way`` over that of plain AdamW."""
    build, shape = NETS[net]
    x, y = torch.randn(shape), torch.randint(0, 10, (shape[0],))
    sides = []
    for make in (_plain, way):
        torch.manual_seed(0)
        model = build()
        sides.append((model, *make(model)))
    ratios = []
    for k in range(rounds + 2):
        order = sides if k % 2 else sides[::-1]
        spent = {id(s): _block(*s, x, y, steps) for s in order}
        ratios.append(spent[id(sides[1])] / spent[id(sides[0])])
    return float(np.median(ratios[2:]))


def _block(model: nn.Module, optimizer: Any, extra: Any, x: Any, y: Any, steps: int) -> float:
    start = time.thread_time()
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(x), y)
        (loss if extra is None else loss + extra()).backward()
        optimizer.step()
    return time.thread_time() - start


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"{'':30s}" + "".join(f"{n:>10s}" for n in NETS))
    for name, way in WAYS.items():
        cells = [run(n, way, 30, 20 if n != "mlp 1.9M" else 4) for n in NETS]
        print(f"{name:30s}" + "".join(f"{c:10.2f}" for c in cells), flush=True)


if __name__ == "__main__":
    main()
