"""Laws of fits with several outputs: certificates, symmetries, and what one output says of them."""

import numpy as np
import pytest
from scipy import sparse
from several import EVERY_PRIOR, SEVERAL, Q, problem_of, table

import priorfit as pf
from laws import ALL_DESIGNS, ALL_PRIORS, COLUMNWISE
from priorfit.problem import neg_log_belief
from priorfit.solve.certificate import certify
from priorfit.solve.outputs import stacked
from priorfit.solve.outputs.responses import OneByOne
from priorfit.solve.standard import standardize

TIGHT = 1e-11
STORES = [np.asarray, np.asfortranarray, sparse.csc_array, sparse.csr_array]
PAIRS = [(a, b) for a in EVERY_PRIOR for b in SEVERAL]


@pytest.fixture(params=range(len(PAIRS)), ids=lambda i: " x ".join(PAIRS[i]))
def problem(request):
    """Every prior with every kind of outputs, the storage of X by rotation."""
    return problem_of(*PAIRS[request.param], store=STORES[request.param % len(STORES)])


def _value(standard, g, s):
    loss = standard.likelihood.total(standard.y, standard.eta(g), standard.weights)
    return float(loss + s * standard.form.total(g - standard.form.loc))


def test_every_fit_is_certified_and_no_point_nearby_is_better(problem):
    """Gap <= 1e-6 of the null model's loss; J has its minimum at a tight answer."""
    assert pf.solve(problem).status is pf.Status.CERTIFIED
    fit = pf.solve(problem, tol=TIGHT)
    form, best = problem.form, problem.objective(fit.intercept, fit.coef, fit.phi)
    assert best == pytest.approx(fit.objective, rel=1e-12)
    rng = np.random.default_rng(0)
    free = np.isfinite(fit.intercept) & (fit.intercept != 0)
    for size in (1e-1, 1e-3, 1e-5):
        for _ in range(10):
            move = size * rng.normal(size=fit.coef.size)
            b = np.clip(fit.coef.ravel() + move, form.lower, form.upper).reshape(fit.coef.shape)
            b0 = fit.intercept + size * rng.normal(size=Q) * free
            assert problem.objective(b0, b, fit.phi) >= best - 1e-9 * abs(best)


def test_the_gap_never_lies(problem):
    """For a wrong answer the certified gap is at least its true distance from the optimum."""
    standard = standardize(problem)
    fit = pf.solve(problem, tol=TIGHT)
    s = fit.phi * standard.y_unit**2
    best = standard.enter(fit.intercept, fit.coef)
    rng = np.random.default_rng(1)
    for size in (1e-1, 1e-2, 1e-4):
        g = best + size * rng.normal(size=best.shape)
        g = np.clip(g, standard.form.lower, standard.form.upper)
        true = (_value(standard, g, s) - _value(standard, best, s)) / standard.reference
        found = certify(standard, g[:, None], np.array([s]))
        assert found.gap[0] >= true - 1e-9
        assert found.kkt[0] > 0


