"""Depth changes the norm; the last layer's posterior."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import priorfit as pf

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

T = pf.torch


@pytest.mark.parametrize("w", [0.3, -2.0])
@pytest.mark.parametrize("q", [1.0, 2.0])
def test_penalty_of_a_product(w, q):
    """min over a of (|a|^q + |w / a|^q) / 2 = |w|^(q / 2): L2 on two layers is L1, L1 is L1/2."""
    found = minimize_scalar(
        lambda a: (a**q + (abs(w) / a) ** q) / 2, bounds=(1e-3, 5), options={"xatol": 1e-10}
    )
    assert T.factored_penalty(w, 2, q) == pytest.approx(found.fun, abs=1e-9)
    assert T.factored_penalty(w, 3, q) != pytest.approx(found.fun, abs=1e-3)


def test_factored_is_the_lasso():
    """min |y - X(u v)|^2 / 2 + lam (|u|^2 + |v|^2) / 2 has u v = lasso(lam), |u_j| = |v_j|, and its
    value is the lasso's."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8))
    y = X @ [2, -1, 0, 0, 0.5, 0, 0, 0] + 0.3 * rng.normal(size=60)
    lasso = pf.sklearn.Lasso(alpha=20.0 / 60, fit_intercept=False, tol=1e-12).fit(X, y).coef_
    found = T.factored(X, y, 20.0)
    value = 0.5 * np.sum((y - X @ lasso) ** 2) + 20.0 * np.abs(lasso).sum()
    assert np.abs(found.coef - lasso).max() < 1e-6
    assert found.objective == pytest.approx(value, rel=1e-9)
    assert found.imbalance < 1e-4
    assert np.abs(T.factored(X, y, 30.0).coef - lasso).max() > 1e-2
    deep = T.factored(X, y, 20.0, depth=3)  # l_(2/3): less bias of what is kept
    assert abs(deep.coef[0]) > abs(lasso[0])


def test_zero_is_a_trap():
    """All factors at 0 is stationary, whatever the data say."""
    assert np.all(T.factored(np.eye(2), [5.0, 5.0], 0.1, start=0.0).coef == 0)


def test_balanced_layers():
    """The same function, unit by unit equal norms, the sum of squares at its least."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(5, 9), nn.ReLU(), nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 2)
    ).double()
    with torch.no_grad():
        model[2].weight[3] = 0.0
        model[2].bias[3] = 0.0
    x = torch.randn(20, 5).double()
    before = model(x)
    fell = T.balance_layers(model)
    assert fell > 0
    assert (model(x) - before).abs().max() < 1e-12
    into = (model[0].weight.square().sum(1) + model[0].bias.square()).sqrt()
    assert torch.allclose(into, model[2].weight.norm(dim=0), rtol=1e-5)
    assert T.balance_layers(model) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(pf.InputError, match="ReLU"):
        T.balance_layers(nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)))


def _network(outputs):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, outputs))


def test_last_layer_of_a_regression_is_exact():
    """log evidence = log N(y; 0, s^2 F F' + noise^2 I) with a flat intercept, up to a constant;
    the predictive moments are those of the conditional normal."""
    x = torch.randn(30, 2)
    net, y = _network(1), (x[:, 0] + 0.3 * torch.randn(30)).double().numpy()
    scales = np.array([0.3, 1.0, 3.0])
    found = T.last_layer(net, x, y, noise=0.3, scales=scales)
    F = found.features(x)[:, :-1]
    wide = 1e3  # a belief about the intercept that is as good as flat

    def log_density(s):
        cov = s**2 * F @ F.T + 0.09 * np.eye(30) + wide**2
        return -0.5 * (np.linalg.slogdet(cov)[1] + y @ np.linalg.solve(cov, y))

    exact = np.array([log_density(s) for s in scales])
    assert np.diff(found.evidences) == pytest.approx(np.diff(exact), abs=1e-4)
    assert found.scale == scales[np.argmax(exact)]
    new = torch.randn(5, 2)
    G = found.features(new)[:, :-1]
    cov = found.scale**2 * F @ F.T + 0.09 * np.eye(30) + wide**2
    cross = found.scale**2 * G @ F.T + wide**2
    mean, sd = found.predict(new)
    assert mean == pytest.approx(cross @ np.linalg.solve(cov, y), abs=1e-4)
    own = found.scale**2 * np.sum(G * G, axis=1) + wide**2 + 0.09
    left = own - np.sum(cross * np.linalg.solve(cov, cross.T).T, axis=1)
    assert sd == pytest.approx(np.sqrt(left), rel=1e-3)


def test_last_layer_of_classes():
    """The mode has no slope, H is the curvature of the objective there, and far from the data
    probabilities are less sure than the network's own."""
    torch.manual_seed(1)
    x = torch.randn(90, 2)
    labels = np.array(["a", "b", "c"])[(x[:, 0] > 0).int().numpy() + (x[:, 1] > 0.5).int().numpy()]
    net = _network(3)
    found = T.last_layer(net, x, labels, scales=[1.0, 2.0])
    F = torch.as_tensor(found.features(x))
    codes = torch.as_tensor(np.unique(labels, return_inverse=True)[1])

    def objective(flat):
        w = flat.reshape(found.coef.shape)
        loss = nn.functional.cross_entropy(F @ w, codes, reduction="sum")
        return loss + 0.5 * w[:-1].square().sum() / found.scale**2

    at = torch.as_tensor(found.coef.ravel()).requires_grad_()
    assert torch.autograd.grad(objective(at), at)[0].abs().max() < 1e-2
    H = torch.autograd.functional.hessian(objective, at.detach()).numpy()
    assert np.abs(found.root @ found.root.T - H).max() < 1e-6
    far = torch.tensor([[30.0, -30.0], [0.0, 0.0]])
    plain = torch.softmax(torch.as_tensor(found.features(far) @ found.coef), 1).numpy().max(1)
    averaged = found.predict_proba(far)
    assert averaged.sum(1) == pytest.approx(np.ones(2))
    assert averaged.max(1)[0] < plain[0]
    with pytest.raises(pf.InputError, match="predict_proba"):
        found.predict(far)
