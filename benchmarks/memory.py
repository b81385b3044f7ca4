"""How much memory a fit holds beyond the data that it was given.

    python benchmarks/memory.py [word ...]

Each case runs in a process of its own: the data are made, the peak of resident memory is set back,
the model is fitted, and the peak is read (Linux; it counts native code too). A ratio of 1 would be
a fit that holds nothing but the data; the law of this library is at most 1.3, plus vectors of n and
p numbers and the Gram matrix of the columns that matter. Lines of results are JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

LAYOUTS = ("C float64", "F float64", "C float32", "F float32", "CSC", "CSR", "table", "categories")
SHAPES = ("tall", "wide")
MODELS = ("gaussian laplace", "gaussian normal", "gaussian groups", "gaussian cv", "gaussian loo",
          "bernoulli laplace", "bernoulli normal", "bernoulli groups", "bernoulli cv",
          "poisson laplace", "poisson normal", "multinomial laplace", "cox laplace",
          "quantile laplace")  # fmt: skip
MEGABYTES = 200


def dense(shape: str, dtype: Any, order: Any) -> Any:
    """Standard normal numbers, made row by row so that making them takes no more memory."""
    p = 100 if shape == "tall" else 10_000
    n = int(MEGABYTES * 1e6 / np.dtype(dtype).itemsize / p)
    X, rng = np.empty((n, p), dtype, order=order), np.random.default_rng(0)
    part = X if order == "C" else X.T
    for row in part:
        row[:] = rng.standard_normal(row.shape, dtype=np.float32)
    return X


def sparse(shape: str, form: str) -> Any:
    """A matrix of 2 % of numbers."""
    from scipy.sparse import csc_array, csr_array

    p = 2_000 if shape == "tall" else 50_000
    n = int(MEGABYTES * 1e6 / 12 / 0.02 / p)
    rng = np.random.default_rng(0)
    outer, inner = (p, n) if form == "CSC" else (n, p)
    each = int(0.02 * inner)
    indices = np.empty(outer * each, np.int32)
    for j in range(outer):  # one number in each of equal spans: sorted without a search
        span = inner // each
        indices[j * each : (j + 1) * each] = span * np.arange(each) + rng.integers(0, span, each)
    data = np.ones(outer * each)
    indptr = (each * np.arange(outer + 1)).astype(np.int32)
    make = csc_array if form == "CSC" else csr_array
    return make((data, indices, indptr), shape=(n, p))


def table(shape: str, categories: bool) -> Any:
    """Columns of numbers, or half of them categories of 200 levels (codes of two bytes)."""
    import pandas as pd

    p = 60 if shape == "tall" else 400
    n = int(MEGABYTES * 1e6 / (p * (5 if categories else 8)))
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for j in range(p):
        if categories and j % 2:
            levels = [f"level {k:03}" for k in range(200)]  # sorted, as pandas makes them
            codes = rng.integers(0, 200, n, dtype=np.int16)
            columns[f"x{j}"] = pd.Categorical.from_codes(codes, levels)
        else:
            columns[f"x{j}"] = rng.standard_normal(n)
    return pd.DataFrame(columns)


def data_of(layout: str, shape: str) -> Any:
    """The data of a case."""
    if layout in ("CSC", "CSR"):
        return sparse(shape, layout)
    if layout in ("table", "categories"):
        return table(shape, layout == "categories")
    order, dtype = layout.split()
    return dense(shape, dtype, order)


def columns_of(X: Any) -> int:
    """Weights that the data take: one for each number and each level."""
    return sum(X[c].nunique() if X[c].dtype == "category" else 1 for c in X) \
        if hasattr(X, "dtypes") else X.shape[1]  # fmt: skip


def size_of(X: Any) -> int:
    """Bytes of the data."""
    if hasattr(X, "memory_usage"):
        return int(X.memory_usage(index=False).sum())
    return X.nbytes if hasattr(X, "nbytes") else X.data.nbytes + X.indices.nbytes + X.indptr.nbytes


def memory(what: str) -> int:
    """A line of /proc/self/status, in bytes."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith(what))


