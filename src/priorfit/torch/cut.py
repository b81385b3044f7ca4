"""Which weights are near 0, which are largest, and which are 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from priorfit.torch.belief import Belief
from priorfit.torch.prox import grouped, lengths

__all__ = ["dead_of", "largest", "near_zero"]


def near_zero(w: Tensor, belief: Belief, share: float) -> Tensor:
    """Mask: below ``share`` of the root mean square of the non-zeros (of the groups' lengths)."""
    size = _sizes(w, belief)
    kept = size[size > 0]
    limit = share * float(kept.square().mean().sqrt()) if kept.numel() else 0.0
    return (size <= limit).expand_as(w)


def largest(
    weights: Sequence[Tensor], belief: Belief, keep: float
) -> Iterator[tuple[Tensor, Tensor]]:
    """(weight, mask of what is kept): the largest of all, the share ``keep`` of their number.

    Groups are ranked by their root mean square and counted by their size.
    """
    found = [_sizes(w, belief) for w in weights]
    counts = [w.numel() // s.numel() for w, s in zip(weights, found, strict=True)]
    means = [s / k**0.5 for s, k in zip(found, counts, strict=True)]
    flat = torch.cat([m.flatten() for m in means])
    if len(set(counts)) == 1:
        limit = _limit(flat, flat.numel() - round(keep * flat.numel()))
    else:
        each = torch.cat(
            [torch.full((m.numel(),), float(k)) for m, k in zip(means, counts, strict=True)]
        )
        order = flat.argsort()
        gone = int((each[order].cumsum(0) <= (1.0 - keep) * float(each.sum())).sum())
        limit = _limit(flat, gone)
    for w, m in zip(weights, means, strict=True):
        yield w, (m > limit).expand_as(w)


def dead_of(weights: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """(weight, mask of its zeros)."""
    for w in weights:
        yield w, w.detach() == 0


def _sizes(w: Tensor, belief: Belief) -> Tensor:
    """|w|, or the lengths of its groups in a shape that expands to that of w."""
    w = w.detach()
    if belief.kind != "group":
        return w.abs()
    size = lengths(grouped(w, belief.by, belief.heads))
    if belief.by == "columns":
        return size.transpose(0, 1)
    if belief.by == "heads":
        return size.expand(-1, w.shape[0] // belief.heads, *[1] * (w.ndim - 1)).flatten(0, 1)
    return size


def _limit(flat: Tensor, gone: int) -> float:
    """The largest size of the ``gone`` smallest; below all sizes where none goes."""
    return float(flat.kthvalue(gone).values) if gone > 0 else -1.0
