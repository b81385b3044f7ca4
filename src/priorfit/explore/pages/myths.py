"""Counter-examples. The page shows the source of these functions and runs them."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs

import numpy as np

import priorfit as pf

__all__ = ["MYTHS"]


def peak(seed: int) -> dict[str, float]:
    """Exact zeros of a low corner, and of a towering peak that is smooth."""
    z = np.random.default_rng(seed).normal(size=400)
    corner = pf.shrinkage(pf.Laplace(5.0), z)  # height 0.1
    tower = pf.shrinkage(pf.StudentPrior(3.0, scale=0.01), z)  # height 37
    return {"corner": float(np.sum(corner == 0)), "tower": float(np.sum(tower == 0))}


def sparse_posterior(seed: int) -> dict[str, float]:
    """Of weights whose mode is exactly zero: the mean probability of a zero."""
    z = np.random.default_rng(seed).normal(size=60)
    tent = [pf.one_weight(pf.Laplace(1.0), v) for v in z if abs(v) < 1]
    spike = [pf.one_weight(pf.SpikeSlab.from_inclusion(0.3, scale=2.0), a.z) for a in tent]
    return {
        "mode_zero": 100.0 * float(np.mean([a.mode == 0 for a in tent])),
        "tent_zero": 100.0 * float(np.mean([a.prob_zero for a in tent])),
        "spike_zero": 100.0 * float(np.mean([a.prob_zero for a in spike])),
    }


def best_for_laplace(seed: int) -> dict[str, float]:
    """Mean squared errors where the weights truly are Laplace."""
    rng = np.random.default_rng(seed)
    w = rng.laplace(scale=0.5, size=1500)
    z = w + rng.normal(size=1500)
    tent = pf.Laplace(0.5)
    guesses = {
        "lasso": pf.shrinkage(tent, z),
        "ridge": pf.shrinkage(pf.Normal.from_variance(0.5), z),
        "mean": pf.shrinkage(tent, z, estimate="mean"),
    }
    return {name: float(np.mean((guess - w) ** 2)) for name, guess in guesses.items()}


def lambda_of_model(seed: int) -> dict[str, float]:
    """A weight under ridge: with each row once, each row twice, and twice with half the noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(20, 1))
    y = 2.0 * x[:, 0] + rng.normal(size=20)

    def weight(X, y, lam):
        fit = pf.path(X, y, prior=pf.Normal(), likelihood=pf.Gaussian(noise=1.0), penalties=[lam])
        return float(fit.coefs[0, 0])

    twice = np.vstack([x, x]), np.r_[y, y]
    return {
        "once": weight(x, y, 20.0),
        "twice": weight(*twice, 20.0),
        "halved": weight(x, y, 10.0),
    }


def squared_norm(seed: int) -> dict[str, float]:
    """How many of 300 pairs of weights are set to zero together."""
    pairs = np.random.default_rng(seed).normal(size=(300, 2))
    groups = np.repeat(np.arange(300), 2)
    cone = pf.GroupLaplace(groups, scale=1.0).prox(pairs.ravel()).reshape(300, 2)
    bowl = pf.Normal(1.0).prox(pairs.ravel()).reshape(300, 2)
    return {
        "unsquared": float(np.sum(np.all(cone == 0, axis=1))),
        "squared": float(np.sum(np.all(bowl == 0, axis=1))),
    }


def intercept(seed: int) -> dict[str, float]:
    """How far the weight moves where 100 is added to every response."""
    rng = np.random.default_rng(seed)
    x = 1.0 + rng.normal(size=(30, 1))
    y = 2.0 * x[:, 0] + rng.normal(size=30)
    with_ones = np.hstack([x, np.ones((30, 1))])
    noise = pf.Gaussian(noise=1.0)

    def weight(X, y, free):
        problem = pf.Problem.make(X, y, prior=pf.Normal(0.5), likelihood=noise, intercept=free)
        return float(pf.solve(problem, tol=1e-10).coef[0])

    return {
        "flat": abs(weight(x, y + 100, True) - weight(x, y, True)),
        "penalised": abs(weight(with_ones, y + 100, False) - weight(with_ones, y, False)),
    }


