"""Weight decay as a prior: the facts, in float64, with torch's own optimizers."""

import numpy as np
import pytest

import priorfit as pf

torch = pytest.importorskip("torch")
from torch.optim import SGD, Adam, AdamW  # noqa: E402

T = pf.torch
LAM = 0.1


@pytest.fixture
def table():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 4))
    y = X @ [1.0, -0.5, 0.0, 2.0] + 0.3 * rng.normal(size=60)
    return X, y


def run(table, make, *, steps=200, lr=0.05, l2=0.0, decay=0.0, cosine=False):
    """Weights after full-batch steps on the mean of half squares, from 0.1."""
    X, y = map(torch.as_tensor, table)
    w = torch.nn.Parameter(torch.full((X.shape[1],), 0.1, dtype=torch.float64))
    optimizer = make(w)
    for k in range(steps):
        rate = lr * 0.5 * (1 + np.cos(np.pi * k / steps)) if cosine else lr
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        (0.5 * (X @ w - y).square().mean() + 0.5 * l2 * w.square().sum()).backward()
        w.data.mul_(1 - rate * decay)
        optimizer.step()
    return w.detach().numpy()


def ridge(table, lam):
    X, y = table
    return np.linalg.solve(X.T @ X / len(y) + lam * np.eye(X.shape[1]), X.T @ y / len(y))


def test_sgd_three_ways(table):
    """SGD: L2 in the loss = weight_decay = shrinking by (1 - lr lam) before the step."""
    loss = run(table, lambda w: SGD([w], lr=1), l2=LAM)
    built_in = run(table, lambda w: SGD([w], lr=1, weight_decay=LAM))
    by_hand = run(table, lambda w: SGD([w], lr=1), decay=LAM)
    assert np.abs(loss - built_in).max() < 1e-12
    assert np.abs(loss - by_hand).max() < 1e-12
    assert np.abs(loss - run(table, lambda w: SGD([w], lr=1), decay=0.9 * LAM)).max() > 1e-3


def test_momentum_couples(table):
    """Heavy ball: weight_decay = L2 in the loss, to ridge; decay apart needs lam / (1 - mu)."""

    def make(**options):
        return lambda w: SGD([w], lr=1, momentum=0.9, **options)

    loss, built_in = run(table, make(), l2=LAM), run(table, make(weight_decay=LAM))
    assert np.abs(loss - built_in).max() < 1e-12
    late = {"steps": 2000}
    apart, scaled = (
        run(table, make(), decay=LAM, **late),
        run(table, make(), decay=10 * LAM, **late),
    )
    assert np.abs(run(table, make(), l2=LAM, **late) - ridge(table, LAM)).max() < 1e-12
    assert np.abs(apart - ridge(table, LAM * 0.1)).max() < 1e-12
    assert np.abs(apart - ridge(table, LAM)).max() > 1e-3
    assert np.abs(scaled - ridge(table, LAM)).max() < 1e-12


