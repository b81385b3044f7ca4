"""Laws of R-hat, effective sample sizes, Monte Carlo errors and intervals."""

import numpy as np
import pytest
from scipy.signal import lfilter

import priorfit.posterior.diagnostics as module
from priorfit import posterior as po
from priorfit._errors import InputError


def chains(rho, shape=(4, 500), seed=0):
    """AR(1) chains of unit variance, started in equilibrium."""
    noise = np.random.default_rng(seed).normal(size=shape)
    noise[:, 1:] *= np.sqrt(1 - rho**2)
    return lfilter([1.0], [1.0, -rho], noise, axis=1)


DRAWS = {
    "slow": chains(0.9),
    "fast": chains(0.0, (3, 101)),
    "antithetic": chains(-0.7),
    "heavy": np.random.default_rng(1).standard_t(1, size=(4, 400)),
    "apart": chains(0.3) + np.arange(4)[:, None],
    "wide": chains(0.3) * np.array([1, 1, 1, 4])[:, None],
    "integer": np.random.default_rng(2).poisson(3.0, size=(4, 300)).astype(float),
    "coin": np.random.default_rng(3).integers(0, 2, size=(2, 200)).astype(float),
    "few": chains(0.2, (2, 4)),
    "nine": chains(0.2, (2, 9)),
    "one chain": chains(0.5, (1, 300)),
}
FUNCTIONS = {
    "rhat": po.rhat,
    "ess_bulk": po.ess_bulk,
    "ess_tail": po.ess_tail,
    "ess_mean": po.ess_mean,
    "ess_quantile": lambda x: po.ess_quantile(x, 0.3),
    "mcse_mean": po.mcse_mean,
    "mcse_sd": po.mcse_sd,
    "mcse_quantile": lambda x: po.mcse_quantile(x, 0.3),
}


def peer(name, x):
    """The answer of arviz-stats; mcse_sd with the effective size of squared deviations."""
    base = pytest.importorskip("arviz_stats.base")
    S, axes = base.array_stats, {"chain_axis": 0, "draw_axis": 1}
    kind, _, method = name.partition("_")
    if kind == "rhat":
        return S.rhat(x, **axes)
    prob = {"tail": 0.05, "quantile": 0.3}.get(method)
    answer = getattr(S, kind)(x, method=method, prob=prob, **axes)
    if name == "mcse_sd":
        answer = answer * np.sqrt(S.ess(x, method="mean", **axes) / S.ess(x, method="sd", **axes))
    return answer


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("case", DRAWS)
def test_agrees_with_arviz(name, case):
    """f(x) = f_arviz(x)."""
    x = DRAWS[case]
    if name == "rhat" and len(x) == 1:
        pytest.skip("arviz gives no R-hat of one chain")
    np.testing.assert_allclose(FUNCTIONS[name](x), peer(name, x), rtol=1e-10)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_entries_are_judged_one_by_one(name):
    """f(x)[j] = f(x[..., j]); equal and non-finite draws give NaN there only."""
    x = np.stack([chains(r, seed=3) for r in (0.9, -0.5, 0.0, 0.0, 0.0)], axis=2)
    x[..., 3], x[1, 2, 4] = 7.0, np.inf
    answer = FUNCTIONS[name](x.reshape(4, 500, 1, 5))
    assert answer.shape == (1, 5)
    assert np.isnan(answer[0, 3:]).all()
    alone = [FUNCTIONS[name](x[..., j]) for j in range(3)]
    np.testing.assert_allclose(answer[0, :3], alone, rtol=1e-12)


def ar1_law(ess):
    """ess = S (1 - rho) / (1 + rho) for AR(1), to a tenth."""
    for rho in (0.9, 0.5, 0.0, -0.4):
        got = ess(np.stack([chains(rho, (4, 10000), seed) for seed in range(8)], axis=2))
        assert np.median(got) == pytest.approx(40000 * (1 - rho) / (1 + rho), rel=0.1)


@pytest.mark.parametrize("ess", [po.ess_mean, po.ess_bulk])
def test_effective_size_of_ar1(ess):
    ar1_law(ess)


def no_factor_two(rho):
    return (1 + ORIGINAL(rho)) / 2


def positive_only(rho):
    return np.maximum(ORIGINAL(rho), 1.0)


def one_lag(rho):
    return 1 + 2 * rho[1]


ORIGINAL = module._monotone_sum


@pytest.mark.parametrize("mutant", [no_factor_two, positive_only, one_lag])
def test_wrong_sums_of_autocorrelations_are_noticed(mutant, monkeypatch):
    monkeypatch.setattr(module, "_monotone_sum", mutant)
    with pytest.raises(AssertionError):
        ar1_law(po.ess_mean)


def error_law(error, estimate):
    """The error is the standard deviation of the estimate over repetitions, to a sixth."""
    for rho in (0.6, -0.4):  # effective sizes are cut off at S log10 S
        x = chains(rho, (4 * 600, 400), 5).reshape(600, 4, 400).transpose(1, 2, 0)
        truth = estimate(x).std()
        assert np.sqrt(np.mean(error(x) ** 2)) == pytest.approx(truth, rel=1 / 6)