@pytest.mark.parametrize("block", [1, 1 << 18])
def test_the_information_is_that_of_the_rows(block, monkeypatch):
    """``Z_C' H Z_C`` = sum_i w_i Z_i' (diag(mu_i) - mu_i mu_i') Z_i, all rows at once or blocks of
    them; so are sums of products of outputs that do not meet."""
    monkeypatch.setattr(stacked, "_BLOCK", block)
    rng = np.random.default_rng(0)
    X, w = rng.normal(3.0, 1.0, size=(600, 4)), rng.uniform(0.5, 2.0, 600)
    labels = rng.integers(0, 3, 600)
    problem = pf.Problem.make(
        X, np.eye(3)[labels], prior=pf.Laplace(1.0), likelihood=pf.Multinomial(), weights=w
    )
    standard, cols = standardize(problem), np.array([1, 2, 3, 5, 7, 8, 13])
    Z = standard.Z.columns(cols, np.zeros(standard.size))[0].reshape(600, 3, -1)
    eta = standard.eta(0.3 * rng.normal(size=standard.size))
    mu = standard.likelihood.mean(eta).reshape(600, 3)
    H = w[:, None, None] * (mu[:, :, None] * np.eye(3) - mu[:, :, None] * mu[:, None])
    exact = np.einsum("ika,ikl,ilb->ab", Z, H, Z)
    np.testing.assert_allclose(standard.information(cols, eta), exact, atol=1e-10)
    plain = np.einsum("ika,i,ikb->ab", Z, w, Z[:, :, :2])
    found = standard.Z.gram(cols, cols[:2], standard.weights)
    np.testing.assert_allclose(found, plain, atol=1e-10)


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("prior", ["laplace loc", "normal", "group laplace together", "flat"])
def test_engines_agree(prior, name):
    """The engines, proximal Newton and proximal gradient reach the same objective."""
    problem = problem_of(prior, name)
    unit = 1e-7 * standardize(problem).reference / 0.8**2
    found = [
        pf.solve(problem, tol=tol, solver=solver, max_iter=100_000).objective
        for solver, tol in (("auto", 1e-10), ("newton", 1e-10), ("reference", 1e-8))
    ]
    np.testing.assert_allclose(found, found[0], atol=unit, rtol=0)


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("prior", ["laplace", "elastic net loc", "group laplace together"])
def test_weights_are_repeats(prior, name):
    """Weight k = the row k times; weight 0 = the row absent."""
    X, y, _, o = table(name)
    repeats = np.random.default_rng(3).integers(0, 4, size=len(X))
    options = {"prior": EVERY_PRIOR[prior](6), "likelihood": SEVERAL[name][0]}
    weighted = pf.solve(pf.Problem.make(X, y, weights=repeats, offset=o, **options), tol=TIGHT)
    rows = np.repeat(np.arange(len(X)), repeats)
    repeated = pf.solve(pf.Problem.make(X[rows], y[rows], offset=o[rows], **options), tol=TIGHT)
    np.testing.assert_allclose(weighted.coef, repeated.coef, atol=1e-7)
    np.testing.assert_allclose(weighted.intercept, repeated.intercept, atol=1e-7)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-9)


@pytest.mark.parametrize("name", SEVERAL)
def test_a_level_of_the_offset_moves_the_intercepts(name):
    """offset + a (a per output) = the same weights and intercepts less a, up to the free shift."""
    X, y, w, o = table(name)
    options = {"prior": pf.Laplace(0.2), "likelihood": SEVERAL[name][0], "weights": w}
    level = np.array([0.3, -0.2, 0.9])
    plain = pf.solve(pf.Problem.make(X, y, offset=o, **options), tol=TIGHT)
    moved = pf.solve(pf.Problem.make(X, y, offset=o + level, **options), tol=TIGHT)
    np.testing.assert_allclose(moved.coef, plain.coef, atol=1e-7)
    change = moved.intercept - plain.intercept + level
    if name != "responses":
        change = change - change[1]
    np.testing.assert_allclose(change, 0.0, atol=1e-7)


@pytest.mark.parametrize("kind", ALL_DESIGNS)
@pytest.mark.parametrize("prior", ["laplace", "group laplace together"])
@pytest.mark.parametrize("name", ["multinomial", "responses"])
def test_all_storages_give_the_same_fit(name, prior, kind):
    """dense = strided = sparse = table."""
    X, y, w, o = table(name)
    options = {"likelihood": SEVERAL[name][0], "weights": w, "offset": o}
    options["prior"] = EVERY_PRIOR[prior](6)
    plain = pf.solve(pf.Problem.make(X, y, **options), tol=TIGHT)
    other = pf.solve(pf.Problem.make(ALL_DESIGNS[kind](X), y, **options), tol=TIGHT)
    np.testing.assert_allclose(other.coef, plain.coef, atol=1e-7)
    np.testing.assert_allclose(other.intercept, plain.intercept, atol=1e-7)