def measured(fit: Callable[[], Any]) -> tuple[int, int]:
    """(peak while ``fit`` ran, resident before it), in bytes."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = memory("VmRSS")
    fit()
    return memory("VmHWM"), before


def prior_of(name: str, p: int) -> Any:
    """Groups are of five neighbours; a strength that the data choose starts from a shape."""
    import priorfit as pf

    if name == "normal":
        return pf.Normal(0.5)
    if name == "groups":
        return pf.GroupLaplace(scale=0.005, groups=np.arange(p) // 5)
    return pf.Normal() if name == "loo" else pf.Laplace() if name == "cv" else pf.Laplace(0.005)


def model_of(name: str, p: int) -> Any:
    """A fit as a user asks for it."""
    import priorfit as pf

    family, prior = name.split()
    belief, chosen = prior_of(prior, p), {}
    if prior in ("cv", "loo"):
        chosen = {"strength": prior, "cv": 10, "n_points": 20}
    if family in ("bernoulli", "multinomial"):
        return pf.MAPClassifier(belief, **chosen)
    if family == "cox":
        return pf.MAPCox(belief)
    given = {"poisson": pf.Poisson, "quantile": pf.Quantile}.get(family)
    return pf.MAPRegressor(belief, given() if given else pf.Gaussian(1.0), **chosen)


def response(X: Any, family: str) -> Any:
    """Of three columns."""
    rng = np.random.default_rng(1)
    n = X.shape[0]
    first = X.tocsc()[:, :3].toarray() if hasattr(X, "tocsc") else np.asarray(X)[:, :3] \
        if isinstance(X, np.ndarray) else X.iloc[:, ::2].iloc[:, :3].to_numpy()  # fmt: skip
    eta = first.astype(float) @ [0.5, -0.5, 0.25]
    if family in ("gaussian", "quantile"):
        return eta + rng.normal(size=n)
    if family == "cox":
        import priorfit as pf

        return pf.survival(rng.exponential(np.exp(-eta)), rng.uniform(size=n) < 0.7)
    if family == "multinomial":
        return np.argmax(np.multiply.outer(eta, [0.0, 1.0, 2.0]) + rng.gumbel(size=(n, 3)), axis=1)
    mean = 1 / (1 + np.exp(-eta)) if family == "bernoulli" else np.exp(eta)
    return (
        (rng.uniform(size=n) < mean).astype(float) if family == "bernoulli" else rng.poisson(mean)
    )


def run(layout: str, shape: str, model: str) -> dict[str, Any]:
    """One case, in this process."""
    import gc

    small = np.random.default_rng(0).normal(size=(50, 3))
    family = model.split()[0]
    model_of(model, 3).fit(small, response(small, family))  # what is imported on the way
    empty = memory("VmRSS")
    X = data_of(layout, shape)
    y = response(X, family)
    gc.collect()
    fitted = model_of(model, columns_of(X))
    peak, before = measured(lambda: fitted.fit(X, y))
    own = size_of(X)
    return {
        "layout": layout, "shape": shape, "model": model, "n": X.shape[0], "p": X.shape[1],
        "megabytes": own / 1e6, "ratio": (peak - before + own) / own,
        "resident": (before - empty) / own, "solver": fitted.solution_.solver,
        "certified": bool(fitted.certificate_.certified),
    }  # fmt: skip


def main(words: list[str]) -> None:
    """All cases whose name holds every word."""
    if words[:1] == ["--one"]:
        print(json.dumps(run(*words[1:])))
        return
    for layout in LAYOUTS:
        for shape in SHAPES:
            for model in MODELS:
                if all(word in f"{layout} {shape} {model}" for word in words):
                    call = [sys.executable, __file__, "--one", layout, shape, model]
                    found = subprocess.run(call, capture_output=True, text=True, check=False)
                    failed = found.stderr.strip().splitlines()[-1:] or ["failed"]
                    print(
                        found.stdout.strip() or f"{layout} {shape} {model}: {failed[0]}", flush=True
                    )


if __name__ == "__main__":
    main(sys.argv[1:])
