"""Native proximal steps are those of torch's operations."""

from dataclasses import replace

import pytest

import priorfit as pf

torch = pytest.importorskip("torch")
from priorfit.torch import act, steps  # noqa: E402
from priorfit.torch.belief import belief_of  # noqa: E402

BELIEFS = {
    "laplace": belief_of(pf.Laplace(2.0), n=1),
    "elastic net": belief_of(pf.ElasticNet(2.0, 1.0), n=1),
    "normal": belief_of(pf.Normal(2.0), n=1),
    "log": belief_of(pf.LogLaplace(2.0, 1.0), n=1),
    "log, not convex": belief_of(pf.LogLaplace(0.5, -0.9), n=1),
    "rows": belief_of(pf.GroupLaplace(scale=4.0), n=1),
    "heads": belief_of(pf.GroupLaplace(scale=8.0), n=1, by="heads", heads=4),
    "sparse groups": belief_of(pf.SparseGroupLaplace(l1_scale=3.0, group_scale=8.0), n=1),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("metric", [True, False])
@pytest.mark.parametrize("name", BELIEFS)
def test_native_is_torch(monkeypatch, name, metric, dtype):
    """One pass of native code = the maps of `priorfit.torch.prox`, and the same zeros but where
    rounding decides; also where some weights have hardly any gradient."""
    torch.manual_seed(0)
    z = torch.randn(32, 41, dtype=dtype) * torch.rand(32, 1, dtype=dtype)
    square = torch.rand(32, 41, dtype=dtype) ** 4 * 4
    square[:, ::7] *= 1e-12
    size = steps.StepSize(0.5, square if metric else None, 1.3, 1e-8)
    with torch.no_grad():
        native = z.clone()
        act.apply_(native, size, BELIEFS[name])
        other = z.clone()
        act.apply_(other, size.times(1.1), BELIEFS[name])
        monkeypatch.setattr(act, "fits", lambda w, step: False)
        plain = z.clone()
        act.apply_(plain, size, BELIEFS[name])
    limit = 1e-12 if dtype == torch.float64 else 2e-5
    assert (native - plain).abs().max() < limit
    assert int(((native == 0) != (plain == 0)).sum()) <= (0 if dtype == torch.float64 else 1)
    assert (other - plain).abs().max() > 1e-3
    assert not bool(torch.signbit(native[native == 0]).any()) or name == "normal"


@pytest.mark.parametrize("rate", [0.0, 1e-40, 1e-25, 1e-13])
def test_hardly_any_belief(rate, monkeypatch):
    """A rate near 0 leaves groups alone, in single precision too, whatever their gradients."""
    torch.manual_seed(0)
    z, square = torch.randn(5, 9), torch.rand(5, 9) ** 8
    z[:, 3], square[:, 3] = 0.0, 0.0
    size = steps.StepSize(1e-3, square, 1.0, 1e-8)
    for native in (True, False):
        monkeypatch.setattr(act, "fits", lambda w, step, native=native: native)
        w = z.clone()
        act.apply_(w, size, replace(BELIEFS["rows"], group=rate))
        assert torch.allclose(w, z, atol=1e-6)


def test_columns_and_strange_layouts_take_the_slow_way():
    """Columns, transposed memory, half precision: the result is that of contiguous rows."""
    torch.manual_seed(0)
    z = torch.randn(6, 5, dtype=torch.float64)
    size = steps.StepSize(1.0)
    rows, columns = (replace(BELIEFS["rows"], by=by) for by in ("rows", "columns"))
    one, other = z.clone(), z.clone().T
    act.apply_(one, size, rows)
    act.apply_(other, size, columns)
    assert torch.allclose(one.T, other, atol=1e-14)
    half = z.to(torch.bfloat16)
    act.apply_(half, size, BELIEFS["laplace"])
    assert torch.allclose(half.double(), torch.nn.functional.softshrink(z, 0.5), atol=0.02)