@pytest.mark.parametrize("prior", ["laplace", "normal", "group laplace together", "flat"])
def test_names_of_outputs_and_columns_do_not_matter(prior):
    """Permuted classes and columns permute the weights."""
    X, y, w, o = table("multinomial")
    options = {"prior": EVERY_PRIOR[prior](6), "likelihood": pf.Multinomial(), "weights": w}
    plain = pf.solve(pf.Problem.make(X, y, offset=o, **options), tol=1e-12)
    classes, cols = np.array([2, 0, 1]), np.random.default_rng(0).permutation(6)
    back = np.argsort(classes)
    made = pf.Problem.make(X[:, cols], back[y.astype(int)], offset=o[:, classes], **options)
    moved = pf.solve(made, tol=1e-12)
    np.testing.assert_allclose(moved.coef, plain.coef[cols][:, classes], atol=2e-6)
    np.testing.assert_allclose(moved.intercept, plain.intercept[classes], atol=2e-6)


@pytest.mark.parametrize("prior", [pf.Normal(0.5), pf.Normal([0.2, 0.5, 1.0, 0.3, 2.0, 0.4])])
def test_two_classes_are_one_predictor(prior):
    """Softmax with scale s = logistic with scale sqrt(2) s for the difference of the two."""
    X, y, w, _ = table("multinomial")
    y = (y > 0).astype(float)
    two = pf.solve(
        pf.Problem.make(X, y, prior=prior, likelihood=pf.Multinomial(), weights=w), tol=TIGHT
    )
    wide = prior.rescaled(np.sqrt(2.0))
    one = pf.solve(
        pf.Problem.make(X, y, prior=wide, likelihood=pf.Bernoulli(), weights=w), tol=TIGHT
    )
    np.testing.assert_allclose(two.coef[:, 1] - two.coef[:, 0], one.coef, atol=1e-6)
    assert two.intercept[1] - two.intercept[0] == pytest.approx(one.intercept, abs=1e-6)
    wrong = pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=pf.Bernoulli(), weights=w))
    assert (
        np.abs(two.coef[:, 1] - two.coef[:, 0] - wrong.coef).max() > 1e-2
    )  # the same scale: not it


def test_a_reference_class_of_two_is_logistic():
    """Two classes against the first: the other's weights are those of `Bernoulli`."""
    X, y, w, _ = table("multinomial")
    y = (y > 0).astype(float)
    options = {"prior": pf.Laplace(0.2), "weights": w}
    two = pf.solve(
        pf.Problem.make(X, y, likelihood=pf.Multinomial(reference=0), **options), tol=TIGHT
    )
    one = pf.solve(pf.Problem.make(X, y, likelihood=pf.Bernoulli(), **options), tol=TIGHT)
    np.testing.assert_allclose(two.coef, np.c_[0.0 * one.coef, one.coef], atol=1e-7)
    assert two.objective == pytest.approx(one.objective, rel=1e-10)


@pytest.mark.parametrize("prior", [p for p in COLUMNWISE if p != "group laplace together"])
def test_untied_responses_are_fits_of_their_own(prior):
    """A prior that ties no outputs: each response is the fit of that response."""
    problem = problem_of(prior, "responses")
    fit = pf.solve(problem, tol=TIGHT)
    X, y, w, o = table("responses")
    for k in range(Q):
        alone = pf.Problem.make(
            X, y[:, k], prior=problem.prior, likelihood=problem.likelihood, weights=w,
            offset=o[:, k],
        )  # fmt: skip
        one = pf.solve(alone, tol=TIGHT)
        np.testing.assert_allclose(fit.coef[:, k], one.coef, atol=1e-7)
        assert fit.intercept[k] == pytest.approx(one.intercept, abs=1e-7)


