"""`explain`: which prior a model or an optimizer implies, and who escapes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from priorfit._checks import vector
from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.design import Design, as_design
from priorfit.likelihoods import Likelihood, by_name
from priorfit.priors import Flat, Prior, describe
from priorfit.translate.beliefs import FLAT, belief_text
from priorfit.translate.explanation import Explanation
from priorfit.translate.given import given_setting
from priorfit.translate.lookup import family_name
from priorfit.translate.middle import Case, SumScale, case_of, prior_of
from priorfit.translate.optimizers import explain_optimizer, is_optimizer
from priorfit.translate.ours import explain_ours, is_ours
from priorfit.translate.reading import Reading, read
from priorfit.translate.texts import number
from priorfit.views import extremes

__all__ = ["explain"]


def explain(
    model: Any,
    X: Any = None,
    y: Any = None,
    *,
    settings: Mapping[str, Any] | None = None,
    source: str | None = None,
    likelihood: Likelihood | str | None = None,
    n: float | None = None,
    noise: float | None = None,
    dispersion: float | None = None,
    weights: Any = None,
) -> Explanation:
    """The prior that a fitted model implies, in raw and standardized units, and who escapes it.

    With lambda1 and lambda2 of the sum scale (`translate`), the Laplace scale is ``phi / lambda1``
    and the normal scale ``sqrt(phi / lambda2)``; phi = noise², estimated from the residuals as
    ``RSS / (n - df)`` where X and y are given and ``noise`` is not.

    Parameters
    ----------
    model : an estimator (or pipeline, or search) of scikit-learn, celer, skglm, glum, xgboost,
        lightgbm, catboost or lifelines; results of statsmodels' fit_regularized; a booster; a torch
        optimizer; a model of this package; a prior; settings as text ("sklearn.Lasso:alpha=0.1").
    X, y : the data of the fit, for n, the columns' standard deviations, the noise, and the columns
        that escape the prior. Without them the prior is a formula.
    settings : what a model does not store (statsmodels' ``alpha`` and ``L1_wt``).
    source : the row of `dictionary`, where the class does not tell.
    likelihood, n, noise, dispersion, weights : as in `translate`.

    Raises
    ------
    InputError
        for a model that is not known, or data that do not fit it.

    Examples
    --------
    >>> import numpy as np, priorfit as pf
    >>> from sklearn.linear_model import Ridge
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 2.0], [4.0, 4.0]])
    >>> said = pf.explain(Ridge(alpha=4.0), noise=1.0)
    >>> said.prior
    Normal(scale=0.5, loc=0.0)
    >>> print(pf.explain(Ridge(alpha=4.0)).belief)
    normal, scale 0.5 × noise
    """
    if is_ours(model):
        return explain_ours(model)
    if is_optimizer(model):
        return explain_optimizer(model, n=n, noise=noise, family=family_name(likelihood))
    if isinstance(model, Prior):
        return Explanation(repr(model), f"{describe(model)}.", model)
    reading = _reading(model, settings, source, family_name(likelihood))
    if X is not None:
        reading = _with_data(reading, X, y)
    given = {"n": n, "noise": reading.noise if noise is None else noise, "dispersion": dispersion}
    design = None if reading.X is None else as_design(reading.X)
    _check_sizes(reading, design)
    case = _case(reading, design, given, weights)
    how = "as given" if reading.noise is None or noise is not None else "estimated by the model"
    if given["noise"] is None:
        how = "estimated, RSS / (n − df)"
    return _explained(reading, design, case, how)


def _reading(
    model: Any, settings: Mapping[str, Any] | None, source: str | None, family: str | None
) -> Reading:
    if isinstance(model, str | Mapping):
        given = given_setting(model, source, family)
        if given.row is None:
            raise InputError(
                "there must be a setting or a model", given.said, "Pass pf.Laplace(0.1) itself."
            )
        return Reading(given.said, given.row, given.settings, given.family)
    return read(model, settings, source, family)


def _with_data(reading: Reading, X: Any, y: Any) -> Reading:
    """The data as the model saw them; in their own units where only a scaler stands before it."""
    if reading.before is not None:
        names = getattr(reading.before, "get_feature_names_out", tuple)
        try:
            labels = tuple(map(str, names()))
        except (AttributeError, ValueError):
            labels = ()
        reading, X = replace(reading, labels=labels), reading.before.transform(X)
    response = None if y is None else np.asarray(y)
    return replace(reading, X=X, y=response)


def _check_sizes(reading: Reading, design: Design | None) -> None:
    """The data must be of the model's columns, with a response for each row."""
    if design is None:
        return
    n, p = design.shape
    if reading.coef is not None and len(reading.coef) != p:
        raise InputError(
            f"X must have the {len(reading.coef)} columns that the model was fitted on",
            f"{p}",
            "Pass the table of the fit.",
        )
    if reading.y is not None and len(reading.y) != n:
        raise InputError(
            f"y must have one number for each of the {n} rows of X",
            f"{len(reading.y)}",
            "Pass the response of the fit.",
        )


def _case(
    reading: Reading, design: Design | None, given: dict[str, float | None], weights: Any
) -> Case:
    n, spread, y_scale = given["n"] or reading.n, reading.spread, None
    if design is not None:
        w = np.ones(design.shape[0])
        if np.ndim(weights) != 0:
            w = vector("weights", weights, design.shape[0])
        n = float(design.shape[0])
        spread = np.array(design.moments(w)[1])
        spread = np.where(spread > 0, spread, 1.0)
        if reading.y is not None and np.issubdtype(np.asarray(reading.y).dtype, np.number):
            y_scale = float(np.sqrt(np.cov(reading.y, aweights=w, ddof=0))) or None
    return case_of(
        n=n, weights=weights, noise=given["noise"], dispersion=given["dispersion"],
        x_scale=spread if reading.unit is None else np.ones(len(reading.unit)), y_scale=y_scale,
    )  # fmt: skip


