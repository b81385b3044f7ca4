"""Compaction: fewer weights, the same function."""

import io

import pytest

import priorfit as pf

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

T = pf.torch


def size(model):
    return sum(p.numel() for p in model.parameters())


def silence(model, *, rows=(), columns=(), bias=0.7):
    """Set rows and columns of layers to 0, biases to a number."""
    with torch.no_grad():
        for place, which in rows:
            model[place].weight[which] = 0.0
        for place, which in columns:
            model[place].weight[:, which] = 0.0
        for module in model:
            if getattr(module, "bias", None) is not None:
                module.bias.fill_(bias)


def same(model, small, x, limit=1e-5):
    with torch.no_grad():
        return float((model.eval()(x) - small.eval()(x)).abs().max()) < limit


def perceptron(act=nn.ReLU):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, 20), act(), nn.Dropout(0.5), nn.Linear(20, 15), act(), nn.Linear(15, 3)
    )


@pytest.mark.parametrize("act", [nn.ReLU, nn.Tanh, nn.GELU, nn.Sigmoid])
def test_units_that_nothing_enters(act):
    """A dead row is the constant act(b), which joins the next bias."""
    model, x = perceptron(act), torch.randn(30, 8)
    silence(model, rows=[(0, slice(5, 20)), (3, [0, 1])])
    small = T.compact(model, x)
    assert same(model, small, x)
    assert [m.weight.shape for m in small if isinstance(m, nn.Linear)] == [(5, 8), (13, 5), (3, 13)]
    with torch.no_grad():
        small[3].bias -= 0.1  # a fold of less than it is would be seen
    assert not same(model, small, x)


def test_units_that_nothing_leaves_and_inputs():
    """Dead columns take the units before them, in turn; unused inputs are selected away."""
    model, x = perceptron(), torch.randn(30, 8)
    silence(model, columns=[(0, [1, 2]), (5, slice(0, 14))])
    with torch.no_grad():
        model[3].weight[14, :10] = 0.0  # of the one unit left, so that ten more go
    small = T.compact(model, x)
    assert same(model, small, x)
    layers = [m.weight.shape for m in small if isinstance(m, nn.Linear)]
    assert layers == [(10, 6), (1, 10), (3, 1)]
    assert torch.equal(small[0].index, torch.tensor([0, 3, 4, 5, 6, 7]))


@pytest.mark.parametrize("padding", [0, 1])
def test_filters(padding):
    """Filters go through batch norm, pooling and flattening; a constant beside padding stays."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 6, 3, padding=padding), nn.ReLU(), nn.Flatten(),
        nn.Linear(6 * (5 if padding else 3) ** 2, 10), nn.ReLU(), nn.Linear(10, 2),
    )  # fmt: skip
    x = torch.randn(40, 2, 12, 12)
    model(x)  # running moments
    with torch.no_grad():
        model[0].weight[:3] = 0.0
        model[1].weight[3] = 0.0  # a gain of 0, as in network slimming
        model[1].bias[:] = torch.tensor([0.5, -5.0, -5.0, -0.1, 0.1, 0.1, 0.1, 0.1])
        model[4].weight[:2] = 0.0
    small = T.compact(model, x)
    assert same(model, small, x)
    assert small[0].out_channels == (5 if padding else 4)  # 0.5 beside padding cannot be a bias
    assert small[4].out_channels == 4
    assert small[7].in_features == 4 * (5 if padding else 3) ** 2


def test_strangers_are_passed_by():
    """Units around a module that mixes them are kept; so is one unit of a dead layer."""
    model = nn.Sequential(
        nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1)
    )
    x = torch.randn(9, 4)
    silence(model, rows=[(0, [0]), (2, slice(None))])
    small = T.compact(model, x)
    assert same(model, small, x)
    assert small[0].out_features == 6
    assert small[2].out_features == 1


def test_after_training_with_groups():
    """Group beliefs leave whole rows at 0, and compaction turns them into a smaller net."""
    torch.manual_seed(0)
    x = torch.randn(300, 10)
    y = (x[:, :1] * x[:, 1:2]).sign()
    model = nn.Sequential(nn.Linear(10, 40), nn.ReLU(), nn.Linear(40, 1))
    groups = T.prior_groups(model, {"0.*": pf.GroupLaplace(scale=0.1), "*": pf.Laplace(1.0)}, n=300)
    optimizer = torch.optim.Adam(groups, lr=0.02)
    T.attach(optimizer)
    for _ in range(200):
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
    small = T.compact(model, x)
    assert same(model, small, x)
    assert 0 < size(small) < 0.8 * size(model)


def test_csr():
    """Compressed rows compute the same; layers with few zeros stay dense."""
    torch.manual_seed(0)
    model, x = perceptron(), torch.randn(7, 8)
    with torch.no_grad():
        model[3].weight[torch.rand(15, 20) < 0.95] = 0.0
    sparse = T.to_csr(model)
    assert same(model, sparse, x)
    assert [type(m).__name__ for m in sparse][::3] == ["Linear", "SparseLinear"]
    assert [type(m).__name__ for m in T.to_csr(model, zeros=0.999)][3] == "Linear"


def test_onnx():
    """The compacted net runs in onnxruntime with equal outputs."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model, x = perceptron(), torch.randn(30, 8)
    silence(model, rows=[(0, slice(5, 20))], columns=[(0, [1, 2])])
    small = T.compact(model, x).eval()
    file = io.BytesIO()
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(small, (x,), file, dynamo=True, verbose=False)
    session = runtime.InferenceSession(file.getvalue())
    found = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    assert abs(found - model.eval()(x).detach().numpy()).max() < 1e-5


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.inner = nn.Linear(6, 12), nn.Linear(12, 12)
        self.last = nn.Linear(12, 2)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.last(h + torch.tanh(self.inner(h)))


def test_any_graph():
    """Units of a residual block go where all that write them are 0, with what they bring."""
    pytest.importorskip("torch_pruning")
    torch.manual_seed(0)
    model, x = Residual(), torch.randn(20, 6)
    with torch.no_grad():
        model.first.weight[:7] = 0.0
        model.inner.weight[:5] = 0.0  # units 5 and 6 are still written by this one
        model.inner.weight[:, :5] = 0.0
    small = T.compact(model, x)
    assert same(model, small, x)
    assert small.first.out_features == small.inner.out_features == small.last.in_features == 7
