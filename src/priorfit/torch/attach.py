"""Proximal steps after the steps of any known optimizer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.optim import Optimizer

from priorfit._errors import InputError, PriorfitWarning
from priorfit.torch.act import act_
from priorfit.torch.belief import Belief, held
from priorfit.torch.cut import dead_of, largest, near_zero
from priorfit.torch.plan import Plan
from priorfit.torch.steps import check_optimizer, skipped

__all__ = ["Prox", "attach", "attached"]

Metric: TypeAlias = Literal["map", "scalar"]

_ATTACHED: WeakKeyDictionary[Optimizer, Prox] = WeakKeyDictionary()

#: a spike and slab looks anew at which weights are largest once in so many steps
REFRESH = 10


def attach(
    optimizer: Optimizer,
    *,
    metric: Metric | None = None,
    every: int = 1,
    plan: Plan | None = None,
) -> Prox:
    """Let the beliefs of an optimizer's groups (`prior_groups`) act: a prox after each step.

    ``w <- argmin_b (b - w)^2 / (2 step) + f(b)``, f the penalty on the mean loss. Zeros are exact.
    The step is the optimizer's own: ``lr`` for SGD, ``lr / (1 - momentum)`` for the heavy ball,
    and for Adam and AdamW one of two.

    Parameters
    ----------
    optimizer : SGD, Adam or AdamW (foreach and fused too) over `prior_groups`.
    metric : "map": ``lr / (sqrt(v) + eps)`` for each weight, so that a point of rest is the
        posterior's mode; "scalar": ``lr`` for all, where a weight goes to 0 whose gradient is
        below the rate in units of its root mean square, the analogue of AdamW's decay and no MAP.
        None: "map" for groups with n, "scalar" for groups with snr.
    every : act once in so many steps, by so much more.
    plan : when the belief acts (`Plan`); None for always.

    Returns
    -------
    `Prox`, a handle. What it needs is in the groups, so that it is saved with the optimizer's
    ``state_dict``; attach again after the optimizer is made anew.

    Raises
    ------
    InputError
        for an optimizer whose step is not known, groups without a belief, or a second handle.

    Examples
    --------
    >>> import priorfit as pf, torch
    >>> torch.manual_seed(0) and None
    >>> x = torch.randn(200, 5)
    >>> y = x[:, :1] - 0.5 * x[:, 1:2] + 0.1 * torch.randn(200, 1)
    >>> model = torch.nn.Linear(5, 1)
    >>> groups = pf.torch.prior_groups(model, pf.Laplace(scale=0.05), n=200)
    >>> optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    >>> prox = attach(optimizer)
    >>> for _ in range(300):
    ...     optimizer.zero_grad()
    ...     (0.5 * (model(x) - y).square().mean()).backward()
    ...     _ = optimizer.step()
    >>> prox.sparsity()
    0.6

    Source: Duchi & Singer (2009); Yun, Lozano & Yang (2021), Adaptive proximal gradient methods.
    """
    check_optimizer(optimizer)
    if metric not in (None, "map", "scalar"):
        raise InputError("`metric` must be map or scalar", repr(metric), 'Say metric="map".')
    if not isinstance(every, int) or every < 1:
        raise InputError("`every` must be a count >= 1", repr(every), "1 acts after each step.")
    if optimizer in _ATTACHED:
        raise InputError(
            "an optimizer takes one handle", "a second", "Call .remove() on the first."
        )
    beliefs = [b for g in optimizer.param_groups if (b := held(g)) is not None]
    if not any(b.kind != "flat" for b in beliefs):
        raise InputError(
            "some group of the optimizer must hold a belief",
            f"{len(optimizer.param_groups)} groups without",
            "Make the groups by prior_groups(model, prior, n=...).",
        )
    snr = any(b.unit == "snr" for b in beliefs)
    if snr and (metric == "map" or "betas" not in optimizer.defaults):
        raise InputError(
            "rates by `snr` are per normalised step of Adam or AdamW",
            f"{type(optimizer).__name__}, metric={metric!r}",
            "Give prior_groups n=, the number of training rows.",
        )
    return Prox(optimizer, metric, every, plan)


def attached(optimizer: Optimizer) -> Prox | None:
    """The handle that acts on an optimizer; None without one."""
    return _ATTACHED.get(optimizer)


class Prox:
    """The handle of `attach`: what the belief has done, and cuts by hand.

    Attributes
    ----------
    travel : how far the belief can have moved one weight towards 0 so far, in units of the weight;
        0 where steps differ between weights ("map" of Adam).
    """

    def __init__(
        self, optimizer: Optimizer, metric: Metric | None, every: int, plan: Plan | None
    ) -> None:
        self.optimizer = optimizer
        self.travel = 0.0
        self._metric, self._every = metric, every
        self._dead: dict[Tensor, Tensor] = {}
        for group in self._groups():
            group.setdefault("prior_steps", 0)
            group.setdefault("prior_frozen", False)
            if plan is not None:
                group["plan"] = plan.as_dict()
            if group["prior"]["kind"] == "normal":  # else it would count twice
                group["weight_decay"] = 0.0
        self._hooks = (
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        )
        _ATTACHED[optimizer] = self

    def remove(self) -> None:
        """Stop acting; normal groups get their weight decay back."""
        for hook in self._hooks:
            hook.remove()
        for group in self._groups():
            if group["prior"]["kind"] == "normal":
                group["weight_decay"] = group["prior"]["l2"] * group["prior"]["strength"]
        _ATTACHED.pop(self.optimizer, None)

    # -- what is there ------------------------------------------------------------------------

    def sparsity(self) -> float:
        """The share of exact zeros among the weights whose belief has a kink."""
        weights = [w for _, w, _ in self._kinked()]
        total = sum(w.numel() for w in weights)
        return sum(int((w == 0).sum()) for w in weights) / total if total else 0.0

    def zeros(self) -> dict[str, float]:
        """The share of exact zeros of each parameter, by name."""
        return {name: float((w == 0).float().mean()) for name, w, _ in self._kinked()}

    @property
    def strength(self) -> float:
        """The factor of the rates of beliefs with a kink (of all, where none has one); set it to
        schedule them. A normal belief beside them stays: it keeps other layers from growing."""
        return float(self._scheduled()[0]["prior"]["strength"])

    @strength.setter
    def strength(self, value: float) -> None:
        if not value >= 0:
            raise InputError("`strength` must be >= 0", repr(value), "0 lets the belief rest.")
        for group in self._scheduled():
            group["prior"]["strength"] = float(value)

    # -- cuts ---------------------------------------------------------------------------------

    @torch.no_grad()
    def snap(self, share: float = 0.02) -> float:
        """Set to 0 what is below ``share`` of the root mean square of its tensor's non-zeros.

        Noise of minibatches keeps weights flickering near 0; this ends it. Returns `sparsity`.
        """
        for _, w, belief in self._kinked():
            w.masked_fill_(near_zero(w, belief, share), 0.0)
        return self.sparsity()

    @torch.no_grad()
    def target(self, share: float) -> float:
        """Keep the largest weights (groups) so that ``share`` of them are 0; returns `sparsity`."""
        if not 0.0 <= share < 1.0:
            raise InputError("`share` must lie in [0, 1)", repr(share), "0.95 keeps one in 20.")
        for group in self._groups():
            belief = held(group)
            if belief is not None and belief.kinked:
                for w, kept in largest(group["params"], belief, 1.0 - share):
                    w.masked_fill_(~kept, 0.0)
        return self.sparsity()

    def freeze(self) -> None:
        """Hold all zeros at 0 from now on, and let the rest train without the belief."""
        for group in self._groups():
            group["prior_frozen"] = True
        self._find_dead()

    def thaw(self) -> None:
        """Undo `freeze`."""
        self._dead.clear()
        for group in self._groups():
            group["prior_frozen"] = False

    # -- steps --------------------------------------------------------------------------------

    def _groups(self) -> list[dict[str, Any]]:
        found = ((g, g.get("prior")) for g in self.optimizer.param_groups)
        return [g for g, prior in found if prior is not None and prior["kind"] != "flat"]

    def _scheduled(self) -> list[dict[str, Any]]:
        kinked = [g for g in self._groups() if g["prior"]["kind"] != "normal"]
        return kinked or self._groups()

    def _kinked(self) -> Iterator[tuple[str, Tensor, Belief]]:
        for group in self._groups():
            belief = held(group)
            names = group.get("param_names") or [f"tensor {k}" for k in range(len(group["params"]))]
            if belief is not None and belief.kinked:
                for name, w in zip(names, group["params"], strict=True):
                    yield name, w, belief

    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:  # noqa: ARG002
        if not self._dead and any(g.get("prior_frozen") for g in self._groups()):
            self._find_dead()

    @torch.no_grad()
    def _after(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:  # noqa: ARG002
        if skipped(optimizer):
            return
        for group in self._groups():
            group["prior_steps"] += 1
            plan = Plan.of(group)
            if group["prior_frozen"]:
                self._hold(group)
            elif plan is not None and group["prior_steps"] >= plan.end:
                self._finish(group, plan)
            else:
                self._act(group, plan)

    def _act(self, group: dict[str, Any], plan: Plan | None) -> None:
        belief, count = held(group), group["prior_steps"]
        assert belief is not None
        if belief.kind == "spike" and belief.keep < 1.0 and count % REFRESH == 1 % REFRESH:
            share = belief.keep if plan is None else plan.share(count, belief.keep)
            self._dead.update((w, ~kept) for w, kept in largest(group["params"], belief, share))
        if belief.kind == "spike":
            self._hold(group)
        if count % self._every:
            return
        strength = belief.strength * (1.0 if plan is None else plan.strength(count)) * self._every
        scalar = (self._metric or ("scalar" if belief.unit == "snr" else "map")) == "scalar"
        self.travel += act_(self.optimizer, group, belief, strength, scalar=scalar)

    def _finish(self, group: dict[str, Any], plan: Plan) -> None:
        belief = held(group)
        assert belief is not None
        if not belief.kinked:
            group["prior_frozen"] = True
            return
        if belief.kind != "spike":
            self._warn_of_reach(group)
        keep = belief.keep if plan.target is None else 1.0 - plan.target
        if keep < 1.0:
            for w, kept in largest(group["params"], belief, keep):
                w.masked_fill_(~kept, 0.0)
        else:
            for w in group["params"]:
                w.masked_fill_(near_zero(w, belief, plan.snap), 0.0)
        group["prior_frozen"] = True
        self._dead.update(dead_of(group["params"]))

    def _hold(self, group: dict[str, Any]) -> None:
        for w in group["params"]:
            dead = self._dead.get(w)
            if dead is not None:
                w.masked_fill_(dead, 0.0)

    def _find_dead(self) -> None:
        for group in self._groups():
            if group["prior_frozen"]:
                self._dead.update(dead_of(group["params"]))

    def _warn_of_reach(self, group: dict[str, Any]) -> None:
        weights = torch.cat([w.detach().abs().flatten() for w in group["params"]])
        typical = float(weights.median())
        few = float((weights == 0).float().mean()) < 0.1
        if few and 0.0 < self.travel < 0.2 * typical:
            warnings.warn(
                f"The belief can have moved a weight by {self.travel:.2g} in all, the sum of steps "
                f"times rates; the typical weight is {typical:.2g}, so few can be 0. Use a larger "
                "lr, more steps or a stronger belief.",
                PriorfitWarning,
                stacklevel=2,
            )
