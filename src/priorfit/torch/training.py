"""Minibatches over tables that fit into memory."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

__all__ = ["Loss", "perceptron", "train"]

Loss = Callable[[Tensor, Tensor], Tensor]


def perceptron(
    inputs: int, hidden: tuple[int, ...], outputs: int, activation: str
) -> nn.Sequential:
    """Linear layers with an activation between them; float32."""
    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU}
    widths = (inputs, *hidden, outputs)
    layers: list[nn.Module] = []
    for k in range(len(widths) - 1):
        layers += [nn.Linear(widths[k], widths[k + 1]), kinds[activation]()]
    return nn.Sequential(*layers[:-1])


def train(
    model: nn.Module, optimizer: torch.optim.Optimizer, loss: Loss, x: Tensor, y: Tensor, *,
    epochs: int, batch: int, rng: torch.Generator, lr: float, cosine: bool = False,
) -> None:  # fmt: skip
    """Epochs of minibatches in random order, at a constant lr or one that falls by a cosine."""
    total, step = epochs * math.ceil(len(x) / batch), 0
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=rng)
        for first in range(0, len(x), batch):
            rows = order[first : first + batch]
            rate = 0.5 * lr * (1.0 + math.cos(math.pi * step / total)) if cosine else lr
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
            loss(model(x[rows]), y[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
