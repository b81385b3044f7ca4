"""What an optimizer believes: which weights decay, by how much, and which prior that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer

from priorfit.torch.attach import attached
from priorfit.torch.belief import Belief, held

__all__ = ["DecayRow", "DecayTable", "explain"]


@dataclass(frozen=True)
class DecayRow:
    """One parameter: its shape, how it decays, by what rate, and the belief in words."""

    name: str
    shape: tuple[int, ...]
    how: str
    rate: float
    belief: str


@dataclass(frozen=True)
class DecayTable:
    """The answer of `explain`: ``rows``, and ``notes`` on what was forgotten. Printed, a table."""

    title: str
    rows: tuple[DecayRow, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        head = ("parameter", "shape", "acts by", "rate", "belief")
        body = [
            (r.name, "×".join(map(str, r.shape)) or "1", r.how, f"{r.rate:.3g}" if r.rate else "·",
             r.belief) for r in self.rows
        ]  # fmt: skip
        widths = [max(len(row[k]) for row in (head, *body)) for k in range(4)]
        lines = [_line(row, widths) for row in (head, *body)]
        return "\n".join([self.title, *lines, *(f"- {note}" for note in self.notes)])


def explain(
    optimizer: Optimizer, model: nn.Module | None = None, *, n: float | None = None
) -> DecayTable:
    """Say for each parameter what decays it, and which prior that is.

    SGD and Adam minimise loss + wd/2 |w|^2: a normal prior of scale ``1 / sqrt(n wd)``. AdamW does
    not: its decay is a time, 1 / (lr wd) steps, its points of rest solve min loss subject to
    |w| <= 1 / wd (a box) where gradients are exact, and no prior has them as its mode.

    Parameters
    ----------
    optimizer : any torch optimizer; groups made by `prior_groups` know their belief and n.
    model : to name parameters, and to find those that the optimizer does not have.
    n : rows of the training set, where the groups do not know it.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Linear(3, 2)
    >>> print(explain(torch.optim.SGD(model.parameters(), weight_decay=1e-3), model, n=1000))
    SGD: 2 parameters
    parameter  shape  acts by        rate   belief
    weight     2×3    weight decay   0.001  normal, scale 1
    bias       2      weight decay   0.001  normal, scale 1
    - Decayed though a bias or a gain: bias. Put these into a group with weight_decay=0.

    Source: Loshchilov & Hutter (2019); Xie & Li (2024), Implicit bias of AdamW.
    """
    names = {p: k for k, p in model.named_parameters()} if model is not None else {}
    rows, notes = [], []
    seen: set[Any] = set()
    active = attached(optimizer) is not None
    for group in optimizer.param_groups:
        labels = group.get("param_names") or [None] * len(group["params"])
        for label, w in zip(labels, group["params"], strict=True):
            name = label or names.get(w) or f"tensor {len(seen)}"
            rows.append(_row(name, tuple(w.shape), group, optimizer, n, active))
            seen.add(w)
    waiting = any(
        b.kinked for g in optimizer.param_groups if (b := held(g)) is not None and not active
    )
    if waiting:
        notes.append("Beliefs with a kink act after attach(optimizer) only; it was not called.")
    notes += _forgotten(rows, [k for p, k in names.items() if p not in seen])
    title = f"{type(optimizer).__name__}: {len(rows)} parameters"
    return DecayTable(title, tuple(rows), tuple(notes))


def _row(
    name: str, shape: tuple[int, ...], group: Mapping[str, Any], optimizer: Optimizer,
    n: float | None, active: bool,
) -> DecayRow:  # fmt: skip
    belief, decay = held(group) or Belief("flat"), float(group.get("weight_decay", 0.0))
    rows = n or belief.n or None
    if active and belief.kind != "flat":
        rate = belief.strength * max(belief.l1, belief.group, belief.price, belief.l2)
        beside = f", and weight decay {decay:.3g}" if decay else ""
        return DecayRow(name, shape, "prox", rate, _said(belief, rows) + beside)
    if belief.kinked:
        return DecayRow(name, shape, "nothing yet", 0.0, _said(belief, rows))
    if decay == 0:
        return DecayRow(name, shape, "free", 0.0, "flat")
    if _decoupled(optimizer, group):
        steps = 1.0 / (float(group["lr"]) * decay) if group["lr"] else float("inf")
        box = f"no prior: falls by 1/e in {steps:,.0f} steps; box |w| <= {1 / decay:.3g}"
        return DecayRow(name, shape, "decoupled", decay, box)
    normal = _said(Belief("normal", l2=decay), rows)
    return DecayRow(name, shape, "weight decay", decay, normal)


def _said(belief: Belief, n: float | None) -> str:
    """The belief in words, its scales in units of the weights where n is known."""
    if belief.unit == "snr":
        return f"{_WORDS[belief.kind]}, against gradient noise (no prior)"
    if belief.kind == "spike" and belief.keep < 1.0:
        return f"spike and slab, {belief.keep:.3g} of the weights in"
    if n is None:
        return f"{_WORDS[belief.kind]}, scale 1/(n·rate): pass n="
    count = n * belief.strength
    parts = [f"scale {1.0 / (count * rate):.3g}" for rate in (belief.l1, belief.group) if rate]
    parts += [f"scale {(count * belief.l2) ** -0.5:.3g}"] if belief.l2 else []
    parts += [f"width {belief.width:.3g}"] if belief.width else []
    parts += [f"price {count * belief.price:.3g}"] if belief.price else []
    return ", ".join([_WORDS[belief.kind], *parts])


_WORDS = {
    "flat": "flat",
    "normal": "normal",
    "l1": "Laplace",
    "log": "log-Laplace",
    "group": "group Laplace",
    "spike": "spike and slab",
}


def _decoupled(optimizer: Optimizer, group: Mapping[str, Any]) -> bool:
    """Whether the decay is apart from the gradient; AdamW is Adam with that switch."""
    return bool(group.get("decoupled_weight_decay", isinstance(optimizer, AdamW)))


def _forgotten(rows: list[DecayRow], missing: list[str]) -> list[str]:
    notes = []
    vectors = [r.name for r in rows if len(r.shape) <= 1 and r.rate > 0]
    if vectors:
        notes.append(
            f"Decayed though a bias or a gain: {_few(vectors)}. "
            "Put these into a group with weight_decay=0."
        )
    free = [r.name for r in rows if len(r.shape) > 1 and r.how == "free"]
    if free and any(r.rate > 0 for r in rows):
        notes.append(f"Free, though others are not: {_few(free)}.")
    if missing:
        notes.append(f"Not in the optimizer at all: {_few(missing)}.")
    if any(r.how == "decoupled" for r in rows):
        notes.append(
            "Decoupled decay is a rate of forgetting, which no prior has as its mode. For the "
            "posterior's mode use Adam (coupled), or prior_groups with attach."
        )
    return notes


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [cell.ljust(w) for cell, w in zip(row[:4], widths, strict=True)]
    return "  ".join([*cells, row[4]]).rstrip()
