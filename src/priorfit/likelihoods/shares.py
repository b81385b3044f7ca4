"""Counts of successes among trials, as rows of the bernoulli likelihood."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from priorfit._checks import vector
from priorfit._errors import InputError
from priorfit._typing import Array

__all__ = ["Shares", "shares"]


class Shares(NamedTuple):
    """``y`` (n,) the share of successes in each row, ``weights`` (n,) the trials."""

    y: Array
    weights: Array


def shares(successes: Any, trials: Any) -> Shares:
    """Binomial counts: ``y = successes / trials`` with weights ``trials``.

    A row of k successes in m trials says what k rows of 1 and m - k rows of 0 say, so its weight
    is m. The objective leaves out ``log C(m, k)``, which no fit depends on.

    Parameters
    ----------
    successes : (n,) counts, 0 <= successes <= trials.
    trials : (n,) counts; a row without trials has weight 0.

    Raises
    ------
    InputError
        where a count is negative or there are more successes than trials.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> y, trials = pf.shares([1, 4], [4, 5])
    >>> model = pf.MAPRegressor(pf.Flat(), likelihood=pf.Bernoulli())
    >>> model.fit(np.array([[0.0], [1.0]]), y, sample_weight=trials).predict([[1.0]]).round(6)
    array([0.8])
    """
    n = len(np.atleast_1d(np.asarray(successes)))
    k, m = vector("successes", successes, n), vector("trials", trials, n)
    wrong = (k < 0) | (k > m)
    if np.any(wrong):
        i = int(np.flatnonzero(wrong)[0])
        raise InputError(
            "`successes` must lie between 0 and `trials`",
            f"{k[i]:g} of {m[i]:g} in row {i}",
            "Give how many of the trials of each row were successes.",
        )
    return Shares(np.divide(k, m, out=np.zeros(n), where=m > 0), m)
