"""The value of a leaf of a boosted tree, as the MAP estimate of one weight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from priorfit._errors import InputError
from priorfit._typing import Array, ArrayLike
from priorfit.priors.base import Prior
from priorfit.priors.normal_form import NormalForm
from priorfit.priors.separable import Normal

__all__ = ["Leaf", "boosted_leaf"]


class Leaf(NamedTuple):
    """``value`` of each leaf, and ``gain``: how much it lowers the objective against value 0."""

    value: Array
    gain: Array


def boosted_leaf(gradient: ArrayLike, hessian: ArrayLike, prior: Prior | None = None) -> Leaf:
    """``argmin_w G w + H w^2 / 2 - log p(w)``: with rates l1 and l2, ``-soft(G, l1) / (H + l2)``.

    A boosting step sees the loss of the rows in a leaf as a quadratic in the leaf's value, so an
    L1 and L2 setting of the library is a Laplace and a normal belief about each leaf.

    Parameters
    ----------
    gradient, hessian : sums G and H over the rows of each leaf of the first and second derivative
        of the loss, any shape. H >= 0.
    prior : the belief about a leaf; None for `Normal` of scale 1, XGBoost's ``reg_lambda=1``.
        ``reg_alpha=a`` is ``Laplace(1 / a)``, both are ``ElasticNet(1 / a, 1 / sqrt(lambda))``.

    ``gain`` is ``soft(G, l1)^2 / (2 (H + l2))`` for a prior at 0. XGBoost prints twice that.

    Raises
    ------
    InputError
        for H < 0, H = 0 under a prior without a normal part, or a prior of more than one weight.

    Examples
    --------
    >>> import priorfit as pf
    >>> leaf = pf.boosted_leaf(3.3, 7.0, pf.ElasticNet(1 / 1.2, 1 / 2**0.5))
    >>> round(float(leaf.value), 6), round(float(leaf.gain), 6)
    (-0.233333, 0.245)

    Source: Chen & Guestrin (2016), XGBoost, equations 5 and 6.
    """
    prior = Normal() if prior is None else prior
    if prior._shape() != () or not prior.separable:
        raise InputError("`prior` must be about one weight", repr(prior), "Use one number.")
    form = prior.lower(1)
    G, H = np.broadcast_arrays(np.asarray(gradient, float), np.asarray(hessian, float))
    shape, G, H = G.shape, G.reshape(-1, 1), H.reshape(-1, 1)
    if not np.all(np.isfinite(G)) or not np.all((H >= 0) & (H + form.l2 > 0)):
        raise InputError(
            "`gradient` must be finite, and `hessian` >= 0 with something that bounds the leaf",
            f"{gradient!r} and {hessian!r} under {prior!r}",
            "Give sums over the rows of a leaf, or a prior with a normal part.",
        )
    pull = G + H * form.loc
    t = -np.sign(pull) * np.maximum(np.abs(pull) - form.l1, 0.0) / (H + form.l2)
    value = np.clip(form.loc + t, form.lower, form.upper) + 0.0  # no negative zero
    gain = _objective(form, G, H, np.zeros_like(G)) - _objective(form, G, H, value)
    return Leaf(value.reshape(shape), gain.reshape(shape))


def _objective(form: NormalForm, G: Array, H: Array, w: Array) -> Array:
    t = w - form.loc
    return np.asarray(G * w + H / 2 * w * w + form.l1 * np.abs(t) + form.l2 / 2 * t * t)
