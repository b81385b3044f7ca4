"""The front page: how a bell and a tent move the same estimates."""

from __future__ import annotations

import numpy as np

import priorfit as pf
from priorfit._typing import Array
from priorfit.explore.answer import Answer, Certified, Page, Table
from priorfit.explore.controls import Slider, Values, spread
from priorfit.explore.figure import Axis, Dots, Figure, Line, Mark, Note, Role, Shape, numbers
from priorfit.explore.texts import Say
from priorfit.explore.ticks import said

__all__ = ["PAGE"]

_Z = np.array([-3.4, -2.1, -1.3, -0.8, -0.45, -0.2, 0.3, 0.6, 0.95, 1.7, 2.6, 3.1])

_CODE = """\
import numpy as np, priorfit as pf

z = np.array({z})  # what the data say of twelve weights, variance 1
bell = pf.shrinkage(pf.Normal({sd:g}), z)
tent = pf.shrinkage(pf.Laplace.from_variance({sd:g} ** 2), z)
bell_zeros, tent_zeros = int(np.sum(bell == 0)), int(np.sum(tent == 0))
print(bell.round(2), tent.round(2), tent_zeros)
"""


def answer(at: Values, say: Say) -> Answer:
    """Twelve estimates under a normal and a Laplace belief of the same width."""
    sd = float(at["width"])
    bell = pf.shrinkage(pf.Normal(sd), _Z)
    tent = pf.shrinkage(pf.Laplace.from_variance(sd**2), _Z)
    figures = (_bundle("normal", bell, say), _bundle("laplace", tent, say))
    zero = tent == 0
    shown = {"bell_zeros": float(np.sum(bell == 0)), "tent_zeros": float(zero.sum())}
    rows = tuple(tuple(map(said, map(float, row))) for row in zip(_Z, bell, tent, strict=True))
    head = (say("row_data"), say("bell"), say("tent"))
    code = _CODE.format(z=_Z.tolist(), sd=sd)
    proof = Certified(say("proof"), 0.0, 1e-9)
    sentence = say("summary", zeros=int(zero.sum()))
    return Answer(figures, sentence, proof, code, shown, Table(head, rows), sentence)


def _bundle(role: Role, estimate: Array, say: Say) -> Figure:
    """From each estimate down to what the belief makes of it."""
    zero = int(np.sum(estimate == 0))
    kept = estimate[estimate != 0]
    shape: Shape = "circle" if role == "normal" else "diamond"
    marks: tuple[Mark, ...] = (
        *(
            Line((float(z), float(b)), (1.0, 0.0), role, thin=True)
            for z, b in zip(_Z, estimate, strict=True)
        ),
        Dots(numbers(_Z), (1.0,) * len(_Z), "data"),
        Dots(numbers(kept), (0.0,) * len(kept), role, shape),
        *((Dots((0.0,), (0.0,), role, "hollow", size=7.0),) if zero else ()),
        Note(0.0, 1.13, say("row_data"), "data", "middle"),
        Note(0.0, -0.2, say(f"row_{role}", zeros=zero), role, "middle"),
    )
    return Figure(
        say(f"{role}_title"), Axis(-3.6, 3.6, say("weight")), Axis(-0.32, 1.25, shown=False),
        marks, say("summary", zeros=zero), 360, half=True, key=role,
    )  # fmt: skip


PAGE = Page("front", (Slider("width", spread(0.3, 6, 41), 1.2),), answer)
