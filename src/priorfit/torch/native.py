"""Proximal steps of tensors on the CPU, by native code: one pass over the weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from priorfit._core import shrink as _shrink
from priorfit._core import shrink_rows as _shrink_rows
from priorfit.torch.steps import StepSize

__all__ = ["fits", "shrink_", "shrink_rows_"]

_NONE = {torch.float32: np.empty(0, np.float32), torch.float64: np.empty(0, np.float64)}


def fits(w: Tensor, step: StepSize) -> bool:
    """Whether native code may touch the tensor: plain memory of the CPU, in one piece."""
    found = (w,) if step.square is None else (w, step.square)
    return all(
        t.device.type == "cpu"
        and t.layout == torch.strided
        and t.dtype in _NONE
        and t.dtype == w.dtype
        and t.is_contiguous()
        and type(t) in (Tensor, torch.nn.Parameter)
        for t in found
    )


def shrink_(w: Tensor, step: StepSize, *, l1: float, l2: float, width: float) -> None:
    """`soft_` then `ridge_`, or `log_` where width > 0."""
    _shrink(_flat(w), *_move(w, step), l1, l2, width)


def shrink_rows_(w: Tensor, rows: int, step: StepSize, rate: float) -> None:
    """`group_` of ``rows`` equal parts of the tensor's memory."""
    _shrink_rows(_flat(w), rows, *_move(w, step), rate)


def _flat(w: Tensor) -> Any:
    return w.detach().view(-1).numpy()


def _move(w: Tensor, step: StepSize) -> tuple[Any, float, float, float]:
    square = _NONE[w.dtype] if step.square is None else _flat(step.square)
    return square, step.scale, step.factor, step.eps
