"""`solve`: from a problem to its certified MAP estimate."""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Real

import numpy as np
from scipy.optimize import brentq

from priorfit._errors import ConvergenceWarning, InputError
from priorfit._threads import passes_in
from priorfit._typing import Array, Intercept
from priorfit.likelihoods import Gaussian
from priorfit.priors import Change
from priorfit.problem import Problem, neg_log_belief
from priorfit.solve.certificate import Certificates
from priorfit.solve.engines import Auto, engine
from priorfit.solve.noise import (
    conditional,
    conditional_sigma,
    degrees_of_freedom,
    independent_variance,
    warn_collapse,
)
from priorfit.solve.restore import restore
from priorfit.solve.result import Certificate, Freedom, Solution, Start
from priorfit.solve.shape import with_shape
from priorfit.solve.small import SmallFit, fit_small
from priorfit.solve.standard import Standard, standardize
from priorfit.solve.status import Status
from priorfit.solve.structured import SignalFit, fit_signal, solver_for

__all__ = ["check_settings", "solve", "solve_quietly"]


def solve(
    problem: Problem,
    *,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    solver: str = "auto",
    warm: Solution | Start | None = None,
    threads: int = 1,
) -> Solution:
    """The MAP estimate: the minimum of `Problem.objective`, with its certificate.

    Parameters
    ----------
    problem : what to minimise.
    tol : relative duality gap to reach.
    max_iter : bound on the iterations of the outer loop.
    solver : "auto" (see `Auto`) or one of `ENGINES`.
    warm : a solution to start from.
    threads : how many read the columns of X at the same time; it never changes a bit of the result.

    Returns
    -------
    Solution
        A `ConvergenceWarning` says so where ``tol`` was missed.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> X, y = np.diag([1.0, 2.0]), np.array([3.0, 0.1])
    >>> likelihood = pf.Gaussian(noise=1.0)
    >>> problem = pf.Problem.make(X, y, prior=pf.Laplace(1.0), likelihood=likelihood,
    ...                           intercept=False)
    >>> pf.solve(problem).coef
    array([2., 0.])
    """
    with passes_in(threads):
        solution = solve_quietly(problem, tol=tol, max_iter=max_iter, solver=solver, warm=warm)
    if solution.status not in (Status.CERTIFIED, Status.LOCAL):
        warnings.warn(solution.complaint, ConvergenceWarning, stacklevel=2)
    return solution


def solve_quietly(
    problem: Problem,
    *,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    solver: str = "auto",
    warm: Solution | Start | None = None,
) -> Solution:
    """`solve` without the warning; the status says what became of the fit."""
    check_settings(tol, max_iter)
    if problem.likelihood.known_shape is None:
        fit = partial(solve_quietly, tol=tol, max_iter=max_iter, solver=solver)
        return with_shape(problem, fit, warm)
    if problem.change is not None:
        return _changed(problem, problem.change, tol, max_iter, solver, warm)
    convex = problem.form.concave is None
    if (
        solver == "auto"
        and warm is None
        and convex
        and (small := fit_small(problem, tol)) is not None
    ):
        return _small_solution(problem, small, tol)
    standard = standardize(problem)
    start = standard.start if warm is None else standard.enter(warm.intercept, warm.coef)
    likelihood = problem.likelihood
    phi = likelihood.known_dispersion
    only = None if phi is None else phi * standard.y_unit**2
    optima = 1
    if isinstance(likelihood, Gaussian) and likelihood.scale_by_noise:
        if standard.form.concave is not None:
            raise InputError(
                "`scale_by_noise` must go with a convex penalty: the joint estimate is then unique",
                problem.prior.word,
                "Give Gaussian(noise=...), or Gaussian() to estimate it.",
            )
        standard, strength, g, found, rounds = _conditional_fit(
            standard, start, tol, max_iter, solver
        )
    else:
        run = engine(standard, solver=solver, tol=tol, max_iter=max_iter, only=only)
        strength = independent_variance(standard, run) if only is None else only
        solutions, found = run(np.array([strength]), start)
        g, rounds, optima = solutions[:, 0], run.rounds, getattr(run, "optima", 1)
    name = Auto().of(standard, only) if solver == "auto" else solver
    solution = _solution(problem, standard, g, strength, found, tol, (name, rounds))
    return solution._replace(optima=optima)


def _changed(
    problem: Problem,
    change: Change,
    tol: float,
    max_iter: int,
    solver: str,
    warm: Solution | Start | None,
) -> Solution:
    """The fit in the coordinates in which the prior is simple, and back."""
    if solver == "auto" and warm is None:
        signal = fit_signal(problem, problem.likelihood.known_dispersion, tol)
        if signal is not None and signal.gap <= tol:
            return _signal_solution(problem, signal, tol)
    if warm is not None:
        warm = warm._replace(coef=change.into(warm.coef))
    solver = solver_for(problem, solver)
    found = solve_quietly(problem.changed, tol=tol, max_iter=max_iter, solver=solver, warm=warm)
    return found._replace(
        coef=change.back(found.coef), objective=found.objective + change.basis.log_det
    )


def check_settings(tol: float, max_iter: int) -> None:
    """Raise `InputError` for a tolerance or bound that cannot be meant."""
    if not isinstance(tol, Real) or not tol > 0:
        raise InputError("`tol` must be > 0", repr(tol), "It is a relative duality gap: 1e-6.")
    if not isinstance(max_iter, Real) or max_iter < 1:
        raise InputError("`max_iter` must be >= 1", repr(max_iter), "It counts outer iterations.")


