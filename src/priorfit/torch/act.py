"""One proximal step of one parameter group."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from priorfit.torch.belief import Belief
from priorfit.torch.prox import group_, grouped, hard_, log_, ridge_, soft_
from priorfit.torch.steps import step_size

__all__ = ["act_"]


@torch.no_grad()
def act_(
    optimizer: Optimizer, group: dict[str, Any], belief: Belief, strength: float, *, scalar: bool
) -> float:
    """Apply the prox to all weights that the step moved; return how far, where that is one number.

    A weight without a gradient was not moved, and is left alone.
    """
    reach = 0.0
    if strength == 0.0:
        return reach
    for w in group["params"]:
        if w.grad is None:
            continue
        size = step_size(optimizer, group, w, metric=not scalar)
        step = size.scale * strength
        if step == 0.0:
            continue
        if size.root is None:
            reach = step * max(belief.l1, belief.group)
            _apply(w, step, belief)
        else:
            _apply(w, step / size.root, belief)
    return reach


def _apply(w: Tensor, step: Any, belief: Belief) -> None:
    match belief.kind:
        case "normal":
            ridge_(w, step * belief.l2)
        case "l1":
            soft_(w, step * belief.l1)
            if belief.l2:
                ridge_(w, step * belief.l2)
        case "log":
            log_(w, step * belief.l1, belief.width)
        case "spike":
            hard_(w, step, belief.price, belief.l2)
        case "group":
            if belief.l1:
                soft_(w, step * belief.l1)
            _apply_groups(w, step, belief)


def _apply_groups(w: Tensor, step: Any, belief: Belief) -> None:
    parts = grouped(w, belief.by, belief.heads)
    rate = belief.group * (parts[0].numel() ** 0.5 if belief.by_size else 1.0)
    if isinstance(step, Tensor):
        group_(parts, grouped(step, belief.by, belief.heads) * rate)
    else:
        group_(parts, step * rate)