ESTIMATES = {
    "mean": (po.mcse_mean, lambda x: x.mean(axis=(0, 1))),
    "sd": (po.mcse_sd, lambda x: x.std(axis=(0, 1))),
    "quantile": (lambda x: po.mcse_quantile(x, 0.2), lambda x: np.quantile(x, 0.2, axis=(0, 1))),
}


@pytest.mark.parametrize("name", ESTIMATES)
def test_errors_are_the_spread_of_estimates(name):
    error_law(*ESTIMATES[name])


def test_error_of_the_sd_of_antithetic_chains():
    """Squared deviations of rho = -0.8 are AR(1) with rho^2 = 0.64."""
    x = chains(-0.8, (4 * 600, 400), 5).reshape(600, 4, 400).transpose(1, 2, 0)
    truth = x.std(axis=(0, 1)).std()
    assert np.sqrt(np.mean(po.mcse_sd(x) ** 2)) == pytest.approx(truth, rel=1 / 6)


@pytest.mark.parametrize("name", ESTIMATES)
def test_errors_of_independent_draws_are_noticed(name):
    def shuffled(x):
        return ESTIMATES[name][0](np.random.default_rng(0).permuted(x, axis=1))

    with pytest.raises(AssertionError):
        error_law(shuffled, ESTIMATES[name][1])


def sees_law(rhat):
    """R-hat is below 1.01 for chains that agree, above for other places or widths, and where one
    chain drifts."""
    assert rhat(chains(0.0)) < 1.01
    assert rhat(DRAWS["apart"]) > 1.1
    assert rhat(DRAWS["wide"]) > 1.05
    assert rhat(chains(0.0, (1, 400)) + np.linspace(0, 3, 400)) > 1.1


def unfolded(x):
    return module._ratio(module._scores(module._split(x[..., None])))


def unsplit(x):
    return module._ratio(np.concatenate([x, x])[..., None])


def test_rhat_sees():
    sees_law(po.rhat)


@pytest.mark.parametrize("mutant", [unfolded, unsplit])
def test_blind_rhats_are_noticed(mutant):
    with pytest.raises(AssertionError):
        sees_law(mutant)


def test_energy():
    """ebfmi of AR(1) energies is 2 (1 - rho); of equal energies NaN; arviz agrees."""
    energy = np.concatenate([chains(0.9, (1, 20000)), chains(0.2, (1, 20000))])
    np.testing.assert_allclose(po.ebfmi(energy), [0.2, 1.6], rtol=0.1)
    assert np.isnan(po.ebfmi(np.ones((2, 9)))).all()
    base = pytest.importorskip("arviz_stats.base")
    np.testing.assert_allclose(po.ebfmi(energy), base.array_stats.bfmi(energy), rtol=1e-10)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shape", [(4, 3), (10,)])
def test_too_few_draws_are_refused(name, shape):
    with pytest.raises(InputError):
        FUNCTIONS[name](np.zeros(shape))


@pytest.mark.parametrize("q", [0.0, 1.0, np.nan])
def test_quantiles_outside_are_refused(q):
    with pytest.raises(InputError):
        po.ess_quantile(DRAWS["fast"], q)


def interval_law(interval, shortest):
    """At least floor(prob S) draws are inside; the hdi is never longer than the eti."""
    x = np.random.default_rng(0).gamma(1.0, size=(3, 2, 1001))
    for prob in (0.5, 0.89):
        ends = interval(x, prob)
        inside = ((x >= ends[..., :1]) & (x <= ends[..., 1:])).sum(axis=-1)
        assert (inside >= np.floor(prob * 1001)).all()
        assert (inside <= prob * 1001 + 2).all()
        if shortest:
            assert (np.diff(ends) <= np.diff(po.eti(x, prob))).all()
            assert (ends[..., 0] < 0.02).all()  # an exponential's mode is 0


def test_intervals():
    interval_law(po.eti, False)
    interval_law(po.hdi, True)


def test_wrong_intervals_are_noticed():
    for mutant, shortest in ((po.eti, True), (lambda x, p: po.eti(x, p / 2), False)):
        with pytest.raises(AssertionError):
            interval_law(mutant, shortest)


def test_intervals_of_arviz():
    S = pytest.importorskip("arviz_stats.base").array_stats
    for x in DRAWS.values():
        flat = x.ravel()
        np.testing.assert_allclose(po.eti(flat, 0.8), S.eti(flat, 0.8), rtol=1e-10)
        np.testing.assert_allclose(po.hdi(flat, 0.8), S.hdi(flat, 0.8, method="nearest"))
    assert np.isnan(po.hdi([0.0, np.nan, 1.0], 0.5)).all()


@pytest.mark.parametrize("prob", [0.0, 1.0])
def test_intervals_refuse(prob):
    for interval in (po.eti, po.hdi):
        with pytest.raises(InputError):
            interval([0.0, 1.0], prob)
        with pytest.raises(InputError):
            interval([0.0], 0.5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_units_do_not_matter(name):
    """R-hat and sizes of c x are those of x, errors c times those: c = 2^-70."""
    x = DRAWS["slow"]
    unit = 2.0**-70 if name.startswith("mcse") else 1.0
    np.testing.assert_allclose(FUNCTIONS[name](2.0**-70 * x), unit * FUNCTIONS[name](x), rtol=1e-12)