def test_adam_rests_at_ridge_and_adamw_does_not(table):
    """Adam's weight_decay = L2 in the loss, at rest ridge; AdamW rests elsewhere, its switch in
    Adam is bit for bit the same."""

    def adam(**options):
        return lambda w: Adam([w], lr=1, **options)

    loss, built_in = run(table, adam(), l2=LAM), run(table, adam(weight_decay=LAM))
    assert np.abs(loss - built_in).max() < 1e-12
    late = {"steps": 4000, "cosine": True}
    assert np.abs(run(table, adam(weight_decay=LAM), **late) - ridge(table, LAM)).max() < 1e-10
    apart = run(table, lambda w: AdamW([w], lr=1, weight_decay=LAM))
    switch = run(table, adam(weight_decay=LAM, decoupled_weight_decay=True))
    assert np.array_equal(apart, switch)
    assert np.abs(apart - built_in).max() > 1e-3


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("noise", [None, 0.7])
def test_prior_groups_reach_the_posterior_mode(table, name, noise):
    """Normal(tau), n rows, known noise: the mode that the solver certifies; nn.MSELoss needs
    2 noise^2 / (n tau^2), the mean half square over noise^2 needs 1 / (n tau^2)."""
    X, y = table
    sigma = noise or 1.0
    problem = pf.Problem.make(
        X, y, prior=pf.Normal(0.4), likelihood=pf.Gaussian(noise=sigma), intercept=False
    )
    exact = pf.solve(problem, tol=1e-14).coef
    layer = torch.nn.Linear(4, 1, bias=False).double()
    groups = T.prior_groups(layer, pf.Normal(scale=0.4), n=len(y), noise=noise)
    make = {
        "sgd": lambda: SGD(groups, lr=0.1),
        "momentum": lambda: SGD(groups, lr=0.05, momentum=0.9),
        "adam": lambda: Adam(groups, lr=0.05),
    }[name]
    optimizer = make()
    Xt, yt = torch.as_tensor(X), torch.as_tensor(y)[:, None]
    factor = 0.5 if noise is None else 1.0
    for k in range(3000):
        if name == "adam":
            optimizer.param_groups[0]["lr"] = 0.05 * (1 + np.cos(np.pi * k / 3000))
        optimizer.zero_grad()
        (factor * (layer(Xt) - yt).square().mean()).backward()
        optimizer.step()
    found = layer.weight.detach().numpy()[0]
    assert np.abs(found - exact).max() < (1e-9 if name == "adam" else 1e-12)


def test_more_rows_are_a_weaker_decay():
    """The prior is fixed in units of the weights: twice the rows, half the weight decay."""
    model = torch.nn.Linear(3, 2)
    one, two = (T.prior_groups(model, pf.Normal(0.45), n=n)[0] for n in (50_000, 100_000))
    assert one["weight_decay"] == pytest.approx(2 * two["weight_decay"])
    assert one["weight_decay"] == pytest.approx(1e-4, rel=0.02)


@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_scale_invariance(scale):
    """Before a norm layer L(cW) = L(W), grad(cW) = grad(W) / c, <grad, W> = 0: no belief about
    the scale of W acts on the function."""
    torch.manual_seed(0)
    x, y = torch.randn(30, 4).double(), torch.randn(30, 3).double()
    W = torch.randn(3, 4).double()

    def at(c):
        w = (c * W).requires_grad_()
        unit = torch.nn.functional.batch_norm(x @ w.T, None, None, training=True, eps=1e-300)
        loss = (unit - y).square().mean()
        return float(loss.detach()), torch.autograd.grad(loss, w)[0]

    (one, slope), (other, scaled) = at(1.0), at(scale)
    assert one == pytest.approx(other, abs=1e-12)
    assert (scaled * scale - slope).abs().max() < 1e-12
    assert abs(float((slope * W).sum())) < 1e-12


def test_four_destinations():
    """`trace` ends where `destination` says, which no optimizer computed."""
    ways = [
        ("sgd", {"l2": 0.2}, "ridge with lambda"),
        ("sgd", {"decay": 0.2}, "ridge with lambda"),
        ("momentum", {"l2": 0.2}, "ridge with lambda"),
        ("momentum", {"decay": 0.2}, "ridge with lambda (1 - momentum)"),
        ("adam", {"l2": 0.2}, "ridge with lambda"),
        ("adamw", {"decay": 1.0}, "box |w| <= 1 / lambda"),
        ("adamw", {"prior": pf.Normal(5**0.5)}, "posterior mode"),
        ("momentum", {"prior": pf.Laplace(5.0)}, "posterior mode"),
        ("adam", {"prior": pf.Laplace(5.0)}, "posterior mode"),
    ]
    for optimizer, options, law in ways:
        boxed = law.startswith("box")  # sqrt(v) forgets the first gradients in thousands of steps
        found = T.trace(optimizer, lr=0.1, steps=10_000 if boxed else 3000, **options)
        assert found.law == law
        assert found.miss < (5e-3 if boxed else 1e-7), (optimizer, options)
    places = [T.destination(k, **o)[1] for k, o, _ in ways]
    assert np.abs(places[3] - places[2]).max() > 0.05
    assert np.abs(places[5] - places[2]).max() > 0.05
    assert np.abs(places[6] - places[2]).max() < 1e-9  # Normal(sqrt 5), n = 1, is lambda .2


