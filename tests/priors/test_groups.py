"""Laws of priors over groups: density, prox, draws, dual norm, and their simple cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import gammaln

import priorfit as pf
from priorfit.priors import Groups, from_dict, to_dict
from priorfit.priors.mixture import radial_constant

GROUPED = {
    "spherical": pf.GroupLaplace([0, 1, 0], 0.6),
    "one group": pf.GroupLaplace([0, 0, 0], 0.9, loc=0.3, by_size=False),
    "elliptical": pf.GroupLaplace([0, 0, 1], [0.3, 1.1, 0.5], loc=[0.1, 0.0, -0.2]),
    "sparse": pf.SparseGroupLaplace([0, 1, 0], 0.8, 0.7),
    "sparse, scales apart": pf.SparseGroupLaplace([0, 0, 0], [0.3, 1.0, 2.0], [0.5, 0.9, 2.0]),
}


def _total(prior, b):
    return prior.neg_log_density(b).sum(axis=-1)


@pytest.mark.parametrize("name", GROUPED)
def test_density_integrates_to_one(name):
    """E_q[p / q] = 1 for heavy-tailed q: importance sampling, within five standard errors."""
    prior, rng = GROUPED[name], np.random.default_rng(0)
    q = stats.t(df=3, scale=0.8)
    b = q.rvs(size=(40_000, 3), random_state=rng)
    ratio = np.exp(-_total(prior, b) - q.logpdf(b).sum(axis=1))
    assert abs(ratio.mean() - 1.0) < 5 * ratio.std() / np.sqrt(len(ratio))
    assert ratio.std() / np.sqrt(len(ratio)) < 0.04


def test_the_constant_is_the_mass_of_spheres():
    """log Z_d = log(area of the sphere) + log Gamma(d); 2 in one dimension, 2 pi in two."""
    np.testing.assert_allclose(np.exp(radial_constant([1, 2])), [2.0, 2 * np.pi])
    d = np.arange(1, 30)
    area = np.log(2) + 0.5 * d * np.log(np.pi) - gammaln(d / 2)
    np.testing.assert_allclose(radial_constant(d), area + gammaln(d))


@pytest.mark.parametrize("name", GROUPED)
def test_draws_follow_the_marginals(name):
    """Kolmogorov-Smirnov distance of each column's draws from its cdf; cdf(quantile(q)) = q."""
    prior = GROUPED[name]
    draws = prior.sample((1500, 3), seed=2)
    np.testing.assert_array_equal(draws, prior.sample((1500, 3), seed=2))
    uniform = prior.cdf(draws)
    for j in range(3):
        assert stats.kstest(uniform[:, j], "uniform").pvalue > 1e-4
    q = np.array([[1e-6, 0.2, 0.5], [0.6, 0.9, 1 - 1e-6]])
    np.testing.assert_allclose(prior.cdf(prior.quantile(q)), q, rtol=1e-8)


def test_the_radius_is_gamma():
    """|b_g| of a spherical group of d is Gamma(d, scale / sqrt(d)); no direction is favoured."""
    draws = pf.GroupLaplace([0] * 5, 0.7).sample((4000, 5), seed=0)
    radius = np.linalg.norm(draws, axis=1)
    assert stats.kstest(radius, stats.gamma(5, scale=0.7 / np.sqrt(5)).cdf).pvalue > 1e-4
    assert np.all(np.abs((draws / radius[:, None]).mean(axis=0)) < 5 / np.sqrt(4000 * 5))


def _beaten(prior, z, step, b):
    """Whether a point near b has a lower prox objective."""

    def value(x):
        return 0.5 * np.sum((x - z) ** 2, axis=-1) + step * _total(prior, x)

    rng = np.random.default_rng(0)
    direction = np.concatenate([rng.normal(size=(20, 3)), [b - prior.loc], np.eye(3), -np.eye(3)])
    near = [b + size * direction for size in (-1e-1, -1e-3, 1e-5, 1e-3, 1e-1)]
    return bool(np.any([value(x) < value(b) - 1e-10 for x in near]))


@pytest.mark.parametrize("name", GROUPED)
@given(z=st.lists(st.floats(-5, 5), min_size=3, max_size=3), step=st.floats(0.01, 3))
@settings(max_examples=40, deadline=None)
def test_no_nearby_point_beats_the_prox(name, z, step):
    """prox(z) minimises |b - z|^2 / 2 + step * sum neg_log_density(b)."""
    prior = GROUPED[name]
    assert not _beaten(prior, np.array(z), step, prior.prox(z, step))


def _mutant(threshold_first, power):
    """The prox of a sparse group of three with rates 1 and 1, wrong for other arguments."""

    def prox(z):
        soft = np.sign(z) * np.maximum(np.abs(z) - 1, 0) if threshold_first else z
        length = np.linalg.norm(soft)
        shrunk = soft * max(1 - 1 / max(length**power, 1e-300), 0)
        return shrunk if threshold_first else np.sign(shrunk) * np.maximum(np.abs(shrunk) - 1, 0)

    return prox


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (_mutant(True, 1), True),
        (_mutant(False, 1), False),
        (_mutant(True, 2), False),
        (lambda z: np.sign(z) * np.maximum(np.abs(z) - 2, 0), False),
    ],
)
def test_the_prox_law_catches_mutants(wrong, right):
    """Shrinking first, a squared length, a group treated column by column: each is beaten."""
    prior = pf.SparseGroupLaplace([0, 0, 0], by_size=False)
    points = [np.array(z) for z in ([4.0, -2.0, 0.3], [2.0, 1.8, -2.2], [3.0, 0.5, 1.5])]
    caught = any(_beaten(prior, z, 1.0, wrong(z)) for z in points)
    assert caught is not right
    np.testing.assert_allclose(prior.prox(points[0]), _mutant(True, 1)(points[0]))


