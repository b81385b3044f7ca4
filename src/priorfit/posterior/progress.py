"""A bar on one line of a terminal or notebook."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TextIO

from priorfit.posterior.run import Progress

__all__ = ["bar"]

_WIDTH = 32


def bar(out: TextIO | None = None) -> Progress:
    """A function of (done, total) that draws ``sampling ━━━━━━──── 61 %, 2 s left`` on stderr."""
    stream = out or sys.stderr
    begun, ended = monotonic(), [False]

    def report(done: int, total: int) -> None:
        if ended[0]:
            return
        share = done / total if total else 1.0
        spent = monotonic() - begun
        left = spent * (1.0 - share) / share if share > 0 else 0.0
        full = round(_WIDTH * share)
        tail = f"{spent:.1f} s" if done >= total else f"{left:.0f} s left"
        line = f"\rsampling {'━' * full}{'─' * (_WIDTH - full)} {100 * share:3.0f} %, {tail:<12}"
        ended[0] = done >= total
        stream.write(line + ("\n" if ended[0] else ""))
        stream.flush()

    return report
