"""Threads inside a pass over columns: the same bits for any number of them."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import priorfit as pf
from laws import ALL_DESIGNS, ALL_LIKELIHOODS, ALL_PRIORS, example
from priorfit._core import divide_from, threads_in_use
from priorfit._threads import in_turn, passes_in
from priorfit.design import Dense, dense
from priorfit.select import cross_validate
from priorfit.solve import columns, many_columns

DESIGNS = [name for name in ALL_DESIGNS if name not in ("list", "polars", "pyarrow")]


@pytest.fixture
def _all_work_is_divided():
    """However small a pass is."""
    before = divide_from(1.0)
    yield
    divide_from(before)


def _bits(found):
    return b"".join(v.tobytes() for v in (found.coefs, found.intercepts, found.gaps, found.kkts))


def _alike(fit, counts=(2, 3, 5)):
    """Whether a result is the same bits for one thread and for several."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = fit(1)
        return all(fit(threads) == one for threads in counts)


@pytest.mark.usefixtures("_all_work_is_divided")
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli", "poisson"])
@pytest.mark.parametrize("design", [*DESIGNS, "float32", "csc float32"])
def test_paths_are_the_same_bits(design, likelihood):
    """path(threads=k) = path(), for every storage of X, over more than one chunk of rows."""
    X, y, weights, offset = example(likelihood, n=1030, p=1100, scale=0.3)
    kind, _, small = design.rpartition(" float32")
    X = X.astype(np.float32) if small or design == "float32" else X
    given = ALL_DESIGNS.get(kind or design, np.asfortranarray)(X)
    settings = {"weights": weights, "offset": offset, "n_points": 6, "ratio": 0.2}

    def fit(threads):
        known = ALL_LIKELIHOODS[likelihood][0]
        return _bits(pf.path(given, y, likelihood=known, threads=threads, **settings))

    assert _alike(fit)


@pytest.mark.usefixtures("_all_work_is_divided")
@pytest.mark.parametrize("prior", ["group laplace", "normal", "slope", "elastic net loc"])
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli", "cox efron"])
def test_priors_too(prior, likelihood):
    """The same for groups, ridge, ranks and means that are not 0, wide and tall."""
    for n, p in ((90, 400), (1300, 40)):
        X, y, *_ = example(likelihood, n=n, p=p, scale=0.3)
        known = ALL_LIKELIHOODS[likelihood][0]
        belief = ALL_PRIORS[prior](p)

        def fit(threads, X=X, y=y, known=known, belief=belief):
            more = {"n_points": 4, "ratio": 0.2, "threads": threads}
            return _bits(pf.path(X, y, prior=belief, likelihood=known, **more))

        assert _alike(fit, (2, 3))


@pytest.mark.usefixtures("_all_work_is_divided")
@pytest.mark.parametrize("outputs", [3])
def test_several_outputs_too(outputs):
    """The same for responses that share their columns."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 350))
    Y = X[:, :outputs] + rng.normal(size=(300, outputs))
    settings = {"prior": pf.GroupLaplace(), "n_points": 5, "ratio": 0.2}
    assert _alike(lambda k: _bits(pf.path(X, Y, threads=k, **settings)))


@pytest.mark.usefixtures("_all_work_is_divided")
def test_tables_with_categories_too():
    """The same for columns of mixed storage."""
    rng = np.random.default_rng(0)
    levels = pd.Categorical(rng.integers(0, 40, size=900).astype(str))
    table = pd.DataFrame({"a": rng.normal(size=900), "c": levels, "b": rng.normal(size=900)})
    y = table["a"].to_numpy() + rng.normal(size=900)

    def fit(threads):
        model = pf.MAPRegressor(pf.Laplace(), strength=20.0, threads=threads).fit(table, y)
        return model.coef_.tobytes()

    assert _alike(fit)


def _tall():
    X, y, weights, _ = example(n=9000, p=330, scale=0.3)
    return X, y, weights


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_tall_table_is_summed_in_parts_that_threads_do_not_choose(order):
    """X'WX is the same bits for any threads, and right."""
    X, _, weights = _tall()
    design, every = Dense(np.asarray(X, order=order)), np.arange(330)
    center, scale = X.mean(axis=0), np.full(330, 2.0)

    def gram(threads):
        with passes_in(threads):
            return design.gram(every, every, weights, center, scale)

    Z = (X - center) / scale
    np.testing.assert_allclose(gram(2), Z.T @ (weights[:, None] * Z), atol=1e-8)
    assert _alike(lambda threads: gram(threads).tobytes())


