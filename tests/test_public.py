"""What the package shows, and what importing it drags in."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import priorfit

MODULES = [
    m.name
    for m in pkgutil.walk_packages(priorfit.__path__, "priorfit.")
    if "_core" not in m.name and ".bench.solvers." not in m.name  # other libraries, one a file
]


@pytest.mark.parametrize("name", [m for m in MODULES if not m.endswith("__main__")])
def test_all_names_exist(name):
    """Every module has an `__all__` whose names it holds."""
    if name.startswith("priorfit.bench.solvers."):  # the room of libraries that may be absent
        pytest.importorskip(name.rpartition(".")[2])
    if name.startswith("priorfit.torch"):
        pytest.importorskip("torch")
    module = importlib.import_module(name)
    for public in module.__all__:
        assert getattr(module, public) is not None


def test_every_public_name_is_documented():
    """The names of the package have docstrings."""
    for name in priorfit.__all__:
        assert (getattr(priorfit, name).__doc__ or "").strip()
    with pytest.raises(AttributeError, match="nothing"):
        _ = priorfit.nothing


def test_import_is_light():
    """`import priorfit` loads no scikit-learn, pandas, polars, pyarrow, matplotlib or rich."""
    heavy = ["sklearn", "pandas", "polars", "pyarrow", "matplotlib", "rich", "jinja2", "torch"]
    code = f"import sys, priorfit; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "hidden", ["pandas", "polars", "pyarrow", "matplotlib", "rich", "jinja2", "fastapi"]
)
def test_without_an_optional_package(hidden):
    """A fit on arrays works where an optional package is absent."""
    code = (
        f"import sys; sys.modules[{hidden!r}] = None\n"
        "import numpy as np, priorfit as pf\n"
        "X = np.random.default_rng(0).normal(size=(30, 3))\n"
        "print(pf.MAPRegressor(prior=pf.Laplace(1.0)).fit(X, X[:, 0]).certificate_.certified)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True"


def test_room_of_networks_names_its_extra():
    """Without torch the rest works, and `pf.torch` says what to install."""
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import priorfit as pf\n"
        "try:\n    pf.torch\nexcept pf.InputError as error:\n    print(error)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "priorfit[torch]"' in out.stdout


def test_few_rooms_touch_the_native_core():
    """`priorfit._core` is imported in four rooms, and where threads are counted."""
    root = Path(priorfit.__file__).parent
    rooms = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            named = [a.name for a in getattr(node, "names", [])] if hasattr(node, "names") else []
            if "_core" in named or getattr(node, "module", None) == "priorfit._core":
                rooms.add(file.relative_to(root).parts[0])
    assert rooms == {"_threads.py", "design", "solve", "posterior", "torch"}


def test_every_native_file_has_its_place_in_the_guide():
    """A header and its source are one entry."""
    root = Path(__file__).parents[1]
    guide = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    files = [*root.glob("cpp/*.hpp"), *root.glob("cpp/*.cpp")]
    assert len(files) > 40
    lost = {
        f.stem for f in files if f"`{f.stem}.hpp`" not in guide and f"`{f.stem}.cpp`" not in guide
    }
    assert lost == set()
