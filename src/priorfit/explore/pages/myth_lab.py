"""Ten sentences that everybody has read, each with a counter-example that is run anew."""

from __future__ import annotations

import inspect
from functools import cache

import numpy as np

from priorfit.explore.answer import Answer, Certified, Page, Table
from priorfit.explore.controls import Choice, Slider, Values
from priorfit.explore.figure import Axis, Dots, Figure, Line, Mark, Note
from priorfit.explore.pages.myths import MYTHS
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]


def answer(at: Values, say: Say) -> Answer:
    """The numbers of one counter-example, for one seed."""
    myth, seed = str(at["myth"]), int(at["seed"])
    function, unit = MYTHS[myth]
    found, miss = _found(myth, seed)
    names = {k: say(f"{myth}_{k}") for k in found}
    words = {k: said(v) for k, v in found.items()}
    result = ", ".join(found)
    code = (
        "import numpy as np\n\nimport priorfit as pf\n\n\n"
        + inspect.getsource(function)
        + f"\n\n{result} = {myth}(seed={seed}).values()\nprint({result})\n"
    )
    return Answer(
        (_bars(myth, found, names, say(f"unit_{unit}"), say),),
        f"{say(f'said_{myth}', **words)}",
        Certified(say("proof", seed=seed), miss, 0.0),
        code,
        found,
        Table(("", say(f"unit_{unit}")), tuple((names[k], words[k]) for k in found)),
        spoken="; ".join(f"{names[k]} {words[k]}" for k in found),
    )


@cache
def _found(myth: str, seed: int) -> tuple[dict[str, float], float]:
    """The numbers, and how far they are from those of a second run."""
    first, second = (MYTHS[myth][0](seed) for _ in range(2))
    return first, max(abs(first[k] - second[k]) for k in first)


def _bars(myth: str, found: dict[str, float], names: dict[str, str], unit: str, say: Say) -> Figure:
    heights = np.arange(len(found))[::-1] + 0.5
    most = max(max(found.values()), 1e-12)
    marks: list[Mark] = []
    for (key, value), y in zip(found.items(), heights, strict=True):
        marks.append(Line((0.0, value), (float(y), float(y)), "laplace" if value else "zero"))
        shape = "diamond" if value else "hollow"
        marks.append(Dots((value,), (float(y),), "laplace" if value else "zero",
                          "diamond" if shape == "diamond" else "hollow",
                          (said(value) if value else "0",), 6))  # fmt: skip
        marks.append(Note(0.0, float(y) + 0.24, names[key], "ink"))
    return Figure(
        say(f"title_{myth}"), Axis(0, 1.25 * most, unit), Axis(0, len(found), shown=False),
        tuple(marks), "; ".join(f"{names[k]}: {said(v)}" for k, v in found.items()),
        80 + 90 * len(found), key=myth,
    )  # fmt: skip


_SEEDS = tuple(float(v) for v in range(1, 41))
PAGE = Page(
    "myth-lab",
    (Choice("myth", tuple(MYTHS), "best_for_laplace"), Slider("seed", _SEEDS, 1.0)),
    answer,
    right=1,
)