def test_a_part_for_each_thread_is_caught(monkeypatch):
    """A wrong version, in which threads choose the parts: other bits."""
    X, y, weights = _tall()

    def fit(threads):
        monkeypatch.setattr(dense, "_PARTS", threads)
        return _bits(pf.path(X, y, weights=weights, n_points=3, threads=threads))

    assert not _alike(fit)


def test_the_number_arrives(monkeypatch):
    """`threads` of path, solve and the estimators is that of the pass; folds pass alone."""
    X, y, *_ = example(n=60, p=400, scale=0.3)
    seen, run = [], many_columns.solve_path

    def spy(*arguments):
        seen.append(threads_in_use())
        return run(*arguments)

    monkeypatch.setattr(many_columns, "solve_path", spy)
    problem = pf.Problem.make(X, y, prior=pf.Laplace(0.2))
    pf.path(X, y, n_points=3, ratio=0.5, threads=3)
    pf.solve(problem, threads=4)
    pf.MAPRegressor(pf.Laplace(0.2), threads=5).fit(X, y)
    assert seen[0] == 3
    assert seen[1:].count(4) + seen[1:].count(5) == len(seen) - 1
    assert {4, 5} <= set(seen)
    seen.clear()
    cross_validate(pf.Problem.make(X, y, prior=pf.Laplace()), folds=4, n_points=5, threads=2)
    assert sorted(seen) == [1, 1, 1, 1, 2]
    assert threads_in_use() == 1


def test_a_thread_begins_alone():
    """What runs in another's pool passes by itself."""
    with passes_in(3), ThreadPoolExecutor(1) as pool:
        assert pool.submit(threads_in_use).result() == 1
        assert list(in_turn(lambda _: threads_in_use(), range(4))) == [1, 1, 1, 1]
        assert threads_in_use() == 3


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, None])
def test_a_number_that_cannot_be_meant(threads):
    """One error, before anything is solved; the number in use stays."""
    X, y, *_ = example()
    problem = pf.Problem.make(X, y, prior=pf.Laplace(0.2))
    message = "`threads` must be a whole number >= 1"
    for ask in (
        lambda: pf.path(X, y, threads=threads),
        lambda: pf.solve(problem, threads=threads),
        lambda: pf.MAPRegressor(pf.Laplace(0.2), threads=threads).fit(X, y),
        lambda: cross_validate(problem, threads=threads),
    ):
        with pytest.raises(pf.InputError, match=message):
            ask()
    assert threads_in_use() == 1


@pytest.mark.usefixtures("_all_work_is_divided")
def test_an_error_in_a_thread_arrives():
    """What is raised in one of several passes is raised to who asked, and the number restored."""
    with pytest.raises(ZeroDivisionError), passes_in(2):
        list(in_turn(lambda k: 1 // k, range(4)))
    assert threads_in_use() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.usefixtures("_all_work_is_divided")
def test_a_fork_after_use_works():
    """A child of a process that has used threads fits with threads, to the same bits."""
    X, y, *_ = example(n=60, p=400, scale=0.3)
    here = _bits(pf.path(X, y, n_points=5, threads=3))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        same = False
        try:
            same = _bits(pf.path(X, y, n_points=5, threads=3)) == here
        finally:
            os.write(writer, b"same" if same else b"other")
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 5) == b"same"


@pytest.mark.usefixtures("_all_work_is_divided")
@pytest.mark.parametrize("design", ["C order", "F order", "csc", "csr"])
def test_one_pass_equals_the_product(design):
    """`correlations` is Z'r."""
    X, y, *_ = example(n=70, p=9)
    from priorfit.design import as_design, standardized

    Z = standardized(as_design(ALL_DESIGNS[design](X)))
    with passes_in(3):
        np.testing.assert_allclose(columns.correlations(Z, y), Z.rmatvec(y), atol=1e-10)
