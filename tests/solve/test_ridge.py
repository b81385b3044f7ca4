"""Laws of ridge: one factorization gives every strength and every leave-one-out residual."""

import numpy as np
import pytest
from scipy import sparse

import priorfit as pf
from laws import example
from priorfit.solve import LeaveOneOut, path_of
from priorfit.solve.certificate import certify
from priorfit.solve.conjugate import trace
from priorfit.solve.least_squares import LeastSquares
from priorfit.solve.noise import degrees_of_freedom
from priorfit.solve.result import Start
from priorfit.solve.ridge import Tall
from priorfit.solve.standard import standardize

SHAPES = {"tall": (40, 6), "wide": (15, 40), "square": (20, 20)}
LAMBDAS = np.geomspace(100.0, 0.1, 5)


def _problem(n, p, intercept=True, weighted=True, as_X=np.asarray):
    X, y, w, offset = example(n=n, p=p)
    prior = pf.Normal(np.linspace(0.5, 2.0, p), loc=np.linspace(-0.2, 0.3, p))
    return pf.Problem.make(
        as_X(X),
        y,
        prior=prior,
        weights=w if weighted else None,
        offset=offset if weighted else None,
        intercept=intercept,
    )


def refitted(problem, penalties):
    """Weighted mean squared error of each row at the fit without it, by n fits."""
    n, error = len(problem.y), 0.0
    for i in range(n):
        part = problem.take_rows(np.delete(np.arange(n), i))
        fit = pf.path(
            part.design.values,
            part.y,
            prior=part.prior,
            weights=part.weights,
            offset=part.offset,
            intercept=part.intercept,
            penalties=penalties,
            tol=1e-12,
        )
        eta = problem.offset[i] + fit.intercepts + problem.design.values[i] @ fit.coefs
        error = error + problem.weights[i] * (problem.y[i] - eta) ** 2
    return error / problem.weights.sum()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_leave_one_out_is_a_refit(shape, intercept, weighted):
    """r_i / (1 - h_i) = y_i - eta_i of the fit without row i."""
    problem = _problem(*SHAPES[shape], intercept, weighted)
    found = LeaveOneOut(problem, LAMBDAS)
    np.testing.assert_allclose(found.error, refitted(problem, LAMBDAS), rtol=1e-8)


