"""Diagnostics are those of the field, on chains of every kind."""

import numpy as np
import pytest
from scipy.stats import norm

import priorfit as pf
from priorfit.posterior import diagnostics as d
from priorfit.posterior.intervals import eti, hdi
from priorfit.posterior.leave_one_out import compare, psis_loo
from priorfit.posterior.psis import psis
from priorfit.posterior.sensitivity import power_scaling


def _ar(rho, chains=4, draws=500, seed=0):
    rng = np.random.default_rng(seed)
    e, x = rng.normal(size=(chains, draws)), np.zeros((chains, draws))
    for t in range(1, draws):
        x[:, t] = rho * x[:, t - 1] + e[:, t]
    return x


CHAINS = {
    "independent": lambda: np.random.default_rng(1).normal(size=(4, 501)),
    "slow": lambda: _ar(0.95),
    "antithetic": lambda: _ar(-0.6),
    "one chain": lambda: _ar(0.5, 1, 100),
    "heavy tails": lambda: np.random.default_rng(2).standard_cauchy((3, 400)),
    "whole numbers": lambda: np.random.default_rng(3).integers(0, 4, (4, 300)).astype(float),
    "apart": lambda: _ar(0.3) + np.arange(4)[:, None],
    "few": lambda: _ar(0.3, 3, 12),
}
PAIRS = {
    "rhat": (d.rhat, lambda s, x, k: s.rhat(x, **k)),
    "bulk": (d.ess_bulk, lambda s, x, k: s.ess(x, method="bulk", **k)),
    "tail": (d.ess_tail, lambda s, x, k: s.ess(x, method="tail", prob=(0.05, 0.95), **k)),
    "mean": (d.ess_mean, lambda s, x, k: s.ess(x, method="mean", **k)),
    "mcse": (d.mcse_mean, lambda s, x, k: s.mcse(x, method="mean", **k)),
    "quantile": (
        lambda x: d.ess_quantile(x, 0.3),
        lambda s, x, k: s.ess(x, method="quantile", prob=0.3, **k),
    ),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("what", PAIRS)
def test_against_arviz(what, name):
    """The number that arviz-stats gives."""
    stats = pytest.importorskip("arviz_stats.base").array_stats
    if (what, name) == ("rhat", "one chain"):
        pytest.skip("arviz-stats asks for two chains; halves of one are compared here")
    x = CHAINS[name]()
    ours, theirs = PAIRS[what]
    wanted = theirs(stats, x, {"chain_axis": 0, "draw_axis": 1})
    assert np.allclose(ours(x), wanted, rtol=1e-9, equal_nan=True)
    assert np.allclose(
        ours(np.stack([x, x[:, ::-1]], axis=2))[0], wanted, rtol=1e-9, equal_nan=True
    )


def test_energy_against_arviz():
    """E-BFMI of each chain."""
    stats = pytest.importorskip("arviz_stats.base").array_stats
    x = _ar(0.6)
    assert np.allclose(d.ebfmi(x), stats.bfmi(x, chain_axis=0, draw_axis=1))


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.6, 0.9])
def test_size_of_autoregression(rho):
    """An AR(1) chain is worth ``n (1 - rho) / (1 + rho)`` independent draws."""
    x = _ar(rho, 4, 20_000)
    assert float(d.ess_mean(x)) == pytest.approx(80_000 * (1 - rho) / (1 + rho), rel=0.2)


def test_error_of_sd():
    """The standard deviation of sd over many chains is its Monte Carlo error."""
    found = [_ar(0.6, 2, 400, seed).std() for seed in range(300)]
    assert float(d.mcse_sd(_ar(0.6, 2, 4000))) * np.sqrt(10) == pytest.approx(
        np.std(found), rel=0.2
    )


def test_few_draws_are_refused():
    """One clear error where there is nothing to judge."""
    with pytest.raises(pf.InputError, match="at least 4 draws"):
        d.rhat(np.zeros((2, 3)))


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_psis_against_arviz(shape):
    """Smoothed weights and k-hat are those of arviz-stats."""
    stats = pytest.importorskip("arviz_stats.base").array_stats
    logs = shape * np.random.default_rng(0).exponential(size=(2000, 3))
    found = psis(logs)
    for j in range(3):
        weights, khat = stats.psislw(-logs[:, j])
        assert found.khat[j] == pytest.approx(float(khat), abs=0.02)
        assert np.allclose(found.log_weights[:, j], weights, atol=0.05)


def _conjugate(n=40, draws=4000):
    """y ~ N(b, 1), b ~ N(0, 1): draws of b, and the exact elpd by leaving out each row."""
    rng = np.random.default_rng(3)
    y = 0.4 + rng.normal(size=n)
    b = y.sum() / (n + 1) + rng.normal(size=(4, draws // 4)) / np.sqrt(n + 1)
    exact = norm.logpdf(y, (y.sum() - y) / n, np.sqrt(1 + 1 / n))
    return y, b, norm.logpdf(y, b[:, :, None], 1.0), exact


def test_leave_one_out_is_exact():
    """PSIS-LOO of a conjugate model is the closed form, row by row."""
    _, _, logs, exact = _conjugate()
    found = psis_loo(logs)
    assert np.allclose(found.pointwise, exact, atol=0.02)
    assert found.elpd == pytest.approx(exact.sum(), abs=0.1)
    assert len(found.bad) == 0
    assert not np.allclose(logs.mean(axis=(0, 1)), exact, atol=0.02)  # what is not left out


def test_compare_orders_and_weighs():
    """The model with more expected density is first and carries the stack."""
    _, _, logs, _ = _conjugate()
    good, bad = psis_loo(logs), psis_loo(logs - 0.3)
    table = compare({"worse": bad, "better": good})
    assert [r.name for r in table.rows] == ["better", "worse"]
    assert table.rows[1].difference == pytest.approx(-0.3 * 40, rel=1e-3)
    assert table.rows[0].weight > 0.99
    with pytest.raises(pf.InputError, match="same rows"):
        compare({"one": good, "other": psis_loo(logs[:, :, 1:])})


def test_power_scaling_against_arviz():
    """The distance that the cumulative distribution moves per doubling, as the exact posterior."""
    y, b, logs, _ = _conjugate(6)
    prior, data = norm.logpdf(b).ravel(), logs.sum(axis=2).ravel()
    found = power_scaling(b.reshape(-1, 1), prior, data, ["b"])
    weak = power_scaling(b.reshape(-1, 1), 1e-3 * prior, data, ["b"])
    assert found.prior[0] > 10 * weak.prior[0]
    assert found.likelihood[0] > found.prior[0]
    assert weak.diagnosis == ("-",)
    assert "b" in repr(found)


def test_intervals():
    """A central interval leaves equal tails, the shortest one is shorter or as long."""
    x = np.random.default_rng(0).exponential(size=(20_000, 2))
    central, shortest = eti(x, 0.9), hdi(x, 0.9)
    assert np.allclose(
        ((x < central[0]).mean(axis=0), (x > central[1]).mean(axis=0)), 0.05, atol=1e-3
    )
    assert np.all(np.diff(shortest, axis=0) < np.diff(central, axis=0))
    assert np.allclose(((x >= shortest[0]) & (x <= shortest[1])).mean(axis=0), 0.9, atol=1e-3)
    assert np.allclose(shortest[1], -np.log(0.1), atol=0.1)
