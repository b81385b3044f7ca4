"""The prior that settings are, as a formula: for where n or the noise is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from priorfit._typing import Array
from priorfit.translate.lookup import row_named
from priorfit.translate.middle import UNIT_DISPERSION, Case, prior_of
from priorfit.translate.row import Row

__all__ = ["FLAT", "belief_text", "defaults_text", "symbolic_scale"]

FLAT = "flat: nothing is penalised"

_PHI = {"gaussian": ("noise²", "noise")}

_FAMILIAR = {
    "gaussian": ("sklearn.Ridge", "sklearn.Lasso"),
    "bernoulli": ("sklearn.LogisticRegression",),
    "poisson": ("sklearn.PoissonRegressor",),
    "quantile": ("sklearn.QuantileRegressor",),
    "multinomial": ("sklearn.LogisticRegression",),
    "gamma": ("sklearn.GammaRegressor",),
    "tweedie": ("sklearn.TweedieRegressor",),
}


def belief_text(row: Row, settings: Mapping[str, Any], family: str) -> str:
    """The prior of ``settings`` (with the row's defaults) with symbols for what is not known.

    Examples
    --------
    >>> from priorfit.translate.lookup import row_named
    >>> belief_text(row_named("sklearn.Lasso"), {"alpha": 0.1}, "gaussian")
    'Laplace, scale 10 × noise² / W'
    >>> belief_text(row_named("sklearn.LogisticRegression", "bernoulli"), {"C": 4.0}, "bernoulli")
    'normal, scale 2'
    """
    shape = row.shape
    if shape is None:
        return row.reason if row.map_anyway else "no prior: " + row.reason
    known = row.tidy(dict.fromkeys(shape.keys) | dict(row.defaults) | dict(settings))
    if any(known[key] is None for key in shape.required):
        return "it has no default"
    a1, a2 = shape.read(known)
    if not (np.any(a1 > 0) or np.any(a2 > 0)):
        return FLAT
    per = ", per standard deviation" if row.standardizes(known) else ""
    laplace = symbolic_scale(a1, row.factor1.back, family, 1)
    normal = symbolic_scale(a2, row.factor2.back, family, 2)
    if not np.any(a2 > 0):
        return f"Laplace, scale {laplace}{per}"
    if not np.any(a1 > 0):
        return f"normal, scale {normal}{per}"
    return f"elastic net, l1_scale {laplace}, l2_scale {normal}{per}"


def defaults_text(family: str, phi: float, n: float) -> str:
    """scikit-learn's defaults as priors, for n rows and a dispersion of ``phi``; empty where it
    has no estimator of the family.

    Examples
    --------
    >>> defaults_text("gaussian", phi=4.0, n=100)
    'Ridge(alpha=1) is Normal(scale=2), Lasso(alpha=1) is Laplace(scale=0.04)'
    """
    case, parts = Case(n=n, total=n, phi=phi), []
    for name in _FAMILIAR.get(family, ()):
        row = row_named(name, family)
        prior, key = prior_of(row.from_({}, case), phi), row.keys[0]
        call = f"{name.removeprefix('sklearn.')}({key}={row.defaults[key]:g})"
        parts.append(f"{call} is {type(prior).__name__}(scale={prior.arguments()['scale']:.3g})")
    return ", ".join(parts)


def symbolic_scale(values: Array, back: tuple[float, str], family: str, power: int) -> str:
    """``phi / (values * back)``, or its square root for a ``power`` of 2, as text."""
    top = "" if family in UNIT_DISPERSION else _PHI.get(family, ("φ", "√φ"))[power - 1]
    low, high = float(np.min(values)) * back[0], float(np.max(values)) * back[0]
    if low <= 0 or low != high:
        return "of its own for each column"
    number = f"{high ** (-1 / power):.4g}"
    above = top if top and number == "1" else " × ".join(filter(None, (number, top)))
    if not back[1]:
        return above
    below = f"({back[1]})" if " " in back[1] else back[1]
    return f"{above} / {'√' * (power == 2)}{below}"
