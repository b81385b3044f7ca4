"""A network along a sequence of strengths, and the strongest that predicts as well as the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike
from priorfit.torch.attach import Prox
from priorfit.torch.belief import held

__all__ = ["NetworkPath", "PathPoint", "network_path"]


@dataclass(frozen=True)
class PathPoint:
    """One strength: ``scale`` of the first belief with a kink at it, the share of ``zeros``, the
    mean ``score`` of held-out rows with its standard error ``se``, and the weights (``state``)."""

    strength: float
    scale: float
    zeros: float
    score: float
    se: float
    state: dict[str, Any]


@dataclass(frozen=True)
class NetworkPath:
    """The answer of `network_path`; printed, a table."""

    points: tuple[PathPoint, ...]

    @property
    def best(self) -> int:
        """The point of the highest score."""
        return int(np.argmax([p.score for p in self.points]))

    @property
    def one_se(self) -> int:
        """The strongest point whose score is within one standard error of the best.

        Source: Breiman et al. (1984), section 3.4.3.
        """
        best = self.points[self.best]
        good = [k for k, p in enumerate(self.points) if p.score >= best.score - best.se]
        return max(good, key=lambda k: self.points[k].strength)

    def restore(self, model: nn.Module, k: int | None = None) -> None:
        """Give a network the weights of point ``k``; of `one_se` by default."""
        model.load_state_dict(self.points[self.one_se if k is None else k].state)

    def __str__(self) -> str:
        rows = [f"{'strength':>9} {'scale':>9} {'zeros':>6} {'score':>8} {'se':>7}"]
        for k, p in enumerate(self.points):
            mark = " best" * (k == self.best) + " one se" * (k == self.one_se)
            line = f"{p.strength:9.3g} {p.scale:9.3g} {100 * p.zeros:5.1f}% {p.score:8.4f} "
            rows.append(f"{line}{p.se:7.4f}{mark}")
        return "\n".join(rows)


def network_path(
    model: nn.Module,
    prox: Prox,
    *,
    strengths: Sequence[float],
    run: Callable[[], object],
    judge: Callable[[], ArrayLike],
    until: Callable[[], bool] = lambda: False,
) -> NetworkPath:
    """Train at each strength in turn, from the weights of the one before.

    Start weak and end strong: a network that has learned gives up weights more gladly than one that
    starts without them finds any.

    Parameters
    ----------
    model, prox : the network, and the handle of `attach` of its optimizer.
    strengths : powers of the beliefs, ascending; at strength s a Laplace belief of scale b counts
        as one of scale b / s.
    run : trains some epochs.
    judge : the score of each held-out row (n,), higher is better: minus its loss, say.
    until : asked after each strength; True ends the path.

    Raises
    ------
    InputError
        where strengths do not ascend, or judge gives less than two rows.

    Examples
    --------
    >>> import priorfit as pf, torch
    >>> torch.manual_seed(0) and None
    >>> x = torch.randn(200, 6)
    >>> y = x[:, :1] + 0.1 * torch.randn(200, 1)
    >>> model = torch.nn.Linear(6, 1)
    >>> optimizer = pf.torch.ProximalSGD(model, pf.Laplace(0.1), n=100, lr=0.1)
    >>> def run():
    ...     for _ in range(50):
    ...         optimizer.zero_grad()
    ...         (0.5 * (model(x[:100]) - y[:100]).square().mean()).backward()
    ...         _ = optimizer.step()
    >>> def judge():
    ...     return -(model(x[100:]) - y[100:]).detach().square()[:, 0]
    >>> path = network_path(model, optimizer.prox, strengths=[0.1, 0.3, 1.0], run=run, judge=judge)
    >>> path.restore(model)
    >>> round(optimizer.prox.sparsity(), 2)
    0.83
    """
    if len(strengths) == 0 or np.any(np.diff(strengths) <= 0):
        raise InputError("`strengths` must ascend", repr(list(strengths)[:4]), "Sort them.")
    points = []
    for strength in strengths:
        prox.strength = strength
        run()
        scores = np.asarray(judge(), dtype=np.float64).ravel()
        points.append(_point(model, prox, strength, scores))
        if until():
            break
    return NetworkPath(tuple(points))


def _point(model: nn.Module, prox: Prox, strength: float, scores: Array) -> PathPoint:
    if len(scores) < 2:
        raise InputError(
            "`judge` must give a score for each held-out row", f"{len(scores)}", "Hold out more."
        )
    if not np.all(np.isfinite(scores)):
        raise InputError("scores must be finite", f"at strength {strength:.3g}", "Lower the lr.")
    se = float(scores.std(ddof=1) / len(scores) ** 0.5)
    beliefs = [held(g) for g in prox.optimizer.param_groups]
    rates = [max(b.l1, b.group) * strength for b in beliefs if b is not None and b.kinked]
    n = max((b.n for b in beliefs if b is not None), default=0.0)
    scale = 1.0 / (n * rates[0]) if rates and n * rates[0] > 0 else float("nan")
    state = {k: v.clone() for k, v in deepcopy(model.state_dict()).items()}
    return PathPoint(float(strength), scale, prox.sparsity(), float(scores.mean()), se, state)
