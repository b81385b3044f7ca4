"""When a belief acts, what is cut, and paths of networks."""

import itertools
import warnings

import numpy as np
import pytest

import priorfit as pf

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

T = pf.torch


def layer_with(values):
    layer = nn.Linear(len(values[0]), len(values), bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(values))
    return layer


def handle(layer, prior=None, *, lr=0.0, plan=None, **options):
    belief = pf.Laplace(1.0) if prior is None else prior
    groups = T.prior_groups(layer, belief, **({"n": 100} | options))
    optimizer = torch.optim.SGD(groups, lr=lr)
    return optimizer, T.attach(optimizer, plan=plan)


def step(layer, optimizer, slope=0.0):
    layer.weight.grad = torch.full_like(layer.weight, slope)
    optimizer.step()


def test_plan_of_a_belief():
    """Strength: 0 at the start, 1 at the end of the ramp, 0 from `until` on; refits leave what is
    kept alone and zeros at 0, whatever the gradient."""
    plan = T.Plan(steps=10, until=0.5, ramp=0.4, snap=0.05)
    assert [plan.strength(k) for k in range(7)] == [0.0, 0.5, 1.0, 1.0, 1.0, 0.0, 0.0]
    layer = layer_with([[1.0, -0.03, 0.5]])
    optimizer, prox = handle(layer, lr=0.1, plan=plan, strength=40.0)
    for _ in range(4):
        step(layer, optimizer)
    moved = 0.1 * 0.4 * (0.5 + 1 + 1 + 1)
    kept = layer.weight.detach().clone()
    assert kept[0].tolist() == pytest.approx([1 - moved, 0.0, 0.5 - moved], abs=1e-6)
    step(layer, optimizer)  # the cut: nothing is left to be cut
    for _ in range(3):
        step(layer, optimizer, slope=0.2)
    assert layer.weight[0, 1] == 0
    assert float(layer.weight[0, 0].detach()) == pytest.approx(float(kept[0, 0]) - 0.06, abs=1e-6)
    assert prox.travel == pytest.approx(moved, abs=1e-9)


def test_plan_refuses_what_is_no_share():
    """Shares are shares; steps are counted."""
    for wrong in ({"steps": 0}, {"steps": 5, "until": 0.0}, {"steps": 5, "target": 1.0}):
        with pytest.raises(pf.InputError, match="share of a whole"):
            T.Plan(**wrong)


def test_snap_target_freeze_thaw():
    """snap cuts by size, target by number over all tensors, freeze holds zeros, thaw lets go."""
    layer = layer_with([[1.0, 0.01, -0.5, 0.2], [0.3, -0.4, 0.015, 2.0]])
    optimizer, prox = handle(layer, pf.Laplace(1e9), lr=0.1)
    assert prox.snap(0.02) == 2 / 8
    assert prox.target(0.5) == 0.5
    assert float(layer.weight.detach().abs().sum()) == pytest.approx(1.0 + 0.5 + 0.4 + 2.0)
    prox.freeze()
    step(layer, optimizer, slope=1.0)
    assert prox.sparsity() == 0.5
    prox.thaw()
    step(layer, optimizer, slope=1.0)
    assert prox.sparsity() == 0.0
    with pytest.raises(pf.InputError, match="must lie in"):
        prox.target(1.0)


def test_groups_are_cut_as_groups():
    """Rows go whole: the shortest per root of its size first."""
    layer = layer_with([[1.0, 1.0], [0.9, 0.1], [0.01, 0.01], [2.0, 0.1]])
    _, prox = handle(layer, pf.GroupLaplace())
    assert prox.snap(0.05) == 0.25
    assert prox.target(0.5) == 0.5
    assert (layer.weight == 0).all(1).tolist() == [False, True, True, False]
    columns = layer_with([[1.0, 0.1], [1.0, 0.2]])
    _, prox = handle(columns, pf.GroupLaplace(), by="columns")
    assert prox.target(0.5) == 0.5
    assert (columns.weight == 0).all(0).tolist() == [False, True]
    heads = layer_with([[1.0], [0.1], [0.5], [0.5]])
    _, prox = handle(heads, pf.GroupLaplace(), by="heads", heads=2)
    assert prox.target(0.5) == 0.5
    assert (heads.weight[:, 0] == 0).tolist() == [False, False, True, True]


def test_groups_of_different_sizes_are_ranked_by_their_mean_square():
    """A long row of small weights goes before a short row of larger ones; weights are counted."""
    model = nn.Sequential(nn.Linear(9, 2, bias=False), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[0.5] * 9, [2.0] * 9]))
        model[1].weight.fill_(0.9)
    prox = T.attach(torch.optim.SGD(T.prior_groups(model, pf.GroupLaplace(), n=9), lr=0.1))
    assert prox.target(0.5) == 9 / 20
    assert (model[0].weight == 0).all(1).tolist() == [True, False]
    assert (model[1].weight != 0).all()


