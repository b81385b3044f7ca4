"""Memory that is taken as it is written, and kept from fit to fit."""

import os
import subprocess
import sys

import numpy as np
import pytest

import priorfit as pf
from priorfit.solve.zeros import mostly_zero

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pages are Linux's")


def resident():
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as sizes:
        return int(sizes.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("rows", "columns"), [(7, 3), (40_000, 100)])
def test_rows_not_written_take_no_memory(rows, columns):
    """Zeros that can be written; one row in a hundred takes a tenth of the array at most."""
    before = resident()
    a = mostly_zero(rows, columns)
    a[::100] = 1.0
    assert resident() - before <= max(a.nbytes // 10, 1 << 16)
    assert a.shape == (rows, columns)
    assert a.flags.c_contiguous
    assert a.sum() == columns * len(range(0, rows, 100))


FITS = """
import os
import numpy as np, priorfit as pf
resident = lambda: int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
rng = np.random.default_rng(0)
X = np.asfortranarray(rng.normal(size=(2000, 8000)))
y = X[:, :20].sum(axis=1) + rng.normal(size=2000)
fit = lambda rows: pf.path(X[:, :rows], y, prior=pf.Laplace(), ratio=0.02)
fit(50)
before = resident()
for _ in range(3):
    fit(8000)
print(resident() - before)
"""


def test_pages_are_kept_and_few():
    """After fits that took more, the process keeps large pages for the next, 64 MB at most."""
    done = subprocess.run([sys.executable, "-c", FITS], capture_output=True, text=True, check=True)
    kept = int(done.stdout)
    assert 32 << 20 <= kept <= 80 << 20


def test_kept_pages_change_nothing():
    """A fit on pages that another has written equals the first, bit for bit."""
    rng = np.random.default_rng(1)
    X = np.asfortranarray(rng.normal(size=(300, 2000)))
    y = X[:, :5].sum(axis=1) + rng.normal(size=300)
    first, *others = (pf.path(X, y, prior=pf.Laplace(), ratio=0.02).coefs for _ in range(4))
    for other in others:
        assert np.array_equal(first, other)