def _explained(reading: Reading, design: Design | None, case: Case, how: str) -> Explanation:
    row = reading.row
    notes = tuple(t for t in row.notes if reading.X is None or not t.startswith("A scalar alpha"))
    base = Explanation(
        reading.title, "", intercept=_intercept(reading), mistakes=reading.mistakes, notes=notes
    )
    if not row.translates:
        return replace(base, belief=belief_text(row, {}, reading.family), notes=(row.instead,))
    try:
        middle = row.from_(reading.settings, case)
        if reading.unit is not None:
            middle = middle.per(1.0 / reading.unit)
        if row.has_dispersion(reading.family) and case.phi is None:
            case = replace(case, phi=_estimated_phi(reading, design, middle))
        name = "noise" if reading.family == "gaussian" else "dispersion"
        phi = case.need(name, "the prior in numbers") if row.has_dispersion(reading.family) else 1.0
    except InputError as error:
        if reading.row.keys and "must be given" not in str(error):
            raise
        belief = belief_text(row, reading.settings, reading.family)
        belief = re.sub(r"\bW\b", "n", belief) if case.total is None else belief
        if reading.unit is not None:
            belief += ", per unit of the scaled column"
        if belief == FLAT:  # whatever the data and the noise are
            return replace(base, belief=f"{FLAT}.", prior=Flat())
        return replace(base, belief=belief, missing=(_asked(error),))
    return _in_numbers(base, reading, design, middle, float(phi), how)


def _in_numbers(
    base: Explanation, reading: Reading, design: Design | None, middle: SumScale, phi: float,
    how: str,
) -> Explanation:  # fmt: skip
    prior = prior_of(middle, phi)
    leaf = "leaf" in reading.row.objective
    noise = ""
    if reading.family == "gaussian":
        noise = f"standard deviation {np.sqrt(phi):.4g}, {how}"
    of = "of a leaf's value: " if leaf else ""
    penalty = _penalty(middle, "v" if leaf else "b")
    said = replace(base, belief=f"{of}{describe(prior)}.", prior=prior, noise=noise,
                   penalty=penalty)  # fmt: skip
    if design is None or leaf:
        return said
    spread = np.array(design.moments(np.ones(design.shape[0]))[1])
    spread = np.where(spread > 0, spread, 1.0)
    labels = reading.labels if len(reading.labels) == design.shape[1] else design.labels()
    normal = prior.lower(design.shape[1])
    free, frozen = extremes(normal, _precision(reading, design, phi))
    keep = np.arange(design.shape[1]) != reading.constant
    return replace(
        said,
        per_sd=prior.rescaled(spread),
        free=tuple(np.asarray(labels, dtype=object)[free & keep]),
        frozen=tuple(np.asarray(labels, dtype=object)[frozen & keep]),
    )


def _weights_of(reading: Reading) -> tuple[Array, float] | None:
    """Weights and intercept in the units of the data; None where the model is not linear."""
    if reading.coef is None:
        return None
    coef = reading.coef if reading.unit is None else reading.coef / reading.unit
    return coef, reading.intercept


def _estimated_phi(reading: Reading, design: Design | None, middle: SumScale) -> float | None:
    """``RSS / (n - df)``, df the trace of the smoother on the columns that are not zero."""
    found = _weights_of(reading)
    if design is None or found is None or reading.y is None or reading.family != "gaussian":
        return None
    coef, _ = found
    y = np.asarray(reading.y, dtype=np.float64)
    residual = y - design.matvec(coef)
    n, p = design.shape
    centred = reading.constant is None
    residual = residual - residual.mean() if centred else residual
    active = np.flatnonzero(coef)
    dense = np.column_stack([design.matvec(np.eye(1, p, j)[0]) for j in active[:2000]] or [y * 0])
    dense = dense - dense.mean(axis=0) if centred else dense
    gram = dense.T @ dense
    l2 = np.broadcast_to(middle.l2, (p,))[active[:2000]] if len(active) else np.ones(1)
    df = float(np.trace(np.linalg.lstsq(gram + np.diag(l2), gram, rcond=None)[0])) + centred
    left = n - df
    return float(residual @ residual) / left if left > 0 else None


def _precision(reading: Reading, design: Design, phi: float) -> Array:
    """How sharply the data know each weight alone, ``sum h (x - mean)^2 / phi``."""
    n = design.shape[0]
    h = np.ones(n)
    found = _weights_of(reading)
    if reading.family in ("bernoulli", "poisson") and found is not None:
        eta = design.matvec(found[0]) + found[1]
        h = by_name(reading.family).curvature(np.zeros(n), np.clip(eta, -30, 30))
    sd = design.moments(h)[1]
    return np.asarray(h.sum() * sd**2 / phi)


def _penalty(middle: SumScale, b: str) -> str:
    parts = [
        f"{number(values)} × {term}"
        for values, term in ((middle.l1, f"Σ|{b}|"), (middle.l2, f"½ Σ{b}²"))
        if np.any(values > 0)
    ]
    return "loss + " + " + ".join(parts) if parts else "loss alone"


def _intercept(reading: Reading) -> str:
    if reading.mistakes:
        return "penalised"
    words = {
        "free": "free, as it should be",
        "penalised": "penalised too",
        "none": "none",
    }
    if reading.constant is not None:
        return "free, as it should be"
    return words[reading.row.intercept]


def _asked(error: InputError) -> str:
    """What has to be passed, from the error that named it."""
    return str(error.args[2])
