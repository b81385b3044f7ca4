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
#: subclasses (of several devices, quantised) have memory of their own kind
_KINDS = (torch.nn.Parameter, Tensor)


def fits(w: Tensor, step: StepSize) -> bool:
    """Whether native code may touch the tensor: plain memory of the CPU, in one piece."""
    v = step.square
    return _plain(w) and (v is None or (v.dtype == w.dtype and _plain(v)))


def _plain(t: Tensor) -> bool:
    return t.dtype in _NONE and type(t) in _KINDS and t.is_cpu and t.is_contiguous()


def shrink_(w: Tensor, step: StepSize, *, l1: float, l2: float, width: float) -> None:
    """`soft_` then `ridge_`, or `log_` where width > 0."""
    _shrink(_flat(w), *_move(w, step), l1, l2, width)


def shrink_rows_(w: Tensor, rows: int, step: StepSize, rate: float) -> None:
    """`group_` of ``rows`` equal parts of the tensor's memory."""
    _shrink_rows(_flat(w), rows, *_move(w, step), rate)


def _flat(w: Tensor) -> Any:
    return w.detach().numpy().reshape(-1)  # a view: the memory is in one piece


def _move(w: Tensor, step: StepSize) -> tuple[Any, float, float, float]:
    square = _NONE[w.dtype] if step.square is None else _flat(step.square)
    return square, step.scale, step.factor, step.eps
