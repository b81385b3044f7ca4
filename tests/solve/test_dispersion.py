"""Laws of what is estimated beside the weights: dispersion, theta, scale."""

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_PRIORS

RNG = np.random.default_rng
PRIORS = ["flat", "normal", "laplace", "elastic net", "boxed normal", "sparse group laplace"]
SHAPES = {
    "gamma": (pf.Gamma(), pf.Gamma(dispersion=0.5)),
    "tweedie": (pf.Tweedie(1.4), pf.Tweedie(1.4, dispersion=0.6)),
    "huber": (pf.Huber(1.5), pf.Huber(1.5, scale=0.7)),
    "negative binomial": (pf.NegativeBinomial(), pf.NegativeBinomial(2.0)),
}


def _data(name, n=150):
    rng = RNG(5)
    X = rng.normal(size=(n, 6)) * [1.0, 2.0, 0.5, 1.0, 3.0, 1.0]
    eta = 0.4 + X @ [0.5, -0.2, 0.4, 0.0, 0.0, 0.0]
    truth = SHAPES[name][1]
    y = truth.draw(eta, truth.known_dispersion, rng)
    return X, y, rng.integers(0, 3, size=n).astype(float), 0.2 * rng.normal(size=n)


def _problem(name, prior, known=None):
    X, y, w, o = _data(name)
    kind = SHAPES[name][0] if known is None else known
    return pf.Problem.make(X, y, prior=ALL_PRIORS[prior](6), likelihood=kind, weights=w, offset=o)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("name", ["gamma", "tweedie", "huber"])
def test_the_dispersion_is_its_own_consequence(name, prior):
    """phi = X^2 / (n - df) at the fit of that phi, which is the fit with phi given."""
    problem = _problem(name, prior)
    fit = pf.solve(problem, tol=1e-9)
    assert fit.certificate.certified
    eta = problem.eta(fit.intercept, fit.coef)
    squares = problem.weights @ fit.likelihood.pearson(problem.y, eta)
    assert fit.phi == pytest.approx(squares / (problem.n_effective - fit.df), rel=1e-5)
    assert fit.likelihood.known_dispersion == pytest.approx(fit.phi, rel=1e-9)
    given = pf.solve(_problem(name, prior, fit.likelihood), tol=1e-9)
    np.testing.assert_allclose(given.coef, fit.coef, atol=1e-6)
    assert given.objective == pytest.approx(fit.objective, abs=1e-6 * abs(fit.objective))


@pytest.mark.parametrize("prior", PRIORS)
def test_theta_and_weights_are_stationary_together(prior):
    """J(b, theta) has no lower point nearby in either, and theta is the profile's best."""
    problem = _problem("negative binomial", prior)
    fit = pf.solve(problem, tol=1e-11)

    def joint(b0, b, theta):
        eta = problem.eta(b0, b)
        kind = pf.NegativeBinomial(theta)
        lost = problem.weights @ (kind.loss(problem.y, eta) + kind.constant(problem.y, 1.0))
        with np.errstate(invalid="ignore"):
            return lost + float(np.broadcast_to(problem.prior.neg_log_density(b), 6).sum())

    theta = fit.likelihood.theta
    assert fit.objective == pytest.approx(joint(fit.intercept, fit.coef, theta))
    form, rng = problem.form, RNG(0)
    for size in (1e-1, 1e-3):
        for _ in range(20):
            b = np.clip(fit.coef + size * rng.normal(size=6), form.lower, form.upper)
            there = joint(
                fit.intercept + size * rng.normal(), b, theta * np.exp(size * rng.normal())
            )
            assert there >= fit.objective - 1e-9


