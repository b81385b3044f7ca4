"""Draw what the other scripts have logged: docs/images/growth.svg and docs/images/race.svg.

python benchmarks/plot.py
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
import numpy as np
from growth import slope
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from priorfit.plots import STYLE

RESULTS = Path(__file__).parent / "results"
IMAGES = Path(__file__).parents[1] / "docs" / "images"
OURS, SOFT, TEXT = "#C44E00", "#B8B8B8", "#4A4A4A"
MARKS = {"priorfit": "D", "adelie": "o", "celer": "s", "skglm": "^", "sklearn": "v"}


def records(name: str) -> list[dict]:
    """The lines of a log."""
    return [json.loads(line) for line in (RESULTS / f"{name}.jsonl").read_text().splitlines()]


def growth(ax: Axes, rows: list[dict], grows: str, what: str) -> None:
    """Time against size on log axes, with the slope of the upper half."""
    rows = [r for r in rows if r["grows"] == grows]
    size, seconds = [r[grows] for r in rows], [r["cpu"] for r in rows]
    power = slope(size, seconds)
    ax.loglog(size, seconds, "D-", color=OURS, markersize=5, linewidth=1.6)
    half = len(size) // 2
    line = seconds[-1] * (np.array(size[half:]) / size[-1]) ** power
    ax.loglog(size[half:], line, "--", color=TEXT, linewidth=0.9)
    ax.annotate(
        f"slope {power:.2f}", (size[half], line[0]), xytext=(8, -14), textcoords="offset points"
    )
    ax.set_xlabel(f"number of {what} (log scale)")
    ax.spines[["top", "right"]].set_visible(False)


def race(ax: Axes, rows: list[dict]) -> None:
    """CPU seconds of every solver on every case; hollow where the gap was not reached. A line leads
    to where a peer's answers truly are that near, which it cannot know."""
    last = {(r["case"], r["solver"]): r for r in rows if r.get("at") is None}
    cases = list(dict.fromkeys(case for case, _ in last))
    for (case, solver), r in last.items():
        height, ours = len(cases) - cases.index(case), solver == "priorfit"
        color = OURS if ours else TEXT
        face = color if r["gap"] <= 1e-6 else "none"
        if "true_cpu" in r and not ours:
            ends = [r["true_cpu"], r["certified_cpu"]]
            ax.plot(ends, [height, height], "-", color=SOFT, linewidth=1.2, zorder=0)
            ax.plot(ends[0], height, "|", color=color, markersize=7)
        ax.plot(
            r["certified_cpu"],
            height,
            MARKS[solver],
            color=color,
            markerfacecolor=face,
            markersize=7 if ours else 5,
        )
    ax.set_yticks(range(len(cases), 0, -1), cases)
    ax.set_xscale("log")
    ax.grid(axis="x", color=SOFT, linewidth=0.4)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_xlabel("CPU seconds of a path of 100 lambdas, one thread (log scale)")
    ax.set_title("The same certified precision, in less time", loc="left", pad=28)
    key(ax, list(dict.fromkeys(solver for _, solver in last)))


def key(ax: Axes, solvers: list[str]) -> None:
    """Which mark is which, above the axes."""
    for solver in solvers:
        color = OURS if solver == "priorfit" else TEXT
        ax.plot([], [], MARKS[solver], color=color, markersize=5, label=solver)
    ax.plot([], [], "|", color=TEXT, markersize=7, label="truly there, unproved")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(solvers) + 1, frameon=False)


def main() -> None:
    """Write the pictures for which there is a log."""
    with matplotlib.rc_context({"svg.hashsalt": "priorfit", **STYLE}):
        if (RESULTS / "growth.jsonl").exists():
            rows = records("growth")
            figure = Figure(figsize=(9.0, 3.8), layout="constrained", facecolor="white")
            left, right = figure.subplots(1, 2, sharey=True)
            growth(left, rows, "p", "columns, 200 rows")
            growth(right, rows, "n", "rows, 50 columns")
            left.set_ylabel("CPU seconds of a path (log scale)")
            left.set_title("The time of a path grows like the data", loc="left")
            figure.savefig(IMAGES / "growth.svg", metadata={"Date": None})
        if (RESULTS / "path.jsonl").exists():
            figure = Figure(figsize=(9.0, 4.2), layout="constrained", facecolor="white")
            race(figure.subplots(), records("path"))
            figure.savefig(IMAGES / "race.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
