"""The memory law: a fit holds at most 1.3 times a large design, and a few vectors."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "memory.py"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("layout", "shape", "model"),
    [
        ("C float64", "wide", "gaussian laplace"),
        ("F float32", "wide", "gaussian laplace"),
        ("CSR", "wide", "gaussian laplace"),
        ("C float64", "wide", "gaussian groups"),
        ("C float64", "tall", "gaussian groups"),
    ],
)
def test_a_fit_holds_little_beyond_its_data(layout, shape, model):
    """Peak of resident memory while 200 MB are fitted, in a process of its own; the last copy is
    caught: two designs would be a ratio of 2."""
    call = [sys.executable, str(SCRIPT), "--one", layout, shape, model]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["certified"]
    assert found["megabytes"] > 190
    assert found["ratio"] < 1.3
