"""Leave-one-out from draws, without fitting again, and models side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.posterior.diagnostics import ess_mean
from priorfit.posterior.psis import psis, trusted

__all__ = ["Comparison", "PsisLoo", "compare", "psis_loo"]

_ROUNDS = 20_000  # of EM; it is monotone


@dataclass(frozen=True, eq=False)
class PsisLoo:
    """``elpd``: expected log density of each row given all others, summed; ``se`` its standard
    error; ``p_loo`` effective number of parameters; ``pointwise`` and ``khat`` (n,); ``limit``: the
    largest k-hat that can be trusted."""

    elpd: float
    se: float
    p_loo: float
    pointwise: Array
    khat: Array
    limit: float

    @property
    def bad(self) -> Index:
        """Rows whose k-hat is above `limit`: where leaving one row out changes the posterior too
        much to be told from these draws."""
        return np.flatnonzero(self.khat > self.limit)

    def __repr__(self) -> str:
        n, bad = len(self.khat), len(self.bad)
        words = f"elpd {self.elpd:.1f} (se {self.se:.1f}), p_loo {self.p_loo:.1f}, {n} rows"
        if not bad:
            return f"<PsisLoo: {words}; k-hat <= {self.limit:.2f} everywhere>"
        return (
            f"<PsisLoo: {words}; k-hat > {self.limit:.2f} in {bad} rows ({100 * bad / n:.1f} %), "
            "where elpd is not to be trusted: fit without them, or use cross-validation>"
        )


def psis_loo(log_likelihood: Array) -> PsisLoo:
    """``elpd = sum_i log p(y_i | y_-i)`` from pointwise log likelihoods (chains, draws, n).

    ``p(y_i | y_-i) = sum_s w_is p(y_i | theta_s)`` with weights ``1 / p(y_i | theta_s)``, Pareto
    smoothed.

    Source: Vehtari, Gelman & Gabry (2017), Statistics and Computing 27.
    """
    logs = np.asarray(log_likelihood, dtype=np.float64)
    if logs.ndim != 3:
        raise InputError(
            "`log_likelihood` must be (chains, draws, rows)",
            f"shape {logs.shape}",
            "See Posterior.log_likelihood.",
        )
    flat = logs.reshape(-1, logs.shape[2])
    likelihoods = np.exp(logs - logs.max(axis=(0, 1)))
    size = ess_mean(likelihoods)
    reff = float(np.nanmean(size) / len(flat))
    weights, khat = psis(-flat, min(reff, 1.0))
    pointwise = logsumexp(weights + flat, axis=0)
    lppd = logsumexp(flat, axis=0) - np.log(len(flat))
    se = float(np.sqrt(len(pointwise) * pointwise.var()))
    total = float(pointwise.sum())
    return PsisLoo(
        total, se, float(lppd.sum()) - total, pointwise, khat, trusted(int(len(flat) * reff))
    )


class Row(NamedTuple):
    """One model: its elpd, what it lacks to the best with the standard error of that, p_loo, its
    share in the stack, rows that are not to be trusted."""

    name: str
    elpd: float
    difference: float
    se_difference: float
    p_loo: float
    weight: float
    bad: int


@dataclass(frozen=True)
class Comparison:
    """Models by their expected log density, the best first."""

    rows: tuple[Row, ...]

    def __repr__(self) -> str:
        width = max(5, *(len(r.name) for r in self.rows))
        head = f"{'model':<{width}}  {'elpd':>9}  {'diff':>7}  {'se':>6}  {'p_loo':>6}  weight"
        lines = [
            f"{r.name:<{width}}  {r.elpd:9.1f}  {r.difference:7.1f}  {r.se_difference:6.1f}"
            f"  {r.p_loo:6.1f}  {r.weight:6.2f}" + (f"  ({r.bad} rows unsure)" if r.bad else "")
            for r in self.rows
        ]
        return "\n".join([head, *lines])


def compare(models: Mapping[str, PsisLoo]) -> Comparison:
    """Models of the same rows by leave-one-out, with weights that stack their predictions best.

    A difference that is smaller than about 4, or than twice its standard error, says little.

    Raises
    ------
    InputError
        where there are fewer than two models, or they were not fitted to the same rows.

    Source: Yao, Vehtari, Simpson & Gelman (2018), Bayesian Analysis 13, section 3.
    """
    if len(models) < 2:
        raise InputError("there must be two models", f"{len(models)}", "Compare with another.")
    counts = {name: len(one.pointwise) for name, one in models.items()}
    if len(set(counts.values())) > 1:
        raise InputError(
            "models must be of the same rows",
            ", ".join(f"{name}: {n}" for name, n in counts.items()),
            "Fit them to the same table.",
        )
    names = sorted(models, key=lambda name: -models[name].elpd)
    table = np.stack([models[name].pointwise for name in names], axis=1)
    best, weights = table[:, 0], _stacked(table)
    rows = []
    for k, name in enumerate(names):
        one, away = models[name], table[:, k] - best
        se = float(np.sqrt(len(away) * away.var()))
        bad = len(one.bad)
        rows.append(Row(name, one.elpd, float(away.sum()), se, one.p_loo, float(weights[k]), bad))
    return Comparison(tuple(rows))


def _stacked(table: Array) -> Array:
    """``argmax sum_i log sum_k w_k exp(table_ik)`` over weights that sum to one, by EM."""
    scaled = np.exp(table - table.max(axis=1, keepdims=True))
    w = np.full(table.shape[1], 1.0 / table.shape[1])
    for _ in range(_ROUNDS):
        mix = np.maximum(scaled @ w, 1e-300)
        grown = w * (scaled / mix[:, None]).mean(axis=0)
        if float(np.abs(grown - w).max()) < 1e-10:
            break
        w = grown
    return np.asarray(w / w.sum())
