"""Exact zeros under torch's optimizers: points of rest are posterior modes."""

import io
from copy import deepcopy

import numpy as np
import pytest

import priorfit as pf

torch = pytest.importorskip("torch")
from torch.optim import SGD, Adam, AdamW, RMSprop  # noqa: E402

T = pf.torch

OPTIMIZERS = {
    "sgd": lambda g: SGD(g, lr=0.2),
    "heavy ball": lambda g: SGD(g, lr=0.05, momentum=0.9),
    "dampened": lambda g: SGD(g, lr=0.3, momentum=0.8, dampening=0.5),
    "nesterov": lambda g: SGD(g, lr=0.05, momentum=0.9, nesterov=True),
    "adam": lambda g: Adam(g, lr=0.05),
    "amsgrad": lambda g: Adam(g, lr=0.05, amsgrad=True),
    "adamw": lambda g: AdamW(g, lr=0.05),
    "foreach": lambda g: AdamW(g, lr=0.05, foreach=True),
    "fused": lambda g: AdamW(g, lr=0.05, fused=True),
    "fused sgd": lambda g: SGD(g, lr=0.05, momentum=0.9, fused=True),
}
PRIORS = {
    "laplace": pf.Laplace(0.05),
    "elastic net": pf.ElasticNet(0.06, 0.5),
    "normal": pf.Normal(0.3),
    "group": pf.GroupLaplace(scale=0.09),
    "sparse group": pf.SparseGroupLaplace(l1_scale=0.1, group_scale=0.2),
}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6)) * [1, 1, 2, 0.5, 1, 1]
    y = X @ [1.0, -0.6, 0.0, 0.0, 0.05, 0.0] + 0.5 * rng.normal(size=80)
    return X, y


def layer_of(table):
    X, _ = table
    torch.manual_seed(0)
    return torch.nn.Linear(X.shape[1], 1, bias=False).double()


def train(table, layer, optimizer, steps, *, cosine=False):
    Xt, yt = torch.as_tensor(table[0]), torch.as_tensor(table[1])[:, None]
    start = optimizer.param_groups[0]["lr"]
    for k in range(steps):
        if cosine:
            optimizer.param_groups[0]["lr"] = start * 0.5 * (1 + np.cos(np.pi * k / steps))
        optimizer.zero_grad()
        (0.5 * (layer(Xt) - yt).square().mean()).backward()
        optimizer.step()
    return layer.weight.detach().numpy()[0]


def exact(table, prior):
    X, y = table
    if prior.separable is False:  # the matrix has one row, and that is one group
        prior = type(prior)(**prior.arguments() | {"groups": [0] * X.shape[1]})
    problem = pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(noise=1.0), intercept=False)
    return pf.solve(problem, tol=1e-15, solver="newton").coef


PAIRS = [(name, prior) for name in ("heavy ball", "adamw") for prior in PRIORS]
PAIRS += [(name, "laplace") for name in OPTIMIZERS if name not in ("heavy ball", "adamw")]


@pytest.mark.parametrize(("name", "prior"), PAIRS)
def test_rest_is_the_posterior_mode(table, name, prior):
    """Every optimizer, every convex belief: the weights where it rests are the certified mode, and
    its zeros are the same, exactly."""
    layer = layer_of(table)
    optimizer = OPTIMIZERS[name](T.prior_groups(layer, PRIORS[prior], n=len(table[1])))
    T.attach(optimizer)
    adam = "betas" in optimizer.defaults
    found = train(table, layer, optimizer, 1200 if adam else 700, cosine=adam)
    wanted = exact(table, PRIORS[prior])
    assert np.abs(found - wanted).max() < (1e-6 if adam else 1e-9)
    assert np.array_equal(found == 0, wanted == 0)


def test_lasso_to_the_digit(table):
    """prox-SGD on a lasso = `priorfit.sklearn.Lasso` with alpha = 1 / (n b), with its zeros."""
    X, y = table
    for scale in (0.02, 0.05, 0.2):
        layer = layer_of(table)
        groups = T.prior_groups(layer, pf.Laplace(scale), n=len(y))
        optimizer = SGD(groups, lr=0.05, momentum=0.9)
        T.attach(optimizer)
        found = train(table, layer, optimizer, 800)
        lasso = pf.sklearn.Lasso(alpha=1 / (len(y) * scale), fit_intercept=False, tol=1e-12)
        wanted = lasso.fit(X, y).coef_
        assert np.abs(found - wanted).max() < 1e-9
        assert np.array_equal(found == 0, wanted == 0)


def test_heavy_ball_trap(monkeypatch, table):
    """With the threshold lr lam alone the heavy ball rests at the mode of lam (1 - mu)."""
    prior, n = pf.Laplace(0.02), len(table[1])
    monkeypatch.setattr(
        "priorfit.torch.steps._rule_of",
        lambda kind: lambda group, state, metric: T.steps.StepSize(float(group["lr"])),
    )
    layer = layer_of(table)
    optimizer = SGD(T.prior_groups(layer, prior, n=n), lr=0.05, momentum=0.9)
    T.attach(optimizer)
    found = train(table, layer, optimizer, 1000)
    assert np.abs(found - exact(table, pf.Laplace(0.2))).max() < 1e-9
    assert np.abs(found - exact(table, prior)).max() > 0.05


