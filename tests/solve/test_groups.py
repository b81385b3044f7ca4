"""Laws of fits whose columns come in groups: engines, certificates, and closed forms."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from laws import ALL_LIKELIHOODS
from priorfit.priors import Groups
from priorfit.solve import columns, path_of
from priorfit.solve.blocks import blocks_of
from priorfit.solve.certificate import certify
from priorfit.solve.engines import engine
from priorfit.solve.grouped import Grouped
from priorfit.solve.native import solve_group_quadratic
from priorfit.solve.standard import standardize

PRIORS = {
    "group": lambda ids: pf.GroupLaplace(ids),
    "group, loc": lambda ids: pf.GroupLaplace(ids, loc=np.linspace(-0.1, 0.1, len(ids))),
    "group, scales": lambda ids: pf.GroupLaplace(ids, np.geomspace(0.5, 2.0, len(ids))),
    "sparse group": lambda ids: pf.SparseGroupLaplace(ids, 2.0, 2.0),
}


def _wide(n=60, p=200, size=5, seed=0, likelihood="gaussian"):
    """(X, y, ids): three groups matter; members do not lie side by side."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.exp(rng.normal(scale=0.3, size=p)) + rng.normal(size=p)
    X[:, 1:] += 0.5 * X[:, :-1]
    ids = np.arange(p) % (p // size)
    eta = (X - X.mean(axis=0)) @ np.where(ids < 3, rng.normal(size=p), 0.0)
    y = ALL_LIKELIHOODS[likelihood][1](rng, eta / eta.std())
    return X, y, ids


def _problem(prior, likelihood="gaussian", stored="dense", **options):
    X, y, ids = _wide(likelihood=likelihood, **options)
    rng = np.random.default_rng(1)
    if stored == "sparse":
        X = sparse.csc_array(np.where(np.abs(X) > 0.8, X, 0.0))
    return pf.Problem.make(
        X,
        y,
        prior=PRIORS[prior](ids).unit(),
        likelihood=ALL_LIKELIHOODS[likelihood][0],
        weights=rng.uniform(0.5, 2.0, size=len(y)),
        offset=0.1 * rng.normal(size=len(y)),
    )


@pytest.mark.parametrize("stored", ["dense", "sparse"])
@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("prior", PRIORS)
def test_lambda_max_is_where_the_first_group_moves(prior, likelihood, stored):
    """Nothing has moved at lambda_max; just below, members of one group have; path certified."""
    problem = _problem(prior, likelihood, stored)
    top = pf.lambda_max(problem)
    path = path_of(problem, top * np.array([1 + 1e-6, 0.998, 0.3]))
    moved = path.coefs != problem.form.loc[:, None]
    assert path.certified
    assert not np.any(moved[:, 0])
    assert np.any(moved[:, 1])
    ids = problem.form.groups.ids
    assert len(np.unique(ids[moved[:, 1]])) == 1
    if "sparse" not in prior:
        assert all(len({bool(m) for m in moved[ids == g, 2]}) == 1 for g in range(max(ids) + 1))


WAYS = {  # the Gram matrix up to so many columns; patience with sweeps; systems among the rows
    "gram": (np.inf, 0.0, False),
    "sweeps": (0, np.inf, False),
    "sweeps, then gram": (20, 0.3, False),
    "sweeps, then rows": (20, 0.3, True),
    "rows": (0, 0.0, True),
}


def _native(standard, tol, way):
    """The engine, whose path is taken in one way throughout, or changes from one to the other."""
    native = Grouped(standard, tol, 100)
    few, native.patience, native.systems = WAYS[way]
    native.few = int(min(few, standard.size))
    native.most = standard.size
    return native


@pytest.mark.parametrize("stored", ["dense", "sparse"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prior", PRIORS)
def test_the_native_certificate_is_the_one_from_outside(prior, way, stored):
    """Gap and KKT residual of the native path = those recomputed from the columns."""
    standard = standardize(_problem(prior, stored=stored))
    strengths = _strengths(standard, np.geomspace(1, 0.01, 25))
    tols = np.full(25, 1e-8)
    solutions, found = _native(standard, 1e-8, way)._run(strengths, tols, standard.start)
    assert solutions.shape[1] == 25
    outside = certify(standard, solutions, strengths[: solutions.shape[1]])
    assert outside.gap.max() < 1e-8
    np.testing.assert_allclose(found.gap, outside.gap, atol=1e-9)
    np.testing.assert_allclose(found.kkt, outside.kkt, atol=1e-8)


def _strengths(standard, shares):
    form = standard.form
    top = form.groups.dual_norms(standard.correlation, form.l1).max()
    return float(top) * np.asarray(shares)


@pytest.mark.parametrize("prior", PRIORS)
def test_engines_agree(prior):
    """By blocks, sweeps, among the rows, proximal Newton and proximal gradient: one optimum."""
    standard = standardize(_problem(prior))
    strengths = _strengths(standard, [0.5, 0.2, 0.1, 0.05])
    base, found = engine(standard, solver="newton", tol=1e-10, max_iter=200)(
        strengths, standard.start
    )
    assert found.gap.max() < 1e-10
    natives = [(_native(standard, 1e-9, way), 1e-9) for way in WAYS]
    slow = engine(standard, solver="reference", tol=1e-7, max_iter=50_000)
    for other, tol in (*natives, (slow, 1e-7)):
        solutions, certificates = other(strengths, standard.start)
        assert certificates.gap.max() <= tol
        here, there = (_objectives(standard, g, strengths) for g in (solutions, base))
        np.testing.assert_allclose(here, there, atol=2 * tol * standard.reference)
    for native, _ in natives:
        np.testing.assert_allclose(native(strengths, standard.start)[0], base, atol=1e-3)


def test_sweeps_wait_for_blocks_that_are_quick():
    """All of their worth in closed form, part of it by gradients, none for columns alone."""
    X, y, _ = _wide(n=40, p=200)

    def patience(prior):
        standard = standardize(pf.Problem.make(X, y, prior=prior.unit()))
        return Grouped(standard, 1e-6, 100).patience

    assert patience(pf.GroupLaplace(np.arange(200) // 5)) == 1.0
    assert patience(pf.GroupLaplace(np.arange(200))) == 0.0
    sparse_ = patience(pf.SparseGroupLaplace(np.arange(200) // 5, 2.0, 2.0))
    large = patience(pf.GroupLaplace(np.arange(200) // 100))
    assert 0.0 < large < sparse_ < 1.0


TABLES = {  # rows, columns, correlation of neighbours, sizes of groups
    "tall": (200, 120, 0.6, [5]),
    "tall, correlated": (200, 150, 0.95, [5]),
    "unequal": (150, 160, 0.6, [1, 2, 7, 30]),
    "larger than closed forms": (150, 160, 0.6, [80]),
    "pairs": (150, 160, 0.8, [2]),
}


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("table", TABLES)
def test_sweeps_reach_ten_digits(table, kind, monkeypatch):
    """Down to a thousandth, without a Gram matrix: gap <= 1e-10, at J of the way that has one."""
    n, p, rho, sizes = TABLES[table]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    ids = np.repeat(np.arange(p), np.resize(sizes, p))[:p]
    y = X[:, :20] @ rng.normal(size=20) + rng.normal(size=n)
    X = np.asfortranarray(X.astype(kind))
    problem = pf.Problem.make(X, y, prior=pf.GroupLaplace(ids).unit())
    standard = standardize(problem)
    strengths = _strengths(standard, np.geomspace(1, 1e-3, 30))
    monkeypatch.setattr(Grouped, "_newton", lambda *_: pytest.fail("proximal Newton was asked"))
    found = [_native(standard, 1e-10, way)(strengths, standard.start) for way in WAYS]
    values = [_objectives(standard, g, strengths) for g, _ in found]
    for (g, _), value in zip(found, values, strict=True):
        assert certify(standard, g, strengths).gap.max() <= 1e-10
        np.testing.assert_allclose(value, values[0], atol=2e-10 * standard.reference)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_cold_fit_is_the_point_of_the_path(prior):
    """One distant strength alone costs J what it costs at the end of a path; it is certified."""
    standard = standardize(_problem(prior))
    strengths = _strengths(standard, np.geomspace(1, 0.02, 20))
    path, _ = Grouped(standard, 1e-9, 100)(strengths, standard.start)
    alone, found = Grouped(standard, 1e-9, 100)(strengths[-1:], standard.start)
    assert alone.shape == (standard.size, 1)
    assert found.gap.shape == (1,)
    assert found.gap[0] <= 1e-9
    here, there = (_objectives(standard, g, strengths[-1:]) for g in (alone, path[:, -1:]))
    np.testing.assert_allclose(here, there, atol=2e-9 * standard.reference)


def _objectives(standard, g, strengths):
    loss = np.array([standard.total(eta) for eta in standard.eta(g).T])
    return loss + strengths * standard.form.total(g - standard.form.loc[:, None])


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
@pytest.mark.parametrize("prior", PRIORS)
def test_the_gap_never_lies_and_mutants_do(prior, likelihood):
    """Gap >= true distance for wrong answers; a dual point left infeasible would claim less."""
    form = standardize(_problem(prior, likelihood)).form
    loose = replace(form, groups=replace(form.groups, rate=1e3 * form.groups.rate))
    standard = standardize(_problem(prior, likelihood))
    s = _strengths(standard, [0.2])
    run = engine(standard, solver="auto", tol=1e-11, max_iter=500)
    best, rng, lied = run(s, standard.start)[0], np.random.default_rng(0), False
    wrong = [best + size * rng.normal(size=best.shape) for size in (1e-1, 1e-2, 1e-4)]
    for g in (*wrong, standard.start[:, None], 0.5 * (best + standard.start[:, None])):
        true = (_objectives(standard, g, s) - _objectives(standard, best, s))[0]
        true /= standard.reference
        assert certify(standard, g, s).gap[0] >= true - 1e-9
        t = g - form.loc[:, None]
        counted_twice = s * (loose.total(t) - form.total(t)) / standard.reference
        infeasible = certify(replace(standard, form=loose), g, s).gap[0] - counted_twice[0]
        lied |= infeasible < true - 1e-9
    assert lied


def test_an_orthonormal_design_shrinks_lengths():
    """X'X = I: b_g = (1 - lambda sqrt(d) / |X_g'y|)_+ X_g'y; with l1, of the soft-thresholded."""
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.normal(size=(40, 12)))[0]
    y, ids, penalty = 3 * rng.normal(size=40), np.repeat(np.arange(4), 3), 1.1
    z = X.T @ y
    for prior, l1 in ((pf.GroupLaplace(ids), 0.0), (pf.SparseGroupLaplace(ids, 4.0, 1.0), 0.25)):
        path = pf.path(X, y, prior=prior.tempered(1.0), penalties=[penalty], intercept=False)
        rates = path.problem.form
        soft = np.sign(z) * np.maximum(np.abs(z) - penalty * rates.l1, 0.0)
        lengths = np.sqrt(np.bincount(ids, soft**2))[ids]
        kept = np.maximum(1 - penalty * rates.groups.rate / lengths, 0.0)
        np.testing.assert_allclose(path.coefs[:, 0], kept * soft, atol=1e-5)
        assert (l1 > 0) == bool(np.any(rates.l1))


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_order_of_columns_does_not_matter(likelihood):
    """Permuted columns with their labels move the answer along."""
    X, y, ids = _wide(likelihood=likelihood, p=60)
    order = np.random.default_rng(0).permutation(60)
    options = {"likelihood": ALL_LIKELIHOODS[likelihood][0], "n_points": 6, "tol": 1e-10}
    a = pf.path(X, y, prior=pf.GroupLaplace(ids), **options)
    b = pf.path(X[:, order], y, prior=pf.GroupLaplace(ids[order]), **options)
    np.testing.assert_allclose(b.coefs, a.coefs[order], atol=1e-4)


@pytest.mark.parametrize("likelihood", ALL_LIKELIHOODS)
def test_groups_of_one_are_the_lasso(likelihood):
    """GroupLaplace of singletons = Laplace; a sparse group of one rate alone is that factor."""
    X, y, ids = _wide(likelihood=likelihood, p=60)
    options = {
        "likelihood": ALL_LIKELIHOODS[likelihood][0],
        "ratio": 0.1,
        "n_points": 6,
        "tol": 1e-10,
    }
    inf = np.inf
    for left, right in [
        (pf.GroupLaplace(np.arange(60)), pf.Laplace()),
        (pf.SparseGroupLaplace(ids, 1.0, inf), pf.Laplace()),
        (pf.SparseGroupLaplace(ids, inf, 1.0), pf.GroupLaplace(ids)),
    ]:
        a, b = (pf.path(X, y, prior=prior, **options) for prior in (left, right))
        np.testing.assert_allclose(a.penalties, b.penalties, rtol=1e-9)
        np.testing.assert_allclose(a.coefs, b.coefs, atol=1e-4)


@pytest.mark.parametrize("kind", ["copies", "zero columns", "sizes", "one group", "interpolation"])
def test_hard_columns_end_certified(kind):
    """Copies, columns of zeros, norms 1e-8..1e8, one group of all, lambda near 0."""
    X, y, ids = _wide(n=30, p=60)
    if kind == "copies":
        X[:, 30:] = X[:, :30]
    if kind == "zero columns":
        X[:, ::4] = 0.0
    scale = 1.0
    if kind == "sizes":
        scale = 10.0 ** np.linspace(-8, 8, 60)
        X = X / scale
    if kind == "one group":
        ids = np.zeros(60, dtype=int)
    ratio = 1e-6 if kind == "interpolation" else 1e-2
    prior = pf.GroupLaplace(ids, scale * np.ones(60))
    assert pf.path(X, y, prior=prior, ratio=ratio, n_points=30).certified


@pytest.mark.parametrize("seed", [132, 164, 189])
def test_steps_that_go_round_still_arrive(seed, monkeypatch):
    """Where steps jump between two sets of weights the native path gets there by itself."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(150, 1200))
    X[:, 1:] += 0.6 * X[:, :-1]
    ids = np.sort(rng.integers(0, 150, 1200))
    y = X[:, :40] @ rng.normal(size=40) + rng.normal(size=150)
    monkeypatch.setattr(Grouped, "_newton", lambda *_: pytest.fail("proximal Newton was asked"))
    found = pf.path(np.asfortranarray(X), y, prior=pf.SparseGroupLaplace(ids, 2.0, 2.0))
    assert np.max(found.gaps) <= 1e-6


def test_the_block_solver_is_exact():
    """0 is in G b - q + s (subdifferential) of every block, mixed with flat and l1 columns."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(30, 9))
    form = pf.SparseGroupLaplace(
        [0, 0, 0, 0, 1, 1, 1, 2, 3], [1, 1, 2, 2, np.inf, np.inf, np.inf, 1, np.inf],
        [1, 1, 1, 1, 1, 1, 1, np.inf, np.inf],
    ).lower(9)  # fmt: skip
    blocks = blocks_of(form, np.arange(9))
    G, q, s = A.T @ A, A.T @ rng.normal(size=30) * 4, 3.0
    b = solve_group_quadratic(G, q, blocks, s, np.zeros(9), 1e-12)
    gradient = G @ b - q
    for g in range(len(blocks.rate)):
        at = slice(blocks.first[g], blocks.first[g + 1])
        slope, l1, rate, x = -gradient[at], s * blocks.l1[at], s * blocks.rate[g], b[at]
        if not np.any(x):
            assert np.linalg.norm(np.maximum(np.abs(slope) - l1, 0)) <= rate + 1e-9
            continue
        rest = slope - rate * x / np.linalg.norm(x)
        assert np.all(np.abs(np.where(x != 0, rest - l1 * np.sign(x), 0)) < 1e-9)
        assert np.all(np.abs(rest[x == 0]) <= l1[x == 0] + 1e-9)


def _by_chosen_columns(prior, stored):
    """Strengths answered, the largest gap on all columns, and the share of columns copied."""
    X, y, ids = _wide(p=600)
    X = sparse.csr_array(np.where(np.abs(X) > 0.8, X, 0.0)) if stored == "sparse" else X
    standard = standardize(pf.Problem.make(X, y, prior=PRIORS[prior](ids).unit()))
    engine = Grouped(standard, 1e-6, 100)
    strengths = _strengths(standard, np.geomspace(1, 0.5, 12))
    solutions, _ = engine.path(strengths, standard.start)
    answered = solutions.shape[1]
    gap = certify(standard, solutions, strengths[:answered]).gap.max() if answered else np.inf
    return answered, gap, len(engine.path.columns) / len(ids)


CHOSEN_MUTANTS = {
    "half the rate": ("_groups_of", lambda groups, used: Groups(*_numbered(groups, used, 0.5))),
    "nothing is proposed": ("_levels", lambda standard, slopes: np.zeros_like(slopes)),
    "everything is proposed": ("_levels", lambda standard, slopes: np.full_like(slopes, np.inf)),
}


def _numbered(groups, used, factor):
    """Numbers and rates of the groups of some columns."""
    return np.unique(groups.ids[used], return_inverse=True)[1] - 1, factor * groups.rate[used]


@pytest.mark.parametrize("stored", ["dense", "sparse"])
@pytest.mark.parametrize("prior", ["group", "group, scales", "sparse group"])
def test_chosen_columns_answer_for_all(prior, stored, monkeypatch):
    """Columns that are not read where they lie: a copy of some has the solution of all."""
    monkeypatch.setattr(columns, "_SMALL", 0)
    answered, gap, share = _by_chosen_columns(prior, stored)
    assert answered == 12
    assert gap <= 1e-6
    assert 0 < share <= 0.25
    X, y, ids = _wide()
    strong = pf.Problem.make(X, y, prior=PRIORS[prior](ids).unit())
    assert path_of(strong, [2.0 * pf.lambda_max(strong)]).certified


@pytest.mark.parametrize("mutant", CHOSEN_MUTANTS)
def test_the_law_of_chosen_columns_rejects(mutant, monkeypatch):
    """With other rates, or without a rule of what to copy, it does not answer."""
    monkeypatch.setattr(columns, "_SMALL", 0)
    where, wrong = CHOSEN_MUTANTS[mutant]
    monkeypatch.setattr(import_module("priorfit.solve.chosen"), where, wrong)
    answered, gap, share = _by_chosen_columns("group", "dense")
    assert not (answered == 12 and gap <= 1e-6 and share <= 0.25)


def _by_one_gram(prior):
    """The largest gap, on all rows, of what the engine of one Gram matrix answers."""
    X, y, ids = _wide(p=60)
    standard = standardize(pf.Problem.make(X, y, prior=PRIORS[prior](ids).unit()))
    engine = Grouped(standard, 1e-6, 100)
    assert type(engine.path).__name__ == "GroupGram"
    strengths = _strengths(standard, np.geomspace(1, 0.1, 8))
    solutions, _ = engine.path(strengths, standard.start)
    return certify(standard, solutions, strengths).gap.max()


@pytest.mark.parametrize("prior", PRIORS)
def test_one_gram_matrix_answers_for_all_rows(prior, monkeypatch):
    """gap(b) <= tol on all rows, where b solves every block of (Z'WZ, Z'Wy)."""
    monkeypatch.setattr(columns, "_SMALL", 0)
    assert _by_one_gram(prior) <= 1e-6


def test_the_law_of_one_gram_matrix_rejects_another_strength(monkeypatch):
    """Blocks solved at 0.9 of the strength are not certified."""
    monkeypatch.setattr(columns, "_SMALL", 0)
    module = import_module("priorfit.solve.group_gram")
    solve = module.solve_group_quadratic
    wrong = lambda G, q, blocks, s, b, tol: solve(G, q, blocks, 0.9 * s, b, tol)  # noqa: E731
    monkeypatch.setattr(module, "solve_group_quadratic", wrong)
    assert _by_one_gram("group") > 1e-6
