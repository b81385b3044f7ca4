"""Draws as ArviZ knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from priorfit._errors import InputError

if TYPE_CHECKING:
    from priorfit.posterior.result import Posterior

__all__ = ["to_arviz"]


def to_arviz(posterior: Posterior) -> Any:
    """A DataTree of arviz-base, or InferenceData where ArviZ 0.x is what is installed.

    Groups: posterior, sample_stats, log_likelihood (where rows have one) and observed_data.
    Dimensions of coef are named ``weight`` (and ``output``), with the columns' names.

    Raises
    ------
    InputError
        where neither arviz-base nor ArviZ is installed.
    """
    groups: dict[str, Any] = {"posterior": dict(posterior.draws)}
    if posterior.stats:
        names = {"accepted": "acceptance_rate", "energy": "energy"}
        groups["sample_stats"] = {names[k]: v for k, v in posterior.stats.items()}
    problem = posterior.model.problem
    if not problem.likelihood.coupled or "thresholds" in posterior.draws:
        groups["log_likelihood"] = {"y": posterior.log_likelihood()}
    groups["observed_data"] = {"y": problem.y}
    dims = {"coef": ["weight"], "included": ["weight"], "thresholds": ["cut"]}
    coords: dict[str, Any] = {"weight": list(problem.design.labels())}
    if problem.outputs is not None:
        both = ["weight", "output"]
        dims |= {"coef": both, "included": both, "intercept": ["output"]}
        coords["output"] = list(range(problem.outputs))
    try:
        from arviz_base import from_dict

        return from_dict(groups, coords=coords, dims=dims)
    except ImportError:
        return _older(groups, coords, dims)


def _older(groups: dict[str, Any], coords: dict[str, Any], dims: dict[str, Any]) -> Any:
    try:
        import arviz
    except ImportError as missing:
        raise InputError(
            "`to_arviz` needs arviz-base or ArviZ", "neither", "pip install arviz-base."
        ) from missing
    return arviz.from_dict(**groups, coords=coords, dims=dims)
