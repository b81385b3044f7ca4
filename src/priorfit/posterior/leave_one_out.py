"""How well each row would be predicted by the others, without another fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import LinearConstraint, minimize
from scipy.special import logsumexp

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike
from priorfit.posterior.diagnostics import ess_mean
from priorfit.posterior.psis import psis

__all__ = ["Comparison", "PsisLoo", "compare", "psis_loo"]


@dataclass(frozen=True, eq=False)
class PsisLoo:
    """Expected log predictive density of new rows.

    ``pointwise`` (n,) log densities of each row given the others, ``p_loo`` the effective number
    of parameters, ``khat`` (n,) how heavy the tail of each row's weights is, ``threshold`` the
    khat up to which a row can be trusted.
    """

    pointwise: Array
    p_loo: float
    khat: Array
    threshold: float

    @property
    def elpd(self) -> float:
        """``sum pointwise``; higher is better."""
        return float(self.pointwise.sum())

    @property
    def se(self) -> float:
        """``sqrt(n var(pointwise))``, the standard error of ``elpd``."""
        return float(np.sqrt(len(self.pointwise) * self.pointwise.var()))

    @property
    def n_bad(self) -> int:
        """Rows whose khat is above the threshold."""
        return int(np.count_nonzero(~(self.khat <= self.threshold)))

    def __repr__(self) -> str:
        lines = [
            f"PsisLoo of {len(self.pointwise)} rows",
            f"  elpd   {self.elpd:12.2f}  se {self.se:.2f}",
            f"  p_loo  {self.p_loo:12.2f}",
            f"  khat > {self.threshold:.2f}: {self.n_bad} rows",
        ]
        if self.n_bad:
            lines.append("  Do not trust elpd: refit without each of these rows, or use K folds.")
        return "\n".join(lines)


def psis_loo(log_likelihood: ArrayLike) -> PsisLoo:
    """``elpd_i = log sum_s w_is p(y_i | draw s)``, w smoothed weights ``1 / p(y_i | draw s)``.

    log_likelihood (chains, draws, n): log density of row i at each draw. The threshold of khat is
    ``min(1 - 1 / log10 S, 0.7)`` for S draws. Raises `InputError` for values that are not finite.
    Source: Vehtari, Gelman, Gabry (2017), Statistics and Computing 27, 1413.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y, mean = rng.normal(size=20), rng.normal(scale=20**-0.5, size=(4, 500, 1))
    >>> psis_loo(-0.5 * (y - y.mean() - mean) ** 2 - 0.5 * np.log(2 * np.pi)).n_bad
    0
    """
    values = np.asarray(log_likelihood, dtype=np.float64)
    if values.ndim != 3 or not np.isfinite(values).all():
        raise InputError(
            "`log_likelihood` must be (chains, draws, n) and finite",
            f"shape {values.shape}, finite: {bool(np.isfinite(values).all())}",
            "Give the log density of each row at each draw.",
        )
    joined = values.reshape(-1, values.shape[2])
    reff = ess_mean(np.exp(values - joined.max(axis=0))) / len(joined)
    smoothed = psis(-joined, reff)
    pointwise = logsumexp(smoothed.log_weights + joined, axis=0)
    everything = logsumexp(joined, axis=0) - np.log(len(joined))
    threshold = min(1.0 - 1.0 / float(np.log10(len(joined))), 0.7)
    return PsisLoo(pointwise, float((everything - pointwise).sum()), smoothed.khat, threshold)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models from best to worst: ``names``, ``elpd``, ``difference`` to the best (<= 0), its
    standard error ``se``, ``weight`` by stacking, ``n_bad`` rows not to be trusted."""

    names: tuple[str, ...]
    elpd: Array
    difference: Array
    se: Array
    weight: Array
    n_bad: tuple[int, ...]

    @property
    def rank(self) -> tuple[int, ...]:
        """1 for the best."""
        return tuple(range(1, len(self.names) + 1))

    def __repr__(self) -> str:
        wide = max(5, *(len(name) for name in self.names))
        head = (
            f"rank  {'model':{wide}}{'elpd':>12}{'difference':>12}{'se':>9}{'weight':>8}{'bad':>5}"
        )
        columns = (
            self.rank,
            self.names,
            self.elpd,
            self.difference,
            self.se,
            self.weight,
            self.n_bad,
        )
        rows = [
            f"{rank:4d}  {name:{wide}}{elpd:12.2f}{difference:12.2f}{se:9.2f}{weight:8.2f}{bad:5d}"
            for rank, name, elpd, difference, se, weight, bad in zip(*columns, strict=True)
        ]
        return "\n".join([head, *rows])


def compare(models: Mapping[str, PsisLoo]) -> Comparison:
    """``difference = sum d_i``, ``se = sqrt(n var d_i)``, d the rows' differences to the best.

    The weights maximise ``sum_i log sum_k w_k exp(elpd_ik)``: how to mix the models' predictions.
    A difference of less than four, or than twice its error, decides nothing. Raises `InputError`
    unless all models were computed of equally many rows. Source: Yao, Vehtari, Simpson, Gelman
    (2018), Bayesian Analysis 13, 917.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> fine = PsisLoo(rng.normal(size=50), 1.0, np.zeros(50), 0.7)
    >>> poor = PsisLoo(fine.pointwise - 1.0, 1.0, np.zeros(50), 0.7)
    >>> compare({"poor": poor, "fine": fine}).names
    ('fine', 'poor')
    """
    if not models or len({len(model.pointwise) for model in models.values()}) > 1:
        raise InputError(
            "`models` must be of the same rows",
            str({name: len(model.pointwise) for name, model in models.items()}),
            "Compute each PsisLoo of all rows of one table.",
        )
    names = tuple(sorted(models, key=lambda name: -models[name].elpd))
    points = np.column_stack([models[name].pointwise for name in names])
    apart = points - points[:, :1]
    return Comparison(
        names=names,
        elpd=points.sum(axis=0),
        difference=apart.sum(axis=0),
        se=np.sqrt(len(points) * apart.var(axis=0)),
        weight=stacking(points),
        n_bad=tuple(models[name].n_bad for name in names),
    )


def stacking(points: Array) -> Array:
    """Weights (k,) of log densities (n, k) that maximise the log density of the mixture."""
    density = np.exp(points - points.max(axis=1, keepdims=True))
    k = points.shape[1]

    def loss(weights: Array) -> tuple[float, Array]:
        mixed = np.maximum(density @ weights, 1e-300)
        return -float(np.log(mixed).mean()), -(density / mixed[:, None]).mean(axis=0)

    found = minimize(
        loss,
        np.full(k, 1.0 / k),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * k,
        constraints=LinearConstraint(np.ones((1, k)), 1.0, 1.0),
        options={"ftol": 1e-13, "maxiter": 1000},
    )
    weights = np.maximum(found.x, 0.0)
    return np.asarray(weights / weights.sum())
