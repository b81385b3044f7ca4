"""The border to the native core: arrays in, arrays out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._core import evaluate_rows as _native_evaluate_rows
from priorfit._core import solve_glm as _native_solve_glm
from priorfit._core import solve_group_quadratic as _native_solve_group_quadratic
from priorfit._core import solve_quadratic as _native_solve_quadratic
from priorfit._core import solve_sorted as _native_solve_sorted
from priorfit._typing import Array, Index, Mask
from priorfit.likelihoods import (
    Bernoulli,
    Gamma,
    Huber,
    Likelihood,
    NegativeBinomial,
    Poisson,
    SquaredHinge,
)
from priorfit.priors import NormalForm
from priorfit.solve.blocks import Blocks
from priorfit.solve.standard import Standard

__all__ = [
    "native_loss",
    "native_rows",
    "rows_at",
    "solve_glm",
    "solve_group_quadratic",
    "solve_quadratic",
    "solve_sorted",
]


class NativeRows(NamedTuple):
    """A loss that native code has, and the rows it takes."""

    loss: str
    y: Array
    weights: Array
    offset: Array


def native_loss(likelihood: Likelihood) -> str | None:
    """The name of the loss in native code, or None where it is not there."""
    if isinstance(likelihood, Bernoulli):
        return "bernoulli" if likelihood.link == "logit" else None
    if isinstance(likelihood, NegativeBinomial):
        return "bernoulli"
    known = isinstance(likelihood, Poisson | Gamma | SquaredHinge | Huber)
    return likelihood.name if known else None


def native_rows(standard: Standard) -> NativeRows:
    """The rows of a problem whose likelihood has a `native_loss`.

    Negative binomial counts are shares: ``(y + theta) softplus(eta - log theta) - y eta`` is the
    bernoulli loss of ``y / (y + theta)`` with weight ``y + theta`` and offset ``-log theta``, less
    ``y log theta``. Huber's loss is standardized so that its tails begin at 1.
    """
    likelihood, y, w, offset = standard.likelihood, standard.y, standard.weights, standard.offset
    if likelihood.coupled:  # what is known of the rows is in their risk sets
        return NativeRows("cox", w, w, offset)
    name = native_loss(likelihood) or ""
    if not isinstance(likelihood, NegativeBinomial):
        return NativeRows(name, y, w, offset)
    theta = float(likelihood.known_shape or 1.0)
    return NativeRows(name, y / (y + theta), w * (y + theta), offset - np.log(theta))


def rows_at(standard: Standard, eta: Array) -> tuple[float, Array, Array]:
    """The likelihood part at eta (n,), minus its gradient (n,) and its curvatures (n,)."""
    likelihood, y, w = standard.likelihood, standard.y, standard.weights
    name = native_loss(likelihood)
    if name is None or isinstance(likelihood, NegativeBinomial):
        lost = float(likelihood.total(y, eta, w))
        return lost, likelihood.score(y, eta, w), likelihood.curvatures(y, eta, w)
    return evaluate_rows(name, y, w, eta)


def evaluate_rows(name: str, y: Array, w: Array, eta: Array) -> tuple[float, Array, Array]:
    """`rows_at` of the `native_loss` of this name."""
    score, curvatures = np.empty((2, len(eta)))
    return _native_evaluate_rows(name, y, w, eta, score, curvatures), score, curvatures


def solve_quadratic(
    gram: Array,
    q: Array,
    form: NormalForm,
    which: Index | None,
    strengths: Array,
    warm: Array,
    tol: float,
    max_rounds: int = 500,
) -> tuple[Array, int]:
    """Minimise ``b'Gb/2 - q'b + s form.value(b)`` for every strength, each warm from the last.

    ``which`` picks the entries of ``form`` that belong to the unknowns. Returns the
    solutions (k, m) and the largest number of rounds. ``tol`` bounds the violation of stationarity
    (units of the gradient); nothing is trusted here: the certificate judges what comes back.
    """

    def pick(v: Array) -> Array:
        return v if which is None else v[which]

    k = len(strengths)
    coefs = np.empty((k, len(q)))
    coefs[0] = warm
    status, rounds = np.empty(k, np.int32), np.empty(k, np.int32)
    l1, l2, loc = pick(form.l1), pick(form.l2), pick(form.loc)
    lower, upper = pick(form.lower), pick(form.upper)
    _native_solve_quadratic(
        gram, q, l1, l2, loc, lower, upper, strengths, coefs, status, rounds, tol, max_rounds
    )
    return coefs, int(rounds.max(initial=0)) + 1


def solve_glm(
    standard: Standard, Z: Array, strengths: Array, warm: Array, tol: float
) -> tuple[Array, int]:
    """Minimise the problem for every strength, each warm from the last, over dense ``Z`` (n, m).

    The likelihood must have a `native_loss` and Z in Fortran order; otherwise as
    `solve_quadratic`.
    """
    k = len(strengths)
    coefs, rounds = np.empty((k, standard.size)), np.zeros(k, np.int32)
    coefs[0] = warm
    form = standard.form
    name, y, w, offset = native_rows(standard)
    belief = (form.l1, form.l2, form.loc, form.lower, form.upper)
    _native_solve_glm(name, Z, y, w, offset, *belief, strengths, coefs, rounds, tol)
    return coefs, int(rounds.max(initial=0)) + 1


def solve_group_quadratic(
    gram: Array, q: Array, blocks: Blocks, s: float, warm: Array, tol: float
) -> Array:
    """Minimise ``b'Gb/2 - q'b + s (l1'|b| + sum_g rate_g |b_g|)`` from ``warm``, to ``tol`` as in
    `solve_quadratic`; all in the order of ``blocks``."""
    b = warm.copy()
    _native_solve_group_quadratic(gram, q, blocks.first, blocks.l1, blocks.rate, s, b, tol, 500)
    return b


def solve_sorted(
    gram: Array,
    q: Array,
    ranked: Mask,
    rates: Array,
    size: float,
    strengths: Array,
    warm: Array,
    room: float,
    max_rounds: int = 500,
) -> tuple[Array, int]:
    """Minimise ``x'Gx/2 - q'x + s sum_i rates_i |x_ranked|_(i)`` for every strength.

    Each (k, m) starts from the last. ``room`` bounds the duality gap, of which ``size``, the square
    of what the columns explain, is a part; also returns the largest number of rounds. Nothing is
    trusted here, as in `solve_quadratic`.
    """
    x = np.empty((len(strengths), len(q)))
    x[0] = warm
    flags = ranked.astype(np.uint8)
    return x, _native_solve_sorted(gram, q, flags, rates, size, strengths, x, room, max_rounds)
