"""The pages against numbers that were computed elsewhere, and laws that every page must keep."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("fastapi")

import priorfit as pf
from priorfit.explore.controls import read
from priorfit.explore.pages import PAGES
from priorfit.explore.pages.mode_or_posterior import risks
from priorfit.explore.pages.myths import MYTHS
from priorfit.explore.pages.touching_shapes import zones
from priorfit.explore.texts import say_in


def ask(name, **given):
    page = PAGES[name]
    return page.answer(
        read(page.controls, {k: str(v) for k, v in given.items()}), say_in("en", name)
    )


@pytest.mark.parametrize(
    ("scale", "lasso", "soft", "ridge", "mean"),
    [(0.5, 0.4102, 0.3703, 0.3333, 0.3257), (1.0, 0.7056, 0.6708, 0.6667, 0.6315),
     (2.0, 0.8761, 0.8678, 0.8889, 0.8528)],
)  # fmt: skip
def test_risks_where_the_truth_is_laplace(scale, lasso, soft, ridge, mean):
    found = risks(scale)
    np.testing.assert_allclose(found[1:], (lasso, soft, ridge, mean), atol=1e-3)
    assert found.mean == min(found[1:])


def test_the_mode_is_sparse_and_the_belief_is_not():
    numbers = ask("mode-or-posterior", z=0.8, prior="laplace", width=1).numbers
    assert numbers["mode"] == 0.0
    assert numbers["prob_zero"] == 0.0
    np.testing.assert_allclose(numbers["mean"], 0.3944972428, atol=1e-9)


def test_two_rulers():
    """7 of 10, Beta(2, 2): 0.6667 as a share, 0.6429 as log odds."""
    numbers = ask("cat-food", n=10, belief=2).numbers
    np.testing.assert_allclose(numbers["on_share"], 2 / 3, atol=1e-6)
    np.testing.assert_allclose(numbers["on_logit"], 9 / 14, atol=1e-6)
    np.testing.assert_allclose(numbers["mle"], 0.7, atol=1e-6)


def test_zeros_come_with_the_corner_only():
    """For every height of the peak: zeros without rounding, none with any."""
    for peak in (0.05, 0.5, 3):
        assert ask("peak-or-corner", peak=peak, rounding=0).numbers["zeros"] > 0
        assert ask("peak-or-corner", peak=peak, rounding=1e-4).numbers["zeros"] == 0


def test_the_best_strength_is_the_belief():
    """error(noise^2 / 1) <= error(lambda), for every noise and degree."""
    for noise in (0.5, 1.0, 2.0):
        for degree in (3, 10):
            best = ask("why-shrink", noise=noise, degree=degree, lam=noise**2).numbers["error"]
            for lam in (0.01, 0.1, 30.0):
                other = ask("why-shrink", noise=noise, degree=degree, lam=lam).numbers["error"]
                assert best <= other + 1e-12


def test_lambda_is_the_price():
    """-dV/dt = lambda for the diamond, by difference of two paths."""
    X = np.linalg.cholesky([[1.0, 0.55], [0.55, 1.0]]).T
    numbers = ask("touching-shapes", ball="l1", lam=0.8, cx=2, cy=0.7).numbers
    path = pf.path(
        X, X @ [2.0, 0.7], prior=pf.Laplace(), likelihood=pf.Gaussian(noise=1.0), intercept=False,
        tol=1e-12,
    )  # fmt: skip
    step, losses = 1e-4, []
    for t in (numbers["radius"] - step, numbers["radius"] + step):
        away = X @ (path.within(t).coef - np.array([2.0, 0.7]))
        losses.append(0.5 * away @ away)
    np.testing.assert_allclose(numbers["price"], 0.8, rtol=1e-9)
    np.testing.assert_allclose((losses[0] - losses[1]) / (2 * step), 0.8, rtol=1e-5)


def zones_are_those_of_the_fits(zones):
    """A centre is in a zone <=> its fit has that zero, for centres anywhere but on the borders."""
    from matplotlib.path import Path as Route

    centres = np.random.default_rng(0).uniform(-4, 4, size=(300, 2))
    for ball, prior in (("l1", pf.Laplace()), ("enet", pf.ElasticNet(1.0, 1.0))):
        for lam, rho in ((0.8, 0.55), (0.3, -0.9), (2.0, 0.0)):
            X = np.linalg.cholesky([[1.0, rho], [rho, 1.0]]).T
            path = pf.path(
                X, X @ centres.T, prior=prior, likelihood=pf.Gaussian(noise=1.0), penalties=[lam],
                intercept=False, tol=1e-12,
            )  # fmt: skip
            zero = path.coefs[..., 0] == 0
            for corners, law in zip(zones(ball, lam, rho), (*zero, zero.all(axis=0)), strict=True):
                assert 0 < law.sum() < len(law)
                inside = Route(corners.T, closed=False).contains_points(centres)
                assert np.mean(inside == law) > 0.99  # the last digits decide at a border


def test_grey_centres_end_in_a_zero():
    pytest.importorskip("matplotlib")
    zones_are_those_of_the_fits(zones)
    assert zones("l2", 0.8, 0.55) == ()


def test_zones_of_another_bowl_are_seen():
    """Mutants: the correlation with the other sign, half the strength, the weights exchanged."""
    pytest.importorskip("matplotlib")
    for wrong in (
        lambda ball, lam, rho: zones(ball, lam, -rho),
        lambda ball, lam, rho: zones(ball, lam / 2, rho),
        lambda ball, lam, rho: tuple(z[::-1] for z in zones(ball, lam, rho)),
    ):
        with pytest.raises(AssertionError):
            zones_are_those_of_the_fits(wrong)


def test_a_fixed_belief_stops_selecting():
    """P(zero) = 2 Phi(sd / b) - 1: .954, .473, .159, .050, .016 at n = 1, 10, ... 10^4, b = .5."""
    expected = {1: 0.954, 10: 0.473, 100: 0.159, 1000: 0.050, 10000: 0.016}
    for n, share in expected.items():
        found = ask("ratio", n=n, noise=1, width=0.5).numbers["share_zero"]
        np.testing.assert_allclose(found, share, atol=1.5e-3)


def test_momentum_means_a_weaker_ridge():
    """Decay apart from the gradient, momentum mu: the end is ridge of lambda (1 - mu)."""
    for mu in (0.0, 0.5, 0.9):
        numbers = ask("weight-decay", lam=0.5, mu=mu).numbers
        np.testing.assert_allclose(numbers["momentum_1"], numbers["weaker_1"], atol=1e-9)
    assert abs(numbers["box_1"] - numbers["ridge_1"]) > 0.05


def test_two_layers_of_l2_are_lasso():
    assert "**lasso**" in ask("networks", depth="2", lam=20).sentence
    page = PAGES["networks"]
    rows = page.answer(read(page.controls, {"depth": "2"}), say_in("en", "networks")).table.rows
    for _, network, lasso, _ in rows:
        if lasso != "0":
            assert network == lasso


def test_only_a_threshold_lands():
    assert ask("reach-zero", solver="subgradient").numbers["zeros"] == 0
    for solver in ("ista", "fista", "descent"):
        numbers = ask("reach-zero", solver=solver).numbers
        assert numbers["zeros"] == numbers["true_zeros"] > 0


def test_twins():
    lasso = ask("twins", rho=0.99, mix=1, strength=0.3).numbers
    ridge = ask("twins", rho=0.99, mix=0, strength=0.3).numbers
    assert lasso["second"] == 0.0 < lasso["first"]
    assert abs(ridge["first"] - ridge["second"]) < 0.1 * ridge["first"]


#: of each myth: what its numbers must say, for every seed
VERDICTS = {
    "peak": lambda v: v["corner"] > 0 == v["tower"],
    "sparse_posterior": lambda v: v["mode_zero"] == 100 and v["tent_zero"] == 0 < v["spike_zero"],
    "best_for_laplace": lambda v: v["mean"] < v["ridge"] < v["lasso"],
    "lambda_of_model": lambda v: abs(v["twice"] - v["halved"]) < 1e-9 < v["twice"] - v["once"],
    "squared_norm": lambda v: v["squared"] == 0 < v["unsquared"],
    "intercept": lambda v: v["flat"] < 1e-6 < 1 < v["penalised"],
    "units": lambda v: max(v["least_squares"], v["scaled_along"]) < 1e-6 < v["same_scale"],
    "true_variables": lambda v: v["alike"] < v["apart"],
    "noise_or_prior": lambda v: v["laplace_noise"] < 0.3 < 1 < v["laplace_prior"],
    "never_grows": lambda v: v["norm_grew"] == 0 < v["grew"] + v["crossed"],
}


@pytest.mark.parametrize("myth", MYTHS)
def test_a_counter_example_holds_for_every_seed(myth):
    """One lucky draw would refute nothing."""
    for seed in (1, 2, 3, 7, 20, 40):
        assert VERDICTS[myth](MYTHS[myth][0](seed)), seed


def test_a_verdict_refuses_the_myth_itself():
    """Mutant: each number under its neighbour's name."""
    for myth, (function, _) in MYTHS.items():
        found = function(1)
        values = list(found.values())
        told = dict(zip(found, values[-1:] + values[:-1], strict=True))
        assert not VERDICTS[myth](told), myth
