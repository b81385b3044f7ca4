"""The strength that makes the data most probable, the weights integrated out."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from priorfit._errors import InputError, PriorfitWarning
from priorfit._typing import Array
from priorfit.likelihoods import Gaussian
from priorfit.priors import Laplace
from priorfit.problem import Problem
from priorfit.select.cv import per_sd
from priorfit.select.selection import Selection
from priorfit.solve import Path, path_of
from priorfit.solve.evidence.centred import centred_sums
from priorfit.solve.evidence.laplace import approximable, approximate, best_penalty
from priorfit.solve.evidence.lasso import LassoEvidence, Sums, learned_rate
from priorfit.solve.evidence.normal import NormalEvidence
from priorfit.solve.standard import Standard, standardize

__all__ = ["by_evidence"]

_TRUST = 0.05  # weights per row up to which Laplace's approximation is near the truth
_WIDEST = 2000  # columns that a draw of all weights at once can take
_DRAWS = 50  # that must speak for a rate


def by_evidence(
    problem: Problem,
    *,
    standardize: bool = True,
    penalties: Any = None,
    n_points: int = 100,
    ratio: float | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    seed: int | None = 0,
) -> tuple[Selection, Path]:
    """``-2 log p(y)`` of every strength, the weights integrated out, and the path.

    Three cases, said in `Selection.how`:

    - gaussian, normal priors: exact (`NormalEvidence`). A free intercept is integrated out, which
      leaves n - 1 rows; scikit-learn's BayesianRidge centres and counts n.
    - gaussian, Laplace prior of one scale: EM by sampling (Park & Casella 2008); the curve is
      relative to its best point, and ``log_evidence`` is None.
    - another smooth convex likelihood without unknowns, normal priors: Laplace's approximation. It
      may find far too strong a belief where weights are many: beyond 0.05 weights per row a
      `PriorfitWarning` says so.

    Parameters
    ----------
    problem : with a prior of unit rate (`Prior.unit`).
    standardize : state the prior per standard deviation of each column.
    penalties, n_points, ratio, tol, max_iter : see `pf.path`; the best lambda of all is put into
        the grid, where the grid is not given.
    seed : of the sampler.

    Raises
    ------
    InputError
        for any other likelihood or prior; for a Laplace prior with as many columns as rows and
        unknown noise, which the data then do not identify.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> problem = pf.Problem.make(X, X @ [1, 1, 1, 0, 0] + rng.normal(size=100))
    >>> selection, _ = by_evidence(problem)
    >>> selection.how, round(float(selection.scales[selection.best]), 2)
    ('evidence, exact', 0.74)
    """
    problem.require_one_output("the evidence")
    shaped = per_sd(problem) if standardize else problem
    grid: dict[str, Any] = {"n_points": n_points, "ratio": ratio, "tol": tol}
    if NormalEvidence.applies(shaped):
        return _exact(shaped, penalties, grid)
    grid["max_iter"] = max_iter
    if _is_lasso(shaped):
        return _sampled(shaped, penalties, grid, seed)
    if approximable(shaped):
        return _approximate(shaped, penalties, grid)
    raise InputError(
        "the evidence must be that of a normal prior with a known likelihood, or of a Laplace "
        "prior of one scale with gaussian noise",
        f"{problem.likelihood!r} and {problem.prior!r}",
        'Use strength="loo" or "cv".',
    )


def _exact(problem: Problem, penalties: Any, grid: dict[str, Any]) -> tuple[Selection, Path]:
    found = NormalEvidence(problem, penalties, **grid)
    path = found.path()
    if not found.settled:
        _say_unsettled(found.best == 0)
    return _selection(path, found.values, "evidence, exact"), path


def _approximate(problem: Problem, penalties: Any, grid: dict[str, Any]) -> tuple[Selection, Path]:
    path = path_of(problem, penalties, **grid)
    if penalties is None:
        best = best_penalty(problem, path, grid["tol"])
        if best in path.penalties[[0, -1]]:
            _say_unsettled(best == path.penalties[0])
        settings = {k: grid[k] for k in ("tol", "max_iter")}
        path = path_of(problem, np.union1d(path.penalties, [best]), **settings)
    share = problem.n_weights / problem.n_effective
    if share > _TRUST:
        warnings.warn(
            f"Laplace's approximation of the evidence must have fewer than {_TRUST:g} weights per "
            f"row to be near the truth, not {share:.2g}, and its belief may be far too strong. "
            'strength="loo" or "cv" does not rely on it.',
            PriorfitWarning,
            stacklevel=4,
        )
    how = f"evidence, by Laplace's approximation with {share:.2g} weights per row"
    return _selection(path, approximate(path), how), path


def _selection(path: Path, values: Array, method: str) -> Selection:
    return Selection(
        path.penalties,
        -2.0 * values[:, None],
        path.n_nonzero,
        "best",
        criterion="−2 log evidence",
        method=method,
        path=path,
        log_evidence=float(values.max()),
    )


def _say_unsettled(strongest: bool) -> None:
    end = "strongest" if strongest else "weakest"
    why = (
        "the data prefer no weights at all"
        if strongest
        else "the data do not tell the noise from the weights; give it, as in Gaussian(noise=...)"
    )
    warnings.warn(
        f"the evidence must have a maximum inside the grid, but it rises to the {end} penalty: "
        f"{why}.",
        PriorfitWarning,
        stacklevel=5,
    )


def _is_lasso(problem: Problem) -> bool:
    plain = isinstance(problem.prior, Laplace) and isinstance(problem.likelihood, Gaussian)
    if not plain or problem.likelihood.name != "gaussian":
        return False
    rates = problem.form.l1
    return bool(np.all(rates > 0)) and not np.any(problem.form.fixed)


def _sampled(
    problem: Problem, penalties: Any, grid: dict[str, Any], seed: int | None
) -> tuple[Selection, Path]:
    standard = standardize(problem)
    found = learned_rate(_sums(problem, standard), seed)
    unit = found.sigma / standard.y_unit**2  # of lambda on the sum scale
    path = path_of(problem, penalties, **grid)
    if penalties is None:
        settings = {k: grid[k] for k in ("tol", "max_iter")}
        path = path_of(problem, np.union1d(path.penalties, [found.rate * unit]), **settings)
    return _curve_of_draws(path, found, unit), path


def _curve_of_draws(path: Path, found: LassoEvidence, unit: float) -> Selection:
    """Smallest at the point where EM ended: what is below it is the error of sampling."""
    rates = np.maximum(path.penalties / unit, 1e-300)
    values, draws = found.relative(rates)
    at = int(np.argmin(np.abs(np.log(rates / found.rate))))
    scores = np.maximum(-2.0 * (values - values[at]), 1e-12)
    scores[at] = 0.0
    valid = (draws >= _DRAWS) | (np.arange(len(rates)) == at)
    return Selection(
        path.penalties,
        np.where(valid, scores, np.nan)[:, None],
        path.n_nonzero,
        "best",
        criterion="relative −2 log evidence",
        method=f"evidence of a Laplace belief, by {len(found.totals)} draws",
        valid=valid,
        path=path,
    )


def _sums(problem: Problem, standard: Standard) -> Sums:
    """Rows in units in which every weight has the rate 1, the intercept taken out."""
    n, p = problem.n_effective - float(problem.intercept), problem.n_weights
    known = problem.likelihood.known_dispersion
    if p > _WIDEST or (known is None and p >= n):
        raise InputError(
            f"the evidence of a Laplace prior must have at most {_WIDEST} columns, and fewer than "
            "rows where the noise is unknown",
            f"{p} columns and {problem.n_effective:g} rows",
            'Give Gaussian(noise=...), or use strength="cv".',
        )
    inner = np.arange(standard.first, standard.size)
    sums = centred_sums(standard, inner, standard.form.l1[inner])
    sigma = None if known is None else float(np.sqrt(known)) * standard.y_unit
    return Sums(*sums, n, sigma)
