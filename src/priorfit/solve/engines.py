"""Which engine solves a problem: a public, inspectable choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, Index
from priorfit.design import Changed, Dense
from priorfit.likelihoods import Gaussian
from priorfit.priors import NormalForm
from priorfit.problem import Problem
from priorfit.solve.admitted import ENGINES, check_admitted
from priorfit.solve.blocks import only_groups
from priorfit.solve.certificate import Certificates
from priorfit.solve.columns import moments
from priorfit.solve.conjugate import ConjugateGradients, is_huge
from priorfit.solve.coupled.newton import CoupledNewton
from priorfit.solve.gram import Gram, few_columns
from priorfit.solve.grouped import Grouped
from priorfit.solve.least_squares import LeastSquares, is_quadratic
from priorfit.solve.local.engine import Local
from priorfit.solve.local.starts import Convex, Starts
from priorfit.solve.many_columns import among_many
from priorfit.solve.native import native_loss
from priorfit.solve.newton import Newton
from priorfit.solve.outputs import OutputsStandard
from priorfit.solve.outputs.engine import Outputs
from priorfit.solve.quantile.engine import InteriorPoint
from priorfit.solve.quantile.reference import Splitting
from priorfit.solve.reference import Reference
from priorfit.solve.robust.engine import SeveralStarts
from priorfit.solve.robust.starts import starts_of
from priorfit.solve.shared import Shared
from priorfit.solve.standard import Standard, standardize
from priorfit.solve.structured import (
    ChainNewton,
    Interior,
    is_chain,
    minimise_quadratic,
    solver_for,
    sorted_engine,
)
from priorfit.solve.working_set import WorkingSet

__all__ = ["ENGINES", "Auto", "Engine", "engine", "share"]


class Engine(Protocol):
    """``(strengths (k,), warm start (m,)) -> (solutions (m, k), certificates)``."""

    #: iterations of the outer loop that the hardest strength took
    rounds: int

    def __call__(self, strengths: Array, warm: Array) -> tuple[Array, Certificates]:
        """Solve at each strength, warm from the one before."""


@dataclass(frozen=True)
class Auto:
    """Choose by the likelihood, the prior's normal form and the shape of X.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> Auto().select(pf.Problem.make(np.eye(3), [1.0, 2.0, 4.0], prior=pf.Laplace(1.0)))
    'gram'
    """

    def select(self, problem: Problem) -> str:
        """The engine's name, one of `ENGINES`."""
        name = solver_for(problem, "auto")
        return self.of(standardize(problem.changed)) if name == "auto" else name

    def of(self, standard: Standard, only: float | None = None) -> str:
        """The same for a problem in standard form, and ``only`` one strength where that is all."""
        return _select(standard, only)


def _select(standard: Standard, only: float | None = None) -> str:
    if isinstance(standard, OutputsStandard):
        return "outputs"
    if standard.form.concave is not None:
        return "local"
    if not standard.likelihood.smooth:
        return "interior-point"
    if not standard.likelihood.convex:
        return "several-starts"
    if standard.form.ranked is not None:
        return "sorted"
    if standard.likelihood.coupled:
        return "coupled"
    native = standard.gaussian or native_loss(standard.likelihood) is not None
    if native and standard.form.groups is not None and only_groups(standard.form):
        return "groups"
    if not standard.gaussian or standard.form.groups is not None:
        return "newton"
    if is_quadratic(standard):
        every = not np.any(standard.form.flat[int(standard.Z.intercept) :])
        return "conjugate-gradients" if every and is_huge(standard) else "least-squares"
    return "gram" if few_columns(standard, only) else "working-set"


def engine(
    standard: Standard, *, solver: str, tol: float, max_iter: int, only: float | None = None
) -> Engine:
    """The engine of that name, ready for any strength (for ``only`` this one, where given).

    What does not depend on the strength (Gram matrix, kernel, working set) is made once and kept.
    """
    name = _select(standard, only) if solver == "auto" else solver
    check_admitted(standard, name, asked=solver != "auto")
    return _MAKERS[name](standard, tol, max_iter, only)


def _convex(standard: Standard, max_iter: int) -> Convex:
    """The engines for convex forms, as starts for one that is not."""

    def solve(form: NormalForm, strength: float) -> Array:
        plain = replace(standard, form=form)
        run = engine(plain, solver="auto", tol=1e-6, max_iter=max_iter, only=strength)
        return run(np.array([strength]), plain.start)[0][:, 0]

    return solve


