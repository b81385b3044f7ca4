"""Laws of priors by column: the product of their parts, whatever asks."""

import numpy as np
import pandas as pd
import pytest

import priorfit as pf
from priorfit.priors import from_dict, parse_prior, to_dict
from priorfit.priors.base import made_from

NAMES = ["gene_1", "age", "gene_2", "dose", "C(region)[n]", "C(region)[s]", "log(age):sex[f]", "z"]
PARTS = {
    "age": pf.Normal(1.0, loc=0.5),
    "gene_*": pf.Laplace(0.1),
    "dose": pf.HalfNormal(1.0),
    "C(region)": pf.GroupLaplace(scale=0.5),
    "log(age):sex": pf.Exponential(0.3),
    "*": pf.ElasticNet(0.3, 0.6),
}
WHERE = [[1], [0, 2], [3], [4, 5], [6], [7]]
KNOWN = pf.ByColumn(PARTS).for_columns(NAMES)


def test_each_column_has_its_part():
    """By exact name, by what it was made from, by pattern, or by "*"."""
    assert [where.tolist() for where in KNOWN.columns] == WHERE
    assert list(KNOWN.parts) == list(PARTS)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("region[north]", "region"),
        ("C(k)[1]:sex[f]:age", "C(k):sex:age"),
        ("city[a[b]]", "city"),
        ("poly(age, 3)[2]", "poly(age, 3)"),
        ("age", "age"),
    ],
)
def test_what_a_column_was_made_from(name, source):
    """Its name without brackets."""
    assert made_from(name) == source


def test_exact_names_win_over_sources_over_patterns():
    """And an earlier pattern over a later one; brackets in a pattern are brackets."""
    prior = pf.ByColumn(
        {
            "*": pf.Normal(4.0),
            "c[*]": pf.Normal(3.0),
            "c": pf.Normal(2.0),
            "c[u]": pf.Normal(1.0),
            "d[*]": pf.Normal(5.0),
        }
    )
    with pytest.raises(pf.InputError, match="every key"):
        prior.for_columns(["c[u]", "c[v]", "d[w]"])  # the first "*" takes d[w] before "d[*]" does
    ordered = pf.ByColumn({k: prior.parts[k] for k in ("d[*]", "c", "c[u]", "*")})
    found = ordered.for_columns(["c[u]", "c[v]", "d[w]", "e"])
    np.testing.assert_array_equal(1 / np.sqrt(found.lower(4).l2), [1.0, 2.0, 5.0, 4.0])


def _part_by_part(value):
    """What the parts say by themselves, put together by hand."""
    out = np.empty(len(NAMES))
    for part, where in zip(KNOWN.parts.values(), WHERE, strict=True):
        out[where] = np.broadcast_to(value(part, where), (len(where),))
    return out


@pytest.mark.parametrize("what", ["neg_log_density", "cdf", "quantile"])
def test_it_is_the_product_of_its_parts(what):
    """Densities multiply; marginals are those of the parts; rows are taken one by one."""
    rng = np.random.default_rng(0)
    b = rng.uniform(0.1, 0.9, size=(3, len(NAMES)))
    rows = [
        _part_by_part(lambda part, where, row=row: getattr(part, what)(row[where])) for row in b
    ]
    np.testing.assert_allclose(getattr(KNOWN, what)(b), rows, rtol=1e-13)


@pytest.mark.parametrize("what", ["variance", "mean_abs", "peak"])
def test_moments_are_those_of_the_parts(what):
    """Of each column by itself."""
    np.testing.assert_allclose(
        getattr(KNOWN, what), _part_by_part(lambda part, where: getattr(part, what)), rtol=1e-12
    )


def test_normal_form_is_put_together():
    """Rates, centres and boxes stand at their columns; groups of two parts stay two groups."""
    parts = {
        "a": pf.GroupLaplace([0, 0], 0.5),
        "b": pf.GroupLaplace([0, 0], 0.25),
        "c": pf.Normal(),
    }
    form = pf.ByColumn(parts, [[0, 3], [1, 4], [2]]).lower(5)
    np.testing.assert_array_equal(form.groups.ids, [0, 1, -1, 0, 1])
    np.testing.assert_allclose(form.groups.rate, np.sqrt(2) * np.array([2, 4, 0, 2, 4]))
    np.testing.assert_array_equal(form.l2, [0, 0, 1, 0, 0])


def test_draws_are_those_of_the_parts():
    """Each column's quantiles, over many draws."""
    drawn = KNOWN.sample((40_000, len(NAMES)), seed=0)
    shares = np.mean(drawn <= KNOWN.quantile(np.full(len(NAMES), 0.3)), axis=0)
    np.testing.assert_allclose(shares, 0.3, atol=5 * np.sqrt(0.3 * 0.7 / 40_000))


