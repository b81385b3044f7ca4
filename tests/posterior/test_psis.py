"""Laws of smoothed weights, leave-one-out of draws, comparison and power scaling."""

import numpy as np
import pytest
from scipy.stats import norm

from priorfit import posterior as po
from priorfit._errors import InputError
from priorfit.posterior.leave_one_out import stacking
from priorfit.posterior.sensitivity import distance

RNG = np.random.default_rng(0)
WEIGHTS = {
    "light": RNG.normal(size=(4000, 3)) * 0.3,
    "heavy": RNG.normal(size=(1000, 2)) * 3.0,
    "pareto": RNG.exponential(size=(2000, 4)) * 0.8,
    "bounded": -RNG.exponential(size=(500, 2)),
    "few": RNG.normal(size=(60, 2)),
}


def conjugate(n=40, prior_sd=1.0, shift=0.0, shape=(4, 2000), seed=0):
    """y_i ~ N(mu, 1), mu ~ N(0, prior_sd^2): y, independent draws of mu (chains, draws)."""
    rng = np.random.default_rng(seed)
    y = shift + rng.normal(size=n)
    precision = n + prior_sd**-2
    return y, y.sum() / precision + rng.normal(size=shape) / np.sqrt(precision)


@pytest.mark.parametrize("case", WEIGHTS)
@pytest.mark.parametrize("reff", [1.0, 0.4])
def test_weights_of_arviz(case, reff):
    """psis(w) = psislw(-w)."""
    S = pytest.importorskip("arviz_stats.base").array_stats
    smoothed = po.psis(WEIGHTS[case], reff)
    for j, column in enumerate(WEIGHTS[case].T):
        log_weights, khat = S.psislw(-column, r_eff=reff)
        np.testing.assert_allclose(smoothed.log_weights[:, j], log_weights, rtol=1e-10)
        assert smoothed.khat[j] == pytest.approx(khat, rel=1e-10, abs=1e-12)


