"""Which engines a problem admits: one line for each trait of a problem that some cannot meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from priorfit._errors import InputError
from priorfit.solve.least_squares import is_quadratic
from priorfit.solve.native import native_loss
from priorfit.solve.outputs import OutputsStandard
from priorfit.solve.standard import Standard

__all__ = ["ENGINES", "check_admitted"]

ENGINES = (
    "least-squares",
    "conjugate-gradients",
    "gram",
    "working-set",
    "groups",
    "newton",
    "outputs",
    "barrier",
    "chain",
    "sorted",
    "local",
    "interior-point",
    "several-starts",
    "coupled",
    "reference",
)
_SQUARES = ("least-squares", "conjugate-gradients")
_GRAMS = (*_SQUARES, "gram", "working-set")


class _Trait(NamedTuple):
    """Where ``holds``, the engines ``barred`` cannot work: they must have ``otherwise``. Elsewhere
    the engine ``own`` cannot: it must have ``needed``."""

    holds: Callable[[Standard], bool]
    barred: tuple[str, ...]
    otherwise: str
    own: str = ""
    needed: str = ""


def _all_but(*names: str) -> tuple[str, ...]:
    return tuple(name for name in ENGINES if name not in names)


_TRAITS = (
    _Trait(
        lambda s: isinstance(s, OutputsStandard),
        _all_but("outputs", "newton", "reference"),
        "one output per row",
        "outputs",
        "several outputs per row",
    ),
    _Trait(
        lambda s: s.form.ranked is not None,
        _all_but("sorted", "reference"),
        "a prior that is not sorted, and a sorted one a convex likelihood that has derivatives",
        "sorted",
        "a sorted prior",
    ),
    _Trait(
        lambda s: s.form.concave is not None,
        _all_but("local"),
        "a penalty that is convex",
        "local",
        "a penalty that is not convex",
    ),
    _Trait(
        lambda s: not s.likelihood.smooth,
        _all_but("interior-point", "reference"),
        "a likelihood with derivatives",
        "interior-point",
        "a quantile likelihood",
    ),
    _Trait(
        lambda s: not s.likelihood.convex,
        _all_but("several-starts", "local"),
        "a convex likelihood",
        "several-starts",
        "a student-t likelihood",
    ),
    _Trait(
        lambda s: s.likelihood.coupled,
        _all_but("coupled", "local", "sorted", "barrier", "reference"),
        "a likelihood whose rows are not coupled",
        "coupled",
        "a likelihood with coupled rows",
    ),
    _Trait(lambda s: not s.gaussian, _GRAMS, "a gaussian likelihood"),
    _Trait(
        lambda s: not s.gaussian and native_loss(s.likelihood) is None,
        ("groups",),
        "a likelihood that native code has",
    ),
    _Trait(
        lambda s: s.form.groups is not None,
        (*_GRAMS, "chain", "barrier"),
        "a prior without groups or bounds",
    ),
    _Trait(lambda s: not is_quadratic(s), _SQUARES, "a normal or flat prior without bounds"),
    _Trait(
        lambda s: bool(np.any(s.form.flat[int(s.Z.intercept) :])),
        ("conjugate-gradients",),
        "a normal prior on every weight",
    ),
)


def check_admitted(standard: Standard, name: str, asked: bool = True) -> None:
    """Raise `InputError` where the engine, ``asked`` for or chosen, cannot solve the problem."""
    if name not in ENGINES:
        raise InputError(
            f"`solver` must be auto or one of {', '.join(ENGINES)}",
            repr(name),
            "Choose one of them.",
        )
    for trait in _TRAITS:
        if name not in trait.barred and name != trait.own:
            continue
        holds = trait.holds(standard)
        if name not in trait.barred if holds else name != trait.own:
            continue
        must = trait.otherwise if holds else trait.needed
        raise InputError(
            f"the {name} engine{'' if asked else ', the one for such a problem,'} must have {must}",
            f"the {standard.likelihood.name} likelihood with this prior",
            "Leave solver at auto." if asked else "Change the prior or the likelihood.",
        )