@pytest.mark.parametrize(
    "change", [lambda p: p.tempered(3.0), lambda p: p.rescaled(2.0), lambda p: p.widened(2.0)]
)
def test_changes_are_those_of_the_parts(change):
    """And they need no names where they are the same for all columns."""
    there = change(KNOWN)
    assert there == change(pf.ByColumn(PARTS)).for_columns(NAMES)
    b = np.linspace(0.1, 0.8, len(NAMES))
    wanted = np.empty(len(b))
    for part, where in zip(KNOWN.parts.values(), WHERE, strict=True):
        wanted[where] = change(part).neg_log_density(b[where])
    np.testing.assert_allclose(there.neg_log_density(b), wanted)


def test_each_column_is_widened_by_its_own_factor():
    """Rates l1 / f and l2 / f^2 at the same centres; `rescaled` moves the centres too."""
    prior = pf.ByColumn({"age": pf.Normal(2.0, loc=0.5), "*": pf.ElasticNet(0.3, 0.6, loc=-1.0)})
    known, factor = prior.for_columns(["b", "age", "c"]), np.array([2.0, 3.0, 0.5])
    old, new = known.lower(3), known.widened(factor).lower(3)
    np.testing.assert_allclose(new.l1, old.l1 / factor)
    np.testing.assert_allclose(new.l2, old.l2 / factor**2)
    np.testing.assert_array_equal(new.loc, old.loc)
    assert not np.array_equal(known.rescaled(factor).lower(3).loc, old.loc)


def test_units_change_column_by_column():
    """P(f b <= f x) = P(b <= x) for a factor per column."""
    f, q = np.geomspace(0.1, 10, len(NAMES)), np.full(len(NAMES), 0.7)
    np.testing.assert_allclose(KNOWN.rescaled(f).quantile(q), f * KNOWN.quantile(q), rtol=1e-9)


@pytest.mark.parametrize("prior", [KNOWN, pf.ByColumn({"a": pf.Normal(), "*": pf.Laplace(0.1)})])
def test_plain_data(prior):
    """from_dict(to_dict(prior)) = prior, with and without known columns."""
    assert from_dict(to_dict(prior)) == prior


def test_text():
    """The command line's strings; a name may hold = and :, a prior be written as a call."""
    wanted = pf.ByColumn({"age": pf.Normal(1.0), "gene_*": pf.Laplace(0.1), "*": pf.Normal()})
    assert parse_prior("age=normal(1); gene_*=laplace:scale=0.1; * = normal") == wanted
    odd = parse_prior("bs(age, df=5):sex = half-normal(scale=2)")
    assert odd == pf.ByColumn({"bs(age, df=5):sex": pf.HalfNormal(2.0)})
    assert parse_prior("laplace(0.1, loc=2)") == pf.Laplace(0.1, loc=2.0)
    for wrong in ("a=norml(1)", "a=normal(1);a=normal(2)", "a=normal(1,2,3)", "=normal(1)",
                  "normal(1", "a=normal(b)", "a=normal(1);b", "a=normal(1)(2)"):  # fmt: skip
        with pytest.raises(pf.InputError):
            parse_prior(wrong)


def _table(n=80, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(n, 3)), columns=["a", "b", "c"])
    table["g"] = rng.choice(list("uvw"), n)
    table["y"] = table["a"] - 0.5 * table["b"] + (table["g"] == "u") + rng.normal(size=n)
    return table


def test_one_family_by_column_is_the_family_per_column():
    """ByColumn of Laplace priors is Laplace with a scale per column: fits, strengths, objective."""
    table = _table().drop(columns="g")
    split = {"a": pf.Laplace(0.1), "*": pf.Laplace(0.3)}
    joint = pf.Laplace({"a": 0.1, "*": 0.3})
    for options in ({}, {"strength": "cv"}, {"strength": 3.0}, {"units": "sd"}):
        one, two = (pf.MAPRegressor(p, **options).fit(table, "y") for p in (split, joint))
        np.testing.assert_allclose(one.coef_, two.coef_, rtol=1e-12)
        assert one.solution_.objective == pytest.approx(two.solution_.objective, rel=1e-12)


@pytest.mark.parametrize("likelihood", [pf.Gaussian(1.0), pf.Bernoulli(), pf.Poisson()])
def test_mixed_parts_are_certified_and_minimal(likelihood):
    """Groups, a half line, l1 and l2 side by side: no nearby weights have a smaller objective."""
    table = _table()
    y = table.pop("y").to_numpy()
    y = y if likelihood.name == "gaussian" else (y > 0).astype(float)
    prior = {"a": pf.HalfNormal(0.5), "b": pf.Laplace(0.1), "g": pf.GroupLaplace(scale=0.4)}
    problem = pf.Problem.make(
        pf.design.as_design(table), y, prior=prior | {"*": pf.Normal(0.3, loc=1.0)},
        likelihood=likelihood,
    )  # fmt: skip
    fit = pf.solve(problem, tol=1e-9)
    assert fit.certificate.certified
    best = problem.objective(fit.intercept, fit.coef)
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-2, 1e-3):
        for _ in range(30):
            b = fit.coef + size * rng.normal(size=len(fit.coef)) * (rng.uniform(size=6) < 0.4)
            assert problem.objective(fit.intercept, b) >= best - 1e-7