def test_subgradient_never_lands(table):
    """L1 in the loss has no exact zero, however long it runs; the prox has the mode's."""
    layer = layer_of(table)
    optimizer = SGD(layer.parameters(), lr=0.05)
    Xt, yt = torch.as_tensor(table[0]), torch.as_tensor(table[1])[:, None]
    for k in range(3000):
        optimizer.param_groups[0]["lr"] = 0.05 / (1 + k / 100)
        optimizer.zero_grad()
        rate = 1 / (0.05 * len(table[1]))
        loss = 0.5 * (layer(Xt) - yt).square().mean() + rate * layer.weight.abs().sum()
        loss.backward()
        optimizer.step()
    found, wanted = layer.weight.detach().numpy()[0], exact(table, pf.Laplace(0.05))
    assert np.abs(found - wanted).max() < 0.02
    assert (found == 0).sum() == 0 < (wanted == 0).sum()


def test_log_laplace_rests_where_nothing_pulls(table):
    """Stationary: slope of the loss = minus the slope of -log p at non-zeros, below it at zeros."""
    X, y = table
    prior = pf.LogLaplace(0.03, df=1.0)
    layer = layer_of(table)
    optimizer = SGD(T.prior_groups(layer, prior, n=len(y)), lr=0.05, momentum=0.9)
    T.attach(optimizer)
    w = train(table, layer, optimizer, 1500)
    slope = X.T @ (X @ w - y)
    pull = 1 / 0.03 / (1 + np.abs(w) / 0.06)
    assert np.any(w == 0)
    assert np.any(w != 0)
    assert np.abs(slope + np.sign(w) * pull)[w != 0].max() < 1e-9
    assert np.all(np.abs(slope)[w == 0] <= pull[w == 0])


def test_every_k_steps(table):
    """Acting once in 5 steps by 5 times as much ends near the mode, with its zeros."""
    layer = layer_of(table)
    optimizer = SGD(T.prior_groups(layer, pf.Laplace(0.05), n=len(table[1])), lr=0.01)
    T.attach(optimizer, every=5)
    found, wanted = train(table, layer, optimizer, 4000), exact(table, pf.Laplace(0.05))
    assert np.array_equal(found == 0, wanted == 0)
    assert np.abs(found - wanted).max() < 0.02


def test_state_survives_a_file(table):
    """state_dict loads with weights_only=True, and training goes on as if nothing happened."""

    def fresh():
        layer = layer_of(table)
        optimizer = AdamW(T.prior_groups(layer, pf.Laplace(0.05), n=len(table[1])), lr=0.05)
        return layer, optimizer

    plan = T.Plan(steps=60, until=0.5)
    layer, optimizer = fresh()
    T.attach(optimizer, plan=plan)
    train(table, layer, optimizer, 40)
    file = io.BytesIO()
    torch.save([layer.state_dict(), optimizer.state_dict()], file)
    file.seek(0)
    weights, state = torch.load(file, weights_only=True)
    train(table, layer, optimizer, 20)

    for load_first in (True, False):
        again, other = fresh()
        again.load_state_dict(weights)
        if load_first:
            other.load_state_dict(deepcopy(state))
        T.attach(other)
        if not load_first:
            other.load_state_dict(deepcopy(state))
        train(table, again, other, 20)
        assert torch.equal(again.weight, layer.weight)
    assert (layer.weight == 0).any()


def test_scheduler_moves_the_step(table):
    """The prox follows the lr of the step that was just taken."""
    layer = layer_of(table)
    optimizer = SGD(T.prior_groups(layer, pf.Laplace(0.5), n=10), lr=0.1)
    prox = T.attach(optimizer)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    for _ in range(3):
        layer.weight.grad = torch.zeros_like(layer.weight)
        optimizer.step()
        schedule.step()
    assert prox.travel == pytest.approx((0.1 + 0.05 + 0.025) / (10 * 0.5), abs=1e-15)


