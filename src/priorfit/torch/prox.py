"""Proximal maps of tensors, in place: ``argmin_w |w - z|^2 / 2 + f(w)`` with its step inside f.

A step is a number, or a tensor with one for each weight: the map is then that of the metric in
which weight j moves ``step_j`` per unit of gradient (source: Yun, Lozano & Yang (2021), section 3).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import torch
from torch import Tensor

__all__ = ["group_", "grouped", "hard_", "lengths", "log_", "ridge_", "soft_"]

#: one number for all weights, or a tensor with one for each
Step: TypeAlias = "float | Tensor"


def soft_(w: Tensor, t: Step) -> Tensor:
    """``sign(w) max(|w| - t, 0)``: Laplace. Zeros are exact and positive.

    Examples
    --------
    >>> soft_(torch.tensor([3.0, -0.5, -2.0]), 1.0)
    tensor([ 2.,  0., -1.])
    """
    return w.sub_(_within(w, t))


def ridge_(w: Tensor, t: Step) -> Tensor:
    """``w / (1 + t)``: normal. An implicit step, which never overshoots 0.

    Examples
    --------
    >>> ridge_(torch.tensor([3.0, -1.0]), 1.0)
    tensor([ 1.5000, -0.5000])
    """
    return w.div_(1.0 + t)


def log_(w: Tensor, t: Step, width: float) -> Tensor:
    """The minimum under ``t width log(1 + |b| / width)``: log-Laplace.

    With a = |w|, u = a + width the shrinkage is ``2 t width / (u + sqrt(u^2 - 4 t width))``, which
    does not cancel. Where t > width the problem is not convex, and its value decides against 0.

    Examples
    --------
    >>> log_(torch.tensor([0.9, 3.0, 30.0], dtype=torch.float64), 1.0, 2.0).round(decimals=3)
    tensor([ 0.0000,  2.5620, 29.9370], dtype=torch.float64)
    """
    a = w.abs()
    u = a + width
    inner = u * u - 4.0 * t * width
    shrunk = inner.clamp_(min=0.0).sqrt_().add_(u).reciprocal_().mul_(2.0 * t * width)
    if _above(t, width):
        b = (a - shrunk).clamp_(min=0.0)
        worse = 0.5 * (b - a) ** 2 + t * width * torch.log1p(b / width) >= 0.5 * a * a
        negative = u * u < 4.0 * t * width
        shrunk = torch.where(worse | negative, a, shrunk)
    return w.sub_(_within(w, shrunk))


def hard_(w: Tensor, step: Step, price: float, l2: float) -> Tensor:
    """The minimum under ``step (price [b != 0] + l2 b^2 / 2)``: spike and slab.

    Examples
    --------
    >>> hard_(torch.tensor([0.9, 1.1]), 1.0, price=0.5, l2=0.0)
    tensor([0.0000, 1.1000])
    """
    shrunk = 1.0 + step * l2
    out = 0.5 * w * w / shrunk <= step * price
    return w.div_(shrunk).masked_fill_(out, 0.0)


def grouped(w: Tensor, by: str, heads: int) -> Tensor:
    """``w`` as (groups, weights of each), a view: rows of dimension 0, columns of dimension 1, or
    ``heads`` equal parts of dimension 0."""
    if by == "columns":
        return w.transpose(0, 1)
    if by == "heads":
        return w.reshape(heads, -1, *w.shape[1:])
    return w


def lengths(w: Tensor) -> Tensor:
    """Euclidean norm of each group of `grouped`, with its dimensions kept at size 1."""
    dims = list(range(1, w.ndim))
    return torch.linalg.vector_norm(w, dim=dims, keepdim=True) if dims else w.abs()


def group_(w: Tensor, t: Step) -> Tensor:
    """The minimum under ``t |w_g|``: group Laplace, for (groups, ...) as `grouped` gives it.

    For a number t each group shrinks towards 0: ``(1 - t / |w_g|)_+ w_g``. For a tensor the length
    r of the answer solves ``sum_j w_j^2 / (r + t_j)^2 = 1``, and a group is 0 where
    ``sum_j (w_j / t_j)^2 <= 1``.

    Examples
    --------
    >>> group_(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    tensor([[2.4000, 3.2000],
            [0.0000, 0.0000]])
    """
    if not isinstance(t, Tensor):
        return w.mul_((1.0 - t / lengths(w)).clamp_(min=0.0)) if t > 0 else w
    return w.mul_(_kept(w, t))


def _kept(w: Tensor, t: Tensor, rounds: int = 60) -> Tensor:
    """``r / (r + t)``: the share of each weight that is kept, 0 in groups that are out.

    Newton on ``1 / |w / (r + t)| - 1``, which is concave in r, so that it rises to the root from
    ``max_j |w_j| - t_j``, where no term of the sum is above 1.
    """
    dims = list(range(1, w.ndim))
    t = t.clamp(min=1e-30)  # 0 / 0 is no sign of a weight at 0
    out = lengths(w / t) <= 1.0
    r = (w.abs() - t).amax(dim=dims, keepdim=True).clamp_(min=0.0)
    for _ in range(rounds):
        inverse = (r + t).reciprocal_()
        z = w * inverse
        s = (z * z).sum(dim=dims, keepdim=True)
        slope = (z * z * inverse).sum(dim=dims, keepdim=True)
        move = torch.where(out, 0.0, s * (s.sqrt() - 1.0) / slope)
        r = r + move
        if bool((move.abs() <= 4 * torch.finfo(w.dtype).eps * r).all()):
            break
    return torch.where(out, 0.0, r / (r + t))


def _within(w: Tensor, t: Any) -> Tensor:
    low: Any = -t  # one number or one per weight: torch types these as two functions
    return w.clamp(low, t)


def _above(t: Step, width: float) -> bool:
    return bool((t > width).any()) if isinstance(t, Tensor) else t > width
