"""Laws of classes whose weights come in groups, above all of those that share their columns."""

import numpy as np
import pytest
from certified import assert_certified
from scipy import sparse

import priorfit as pf
from priorfit.solve.certificate import certify
from priorfit.solve.engines import engine
from priorfit.solve.newton import Newton
from priorfit.solve.outputs.classes import Classes
from priorfit.solve.standard import standardize

SHAPES = {  # rows, columns, classes, correlation of neighbours
    "tall": (150, 12, 3, 0.3),
    "wide": (40, 90, 4, 0.0),
    "nearly dependent": (60, 40, 3, 0.97),
    "many classes": (80, 30, 12, 0.5),
    "two classes": (50, 60, 2, 0.5),
}
PRIORS = {
    "columns": lambda p: pf.GroupLaplace(scale=1.0, outputs="together"),
    "groups of columns": lambda p: pf.GroupLaplace(np.arange(p) // 3, outputs="together"),
    "unequal groups": lambda p: pf.GroupLaplace(
        np.floor(np.sqrt(2 * np.arange(p) + 0.25)), outputs="together"
    ),
    "sparse groups": lambda p: pf.SparseGroupLaplace(np.arange(p) // 4, 1.0, 1.0,
                                                     outputs="together"),
    "apart": lambda p: pf.GroupLaplace(np.arange(p) // 3, outputs="each"),
    "loc": lambda p: pf.GroupLaplace(scale=1.0, loc=np.linspace(-0.1, 0.1, p), outputs="together"),
}  # fmt: skip
WAYS = {"by one Gram matrix": 1, "by the Hessian of all": 10**6}


def _standard(shape="tall", prior="columns", stored="dense", kind="noisy", **options):
    """Columns not centred, of unequal size; rows of unequal weight; an offset."""
    n, p, q, rho = SHAPES[shape]
    rng = np.random.default_rng(len(shape))
    X = rng.normal(size=(n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    X = X * np.geomspace(0.5, 2.0, p) + rng.normal(size=p)
    if stored == "sparse":
        X = np.where(np.abs(X) > 0.8, X, 0.0)
    W = np.where(np.arange(p)[:, None] < 4, rng.normal(size=(p, q)), 0.0)
    noise = {"noisy": 1.0, "separated": 0.0, "unbalanced": 1.0}[kind]
    level = 2.5 * (np.arange(q) == 0) if kind == "unbalanced" else np.zeros(q)
    y = np.argmax((X - X.mean(0)) @ W + level + noise * rng.gumbel(size=(n, q)), axis=1)
    y[:q] = np.arange(q)
    given = {"weights": rng.uniform(0.2, 3.0, size=n), "offset": 0.3 * rng.normal(size=(n, q))}
    table = sparse.csc_array(X) if stored == "sparse" else X
    likelihood = pf.Multinomial()
    problem = pf.Problem.make(
        table, y, prior=PRIORS[prior](p).unit(), likelihood=likelihood, **given | options
    )
    return standardize(problem)


def _strengths(standard, shares):
    form = standard.form
    return form.groups.dual_norms(standard.correlation, form.l1).max() * np.asarray(shares)


def _native(standard, strengths, tol, few):
    run = Classes(standard, tol, 100)
    run.few = few
    return run._run(strengths, np.full(len(strengths), tol), standard.start)


def _objectives(standard, g, strengths):
    loss = np.array([standard.total(eta) for eta in standard.eta(g).T])
    return loss + strengths * standard.form.total(g - standard.form.loc[:, None])


@pytest.mark.parametrize("few", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("stored", ["dense", "sparse"])
@pytest.mark.parametrize("kind", ["noisy", "separated", "unbalanced"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prior", PRIORS)
def test_the_native_certificate_is_the_one_from_outside(prior, shape, kind, stored, few):
    """gap <= tol at every strength, recomputed from the columns, and small violations."""
    standard = _standard(shape, prior, stored, kind)
    assert Classes.applies(standard)
    strengths = _strengths(standard, np.geomspace(1, 0.02, 10))
    assert_certified(standard, strengths, *_native(standard, strengths, 1e-8, few), kkt=1e-3)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prior", PRIORS)
def test_all_ways_have_one_answer(prior, shape, intercept):
    """J of both native ways, and of proximal Newton in Python, is the same to a gap of 1e-10, at
    strengths far apart and from a cold start."""
    standard = _standard(shape, prior, intercept=intercept)
    strengths = _strengths(standard, [0.5, 0.1])
    slow, known = Newton(standard, 1e-10, 200)(strengths, standard.start)
    assert known.gap.max() <= 1e-10
    there = _objectives(standard, slow, strengths)
    for few in WAYS.values():
        fast, _ = _native(standard, strengths, 1e-10, few)
        assert certify(standard, fast, strengths).gap.max() <= 1e-10
        here = _objectives(standard, fast, strengths)
        np.testing.assert_allclose(here, there, atol=2e-10 * standard.reference)
    chosen, _ = engine(standard, solver="auto", tol=1e-10, max_iter=200)(
        strengths[-1:], standard.start
    )
    last = _objectives(standard, chosen, strengths[-1:])
    np.testing.assert_allclose(last, there[-1:], atol=2e-10 * standard.reference)


#: place of an argument -> what a wrong version gives there
MUTANTS = {
    "no offset": (5, np.zeros_like),
    "no weights": (4, np.ones_like),
    "another scale": (2, lambda scale: 2.0 * scale),
    "another centre": (1, np.zeros_like),
    "classes in another order": (3, lambda y: np.ascontiguousarray(y[::-1])),
}


@pytest.mark.parametrize("few", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_law_rejects(mutant, few, monkeypatch):
    """The gap of the wrong problem is small, that from outside is not."""
    standard = _standard()
    strengths = _strengths(standard, [0.5, 0.1])
    place, wrong = MUTANTS[mutant]
    native = Classes._native

    def replaced(self, base):
        call, rows, limits = native(self, base)
        given = list(rows)
        given[place] = wrong(given[place])
        return call, tuple(given), limits

    monkeypatch.setattr(Classes, "_native", replaced)
    solutions, found = _native(standard, strengths, 1e-8, few)
    assert found.gap.max() <= 1e-8
    assert certify(standard, solutions, strengths).gap.max() > 1e-6


@pytest.mark.parametrize("few", WAYS.values(), ids=WAYS)
def test_two_classes_are_one_predictor(few):
    """B = (-b, b) / 2, so that |B_j| = |b_j| / sqrt(2): the lasso of classes at rate / sqrt(2)."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 40))
    y = (X[:, 0] + rng.logistic(size=60) > 0.3).astype(float)
    penalties = np.array([8.0, 3.0, 1.0])
    together = pf.GroupLaplace(scale=1.0, by_size=False, outputs="together")
    problem = pf.Problem.make(X, y, prior=together, likelihood=pf.Multinomial())
    standard = standardize(problem)
    g, _ = _native(standard, penalties, 1e-10, few)
    B = g[standard.first :].reshape(40, 2, 3) / standard.Z.scale.reshape(40, 2, 1)
    alone = pf.path(X, y, prior=pf.Laplace(scale=1.0), likelihood=pf.Bernoulli(),
                    penalties=penalties / np.sqrt(2), tol=1e-10)  # fmt: skip
    np.testing.assert_allclose(B[:, 1] - B[:, 0], alone.coefs, atol=1e-4)
    np.testing.assert_allclose(B.sum(axis=1), 0.0, atol=1e-4)
    # mutant: the rate as it is
    wrong = pf.path(X, y, prior=pf.Laplace(scale=1.0), likelihood=pf.Bernoulli(),
                    penalties=penalties, tol=1e-10)  # fmt: skip
    assert np.abs(B[:, 1] - B[:, 0] - wrong.coefs).max() > 1e-2


@pytest.mark.parametrize("few", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("shape", SHAPES)
def test_intercepts_leave_no_mean(few, shape):
    """sum_i w_i (y_i - mu_i) = 0 for every class, sum_k B_jk = 0 for every column, loc being 0."""
    standard = _standard(shape)
    q = standard.outputs
    strengths = _strengths(standard, [0.5, 0.05])
    g, _ = _native(standard, strengths, 1e-11, few)
    for eta, b in zip(standard.eta(g).T, g.T, strict=True):
        score = standard.likelihood.score(standard.y, eta, standard.weights).reshape(-1, q)
        np.testing.assert_allclose(score.sum(axis=0), 0.0, atol=1e-4 * np.abs(score).sum())
        weights = b[standard.first :].reshape(-1, q)
        np.testing.assert_allclose(weights.sum(axis=1), 0.0, atol=1e-4 * np.abs(weights).max())


def test_a_reference_class_goes_by_the_hessian_of_all():
    """Weights of the reference are 0, so that columns are not whole: certified all the same."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 30)), rng.integers(0, 3, size=60)
    prior = pf.GroupLaplace(scale=1.0, outputs="together")
    path = pf.path(X, y, prior=prior, likelihood=pf.Multinomial(reference=1), n_points=20)
    assert path.certified
    assert not np.any(path.coefs[:, 1])
    assert np.any(path.coefs[..., -1])