def _tied(standard):
    groups, output = standard.form.groups, np.arange(standard.size) % Q
    held = [] if groups is None else [output[groups.ids == g] for g in range(len(groups.sizes))]
    return any(len(set(of)) > 1 for of in held)


def _goes_one_by_one(applies):
    for prior in EVERY_PRIOR:
        standard = standardize(problem_of(prior, "responses"))
        assert applies(standard) == (not _tied(standard)), prior


def test_responses_go_one_by_one_where_no_group_holds_two():
    """Each by itself <=> every group holds weights of one response; not always, nor without groups
    only."""
    _goes_one_by_one(OneByOne.applies)
    for mutant in (lambda _: True, lambda standard: standard.form.groups is None):
        with pytest.raises(AssertionError):
            _goes_one_by_one(mutant)


@pytest.mark.parametrize("outputs", ["each", "together"])
def test_groups_of_outputs_are_groups_of_stacked_columns(outputs):
    """Groups over outputs = the group prior of one long response over X kron I."""
    X, y, w, o = table("responses")
    ids = np.array([0, 0, 1, 1, 2, 2])
    options = {"likelihood": pf.Gaussian(noise=0.8), "intercept": False}
    prior = pf.GroupLaplace(ids, 0.3, outputs=outputs)
    fit = pf.solve(pf.Problem.make(X, y, prior=prior, weights=w, offset=o, **options), tol=TIGHT)
    long = np.repeat(ids, Q) if outputs == "together" else (ids[:, None] * Q + np.arange(Q)).ravel()
    stacked = pf.Problem.make(
        np.kron(X, np.eye(Q)), y.ravel(), prior=pf.GroupLaplace(long, 0.3),
        weights=np.repeat(w, Q), offset=o.ravel(), **options,
    )  # fmt: skip
    one = pf.solve(stacked, tol=TIGHT)
    np.testing.assert_allclose(fit.coef.ravel(), one.coef, atol=1e-7)
    assert fit.objective == pytest.approx(one.objective, rel=1e-9)


@pytest.mark.parametrize("name", ["multinomial", "responses"])
def test_together_a_column_matters_for_all_outputs_or_none(name):
    """The zeros of a group over outputs are whole rows."""
    X, y, _, _ = table(name)
    prior = pf.GroupLaplace(outputs="together")
    path = pf.path(X, y, prior=prior, likelihood=SEVERAL[name][0], n_points=15)
    zero = path.coefs == 0
    assert np.array_equal(zero.all(axis=1), zero.any(axis=1))
    assert zero.any()
    assert not zero.all()


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("prior", ["laplace", "group laplace together", "elastic net"])
def test_lambda_max_is_where_weights_leave_zero(prior, name):
    """All weights are 0 at lambda_max, and not just below."""
    X, y, w, o = table(name)
    options = {"likelihood": SEVERAL[name][0], "weights": w, "offset": o}
    top = pf.lambda_max(pf.Problem.make(X, y, prior=EVERY_PRIOR[prior](6).unit(), **options))
    path = pf.path(
        X, y, prior=EVERY_PRIOR[prior](6), penalties=[1.0001 * top, 0.99 * top], tol=1e-9, **options
    )
    assert list(path.n_nonzero > 0) == [False, True]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", SEVERAL)
