"""Exact zeros against accuracy, methods side by side.

    python benchmarks/networks/race.py digits            # every method
    python benchmarks/networks/race.py letter recipe magnitude --seeds 5

Prints a line for each method and strength: the mean over seeds of the test accuracy, its difference
to the dense net of the same optimizer and seed, and per cent of exact zeros; "cut" is the share of
weights below 1e-3, which is what a cut by hand would have made 0.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from common import (
    DIGITS,
    LETTER,
    Data,
    Work,
    accuracy,
    dense,
    dense_sgd,
    digits,
    letter,
    magnitude,
    prox_sgd,
    proxgen,
    recipe,
    recipe_to,
    spike,
    spred,
    subgradient,
    subgradient_sgd,
    weights,
    zeros,
)  # fmt: skip
from torch import nn

RESULTS = Path(__file__).parent.parent / "results"
Method = Callable[[Data, Work, int, float], nn.Module]

DIGITS_METHODS: dict[str, tuple[Method, tuple[float, ...]]] = {
    "dense": (dense, (0.0,)),
    "subgradient": (subgradient, (3e-4, 1e-3)),
    "proxgen": (proxgen, (3e-4, 6e-4)),
    "recipe": (recipe, (0.1, 0.2, 0.4)),
    "recipe95": (recipe_to(0.95), (0.1, 0.2)),
    "spike": (spike, (0.9, 0.95, 0.97)),
    "magnitude": (magnitude, (0.9, 0.95, 0.97)),
    "spred": (spred, (3e-4, 1e-3)),
    "dense_sgd": (dense_sgd, (0.0,)),
    "subgradient_sgd": (subgradient_sgd, (3e-4, 1e-3)),
    "prox_sgd": (prox_sgd, (3e-4, 1e-3)),
}
LETTER_METHODS: dict[str, tuple[Method, tuple[float, ...]]] = {
    "dense": (dense, (0.0,)),
    "subgradient": (subgradient, (1e-4,)),
    "proxgen": (proxgen, (1e-4,)),
    "recipe": (recipe, (0.05, 0.1)),
    "recipe80": (recipe_to(0.8), (0.05,)),
    "magnitude": (magnitude, (0.8,)),
    "spike": (spike, (0.8,)),
}


def main() -> None:
    """Run what is asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", choices=("digits", "letter"))
    parser.add_argument("methods", nargs="*")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--strengths", type=float, nargs="*")
    given = parser.parse_args()
    torch.set_num_threads(1)
    load, work = (digits, DIGITS) if given.data == "digits" else (letter, LETTER)
    table = DIGITS_METHODS if given.data == "digits" else LETTER_METHODS
    print(f"{'method':16s} {'strength':>8s} {'acc':>6s} {'diff':>6s} {'zeros':>6s} {'cut':>6s}")
    base: dict[str, list[float]] = {}
    for name in ["dense", *(m for m in (given.methods or table) if m != "dense")]:
        method, strengths = table[name]
        for strength in given.strengths or strengths if "dense" not in name else (0.0,):
            rows = [one(method, load(s), work, s, strength) for s in range(given.seeds)]
            acc, gone, cut = (list(column) for column in zip(*rows, strict=True))
            if "dense" in name:
                base["sgd" if "sgd" in name else "adam"] = acc
            peer = base.get("sgd" if "sgd" in name else "adam", base["adam"])
            row = {"data": given.data, "method": name, "strength": strength, "seeds": given.seeds,
                   "acc": np.mean(acc), "diff": np.mean(np.subtract(acc, peer)),
                   "se": np.std(np.subtract(acc, peer), ddof=1) / given.seeds**0.5,
                   "zeros": np.mean(gone), "cut": np.mean(cut)}  # fmt: skip
            print(
                f"{name:16s} {strength:8.3g} {row['acc']:6.2f} {row['diff']:+6.2f} "
                f"{row['zeros']:6.2f} {row['cut']:6.2f}  (se of diff {row['se']:.2f})",
                flush=True,
            )
            RESULTS.mkdir(exist_ok=True)
            with (RESULTS / "networks.jsonl").open("a") as file:
                file.write(
                    json.dumps({k: v if isinstance(v, str) else float(v) for k, v in row.items()})
                    + "\n"
                )


def one(
    method: Method, data: Data, work: Work, seed: int, strength: float
) -> tuple[float, float, float]:
    """(accuracy, per cent of exact zeros, per cent below 1e-3) of one run."""
    model = method(data, work, seed, strength)
    found = torch.cat([w.detach().abs().flatten() for w in weights(model)])
    return accuracy(model, data), zeros(model), 100 * float((found < 1e-3).float().mean())


if __name__ == "__main__":
    main()