def test_groups_of_one_are_laplace():
    """GroupLaplace of singletons = Laplace; without one factor the sparse group is the other."""
    b = np.array([-1.3, 0.2, 0.7])
    one, laplace = pf.GroupLaplace([0, 1, 2], 0.4, loc=0.1), pf.Laplace(0.4, loc=0.1)
    for call in ("neg_log_density", "cdf", "prox"):
        np.testing.assert_allclose(getattr(one, call)(b), getattr(laplace, call)(b), atol=1e-12)
    pairs = [0, 0, 1]
    inf = np.inf
    for sparse, plain in [
        (pf.SparseGroupLaplace(pairs, 0.4, inf), pf.Laplace(0.4)),
        (pf.SparseGroupLaplace(pairs, inf, 0.4), pf.GroupLaplace(pairs, 0.4)),
    ]:
        np.testing.assert_allclose(_total(sparse, b), _total(plain, b))
        np.testing.assert_allclose(sparse.prox(b), plain.prox(b))


@pytest.mark.parametrize("name", GROUPED)
def test_strength_and_units(name):
    """tempered: -log p_s = s (-log p) + constant; rescaled: change of variable; round trip."""
    prior, rng = GROUPED[name], np.random.default_rng(3)
    b = rng.normal(size=(6, 3))
    ratio = _total(prior.tempered(3.0), b) - 3.0 * _total(prior, b)
    np.testing.assert_allclose(ratio, ratio[0], atol=1e-9)
    c = np.array([2.0, 0.5, 4.0])
    moved = _total(prior.rescaled(c), b * c)
    np.testing.assert_allclose(moved, _total(prior, b) + np.log(c).sum(), atol=1e-9)
    np.testing.assert_array_equal(prior.widened(2.0).loc, prior.loc)
    assert from_dict(to_dict(prior)) == prior


@given(
    v=st.lists(st.floats(-9, 9), min_size=4, max_size=4),
    l1=st.lists(st.floats(0, 3), min_size=4, max_size=4),
    rate=st.floats(0.05, 3),
)
@settings(max_examples=60, deadline=None)
def test_the_dual_norm_is_where_zero_stops_being_the_prox(v, l1, rate):
    """At the dual norm of v the group is 0 under slopes v; a little below it is not."""
    v, l1 = np.array(v), np.array(l1)
    groups = Groups(np.zeros(4, dtype=np.intp), np.full(4, rate))
    s = groups.dual_norms(v, l1)[0]

    def slack(s):
        return s * rate - np.linalg.norm(np.maximum(np.abs(v) - s * l1, 0))

    assert slack(s * (1 + 1e-9)) >= -1e-12
    if s > 1e-3:
        assert slack(s * (1 - 1e-6)) < 0


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12))
def test_labels_in_an_array_are_labels_in_a_list(labels):
    """Groups are numbered in the order in which they first appear, however the labels come."""
    ways = [labels, np.array(labels), [str(k) for k in labels]]
    codes = [pf.GroupLaplace(way).groups for way in ways]
    first = list(dict.fromkeys(labels))
    for code in codes:
        assert list(code) == [first.index(k) for k in labels]


def test_groups_by_name():
    """Ids, names, patterns; categories of a table are groups; scale inf leaves, scale 0 fixes."""
    names = ["age", "gene_1", "gene_2", "town[a]", "town[b]"]
    natural = pf.GroupLaplace().for_columns(names)
    np.testing.assert_array_equal(natural.groups, [0, 1, 2, 3, 3])
    named = pf.GroupLaplace({"gene_*": "genes", "town*": "town"}).for_columns(names)
    np.testing.assert_array_equal(named.groups, [0, 1, 1, 2, 2])
    np.testing.assert_array_equal(pf.GroupLaplace(list("aabba")).groups, [0, 0, 1, 1, 0])
    form = pf.GroupLaplace([0, 0, 0, 1], [1.0, np.inf, 1.0, 0.0]).lower(4)
    np.testing.assert_array_equal(form.groups.ids, [0, -1, 0, -1])
    np.testing.assert_allclose(form.groups.rate, [np.sqrt(2), 0.0, np.sqrt(2), 0.0])
    np.testing.assert_array_equal(form.flat, [False, True, False, False])
    np.testing.assert_array_equal(form.fixed, [False, False, False, True])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pf.GroupLaplace([0, 1]).lower(3), "`groups` must hold one label per column"),
        (lambda: pf.GroupLaplace(3), "`groups` must hold one label per column, or map"),
        (lambda: pf.GroupLaplace({"gene*": 1}).for_columns(["a"]), "every key of `groups`"),
        (lambda: pf.GroupLaplace([0, 0], -1.0), "`scale` must be >= 0"),
        (lambda: pf.Truncated(pf.GroupLaplace([0, 0]), lower=0), "one by one to be truncated"),
        (lambda: pf.GroupLaplace([0, 0], np.inf).cdf([0.0, 1.0]), "proper prior"),
    ],
)
def test_bad_groups_are_refused(make, message):
    """What must hold; what was got; what to do."""
    with pytest.raises(pf.InputError, match=message):
        make()