MUTANTS = {
    "generalized: the mean leverage": lambda r, left: (r, np.full_like(left, left.mean())),
    "residuals as they are": lambda r, left: (r, np.ones_like(left)),
    "forgets the intercept": lambda r, left: (r, left + 1.0 / len(left)),
    "1 - h once too often": lambda r, left: (r, left**2),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_law_rejects(mutant, monkeypatch):
    """Each wrong version breaks it."""
    right = Tall._held_out

    def wrong(self, strengths):
        for rows, r, left in right(self, strengths):
            yield rows, *MUTANTS[mutant](r, left)

    monkeypatch.setattr(Tall, "_held_out", wrong)
    problem = _problem(*SHAPES["tall"])
    found = LeaveOneOut(problem, LAMBDAS)
    assert not np.allclose(found.error, refitted(problem, LAMBDAS), rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_path_is_its_points(shape):
    """The eigendecomposition of a path and the Cholesky factor of a point agree."""
    problem = _problem(*SHAPES[shape])
    held_out = LeaveOneOut(problem, LAMBDAS)
    whole = held_out.path()
    assert whole.certified
    for k in range(len(LAMBDAS)):
        point = held_out.path(k)
        np.testing.assert_allclose(point.coefs[:, 0], whole.coefs[:, k], rtol=1e-9, atol=1e-12)
        assert point.certificate(0).certified


@pytest.mark.parametrize("shape", SHAPES)
def test_storage_does_not_matter(shape):
    """Dense and sparse columns: the same errors."""
    dense = LeaveOneOut(_problem(*SHAPES[shape]), LAMBDAS)
    for form in (sparse.csc_array, sparse.csr_array, np.asfortranarray):
        other = LeaveOneOut(_problem(*SHAPES[shape], as_X=form), LAMBDAS)
        np.testing.assert_allclose(other.error, dense.error, rtol=1e-9)


def test_tiny_strengths_keep_their_digits():
    """Nearly dependent columns at lambda 1e-14 of the largest eigenvalue: still the hat matrix."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(30, 3))
    X = np.hstack([base, base + 1e-5 * rng.normal(size=(30, 3))])
    y = base @ np.ones(3) + rng.normal(size=30)
    problem = pf.Problem.make(X, y, prior=pf.Normal(), intercept=False)
    lambdas = np.array([1e-8, 1e-10, 1e-12])
    found = LeaveOneOut(problem, lambdas)
    exact = []
    for s in lambdas:
        q = np.linalg.qr(np.vstack([X, np.sqrt(s) * np.eye(6)]))[0][:30]
        exact.append(np.mean(((y - q @ (q.T @ y)) / (1 - np.square(q).sum(1))) ** 2))
    np.testing.assert_allclose(found.error, exact, rtol=1e-6)


def test_standard_error_is_over_the_rows():
    """se^2 = var_i(e_i^2) / n, from leave-one-out errors of one column by hand."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20), rng.normal(size=20)
    problem = pf.Problem.make(x[:, None], y, prior=pf.Normal(), intercept=False)
    found = LeaveOneOut(problem, [2.0])
    h = x**2 / (x @ x + 2.0)
    square = ((y - x * (x @ y) / (x @ x + 2.0)) / (1 - h)) ** 2
    assert found.error[0] == pytest.approx(square.mean())
    assert found.standard_error[0] == pytest.approx(square.std() / np.sqrt(20))


@pytest.mark.parametrize("prior", [pf.Laplace(), pf.Flat(), pf.Truncated(pf.Normal(), lower=0)])
def test_other_priors_are_refused(prior):
    """Only a normal prior has the closed form."""
    X, y, *_ = example()
    with pytest.raises(pf.InputError, match="normal prior"):
        LeaveOneOut(pf.Problem.make(X, y, prior=prior))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("intercept", [True, False])
def test_conjugate_gradients_reach_the_factor(shape, intercept):
    """CG on X alone and a Cholesky factor: the same fit, both certified, dense and sparse."""
    for form in (np.asarray, sparse.csc_array):
        problem = _problem(*SHAPES[shape], intercept, as_X=form)
        exact = path_of(problem, LAMBDAS, tol=1e-12)
        found = path_of(problem, LAMBDAS, tol=1e-12, solver="conjugate-gradients")
        assert found.certified
        np.testing.assert_allclose(found.coefs, exact.coefs, atol=1e-4)
        np.testing.assert_allclose(found.intercepts, exact.intercepts, atol=1e-4)


def test_a_huge_sparse_table_is_never_squared():
    """More rows and columns than a factor is worth: Auto takes conjugate gradients; certified."""
    rng = np.random.default_rng(0)
    n, p, cells = 4000, 3500, 40_000
    cells = (rng.normal(size=cells), (rng.integers(0, n, cells), rng.integers(0, p, cells)))
    X = sparse.csc_array(cells, shape=(n, p))
    y = X @ rng.normal(size=p) + rng.normal(size=n)
    problem = pf.Problem.make(X, y, prior=pf.Normal(1.0), likelihood=pf.Gaussian(noise=3.0))
    assert pf.Auto().select(problem) == "conjugate-gradients"
    fit = pf.solve(problem)
    assert fit.certificate.certified
    assert 1.0 < fit.df < p


def test_a_random_probe_finds_the_trace():
    """E z'Hz = tr H for random signs z, within a few standard errors."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 200)), rng.normal(size=600)
    standard = standardize(pf.Problem.make(X, y, prior=pf.Normal()))
    for s in (1.0, 600.0):
        exact = degrees_of_freedom(standard, np.ones(201), s) - 1.0
        assert trace(standard, s) == pytest.approx(exact, abs=3.0 * np.sqrt(2.0 * exact))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("moved", [0.0, 0.3, -40.0])
def test_the_gap_of_a_moved_intercept_is_that_of_the_best_one(shape, moved):
    """P - D written out, theta the weighted residual made orthogonal to the ones: wherever the
    intercept stands, D is that of the best intercept. D of the residual as it is would be another.
    """
    standard, s = standardize(_problem(*SHAPES[shape])), 3.0
    rng, inner = np.random.default_rng(1), slice(1, None)
    g = LeastSquares(standard, 1e-6)(np.array([s]), standard.start)[0][:, 0]
    g += 1e-4 * rng.normal(size=standard.size)
    g[0] += moved
    w, y, form = standard.weights, standard.y, standard.form
    residual = y - standard.Z.matvec(g)
    away = (g - form.loc)[inner]
    primal = 0.5 * w @ residual**2 + 0.5 * s * form.l2[inner] @ away**2

    def dual(theta):
        v = standard.Z.rmatvec(theta)[inner]
        beyond = v @ form.loc[inner] + 0.5 * np.sum(v**2 / (s * form.l2[inner]))
        return y @ theta - 0.5 * np.sum(theta**2 / w) - beyond

    theta = w * (residual - w @ residual / w.sum())
    found = certify(standard, g[:, None], np.array([s]))
    gap = (primal - dual(theta)) / standard.reference
    assert found.gap[0] == pytest.approx(gap, rel=1e-9, abs=1e-12)
    assert found.losses[0] == pytest.approx(0.5 * w @ residual**2, rel=1e-12)
    if moved:
        assert (primal - dual(w * residual)) / standard.reference != pytest.approx(gap, rel=1e-3)


def test_the_objective_is_that_of_the_problem():
    """What a certificate has summed is J at the answer, for every likelihood, scaled or not."""
    n, p = 60, 8
    X, y, w, offset = example(n=n, p=p)
    rng = np.random.default_rng(0)
    likelihoods = {
        pf.Gaussian(noise=0.7): y,
        pf.Bernoulli(): (rng.uniform(size=n) < 0.5).astype(float),
        pf.Poisson(): rng.poisson(2.0, size=n).astype(float),
        pf.Gamma(dispersion=0.5): rng.gamma(2.0, size=n),
        pf.Huber(scale=0.3): y,
    }
    for likelihood, response in likelihoods.items():
        for prior in (pf.Normal(0.5), pf.Laplace(0.5)):
            more = {"prior": prior, "likelihood": likelihood, "weights": w, "offset": offset}
            problem = pf.Problem.make(X, response, **more)
            found = pf.solve(problem, warm=Start(0.0, np.zeros(p)))
            wanted = problem.objective(found.intercept, found.coef, found.phi)
            assert found.objective == pytest.approx(wanted, rel=1e-10)
            other = problem.objective(found.intercept + 0.1, found.coef, found.phi)
            assert found.objective != pytest.approx(other, rel=1e-5)
