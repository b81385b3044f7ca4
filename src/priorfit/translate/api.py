"""`translate`: any strength said in the settings of any other library, and back."""

from __future__ import annotations

from typing import Any, Literal, overload

from priorfit._errors import InputError
from priorfit.likelihoods import Gaussian, Likelihood
from priorfit.priors import Prior
from priorfit.translate.given import Given, given_setting
from priorfit.translate.lookup import family_name, row_named, rows_named
from priorfit.translate.middle import Case, SumScale, case_of, prior_of, sum_scale
from priorfit.translate.row import Row
from priorfit.translate.translation import Translation

__all__ = ["translate"]


@overload
def translate(
    what: Any,
    *,
    to: Literal["prior"] | type[Prior] = ...,
    source: str | None = ...,
    likelihood: Likelihood | str | None = ...,
    n: float | None = ...,
    noise: float | None = ...,
    dispersion: float | None = ...,
    x_scale: Any = ...,
    y_scale: float | None = ...,
    weights: Any = ...,
) -> Prior: ...
@overload
def translate(
    what: Any,
    *,
    to: str,
    source: str | None = ...,
    likelihood: Likelihood | str | None = ...,
    n: float | None = ...,
    noise: float | None = ...,
    dispersion: float | None = ...,
    x_scale: Any = ...,
    y_scale: float | None = ...,
    weights: Any = ...,
) -> Translation: ...
def translate(
    what: Any,
    *,
    to: str | type[Prior] = "prior",
    source: str | None = None,
    likelihood: Likelihood | str | None = None,
    n: float | None = None,
    noise: float | None = None,
    dispersion: float | None = None,
    x_scale: Any = None,
    y_scale: float | None = None,
    weights: Any = None,
) -> Prior | Translation:
    """A belief in the settings of another library, and the belief that settings are.

    Everything goes through the penalty on the sum scale in the units of X:
    ``lambda1 = phi / scale`` (Laplace) and ``lambda2 = phi / scale^2`` (normal), phi = noise² for
    the gaussian and 1 for Bernoulli, Poisson and Cox. A row of `dictionary` says what a library
    does with them. The way there and back is exact.

    Parameters
    ----------
    what : a prior, or its text ("laplace:scale=0.1"); an estimator of another library; its
        settings as a mapping, with ``source=``; or as text ("sklearn.Lasso:alpha=0.1").
    to : the row of `dictionary` ("sklearn.Lasso", "glmnet"), or "prior" for the way back.
    source : the row that a mapping of settings belongs to.
    likelihood : where a call speaks several: "gaussian", "bernoulli", ..., or an object.
    n : number of rows.
    noise : standard deviation of gaussian noise, in units of y.
    dispersion : phi of the other likelihoods that have one (gamma, Tweedie).
    x_scale : (p,) standard deviations of the columns, with 1/n; where a library standardizes.
    y_scale : standard deviation of y, with 1/n; where a library divides y by it. Both are
        weighted where the rows are.
    weights : weights of the rows (n,), or their sum; 1 each where not given.

    Returns
    -------
    A `Translation`, which is a mapping of the settings; or a prior.

    Raises
    ------
    InputError
        where something is missing, by its name; where the library has no words for the prior;
        where its answer is the MAP estimate of no prior (AdamW), with what can be said instead.

    Examples
    --------
    >>> import priorfit as pf
    >>> pf.translate(pf.Laplace(0.1), to="sklearn.Lasso", n=100, noise=2.0).settings
    {'alpha': 0.4}
    >>> pf.translate({"alpha": 0.4}, source="sklearn.Lasso", n=100, noise=2.0)
    Laplace(scale=0.1, loc=0.0)
    >>> print(pf.translate("sklearn.Ridge:alpha=50", to="glmnet", n=100, y_scale=3.0).call)
    glmnet(x, y, lambda = 1.5, alpha = 0, standardize = FALSE, family = "gaussian")

    Source: each row of `dictionary` names its own; Hastie, Tibshirani & Friedman, ESL (2009), 3.4.
    """
    family = family_name(likelihood)
    if noise is None and isinstance(likelihood, Gaussian):
        noise = likelihood.noise
    case = case_of(
        n=n, weights=weights, noise=noise, dispersion=dispersion, x_scale=x_scale, y_scale=y_scale
    )
    given = given_setting(what, source, family)
    if isinstance(to, type) or to == "prior":
        return _back(given, to, case)
    return _there(given, to, family, case)


def _back(given: Given, to: str | type[Prior], case: Case) -> Prior:
    if given.row is None:
        raise InputError(
            "`to` must name a setting where a prior is given",
            f"to={to!r}",
            "Write for example to='sklearn.Lasso'; pf.dictionary() lists all.",
        )
    middle = given.row.from_(given.settings, case)
    prior = prior_of(middle, _phi(given.row, given.family, case))
    if isinstance(to, type) and not isinstance(prior, to):
        raise InputError(
            f"the setting must be a {to.__name__} prior", repr(prior), "Leave out `to`."
        )
    return prior


def _there(given: Given, to: str, family: str | None, case: Case) -> Translation:
    row, chosen = _target(given, to, family, case)
    middle: SumScale
    if given.prior is not None:
        middle = sum_scale(given.prior, _phi(row, chosen, case))
    else:
        assert given.row is not None
        middle = given.row.from_(given.settings, case)
        middle = _carried(middle, (given.row, given.family), (row, chosen), case)
    prior = given.prior
    if prior is None and (case.phi is not None or not row.has_dispersion(chosen)):
        prior = prior_of(middle, _phi(row, chosen, case))
    settings = row.to(middle, case, chosen)
    return Translation(settings, row, chosen, prior, middle, case, given.said)


def _target(given: Given, to: str, family: str | None, case: Case) -> tuple[Row, str]:
    """The row that ``to`` means, and the likelihood that it speaks."""
    families = {f for row in rows_named(to) for f in row.families}
    wanted = family
    if wanted is None and given.family in families:
        wanted = given.family
    if wanted is None and case.phi is not None and "gaussian" in families:
        wanted = "gaussian"
    row = row_named(to, wanted)
    _ = row.keys  # raises where it is not a MAP
    return row, wanted if wanted and wanted in row.families else next(iter(row.families))


def _carried(
    middle: SumScale, source: tuple[Row, str], target: tuple[Row, str], case: Case
) -> SumScale:
    """The same penalty where both speak one likelihood, else the penalty of the same prior."""
    if source[1] == target[1] or not (_open(*source) or _open(*target)):
        if (source[1] == "multinomial") != (target[1] == "multinomial"):
            raise InputError(
                "the weights must mean the same on both sides",
                f"{source[1]} and {target[1]}",
                "A softmax has a column of weights per class; translate to the prior first.",
            )
        return middle
    return sum_scale(prior_of(middle, _phi(*source, case)), _phi(*target, case))


def _open(row: Row, family: str) -> bool:
    return row.has_dispersion(family)


def _phi(row: Row, family: str, case: Case) -> float:
    if not row.has_dispersion(family):
        return 1.0
    phi: float = case.need("noise" if family == "gaussian" else "dispersion", row.id)
    return phi