def test_explain_speaks_of_each_part():
    """Name, number of columns and family of each."""
    prior = {"a": pf.HalfNormal(1.0), "g": pf.GroupLaplace(scale=0.5), "*": pf.Laplace(0.1)}
    said = pf.MAPRegressor(prior).fit(_table(), "y").explain()
    for words in ("a: Half-normal, scale 1", "g (3 columns): Group Laplace", "other columns (2"):
        assert words in said


@pytest.mark.parametrize(
    ("prior", "match"),
    [
        ({"nothing": pf.Normal(), "*": pf.Normal()}, "every key of `prior` must be a column"),
        ({"a": pf.Normal()}, "nothing for column 'b'"),
        ({"a": 3}, "every part must be a prior"),
        ({}, "must map names"),
        ({1: pf.Normal()}, "every part must be a prior"),
        ({"*": pf.ByColumn({"*": pf.Normal()})}, "must not be by column itself"),
        ({"*": pf.SLOPE()}, "one by one or in groups"),
    ],
)
def test_bad_parts(prior, match):
    with pytest.raises(pf.InputError, match=match):
        pf.MAPRegressor(prior).fit(_table(), "y")


def test_names_are_needed():
    """Before the columns are known there is no density."""
    with pytest.raises(pf.InputError, match="needs the columns"):
        pf.ByColumn(PARTS).neg_log_density(np.zeros(8))
    with pytest.raises(pf.InputError, match=r"p = 3"):
        KNOWN.lower(3)
    with pytest.raises(pf.InputError, match="every column to one part"):
        pf.ByColumn({"a": pf.Normal()}, [[0, 2]])


@pytest.mark.parametrize(
    ("half", "whole"), [(pf.HalfNormal, pf.Normal), (pf.Exponential, pf.Laplace)]
)
def test_halves_are_truncated(half, whole):
    """The same density, draws and changes as the truncated prior that they are."""
    mine, theirs = half(0.7), pf.Truncated(whole(0.7), lower=0)
    b = np.linspace(-1, 3, 9)
    for change in (lambda p: p, lambda p: p.tempered(3.0), lambda p: p.rescaled(2.0),
                   lambda p: p.widened(2.0), lambda p: p.unit()):  # fmt: skip
        np.testing.assert_array_equal(
            change(mine).neg_log_density(b), change(theirs).neg_log_density(b)
        )
        assert isinstance(change(mine), half)
    named = half({"a": 1.0, "*": 2.0}).for_columns(["b", "a"])
    np.testing.assert_array_equal(named.scale, [2.0, 1.0])
    assert pf.MAPRegressor(half(1.0)).set_params(prior__scale=3.0).prior == half(3.0)


def test_exponential_mean():
    """The mean of an exponential belief is its scale."""
    assert pf.Exponential(0.7).mean_abs == pytest.approx(0.7, rel=1e-9)


def test_adaptive_scales():
    """scale |b|^gamma of weights, a solution, or an estimator; columns scaled by c keep the fit."""
    table = _table().drop(columns="g")
    X, y = table[["a", "b", "c"]].to_numpy(), table["y"]
    first = pf.MAPRegressor(pf.Normal(10.0), pf.Gaussian(1.0)).fit(X, y)
    prior = pf.adaptive(pf.Laplace(0.2), first, gamma=0.5)
    np.testing.assert_array_equal(prior.scale, 0.2 * np.abs(first.coef_) ** 0.5)
    assert pf.adaptive(pf.Laplace(0.2), first.solution_, gamma=0.5) == prior
    assert pf.adaptive(pf.Exponential(0.2), first.coef_).prior.scale.shape == (3,)
    assert pf.adaptive(pf.ElasticNet(0.2, 1.0), first).l2_scale == 1.0
    c = np.array([1.0, 10.0, 0.1])
    fits = []
    for units in (np.ones(3), c):
        rough = pf.MAPRegressor(pf.Flat(), pf.Gaussian(1.0)).fit(X * units, y)
        belief = pf.adaptive(pf.Laplace(0.05), rough)
        fits.append(pf.MAPRegressor(belief, pf.Gaussian(1.0), tol=1e-10).fit(X * units, y))
    np.testing.assert_allclose(fits[1].coef_ * c, fits[0].coef_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: pf.adaptive(pf.Normal(), [1.0]), "must be Laplace or ElasticNet"),
        (lambda: pf.adaptive(pf.Laplace(), [np.nan]), "finite weights"),
        (lambda: pf.adaptive(pf.Laplace(), [1.0], gamma=0), "`gamma` must be > 0"),
        (lambda: pf.adaptive(pf.Laplace([1.0, 2.0]), [1.0]), "one per column"),
    ],
)
def test_bad_adaptive(make, match):
    with pytest.raises(pf.InputError, match=match):
        make()
