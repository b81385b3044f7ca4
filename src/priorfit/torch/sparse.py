"""Linear layers whose weights are stored row by row without zeros."""

from __future__ import annotations

import warnings
from copy import deepcopy

from torch import Tensor, nn

from priorfit._errors import InputError

__all__ = ["SparseLinear", "to_csr"]


class SparseLinear(nn.Module):
    """``x W' + b`` with W in compressed rows (CSR); for evaluation, it has no gradient.

    Worth it from about nine zeros in ten: see benchmarks/networks.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        with warnings.catch_warnings():  # torch calls its CSR tensors a beta
            warnings.simplefilter("ignore", UserWarning)
            self.register_buffer("weight", layer.weight.detach().to_sparse_csr())
        bias = layer.bias.detach().clone() if layer.bias is not None else None
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        flat = x.reshape(-1, x.shape[-1])
        out = (self.weight @ flat.T).T
        if self.bias is not None:
            out = out + self.bias
        return out.reshape(*x.shape[:-1], out.shape[-1])


def to_csr(model: nn.Module, *, zeros: float = 0.9) -> nn.Module:
    """The network with each linear layer of at least this share of zeros as a `SparseLinear`.

    Returns a copy; what is changed computes the same sums in another order.

    Raises
    ------
    InputError
        where ``zeros`` is no share.

    Examples
    --------
    >>> import torch
    >>> layer = nn.Linear(50, 50)
    >>> with torch.no_grad():
    ...     layer.weight[torch.rand(50, 50) < 0.97] = 0.0
    >>> x = torch.randn(4, 50)
    >>> bool((to_csr(nn.Sequential(layer))(x) - layer(x)).abs().max() < 1e-5)
    True
    """
    if not 0.0 <= zeros <= 1.0:
        raise InputError("`zeros` must be a share", repr(zeros), "Say zeros=0.9.")
    if isinstance(model, nn.Linear):
        empty = float((model.weight == 0).float().mean())
        return SparseLinear(model) if empty >= zeros else model
    out = deepcopy(model)
    for name, child in list(out.named_children()):
        setattr(out, name, to_csr(child, zeros=zeros))
    return out
