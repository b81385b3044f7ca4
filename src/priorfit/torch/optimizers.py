"""Optimizers that take a prior: `prior_groups` and `attach` in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim import SGD, AdamW

from priorfit._errors import InputError
from priorfit.priors import Prior
from priorfit.torch.attach import Metric, attach
from priorfit.torch.groups import prior_groups
from priorfit.torch.plan import Plan

__all__ = ["ProximalAdamW", "ProximalSGD"]

_OURS = ("n", "snr", "noise", "skip", "by", "heads", "strength")


class ProximalAdamW(AdamW):
    """``AdamW(prior_groups(model, prior, n=n))`` with its `attach`; ``prox`` is the handle.

    Parameters
    ----------
    params : a module, or parameters (those of one dimension have no belief).
    prior, n, snr, noise, skip, by, heads, strength : see `prior_groups`.
    metric, every, plan : see `attach`.
    Other arguments are AdamW's. There is no weight decay beside the prior.

    Examples
    --------
    >>> import priorfit as pf, torch
    >>> model = torch.nn.Linear(5, 1)
    >>> optimizer = ProximalAdamW(model, prior=pf.Laplace(scale=0.02), n=60_000)
    >>> optimizer.prox.sparsity()
    0.0
    """

    def __init__(
        self,
        params: nn.Module | Iterable[Tensor],
        prior: Prior | Mapping[str, Prior],
        *,
        metric: Metric | None = None,
        every: int = 1,
        plan: Plan | None = None,
        **options: Any,
    ) -> None:
        ours = {k: options.pop(k) for k in _OURS if k in options}
        super().__init__(prior_groups(_module(params), prior, **ours), **options)
        self.prox = attach(self, metric=metric, every=every, plan=plan)


class ProximalSGD(SGD):
    """``SGD(prior_groups(model, prior, n=n))`` with its `attach`; ``prox`` is the handle.

    Parameters
    ----------
    params, prior and the options of `prior_groups` and `attach` : see `ProximalAdamW`.
    Other arguments are SGD's.

    Examples
    --------
    >>> import priorfit as pf, torch
    >>> model = torch.nn.Linear(5, 1)
    >>> optimizer = ProximalSGD(model, pf.Laplace(scale=0.02), n=60_000, lr=0.1, momentum=0.9)
    >>> optimizer.prox.zeros()
    {'weight': 0.0}
    """

    def __init__(
        self,
        params: nn.Module | Iterable[Tensor],
        prior: Prior | Mapping[str, Prior],
        *,
        every: int = 1,
        plan: Plan | None = None,
        **options: Any,
    ) -> None:
        ours = {k: options.pop(k) for k in _OURS if k in options}
        super().__init__(prior_groups(_module(params), prior, **ours), **options)
        self.prox = attach(self, every=every, plan=plan)


def _module(params: nn.Module | Iterable[Tensor]) -> nn.Module:
    if isinstance(params, nn.Module):
        return params
    found = list(params)
    wrong = [type(p).__name__ for p in found if not isinstance(p, nn.Parameter)]
    if wrong:
        raise InputError(
            "`params` must be a module or its parameters",
            f"a {wrong[0]} among them",
            "Pass the module itself; layers get their own beliefs by name.",
        )
    return nn.ParameterList(found)