@pytest.mark.parametrize("fused", [True, False])
def test_grad_scaler_skips(fused):
    """Where a gradient is not finite no step is taken, and no prox: at first and later on."""
    layer = torch.nn.Linear(4, 1)
    optimizer = AdamW(T.prior_groups(layer, pf.Laplace(0.02), n=10), lr=0.01, fused=fused)
    prox = T.attach(optimizer)
    scaler = torch.amp.GradScaler("cpu")
    for size, moves in ((torch.inf, False), (1.0, True), (torch.inf, False), (1.0, True)):
        before = layer.weight.detach().clone()
        optimizer.zero_grad()
        scaler.scale(layer(torch.full((2, 4), size)).mean()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert torch.equal(layer.weight, before) != moves
    assert prox.optimizer.param_groups[0]["prior_steps"] == 2


def test_step_of_amsgrad():
    """The largest v so far, not the last, divides the step."""
    w = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = Adam([w], lr=0.1, betas=(0.9, 0.5), amsgrad=True)
    for g in (8.0, 1e-3, 1e-3, 1e-3):
        w.grad = torch.full_like(w, g)
        optimizer.step()
    root = np.sqrt(0.5 * 64 / (1 - 0.5**4))
    found = T.steps.step_size(optimizer, optimizer.param_groups[0], w).each()
    assert float(found) == pytest.approx(0.1 / (root + 1e-8), rel=1e-12)


def test_first_step_of_adam():
    """After one step v is g^2: w = soft(w - lr sign(g), lr lam / (|g| + eps)), bias corrected."""
    layer = torch.nn.Linear(4, 1, bias=False).double()
    before, g = layer.weight.detach().clone(), torch.tensor([[2.0, -0.5, 0.1, -4.0]]).double()
    optimizer = Adam(T.prior_groups(layer, pf.Laplace(0.5), n=20), lr=0.01)
    T.attach(optimizer)
    layer.weight.grad = g
    optimizer.step()
    moved, threshold = before - 0.01 * g.sign(), 0.01 * 0.1 / (g.abs() + 1e-8)
    wanted = moved.sign() * (moved.abs() - threshold).clamp(min=0)
    assert (layer.weight - wanted).abs().max() < 1e-9


def test_decay_beside_a_belief_is_kept():
    """A weight decay that a user adds to a Laplace group stays; a normal belief is not doubled."""
    layer = torch.nn.Linear(4, 1)
    optimizer = SGD(T.prior_groups(layer, pf.Laplace(0.5), n=20), lr=0.01)
    optimizer.param_groups[0]["weight_decay"] = 0.3
    T.attach(optimizer)
    assert optimizer.param_groups[0]["weight_decay"] == 0.3
    assert T.explain(optimizer).rows[0].belief == "Laplace, scale 0.5, and weight decay 0.3"


def test_no_gradient_no_step_and_shared_once():
    """A weight without a gradient is left alone; a shared one is shrunk once."""
    used, idle = torch.nn.Linear(3, 1), torch.nn.Linear(3, 1)
    model = torch.nn.ModuleList([used, idle, used])
    before = [m.weight.detach().clone() for m in (used, idle)]
    optimizer = SGD(T.prior_groups(model, pf.Laplace(1.0), n=1), lr=0.01)
    T.attach(optimizer)
    used.weight.grad = torch.zeros_like(used.weight)
    optimizer.step()
    assert torch.equal(idle.weight, before[1])
    assert torch.allclose(used.weight, torch.nn.functional.softshrink(before[0], 0.01))


def test_what_is_refused():
    """Unknown steps, groups without belief, a second handle, snr under SGD."""
    layer = torch.nn.Linear(3, 1)
    groups = T.prior_groups(layer, pf.Laplace(1.0), n=10)

    class Mine(SGD):
        def step(self, closure=None):
            return super().step(closure)

    class Renamed(SGD):
        pass

    for make in (RMSprop, Mine):
        with pytest.raises(pf.InputError, match="a prox needs its step"):
            T.attach(make([dict(g) for g in groups], lr=0.1))
    kept = Renamed([dict(g) for g in groups], lr=0.1)
    handle = T.attach(kept)
    with pytest.raises(pf.InputError, match="one handle"):
        T.attach(kept)
    handle.remove()
    T.attach(kept)
    with pytest.raises(pf.InputError, match="must hold a belief"):
        T.attach(SGD(layer.parameters(), lr=0.1))
    with pytest.raises(pf.InputError, match="normalised step"):
        T.attach(SGD(T.prior_groups(layer, pf.Laplace(), snr=0.1), lr=0.1))


def test_remove_gives_the_decay_back():
    """attach takes a normal group's weight decay over, remove returns it."""
    layer = torch.nn.Linear(3, 1)
    optimizer = AdamW(T.prior_groups(layer, pf.Normal(0.5), n=100))
    handle = T.attach(optimizer)
    assert optimizer.param_groups[0]["weight_decay"] == 0
    handle.remove()
    assert optimizer.param_groups[0]["weight_decay"] == pytest.approx(0.04)


def test_normal_never_overshoots():
    """An implicit step w / (1 + lr lam) keeps its sign at any lr; decay apart does not."""
    layer = torch.nn.Linear(50, 1, bias=False)
    before = layer.weight.detach().clone()
    optimizer = SGD(T.prior_groups(layer, pf.Normal(0.1), n=1), lr=1.0)
    T.attach(optimizer)
    layer.weight.grad = torch.zeros_like(layer.weight)
    optimizer.step()
    assert torch.equal(layer.weight.sign(), before.sign())
    assert torch.allclose(layer.weight, before / 101)