def _conditional_fit(
    standard: Standard, start: Array, tol: float, max_iter: int, solver: str
) -> tuple[Standard, float, Array, Certificates, int]:
    """The joint estimate under a prior whose scale is a multiple of the noise."""
    state = {"warm": start}

    def fit(sigma: float) -> tuple[Standard, Array, Certificates, int]:
        scaled = conditional(standard, sigma)
        run = engine(scaled, solver=solver, tol=tol, max_iter=max_iter)
        solutions, found = run(np.array([sigma**2]), state["warm"])
        state["warm"] = solutions[:, 0]
        return scaled, solutions[:, 0], found, run.rounds

    def excess(log_sigma: float) -> float:
        sigma = float(np.exp(log_sigma))
        return log_sigma - float(np.log(conditional_sigma(standard, fit(sigma)[1])))

    low, high = np.log(1e-6), np.log(8.0)
    if excess(low) > 0:
        warn_collapse()
        sigma = float(np.exp(low))
    else:
        sigma = float(np.exp(brentq(excess, low, high, xtol=1e-12, rtol=1e-12)))
    scaled, g, found, rounds = fit(sigma)
    return scaled, sigma**2, g, found, rounds


def _solution(
    problem: Problem,
    standard: Standard,
    g: Array,
    strength: float,
    found: Certificates,
    tol: float,
    engine_used: tuple[str, int],
) -> Solution:
    intercepts, coefs = restore(standard, g[:, None], problem)
    coef, at = coefs[..., 0], intercepts[..., 0]
    intercept = float(at) if problem.outputs is None else at
    local = not problem.likelihood.convex or standard.form.concave is not None
    local = local and not np.isfinite(found.gap[0])
    certificate = Certificate(float(found.gap[0]), float(found.kkt[0]), tol, local)
    proved = Status.LOCAL if local else Status.CERTIFIED
    status = proved if certificate.certified else Status.NOT_CONVERGED
    if _separated(standard, g):
        status = Status.SEPARATED
    phi = strength / standard.y_unit**2
    df = Freedom(partial(degrees_of_freedom, standard, g, strength))
    belief, likelihood = problem.belief, problem.likelihood
    if isinstance(likelihood, Gaussian) and likelihood.scale_by_noise:
        belief = belief.widened(float(np.sqrt(phi)))
    elif likelihood.has_dispersion:
        likelihood = likelihood.at(phi)
    lost = _neg_log_likelihood(problem, standard, found, strength, g, (intercept, coef))
    objective = lost + neg_log_belief(belief, coef)
    proof = certificate, status, *engine_used
    return Solution(intercept, coef, phi, objective, df, *proof, likelihood)


def _neg_log_likelihood(
    problem: Problem,
    standard: Standard,
    found: Certificates,
    strength: float,
    g: Array,
    at: tuple[Intercept, Array],
) -> float:
    """`Problem.neg_log_likelihood` of the answer, from its certificate where that has the sum, else
    from the columns in use."""
    phi = strength / standard.y_unit**2
    if problem.outputs is not None or not (standard.gaussian or standard.y_unit == 1.0):
        return problem.neg_log_likelihood(*at, phi)
    known = found.losses
    lost = standard.total(standard.eta_of_few(g)) if known is None else float(known[0])
    constant = np.sum(problem.weights @ problem.likelihood.constant(problem.y, phi))
    return float(lost / strength + constant)


def _signal_solution(problem: Problem, fit: SignalFit, tol: float) -> Solution:
    phi = problem.likelihood.known_dispersion or 1.0
    return Solution(
        intercept=fit.intercept,
        coef=fit.coef,
        phi=phi,
        objective=problem.objective(fit.intercept, fit.coef, phi),
        freedom=Freedom.known(fit.df),
        certificate=Certificate(fit.gap, fit.kkt, tol),
        status=Status.CERTIFIED,
        solver="chain",
        n_iter=1,
        likelihood=problem.likelihood,
    )


def _small_solution(problem: Problem, small: SmallFit, tol: float) -> Solution:
    phi = problem.likelihood.known_dispersion or 1.0
    constant = problem.weights.sum() * 0.5 * np.log(2 * np.pi * phi)
    belief = np.broadcast_to(problem.prior.neg_log_density(small.coef), small.coef.shape).sum()
    return Solution(
        intercept=small.intercept,
        coef=small.coef,
        phi=phi,
        objective=float(small.loss / phi + constant + belief),
        freedom=Freedom.known(small.df),
        certificate=Certificate(small.gap, small.kkt, tol),
        status=Status.CERTIFIED,
        solver="small",
        n_iter=small.rounds + 1,
        likelihood=problem.likelihood,
    )


def _separated(standard: Standard, g: Array) -> bool:
    """Whether weights with a flat prior run away because the likelihood has no maximum."""
    free = standard.form.flat[standard.first :]
    if standard.likelihood.attained(standard.y) or not np.any(free):
        return False
    lost = standard.likelihood.total(standard.y, standard.eta(g), standard.weights)
    excess = lost - standard.likelihood.least(standard.y, standard.weights)
    return bool(excess <= 1e-4 * standard.reference)
