"""Designs that solvers find hard, with every prior: the answer is certified, or a local optimum."""

import numpy as np
import pytest

import priorfit as pf
from laws import ALL_PRIORS, CHANGED_PRIORS, EVERY_LIKELIHOOD, NONCONVEX, refused

EVERY = ALL_PRIORS | CHANGED_PRIORS | NONCONVEX


def _near_sums(rng, n, p):
    """Columns that are running sums, alike to 1e-7."""
    return np.cumsum(rng.normal(size=(n, p)), axis=1) + 1e-7 * rng.normal(size=(n, p))


def _twins(rng, n, p):
    """One column twice, once with its sign turned, and one that does not vary."""
    X = rng.normal(size=(n, p))
    X[:, 1], X[:, 2], X[:, 3] = X[:, 0], -X[:, 0], 3.0
    return X


def _rare(rng, n, p):
    """Mostly zeros; some columns hold nothing else."""
    X = (rng.uniform(size=(n, p)) < 0.1).astype(float)
    X[:, 0] = 0.0
    return X


def _far(rng, n, p):
    """Columns far from 0."""
    return rng.normal(size=(n, p)) + 1e3 * rng.normal(size=p)


DESIGNS = {"near sums": _near_sums, "twins": _twins, "rare": _rare, "far": _far}


def _rows():
    """Every prior with some likelihoods and designs, so that all pairs of these are there."""
    names = list(DESIGNS)
    for i, prior in enumerate(EVERY):
        for k, likelihood in enumerate(EVERY_LIKELIHOOD):
            kind, concave = EVERY_LIKELIHOOD[likelihood][0], prior in NONCONVEX
            if (i + k) % 4 or refused((prior, likelihood)) or (concave and not kind.smooth):
                continue
            yield prior, likelihood, names[(i // 4 + k) % 4]


@pytest.mark.parametrize(("prior", "likelihood", "design"), list(_rows()))
def test_awkward_columns_are_solved_too(prior, likelihood, design):
    """gap <= tol, or stationary to tol where the objective is not convex, for p < n and p > n."""
    kind, draw = EVERY_LIKELIHOOD[likelihood]
    for n, p in [(30, 8), (20, 40)]:
        if prior in ("flat", "boxed flat") and p > n:
            continue  # no prior to choose among the best fits
        rng = np.random.default_rng(p)
        X = DESIGNS[design](rng, n, p)
        spread = X - X.mean(axis=0)
        eta = spread[:, :4] @ [1.0, -1.0, 0.5, 0.0] / (spread.std() + 1e-300)
        problem = pf.Problem.make(X, draw(rng, eta), prior=EVERY[prior](p), likelihood=kind)
        found = pf.solve(problem)
        assert found.certificate.certified or found.certificate.local


@pytest.mark.parametrize("likelihood", ["bernoulli", "huber", "squared hinge"])
@pytest.mark.parametrize("prior", ["laplace loc", "normal loc", "elastic net loc", "slope loc"])
def test_a_prior_mean_that_saturates_every_row_is_no_trap(prior, likelihood):
    """gap <= tol where |eta| is in the hundreds at the prior mean, so that hardly a row curves."""
    kind, draw = EVERY_LIKELIHOOD[likelihood]
    for n, p in [(30, 8), (15, 60)]:
        rng = np.random.default_rng(n)
        X = rng.normal(size=(n, p)) * np.geomspace(0.01, 500.0, p)
        y = draw(rng, X[:, -1] / 2000.0)
        found = pf.solve(pf.Problem.make(X, y, prior=EVERY[prior](p), likelihood=kind))
        assert found.certificate.certified
