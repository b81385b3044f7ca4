"""Effective draws per CPU second of priorfit, NumPyro and nutpie on the same posteriors.

    python benchmarks/posterior/race.py --peer PYTHON [case ...]

PYTHON is an interpreter that has numpyro, nutpie and pymc. All sides: four chains of 1000 draws,
float64, one thread, warm-up counted, the peers' compilation not. The smallest bulk effective sample
size of all weights and the log strength, over CPU seconds; and the largest distance of the two
posterior means, in posterior standard deviations.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PEERS = ("numpyro", "nutpie")
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
        own = ess_bulk(draws).min() / spent
        print(f"{name}: priorfit {own:.0f}/s (R-hat {rhat(draws).max():.3f})", flush=True)
        for peer in PEERS if name not in "BC" else ("nutpie",):
            theirs, taken = _of_peer(given.peer, peer, name)
            away = np.abs(draws.mean(axis=(0, 1)) - theirs.mean(axis=(0, 1)))
            away /= theirs.std(axis=(0, 1))
            other = ess_bulk(theirs).min() / taken
            print(
                f"  {peer} {other:.0f}/s (R-hat {rhat(theirs).max():.3f}), "
                f"ratio {own / other:.1f}; means differ by {away.max():.3f} sd",
                flush=True,
            )


def _of_peer(python: str, peer: str, name: str) -> tuple[np.ndarray, float]:
    """Draws and CPU seconds of a peer."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "draws.npz")
        worker = str(HERE / f"{peer}_worker.py")
        subprocess.run(
            [python, "-W", "ignore", worker, name, out], check=True, cwd=HERE, capture_output=True
        )
        with np.load(out) as stored:
            return stored["draws"], float(stored["spent"])


if __name__ == "__main__":
    main()
