"""Hard data: every fit ends certified or says that it is not; nothing hangs or fails unclearly."""

import warnings

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_LIKELIHOODS, ALL_PRIORS, thinned
from priorfit._errors import ConvergenceWarning, NotConvergedError, PriorfitWarning
from priorfit.bench.cases import text
from priorfit.select.cv import per_sd

RNG = np.random.default_rng


def _duplicated(n=40, p=6):
    X = RNG(0).normal(size=(n, p))
    return np.hstack([X, X, -2.0 * X])


def _nearly_collinear(n=40, p=5):
    base = RNG(0).normal(size=(n, 2)) @ RNG(1).normal(size=(2, p))
    return base + 1e-9 * RNG(2).normal(size=(n, p))


def _sizes(n=40, p=9):
    return RNG(0).normal(size=(n, p)) * np.geomspace(1e-8, 1e8, p)


def _with_zeros(n=40, p=6):
    X = RNG(0).normal(size=(n, p))
    X[:, ::2] = 0.0
    return X


#: name -> X
TABLES = {
    "duplicated columns": _duplicated,
    "nearly collinear": _nearly_collinear,
    "p = n": lambda: RNG(0).normal(size=(20, 20)),
    "many more columns": lambda: RNG(0).normal(size=(8, 400)),
    "norms 1e-8 to 1e8": _sizes,
    "columns of zeros": _with_zeros,
    "only zeros": lambda: np.zeros((10, 3)),
    "one column": lambda: RNG(0).normal(size=(30, 1)),
    "two rows": lambda: RNG(0).normal(size=(2, 3)),
    "far from 0": lambda: 1e8 + RNG(0).normal(size=(40, 4)),
    "one huge row": lambda: np.vstack([RNG(0).normal(size=(39, 4)), np.full((1, 4), 1e6)]),
}


def _ordinary(X, likelihood):
    """y around a moderate linear predictor."""
    sd = X.std(axis=0)
    eta = ((X - X.mean(axis=0)) / np.where(sd > 0, sd, 1.0)).sum(axis=1)
    eta = eta / max(eta.std(), 1.0)
    y = ALL_LIKELIHOODS[likelihood][1](RNG(3), eta)
    if "cox" in likelihood:
        y[0, 2] = 1.0  # an event
    else:
        y[:2] = [0.0, 1.0]  # two classes
    return y


def _separable(X, likelihood):
    """The first column tells the classes apart; counts of rows on one side are 0."""
    if "cox" in likelihood:  # the higher, the longer
        return pf.survival(1.0 + np.argsort(np.argsort(X[:, 0])), np.ones(len(X)))
    above = X[:, 0] > np.median(X[:, 0])
    above[np.argmax(X[:, 0])], above[np.argmin(X[:, 0])] = True, False
    if X[:, 0].max() == X[:, 0].min():
        above[:1], above[1:] = True, False
    return above.astype(float)


def _constant(X, likelihood):
    y = np.full(len(X), 3.0)
    if "cox" in likelihood:
        return pf.survival(y, np.ones(len(X)))
    if likelihood in ("bernoulli", "ordinal"):
        y[:] = 0.0
        y[0] = 1.0  # one class is refused; the nearest to constant
    return y


RESPONSES = {"ordinary": _ordinary, "separable": _separable, "constant": _constant}


def _problem(table, response, likelihood, prior):
    X = TABLES[table]()
    y = RESPONSES[response](X, likelihood)
    known = ALL_LIKELIHOODS[likelihood][0]
    return pf.Problem.make(X, y, prior=ALL_PRIORS[prior](X.shape[1]), likelihood=known)


@pytest.mark.parametrize(
    ("prior", "likelihood", "response", "table"),
    thinned(ALL_PRIORS, ALL_LIKELIHOODS, RESPONSES, TABLES, keep=13, others=7),
)
def test_a_fit_ends_certified_or_says_so(table, response, likelihood, prior):
    """gap <= tol, or a status and a ConvergenceWarning."""
    problem = _problem(table, response, likelihood, prior)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = pf.solve(problem)
        except NotConvergedError:
            return
    odd = [str(w.message) for w in caught if not issubclass(w.category, PriorfitWarning)]
    odd = [m for m, w in zip(odd, caught, strict=False) if w.category is not ConvergenceWarning]
    assert not odd
    said = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    assert fit.certificate.certified != (said and fit.status is pf.Status.NOT_CONVERGED)
    assert np.all(np.isfinite(fit.coef))


@pytest.mark.parametrize(
    ("prior", "likelihood", "response", "table"),
    thinned(
        ["normal", "laplace", "elastic net", "non-negative laplace"],
        ALL_LIKELIHOODS,
        RESPONSES,
        TABLES,
        keep=7,
        others=3,
    ),
)
def test_a_path_to_nothing_ends_certified_or_says_so(table, response, likelihood, prior):
    """Down to 1e-10 lambda_max: finite, and warned about where a point misses the gap."""
    problem = _problem(table, response, likelihood, prior)
    top = max(pf.lambda_max(problem), 1e-8)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = pf.path(
            problem.design,
            problem.y,
            prior=problem.prior,
            likelihood=problem.likelihood,
            penalties=top * np.geomspace(1.0, 1e-10, 11),
        )
    said = [w.category for w in caught]
    assert set(said) <= {ConvergenceWarning}
    assert found.certified != (ConvergenceWarning in said)
    assert np.all(np.isfinite(found.coefs))


def test_words_that_interpolate_are_certified():
    """Rare words, more of them in use than there are rows: Newton steps stop at one kink after
    another there, and sweeps lead on."""
    table = text(1000, 5000, "gaussian", unit=False)
    problem = pf.Problem.make(table.X, table.y, prior=pf.Laplace())
    found = pf.path(table.X, table.y, prior=per_sd(problem).prior, ratio=1e-3, n_points=60)
    assert found.n_nonzero[-1] > 1000
    assert found.certified
