"""The registries that laws run over, and wrong versions that laws must catch."""

from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from scipy import sparse

import priorfit as pf
from priorfit.design import Blocks, as_design


def _mixed_scale(p):
    scale = np.full(p, 0.3)
    scale[0], scale[-1] = 0.0, np.inf
    return scale


def _pairs(p):
    """Groups of two that do not lie side by side; the last may be alone."""
    return np.arange(p) % ((p + 1) // 2)


def _by_column(p, odd, even):
    """Every second column the one prior, all others the other."""
    return pf.ByColumn({"odd": odd, "even": even}, [np.arange(1, p, 2), np.arange(0, p, 2)])


#: name -> p -> prior
ALL_PRIORS = {
    "flat": lambda p: pf.Flat(),
    "normal": lambda p: pf.Normal(0.5),
    "normal loc": lambda p: pf.Normal(0.5, loc=np.linspace(-0.3, 0.3, p)),
    "laplace": lambda p: pf.Laplace(0.2),
    "laplace loc": lambda p: pf.Laplace(0.2, loc=np.linspace(-0.3, 0.3, p)),
    "laplace per column": lambda p: pf.Laplace(_mixed_scale(p)),
    "elastic net": lambda p: pf.ElasticNet(0.3, 0.6),
    "elastic net loc": lambda p: pf.ElasticNet(0.3, 0.6, loc=0.1),
    "non-negative laplace": lambda p: pf.Truncated(pf.Laplace(0.2), lower=0),
    "boxed normal": lambda p: pf.Truncated(pf.Normal(0.5), lower=-0.2, upper=0.3),
    "one value": lambda p: pf.Truncated(
        pf.Laplace(0.3), lower=-1, upper=np.r_[-1.0, np.ones(p - 1)]
    ),
    "boxed flat": lambda p: pf.Truncated(pf.Flat(), lower=-0.3, upper=0.4),
    "group laplace": lambda p: pf.GroupLaplace(_pairs(p), 0.2),
    "group laplace loc": lambda p: pf.GroupLaplace(_pairs(p), 0.2, loc=np.linspace(-0.3, 0.3, p)),
    "group laplace per column": lambda p: pf.GroupLaplace(
        _pairs(p), np.geomspace(0.1, 0.4, p), by_size=False
    ),
    "group laplace, one free, one fixed": lambda p: pf.GroupLaplace(_pairs(p), _mixed_scale(p)),
    "slope": lambda p: pf.SLOPE(scale=0.4),
    "slope loc": lambda p: pf.SLOPE(0.3, scale=0.4, loc=np.linspace(-0.3, 0.3, p)),
    "slope per column": lambda p: pf.SLOPE(scale=np.geomspace(0.2, 0.8, p)),
    "oscar": lambda p: pf.SLOPE.oscar(p, 0.5, scale=0.5),
    "sparse group laplace": lambda p: pf.SparseGroupLaplace(_pairs(p), 0.4, 0.3),
    "half normal": lambda p: pf.HalfNormal(0.5),
    "exponential": lambda p: pf.Exponential(np.geomspace(0.1, 0.4, p)),
    "by column": lambda p: _by_column(p, pf.Laplace(0.2), pf.Normal(0.5, loc=0.3)),
    "by column, boxed": lambda p: _by_column(p, pf.HalfNormal(0.5), pf.ElasticNet(0.3, 0.6)),
    "by column, groups": lambda p: _by_column(p, pf.GroupLaplace(_pairs(p // 2), 0.2), pf.Normal()),
    "by column, groups and a box": lambda p: _by_column(
        p, pf.GroupLaplace(_pairs(p // 2), 0.2), pf.Truncated(pf.Laplace(0.3), lower=0)
    ),
}


def _chain(p):
    """Differences of neighbours, and a little of every weight."""
    D = np.diff(np.eye(p), axis=0)
    return sparse.csc_array(2.0 * D.T @ D + np.eye(p))


#: name -> p -> prior that is simple in other coordinates (`Prior.change`)
CHANGED_PRIORS = {
    "walk": lambda p: pf.RandomWalk(0.5),
    "walk of slopes, loc": lambda p: pf.RandomWalk(0.5, order=2, loc=np.linspace(-0.3, 0.3, p)),
    "walk, proper": lambda p: pf.RandomWalk(0.5, start=2.0),
    "walk, uneven": lambda p: pf.RandomWalk(0.5, order=2, positions=np.arange(p) ** 1.5),
    "fused": lambda p: pf.RandomWalk(0.3, kind="laplace"),
    "fused, loc and scales": lambda p: pf.RandomWalk(
        np.geomspace(0.1, 1.0, p - 1), kind="laplace", loc=np.linspace(-0.3, 0.3, p)
    ),
    "fused, uneven, proper": lambda p: pf.RandomWalk(
        0.3, kind="laplace", positions=np.arange(p) ** 1.5, start=1.0
    ),
    "multivariate": lambda p: pf.MultivariateNormal(np.eye(p) + 0.5 * np.ones((p, p)), loc=0.2),
    "multivariate, sparse": lambda p: pf.MultivariateNormal(_chain(p), loc=0.2),
    "multivariate, singular": lambda p: pf.MultivariateNormal(_chain(p).toarray() - np.eye(p)),
    "walk and laplace": lambda p: pf.ByColumn(
        {"some": pf.RandomWalk(0.3, kind="laplace"), "*": pf.Laplace(0.3)},
        [[1, 3, 2], [0, *range(4, p)]],
    ),
    "flat and walk": lambda p: pf.ByColumn(
        {"one": pf.Flat(), "*": pf.RandomWalk(0.3)}, [[0], list(range(1, p))]
    ),
    "trend filter": lambda p: pf.RandomWalk(0.3, order=2, kind="laplace"),
    "trend filter of parabolas": lambda p: pf.RandomWalk(0.3, order=3, kind="laplace"),
}

#: name -> p -> prior whose penalty is not convex: estimates are local optima
NONCONVEX = {
    "student": lambda p: pf.StudentPrior(3.0, 0.3),
    "cauchy per column": lambda p: pf.StudentPrior(1.0, _mixed_scale(p), loc=0.1),
    "log-laplace": lambda p: pf.LogLaplace(0.1, 1.0),
    "log-laplace loc": lambda p: pf.LogLaplace(0.1, 2.0, loc=np.linspace(-0.3, 0.3, p)),
    "log-laplace per column": lambda p: pf.LogLaplace(_mixed_scale(p), 1.0),
    "non-negative log-laplace": lambda p: pf.Truncated(pf.LogLaplace(0.1, 1.0), lower=0),
    "boxed student": lambda p: pf.Truncated(pf.StudentPrior(2.0, 0.3), lower=-0.2, upper=0.3),
    "mcp": lambda p: pf.MCP(8.0, 3.0, information=40.0),
    "mcp, very concave": lambda p: pf.MCP(8.0, 0.5, information=40.0),
    "mcp loc": lambda p: pf.MCP(8.0, 3.0, np.geomspace(10, 80, p), loc=0.1),
    "scad": lambda p: pf.SCAD(8.0, 3.7, information=40.0),
    "scad per column": lambda p: pf.SCAD(np.geomspace(4, 12, p), 2.5, information=40.0),
    "best subset": lambda p: pf.SpikeSlab(2.0),
    "spike and slab": lambda p: pf.SpikeSlab(2.0, scale=0.7, loc=np.linspace(-0.1, 0.1, p)),
}

#: name -> proper one-dimensional prior
PROPER = {
    "normal": pf.Normal(0.7, loc=0.2),
    "laplace": pf.Laplace(0.7, loc=-0.3),
    "elastic net": pf.ElasticNet(0.5, 0.8, loc=0.1),
    "elastic net, mostly l1": pf.ElasticNet(0.05, 3.0),
    "elastic net, mostly l2": pf.ElasticNet(50.0, 0.3),
    "group laplace of one": pf.GroupLaplace(scale=0.7, loc=-0.3),
    "sparse group laplace of one": pf.SparseGroupLaplace(l1_scale=0.5, group_scale=0.8),
    "half normal": pf.Truncated(pf.Normal(0.7), lower=0),
    "exponential": pf.Truncated(pf.Laplace(0.7), lower=0),
    "half normal by name": pf.HalfNormal(0.7),
    "exponential by name": pf.Exponential(0.7),
    "far tail": pf.Truncated(pf.Normal(1.0), lower=4, upper=9),
    "boxed elastic net": pf.Truncated(pf.ElasticNet(0.5, 0.8), lower=-1, upper=0.4),
    "student": pf.StudentPrior(3.0, 0.7, loc=0.2),
    "student, heavy": pf.StudentPrior(0.8, 0.4),
    "log-laplace": pf.LogLaplace(0.5, 2.5, loc=-0.3),
    "log-laplace, heavy": pf.LogLaplace(0.7, 0.8),
    "half student": pf.Truncated(pf.StudentPrior(4.0, 0.7), lower=0),
    "boxed log-laplace": pf.Truncated(pf.LogLaplace(0.5, 1.5), lower=-1, upper=0.4),
    "uniform": pf.Truncated(pf.Flat(), lower=-1, upper=2),
}


def _counts(rng, eta):
    return rng.poisson(np.exp(np.clip(eta, -3, 3))).astype(float)


def _survival(rng, eta):
    """Tied times in two strata."""
    time = np.ceil(4 * rng.exponential(size=len(eta)) * np.exp(-np.clip(eta, -3, 3)))
    event = rng.uniform(size=len(eta)) < 0.7
    return pf.survival(time, event, strata=np.arange(len(eta)) % 2)


def _late_survival(rng, eta):
    """Tied times, rows that enter late."""
    y = _survival(rng, eta)
    entry = np.where(rng.uniform(size=len(eta)) < 0.5, 0.0, y[:, 1] - rng.integers(1, 4, len(eta)))
    return pf.survival(y[:, 1], y[:, 2], entry=entry)


def _ordered(rng, eta):
    """Three classes, each in some row."""
    y = np.digitize(eta + rng.logistic(size=eta.shape), [-1.0, 1.0]).astype(float)
    y[:3] = [0.0, 1.0, 2.0][: len(y)]
    return y


#: priors over sorted weights: a loss with kinks or several optima is refused
SORTED = ("slope", "slope loc", "slope per column", "oscar")


#: priors that are about each column by itself, or about groups of them
COLUMNWISE = [name for name in ALL_PRIORS if name not in SORTED]


def refused(row):
    """Whether a prior and a likelihood of the registries do not go together."""
    known = [EVERY_LIKELIHOOD[x][0] for x in row if x in EVERY_LIKELIHOOD]
    other = any(not k.smooth or not k.convex for k in known)
    return other and any(x in SORTED for x in row)


def thinned(*registries, keep=5, others=1):
    """The product of registries: of coupled likelihoods every ``keep``-th row, else ``others``-th.

    Primes that do not divide the sizes of the registries leave every pair of entries in it.
    """
    every = [row for row in product(*registries) if not refused(row)]
    coupled = [any(x in ALL_LIKELIHOODS and x not in ROW_BY_ROW for x in row) for row in every]
    place = np.where(coupled, np.cumsum(coupled) % keep, np.cumsum(~np.array(coupled)) % others)
    return [row for row, k in zip(every, place, strict=True) if k == 0]


#: name -> (likelihood, (rng, eta) -> y)
ALL_LIKELIHOODS = {
    "gaussian": (pf.Gaussian(noise=0.8), lambda rng, eta: eta + 0.8 * rng.normal(size=eta.shape)),
    "bernoulli": (
        pf.Bernoulli(),
        lambda rng, eta: (rng.uniform(size=eta.shape) < 1 / (1 + np.exp(-eta))).astype(float),
    ),
    "poisson": (pf.Poisson(), _counts),
    "cox efron": (pf.Cox("efron"), _survival),
    "cox breslow": (pf.Cox("breslow"), _late_survival),
    "ordinal": (pf.Ordinal(), _ordered),
}

#: those for which a row of weight 2 is the row twice; Efron's ties are of rows, not of weights
REPEATABLE = [name for name in ALL_LIKELIHOODS if name != "cox efron"]


def _draws(likelihood):
    """Responses of a known likelihood at a moderate eta."""
    phi = likelihood.known_dispersion
    return likelihood, lambda rng, eta: likelihood.draw(np.clip(eta, -3, 3), phi, rng)


#: the same for likelihoods that few tests need with every prior (`PAIRS`)
POINTWISE = {
    "probit": _draws(pf.Bernoulli(link="probit")),
    "cloglog": _draws(pf.Bernoulli(link="cloglog")),
    "gamma": _draws(pf.Gamma(dispersion=0.5)),
    "tweedie": _draws(pf.Tweedie(power=1.6, dispersion=0.7)),
    "negative binomial": _draws(pf.NegativeBinomial(theta=2.0)),
    "huber": _draws(pf.Huber(delta=1.0, scale=0.8)),
    "quantile": _draws(pf.Quantile(0.3, scale=0.4)),
    "squared hinge": (pf.SquaredHinge(), ALL_LIKELIHOODS["bernoulli"][1]),
}
EVERY_LIKELIHOOD = ALL_LIKELIHOODS | POINTWISE
#: likelihoods whose rows can be asked one by one
ROW_BY_ROW = [name for name, (kind, _) in EVERY_LIKELIHOOD.items() if not kind.coupled]

#: (prior, likelihood): all of the first three, some of the others
PAIRS = thinned(ALL_PRIORS, ALL_LIKELIHOODS) + [
    (a, b)
    for i, a in enumerate(ALL_PRIORS)
    for k, b in enumerate(POINTWISE)
    if (i + k) % 3 == 0 and not refused((a, b))
]


def _strided(X):
    wide = np.zeros((X.shape[0] * 2, X.shape[1] * 3))
    view = wide[::2, ::3]
    view[:] = X
    return view


def _negative_strides(X):
    return X[::-1, ::-1].copy()[::-1, ::-1]


def _readonly(X):
    copy = np.array(X, order="F")
    copy.flags.writeable = False
    return copy


def _wide_indices(X):
    matrix = sparse.csc_array(X)
    matrix.indices = matrix.indices.astype(np.int64)
    matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


def _duplicates(X):
    rows, cols = np.nonzero(X)
    half = X[rows, cols] / 2
    data, indices = np.concatenate([half, half]), np.concatenate([rows, rows])
    order = np.argsort(np.concatenate([cols, cols]), kind="stable")
    indptr = np.concatenate([[0], np.cumsum(2 * np.bincount(cols, minlength=X.shape[1]))])
    return sparse.csc_matrix((data[order], indices[order], indptr), shape=X.shape)


#: name -> (dense float64 X -> what a user may hand over); all hold the same numbers
ALL_DESIGNS = {
    "C order": lambda X: np.ascontiguousarray(X),
    "F order": lambda X: np.asfortranarray(X),
    "strided": _strided,
    "negative strides": _negative_strides,
    "read-only": _readonly,
    "big-endian": lambda X: X.astype(">f8"),
    "list": lambda X: X.tolist(),
    "csc": sparse.csc_array,
    "csr": sparse.csr_matrix,
    "coo": sparse.coo_array,
    "csc 64-bit": _wide_indices,
    "csc duplicates": _duplicates,
    "side by side": lambda X: _side_by_side(X),
    "pandas": lambda X: pd.DataFrame(X, columns=_names(X)),
    "polars": lambda X: pl.DataFrame(X, schema=_names(X)),
    "pyarrow": lambda X: pa.table({k: X[:, j] for j, k in enumerate(_names(X))}),
}


def _side_by_side(X):
    """Parts of different storage, as the numbers and categories of one table."""
    left, middle, right = X[:, :1], sparse.csc_array(X[:, 1:3]), X[:, 3:]
    return Blocks(tuple(map(as_design, (left, middle, right))))


def _names(X):
    return [f"c{j}" for j in range(X.shape[1])]


def example(likelihood="gaussian", n=40, p=6, seed=0, scale=1.0):
    """(X, y, weights, offset) with a few real effects, columns of different size and centre."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(scale=scale, size=p))
    X = rng.normal(size=(n, p)) * size + rng.normal(size=p)
    X[rng.uniform(size=X.shape) < 0.2] = 0.0
    b = np.zeros(p)
    b[: min(3, p)] = np.array([1.0, -1.0, 0.5])[: min(3, p)]
    eta = ((X - X.mean(0)) / size) @ b
    y = EVERY_LIKELIHOOD[likelihood][1](rng, eta)
    return X, y, rng.integers(0, 3, size=n) + 0.5, 0.2 * rng.normal(size=n)


#: wrong soft-threshold operators: the prox law must reject each
PROX_MUTANTS = {
    "no threshold": lambda z, l1, l2: z / (1 + l2),
    "hard threshold": lambda z, l1, l2: np.where(np.abs(z) > l1, z, 0.0) / (1 + l2),
    "shrinks before it thresholds": lambda z, l1, l2: (
        np.sign(z) * np.maximum(np.abs(z / (1 + l2)) - l1, 0)
    ),
    "half the threshold": lambda z, l1, l2: (
        np.sign(z) * np.maximum(np.abs(z) - l1 / 2, 0) / (1 + l2)
    ),
    "forgets l2": lambda z, l1, l2: np.sign(z) * np.maximum(np.abs(z) - l1, 0),
    "wrong sign": lambda z, l1, l2: -np.sign(z) * np.maximum(np.abs(z) - l1, 0) / (1 + l2),
}
