"""Laws of learned precisions: where the log evidence is stationary."""

import numpy as np
import pytest
from scipy import stats

from priorfit.solve.evidence.common import Common
from priorfit.solve.evidence.each import each
from priorfit.solve.evidence.rates import Rates

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5))
X = X - X.mean(axis=0)
Y = X @ [1.0, -1.0, 0.5, 0.0, 0.0] + RNG.normal(size=40)
Y = Y - Y.mean()
RATES = Rates(0.3, 2.0, 0.7, 0.5)


@pytest.mark.parametrize("rates", [Rates(), RATES], ids=["flat", "proper"])
def test_the_log_evidence_is_that_of_the_normal_distribution(rates):
    """log N(y; 0, I/a + XX'/l) + (log) hyper-priors."""
    evidence = Common.of(X, Y, 40.0, rates)
    for a, l in ((1.0, 1.0), (0.3, 5.0)):
        known = stats.multivariate_normal(cov=np.eye(40) / a + X @ X.T / l).logpdf(Y)
        known += rates.noise_shape * np.log(a) - rates.noise_rate * a
        known += rates.weight_shape * np.log(l) - rates.weight_rate * l
        assert evidence.log_evidence(a, l) == pytest.approx(known, rel=1e-10)


def _slopes(evidence, a, l, h=1e-5):
    f = evidence.log_evidence
    by_a = (f(a * np.exp(h), l) - f(a * np.exp(-h), l)) / (2 * h)
    return by_a, (f(a, l * np.exp(h)) - f(a, l * np.exp(-h))) / (2 * h)


@pytest.mark.parametrize("rates", [Rates(), RATES], ids=["flat", "proper"])
def test_the_gradient_vanishes_at_the_best(rates):
    """By central differences; away from it the reported gradient is theirs."""
    evidence = Common.of(X, Y, 40.0, rates)
    best = evidence.best()
    assert best.gradient < 1e-12
    assert max(map(abs, _slopes(evidence, best.noise, best.weight))) < 1e-6
    far = max(map(abs, _slopes(evidence, 2.0, 3.0))) / 20.0
    assert evidence.gradient(2.0, 3.0) == pytest.approx(far, rel=1e-6)
    assert evidence.gradient(best.noise, 1.01 * best.weight) > 1e-4


def test_no_other_precisions_are_more_probable():
    """best() is the highest of all maxima, near() is one of them."""
    evidence = Common.of(X, Y, 40.0, Rates())
    best = evidence.best()
    top = evidence.log_evidence(best.noise, best.weight)
    for a in np.geomspace(1e-3, 1e3, 30):
        for l in np.geomspace(1e-3, 1e3, 30):
            assert evidence.log_evidence(a, l) <= top + 1e-12
    assert evidence.near(1.0, 1.0) in evidence.maxima()


def test_the_posterior_is_ridge():
    """Mean (X'X + l/a)^-1 X'y and covariance (l I + a X'X)^-1, for n < p too."""
    for rows in (40, 3):
        evidence = Common.of(X[:rows], Y[:rows], float(rows), Rates())
        system = X[:rows].T @ X[:rows] + 0.5 * np.eye(5)
        known = np.linalg.solve(system, X[:rows].T @ Y[:rows])
        np.testing.assert_allclose(evidence.coef(0.5), known, atol=1e-12)
        np.testing.assert_allclose(
            evidence.covariance(2.0, 1.0), np.linalg.inv(2.0 * system), atol=1e-12
        )


def _evidence_of_each(noise, weight):
    known = stats.multivariate_normal(cov=np.eye(40) / noise + (X / weight) @ X.T).logpdf(Y)
    known += RATES.noise_shape * np.log(noise) - RATES.noise_rate * noise
    return known + (RATES.weight_shape * np.log(weight) - RATES.weight_rate * weight).sum()


def test_one_precision_per_column_is_stationary():
    """The slopes by all logarithms vanish, by central differences of the normal density."""
    found = each(X, Y, RATES, 1e4)
    assert found.gradient < 1e-10
    assert len(found.kept) == 5
    h, logs = 1e-5, np.log(np.append(found.weight, found.noise))
    for j in range(6):
        step = h * (np.arange(6) == j)
        up, down = (np.exp(logs + s * step) for s in (1, -1))
        rise = _evidence_of_each(up[-1], up[:-1]) - _evidence_of_each(down[-1], down[:-1])
        assert abs(rise / (2 * h)) < 1e-5


def test_columns_over_the_threshold_are_pruned():
    """Nothing is kept beyond it; what is left is stationary without them."""
    found = each(X, Y, Rates(1e-6, 1e-6, 1e-6, 1e-6), 20.0)
    gone = np.setdiff1d(np.arange(5), found.kept)
    assert len(gone)
    assert np.all(found.weight[gone] >= 20.0)
    assert not np.any(found.coef[gone])
    alone = each(X[:, found.kept], Y, Rates(1e-6, 1e-6, 1e-6, 1e-6), 20.0)
    np.testing.assert_allclose(found.coef[found.kept], alone.coef, atol=1e-8)
