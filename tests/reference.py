"""Data and an independent minimiser, against which other libraries' translated settings are held.

The tables are those of `against/data`: 150 rows, five columns of unequal scale and centre, sd(y)
far from 1. Weights do not sum to n, the noise's variance is 1.7. The minimiser is accelerated
proximal gradient on the sum scale, the formula of `docs/objective.md`, and shares no code with the
package; only the priors are its own.
"""

from pathlib import Path

import numpy as np
from scipy.special import expit, log_expit, logsumexp

import priorfit as pf

DATA = Path(__file__).parent / "against" / "data"
NOISE = np.sqrt(1.7)
GAMMA_DISPERSION = 0.5
TAU, B = 0.35, 0.06


def table(name):
    """(X, y) of a table."""
    numbers = np.loadtxt(DATA / f"{name}.csv", delimiter=",")
    return np.ascontiguousarray(numbers[:, 1:]), numbers[:, 0].copy()


X, Y = table("gaussian")
BINARY, COUNTS = table("binomial")[1], table("poisson")[1]
N = len(Y)
W = np.linspace(0.2, 3.0, N)
_RNG = np.random.default_rng(7)
POSITIVE = np.exp(0.3 + X @ [0.3, -0.1, 0.4, 0.05, 0.0]) * _RNG.gamma(2.0, 0.5, N)
TIME = _RNG.exponential(size=N) * np.exp(-X @ [0.5, -0.2, 0.4, 0.05, 0.0])
EVENT = _RNG.uniform(size=N) < 0.7
CLASSES = np.argmax(X @ _RNG.normal(size=(5, 3)) + _RNG.gumbel(size=(N, 3)), axis=1)
RESPONSE = {
    "gaussian": Y, "bernoulli": BINARY, "poisson": COUNTS, "gamma": POSITIVE, "hinge": BINARY,
    "multinomial": CLASSES,
}  # fmt: skip
DISPERSION = {"gaussian": 1.7, "gamma": GAMMA_DISPERSION, "tweedie": 1.7}
KNOWN = {"n": N, "x_scale": X.std(axis=0), "y_scale": Y.std()}

_EACH = np.array([1.0, 2.0, 0.5, 1.5, 1.0])
PRIORS = {
    "normal": pf.Normal(TAU),
    "laplace": pf.Laplace(2 * B),
    "elastic net": pf.ElasticNet(2 * B, TAU),
    "laplace per sd": pf.Laplace(2 * B / X.std(axis=0)),
    "normal per sd": pf.Normal(TAU / X.std(axis=0)),
    "laplace per column": pf.Laplace(2 * B * _EACH),
    "normal per column": pf.Normal(TAU * _EACH),
    "laplace, one free": pf.Laplace(2 * B * np.array([1.0, 2.0, 0.5, np.inf, 1.0])),
}


def known(family, weights=None):
    """What `translate` is told of the data; standard deviations are weighted as the rows are."""
    facts = {**KNOWN, "likelihood": family, "weights": weights}
    if weights is not None:
        facts["x_scale"] = np.sqrt(np.diag(np.cov(X.T, aweights=weights, ddof=0)))
        facts["y_scale"] = np.sqrt(np.cov(Y, aweights=weights, ddof=0))
    return facts | ({"dispersion": DISPERSION[family]} if family in DISPERSION else {})


def _rows(family, y):
    """eta -> (losses, slopes) of the rows."""
    s = 2 * y - 1
    return {
        "gaussian": lambda e: (0.5 * (y - e) ** 2, e - y),
        "tweedie": lambda e: (0.5 * (y - e) ** 2, e - y),
        "bernoulli": lambda e: (-log_expit(s * e), -s * expit(-s * e)),
        "poisson": lambda e: (np.exp(e) - y * e, np.exp(e) - y),
        "gamma": lambda e: (e + y * np.exp(-e), 1 - y * np.exp(-e)),
        "hinge": lambda e: (np.maximum(0, 1 - s * e) ** 2, -2 * s * np.maximum(0, 1 - s * e)),
    }[family]


def linear(family, y, design, weights):
    """b -> (loss, gradient) on the sum scale."""
    rows = _rows(family, y)

    def loss(b):
        losses, slopes = rows(design @ b)
        return weights @ losses, design.T @ (weights * slopes)

    return loss


def softmax(design, classes):
    """The same for K columns of weights, flattened."""
    one_hot = np.eye(classes.max() + 1)[classes]

    def loss(b):
        eta = design @ b.reshape(design.shape[1], -1)
        total = logsumexp(eta, axis=1)
        share = np.exp(eta - total[:, None])
        return total.sum() - (one_hot * eta).sum(), (design.T @ (share - one_hot)).ravel()

    return loss


def cox(time, event, design):
    """The negative log partial likelihood; times without ties."""
    order = np.argsort(-time)
    Z, died = design[order], event[order]

    def loss(b):
        eta = Z @ b
        weight = np.exp(eta)
        risk = np.cumsum(weight)
        mean = np.cumsum(weight[:, None] * Z, axis=0) / risk[:, None]
        return (np.log(risk) - eta)[died].sum(), (mean - Z)[died].sum(axis=0)

    return loss


@np.errstate(over="ignore", invalid="ignore")
def minimise(loss, l1, l2, low=-np.inf, rounds=200_000):
    """argmin of ``loss(b) + sum l1 |b| + l2/2 b^2`` on ``b >= low``: FISTA, restarted, step by
    backtracking (Beck & Teboulle 2009; O'Donoghue & Candes 2015)."""
    b = np.zeros(len(l1))
    z, t, step = b.copy(), 1.0, 1.0

    def smooth(v):
        value, slope = loss(v)
        return value + 0.5 * l2 @ (v * v), slope + l2 * v

    for _ in range(rounds):
        value, slope = smooth(z)
        while True:
            g = z - step * slope
            new = np.maximum(np.sign(g) * np.maximum(np.abs(g) - step * l1, 0), low)
            d = new - z
            room = 1e-13 * max(1.0, abs(value))
            if smooth(new)[0] <= value + slope @ d + d @ d / (2 * step) + room:
                break
            step /= 2
        if np.max(np.abs(d)) <= 1e-15 * max(1.0, np.max(np.abs(new))) * 2:
            return new
        if d @ (new - b) < 0:
            t = 1.0
        grown = (1 + np.sqrt(1 + 4 * t * t)) / 2
        z, b, t = new + (t - 1) / grown * (new - b), new, grown
        step *= 1.02
    return b


def map_estimate(family, prior, weights=None, *, intercept="free", rows=None, y=None, low=-np.inf):
    """(intercept, coef) of the MAP, the intercept "free", "penalised" or "none"."""
    phi = DISPERSION.get(family, 1.0)
    inputs = X if rows is None else rows
    form = prior.lower(inputs.shape[1])
    l1, l2 = phi * form.l1, phi * form.l2
    y = RESPONSE[family] if y is None else y
    weights = np.ones(len(inputs)) if weights is None else weights
    if intercept == "none":
        coef = minimise(linear(family, y, inputs, weights), l1, l2, low)
        return np.r_[0.0, coef]
    center = inputs.mean(axis=0) if intercept == "free" else np.zeros(inputs.shape[1])
    design = np.c_[np.ones(len(inputs)), inputs - center]
    first = 0.0 if intercept == "free" else 1.0
    l1, l2 = np.r_[first * l1[0], l1], np.r_[first * l2[0], l2]
    low = np.r_[-np.inf, np.full(inputs.shape[1], low)]
    found = minimise(linear(family, y, design, weights), l1, l2, low)
    return np.r_[found[0] - center @ found[1:], found[1:]]
