"""Where an optimizer goes on one bowl: the way, and the point that it reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from scipy.optimize import lsq_linear

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike
from priorfit.priors import Laplace, Normal, Prior
from priorfit.torch.attach import attach
from priorfit.torch.belief import belief_of

__all__ = ["Trace", "destination", "trace"]

Name: TypeAlias = Literal["sgd", "momentum", "adam", "adamw"]


@dataclass(frozen=True)
class Trace:
    """The answer of `trace`: ``points`` (steps + 1, p), and where it leads: ``target`` (p,), whose
    name is ``law``."""

    points: Array
    target: Array
    law: str

    @property
    def miss(self) -> float:
        """The largest distance of a coordinate of the last point from the target."""
        return float(np.max(np.abs(self.points[-1] - self.target)))


def trace(
    optimizer: Name,
    *,
    l2: float = 0.0,
    decay: float = 0.0,
    prior: Prior | None = None,
    hessian: ArrayLike = ((1.0, 0.3), (0.3, 0.2)),
    solution: ArrayLike = (1.0, -2.0),
    start: ArrayLike | None = None,
    lr: float = 0.05,
    momentum: float = 0.9,
    steps: int = 4000,
) -> Trace:
    """Run a torch optimizer on ``(w - w*)' H (w - w*) / 2``, in float64 with a cosine lr.

    Four destinations of one number, weight decay lambda:

    - SGD, or l2 in the gradient of any optimizer: the ridge point ``(H + lambda)^-1 H w*``;
    - heavy ball with decay apart from the gradient: ridge with ``lambda (1 - momentum)``;
    - AdamW: the minimum of the loss in the box ``|w_j| <= 1 / lambda``, no ridge point at all;
    - a belief by its prox (``prior``): the posterior's mode under every optimizer.

    Parameters
    ----------
    optimizer : "sgd", "momentum", "adam" or "adamw".
    l2 : coefficient of ``|w|^2 / 2`` in the loss.
    decay : ``w <- (1 - lr decay) w`` before each step; for "adamw" its ``weight_decay``.
    prior : a `Normal` or `Laplace` belief (n = 1) that acts by `attach`.
    hessian, solution : H (p, p), positive definite, and w* (p,).
    start : (p,), 0 by default.

    Raises
    ------
    InputError
        for another optimizer, or more than one of l2, decay and prior.

    Examples
    --------
    >>> found = trace("momentum", decay=0.1)
    >>> found.law, found.miss < 1e-9
    ('ridge with lambda (1 - momentum)', True)

    Source: Xie & Li (2024), theorem 1.1, for the box; Loshchilov & Hutter (2019).
    """
    law, target = destination(
        optimizer, l2=l2, decay=decay, prior=prior, hessian=hessian, solution=solution,
        momentum=momentum,
    )  # fmt: skip
    H, optimum = (
        torch.as_tensor(np.array(hessian, float)),
        torch.as_tensor(np.array(solution, float)),
    )
    begin = np.zeros(len(optimum)) if start is None else np.array(start, float)
    w = torch.nn.Parameter(torch.as_tensor(begin))
    engine = _engine(optimizer, w, lr, momentum, decay, prior)
    points = [begin.copy()]
    for k in range(steps):
        rate = lr * 0.5 * (1.0 + math.cos(math.pi * k / steps))
        engine.param_groups[0]["lr"] = rate
        w.grad = H @ (w.detach() - optimum) + l2 * w.detach()
        if decay and optimizer != "adamw":
            w.data.mul_(1.0 - rate * decay)
        engine.step()
        points.append(w.detach().numpy().copy())
    return Trace(np.array(points), target, law)


def destination(
    optimizer: Name,
    *,
    l2: float = 0.0,
    decay: float = 0.0,
    prior: Prior | None = None,
    hessian: ArrayLike = ((1.0, 0.3), (0.3, 0.2)),
    solution: ArrayLike = (1.0, -2.0),
    momentum: float = 0.9,
) -> tuple[str, Array]:
    """The name of the law and the point that `trace` leads to, computed without an optimizer.

    Examples
    --------
    >>> destination("adamw", decay=1.0)[1].round(6)
    array([ 0.7, -1. ])
    """
    if optimizer not in ("sgd", "momentum", "adam", "adamw"):
        raise InputError(
            "`optimizer` must be sgd, momentum, adam or adamw",
            repr(optimizer),
            "Say one of them.",
        )
    if sum((l2 > 0, decay > 0, prior is not None)) > 1:
        raise InputError("at most one of l2, decay and prior may act", "more", "Leave one out.")
    H, optimum = np.array(hessian, float), np.array(solution, float)
    if prior is not None:
        return _mode(H, optimum, prior)
    if decay and optimizer in ("adam", "adamw"):
        return "box |w| <= 1 / lambda", _boxed(H, optimum, 1.0 / decay)
    if decay and optimizer == "momentum":
        law = "ridge with lambda (1 - momentum)"
        return law, _ridge(H, optimum, decay * (1.0 - momentum))
    rate = l2 + decay
    return ("ridge with lambda" if rate else "least squares"), _ridge(H, optimum, rate)


def _engine(
    optimizer: Name, w: torch.nn.Parameter, lr: float, momentum: float, decay: float,
    prior: Prior | None,
) -> torch.optim.Optimizer:  # fmt: skip
    group: dict[str, Any] = {"params": [w], "weight_decay": 0.0}
    if prior is not None:
        group["prior"] = belief_of(prior, n=1).as_dict()
    if optimizer in ("sgd", "momentum"):
        heavy = momentum if optimizer == "momentum" else 0.0
        engine: torch.optim.Optimizer = torch.optim.SGD([group], lr=lr, momentum=heavy)
    elif optimizer == "adam":
        engine = torch.optim.Adam([group], lr=lr)
    else:
        engine = torch.optim.AdamW([group | {"weight_decay": decay}], lr=lr)
    if prior is not None:
        attach(engine)
    return engine


def _ridge(H: Array, optimum: Array, rate: float) -> Array:
    return np.asarray(np.linalg.solve(H + rate * np.eye(len(H)), H @ optimum))


def _boxed(H: Array, optimum: Array, bound: float) -> Array:
    root = np.linalg.cholesky(H).T
    return np.asarray(lsq_linear(root, root @ optimum, (-bound, bound), method="bvls", tol=1e-14).x)


def _mode(H: Array, optimum: Array, prior: Prior) -> tuple[str, Array]:
    """The MAP estimate, by priorfit's own solver of the same least squares."""
    from priorfit.likelihoods import Gaussian
    from priorfit.problem import Problem
    from priorfit.solve import solve

    if not isinstance(prior, Normal | Laplace):
        raise InputError("`prior` must be Normal or Laplace", repr(prior), "Use one of these.")
    root = np.linalg.cholesky(H).T
    problem = Problem.make(
        root, root @ optimum, prior=prior, likelihood=Gaussian(noise=1.0), intercept=False
    )
    return "posterior mode", np.asarray(solve(problem, tol=1e-12).coef)
