"""A study at one point of its path: four figures, a sentence, the views and the dictionary."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import priorfit as pf
from priorfit._errors import InputError
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Table
from priorfit.explore.figure import Area, Axis, Dots, Figure, Line, Mark, Role, Rule, numbers
from priorfit.explore.proofs import by_gap, by_kkt
from priorfit.explore.tables.study import Study
from priorfit.explore.texts import Say
from priorfit.explore.ticks import plain, said
from priorfit.priors import describe
from priorfit.views import views_of

__all__ = ["Seen", "answer_of", "seen_of"]

_ROLES: dict[str, Role] = {"laplace": "laplace", "normal": "normal", "enet": "other"}
_SHOWN, _LINES, _LABELS = 16, 60, 7
_OTHERS: tuple[tuple[str, str], ...] = (
    ("gaussian", "sklearn.Lasso"), ("gaussian", "sklearn.Ridge"),
    ("gaussian", "sklearn.ElasticNet"),
    ("gaussian", "statsmodels.OLS"), ("gaussian", "torch.SGD.mse"),
    ("bernoulli", "sklearn.LogisticRegression"), ("bernoulli", "liblinear.L1R_LR"),
    ("bernoulli", "liblinear.L2R_LR"), ("bernoulli", "spark.LogisticRegression"),
    ("poisson", "sklearn.PoissonRegressor"), ("poisson", "glum"),
    ("gamma", "sklearn.GammaRegressor"),
)  # fmt: skip


class Seen(NamedTuple):
    """The three views in words, and the same belief in other libraries."""

    prior: str
    penalty: str
    constraint: str
    elsewhere: tuple[tuple[str, str], ...]


def seen_of(study: Study, k: int) -> Seen:
    """The belief of one point, per standard deviation of the columns."""
    path = study.path
    prior, phi = study.prior(k), path.dispersion_at(k)
    effects = study.coefs[:, k] * study.sd
    views = views_of(prior, phi, effects)
    words = describe(prior), str(views.penalty), str(views.constraint)
    return Seen(*words, _elsewhere(study, prior, phi))


def _elsewhere(study: Study, prior: pf.Prior, phi: float) -> tuple[tuple[str, str], ...]:
    found = []
    noise: dict[str, Any] = {"gaussian": {"noise": float(np.sqrt(phi))}}.get(study.likelihood, {})
    if study.likelihood == "gamma":
        noise = {"dispersion": phi}
    for likelihood, to in _OTHERS:
        if likelihood != study.likelihood:
            continue
        try:
            told = pf.translate(prior, to=to, n=float(study.rows), **noise)
        except InputError:
            continue  # this call cannot say this belief
        values = ", ".join(f"{n}={v:.4g}" for n, v in told.items() if isinstance(v, float))
        found.append((to, values))
    return tuple(found)


def answer_of(study: Study, k: int, say: Say, *, draws: bool = False) -> Answer:
    """Everything at point k of the path; ``draws``: with the posterior's intervals."""
    path, selection = study.path, study.selection
    coef, (used, p) = study.coefs[:, k], study.columns_used(k)
    alive = int(np.sum(coef != 0))
    intervals = study.intervals(k) if draws else None
    order = _order(study, k)
    key = (
        "none"
        if not used
        else "chosen"
        if k == selection.chosen
        else ("stronger" if k < selection.chosen else "weaker")
    )
    words = {
        "used": used,
        "p": p,
        "target": study.target,
        "n": study.rows,
        "lam": said(float(path.penalties[k])),
        "scale": said(float(path.scales[k])),
        "error": said(float(selection.mean[k])),
        "best": said(float(selection.mean[selection.best])),
        "first": study.names[order[0]] if used else "—",
    }
    proof = by_kkt if path.local else by_gap
    value = float(path.kkts[k] if path.local else path.gaps[k])
    return Answer(
        (
            _path_figure(study, k, say),
            _curve(study, k, say),
            _effects(study, k, order[:_SHOWN], intervals, say),
        ),
        say(f"said_{key}", **words),
        proof(say, value, path.tol),
        study.code(k),
        {"used": float(alive), "largest": float(np.abs(coef).max())},
        _table(study, coef, order[:40], say),
        say("spoken_belief", sd=said(_sd_of(study.prior(k))), zeros=len(coef) - alive, p=len(coef)),
    )


def _sd_of(prior: pf.Prior) -> float:
    return float(np.sqrt(np.ravel(prior.variance)[0]))


def _table(study: Study, coef: Array, order: list[int], say: Say) -> Table:
    effects = coef * study.sd
    rows = tuple((study.names[j], said(float(coef[j])), said(float(effects[j]))) for j in order)
    return Table((say("column"), say("weight"), say("effect")), rows)


