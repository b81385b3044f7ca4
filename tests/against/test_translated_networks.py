"""Weight decay: full-batch training to rest reaches the MAP; AdamW rests elsewhere."""

import os

import numpy as np
import pytest

import priorfit as pf
from reference import BINARY, KNOWN, NOISE, TAU, X, Y, map_estimate

GAUSSIAN = {**KNOWN, "noise": NOISE}
NORMAL = pf.Normal(TAU)
LOSSES = {
    "mse": ("gaussian", lambda F, eta, y: ((eta - y) ** 2).mean()),
    "cross_entropy": ("bernoulli", lambda F, eta, y: F.binary_cross_entropy_with_logits(eta, y)),
    "sum": (
        "bernoulli",
        lambda F, eta, y: F.binary_cross_entropy_with_logits(eta, y, reduction="sum"),
    ),
}


def _trained(name, loss, decay, *, lr, rounds, decay_bias=False, **more):
    """(bias, weights) after full-batch steps of a torch optimizer."""
    torch = pytest.importorskip("torch")
    family, value = LOSSES[loss]
    x = torch.tensor(X, dtype=torch.float64)
    y = torch.tensor(Y if family == "gaussian" else BINARY, dtype=torch.float64)
    w = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    groups = [{"params": [w]}, {"params": [b]}]
    if not decay_bias:
        groups[1]["weight_decay"] = 0.0
    optimizer = getattr(torch.optim, name)(groups, lr=lr, weight_decay=decay, **more)
    for k in range(rounds):
        if name.startswith("Adam"):
            for group in optimizer.param_groups:
                group["lr"] = lr * 0.5 ** (k // (rounds // 40))
        optimizer.zero_grad()
        value(torch.nn.functional, x @ w + b, y).backward()
        optimizer.step()
    return np.r_[b.detach().numpy(), w.detach().numpy()]


STEP = {"mse": 0.05, "cross_entropy": 0.3, "sum": 0.002}


@pytest.mark.parametrize("loss", LOSSES)
def test_sgd(loss):
    """loss + wd/2 |w|²: at rest it is the MAP; the bias in a group of its own is free."""
    family = LOSSES[loss][0]
    known = GAUSSIAN if family == "gaussian" else {**KNOWN, "likelihood": "bernoulli"}
    settings = pf.translate(NORMAL, to=f"torch.SGD.{loss}", **known)
    found = _trained("SGD", loss, settings["weight_decay"], lr=STEP[loss], rounds=1500,
                     momentum=0.9, nesterov=True)  # fmt: skip
    np.testing.assert_allclose(found, map_estimate(family, NORMAL), atol=1e-8)


def test_sgd_decays_the_bias_too_where_it_is_not_kept_apart():
    """The trap that `pf.explain` looks for."""
    wd = pf.translate(NORMAL, to="torch.SGD.mse", **GAUSSIAN)["weight_decay"]
    found = _trained("SGD", "mse", wd, lr=0.05, rounds=1500, momentum=0.9, nesterov=True,
                     decay_bias=True)  # fmt: skip
    penalised = map_estimate("gaussian", NORMAL, intercept="penalised")
    np.testing.assert_allclose(found, penalised, atol=1e-8)
    assert np.abs(found - map_estimate("gaussian", NORMAL)).max() > 0.01


def test_adam_reaches_the_same_minimum_and_adamw_does_not():
    """Adam's decay is a term of the loss; AdamW's is not, and `translate` refuses it."""
    wd = pf.translate(NORMAL, to="torch.Adam.mse", **GAUSSIAN)["weight_decay"]
    ours = map_estimate("gaussian", NORMAL)
    adam = _trained("Adam", "mse", wd, lr=0.05, rounds=4000)
    np.testing.assert_allclose(adam, ours, atol=5e-6)
    adamw = _trained("AdamW", "mse", wd, lr=0.05, rounds=4000)
    assert np.abs(adamw - ours).max() > 0.05
    with pytest.raises(pf.InputError, match="not divided by Adam's step sizes"):
        pf.translate(NORMAL, to="torch.AdamW", **GAUSSIAN)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_optax(loss):
    """add_decayed_weights before sgd is an L2 term."""
    optax = pytest.importorskip("optax")
    jax = pytest.importorskip("jax")
    family = "gaussian" if loss == "squared" else "bernoulli"
    known = GAUSSIAN if family == "gaussian" else {**KNOWN, "likelihood": "bernoulli"}
    settings = pf.translate(NORMAL, to=f"optax.{loss}", **known)
    jax.config.update("jax_enable_x64", True)
    y = Y if family == "gaussian" else BINARY
    row = optax.l2_loss if loss == "squared" else optax.sigmoid_binary_cross_entropy

    def value(params):
        eta = X @ params["w"] + params["b"]
        return row(eta, y).mean()

    decay = optax.add_decayed_weights(**settings, mask={"w": True, "b": False})
    step = 0.1 if loss == "squared" else 0.3
    optimizer = optax.chain(decay, optax.sgd(step, momentum=0.9, nesterov=True))
    params = {"w": jax.numpy.zeros(5), "b": jax.numpy.zeros(())}
    state = optimizer.init(params)

    @jax.jit
    def advance(params, state):
        updates, state = optimizer.update(jax.grad(value)(params), state, params)
        return optax.apply_updates(params, updates), state

    for _ in range(2000):
        params, state = advance(params, state)
    found = np.r_[params["b"], params["w"]]
    np.testing.assert_allclose(found, map_estimate(family, NORMAL), atol=1e-8)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_keras_penalties(loss):
    """L1L2 has no ½: its value beside the mean loss is the negative log prior over n."""
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", exc_type=ImportError)
    family = LOSSES[loss][0]
    known = GAUSSIAN if family == "gaussian" else {**KNOWN, "likelihood": "bernoulli"}
    prior = pf.ElasticNet(0.2, TAU)
    settings = pf.translate(prior, to=f"keras.L1L2.{loss}", **known)
    coef = np.array([0.3, -1.0, 0.0, 0.2, 0.5])
    penalty = float(keras.regularizers.L1L2(**settings)(coef.astype("float32")))
    belief = (prior.neg_log_density(coef) - prior.neg_log_density(0.0)).sum()
    # the mean of (y - eta)^2 is 2 noise^2 / n times the negative log likelihood
    scale = 2 * NOISE**2 / len(Y) if loss == "mse" else 1 / len(Y)
    assert penalty == pytest.approx(scale * belief, rel=1e-5)
