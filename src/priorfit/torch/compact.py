"""What zeros are for: the same function with fewer weights."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from priorfit._errors import InputError

__all__ = ["Select", "check_equal", "compact"]

Layer: TypeAlias = "nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d"
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_CONVOLUTIONS = _LAYERS[1:]
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
#: what treats each unit by itself, and a constant unit as one number
_POINTWISE = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh,
    nn.Sigmoid, nn.Softplus, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Identity, nn.Dropout,
    nn.Dropout1d, nn.Dropout2d, nn.Dropout3d,
)  # fmt: skip
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d,
          nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.Flatten)  # fmt: skip


class Select(nn.Module):
    """The inputs (dimension 1) that a compacted network uses; ``index`` says which."""

    index: Tensor

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.register_buffer("index", index)

    def forward(self, x: Tensor) -> Tensor:
        """``x[:, index]``."""
        return x.index_select(1, self.index)


def compact(model: nn.Module, example: Tensor) -> nn.Module:
    """The network in evaluation mode without what is exactly 0: fewer units, the same function.

    A unit goes where nothing enters it (its row or filter is 0, or the gain of its batch norm is):
    it is a constant, whose effect joins the bias of the next layer. It goes too where nothing
    leaves it (its column is 0). Inputs that no unit uses are left out by a `Select` in front.

    Parameters
    ----------
    model : an ``nn.Sequential`` of linear and convolution layers, batch norms, activations,
        pooling and flattening (others are passed by, their neighbours kept whole); any other graph
        through torch-pruning (``pip install torch-pruning``).
    example : a batch of inputs. Both networks run on it, and must agree to 1e-5 of the output.

    Raises
    ------
    InputError
        where a module is no Sequential and torch-pruning is absent, or the outputs differ.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> with torch.no_grad():
    ...     _ = model[0].weight[:2].zero_()
    >>> compact(model, torch.randn(5, 3))
    Sequential(
      (0): Linear(in_features=3, out_features=2, bias=True)
      (1): ReLU()
      (2): Linear(in_features=2, out_features=2, bias=True)
    )

    Source: Fang et al. (2023), DepGraph, for general graphs.
    """
    if not isinstance(model, nn.Sequential):
        from priorfit.torch.graphs import compact_graph

        return compact_graph(model, example)
    chain = _Chain.of(model)
    with torch.no_grad():
        while any(_between(chain, k) for k in range(len(chain.layers) - 1)):
            pass
        small = _drop_inputs(chain, example)
    check_equal(model, small, example)
    return small


def check_equal(model: nn.Module, small: nn.Module, example: Tensor) -> None:
    """Raise `InputError` unless both give the same output, to 1e-5 of its size."""
    training = model.training
    with torch.no_grad():
        one, other = model.eval()(example), small.eval()(example)
    model.train(training)
    if one.shape != other.shape:
        raise InputError(
            "the compacted network must give the same output",
            f"shape {tuple(other.shape)} for {tuple(one.shape)}",
            "Something beside a next layer reads these units; compact its parts.",
        )
    off = float((one - other).abs().max() / one.abs().max().clamp(min=1.0))
    if not off <= 1e-5:
        raise InputError(
            "the compacted network must give the same output",
            f"a difference of {off:.2g}",
            "A module in it depends on more than its inputs; compact its parts.",
        )


@dataclass
class _Chain:
    """All modules in order, and where the layers with weights are among them."""

    modules: list[nn.Module]
    layers: list[int]

    @classmethod
    def of(cls, model: nn.Sequential) -> _Chain:
        modules = [deepcopy(m) for m in _flat(model)]
        places = [k for k, m in enumerate(modules) if isinstance(m, _LAYERS)]
        return cls(modules, places)


def _flat(model: nn.Module) -> Iterable[nn.Module]:
    for module in model:  # type: ignore[attr-defined]
        if isinstance(module, nn.Sequential):
            yield from _flat(module)
        else:
            yield module


def _between(chain: _Chain, k: int) -> bool:
    """Drop units between layer k and the next; whether some were."""
    first, last = chain.layers[k], chain.layers[k + 1]
    layer, after = chain.modules[first], chain.modules[last]
    inner = chain.modules[first + 1 : last]
    assert isinstance(layer, _LAYERS)
    assert isinstance(after, _LAYERS)
    if getattr(layer, "groups", 1) != 1 or getattr(after, "groups", 1) != 1:
        return False
    known = all(isinstance(m, _POINTWISE + _POOLS + _NORMS) for m in inner)
    if not known or _inputs(after) % _outputs(layer) != 0:
        return False
    block = _inputs(after) // _outputs(layer)
    constant, value = _constants(layer, inner)
    unread = _columns(after, block).abs().sum(0) == 0
    folds = (value == 0) | torch.tensor(not _padded(after))
    gone = unread | (constant & folds)
    if bool(gone.all()):
        gone[0] = False
    if not bool(gone.any()):
        return False
    _fold(after, block, torch.where(gone & ~unread, value, 0.0))
    kept = (~gone).nonzero()[:, 0]
    chain.modules[first] = _with_outputs(layer, kept)
    for place in range(first + 1, last):
        chain.modules[place] = _norm_of(chain.modules[place], kept)
    chain.modules[last] = _with_inputs(after, _spread(kept, block))
    return True


def _constants(layer: Layer, inner: list[nn.Module]) -> tuple[Tensor, Tensor]:
    """Which units are constants, and their value where the next layer reads it."""
    constant = layer.weight.flatten(1).abs().sum(1) == 0
    value = torch.zeros_like(layer.weight.flatten(1)[:, 0])
    if layer.bias is not None:
        value = layer.bias.detach().clone()
    for module in inner:
        if isinstance(module, _NORMS):
            constant, value = _through_norm(module, constant, value)
        elif isinstance(module, _POINTWISE):
            value = deepcopy(module).eval()(value)
    return constant, torch.where(constant, value, 0.0)


def _through_norm(norm: Any, constant: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    if norm.running_var is None:  # it is computed from the batch: nothing is known before
        return torch.zeros_like(constant), value
    value = (value - norm.running_mean) / torch.sqrt(norm.running_var + norm.eps)
    if norm.affine:
        value = value * norm.weight + norm.bias
        constant = constant | (norm.weight == 0)
        value = torch.where(norm.weight == 0, norm.bias, value)
    return constant, value


def _padded(layer: Layer) -> bool:
    """Whether a convolution sees zeros beside a constant."""
    return isinstance(layer, _CONVOLUTIONS) and any(
        p != 0 for p in (layer.padding if isinstance(layer.padding, tuple) else (1,))
    )


def _columns(layer: Layer, block: int) -> Tensor:
    """|weights| as (outputs and places, units of the layer before)."""
    weight = layer.weight.detach()
    if isinstance(layer, nn.Linear):
        weight = weight.unflatten(1, (-1, block))  # type: ignore[no-untyped-call]
    return weight.movedim(1, -1).flatten(0, -2)


def _fold(layer: Layer, block: int, value: Tensor) -> None:
    """Add what constants of the layer before bring to the bias."""
    if not bool((value != 0).any()):
        return
    weight = layer.weight.detach()
    if isinstance(layer, nn.Linear):
        brought = weight @ value.repeat_interleave(block)
    else:
        brought = weight.flatten(2).sum(2) @ value
    bias = layer.bias.detach() if layer.bias is not None else torch.zeros_like(brought)
    layer.bias = nn.Parameter(bias + brought)


def _inputs(layer: Layer) -> int:
    return layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels


def _outputs(layer: Layer) -> int:
    return layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels


def _spread(kept: Tensor, block: int) -> Tensor:
    """The inputs of a layer after flattening that belong to the units kept."""
    return (kept[:, None] * block + torch.arange(block)).flatten()


def _with_outputs(layer: Layer, kept: Tensor) -> Layer:
    out = _sized(layer, len(kept), "out")
    out.weight = nn.Parameter(layer.weight.detach()[kept].clone())
    if layer.bias is not None:
        out.bias = nn.Parameter(layer.bias.detach()[kept].clone())
    return out


def _with_inputs(layer: Layer, kept: Tensor) -> Layer:
    out = _sized(layer, len(kept), "in")
    out.weight = nn.Parameter(layer.weight.detach()[:, kept].clone())
    return out


def _sized(layer: Layer, size: int, side: str) -> Layer:
    out = deepcopy(layer)
    setattr(out, f"{side}_{'features' if isinstance(layer, nn.Linear) else 'channels'}", size)
    return out


def _norm_of(module: nn.Module, kept: Tensor) -> nn.Module:
    if not isinstance(module, _NORMS):
        return module
    out = deepcopy(module)
    out.num_features = len(kept)
    for name in ("weight", "bias"):
        if getattr(out, name) is not None:
            setattr(out, name, nn.Parameter(getattr(out, name).detach()[kept].clone()))
    for name in ("running_mean", "running_var"):
        if getattr(out, name) is not None:
            setattr(out, name, getattr(out, name)[kept].clone())
    return out


def _drop_inputs(chain: _Chain, example: Tensor) -> nn.Sequential:
    """The chain as a network, in front of it what leaves out unread inputs."""
    modules = list(chain.modules)
    if not chain.layers or chain.layers[0] != 0 or getattr(modules[0], "groups", 1) != 1:
        return nn.Sequential(*modules)
    layer: Any = modules[0]
    plain = isinstance(layer, _CONVOLUTIONS) or example.ndim == 2
    read = _columns(layer, 1).abs().sum(0) != 0
    if not plain or bool(read.all()) or not bool(read.any()):
        return nn.Sequential(*modules)
    kept = read.nonzero()[:, 0]
    return nn.Sequential(Select(kept), _with_inputs(layer, kept), *modules[1:])
