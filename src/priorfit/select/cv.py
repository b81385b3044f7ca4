"""K-fold cross-validation along the path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold

from priorfit._errors import InputError
from priorfit._threads import passes_in
from priorfit._typing import Array, Index
from priorfit.design import Dense, Design
from priorfit.likelihoods import Coupled
from priorfit.problem import Problem
from priorfit.select.scoring import scorer_of
from priorfit.select.selection import Selection
from priorfit.solve import Path, Shared, moments, path_of, share

__all__ = ["cross_validate", "per_sd", "present", "sample_of", "splits"]


_BLOCK = 1 << 18  # numbers of held-out rows that are copied together: 2 MB


def splits(
    problem: Problem, folds: Any = 5, seed: int | None = 0, groups: Any = None
) -> list[tuple[Index, Index]]:
    """(train, test) row numbers: shuffled K folds (stratified for classes), a splitter, or given.

    ``groups`` (n,): rows of one group are never on both sides; passed to a splitter.
    Raises `InputError` where there are fewer rows (or rows of a class, or groups) than folds.
    """
    n = len(problem.y)
    label = _classes(problem)
    if groups is not None and len(groups) != n:
        raise InputError(f"`groups` must have {n} labels", f"{len(groups)}", "One for each row.")
    if hasattr(folds, "split"):
        return list(folds.split(np.zeros((n, 1)), label, groups))
    if isinstance(folds, Iterable):
        return [(np.asarray(a), np.asarray(b)) for a, b in folds]
    most = n if groups is None else len(np.unique(groups))
    if not 2 <= folds <= most:
        what, count = ("rows", "n_samples") if groups is None else ("groups", "n_groups")
        raise InputError(
            f"folds must be between 2 and the number of {what}",
            f"{folds} for {count} = {most}",
            "Use fewer folds, or give the prior a scale.",
        )
    if groups is not None:
        splitter = GroupKFold(folds, shuffle=True, random_state=seed)
        return list(splitter.split(np.zeros((n, 1)), groups=groups))
    return _dealt(problem, label, folds, np.random.default_rng(seed))


def present(problem: Problem, folds: Any, groups: Any) -> tuple[Problem, Any]:
    """Weight 0 is a row absent: where folds are dealt here it is in none."""
    kept = np.flatnonzero(problem.weights > 0)
    if not isinstance(folds, Integral) or len(kept) == len(problem.y):
        return problem, groups
    return problem.take_rows(kept), None if groups is None else np.asarray(groups)[kept]


def _classes(problem: Problem) -> Array:
    """y, or the class of each row where it has several outputs."""
    several = problem.outputs is not None and problem.likelihood.is_classification
    return np.asarray(np.argmax(problem.y, axis=1)) if several else problem.y


def _dealt(
    problem: Problem, label_of: Array, folds: int, rng: np.random.Generator
) -> list[tuple[Index, Index]]:
    """Shuffled rows dealt in turn; of each class, and events, by themselves."""
    n = len(problem.y)
    order = rng.permutation(n)
    if problem.likelihood.coupled and problem.y.ndim == 2:  # times: deal the events in turn
        order = order[np.argsort(problem.y[order, 2], kind="stable")]
    elif problem.likelihood.is_classification:  # deal the rows of each class in turn
        order = order[np.argsort(label_of[order], kind="stable")]
        smallest = min(int(np.sum(label_of == v)) for v in np.unique(label_of))
        if smallest < 2:
            raise InputError(
                "each class must have at least 2 rows for cross-validation",
                f"{smallest}",
                "Give the prior a scale.",
            )
    label = np.empty(n, dtype=np.intp)
    label[order] = np.arange(n) % folds
    return [(np.flatnonzero(label != k), np.flatnonzero(label == k)) for k in range(folds)]


def per_sd(problem: Problem, shared: Shared | None = None) -> Problem:
    """The problem whose prior holds per standard deviation of each column."""
    w = problem.weights
    sd = (shared.moments(w) if shared else moments(problem.design, w))[1]
    return replace(problem, prior=problem.prior.rescaled(1.0 / np.where(sd > 0, sd, 1.0)))


def cross_validate(
    problem: Problem,
    *,
    folds: Any = 5,
    seed: int | None = 0,
    groups: Any = None,
    scoring: Any = None,
    rule: str = "1se",
    standardize: bool = True,
    hold: str = "belief",
    penalties: Any = None,
    n_points: int = 100,
    ratio: float | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Selection, Path]:
    """Held-out deviance of every penalty, and the path on all rows.

    Parameters
    ----------
    problem : with a prior of unit rate (`Prior.unit`).
    folds : number of folds, a scikit-learn splitter, or (train, test) pairs. Where rows are held
        out more than once (repeated folds), the standard error is that of one round.
    groups : (n,) labels of rows that stay on one side, for folds by number and for splitters.
    scoring : a scorer of scikit-learn (name or callable; larger is better) in place of the
        deviance; the curve is minus the score.
    standardize : state the prior per standard deviation of each column, computed inside each fold.
    hold : what stays the same from fold to fold: "belief" (the prior, hence lambda on the sum
        scale) or "mean" (lambda per row, as scikit-learn and glmnet do).
    threads : folds fitted at the same time, each alone; the path on all rows reads its columns by
        so many. It never changes a bit of the result.
    progress : called with (done, total) after each path.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> problem = pf.Problem.make(X, X[:, 0], prior=pf.Laplace())
    >>> selection, path = cross_validate(problem)
    >>> selection.mean.shape
    (100,)
    """
    if hold not in ("belief", "mean"):
        raise InputError("`hold` must be belief or mean", repr(hold), "Choose one of them.")
    told, ask = (None, None) if scoring is None else scorer_of(scoring, problem)
    problem, groups = present(problem, folds, groups)
    pairs = splits(problem, folds, seed, groups)
    if any(not np.any(problem.weights[test] > 0) for _, test in pairs):
        raise InputError(
            "each fold must hold a row of positive weight", "a fold without", "Use fewer folds."
        )

    def shaped(sample: Problem) -> Problem:
        return per_sd(sample, shared) if standardize else sample

    grid: Any = {"n_points": n_points, "ratio": ratio, "tol": tol, "max_iter": max_iter}
    with passes_in(threads):
        shared = share(problem, [test for _, test in pairs])
        full = path_of(shaped(problem), penalties, shared=shared, **grid)
    problem = replace(problem, likelihood=full.likelihood)  # one loss in all folds
    report = progress or _silent
    report(1, len(pairs) + 1)

    def score(pair: tuple[Index, Index]) -> Array:
        train, test = pair
        part = sample_of(problem, train) if shared else problem.take_rows(train)
        problem.likelihood.check(part.y[part.weights > 0])
        own = full.penalties
        if hold == "mean":
            own = own * (part.n_effective / problem.n_effective)
        fitted = path_of(shaped(part), own, tol=tol, max_iter=max_iter, shared=shared)
        if ask is not None:
            return ask(problem.y[test], _etas(problem, test, fitted), problem.weights[test])
        return _deviance(problem, test, fitted)

    scores = np.empty((len(full.penalties), len(pairs)))
    for k, column in enumerate(_in_threads(score, pairs, threads)):
        scores[:, k] = column
        report(k + 2, len(pairs) + 1)
    if shared is not None:
        shared.forget()
    rounds = _rounds(pairs)
    return Selection(
        full.penalties,
        scores,
        full.n_nonzero,
        rule,
        criterion=told or "held-out deviance per row",
        spread=None if rounds == 1.0 else _spread(scores, rounds),
        method="" if rounds == 1.0 else f"{len(pairs)} folds, each row held out {rounds:g} times",
        path=full,
    ), full


def _rounds(pairs: list[tuple[Index, Index]]) -> float:
    """How often a row is held out, of those that are."""
    held = np.concatenate([test for _, test in pairs])
    return len(held) / len(np.unique(held))


def _spread(scores: Array, rounds: float) -> Array:
    """The standard error (k,) of one round: the rows of the others are the same ones."""
    return np.asarray(scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1] / rounds))


def sample_of(problem: Problem, rows: Index) -> Problem:
    """The problem in which only these rows count, as often as they are named."""
    times = np.bincount(rows, minlength=len(problem.y))
    return replace(problem, weights=problem.weights * times)


def _in_threads(
    work: Callable[[tuple[Index, Index]], Array], items: list[tuple[Index, Index]], threads: int
) -> Iterator[Array]:
    """The results in order; native code lets other threads run."""
    if threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, items)


def _silent(done: int, total: int) -> None:
    pass


def _deviance(problem: Problem, test: Index, fitted: Path) -> Array:
    """Mean weighted deviance of the rows ``test`` at each point of a path, (k,)."""
    y, w, likelihood = problem.y[test], problem.weights[test], problem.likelihood
    if isinstance(likelihood, Coupled):  # what the rows add depends on all the others
        mark = np.zeros(len(problem.y), dtype=bool)
        mark[test] = True
        eta = problem.offset[:, None] + problem.design.matvec(fitted.coefs)
        return likelihood.held_out(problem.y, eta, problem.weights, mark)
    lost = likelihood.total(y, _etas(problem, test, fitted), w)
    return np.asarray(2.0 * (lost - np.sum(w @ likelihood.saturated(y))) / w.sum())


def _etas(problem: Problem, rows: Index, fitted: Path) -> Array:
    """Linear predictors of rows at each point of a path, (n, k) or (n, q, k)."""
    coefs = fitted.coefs
    products = _products(problem, rows, coefs.reshape(len(coefs), -1))
    offset = problem.offset[rows][..., None] + fitted.intercepts
    return np.asarray(offset + products.reshape(offset.shape))


def _products(problem: Problem, rows: Index, coefs: Array) -> Array:
    """``X_rows coefs`` (n, k); of a dense design only the columns that are in some estimate."""
    design, used = problem.design, np.flatnonzero(np.any(coefs, axis=1))
    if not isinstance(design, Dense) or 2 * len(used) > len(coefs):
        return _by_blocks(design.take_rows, rows, coefs)
    values = design.values
    return _by_blocks(lambda some: Dense(values[np.ix_(some, used)]), rows, coefs[used])


def _by_blocks(take: Callable[[Index], Design], rows: Index, coefs: Array) -> Array:
    """The same, a few rows at a time."""
    step = max(1024, _BLOCK // max(1, len(coefs)))
    spans = (rows[i : i + step] for i in range(0, len(rows), step))
    return np.concatenate([take(some).matvec(coefs) for some in spans])
