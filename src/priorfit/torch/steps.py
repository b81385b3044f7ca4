"""How far an optimizer moves a weight per unit of gradient, at rest: the step of its prox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from inspect import unwrap
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from priorfit._errors import InputError

__all__ = ["StepSize", "check_optimizer", "skipped", "step_size"]


class StepSize(NamedTuple):
    """Weight j moves ``scale / (factor sqrt(square_j) + eps)`` per unit of gradient; ``scale``
    where there is no square."""

    scale: float
    square: Tensor | None = None
    factor: float = 1.0
    eps: float = 0.0

    def times(self, factor: float) -> StepSize:
        """The step ``factor`` times as long."""
        return self._replace(scale=self.scale * factor)

    def each(self) -> float | Tensor:
        """The step as a number, or as a tensor with one for each weight."""
        if self.square is None:
            return self.scale
        return self.scale / torch.sqrt(self.square).mul_(self.factor).add_(self.eps)


def check_optimizer(optimizer: Optimizer) -> None:
    """Raise `InputError` for an optimizer whose step is not known."""
    if _rule(optimizer) is None:
        raise InputError(
            "the optimizer must be torch.optim.SGD, Adam or AdamW: a prox needs its step",
            f"{type(optimizer).__module__}.{type(optimizer).__name__}",
            "Another optimizer moves a weight by another amount per gradient.",
        )


def step_size(
    optimizer: Optimizer, group: Mapping[str, Any], parameter: Tensor, *, metric: bool = True
) -> StepSize:
    """The step that was just taken, per unit of a gradient that stays as it is.

    SGD: ``lr``. Heavy ball: ``lr (1 - dampening) / (1 - momentum)``, since a constant gradient is
    summed in the buffer. Adam, AdamW: ``lr / (sqrt(v / (1 - beta2^t)) + eps)``;
    without ``metric`` only ``lr``, the step per unit of the normalised gradient.

    Examples
    --------
    >>> w = torch.nn.Parameter(torch.zeros(2))
    >>> optimizer = SGD([w], lr=0.1, momentum=0.9)
    >>> round(step_size(optimizer, optimizer.param_groups[0], w).scale, 12)
    1.0
    """
    rule = _rule(optimizer)
    assert rule is not None
    return rule(group, optimizer.state.get(parameter, {}), metric)


def skipped(optimizer: Optimizer) -> bool:
    """Whether a fused step was called and left undone, since a gradient was not finite."""
    found = getattr(optimizer, "found_inf", None)
    return bool(isinstance(found, Tensor) and found.item() != 0)


def _sgd(group: Mapping[str, Any], state: Mapping[str, Any], metric: bool) -> StepSize:  # noqa: ARG001
    momentum, lr = float(group["momentum"]), float(group["lr"])
    heavy = (1.0 - float(group["dampening"])) / (1.0 - momentum) if momentum else 1.0
    return StepSize(lr * heavy)


def _adam(group: Mapping[str, Any], state: Mapping[str, Any], metric: bool) -> StepSize:
    t, beta = float(state["step"]), float(group["betas"][1])
    if t == 0:
        return StepSize(0.0)
    if not metric:
        return StepSize(float(group["lr"]))
    square = state["max_exp_avg_sq"] if group["amsgrad"] else state["exp_avg_sq"]
    factor = (1.0 - beta**t) ** -0.5
    return StepSize(float(group["lr"]), square, factor, float(group["eps"]))


_RULES: dict[type[Optimizer], Callable[..., StepSize]] = {SGD: _sgd, Adam: _adam, AdamW: _adam}


def _rule(optimizer: Optimizer) -> Callable[..., StepSize] | None:
    """The rule of its class, or of the known one whose `step` it keeps."""
    return _rule_of(type(optimizer))  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def _rule_of(kind: Any) -> Callable[..., StepSize] | None:
    taken = unwrap(kind.step)
    known = (k for k in kind.__mro__ if k in _RULES)
    return next((_RULES[k] for k in known if unwrap(k.step) is taken), None)
