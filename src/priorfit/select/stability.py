"""Which columns are chosen again and again from halves of the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index, Mask
from priorfit.problem import Problem
from priorfit.select.cv import per_sd, sample_of
from priorfit.select.selection import Selection
from priorfit.solve import Path, path_of, share

__all__ = ["Stability", "stability"]


@dataclass(frozen=True, eq=False)
class Stability:
    """How often each column is in the fit to half of the rows.

    ``penalties`` (k,) lambdas on the sum scale of all rows, ``frequencies`` (p, k) shares of the
    halves, ``sizes`` (k,) the mean number of columns chosen at this lambda or a stronger one,
    ``threshold`` and ``errors`` as given.
    """

    penalties: Array
    frequencies: Array
    sizes: Array
    threshold: float
    errors: float

    @property
    def chosen(self) -> int:
        """Index of the weakest penalty at which fewer than ``errors`` wrong columns are expected:
        ``q^2 / ((2 threshold - 1) p) <= errors``, q the mean size."""
        return int(np.flatnonzero(self.allowed)[-1])

    @property
    def allowed(self) -> Mask:
        """Penalties (k,) at which the bound holds."""
        bound = np.square(self.sizes) / ((2.0 * self.threshold - 1.0) * len(self.frequencies))
        return np.asarray((bound <= self.errors) | (self.penalties == self.penalties[0]))

    @property
    def stable(self) -> Mask:
        """Columns (p,) whose frequency reaches the threshold at the chosen penalty or before."""
        most = self.frequencies[:, : self.chosen + 1].max(axis=1)
        return np.asarray(most >= self.threshold)


def stability(
    problem: Problem,
    *,
    pairs: int = 50,
    threshold: float = 0.75,
    errors: float = 1.0,
    standardize: bool = True,
    seed: int | None = 0,
    **grid: Any,
) -> tuple[Stability, Selection, Path]:
    """Stability selection with complementary pairs of halves.

    Parameters
    ----------
    problem : with a prior of unit rate (`Prior.unit`) that has a kink.
    pairs : how often the rows are cut in two halves; both are used.
    threshold : share of the halves that a stable column is in, above 1/2.
    errors : how many columns that say nothing may be expected among the stable ones.
    standardize : state the prior per standard deviation of each column, inside each half.
    grid : ``penalties``, ``n_points``, ``ratio``, ``tol``, ``max_iter``: see `pf.path`.

    The penalty that is chosen is the weakest one at which the bound holds; the path is that of all
    rows.

    Raises
    ------
    InputError
        for a threshold that is not between 1/2 and 1, or fewer than four rows.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 30))
    >>> problem = pf.Problem.make(X, X[:, 3] + rng.normal(size=120), prior=pf.Laplace())
    >>> found, _, _ = stability(problem, pairs=10)
    >>> np.flatnonzero(found.stable)
    array([3])

    Sources: Meinshausen & Buehlmann (2010), theorem 1; Shah & Samworth (2013), section 2.
    """
    problem.require_one_output("stability selection")
    if not (0.5 < threshold <= 1.0 and pairs >= 1 and errors > 0):
        raise InputError(
            "`threshold` must be above 1/2 and at most 1, with `pairs` >= 1 and `errors` > 0",
            f"{threshold}, {pairs} and {errors}",
            "0.6 to 0.9 are usual.",
        )
    kept = np.flatnonzero(problem.weights > 0)
    if len(kept) < 4:
        raise InputError("stability must have four rows", f"{len(kept)}", "Add rows.")
    problem = problem if len(kept) == len(problem.y) else problem.take_rows(kept)
    shared = share(problem)

    def shaped(sample: Problem) -> Problem:
        return per_sd(sample, shared) if standardize else sample

    path = path_of(shaped(problem), shared=shared, **grid)
    problem = replace(problem, likelihood=path.likelihood)
    halves = _halves(problem, pairs, seed)
    counts = np.zeros(path.coefs.shape)
    sizes = np.zeros(len(path.penalties))
    settings = {k: v for k, v in grid.items() if k in ("tol", "max_iter")}
    for rows in halves:
        part = sample_of(problem, rows) if shared else problem.take_rows(rows)
        own = path.penalties * (part.n_effective / problem.n_effective)
        inside = path_of(shaped(part), own, shared=shared, **settings).coefs != 0
        counts += inside
        sizes += np.maximum.accumulate(inside, axis=1).sum(axis=0)
    if shared is not None:
        shared.forget()
    found = Stability(path.penalties, counts / len(halves), sizes / len(halves), threshold, errors)
    selection = Selection(
        path.penalties,
        np.abs(np.arange(len(sizes)) - found.chosen)[:, None].astype(float),
        path.n_nonzero,
        "best",
        criterion="points from the weakest penalty that is allowed",
        method=f"stability: at most {errors:g} wrong columns expected at {threshold:.0%}",
        path=path,
    )
    return found, selection, path


def _halves(problem: Problem, pairs: int, seed: int | None) -> list[Index]:
    """Complementary halves; of two classes each half has its share."""
    rng = np.random.default_rng(seed)
    n = len(problem.y)
    out: list[Index] = []
    for _ in range(pairs):
        order = rng.permutation(n)
        if problem.likelihood.is_classification:
            order = order[np.argsort(problem.y[order], kind="stable")]
        out += [np.sort(order[0::2]), np.sort(order[1::2])]
    return out