def test_spike_and_slab_is_a_number_of_weights():
    """A finite slab keeps the share `inclusion` of the largest, a flat one those that pay."""
    torch.manual_seed(0)
    layer = nn.Linear(40, 5, bias=False)
    optimizer, prox = handle(layer, pf.SpikeSlab.from_inclusion(0.1, scale=1e6), lr=1e-9)
    largest = layer.weight.detach().abs().flatten().topk(20).values.min()
    step(layer, optimizer)
    assert prox.sparsity() == pytest.approx(0.9)
    assert (layer.weight != 0).sum() == 20
    found = layer.weight.detach()
    assert float(found[found != 0].abs().min()) == pytest.approx(float(largest))
    priced = layer_with([[0.3, 0.55, -0.6]])
    optimizer, _ = handle(priced, pf.SpikeSlab(penalty=1.25), lr=10.0)  # sqrt(2 10 1.25 / 100)
    step(priced, optimizer)
    assert (priced.weight[0] == 0).tolist() == [True, False, False]


def test_spike_and_slab_by_a_plan():
    """The share of zeros rises to the target and stays there through the refit."""
    torch.manual_seed(0)
    layer = nn.Linear(50, 20, bias=False)
    plan = T.Plan(steps=100, until=0.75)
    optimizer, prox = handle(layer, pf.SpikeSlab.from_inclusion(0.1, scale=1e6), lr=1e-3, plan=plan)
    seen = []
    for _ in range(100):
        layer.weight.grad = 0.1 * torch.randn_like(layer.weight)
        optimizer.step()
        seen.append(prox.sparsity())
    assert seen[5] == 0.0
    assert all(b >= a for a, b in itertools.pairwise(seen))
    assert 0.3 < seen[40] < 0.9
    assert seen[74:] == [pytest.approx(0.9)] * 26


def test_snr_is_a_rate_of_the_normalised_step():
    """Adam moves a weight of constant gradient by lr a step, the belief by lr snr: at snr above 1
    it goes to 0, below it does not."""
    for snr, stays in ((0.5, True), (1.5, False)):
        layer = layer_with([[0.02]])
        groups = T.prior_groups(layer, pf.Laplace(), snr=snr)
        optimizer = torch.optim.Adam(groups, lr=1e-3, eps=1e-30)
        T.attach(optimizer)
        for _ in range(60):
            step(layer, optimizer, slope=-3.0)
        found = float(layer.weight.detach())
        assert found == pytest.approx(0.02 + 60 * 1e-3 * (1 - snr) if stays else 0.0, abs=1e-5)


def test_a_belief_out_of_reach_is_said():
    """Where the sum of steps times rates is far below the weights, the cut warns."""
    layer = nn.Linear(30, 30, bias=False)
    optimizer, _ = handle(layer, lr=1e-4, plan=T.Plan(steps=4))
    with pytest.warns(pf.PriorfitWarning, match="larger lr"):
        _ = [step(layer, optimizer) for _ in range(3)]
    layer = nn.Linear(30, 30, bias=False)
    optimizer, _ = handle(layer, lr=5.0, plan=T.Plan(steps=4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(4):
            step(layer, optimizer)


def test_optimizers_in_one():
    """ProximalSGD and ProximalAdamW are groups, optimizer and handle."""
    torch.manual_seed(0)
    for make in (T.ProximalSGD, T.ProximalAdamW):
        one, other = nn.Linear(6, 2), nn.Linear(6, 2)
        other.load_state_dict(one.state_dict())
        ours = make(one, pf.Laplace(0.1), n=50, lr=0.05)
        base = torch.optim.SGD if make is T.ProximalSGD else torch.optim.AdamW
        apart = base(T.prior_groups(other, pf.Laplace(0.1), n=50), lr=0.05)
        T.attach(apart)
        x = torch.randn(50, 6)
        for _ in range(20):
            for model, optimizer in ((one, ours), (other, apart)):
                optimizer.zero_grad()
                model(x).square().mean().backward()
                optimizer.step()
        assert torch.equal(one.weight, other.weight)
        assert ours.prox.sparsity() > 0
        by_parameters = make(one.parameters(), pf.Laplace(0.1), n=50, lr=0.05)
        assert [g["prior"]["kind"] for g in by_parameters.param_groups] == ["l1", "flat"]
    with pytest.raises(pf.InputError, match="module or its parameters"):
        T.ProximalSGD([torch.ones(2, 2, requires_grad=True)], pf.Laplace(0.1), n=5, lr=0.1)


def test_path_and_its_rule():
    """The point within one standard error of the best that is strongest; `restore` gives back its
    weights; scores are those of held-out rows."""
    torch.manual_seed(0)
    layer = nn.Linear(4, 1, bias=False)
    optimizer, prox = handle(layer, lr=0.1)
    given = iter([[0.0, 0.2], [1.0, 1.4], [0.9, 1.1], [0.5, 0.6]])
    strengths = [0.5, 1.0, 2.0, 4.0]

    def run():
        step(layer, optimizer)

    found = T.network_path(layer, prox, strengths=strengths, run=run, judge=lambda: next(given))
    assert found.best == 1
    assert found.one_se == 2
    assert found.points[1].se == pytest.approx(0.2)
    assert [p.scale for p in found.points] == pytest.approx([1 / s for s in strengths])
    found.restore(layer)
    assert torch.equal(layer.weight, found.points[2].state["weight"])
    assert not torch.equal(layer.weight, found.points[3].state["weight"])
    assert "one se" in str(found)
    with pytest.raises(pf.InputError, match="ascend"):
        T.network_path(layer, prox, strengths=[1.0, 0.5], run=run, judge=lambda: [1.0, 2.0])
    with pytest.raises(pf.InputError, match="finite"):
        T.network_path(layer, prox, strengths=[1.0], run=run, judge=lambda: [np.nan, 2.0])