def test_adam_is_sign_like_and_adamw_exponential():
    """Without a data gradient Adam + L2 moves by lr each step, AdamW by (1 - lr lam)."""

    def left(make, lam):
        w = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
        optimizer = make([w], lr=1e-3, weight_decay=lam, eps=1e-300)
        for _ in range(50):
            w.grad = torch.zeros_like(w)
            optimizer.step()
        return float(w.detach())

    for lam in (1e-3, 0.1, 1.0):
        assert left(Adam, lam) == pytest.approx(0.9503, abs=2e-3)
        assert left(AdamW, lam) == pytest.approx((1 - 1e-3 * lam) ** 50, abs=1e-14)


def test_norm_before_a_norm_layer_settles():
    """|w|^4 = lr g^2 / (2 wd) at rest where the loss does not see |w|; g: the gradient at 1."""
    torch.manual_seed(1)
    lr, wd, size = 0.1, 0.01, 2.0
    w = torch.nn.Parameter(torch.randn(500, dtype=torch.float64))
    optimizer = SGD([w], lr=lr, weight_decay=wd)
    for _ in range(6000):
        u = torch.randn_like(w)
        u -= w.detach() * (u @ w.detach()) / (w.detach() @ w.detach())
        w.grad = size * u / u.norm() / w.detach().norm()
        optimizer.step()
    assert float(w.detach().norm()) ** 4 == pytest.approx(lr * size**2 / (2 * wd), rel=0.01)


def test_explain_says_what_is_decayed_and_forgotten():
    """Biases that are decayed, matrices that are not, parameters left out, AdamW's box."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.LayerNorm(3), torch.nn.Linear(3, 2))
    plain = T.explain(AdamW([model[0].weight, model[0].bias], lr=1e-3), model, n=1000)
    text = str(plain)
    assert "Decayed though a bias or a gain: 0.bias" in text
    assert "Not in the optimizer at all: 1.weight, 1.bias, 2.weight, 2.bias" in text
    assert "falls by 1/e in 100,000 steps; box |w| <= 100" in text
    groups = T.prior_groups(model, pf.Normal(scale=0.5), n=1000)
    ours = T.explain(SGD(groups, lr=0.1), model)
    assert {r.name: r.rate for r in ours.rows if r.rate} == {"0.weight": 0.004, "2.weight": 0.004}
    assert "normal, scale 0.5" in str(ours)
    assert not ours.notes
    waiting = T.explain(SGD(T.prior_groups(model, pf.Laplace(0.5), n=1000), lr=0.1), model)
    assert any("attach" in note for note in waiting.notes)


def test_groups_skip_and_share():
    """Biases, gains and embeddings by word, others by pattern; a shared weight is there once."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words = torch.nn.Embedding(5, 4)
            self.head = torch.nn.Linear(4, 5)
            self.head.weight = self.words.weight
            self.norm = torch.nn.LayerNorm(4)
            self.core = torch.nn.Linear(4, 4)

    def believed(**options):
        return [k for k, _ in T.prior_groups(Net(), pf.Normal(), n=10, **options)[0]["params"]]

    assert believed() == ["words.weight", "core.weight"]
    assert believed(skip=("bias", "norm", "embedding")) == ["core.weight"]
    assert believed(skip=("bias", "norm", "core*")) == ["words.weight"]
    assert len(believed(skip=())) == 6
    with pytest.raises(pf.InputError, match="none for 'nothing"):
        T.prior_groups(Net(), {"nothing*": pf.Normal(), "*": pf.Laplace()}, n=10)
    with pytest.raises(pf.InputError, match="exactly one of `n` and `snr`"):
        T.prior_groups(Net(), pf.Normal())
    with pytest.raises(pf.InputError, match="no step here"):
        T.prior_groups(Net(), pf.Cauchy(), n=10)
