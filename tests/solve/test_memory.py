"""The memory law: a fit holds at most 1.3 times a large design, and a few vectors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "memory.py"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("layout", "shape", "model", "vectors"),
    [
        ("C float64", "wide", "gaussian laplace", 0),
        ("F float32", "wide", "gaussian laplace", 0),
        ("CSR", "wide", "gaussian laplace", 0),
        ("C float64", "wide", "gaussian groups", 0),
        ("C float64", "tall", "gaussian groups", 0),
        ("C float64", "tall", "cox laplace", 40),
        ("C float64", "tall", "gaussian cv", 0),
        ("C float64", "tall", "multinomial laplace", 30),
        ("F float64", "tall", "multinomial laplace", 30),
        ("CSC", "tall", "gaussian laplace", 10),
        ("CSC", "tall", "gaussian normal", 35),
        ("categories", "tall", "gaussian normal", 3),
        ("C float64", "wide", "bernoulli normal", 2500),
        ("C float64", "wide", "gaussian loo", 5000),
    ],
)
def test_a_fit_holds_little_beyond_its_data(layout, shape, model, vectors):
    """Peak of resident memory while 200 MB are fitted, in a process of its own, with what is
    allowed of vectors of n numbers (n of them: the kernel, or its eigenvectors); the last copy is
    caught: two designs would be a ratio of 2."""
    call = [sys.executable, str(SCRIPT), "--one", layout, shape, model]
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # a thread of BLAS has buffers
    done = subprocess.run(call, capture_output=True, text=True, check=True, env=os.environ | one)
    found = json.loads(done.stdout)
    assert found["certified"]
    assert found["megabytes"] > 190
    assert found["ratio"] < 1.3 + vectors * 8 * found["n"] / (1e6 * found["megabytes"])
