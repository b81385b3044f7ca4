"""Laws of beliefs whose penalty is not convex: the scalar problem, shapes, units, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import priorfit as pf
from laws import NONCONVEX
from priorfit._core import solve_local_quadratic
from priorfit.priors import describe, from_dict, parse_prior, to_dict
from priorfit.priors.cubic import cubic_roots

#: name -> one-dimensional prior: every shape, convex and not in its own coordinate
SHAPES = {
    "student": pf.StudentPrior(3.0, 0.5, loc=0.2),
    "cauchy, narrow": pf.Cauchy(0.05),
    "log-laplace": pf.LogLaplace(0.4, 1.5, loc=-0.1),
    "log-laplace, narrow": pf.LogLaplace(0.02, 0.5),
    "log-laplace, improper": pf.LogLaplace(0.4, -0.6),
    "mcp": pf.MCP(2.0, 3.0, information=1.0),
    "mcp, very concave": pf.MCP(2.0, 0.4, information=2.0, loc=0.3),
    "scad": pf.SCAD(1.0, 3.7),
    "scad, very concave": pf.SCAD(1.5, 1.2, information=2.0),
    "best subset": pf.SpikeSlab(0.7),
    "spike and slab": pf.SpikeSlab(0.7, scale=1.5, loc=0.5),
    "half log-laplace": pf.Truncated(pf.LogLaplace(0.4, 1.5), lower=0.0),
    "boxed cauchy": pf.Truncated(pf.Cauchy(0.05), lower=-1.0, upper=0.4),
}


def _costs(prior, z, step, b):
    return 0.5 * np.square(b - z) + step * prior.lower(1).value(np.reshape(b, (-1, 1)))[:, 0]


def _everywhere(prior, z):
    """Points of the whole line, dense where minima can be."""
    loc = prior.lower(1).loc[0]
    near = np.r_[loc, loc + np.sign(z - loc) * np.geomspace(1e-8, 1.2 * abs(z - loc) + 1e-3, 4000)]
    form = prior.lower(1)
    return np.clip(np.r_[near, z, form.lower, form.upper, -near], form.lower[0], form.upper[0])


def _beaten(prior, z, step, b):
    grid = _everywhere(prior, z)
    grid = grid[np.isfinite(grid)]
    best = _costs(prior, z, step, grid).min()
    return _costs(prior, z, step, np.array([b]))[0] > best + 1e-10 * (1.0 + abs(best))


@pytest.mark.parametrize("name", SHAPES)
@given(z=st.floats(-20, 20), step=st.floats(0.01, 10))
@settings(max_examples=60, deadline=None)
def test_no_point_anywhere_beats_the_prox(name, z, step):
    """prox(z) is the *global* minimum of (b - z)^2/2 + step (-log p(b)), over the line."""
    prior = SHAPES[name]
    assert not _beaten(prior, z, step, float(prior.prox(np.array([z]), step)[0]))


#: wrong scalar minimisers: the law must reject each
MUTANTS = {
    "always stays at loc": lambda prior, z, step: 0.0,
    "never stays at loc": lambda prior, z, step: z,
    "soft threshold only": lambda prior, z, step: np.sign(z) * max(abs(z) - 2.0 * step, 0.0),
    "the local minimum next to z": lambda prior, z, step: z if abs(z) > 1e-9 else 0.0,
    "firm threshold without a comparison": lambda prior, z, step: (
        z if abs(z) > 2.0 * 0.4 / 2.0 else 0.0
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_law_of_the_prox_catches_mutants(name):
    """Each wrong minimiser of a very concave MCP is beaten somewhere."""
    prior = pf.MCP(2.0, 0.4, information=2.0)
    zs = (-3.0, -1.0, 0.3, 0.6, 0.9, 1.2, 2.5)
    assert any(_beaten(prior, z, 1.0, float(MUTANTS[name](prior, z, 1.0))) for z in zs)


@pytest.mark.parametrize("name", SHAPES)
def test_native_and_numpy_minimise_alike(name):
    """One coordinate of the native descent is `AtStrength.minimum`, to rounding."""
    prior, rng = SHAPES[name], np.random.default_rng(0)
    form = prior.lower(1)
    for z, h, s in zip(
        rng.normal(scale=3, size=60), rng.uniform(0.2, 5, 60), rng.uniform(0.1, 3, 60), strict=True
    ):
        at, b = form.at(float(s)), np.zeros(1)
        kind = form.concave.shape
        rates = (at.l1, at.l2, form.loc, form.lower, form.upper, at.size)
        # from far away: at loc a kink may hold a weight that a jump elsewhere would free
        b[0] = np.clip(z, form.lower[0], form.upper[0])
        args = (kind.code, kind.parameter, b, 1e-14, 500)
        solve_local_quadratic(np.array([[h]]), np.array([h * z]), *rates, *args)
        there = at.minimum(np.array([z]), np.array([h]))[0]
        cost = [_costs_at(at, form, z, h, v) for v in (b[0], there)]
        assert cost[0] == pytest.approx(cost[1], abs=1e-9)


def _costs_at(at, form, z, h, b):
    return 0.5 * h * (b - z) ** 2 + at.value(np.abs(np.array([b]) - form.loc))[0]


@pytest.mark.parametrize("name", NONCONVEX)
def test_normal_form_is_the_density_up_to_a_constant(name):
    """neg_log_density(b) - neg_log_density(c) = form.value(b) - form.value(c) inside the box."""
    prior, p = NONCONVEX[name](5), 5
    form, rng = prior.lower(5), np.random.default_rng(0)
    low, high = np.maximum(form.lower, -2), np.minimum(form.upper, 2)
    b, c = (low + (high - low) * rng.uniform(size=p) for _ in range(2))
    density = prior.neg_log_density(b) - prior.neg_log_density(c)
    np.testing.assert_allclose(density, form.value(b) - form.value(c), atol=1e-12)
    assert form.total(b - form.loc) == pytest.approx(float(form.value(b).sum()))


@pytest.mark.parametrize("name", NONCONVEX)
def test_slope_and_bend_are_derivatives(name):
    """slope = d value / dt and bend = d slope / dt away from the joints."""
    at, h = NONCONVEX[name](5).lower(5).at(1.7), 1e-6
    for t in np.random.default_rng(0).uniform(0.01, 3.0, size=(40, 5)):
        slope = (at.value(t + h) - at.value(t - h)) / (2 * h)
        bend = (at.slope(t + h) - at.slope(t - h)) / (2 * h)
        np.testing.assert_allclose(at.slope(t), slope, atol=1e-6, rtol=1e-6)
        np.testing.assert_allclose(at.bend(t), bend, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", NONCONVEX)
def test_plain_data_round_trip(name):
    """from_dict(to_dict(prior)) = prior, and each has a sentence of its own."""
    prior = NONCONVEX[name](4)
    assert from_dict(to_dict(prior)) == prior
    assert describe(prior)


@pytest.mark.parametrize(
    "prior",
    [
        pf.StudentPrior(3.0, 0.5),
        pf.LogLaplace(0.4, 1.5),
        pf.MCP(2.0, 3.0, information=4.0),
        pf.SCAD(2.0, 3.7, information=4.0),
        pf.SpikeSlab(1.5, scale=0.8),
    ],
    ids=lambda prior: prior.word,
)
def test_tempered_is_a_power_of_the_density(prior):
    """-log p_s(b) = s (-log p(b)) + constant, for weights other than loc."""
    b = np.array([-1.0, 0.3, 2.0])
    for s in (0.7, 3.0):
        ratio = prior.tempered(s).neg_log_density(b) - s * prior.neg_log_density(b)
        np.testing.assert_allclose(ratio, ratio[0], atol=1e-12)


@pytest.mark.parametrize("name", NONCONVEX)
def test_rescaled_is_the_penalty_of_the_other_unit(name):
    """penalty of c b under rescaled(c) = penalty of b."""
    prior, c = NONCONVEX[name](5), 4.0
    form = prior.lower(5)
    b = np.clip(np.linspace(-1, 1, 5), form.lower, form.upper)
    np.testing.assert_allclose(prior.rescaled(c).lower(5).value(c * b), form.value(b), rtol=1e-12)


@pytest.mark.parametrize("prior", [pf.MCP(2.0, 3.0, 4.0), pf.SCAD(2.0, 3.7, 4.0)], ids=str)
def test_weights_beyond_the_width_are_not_shrunk(prior):
    """prox(z) = z beyond the width, and the formulas of the sources hold at information 1."""
    far = float(prior.width) + 2.0
    np.testing.assert_array_equal(prior.prox(np.array([far, -far])), [far, -far])
    t = np.linspace(0, 5, 101)
    if isinstance(prior, pf.MCP):
        source = [integrate.quad(lambda x: max(1 - x / 6.0, 0) * 2.0, 0, v)[0] for v in t]
        given_ = pf.MCP(2.0, 3.0).neg_log_density(t)
    else:
        source = [
            integrate.quad(
                lambda x: 2.0 if x <= 2.0 else max(7.4 - x, 0) / 2.7, 0, v, points=[2.0, 7.4]
            )[0]
            for v in t
        ]
        given_ = pf.SCAD(2.0, 3.7).neg_log_density(t)
    np.testing.assert_allclose(given_, source, atol=1e-7)


def test_heavy_tails_have_limits():
    """Student-t of large df is the normal, log-Laplace of large df the Laplace; df 1 is scipy's
    Cauchy, df 4 its t."""
    b = np.linspace(-3, 3, 13)
    normal = pf.Normal(0.7).neg_log_density(b)
    np.testing.assert_allclose(pf.StudentPrior(1e8, 0.7).neg_log_density(b), normal, atol=1e-6)
    laplace = pf.Laplace(0.7).neg_log_density(b)
    np.testing.assert_allclose(pf.LogLaplace(0.7, 1e8).neg_log_density(b), laplace, atol=1e-6)
    for df in (1.0, 4.0):
        known = -stats.t(df, scale=0.7).logpdf(b)
        np.testing.assert_allclose(pf.StudentPrior(df, 0.7).neg_log_density(b), known, atol=1e-12)


@pytest.mark.parametrize("df", [2.5, 4.0])
@pytest.mark.parametrize("family", [pf.StudentPrior, pf.LogLaplace], ids=lambda f: f.__name__)
def test_moments_are_integrals(family, df):
    """variance and mean_abs by quadrature; infinite where they do not exist."""
    prior = family(df=df, scale=0.7)

    def moment(k):
        return (
            2.0
            * integrate.quad(
                lambda b: b**k * np.exp(-prior.neg_log_density(b)), 0, np.inf, limit=500
            )[0]
        )

    assert prior.variance == pytest.approx(moment(2), rel=1e-4)
    assert prior.mean_abs == pytest.approx(moment(1), rel=1e-6)
    assert family(df=2.0).variance == np.inf
    assert family(df=1.0).mean_abs == np.inf


def test_a_spike_has_its_probability():
    """cdf steps by 1 - inclusion at loc; draws are loc that often; from_inclusion is inverted."""
    prior = pf.SpikeSlab.from_inclusion(0.3, scale=2.0, loc=0.5)
    assert prior.inclusion == pytest.approx(0.3)
    assert prior.cdf(0.5) - prior.cdf(0.5 - 1e-12) == pytest.approx(0.7, abs=1e-9)
    draws = prior.sample(20_000, seed=0)
    assert np.mean(draws == 0.5) == pytest.approx(0.7, abs=0.02)
    assert draws.var() == pytest.approx(float(prior.variance), rel=0.1)
    q = np.array([0.01, 0.1, 0.95])
    np.testing.assert_allclose(prior.cdf(prior.quantile(q)), q, atol=1e-12)
    assert prior.quantile(0.5) == 0.5
    odds = prior.neg_log_density(1.0) - prior.neg_log_density(0.5)
    assert odds == pytest.approx(prior.penalty + 0.5 * (0.5 / 2.0) ** 2)


def test_the_horseshoe_is_a_density_without_a_mode():
    """density = cdf'; draws follow the cdf; a fit is refused and says why."""
    prior = pf.Horseshoe(0.5, loc=0.1)
    b = np.array([-3.0, 0.2, 0.7, 5.0])
    slope = (prior.cdf(b + 1e-5) - prior.cdf(b - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope, np.exp(-prior.neg_log_density(b)), rtol=1e-5)
    q = np.array([0.01, 0.3, 0.5, 0.8])
    np.testing.assert_allclose(prior.cdf(prior.quantile(q)), q, atol=1e-9)
    assert stats.kstest(prior.sample(4000, seed=1), prior.cdf).pvalue > 1e-4
    with pytest.raises(pf.InputError, match="infinite at loc"):
        pf.solve(pf.Problem.make(np.eye(3), [1.0, 2.0, 3.0], prior=prior))
    with pytest.raises(pf.InputError, match=r"pf\.sample"):
        pf.MAPRegressor(prior=prior).fit(np.eye(3), [1.0, 2.0, 3.0])
    with pytest.raises(pf.InputError, match="posterior"):
        pf.path(np.eye(3), [1.0, 2.0, 3.0], prior=pf.Horseshoe())


@pytest.mark.parametrize(("scale", "slab"), [(0.5, 2.0), (1.0, 1.0), (2.0, 0.7)])
def test_a_regularized_horseshoe_is_a_density(scale, slab):
    """It is the product of the two densities, of mass 1; cdf, draws and moments are its own."""
    prior, plain, normal = (
        pf.Horseshoe(scale, 0.1, slab),
        pf.Horseshoe(scale, 0.1),
        pf.Normal(slab, 0.1),
    )
    b = np.array([-3.0, 0.2, 0.7, 2.0])
    product = plain.neg_log_density(b) + normal.neg_log_density(b)
    constant = prior.neg_log_density(b) - product
    np.testing.assert_allclose(constant, constant[0], atol=1e-12)
    slope = (prior.cdf(b + 1e-5) - prior.cdf(b - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope, np.exp(-prior.neg_log_density(b)), rtol=1e-5)
    q = np.array([0.01, 0.3, 0.5, 0.8])
    np.testing.assert_allclose(prior.cdf(prior.quantile(q)), q, atol=1e-9)
    draws = prior.sample(40_000, seed=1)
    assert stats.kstest(draws[:4000], prior.cdf).pvalue > 1e-4
    assert draws.var() == pytest.approx(float(prior.variance), rel=0.05)
    assert np.abs(draws - 0.1).mean() == pytest.approx(float(prior.mean_abs), rel=0.03)
    wide = prior.widened(3.0)
    assert (wide.scale, wide.slab) == (3.0 * scale, slab)
    far = pf.Horseshoe(scale, 0.1, 1e9)
    np.testing.assert_allclose(far.neg_log_density(b), plain.neg_log_density(b), atol=1e-8)


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_cubic_roots_are_roots(abc):
    """x^3 + a x^2 + b x + c = 0 at each root, and numpy finds no other real one."""
    a, b, c = abc
    found = np.array([float(x) for x in cubic_roots(*map(np.array, abc))])
    found = found[np.isfinite(found)]
    size = 1 + np.abs(found) ** 3 + abs(a) * found**2 + abs(b * found) + abs(c)
    assert np.all(np.abs(((found + a) * found + b) * found + c) <= 1e-10 * size)
    known = np.roots([1, a, b, c])
    for x in known[np.abs(known.imag) < 1e-12].real:
        if abs((3 * x + 2 * a) * x + b) < 1e-3:
            continue  # a double root may be lost in rounding
        assert np.min(np.abs(found - x)) <= 1e-3 * (1 + abs(x))


def test_text_grammar():
    """The command line's strings make the priors that they say."""
    assert parse_prior("student-t:df=1,scale=2.5") == pf.Cauchy(2.5)
    assert parse_prior("log-laplace:scale=0.1,lower=0") == pf.Truncated(
        pf.LogLaplace(0.1), lower=0.0
    )
    assert parse_prior("mcp:penalty=2,gamma=3") == pf.MCP(2.0, 3.0)
    assert parse_prior("scad:penalty=2") == pf.SCAD(2.0)
    assert parse_prior("spike-slab:penalty=2") == pf.SpikeSlab(2.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pf.StudentPrior(df=0.0), "`df` of a Student-t belief must be > 0"),
        (lambda: pf.StudentPrior(df=1.0).tempered(0.4), "must still be a density"),
        (lambda: pf.LogLaplace(df=-1.0), "must be > -1"),
        (lambda: pf.LogLaplace(df=-0.5).cdf(0.0), "does not integrate"),
        (lambda: pf.MCP(gamma=0.0), "`gamma` must be a finite number > 0"),
        (lambda: pf.SCAD(a=1.0), "`a` must be a finite number > 1"),
        (lambda: pf.MCP(-1.0), "`penalty` must be >= 0"),
        (lambda: pf.MCP().cdf(0.0), "proper prior"),
        (lambda: pf.SCAD().variance, "proper prior"),
        (lambda: pf.Truncated(pf.MCP(), lower=0), "must be a density to be truncated"),
        (lambda: pf.SpikeSlab(1.0).cdf(0.0), "flat slab"),
        (lambda: pf.SpikeSlab.from_inclusion(0.9, 0.01), "must cost something"),
        (lambda: pf.SpikeSlab.from_inclusion(0.1, np.inf), "finite for an inclusion"),
        (lambda: pf.Horseshoe(0.0), "positive and finite"),
        (lambda: pf.Normal().compare(pf.MCP()), "must be normal, Laplace"),
        (lambda: pf.translate(pf.MCP(), to="sklearn.Lasso", n=10, noise=1.0), "l1 and l2 terms"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    """What must hold; what was got; what to do."""
    with pytest.raises(pf.InputError, match=message):
        make()
