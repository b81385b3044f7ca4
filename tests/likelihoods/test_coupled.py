"""Laws of likelihoods whose rows are coupled: derivatives in factors, risk sets, cut-points."""

import numpy as np
import pytest
from scipy.optimize import minimize

import priorfit as pf
from laws import ALL_LIKELIHOODS, ROW_BY_ROW
from priorfit.likelihoods import risk_sets as sums
from priorfit.likelihoods.ordinal import probabilities
from priorfit.likelihoods.risk_sets import _Nested, _Tree, events_of, risk_sets

COUPLED = [name for name in ALL_LIKELIHOODS if name not in ROW_BY_ROW] + ["ordinal probit"]


def _case(name, seed=0, n=30, spread=1.5):
    rng = np.random.default_rng(seed)
    eta = spread * rng.normal(size=n)
    kind, draw = ALL_LIKELIHOODS["ordinal" if "probit" in name else name]
    kind = pf.Ordinal("probit") if "probit" in name else kind
    return kind, draw(rng, eta), eta, rng.uniform(0.3, 2.5, size=n)


@pytest.fixture(params=COUPLED)
def case(request):
    return _case(request.param)


def _numeric(f, eta, h=1e-5):
    unit = np.eye(len(eta))
    return np.array([(f(eta + h * e) - f(eta - h * e)) / (2 * h) for e in unit])


def test_score_is_minus_the_gradient(case):
    """score = - d total / d eta."""
    kind, y, eta, w = case
    rows = kind.rows(y, w)
    np.testing.assert_allclose(-rows.score(eta), _numeric(rows.total, eta), atol=1e-7)


def test_hessian_in_factors(case):
    """diag(bound) - M'M is the derivative of the gradient; so is the diagonal; a mutant is not."""
    kind, y, eta, w = case
    rows = kind.rows(y, w)
    exact = -_numeric(rows.score, eta)
    hessian = rows.hessian(eta)
    means = hessian.apply(np.eye(len(eta)))
    np.testing.assert_allclose(np.diag(hessian.bound) - means.T @ means, exact, atol=1e-7)
    np.testing.assert_allclose(hessian.diagonal, np.diag(exact), atol=1e-7)
    assert np.abs(np.diag(hessian.bound) - exact).max() > 1e-3


def test_a_constant_changes_nothing(case):
    """total(eta + c) = total(eta): there is no intercept."""
    kind, y, eta, w = case
    there = kind.total(y, eta + 7.0, w)
    assert there == pytest.approx(float(kind.total(y, eta, w)), abs=1e-10)


def test_far_from_zero_nothing_overflows(case):
    """Finite total and score at eta in +-1e4, and at 1e8."""
    kind, y, eta, w = case
    rows = kind.rows(y, w)
    for far in (1e4 * eta, eta + 1e8):
        assert np.isfinite(rows.total(far))
        assert np.all(np.isfinite(rows.score(far)))
        assert np.all(np.isfinite(rows.hessian(far).apply(np.ones((len(eta), 1)))))


def test_least_is_below_everything_and_reached(case):
    """inf_eta total = least."""
    kind, y, eta, w = case
    rows = kind.rows(y, w)
    rng = np.random.default_rng(1)
    assert min(rows.total(s * rng.normal(size=len(eta))) for s in (0, 1, 5, 50)) >= rows.least
    order = y if y.ndim == 1 else 0.5 * y[:, 2] - np.unique(y[:, 1], return_inverse=True)[1]
    assert rows.total(200.0 * order) == pytest.approx(rows.least, abs=1e-6)


def test_convex(case):
    """total((a + b) / 2) <= (total(a) + total(b)) / 2."""
    kind, y, eta, w = case
    rows, rng = kind.rows(y, w), np.random.default_rng(2)
    for size in (0.1, 1.0, 10.0):
        a, b = eta, eta + size * rng.normal(size=len(eta))
        middle = rows.total((a + b) / 2)
        assert middle <= (rows.total(a) + rows.total(b)) / 2 + 1e-12


def test_one_row_alone_is_refused(case):
    """What only makes sense row by row is an error, not a number."""
    kind, y, eta, _ = case
    for ask in (kind.loss, kind.slope, kind.curvature, kind.conjugate):
        with pytest.raises(pf.InputError, match="rows of a likelihood must be independent"):
            ask(y, eta)


def by_definition(y, eta, weights, efron):
    """The sum over events, each with its risk set written out."""
    total = 0.0
    for t, s in {(t, s) for _, t, d, s in y.tolist() if d}:
        risk = (y[:, 0] < t) & (t <= y[:, 1]) & (y[:, 3] == s) & (weights > 0)
        tied = risk & (y[:, 1] == t) & (y[:, 2] > 0)
        size, own = (weights * np.exp(eta) * risk).sum(), (weights * np.exp(eta) * tied).sum()
        m = tied.sum()
        for k in range(m):
            total += weights[tied].mean() * np.log(size - (k / m * own if efron else 0.0))
        total -= weights[tied] @ eta[tied]
    return total


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_partial_likelihood_by_its_definition(ties, late, seed):
    """Sums over sorted rows = a loop over events; weights of 0 are rows absent."""
    rng = np.random.default_rng(seed)
    n = 25
    time = rng.integers(1, 7, n).astype(float)
    entry = time - rng.integers(1, 5, n) if late else None
    event = rng.uniform(size=n) < 0.6
    event[0] = True
    y = pf.survival(time, event, entry, strata=rng.choice(["a", "b", "c"], n))
    eta, w = 2 * rng.normal(size=n), rng.uniform(0.2, 2.0, size=n)
    w[1:4] = 0.0
    expected = by_definition(y, eta, w, ties == "efron")
    assert float(pf.Cox(ties).total(y, eta, w)) == pytest.approx(expected, abs=1e-10)
    kept = w > 0
    alone = pf.Cox(ties).total(y[kept], eta[kept], w[kept])
    assert float(alone) == pytest.approx(expected, abs=1e-10)


