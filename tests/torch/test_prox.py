"""Proximal maps: each is the minimum of what it says, against priorfit's own prox and by KKT."""

import numpy as np
import pytest

import priorfit as pf

torch = pytest.importorskip("torch")
from priorfit.torch import prox as maps  # noqa: E402

Z = np.concatenate([np.linspace(-4, 4, 161), [1e-12, -1e-12, 30.0]])


def tensor(values):
    return torch.as_tensor(np.array(values, dtype=np.float64))


CASES = {
    "laplace": (pf.Laplace(0.7), lambda w, s: maps.soft_(w, s / 0.7)),
    "normal": (pf.Normal(0.7), lambda w, s: maps.ridge_(w, s / 0.49)),
    "log": (pf.LogLaplace(0.5, 1.0), lambda w, s: maps.log_(w, s / 0.5, 1.0)),
    "log, hardly convex": (pf.LogLaplace(0.1, 0.5), lambda w, s: maps.log_(w, s / 0.1, 0.15)),
    "spike": (pf.SpikeSlab(0.8), lambda w, s: maps.hard_(w, s, 0.8, 0.0)),
    "slab": (pf.SpikeSlab(0.8, 2.0), lambda w, s: maps.hard_(w, s, 0.8, 0.25)),
}


@pytest.mark.parametrize("step", [1e-3, 0.1, 0.9])
@pytest.mark.parametrize("name", CASES)
def test_maps_are_the_priors_own(name, step):
    """prox of the tensor = `Prior.prox` of the numbers, with the same exact zeros."""
    prior, act = CASES[name]
    found, wanted = act(tensor(Z), step).numpy(), prior.prox(Z, step)
    assert np.abs(found - wanted).max() < 1e-12
    assert np.array_equal(found == 0, wanted == 0)
    wrong = act(tensor(Z), 1.3 * step).numpy()
    assert np.abs(wrong - wanted).max() > 1e-6 or (name == "spike" and step < 0.1)


@pytest.mark.parametrize("name", ["laplace", "normal", "log"])
def test_a_step_for_each_weight(name):
    """A tensor of steps is the scalar map weight by weight."""
    _, act = CASES[name]
    steps = np.random.default_rng(0).uniform(1e-3, 0.4, len(Z))
    together = act(tensor(Z), tensor(steps)).numpy()
    apart = [float(act(tensor([z]), s)[0]) for z, s in zip(Z, steps, strict=True)]
    assert np.abs(together - apart).max() < 1e-13


def test_group_map_by_kkt():
    """argmin sum_j (w_j - z_j)^2 / (2 d_j) + |w|: (w - z) / d + w / |w| = 0, or 0 where
    |z / d| <= 1; with equal steps the closed form."""
    rng = np.random.default_rng(1)
    z, d = rng.normal(size=(200, 7)), rng.uniform(1e-8, 1.0, (200, 7)) ** 3
    z[:40] *= 1e-3
    w = maps.group_(tensor(z), tensor(d)).numpy()
    gone = np.linalg.norm(z / d, axis=1) <= 1
    size = np.linalg.norm(w, axis=1, keepdims=True)
    assert np.array_equal(size[:, 0] == 0, gone)
    stays = ~gone
    rest = (w + d * w / np.where(size > 0, size, 1) - z)[stays]
    assert np.abs(rest).max() < 1e-12
    equal = maps.group_(tensor(z), tensor(np.full_like(z, 0.3))).numpy()
    assert np.abs(equal - maps.group_(tensor(z), 0.3).numpy()).max() < 1e-13
    assert np.abs(equal - pf.GroupLaplace(
        groups=np.repeat(np.arange(200), 7), by_size=False
    ).prox(z.ravel(), 0.3).reshape(z.shape)).max() < 1e-13  # fmt: skip


def test_groups_of_a_tensor():
    """Rows, columns and heads of a matrix, rows of a filter bank: whole groups are 0."""
    w = torch.ones(4, 6)
    w[1], w[:, 2] = 0.01, 0.01
    rows = maps.group_(maps.grouped(w.clone(), "rows", 0), 0.5)
    assert (rows == 0).all(1).tolist() == [False, True, False, False]
    columns = w.clone()
    maps.group_(maps.grouped(columns, "columns", 0), 0.5)
    assert (columns == 0).all(0).tolist() == [False, False, True, False, False, False]
    heads = torch.cat([torch.ones(2, 6), torch.full((2, 6), 0.01)])
    maps.group_(maps.grouped(heads, "heads", 2), 0.5)
    assert (heads == 0).all(1).tolist() == [False, False, True, True]
    filters = torch.ones(3, 2, 3, 3)
    filters[0] = 0.01
    assert (maps.group_(filters, 0.5) == 0).flatten(1).all(1).tolist() == [True, False, False]
