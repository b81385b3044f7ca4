"""What regularization as priors really says: statements with their numbers."""

from itertools import combinations

import numpy as np
import pytest
from scipy import integrate, optimize
from scipy.special import log_ndtr

import priorfit as pf
from laws import example
from priorfit import sklearn as drop_ins

NOISE = pf.Gaussian(noise=1.0)


def _fit(X, y, prior, **options):
    problem = pf.Problem.make(X, y, prior=prior, likelihood=NOISE, **options)
    return pf.solve(problem, tol=1e-11)


def test_size_is_not_complexity():
    """C3: rescaling a column leaves the predictions unchanged iff its prior is rescaled too."""
    X, y, *_ = example()
    factor = np.array([1.0, 1000.0, 1.0, 0.01, 1.0, 1.0])
    scale = np.full(6, 0.3)
    plain = _fit(X, y, pf.Normal(scale))
    moved = _fit(X * factor, y, pf.Normal(scale / factor))
    same = X @ plain.coef + plain.intercept
    np.testing.assert_allclose(X * factor @ moved.coef + moved.intercept, same, atol=1e-10)
    naive = _fit(X * factor, y, pf.Normal(scale))
    assert np.max(np.abs(X * factor @ naive.coef + naive.intercept - same)) > 1e-3


def test_leave_the_intercept_alone():
    """C4: y + 100 moves a flat-prior intercept by 100 and no weight; a penalised one moves all."""
    X, y, *_ = example()
    a, b = _fit(X, y, pf.Normal(0.5)), _fit(X, y + 100, pf.Normal(0.5))
    assert b.intercept - a.intercept == pytest.approx(100.0, abs=1e-9)
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-10)
    ones = np.column_stack([np.ones(len(y)), X])
    penalised = [_fit(ones, z, pf.Normal(0.5), intercept=False).coef for z in (y, y + 100)]
    change = penalised[1] - penalised[0]
    assert change[0] < 99.0
    assert np.all(np.abs(change[1:]) > 1e-3)


@pytest.mark.parametrize(
    "prior", [pf.Normal(0.4), pf.Laplace(0.4), pf.ElasticNet(0.4, 0.9, loc=0.2)], ids=repr
)
def test_penalty_is_minus_log_prior(prior):
    """C6: J - (half RSS + lambda penalty) / phi is one constant over random weights."""
    X, y, *_ = example()
    phi = 1.7
    problem = pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(noise=np.sqrt(phi)))
    form, rng = problem.form, np.random.default_rng(0)
    differences = []
    for _ in range(1000):
        b0, b = rng.normal(), rng.normal(size=6)
        t = b - form.loc
        penalised = 0.5 * np.sum((y - b0 - X @ b) ** 2)
        penalised += phi * form.l1 @ np.abs(t) + 0.5 * phi * form.l2 @ t**2
        differences.append(problem.objective(b0, b, phi) - penalised / phi)
    assert np.ptp(differences) < 1e-9 * max(map(abs, differences))


def test_a_mean_loss_penalty_tightens_as_rows_come():
    """C6c: every row twice with Ridge(alpha) is the data once with alpha / 2."""
    X, y, *_ = example()
    twice = np.vstack([X, X]), np.r_[y, y]
    for alpha in (0.3, 20.0):
        a = drop_ins.Ridge(alpha=alpha, tol=1e-12).fit(*twice)
        b = drop_ins.Ridge(alpha=alpha / 2, tol=1e-12).fit(X, y)
        np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-11, atol=1e-13)


def test_lambda_is_noise_over_prior():
    """C6b-c: halving the noise variance halves lambda under the same belief."""
    X, y, *_ = example()
    for prior, of in (
        (pf.Laplace(0.3), lambda phi: phi / 0.3),
        (pf.Normal(0.3), lambda v: v / 0.09),
    ):
        for phi in (2.0, 1.0):
            fit = pf.solve(
                pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(np.sqrt(phi))), tol=1e-11
            )
            path = pf.path(X, y, prior=prior, penalties=[of(phi)])
            np.testing.assert_allclose(fit.coef, path.coefs[:, 0], atol=1e-9)


@pytest.mark.parametrize(("b", "tau"), [(0.5, 0.8), (0.05, 3.0), (20.0, 0.1)])
def test_elastic_net_has_a_proper_prior(b, tau):
    """C6b: Z = 2 sqrt(2 pi) tau exp(tau^2/2b^2) Phi(-tau/b); the limits are the two factors."""
    prior = pf.ElasticNet(b, tau)
    log_z = np.log(2 * np.sqrt(2 * np.pi) * tau) + tau**2 / (2 * b**2) + log_ndtr(-tau / b)
    if tau / b < 100:
        assert float(prior.neg_log_density(0.0)) == pytest.approx(log_z, abs=1e-10)
    total = integrate.quad(
        lambda x: 2 * np.exp(-prior.neg_log_density(x)),
        0,
        float(prior.quantile(1 - 1e-14)),
        epsabs=1e-13,
        limit=300,
    )[0]
    assert total == pytest.approx(1.0, abs=1e-10)
    x = np.array([-2.0, 0.0, 0.7])
    np.testing.assert_allclose(
        pf.ElasticNet(1e12, tau).neg_log_density(x),
        pf.Normal(tau).neg_log_density(x),
        rtol=1e-9,
        atol=1e-9,
    )
    np.testing.assert_allclose(
        pf.ElasticNet(b, 1e9).neg_log_density(x),
        pf.Laplace(b).neg_log_density(x),
        rtol=1e-9,
        atol=1e-9,
    )


