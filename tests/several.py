"""Registry of fits with several linear predictors per row, and data for them."""

import numpy as np

import priorfit as pf
from laws import ALL_PRIORS, example

Q = 3


def _classes(rng, eta):
    return np.argmax(eta + rng.gumbel(size=eta.shape), axis=1).astype(float)


def _shares(rng, eta):
    raw = np.exp(eta) * rng.uniform(0.2, 1.0, size=eta.shape)
    return raw / raw.sum(axis=1, keepdims=True)


def _responses(rng, eta):
    return eta + 0.8 * rng.normal(size=eta.shape)


#: name -> (likelihood, (rng, eta (n, q)) -> y)
SEVERAL = {
    "multinomial": (pf.Multinomial(), _classes),
    "multinomial against a reference": (pf.Multinomial(reference=1), _classes),
    "multinomial of shares": (pf.Multinomial(), _shares),
    "responses": (pf.Gaussian(noise=0.8), _responses),
}

#: priors that only fits of several outputs tell apart
OF_OUTPUTS = {
    "group laplace together": lambda p: pf.GroupLaplace(scale=0.3, outputs="together"),
    "group laplace of pairs together": lambda p: pf.GroupLaplace(
        np.arange(p) // 2, 0.3, outputs="together"
    ),
    "sparse group laplace together": lambda p: pf.SparseGroupLaplace(
        l1_scale=0.5, group_scale=0.4, outputs="together"
    ),
    "laplace per weight": lambda p: pf.Laplace(np.linspace(0.1, 0.4, p * Q).reshape(p, Q)),
    "normal per weight, loc": lambda p: pf.Normal(
        0.5, loc=np.linspace(-0.3, 0.3, p * Q).reshape(p, Q)
    ),
}
EVERY_PRIOR = ALL_PRIORS | OF_OUTPUTS


def table(name, n=50, p=6, seed=0):
    """(X, y, weights, offset (n, q)), columns of different size and centre, few real effects."""
    X, _, weights, _ = example(n=n, p=p, seed=seed)
    rng = np.random.default_rng(seed + 1)
    b = np.zeros((p, Q))
    b[: min(p, 4)] = np.array([[1.0, -1, 0], [0, 1, -1], [0.5, 0, 0], [0, 0, 0.7]])[: min(p, 4)]
    y = SEVERAL[name][1](rng, (X - X.mean(0)) / X.std(0) @ b)
    return X, y, weights, 0.2 * rng.normal(size=(n, Q))


def problem_of(prior, name, store=np.asarray, **options):
    """A problem of a registered prior and kind of outputs."""
    X, y, w, o = table(name, **options)
    make = EVERY_PRIOR[prior]
    known = SEVERAL[name][0]
    return pf.Problem.make(
        store(X), y, prior=make(X.shape[1]), likelihood=known, weights=w, offset=o
    )
