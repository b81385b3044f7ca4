"""Parameter groups of an optimizer that hold a belief."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from priorfit._errors import InputError
from priorfit.priors import Prior
from priorfit.torch.belief import Belief, belief_of

__all__ = ["kind_of_parameter", "prior_groups"]

#: words that `skip` knows; any other is a pattern of names
WORDS = ("bias", "norm", "embedding")


def prior_groups(
    model: nn.Module,
    prior: Prior | Mapping[str, Prior],
    *,
    n: float | None = None,
    snr: float | None = None,
    noise: float | None = None,
    skip: str | Iterable[str] = ("bias", "norm"),
    by: str | Mapping[str, str] = "rows",
    heads: int = 0,
    strength: float = 1.0,
) -> list[dict[str, Any]]:
    """Parameter groups for an optimizer, whose ``prior`` says what is believed of their weights.

    The loss that is minimised is a mean over rows, so a belief counts once per n rows: a normal
    belief of scale tau is ``weight_decay = 1 / (n tau^2)``, a Laplace one of scale b adds
    ``|w| / (n b)``. Normal groups carry their ``weight_decay``, which SGD (with momentum too) and
    Adam minimise; AdamW does something else with it, see `explain`. All other beliefs act through
    `attach`, and without it not at all.

    Parameters
    ----------
    model : a module; only parameters that require a gradient are used, shared ones once.
    prior : of every weight that is not skipped; or by pattern of the parameter's name,
        ``{"0.weight": GroupLaplace(), "*": Normal()}``, the first that fits.
    n : how many rows the training set has (not the batch).
    snr : in place of n, the rate of the kink in units of Adam's normalised step: a weight whose
        gradient has a mean below ``snr`` times its root mean square goes to 0. Dimensionless and
        not a prior; what is kept of the belief is its shape.
    noise : the standard deviation of gaussian noise, where the loss is ``nn.MSELoss``: that loss is
        2 noise^2 times the mean negative log-likelihood, and so must be the rates.
    skip : what has no belief: "bias"; "norm" (gains of norm layers, and vectors in general);
        "embedding"; or patterns of names.
    by, heads : what `GroupLaplace` holds together: "rows" (all that enters an output or filter),
        "columns" (all that leaves an input), "heads" (``heads`` equal parts of the rows); or by the
        patterns of ``prior``.
    strength : the belief to this power (`Prior.tempered`).

    Raises
    ------
    InputError
        where the belief has no step here, a pattern fits nothing, or neither n nor snr is given.

    Examples
    --------
    >>> import priorfit as pf
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> weights, free = prior_groups(model, pf.Normal(scale=0.5), n=1000)
    >>> weights["weight_decay"], free["weight_decay"]
    (0.004, 0.0)

    Source: Bishop, PRML (2006), section 5.5; the scale n is that of the mean loss.
    """
    words = (skip,) if isinstance(skip, str) else tuple(skip)
    table = prior if isinstance(prior, Mapping) else {"*": prior}
    options: Any = {"n": n, "snr": snr, "noise": noise, "heads": heads, "strength": strength}
    shapes = by if isinstance(by, Mapping) else dict.fromkeys(table, by)
    beliefs = {k: belief_of(v, by=shapes.get(k, "rows"), **options) for k, v in table.items()}
    chosen: dict[str, list[tuple[str, nn.Parameter]]] = {k: [] for k in beliefs}
    free: list[tuple[str, nn.Parameter]] = []
    for name, parameter, kind in _weights(model):
        key = None if _skipped(name, kind, words) else _first(name, beliefs)
        (free if key is None else chosen[key]).append((name, parameter))
    for key, members in chosen.items():
        if not members:
            raise InputError(
                "every belief must be of some parameter",
                f"none for {key!r}",
                "Names are those of model.named_parameters(); see also `skip`.",
            )
        _check_shapes(beliefs[key], members)
    groups = [_group(members, beliefs[key]) for key, members in chosen.items()]
    return groups + ([_group(free, Belief("flat"))] if free else [])


def kind_of_parameter(owner: nn.Module, name: str, ndim: int) -> str:
    """ "bias", "norm", "embedding" or "weight", by the module that owns it."""
    if name.endswith("bias"):
        return "bias"
    if "Norm" in type(owner).__name__ or ndim <= 1:
        return "norm"
    return "embedding" if isinstance(owner, nn.Embedding | nn.EmbeddingBag) else "weight"


def _weights(model: nn.Module) -> list[tuple[str, nn.Parameter, str]]:
    """(name, parameter, kind) of all that is trained, a shared parameter once."""
    found: list[tuple[str, nn.Parameter, str]] = []
    seen: set[int] = set()
    for prefix, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) in seen or not parameter.requires_grad:
                continue
            seen.add(id(parameter))
            kind = kind_of_parameter(module, name, parameter.ndim)
            found.append((f"{prefix}.{name}" if prefix else name, parameter, kind))
    if not found:
        raise InputError("`model` must have parameters to train", "none", "Check requires_grad.")
    return found


def _skipped(name: str, kind: str, skip: tuple[str, ...]) -> bool:
    return kind in skip or any(fnmatchcase(name, s) for s in skip if s not in WORDS)


def _first(name: str, beliefs: Mapping[str, Belief]) -> str | None:
    return next((k for k in beliefs if fnmatchcase(name, k)), None)


def _check_shapes(belief: Belief, members: list[tuple[str, nn.Parameter]]) -> None:
    for name, parameter in members:
        bad = not parameter.is_floating_point() or (
            belief.kind == "group"
            and (
                parameter.ndim < 2
                or (belief.by == "heads" and parameter.shape[0] % belief.heads != 0)
            )
        )
        if bad:
            raise InputError(
                "a belief is of real weights, one of groups of matrices that divide into them",
                f"{name} of shape {tuple(parameter.shape)}",
                "Give it another belief by its name, or skip it.",
            )


def _group(members: list[tuple[str, nn.Parameter]], belief: Belief) -> dict[str, Any]:
    decay = belief.l2 * belief.strength if belief.kind == "normal" else 0.0
    return {"params": members, "weight_decay": decay, "prior": belief.as_dict()}