def _outputs(standard: Standard, tol: float, max_iter: int, only: float | None) -> Engine:
    def alone(part: Standard, gap: float) -> Engine:
        return engine(part, solver="auto", tol=gap, max_iter=max_iter, only=only)

    assert isinstance(standard, OutputsStandard)
    return Outputs(standard, tol, max_iter, alone)


def _local(standard: Standard, tol: float, max_iter: int, only: float | None) -> Engine:
    starts = None if only is None else Starts(standard, _convex(standard, max_iter))
    return Local(standard, tol, max_iter, starts)


def _several_starts(standard: Standard, tol: float, max_iter: int, _: float | None) -> Engine:
    def solve(convex: Standard, strength: float, loose: float) -> Array:
        run = engine(convex, solver="auto", tol=loose, max_iter=max_iter, only=strength)
        return run(np.array([strength]), convex.start)[0][:, 0]

    return SeveralStarts(standard, tol, starts_of(solve))


def _reference(standard: Standard, tol: float, max_iter: int, _: float | None) -> Engine:
    if not standard.likelihood.smooth:
        return Splitting(standard, tol, max_iter)
    return Reference(standard, tol, max_iter)


def _chain(standard: Standard, tol: float, max_iter: int, _: float | None) -> Engine:
    base = standard.Z.base
    if not isinstance(base, Changed) or not is_chain(base, standard.Z.intercept):
        raise InputError(
            "the chain engine must have a random walk and one entry in each row of a sparse X",
            "another problem",
            "Use solver='auto'.",
        )
    return ChainNewton(standard, tol, min(max_iter, 100))


def _barrier(standard: Standard, tol: float, max_iter: int, _: float | None) -> Engine:
    form = standard.form
    bounded = np.isfinite(form.lower) | np.isfinite(form.upper)
    if np.any(bounded & ~form.fixed):
        raise InputError(
            "the barrier engine must have a prior without groups or bounds",
            "some",
            "Use solver='auto'.",
        )
    if standard.gaussian:
        return Interior(standard, tol)
    if standard.likelihood.coupled:
        return CoupledNewton(standard, tol, min(max_iter, 200), minimise_quadratic)
    return Newton(standard, tol, min(max_iter, 200), minimise_quadratic)


_MAKERS: dict[str, Callable[[Standard, float, int, float | None], Engine]] = {
    "least-squares": lambda s, tol, *_: LeastSquares(s, tol),
    "conjugate-gradients": lambda s, tol, most, _: ConjugateGradients(s, tol, most),
    "gram": lambda s, tol, *_: Gram(s, tol),
    "working-set": lambda s, tol, *_: WorkingSet(s, tol),
    "groups": lambda s, tol, most, _: Grouped(s, tol, most),
    "newton": lambda s, tol, most, _: Newton(s, tol, min(most, 200)),
    "outputs": _outputs,
    "barrier": _barrier,
    "chain": _chain,
    "sorted": lambda s, tol, most, _: sorted_engine(s, tol, min(most, 200)),
    "local": _local,
    "interior-point": lambda s, tol, *_: InteriorPoint(s, tol),
    "several-starts": _several_starts,
    "coupled": lambda s, tol, most, _: CoupledNewton(s, tol, min(most, 200)),
    "reference": _reference,
}


def share(problem: Problem, parts: Iterable[Index] = ()) -> Shared | None:
    """What paths over samples of the rows of a problem can share; None where they share nothing.

    Dense columns and a likelihood that native code knows, but for groups and a normal prior over
    many columns. ``parts``: rows that samples leave out together.
    """
    likelihood = problem.likelihood
    quadratic = isinstance(likelihood, Gaussian)
    likely = quadratic or native_loss(likelihood) is not None
    several = problem.outputs is not None or problem.change is not None
    likely &= isinstance(problem.design, Dense) and not several
    if not likely or not np.all(problem.weights > 0):
        return None
    known = moments(problem.design, problem.weights)
    if not quadratic:  # units of columns are the same for any likelihood
        problem = replace(problem, likelihood=Gaussian())
    standard = standardize(problem, known=known)
    name, (n, m) = _select(standard), standard.Z.shape
    if name not in ("gram", "working-set", "least-squares"):
        return None
    if name == "working-set" and not among_many(standard):
        return None
    if name == "least-squares" and 2 * m > n:
        return None
    every = np.arange(n)
    left_out = tuple(np.sort(every[rows]) for rows in parts)
    return Shared(standard.Z, standard.weights, known, left_out, quadratic)
