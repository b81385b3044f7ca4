"""Effective draws per CPU second of priorfit and NumPyro on the same posteriors.

    python benchmarks/posterior/race.py --peer PYTHON [case ...]

PYTHON is an interpreter that has numpyro. Both sides: four chains of 1000 draws, float64, one
thread, warm-up counted, the peer's compilation not. The smallest bulk effective sample size of all
weights and the log strength, over CPU seconds; and the largest distance of the two posterior means,
in posterior standard deviations.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from cases import CASES  # noqa: E402
from ours import run  # noqa: E402

from priorfit.posterior import ess_bulk, rhat  # noqa: E402


def main() -> None:
    """Print one line for each case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", default=sys.executable)
    parser.add_argument("cases", nargs="*", default=list(CASES))
    given = parser.parse_args()
    for name in given.cases:
        mine = [run(CASES[name]()) for _ in range(3)]
        draws, spent = mine[0][0], float(np.median([s for _, s in mine]))
        with tempfile.TemporaryDirectory() as folder:
            out = str(Path(folder) / "draws.npz")
            worker = str(HERE / "numpyro_worker.py")
            subprocess.run([given.peer, worker, name, out], check=True, cwd=HERE)
            stored = np.load(out)
            theirs, taken = stored["draws"], float(stored["spent"])
        away = np.abs(draws.mean(axis=(0, 1)) - theirs.mean(axis=(0, 1)))
        own, other = ess_bulk(draws).min() / spent, ess_bulk(theirs).min() / taken
        print(
            f"{name}: ours {own:.0f}/s (R-hat {rhat(draws).max():.3f}), NumPyro {other:.0f}/s "
            f"(R-hat {rhat(theirs).max():.3f}), ratio {own / other:.1f}; means differ by "
            f"{(away / theirs.std(axis=(0, 1))).max():.3f} sd"
        )


if __name__ == "__main__":
    main()