@pytest.mark.parametrize("name", SHAPES)
def test_weights_are_repeats_in_every_estimate(name):
    """Weight k = the row k times, for phi, theta and scale too."""
    X, y, w, o = _data(name)
    rows = np.repeat(np.arange(len(y)), w.astype(int))
    options = {"prior": pf.Laplace(0.3), "likelihood": SHAPES[name][0]}
    a = pf.solve(pf.Problem.make(X, y, weights=w, offset=o, **options), tol=1e-10)
    b = pf.solve(pf.Problem.make(X[rows], y[rows], offset=o[rows], **options), tol=1e-10)
    assert a.phi == pytest.approx(b.phi, rel=1e-6)
    assert a.likelihood.known_shape == pytest.approx(b.likelihood.known_shape, rel=1e-6)
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_the_truth_is_found(name):
    """With many rows the estimate is near what made the data."""
    X, y, *_ = _data(name, n=20_000)
    fit = pf.solve(pf.Problem.make(X, y, prior=pf.Flat(), likelihood=SHAPES[name][0]))
    truth = SHAPES[name][1]
    if name == "huber":  # its own density has heavier tails than the normal that c corrects for
        assert 0.7 < np.sqrt(fit.phi) < 1.0
        return
    assert fit.phi == pytest.approx(truth.known_dispersion, rel=0.05)
    assert fit.likelihood.known_shape == pytest.approx(truth.known_shape, rel=0.05)


def test_outliers_do_not_move_huber():
    """One row sent to infinity moves the gaussian fit without bound, this one hardly."""
    X, y, *_ = _data("huber")
    far = y.copy()
    far[0] = 1e6
    kind = pf.Huber(1.345)
    one, other = (
        pf.solve(pf.Problem.make(X, v, prior=pf.Normal(1.0), likelihood=kind)) for v in (y, far)
    )
    assert np.max(np.abs(one.coef - other.coef)) < 0.2
    assert other.phi < 2 * one.phi


def test_counts_like_poissons_are_said():
    """Without extra scatter theta runs away; a warning names Poisson, whose fit it is."""
    X, y, *_ = _data("negative binomial")
    y = RNG(0).binomial(9, 0.5, size=len(y)).astype(float)
    with pytest.warns(pf.PriorfitWarning, match="Use Poisson"):
        fit = pf.solve(pf.Problem.make(X, y, likelihood=pf.NegativeBinomial()))
    poisson = pf.solve(pf.Problem.make(X, y, likelihood=pf.Poisson()))
    np.testing.assert_allclose(fit.coef, poisson.coef, atol=1e-4)


@pytest.mark.parametrize("name", ["gamma", "tweedie"])
def test_the_dispersions_of_a_path(name):
    """Each point's phi is X^2 / (n - df), and its prior the one that it is the MAP of."""
    X, y, *_ = _data(name)
    path = pf.path(X, y, likelihood=SHAPES[name][0], n_points=6, ratio=0.05)
    k = 4
    kind = SHAPES[name][0].at(path.dispersion_at(k))
    single = pf.solve(pf.Problem.make(X, y, prior=path.prior_at(k), likelihood=kind), tol=1e-10)
    np.testing.assert_allclose(path.coefs[:, k], single.coef, atol=2e-3)
    again = pf.Problem.make(X, y, likelihood=kind)
    eta = again.eta(path.intercepts[k], path.coefs[:, k])
    df = 1 + path.n_nonzero[k]
    assert kind.pearson(y, eta).sum() / (len(y) - df) == pytest.approx(path.dispersion_at(k))


def test_degrees_of_freedom_of_a_glm():
    """df of a ridge logistic fit: the trace of d eta_hat / d (working response)."""
    rng = RNG(0)
    X = rng.normal(size=(60, 4))
    y = (rng.uniform(size=60) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)
    fit = pf.solve(pf.Problem.make(X, y, prior=pf.Normal(0.3), likelihood=pf.Bernoulli()))
    Z = np.c_[np.ones(60), X]
    h = pf.Bernoulli().curvature(y, Z @ np.r_[fit.intercept, fit.coef])
    G = Z.T @ (h[:, None] * Z)
    D = np.diag(np.r_[0.0, np.full(4, 0.3**-2)])
    assert fit.df == pytest.approx(np.trace(np.linalg.solve(G + D, G)), rel=1e-6)
