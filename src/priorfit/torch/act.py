"""One proximal step of one parameter group."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from priorfit.torch.belief import Belief
from priorfit.torch.native import fits, shrink_, shrink_rows_
from priorfit.torch.prox import group_, grouped, hard_, log_, ridge_, soft_
from priorfit.torch.steps import StepSize, step_size

__all__ = ["act_", "apply_"]


def act_(
    optimizer: Optimizer, group: dict[str, Any], belief: Belief, strength: float, *, scalar: bool
) -> float:
    """Apply the prox to all weights that the step moved; return how far, where that is one number.

    A weight without a gradient was not moved, and is left alone. To be called without gradients.
    """
    reach = 0.0
    if strength == 0.0:
        return reach
    for w in group["params"]:
        if w.grad is None:
            continue
        step = step_size(optimizer, group, w, metric=not scalar).times(strength)
        if step.scale == 0.0:
            continue
        if step.square is None:
            reach = step.scale * max(belief.l1, belief.group)
        apply_(w, step, belief)
    return reach


def apply_(w: Tensor, step: StepSize, belief: Belief) -> None:
    """The prox of one tensor: native where it is on the CPU, else by operations of torch."""
    if belief.kind == "spike":
        hard_(w, step.each(), belief.price, belief.l2)
    elif belief.kind == "group":
        if belief.l1:
            _apply_each(w, step, Belief("l1", l1=belief.l1))
        _apply_groups(w, step, belief)
    else:
        _apply_each(w, step, belief)


def _apply_each(w: Tensor, step: StepSize, belief: Belief) -> None:
    if fits(w, step):
        shrink_(w, step, l1=belief.l1, l2=belief.l2, width=belief.width)
        return
    size = step.each()
    if belief.kind == "log":
        log_(w, size * belief.l1, belief.width)
        return
    if belief.l1:
        soft_(w, size * belief.l1)
    if belief.l2:
        ridge_(w, size * belief.l2)


def _apply_groups(w: Tensor, step: StepSize, belief: Belief) -> None:
    parts = grouped(w, belief.by, belief.heads)
    rate = belief.group * (parts[0].numel() ** 0.5 if belief.by_size else 1.0)
    if belief.by != "columns" and fits(w, step):
        shrink_rows_(w, len(parts), step, rate)
        return
    size = step.each()
    if isinstance(size, Tensor):
        size = grouped(size, belief.by, belief.heads)
    group_(parts, size * rate)
