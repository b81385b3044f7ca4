"""Nothing in a formula is executed: what is not in its grammar is refused."""

import sys

import numpy as np
import pandas as pd
import pytest

import priorfit as pf
from priorfit.design import Formula, FormulaSchema


def _table(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "y": rng.poisson(2.0, n),
            "a": rng.uniform(1, 5, n),
            "b": rng.normal(size=n),
            "k": rng.integers(0, 4, n),
            "c": rng.choice(list("uvw"), n),
            "d": rng.choice(["north", "south"], n),
        }
    )


TABLE = _table()
#: what no formula may do; the last word of each is what the error names
ATTACKS = [
    "y ~ __import__('os').system('true')",
    'y ~ __import__("os")',
    "y ~ __import__(os)",
    "y ~ `__import__('os').system('true')`",
    "y ~ I(`open('x', 'w')`)",
    "y ~ a.__class__",
    "y ~ a . b",
    "y ~ a.__class__.__bases__[0]",
    "y ~ a[0]",
    "y ~ I(a[b])",
    "y ~ I(lambda: a)",
    "y ~ (lambda x: x)(a)",
    "y ~ [a for a in b]",
    "y ~ {a}",
    "y ~ {{a}}",
    "y ~ f'{a}'",
    "y ~ 'a'",
    'y ~ "__class__"',
    "y ~ I((a := 1))",
    "y ~ a = b",
    "y ~ a == b",
    "y ~ log(a, out=b)",
    "y ~ log(a, out=1)",
    "y ~ log(a, b)",
    "y ~ log()",
    "y ~ log(*a)",
    "y ~ bs(a, df=4, knots=3)",
    "y ~ bs(a, df=-1)",
    "y ~ bs(a, df=1e9)",
    "y ~ bs(a, df=2.5)",
    "y ~ poly(a, 3, 4)",
    "y ~ poly(a)",
    "y ~ poly(a, degree=b)",
    "y ~ I(9 ** 9 ** 9 ** 9)",
    "y ~ I(a ** 999)",
    "y ~ I(a ** b)",
    "y ~ (a + b) ^ 99999999",
    "y ~ " + " + ".join(["a"] * 5000),
    "y ~ " + "(" * 4000 + "a" + ")" * 4000,
    "y ~ I(" * 60 + "a" + ")" * 60,
    "y ~ " + "-" * 4000 + "a",
    "y ~ I(" + "*".join(["a"] * 500) + ")",
    "y ~ " + "*".join(f"({' + '.join(f'x{i}' for i in range(300))})" for _ in range(3)),
    "y ~ a\0",
    "y ~ a\0b",
    "y ~ ｌｏｇ(a)",
    "y ~ lоg(a)",  # a Cyrillic o
    "y ~ \u202ea",
    "y ~ eval(a)",
    "y ~ exec(a)",
    "y ~ open(a)",
    "y ~ getattr(a, b)",
    "y ~ np(a)",
    "y ~ I(log)",
    "y ~ log(log)",
    "y ~ log(.)",
    "y ~ C(.)",
    "y ~ C(a, b)",
    "y ~ C(log(a))",
    "y ~ C(a + b)",
    "y ~ offset()",
    "y ~ a - offset(b)",
    "y ~ a : offset(b)",
    "y ~ log(offset(a))",
    "y ~ log(bs(a, df=4))",
    "y ~ log(C(c))",
    "y ~ log(c)",
    "y ~ I(a:b)",
    "y ~ 2",
    "y ~ a:2",
    "y ~ a / 2",
    "y ~ a + I(a / 0)",
    "y ~ log(-a)",
    "y ~ 1e9999",
    "y ~ a; import os",
    "y ~ a\n import os",
    "y ~ a # b",
    "y ~ a @ b",
    "y ~ a | b",
    "y ~ a ~ b",
    "y ~ a if b else c",
    "y ~ a b",
    "y ~ `a",
    "y ~ ``",
    "y ~ nothing",
    "y ~ y",
    "y ~ log(y) + a",
    "y ~",
    "y ~ 0",
    "y ~ a - a",
    "C(c) ~ a",
    "bs(y, df=4) ~ a",
    ". ~ a",
    "nothing ~ a",
]


def _read(text):
    FormulaSchema.learn(Formula(text), TABLE)
    Formula(text).values(TABLE)


_WATCHED: list[str] = []  # what happened while a formula was read
_watching = False


def _watch(event, _):
    if _watching and event in ("compile", "exec", "import", "open", "os.system"):
        _WATCHED.append(event)


@pytest.fixture
def watched():
    """The interpreter's own record of what is compiled, run, imported and opened."""
    global _watching
    if not _WATCHED:
        _WATCHED.append("watched from now on")
        sys.addaudithook(_watch)
    FormulaSchema.learn(
        Formula("y ~ C(k):bs(a, df=4) + log(b + 9)"), TABLE
    )  # imports are made here
    _watching = True
    yield lambda: _WATCHED[1:]
    _watching = False
    del _WATCHED[1:]


@pytest.mark.parametrize("text", ATTACKS)
def test_what_is_not_in_the_grammar_is_refused(text, watched):
    """One clear error; nothing is compiled, run, opened or imported on the way."""
    with pytest.raises(pf.InputError, match="must"):
        _read(text)
    assert not watched()


def test_the_watch_sees_what_is_run(watched):
    """Mutant: a reader that hands its text to Python."""
    eval("1 + 1")
    assert watched()


def test_a_column_of_any_name_is_only_a_column():
    """Backticks call a column by its exact name, whatever it says."""
    name = "__import__('os').system('true')"
    table = TABLE.rename(columns={"a": name})
    design = FormulaSchema.learn(Formula(f"y ~ log(`{name}`) + `{name}`"), table).design(table)
    assert design.names == (f"log(`{name}`)", name)
    np.testing.assert_array_equal(design.values[:, 1], TABLE["a"])
