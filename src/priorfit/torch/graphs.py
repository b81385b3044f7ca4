"""Compaction of any graph: torch-pruning says what belongs together, exact zeros what may go."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from priorfit._errors import InputError

__all__ = ["compact_graph"]


def compact_graph(model: nn.Module, example: Tensor) -> nn.Module:
    """See `compact`: units that all layers coupled to them leave at 0, or that nothing reads."""
    try:
        import torch_pruning
    except ImportError as missing:
        raise InputError(
            "`compact` of a module that is no nn.Sequential needs torch-pruning",
            type(model).__name__,
            "Run `pip install torch-pruning`, or compact its Sequential parts.",
        ) from missing
    from priorfit.torch.compact import check_equal

    small = deepcopy(model).eval()
    while True:
        inputs = _inputs_of(small, example)
        graph = torch_pruning.DependencyGraph().build_dependency(small, example_inputs=example)
        if not any(
            _prune(graph, torch_pruning, module, inputs)
            for module in list(small.modules())
            if isinstance(module, nn.Linear | nn.Conv2d)
        ):
            break
    check_equal(model, small, example)
    return small


def _inputs_of(model: nn.Module, example: Tensor) -> dict[nn.Module, Tensor]:
    """What each layer with weights reads, on the example."""
    found: dict[nn.Module, Tensor] = {}
    hooks = [
        module.register_forward_pre_hook(lambda m, x: found.__setitem__(m, x[0].detach()))
        for module in model.modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    ]
    with torch.no_grad():
        model(example)
    for hook in hooks:
        hook.remove()
    return found


def _prune(graph: Any, tp: Any, module: Any, inputs: dict[nn.Module, Tensor]) -> bool:
    """Remove the units of one layer that may go; whether some did."""
    linear = isinstance(module, nn.Linear)
    cut = tp.prune_linear_out_channels if linear else tp.prune_conv_out_channels
    size = len(module.weight)
    gone: list[int] = []
    for unit in range(size):
        group = graph.get_pruning_group(module, cut, idxs=[unit])
        if len(gone) < size - 1 and graph.check_pruning_group(group) and _may_go(group, tp, inputs):
            gone.append(unit)
    if not gone:
        return False
    with torch.no_grad():
        for unit in gone:
            _fold(graph.get_pruning_group(module, cut, idxs=[unit]), tp, inputs)
        graph.get_pruning_group(module, cut, idxs=gone).prune()
    return True


def _parts(group: Any, tp: Any) -> tuple[list[tuple[Any, list[int]]], list[tuple[Any, list[int]]]]:
    """(layers that write the unit, layers that read it), each with its places."""
    writers: list[tuple[Any, list[int]]] = []
    readers: list[tuple[Any, list[int]]] = []
    for dep, places in group:
        module = dep.target.module
        if isinstance(module, nn.Linear | nn.Conv2d):
            into = dep.handler in (tp.prune_linear_in_channels, tp.prune_conv_in_channels)
            (readers if into else writers).append((module, list(places)))
    return writers, readers


def _may_go(group: Any, tp: Any, inputs: dict[nn.Module, Tensor]) -> bool:
    writers, readers = _parts(group, tp)
    if not readers or any(getattr(m, "groups", 1) != 1 for m, _ in writers + readers):
        return False
    if all(not bool(m.weight[:, at].any()) for m, at in readers):
        return True
    if any(bool(m.weight[at].any()) for m, at in writers):
        return False
    for m, at in readers:
        value = _constant(m, at, inputs)
        padded = isinstance(m, nn.Conv2d) and m.padding not in ((0, 0), "valid")
        if value is None or (padded and bool((value != 0).any())):
            return False
    return True


def _constant(module: Any, at: list[int], inputs: dict[nn.Module, Tensor]) -> Tensor | None:
    """The value of the inputs ``at`` if it is the same in every row and place."""
    x = inputs[module]
    x = (
        x.reshape(-1, x.shape[-1])
        if isinstance(module, nn.Linear)
        else x.transpose(0, 1).flatten(1).T
    )
    seen = x[:, at]
    value = seen[0]
    return value if bool((seen - value).abs().max() <= 1e-6) else None


def _fold(group: Any, tp: Any, inputs: dict[nn.Module, Tensor]) -> None:
    """Let the next layers' biases carry what the constant unit brought."""
    for module, at in _parts(group, tp)[1]:
        columns = module.weight[:, at]
        if not bool(columns.any()):
            continue
        value = _constant(module, at, inputs)
        assert value is not None
        brought = (columns if columns.ndim == 2 else columns.flatten(2).sum(2)) @ value
        if module.bias is None:
            module.bias = nn.Parameter(torch.zeros_like(brought))
        module.bias += brought