def _smooth_minimum(z, eps):
    """argmin (w - z)^2 / 2 + sqrt(w^2 + eps) / 0.2 for z > 0, by bisection of its slope."""
    low, high = np.zeros_like(z), z
    for _ in range(200):
        w = (low + high) / 2
        over = w - z + w / np.sqrt(w * w + eps) / 0.2 > 0
        low, high = np.where(over, low, w), np.where(over, w, high)
    return low


def test_kink_not_peak():
    """C10: a low Laplace peak (b = 5) gives exact zeros; a towering smooth peak never does."""
    low = pf.Laplace(5.0)
    assert float(np.exp(-low.neg_log_density(0.0))) == pytest.approx(0.1)
    assert low.prox(0.15) == 0.0

    def smooth(z):
        return optimize.minimize_scalar(
            lambda w: 0.5 * (w - z) ** 2 + np.sqrt(w * w + 1e-6) / 0.2,
            bounds=(0, 1),
            method="bounded",
            options={"xatol": 1e-14},
        ).x

    assert smooth(1.0) == pytest.approx(2.04e-4, rel=5e-3)
    draws = np.random.default_rng(0).normal(size=10_000)
    for eps in (1e-12, 1e-6, 1e-2):  # however sharp, as long as it is smooth
        assert np.all(_smooth_minimum(np.abs(draws), eps) > 0)
    assert np.mean(pf.Laplace(1.0).prox(draws) == 0) == pytest.approx(0.6827, abs=0.02)
    assert np.all(pf.Normal(0.01).prox(draws) != 0)


def test_zero_set_of_the_lasso():
    """C10: weight j is 0 iff |X_j'r| <= lambda."""
    X, y, *_ = example(n=60)
    path = pf.path(X, y, prior=pf.Laplace(), n_points=30, tol=1e-12)
    for k, penalty in enumerate(path.penalties):
        pull = X.T @ (y - path.intercepts[k] - X @ path.coefs[:, k])
        zero = path.coefs[:, k] == 0
        assert np.all(np.abs(pull[zero]) <= penalty * (1 + 1e-9))
        np.testing.assert_allclose(np.abs(pull[~zero]), penalty, rtol=1e-7)


def test_lambda_max_is_exact():
    """C14: at 1.0001 lambda_max nothing is in the model, at 0.9999 exactly one column is."""
    X, y, *_ = example(n=60)
    problem = pf.Problem.make(X, y, prior=pf.Laplace())
    top = pf.lambda_max(problem)
    assert top == pytest.approx(np.max(np.abs((X - X.mean(0)).T @ (y - y.mean()))))
    path = pf.path(X, y, prior=pf.Laplace(), penalties=[1.0001 * top, 0.9999 * top])
    np.testing.assert_array_equal(path.n_nonzero, [0, 1])


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
def test_lambda_max_of_other_likelihoods(likelihood):
    """The same threshold for GLMs, with weights, offset and an unpenalised column."""
    X, y, w, o = example(likelihood, n=80)
    scale = np.array([np.inf, 1.0, 1.0, 1.0, 0.5, 1.0])
    known = {"bernoulli": pf.Bernoulli(), "poisson": pf.Poisson()}[likelihood]
    options = {"prior": pf.Laplace(scale), "likelihood": known, "weights": w, "offset": o}
    top = pf.lambda_max(pf.Problem.make(X, y, **options))
    path = pf.path(X, y, penalties=[1.0001 * top, 0.999 * top], tol=1e-12, **options)
    np.testing.assert_array_equal(path.n_nonzero, [1, 2])


def test_kkt_and_gap_reach_rounding():
    """C14: KKT residual < 1e-8 and gap < 1e-10 at every point of a path."""
    X, y, *_ = example(n=60)
    path = pf.path(X, y, prior=pf.Laplace())
    assert path.kkts.max() < 1e-8
    assert path.gaps.max() < 1e-10