def units(seed: int) -> dict[str, float]:
    """How far predictions move where a column in metres is given in millimetres."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 2))
    y = X @ np.array([1.0, -1.0]) + rng.normal(size=40)
    small = X * np.array([1000.0, 1.0])

    def predicted(X, prior):
        made = pf.Problem.make(X, y, prior=prior, likelihood=pf.Gaussian(noise=1.0))
        found = pf.solve(made, tol=1e-10)
        return found.intercept + X @ found.coef

    def moved(before, after):
        return float(np.abs(predicted(X, before) - predicted(small, after)).max())

    return {
        "least_squares": moved(pf.Flat(), pf.Flat()),
        "same_scale": moved(pf.Normal(0.3), pf.Normal(0.3)),
        "scaled_along": moved(pf.Normal(0.3), pf.Normal([0.3 / 1000, 0.3])),
    }


def true_variables(seed: int) -> dict[str, float]:
    """In how many of 30 tables some lambda keeps exactly the three columns that matter."""
    rng = np.random.default_rng(seed)

    def found(correlation):
        X = rng.normal(size=(80, 10))
        shared = X[:, :3].sum(axis=1)  # a bystander that looks like all three
        X[:, 3] = correlation * shared + np.sqrt(1 - correlation**2) * X[:, 3]
        y = X[:, :3].sum(axis=1) + 0.5 * rng.normal(size=80)
        path = pf.path(X, y, prior=pf.Laplace(), likelihood=pf.Gaussian(noise=0.5), n_points=40)
        kept = path.coefs != 0
        return bool(np.any(kept[:3].all(axis=0) & ~kept[3:].any(axis=0)))

    return {
        "apart": float(sum(found(0.0) for _ in range(30))),
        "alike": float(sum(found(0.75) for _ in range(30))),
    }


def noise_or_prior(seed: int) -> dict[str, float]:
    """How far one wild response moves the weight: Laplace noise, Laplace prior."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 1))
    y = x[:, 0] + 0.3 * rng.normal(size=40)
    wild = y.copy()
    wild[np.argmax(x[:, 0])] += 50.0

    def moved(prior, likelihood):
        ends = [
            pf.solve(pf.Problem.make(x, v, prior=prior, likelihood=likelihood)).coef[0]
            for v in (y, wild)
        ]
        return float(abs(ends[1] - ends[0]))

    return {
        "laplace_noise": moved(pf.Flat(), pf.Quantile(0.5)),
        "laplace_prior": moved(pf.Laplace(1.0), pf.Gaussian(noise=0.3)),
    }


def never_grows(seed: int) -> dict[str, float]:
    """Ridge: the largest weight with a stronger penalty over that with none, and sign changes."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(50, 1))
    X = np.hstack([base + 0.15 * rng.normal(size=(50, 1)) for _ in range(4)])
    y = X @ np.array([2.0, -1.0, 1.0, -0.5]) + 0.3 * rng.normal(size=50)
    path = pf.path(
        X, y, prior=pf.Normal(), likelihood=pf.Gaussian(noise=1.0),
        penalties=np.geomspace(1e4, 1e-6, 200),
    )  # fmt: skip
    sizes = np.abs(path.coefs)
    return {
        "crossed": float(np.sum(np.any(np.diff(np.sign(path.coefs), axis=1) != 0, axis=1))),
        "grew": float(np.sum(np.any(np.diff(sizes, axis=1) < -1e-9, axis=1))),
        "norm_grew": float(np.any(np.diff(path.norms) < -1e-9)),
    }


#: name -> (function, unit of its numbers, which of them refutes the myth)
MYTHS = {
    "peak": (peak, "of_400"),
    "sparse_posterior": (sparse_posterior, "percent"),
    "best_for_laplace": (best_for_laplace, "error"),
    "lambda_of_model": (lambda_of_model, "weight"),
    "squared_norm": (squared_norm, "of_300"),
    "intercept": (intercept, "moved"),
    "units": (units, "moved"),
    "true_variables": (true_variables, "of_30"),
    "noise_or_prior": (noise_or_prior, "moved"),
    "never_grows": (never_grows, "count"),
}