def smoothing_law(psis):
    """Weights sum to 1, keep their order and all but the tail; k is that of Pareto weights."""
    for raw in WEIGHTS.values():
        log_weights = psis(raw).log_weights
        np.testing.assert_allclose(np.exp(log_weights).sum(axis=0), 1.0)
        order = np.argsort(raw, axis=0)
        ranked = np.take_along_axis(log_weights, order, axis=0)
        assert (np.diff(ranked, axis=0) >= -1e-12).all()
        low = np.diff(ranked[: len(raw) * 3 // 4], axis=0)
        sorted_raw = np.take_along_axis(raw, order, axis=0)
        np.testing.assert_allclose(low, np.diff(sorted_raw[: len(raw) * 3 // 4], axis=0), atol=1e-9)
    for k in (0.2, 0.5, 0.9):
        raw = k * np.random.default_rng(1).exponential(size=(20000, 20))
        assert psis(raw).khat.mean() == pytest.approx(k, abs=0.05)


def test_smoothing():
    smoothing_law(po.psis)


def raw_weights(raw):
    return po.Smoothed(raw, po.psis(raw).khat)


def wrong_sign(raw):
    smoothed = po.psis(-raw)
    return po.Smoothed(smoothed.log_weights, smoothed.khat)


def shape_halved(raw):
    smoothed = po.psis(raw)
    return po.Smoothed(smoothed.log_weights, smoothed.khat / 2)


@pytest.mark.parametrize("mutant", [raw_weights, wrong_sign, shape_halved])
def test_wrong_smoothing_is_noticed(mutant):
    with pytest.raises(AssertionError):
        smoothing_law(mutant)


def test_tails_that_cannot_be_fitted():
    """Few draws: khat inf; equal weights: khat -inf, weights kept; columns stand alone."""
    assert po.psis(np.zeros((20, 1))).khat[0] == np.inf
    mixed = np.column_stack([np.zeros(500), WEIGHTS["bounded"][:, 0]])
    both = po.psis(mixed, np.array([1.0, 0.3]))
    assert both.khat[0] == -np.inf
    np.testing.assert_allclose(np.exp(both.log_weights[:, 0]), 1 / 500)
    alone = po.psis(mixed[:, 1:], 0.3)
    np.testing.assert_allclose(both.log_weights[:, 1:], alone.log_weights)
    ties = np.repeat([0.0, 1.0, 5.0], [450, 49, 1])[:, None]
    assert po.psis(ties).khat[0] == np.inf


@pytest.mark.parametrize("bad", [np.full((30, 1), np.nan), np.zeros(30), np.full((30, 1), np.inf)])
def test_weights_that_are_refused(bad):
    with pytest.raises(InputError):
        po.psis(bad)


def loo_law(loo):
    """elpd_i = log N(y_i; mean and variance of mu given the others), in closed form."""
    y, mu = conjugate()
    precision = len(y) - 1 + 1.0
    exact = norm.logpdf(y, (y.sum() - y) / precision, np.sqrt(1 + 1 / precision))
    found = loo(norm.logpdf(y, mu[..., None], 1.0))
    np.testing.assert_allclose(found.pointwise, exact, atol=0.02)
    everything = norm.logpdf(y, y.sum() / (len(y) + 1), np.sqrt(1 + 1 / (len(y) + 1)))
    assert found.p_loo == pytest.approx((everything - exact).sum(), rel=0.05)
    assert found.n_bad == 0
    assert found.se == pytest.approx(np.sqrt(len(y)) * exact.std(), rel=0.05)


def test_loo_of_the_conjugate_normal():
    loo_law(po.psis_loo)


@pytest.mark.parametrize("power", [0.0, -1.0])
def test_wrong_weights_are_noticed(power, monkeypatch):
    import priorfit.posterior.leave_one_out as room

    monkeypatch.setattr(room, "psis", lambda raw, reff: po.psis(power * raw, reff))
    with pytest.raises(AssertionError):
        loo_law(po.psis_loo)


def test_rows_that_must_not_be_trusted():
    """A row far away has a large khat; the table says what to do."""
    y, mu = conjugate(5, shape=(4, 500))
    y[0] = 30.0
    found = po.psis_loo(norm.logpdf(y, mu[..., None], 1.0))
    assert found.khat[0] > found.threshold
    assert found.n_bad == np.sum(found.khat > found.threshold)
    assert "refit" in repr(found)
    assert found.threshold == pytest.approx(1 - 1 / np.log10(2000))
    for bad in (np.zeros((4, 9)), np.full((1, 9, 2), np.nan)):
        with pytest.raises(InputError):
            po.psis_loo(bad)


def stacking_law(weigh):
    """At the optimum ``mean_i p_ik / p_i(w) <= 1`` for all models, equal where w_k > 0."""
    for seed, k in ((0, 2), (1, 4), (2, 1)):
        points = np.random.default_rng(seed).normal(size=(200, k)) - np.arange(k) * 0.7 - 900.0
        w = weigh(points)
        density = np.exp(points - points.max(axis=1, keepdims=True))
        slope = (density / (density @ w)[:, None]).mean(axis=0)
        assert w.sum() == pytest.approx(1.0)
        assert (slope <= 1 + 1e-4).all()
        np.testing.assert_allclose(slope[w > 1e-3], 1.0, atol=1e-4)


def test_stacking():
    stacking_law(stacking)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda points: np.full(points.shape[1], 1 / points.shape[1]),
        lambda points: np.eye(points.shape[1])[points.sum(axis=0).argmax()],
    ],
)
def test_wrong_mixtures_are_noticed(mutant):
    with pytest.raises(AssertionError):
        stacking_law(mutant)


def test_comparison():
    """Sorted by elpd; differences are of the rows; other rows are refused."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 30))
    loos = {
        name: po.PsisLoo(points, 1.0, np.zeros(30), 0.7)
        for name, points in (("a", a), ("b", b), ("worst", np.minimum(a, b) - 1))
    }
    table = po.compare(loos)
    assert table.names[-1] == "worst"
    assert table.rank == (1, 2, 3)
    assert (np.diff(table.elpd) <= 0).all()
    assert table.difference[0] == table.se[0] == 0.0
    assert table.difference[1] == pytest.approx(-abs(a.sum() - b.sum()))
    assert table.se[1] == pytest.approx(np.sqrt(30) * (a - b).std())
    assert table.weight[2] == pytest.approx(0.0, abs=1e-6)
    assert len(repr(table).splitlines()) == 4
    short = po.PsisLoo(a[:9], 1.0, np.zeros(9), 0.7)
    for wrong in ({"a": loos["a"], "short": short}, {}):
        with pytest.raises(InputError):
            po.compare(wrong)


def parts(y, mu, prior_sd):
    return mu[..., None], norm.logpdf(mu, 0, prior_sd), norm.logpdf(y, mu[..., None]).sum(axis=2)


CASES = {
    "prior-data conflict": (10, 0.3, 3.0),
    "-": (40, 10.0, 0.5),
    "strong prior / weak likelihood": (1, 0.05, 0.0),
}


def exact_distance(first, second):
    """Of two normals, at the middles of 20,000 equally probable cells."""
    grid = norm.ppf((np.arange(20000) + 0.5) / 20000, *first)[:, None]
    weights = np.exp(norm.logpdf(grid, *second) - norm.logpdf(grid, *first))
    return max(distance(sign * grid, weights)[0] for sign in (1, -1))


def slope_law(scale, case):
    """The slopes are those of the exact posterior N(m_a, s_a^2) with prior^a, likelihood^a."""
    n, sd, shift = CASES[case]
    y, mu = conjugate(n, sd, shift, (4, 10000))

    def posterior(prior, likelihood):
        precision = likelihood * n + prior * sd**-2
        return likelihood * y.sum() / precision, precision**-0.5

    here = posterior(1, 1)
    found = scale(*parts(y, mu, sd))
    for got, step in ((found.prior[0], (0.01, 0)), (found.likelihood[0], (0, 0.01))):
        ends = [posterior(*(1 + sign * np.array(step))) for sign in (-1, 1)]
        size = [exact_distance(here, end) for end in ends]
        slope = (size[0] / -np.log2(0.99) + size[1] / np.log2(1.01)) / 2
        assert got == pytest.approx(slope, rel=0.1, abs=0.004)
    assert found.diagnosis == (case,)


@pytest.mark.parametrize("case", CASES)
def test_power_scaling_of_the_conjugate_normal(case):
    slope_law(po.power_scaling, case)


def test_wrong_power_scaling_is_noticed():
    def swapped(values, prior, likelihood):
        return po.power_scaling(values, likelihood, prior)

    def doubled(values, prior, likelihood):
        return po.power_scaling(values, 2 * prior, 2 * likelihood)

    for mutant, case in ((swapped, "strong prior / weak likelihood"), (doubled, "-")):
        with pytest.raises(AssertionError):
            slope_law(mutant, case)


@pytest.mark.parametrize("case", CASES)
def test_power_scaling_of_arviz(case):
    """power_scaling = power_scale_sense of weights from power_scale_lw, which sees one chain."""
    S = pytest.importorskip("arviz_stats.base").array_stats
    n, sd, shift = CASES[case]
    y, mu = conjugate(n, sd, shift, (1, 2000))
    values, *logs = parts(y, mu, sd)
    found = po.power_scaling(values, *logs)
    for got, part in zip((found.prior, found.likelihood), logs, strict=True):
        weights = [np.exp(S.power_scale_lw(part, alpha=a, axis=(0, 1))) for a in (0.99, 1.01)]
        wanted = S.power_scale_sense(mu, *weights, 0.99, 1.01)
        np.testing.assert_allclose(got[0], wanted, rtol=1e-7, atol=1e-8)


def test_power_scaling_of_nothing():
    """Constant densities and constant parameters move nothing; wrong shapes are refused."""
    x = RNG.normal(size=(2, 50, 2))
    x[..., 1] = 3.0
    found = po.power_scaling(x, np.zeros((2, 50)), -(x[..., 0] ** 2))
    assert (found.prior == 0.0).all()
    assert found.likelihood[1] == 0.0
    assert len(repr(found).splitlines()) == 3
    for wrong in (np.zeros((2, 49)), np.full((2, 50), np.nan)):
        with pytest.raises(InputError):
            po.power_scaling(x, wrong, np.zeros((2, 50)))