def _order(study: Study, k: int) -> list[int]:
    """Columns by their effect at k, those without one by the effect they have at last."""
    here, last = (np.abs(study.coefs[:, i] * study.sd) for i in (k, -1))
    scale = float(last.max()) or 1.0
    return [int(j) for j in np.argsort(-(here + 1e-9 * last / scale), kind="stable")]


def _lambda_axis(study: Study, say: Say) -> tuple[Array, Axis]:
    lams = study.path.penalties
    x = -np.log10(lams)
    powers = np.arange(np.ceil(-x[-1]), np.floor(-x[0]) + 1)
    if len(powers) < 2:
        powers = np.round(-np.linspace(x[0], x[-1], 3), 2)
    ticks = numbers(-powers[::-1])
    names = tuple(plain(float(f"{10.0**-t:.2g}")) for t in ticks)
    return x, Axis(float(x[0]), float(x[-1]), say("lam_axis"), ticks=ticks, names=names)


def _path_figure(study: Study, k: int, say: Say) -> Figure:
    role = _ROLES[study.family]
    x, axis = _lambda_axis(study, say)
    effects = study.coefs * study.sd[:, None]
    size = np.abs(effects).max(axis=1)
    drawn = np.argsort(-size)[:_LINES]
    most = 1.08 * float(size.max()) or 1.0
    ends = np.argsort(-np.abs(effects[:, -1]))[:_LABELS]
    marks: list[Mark] = []
    for j in drawn[::-1]:
        alive = effects[j, k] != 0
        marks.append(
            Line(numbers(x), numbers(effects[j]), role if alive else "data",
                 _short(study.names[j]) if j in ends else "", faint=not alive)
        )  # fmt: skip
    marks.append(Rule(float(x[study.selection.chosen]), say("chosen_head"), role="ink"))
    if k != study.selection.chosen:
        marks.append(Rule(float(x[k]), "", role="soft", dash="4 3"))
    return Figure(
        say("path_title", used=int(np.sum(effects[:, k] != 0)), p=len(size)), axis,
        Axis(-most, most, say("effect_axis")), tuple(marks), say("path_summary"), 340, key="path",
    )  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= 18 else name[:17] + "…"


def _curve(study: Study, k: int, say: Say) -> Figure:
    chosen = study.selection
    x, axis = _lambda_axis(study, say)
    mean, error = chosen.mean, chosen.standard_error
    low, high = float((mean - error).min()), float((mean + error).max())
    pad = 0.08 * (high - low) or 1.0
    marks: tuple[Mark, ...] = (
        Area(numbers(x), numbers(mean - error), numbers(mean + error), "data", faint=True),
        Line(numbers(x), numbers(mean), "ink"),
        Rule(float(x[chosen.chosen]), say("chosen_head"), role="ink"),
        Rule(float(x[chosen.best]), "", role="soft", dash="3 3"),
        Dots((float(x[k]),), (float(mean[k]),), _ROLES[study.family], "diamond", size=5.5),
    )
    return Figure(
        say("curve_title"), axis, Axis(low - pad, high + pad, say("curve_axis")), marks,
        say("curve_summary"), 300, half=True, key="curve",
    )  # fmt: skip


def _effects(
    study: Study, k: int, order: list[int], intervals: tuple[Array, float] | None, say: Say
) -> Figure:
    effects = study.coefs[:, k] * study.sd
    heights = np.arange(len(order))[::-1] + 0.5
    role, marks = _ROLES[study.family], list[Mark]()
    marks.append(Line((0.0, 0.0), (0.0, float(len(order))), "soft", faint=True))
    reach = np.abs(effects[order])
    if intervals is not None:
        ends = intervals[0][:, order]
        reach = np.abs(np.vstack([ends, effects[order]]))
        marks += [
            Line((float(a), float(b)), (float(h), float(h)), "post")
            for a, b, h in zip(*ends, heights, strict=True)
        ]
    kept = effects[order] != 0
    marks += [
        Dots(numbers(effects[order][kept]), numbers(heights[kept]), role, "diamond", size=4.5),
        Dots(numbers(effects[order][~kept]), numbers(heights[~kept]), "zero", "hollow", size=4.5),
    ]
    most = 1.1 * float(reach.max(initial=0.0)) or 1.0
    names = tuple(_short(study.names[j]) for j in order)
    title = "effects_drawn" if intervals is not None else "effects_title"
    return Figure(
        say(title), Axis(-most, most, say("effect_axis")),
        Axis(0, float(len(order)), ticks=numbers(heights), names=names), tuple(marks),
        say("effects_summary"), 90 + 19 * len(order), half=True, key="effects",
    )  # fmt: skip