def test_paths_are_certified_by_the_judge(name, store):
    """The gaps of native paths are those computed anew from the solutions, with many columns."""
    X, y, w, o = table(name, n=60, p=150)
    prior = pf.Laplace() if name != "responses" else pf.GroupLaplace(outputs="together")
    known = SEVERAL[name][0]
    path = pf.path(store(X), y, prior=prior, likelihood=known, weights=w, offset=o, n_points=25)
    assert path.certified
    standard = path._standard
    g = np.stack([path._unknowns(k) for k in range(25)], axis=1)
    found = certify(standard, g, path.penalties * standard.y_unit**2)
    np.testing.assert_allclose(found.gap, path.gaps, atol=1e-9)
    assert np.all(found.kkt <= 1e-3)


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("prior", ["laplace", "normal"])
def test_a_radius_is_met_exactly(prior, name):
    """The constrained fit lies on its ball and is certified."""
    X, y, _, _ = table(name)
    path = pf.path(X, y, prior=EVERY_PRIOR[prior](6), likelihood=SEVERAL[name][0], n_points=9)
    radius = 0.5 * (path.norms[2] + path.norms[3])
    found = path.within(radius)
    assert path.problem.form.radius(found.coef.ravel()) == pytest.approx(radius, rel=1e-6)
    assert found.certificate.certified


def test_beliefs_of_outputs_add_up():
    """-log p of (p, q) weights = the sum over outputs of that of their columns."""
    coef = np.random.default_rng(0).normal(size=(6, Q)).clip(-0.15, 0.15)
    for name in COLUMNWISE:
        make = ALL_PRIORS[name]
        if name in ("one value", "laplace per column") or "fixed" in name or "column" in name:
            continue
        problem = problem_of(name, "multinomial")
        each = [np.sum(make(6).neg_log_density(coef[:, k])) for k in range(Q)]
        assert neg_log_belief(problem.belief, coef) == pytest.approx(sum(each), rel=1e-12), name


def test_noise_of_several_responses_is_one():
    """phi = RSS / (n q - df) over all responses."""
    X, y, w, _ = table("responses")
    fit = pf.solve(pf.Problem.make(X, y, prior=pf.Laplace(0.2), weights=w))
    left = y - fit.intercept - X @ fit.coef
    assert fit.phi == pytest.approx((w @ left**2).sum() / (Q * w.sum() - fit.df), rel=1e-6)


def test_what_cannot_be_is_refused_clearly():
    X, y, w, o = table("multinomial")
    shares = np.full((len(X), 3), 0.5)
    wrong = {
        "must be one number, one per column": {"prior": pf.Laplace(np.ones((6, 2)))},
        "must be one of columns": {"prior": pf.MultivariateNormal(np.eye(6))},
        "must have 3 numbers per row": {"offset": o[:, 0]},
        "class codes 0, 1, 2": {"y": y + 0.5},
        "every class must occur": {"y": np.where(y == 1, 2.0, y)},
        "add up to 1 in every row": {"y": shares},
        "`reference` must be one of the 3 classes": {"likelihood": pf.Multinomial(reference=7)},
    }
    for prior in (pf.SLOPE(), pf.RandomWalk(0.1)):
        with pytest.raises(pf.InputError, match="must be one of columns"):
            pf.solve(pf.Problem.make(X, y, prior=prior, likelihood=pf.Multinomial()))
    for message, change in wrong.items():
        given = {"y": y, "likelihood": pf.Multinomial(), "weights": w} | change
        with pytest.raises(pf.InputError, match=message):
            pf.Problem.make(X, **given)
    with pytest.raises(pf.InputError, match="code of a class"):
        pf.Multinomial(reference=-1)
    with pytest.raises(pf.InputError, match="must have one output per row"):
        pf.leave_one_out(pf.Problem.make(X, X[:, :2], prior=pf.Normal()))
    with pytest.raises(pf.InputError, match="must have one output per row"):
        pf.update(pf.Normal(), X, X[:, :2], pf.Gaussian(noise=1.0))
    with pytest.raises(pf.InputError, match="must have one output per row"):
        pf.prior_predictive(X, pf.Normal(), pf.Multinomial())
    with pytest.raises(pf.InputError, match="several outputs per row"):
        pf.solve(pf.Problem.make(X, X[:, 0]), solver="outputs")
    with pytest.raises(pf.InputError, match="one output per row"):
        pf.solve(pf.Problem.make(X, y, likelihood=pf.Multinomial()), solver="gram")