def test_running_sums_and_the_tree_agree(monkeypatch):
    """Both ways to sum over nested risk sets give the same means and the same transposes, whether
    rows are seen together or some after others."""
    rng = np.random.default_rng(0)
    n = 2000
    y = pf.survival(rng.integers(1, 60, n), rng.uniform(size=n) < 0.5, strata=rng.integers(0, 3, n))
    events = events_of(y, np.ones(n))
    nested = risk_sets(y, events)
    assert isinstance(nested, _Nested)
    assert isinstance(nested.tree, _Tree)
    x, Z = rng.normal(size=n), rng.normal(size=(n, 3))
    size, a = nested.log_sizes(x), rng.uniform(size=len(events.time))
    np.testing.assert_allclose(size, nested.tree.log_sizes(x), rtol=1e-12)
    for what in ("back", "squares"):
        one, other = (getattr(sets, what)(x, size, a) for sets in (nested, nested.tree))
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)
    ((_, whole),) = nested.tree.means(x, size, Z.__getitem__, 3)
    monkeypatch.setattr(sums, "_BLOCK", 1)  # blocks of the fewest rows
    for groups, part in nested.means(x, size, Z.__getitem__, 3):
        np.testing.assert_allclose(part, whole[groups], rtol=1e-10, atol=1e-13)


def test_without_ties_efron_is_breslow():
    """Distinct times: one likelihood; with ties: two."""
    rng = np.random.default_rng(0)
    eta, w = rng.normal(size=20), np.ones(20)
    time = rng.permutation(20).astype(float)
    for times, same in ((time, True), (np.ceil(time / 3), False)):
        y = pf.survival(times, np.ones(20))
        a, b = (float(pf.Cox(ties).total(y, eta, w)) for ties in ("efron", "breslow"))
        assert (abs(a - b) < 1e-12) == same


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_cut_points_are_the_best(link):
    """total = the minimum over increasing cut-points, found by another minimiser."""
    kind, y, eta, w = _case("ordinal probit" if link == "probit" else "ordinal", n=60)
    cuts = kind.cut_points(y, eta, w)
    assert np.all(np.diff(cuts) > 0)

    def lost(c):
        p = probabilities(eta, np.array([c[0], c[0] + np.exp(c[1])]), link)
        return -(w @ np.log(p[np.arange(60), y.astype(int)]))

    best = minimize(lost, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    assert float(kind.total(y, eta, w)) == pytest.approx(best.fun, abs=1e-8)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_probabilities_sum_to_one(link):
    """Over the classes, also where each F rounds to 0 or 1."""
    eta = np.array([-900.0, -30.0, 0.0, 0.3, 30.0, 900.0])
    p = probabilities(eta, np.array([-1.0, 0.5, 2.0]), link)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-12)
    assert np.all(p >= 0)


def test_two_classes_are_logistic_regression():
    """K = 2: minus the one cut-point is the intercept."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = (X[:, 0] + rng.logistic(size=80) > 0.3).astype(float)
    prior = pf.Laplace(0.5)
    a = pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=pf.Bernoulli()), tol=1e-11)
    b = pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=pf.Ordinal()), tol=1e-11)
    np.testing.assert_allclose(a.coef, b.coef, atol=1e-6)
    cut = pf.Ordinal().cut_points(y, X @ b.coef, np.ones(80))
    assert -cut[0] == pytest.approx(a.intercept, abs=1e-6)
    assert a.objective == pytest.approx(b.objective, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pf.survival([1.0, 2.0], [1, 2]), "event must be 0 or 1; got 2 in row 1"),
        (lambda: pf.survival([1.0, 2.0], [1, 1], entry=[0, 2]), "entry must be before the time"),
        (lambda: pf.survival([1.0, np.nan], [1, 1]), "`time` must hold finite numbers"),
        (lambda: pf.survival([1.0, 2.0], [1, 1], strata=["a"]), "one label per row"),
        (lambda: pf.Cox("exact"), "`ties` must be"),
        (lambda: pf.Cox().response(np.ones(4), 4), "pf.survival"),
        (lambda: pf.Cox().check(pf.survival([1.0, 2.0], [0, 0])), "some row must have an event"),
        (lambda: pf.Ordinal("cloglog"), "`link` must be"),
        (lambda: pf.Ordinal().check(np.array([0.0, 2.0])), "each of K >= 2 classes"),
        (lambda: pf.Ordinal().check(np.array([0.0, 0.5, 1.0])), "0 .. K - 1"),
    ],
)
def test_bad_responses_are_named(make, message):
    """What must hold, what was got."""
    with pytest.raises(pf.InputError, match=message):
        make()
