"""Laws of the native path of groups with likelihoods that are not quadratic."""

import numpy as np
import pytest
from certified import assert_certified
from scipy import sparse

import priorfit as pf
from laws import ALL_LIKELIHOODS
from priorfit.solve import columns
from priorfit.solve.certificate import certify
from priorfit.solve.engines import Auto, engine
from priorfit.solve.grouped import Grouped
from priorfit.solve.native import native_loss
from priorfit.solve.standard import standardize

NATIVE = [name for name, (kind, _) in ALL_LIKELIHOODS.items() if native_loss(kind) is not None]
PRIORS = {
    "groups": lambda p: pf.GroupLaplace(np.arange(p) % (p // 4)),
    "loc": lambda p: pf.GroupLaplace(np.arange(p) // 3, loc=np.linspace(-0.1, 0.1, p)),
    "sizes 1, 2, 3, ...": lambda p: pf.GroupLaplace(np.floor(np.sqrt(2 * np.arange(p) + 0.25))),
    "singles": lambda p: pf.GroupLaplace(np.arange(p)),
    "sparse groups": lambda p: pf.SparseGroupLaplace(np.arange(p) // 5, 2.0, 2.0),
}
SHAPES = {"tall": (120, 12), "wide": (40, 90)}


def _standard(likelihood, prior, shape="tall", stored="dense", **options):
    """Columns that are correlated and not centred; weights and an offset."""
    rng, (n, p) = np.random.default_rng(0), SHAPES[shape]
    X = rng.normal(size=(n, p))
    X[:, 1:] += 0.5 * X[:, :-1]
    X += rng.normal(size=p)
    if stored == "sparse":
        X = np.where(np.abs(X) > 0.8, X, 0.0)
    eta = X @ np.where(np.arange(p) < 6, rng.normal(size=p), 0.0)
    kind, draw = ALL_LIKELIHOODS[likelihood]
    y = draw(rng, (eta - eta.mean()) / eta.std())
    given = {"weights": rng.uniform(0.5, 2.0, size=n), "offset": 0.1 * rng.normal(size=n)}
    prior = PRIORS[prior](p).unit()
    X = sparse.csc_array(X) if stored == "sparse" else X
    problem = pf.Problem.make(X, y, prior=prior, likelihood=kind, **given | options)
    return standardize(problem)


def _strengths(standard, shares):
    form = standard.form
    return form.groups.dual_norms(standard.correlation, form.l1).max() * np.asarray(shares)


def _native(standard, strengths, tol=1e-8, few=None):
    """What the native call alone answers, with its certificate; more than ``few`` columns are
    solved among the rows."""
    engine_ = Grouped(standard, tol, 100)
    engine_.few = engine_.few if few is None else few
    return engine_._run(strengths, np.full(len(strengths), tol), standard.start)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("stored", ["dense", "sparse"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("likelihood", NATIVE)
def test_the_native_certificate_is_the_one_from_outside(
    likelihood, prior, shape, stored, intercept
):
    """gap <= tol at every strength, recomputed from the columns, and small violations."""
    standard = _standard(likelihood, prior, shape, stored, intercept=intercept)
    assert Auto().of(standard) == "groups"
    strengths = _strengths(standard, np.geomspace(1, 0.05, 12))
    assert_certified(standard, strengths, *_native(standard, strengths), kkt=1e-4)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("likelihood", NATIVE)
def test_few_columns_and_many_have_one_answer(likelihood, prior, shape, intercept):
    """By Hessians of the weights and among the rows: both certified outside, J the same to the
    gap."""
    standard = _standard(likelihood, prior, shape, intercept=intercept)
    strengths, tol = _strengths(standard, np.geomspace(1, 0.03, 10)), 1e-9
    answers = []
    for few in (1, 10**6):
        solutions, found = _native(standard, strengths, tol, few)
        outside = certify(standard, solutions, strengths)
        assert outside.gap.max() <= tol
        np.testing.assert_allclose(found.gap, outside.gap, atol=0.1 * tol)
        answers.append(_objectives(standard, solutions, strengths))
    np.testing.assert_allclose(*answers, atol=2 * tol * standard.reference)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("likelihood", NATIVE)
def test_it_is_the_answer_of_proximal_newton(likelihood, prior):
    """J of both is the same to the gap, at strengths far apart and from a cold start."""
    standard = _standard(likelihood, prior)
    strengths = _strengths(standard, [0.5, 0.1, 0.02])
    slow, known = engine(standard, solver="newton", tol=1e-9, max_iter=200)(
        strengths, standard.start
    )
    fast, found = engine(standard, solver="groups", tol=1e-9, max_iter=200)(
        strengths, standard.start
    )
    assert max(known.gap.max(), found.gap.max()) <= 1e-9
    here, there = (_objectives(standard, g, strengths) for g in (fast, slow))
    np.testing.assert_allclose(here, there, atol=2e-9 * standard.reference)
    alone, _ = engine(standard, solver="groups", tol=1e-9, max_iter=200)(
        strengths[-1:], standard.start
    )
    last = _objectives(standard, alone, strengths[-1:])
    np.testing.assert_allclose(last, here[-1:], atol=2e-9 * standard.reference)


def _objectives(standard, g, strengths):
    loss = np.array([standard.total(eta) for eta in standard.eta(g).T])
    return loss + strengths * standard.form.total(g - standard.form.loc[:, None])


#: what `Grouped._rows` gives, from its end -> what a wrong version gives in its place
MUTANTS = {
    "no offset": (-2, np.zeros_like),
    "no weights": (-3, np.ones_like),
    "another scale": (-7, lambda scale: 2.0 * scale),
    "another centre": (-8, np.zeros_like),
}


@pytest.mark.parametrize(("stored", "few"), [("dense", 1), ("dense", None), ("sparse", None)])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_law_rejects(mutant, stored, few, monkeypatch):
    """The gap of the wrong problem is small, that from outside is not: columns centred elsewhere
    need another intercept."""
    standard = _standard("bernoulli", "groups", stored=stored)
    strengths = _strengths(standard, [0.5, 0.1])
    place, wrong = MUTANTS[mutant]
    rows = Grouped._rows

    def replaced(self, base):
        given = list(rows(self, base))
        given[place] = wrong(given[place])
        return tuple(given)

    monkeypatch.setattr(Grouped, "_rows", replaced)
    solutions, _ = _native(standard, strengths, few=few)
    assert certify(standard, solutions, strengths).gap.max() > 1e-6


@pytest.mark.parametrize("shape", SHAPES)
def test_separated_classes_end_certified(shape):
    """Far down a path weights grow and the fit saturates: every strength is certified."""
    rng, (n, p) = np.random.default_rng(1), SHAPES[shape]
    X = rng.normal(size=(n, p))
    y = (X[:, 0] + X[:, 1] > 0).astype(float)
    prior = pf.GroupLaplace(np.arange(p) // 2)
    path = pf.path(X, y, prior=prior, likelihood=pf.Bernoulli(), ratio=1e-4, n_points=30)
    assert path.certified


def test_a_start_where_the_mean_overflows_is_left():
    """Poisson weights so large that the loss is not finite: the answer is that of a cold start."""
    standard = _standard("poisson", "groups")
    strengths = _strengths(standard, [0.5, 0.1])
    far = standard.start + 1e4
    cold, _ = _native(standard, strengths)
    solutions, found = Grouped(standard, 1e-8, 100)(strengths, far)
    assert found.gap.max() <= 1e-8
    here, there = (_objectives(standard, g, strengths) for g in (solutions, cold))
    np.testing.assert_allclose(here, there, atol=2e-8 * standard.reference)


@pytest.mark.parametrize("stored", ["dense", "sparse"])
def test_chosen_columns_answer_for_all(stored, monkeypatch):
    """Columns that are not read where they lie: a copy of some has the solution of all."""
    monkeypatch.setattr(columns, "_SMALL", 0)
    standard = _standard("bernoulli", "groups", "wide")
    if stored == "sparse":
        standard = _standard("bernoulli", "groups", "wide", "sparse")
    engine_ = Grouped(standard, 1e-6, 100)
    strengths = _strengths(standard, np.geomspace(1, 0.5, 6))
    solutions, _ = engine_.path(strengths, standard.start)
    assert certify(standard, solutions, strengths[: solutions.shape[1]]).gap.max() <= 1e-6
    assert solutions.shape[1] == 6


def test_a_likelihood_that_is_not_native_goes_to_newton():
    """The engine of groups refuses it, and the choice is another one."""
    X, y = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 2.0
    prior = pf.GroupLaplace([0, 0, 1, 1])
    problem = pf.Problem.make(X, y, prior=prior, likelihood=pf.Bernoulli(link="probit"))
    assert Auto().select(problem) == "newton"
    with pytest.raises(pf.InputError, match="native"):
        pf.path(X, y, prior=prior, likelihood=pf.Bernoulli(link="probit"), solver="groups")