def test_penalty_and_constraint_are_one():
    """C15: an independent constrained solve equals the lasso, and -dV/dt = lambda = 12."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = X @ np.array([2.0, -1.5, 0.3]) + rng.normal(size=40)
    path = pf.path(X, y, prior=pf.Laplace(), penalties=[12.0], intercept=False, tol=1e-12)
    coef, radius = path.coefs[:, 0], path.norms[0]

    def half_rss(v):
        return 0.5 * np.sum((y - X @ (v[:3] - v[3:])) ** 2)

    def constrained(t):
        start = np.r_[np.maximum(coef, 0), np.maximum(-coef, 0)] * (t / radius)
        bound = {"type": "ineq", "fun": lambda v: t - v.sum()}
        return optimize.minimize(
            half_rss,
            start,
            bounds=[(0, None)] * 6,
            constraints=[bound],
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 1000},
        )

    found = constrained(radius).x
    np.testing.assert_allclose(found[:3] - found[3:], coef, atol=1e-7)
    h = 1e-4

    def value(t):
        b = pf.path(X, y, prior=pf.Laplace(), intercept=False, ratio=1e-4).at_norm(t)[1]
        return 0.5 * np.sum((y - X @ b) ** 2)

    slope = -(value(radius + h) - value(radius - h)) / (2 * h)
    assert slope == pytest.approx(12.0, abs=1e-5)


def test_subset_size_is_not_reached_by_a_penalty():
    """C15(e): best-subset RSS 1.941, 1.909, 0, 0: no L0 penalty has size 1 as its optimum."""
    rss = np.array([1.941, 1.909, 0.0, 0.0])
    for strength in np.geomspace(1e-4, 10, 4001):
        assert np.argmin(rss + strength * np.arange(4)) != 1
    # such a table exists: two columns that only together explain y
    X = np.array([[1.0, 1.0, 0.4], [1.0, -1.0, 0.1], [0.2, 0.1, 1.0], [-1.0, -0.9, 0.3]])
    y = X[:, 0] - X[:, 1]
    best = [
        min(
            np.linalg.lstsq(X[:, list(s)], y, rcond=None)[1].sum() if s else y @ y
            for s in combinations(range(3), size)
        )
        for size in range(3)
    ]
    assert best[2] < 1e-20 < best[1] <= best[0]


def test_twins():
    """C18: twins share under ridge and elastic net; the lasso fixes only their sum."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    X = np.column_stack([x, x, rng.normal(size=60)])
    y = 2 * x + 0.3 * rng.normal(size=60)
    for prior in (pf.Normal(0.5), pf.ElasticNet(0.2, 0.5)):
        coef = _fit(X, y, prior).coef
        assert coef[0] == pytest.approx(coef[1], abs=1e-9)
    lasso = _fit(X, y, pf.Laplace(0.2))
    single = _fit(X[:, 1:], y, pf.Laplace(0.2))
    assert lasso.coef[0] + lasso.coef[1] == pytest.approx(single.coef[0], abs=1e-8)
    assert min(lasso.coef[:2]) >= -1e-12
    # the whole segment between the twins is optimal
    problem = pf.Problem.make(X, y, prior=pf.Laplace(0.2), likelihood=NOISE)
    total = lasso.coef[0] + lasso.coef[1]
    values = [
        problem.objective(lasso.intercept, np.array([s * total, (1 - s) * total, lasso.coef[2]]))
        for s in (0.0, 0.3, 1.0)
    ]
    assert np.ptp(values) < 1e-9


def test_elastic_net_is_the_lasso_on_augmented_rows():
    """C18: naive elastic net = lasso with sqrt(lambda_2) I below X."""
    X, y, *_ = example(n=50)
    l1, l2 = 3.0, 2.0
    net = pf.path(X, y, prior=pf.ElasticNet(1 / l1, l2**-0.5), penalties=[l1 + l2], intercept=False)
    below = np.sqrt(l2) * np.eye(6)
    lasso = pf.path(
        np.vstack([X, below]),
        np.r_[y, np.zeros(6)],
        prior=pf.Laplace(),
        penalties=[l1],
        intercept=False,
    )
    np.testing.assert_allclose(net.coefs, lasso.coefs, atol=1e-9)


def test_grouping_bound():
    """C18: |w_i - w_j| <= ||y|| sqrt(2 (1 - rho)) / lambda_2 for unit-norm columns."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        X = rng.normal(size=(30, 4))
        X[:, 1] = X[:, 0] + 0.2 * rng.normal(size=30)
        X /= np.linalg.norm(X, axis=0)
        y = rng.normal(size=30)
        l1, l2 = 0.1, 0.5
        prior = pf.ElasticNet(1 / l1, l2**-0.5)
        coef = pf.path(X, y, prior=prior, penalties=[l1 + l2], intercept=False).coefs[:, 0]
        if coef[0] * coef[1] > 0:
            rho = X[:, 0] @ X[:, 1]
            bound = np.linalg.norm(y) * np.sqrt(2 * (1 - rho)) / l2
            assert abs(coef[0] - coef[1]) <= bound
