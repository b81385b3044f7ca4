"""Laws of the estimators of times and of ordered classes."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import priorfit as pf
from priorfit.estimators import concordance
from priorfit.select import splits


def _table(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abce"))
    time = np.ceil(10 * rng.exponential(size=n) * np.exp(-X["a"] + 0.5 * X["b"]))
    return X.assign(t=time, d=rng.uniform(size=n) < 0.7, site=rng.choice(["x", "y"], n))


TABLE = _table()
X, Y = TABLE[list("abce")], pf.survival(TABLE["t"], TABLE["d"])


def test_every_way_to_say_the_response_is_one_fit():
    """Names, arrays, structured array, table, (n, 2) and (n, 4): the same weights."""
    m = pf.MAPCox(prior=pf.Normal(0.5))
    structured = np.array(
        list(zip(TABLE["d"], TABLE["t"], strict=True)), dtype=[("event", "?"), ("time", "f8")]
    )
    named = clone(m).fit(TABLE.drop(columns="site"), time="t", event="d").coef_
    ways = [
        clone(m).fit(X, Y),
        clone(m).fit(X, Y[:, 1:3]),
        clone(m).fit(X, structured),
        clone(m).fit(X, TABLE[["t", "d"]].rename(columns={"t": "time", "d": "event"})),
        clone(m).fit(X, time=TABLE["t"], event=TABLE["d"]),
    ]
    for way in ways:
        np.testing.assert_array_equal(way.coef_, named)


def test_an_estimator_like_any_other():
    """clone, pickle, get_params and set_params; ties are reachable."""
    m = pf.MAPCox(prior=pf.Laplace(0.2), likelihood=pf.Cox("breslow")).fit(X, Y)
    again = clone(m).set_params(prior__scale=0.2, likelihood__ties="breslow").fit(X, Y)
    np.testing.assert_array_equal(again.coef_, m.coef_)
    kept = pickle.loads(pickle.dumps(m))
    np.testing.assert_array_equal(kept.predict(X), m.predict(X))
    assert "efron" not in str(m.get_params()["likelihood"])
    assert m.intercept_ == 0


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_expected_events_are_the_events(ties):
    """The baseline's cumulative hazards, summed over the rows, are the number of events."""
    m = pf.MAPCox(prior=pf.Flat(), likelihood=pf.Cox(ties)).fit(X, Y)
    hazards = m.predict_cumulative_hazard_function(X).at(TABLE["t"])
    own = np.diagonal(hazards).sum()
    if ties == "breslow":
        assert own == pytest.approx(TABLE["d"].sum(), rel=1e-9)
    else:
        assert own > TABLE["d"].sum() + 0.1  # tied rows count whole here, in part in the hazard


def test_without_columns_it_is_nelson_and_aalen():
    """All weights 0: the cumulative hazard is sum d / n at risk."""
    m = pf.MAPCox(prior=pf.Laplace(1e-6), likelihood=pf.Cox("breslow")).fit(X, Y)
    assert not np.any(m.coef_)
    time, event = Y[:, 1], Y[:, 2]
    for t in (3.0, 8.0):
        expected = sum(
            event[time == s].sum() / np.sum(time >= s) for s in np.unique(time) if s <= t
        )
        found = m.predict_cumulative_hazard_function(X[:1]).at([t])[0, 0]
        assert found == pytest.approx(expected)


def test_survival_falls_from_one():
    """S(0) = 1, decreasing in time, and lower at a higher risk."""
    m = pf.MAPCox(prior=pf.Normal(0.5)).fit(X, Y)
    curves = m.predict_survival_function(X)
    assert np.all(curves.at([-1.0, 0.0]) == 1.0)
    assert np.all(np.diff(curves.values, axis=1) <= 0)
    order = np.argsort(m.predict(X))
    assert np.all(np.diff(curves.values[order], axis=0) <= 1e-15)


def test_strata_have_baselines_of_their_own():
    """Each stratum's hazard is that of its rows; a new row must say its stratum."""
    m = pf.MAPCox(prior=pf.Normal(0.5)).fit(TABLE, time="t", event="d", strata="site")
    assert m.strata_ == ("x", "y")
    assert m.score(TABLE) > 0.5
    curves = m.predict_survival_function(TABLE)
    same = m.predict_survival_function(X, strata=TABLE["site"])
    np.testing.assert_array_equal(curves.values, same.values)
    with pytest.raises(pf.InputError, match="`strata` must be a column of the table; got 'site'"):
        m.predict_survival_function(X)
    with pytest.raises(pf.InputError, match="each row must say its stratum"):
        m.predict_survival_function(X, strata=np.full(120, "z"))


def _by_pairs(y, risk, w):
    good = every = 0.0
    for i in range(len(y)):
        for j in range(len(y)):
            later = y[j, 1] > y[i, 1] or (y[j, 1] == y[i, 1] and not y[j, 2])
            if i != j and y[i, 2] and later and y[j, 0] < y[i, 1] and y[i, 3] == y[j, 3]:
                every += w[i] * w[j]
                good += w[i] * w[j] * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
    return good / every


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_concordance_by_pairs(late, seed):
    """Counting by sorting = counting all pairs, with ties, late entry, strata and weights."""
    rng = np.random.default_rng(seed)
    n = 40
    time = rng.integers(1, 12, n).astype(float)
    entry = time - rng.integers(1, 6, n) if late else None
    y = pf.survival(time, rng.uniform(size=n) < 0.6, entry, strata=rng.integers(0, 2, n))
    risk, w = np.round(rng.normal(size=n), 1), rng.uniform(0.5, 2.0, n)
    assert concordance(y, risk, w) == pytest.approx(_by_pairs(y, risk, w), rel=1e-12)
    wrong = _by_pairs(y, -risk, w)
    assert concordance(y, risk, w) != pytest.approx(wrong, rel=1e-3)


def test_no_pair_no_concordance():
    """Nobody outlives anybody: an error, not NaN."""
    with pytest.raises(pf.InputError, match="comparable"):
        concordance(pf.survival([1.0, 1.0], [1, 1]), np.zeros(2))


def test_cross_validation_is_that_of_verweij_and_van_houwelingen():
    """A fold's deviance: what its rows add to the partial likelihood of all, at the others' fit."""
    problem = pf.Problem.make(X.to_numpy(), Y, prior=pf.Laplace(), likelihood=pf.Cox())
    selection, path = pf.cross_validate(problem, folds=4, standardize=False, n_points=8)
    train, _ = splits(problem, 4)[1]
    part = pf.path(X.to_numpy()[train], Y[train], likelihood=pf.Cox(), penalties=path.penalties)
    eta = X.to_numpy() @ part.coefs[:, 5]
    kind = problem.likelihood
    lost = float(kind.total(Y, eta, np.ones(120)) - kind.total(Y[train], eta[train], np.ones(90)))
    floor = kind.least(Y, np.ones(120)) - kind.least(Y[train], np.ones(90))
    assert selection.scores[5, 1] == pytest.approx(2 * (lost - floor) / 30, rel=1e-9)


def test_the_strength_is_chosen():
    """strength="cv": a certified fit whose words say how."""
    m = pf.MAPCox(prior=pf.Laplace(), strength="cv", n_points=20).fit(X, Y)
    assert m.certificate_.certified
    assert m.score(X, Y) > 0.7
    assert "cross-validation" in m.explain()
    assert "scikit-learn's defaults" not in m.explain()


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (lambda m: m.fit(X), "as y, or as time and event"),
        (lambda m: m.fit(X, TABLE["t"]), "times and events"),
        (lambda m: m.fit(TABLE, time="t", event="dead"), "column of the table; got 'dead'"),
        (lambda m: m.fit(X.to_numpy(), time="t", event="d"), "needs a table"),
        (lambda m: m.fit(X, Y[:50]), "one value per row"),
        (lambda m: m.fit(TABLE.assign(d=None), time="t", event="d"), "missing"),
        (lambda m: m.set_params(likelihood=pf.Poisson()).fit(X, Y), "likelihood of times"),
    ],
)
def test_bad_responses(fit, message):
    """What must hold, what was got."""
    with pytest.raises(pf.InputError, match=message):
        fit(pf.MAPCox())


def _ordered(n=150):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(n, 3))
    return Z, np.digitize(Z @ [1.5, -1.0, 0.0] + rng.logistic(size=n), [-1.0, 1.0, 2.5])


def test_ordinal_probabilities_are_the_model():
    """P(y <= k) = F(cut_k - X coef); classes in order; the observed shares are met on average."""
    Z, y = _ordered()
    m = pf.MAPOrdinal(prior=pf.Flat()).fit(Z, 10 * y)
    assert m.classes_.tolist() == [0, 10, 20, 30]
    assert np.all(np.diff(m.cut_points_) > 0)
    p = m.predict_proba(Z)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    upto = 1 / (1 + np.exp(-(m.cut_points_ - (Z @ m.coef_)[:, None])))
    np.testing.assert_allclose(np.cumsum(p, axis=1)[:, :-1], upto, atol=1e-12)
    assert m.score(Z, 10 * y) > 0.5
    np.testing.assert_array_equal(m.predict(Z), m.classes_[p.argmax(axis=1)])


def test_reversed_classes_flip_the_weights():
    """y -> -y: coef -> -coef, cut-points mirrored (F is symmetric)."""
    Z, y = _ordered()
    for link in ("logit", "probit"):
        options = {"prior": pf.Laplace(0.5), "likelihood": pf.Ordinal(link), "tol": 1e-11}
        a, b = pf.MAPOrdinal(**options).fit(Z, y), pf.MAPOrdinal(**options).fit(Z, -y)
        np.testing.assert_allclose(a.coef_, -b.coef_, atol=1e-6)
        np.testing.assert_allclose(a.cut_points_, -b.cut_points_[::-1], atol=1e-6)


def test_text_must_say_its_order():
    """An ordered categorical has one; plain text is refused."""
    Z, y = _ordered()
    words = np.array(["low", "middle", "high", "top"])
    known = pd.Series(pd.Categorical(words[y], categories=words, ordered=True))
    m = pf.MAPOrdinal(prior=pf.Normal(1.0)).fit(Z, known.array)
    assert m.classes_.tolist() == words.tolist()
    np.testing.assert_allclose(m.coef_, pf.MAPOrdinal(prior=pf.Normal(1.0)).fit(Z, y).coef_)
    assert set(m.predict(Z)) <= set(words)
    with pytest.raises(pf.InputError, match="must say their order"):
        pf.MAPOrdinal().fit(Z, words[y])
    with pytest.raises(pf.InputError, match="ordered classes"):
        pf.MAPOrdinal(likelihood=pf.Poisson()).fit(Z, y)


def test_the_strength_of_an_ordinal_fit_is_chosen():
    """strength="cv" and "1se" on held-out deviance, the cut-points those of the other rows."""
    Z, y = _ordered()
    m = pf.MAPOrdinal(prior=pf.Laplace(), strength="cv", n_points=15, rule="best").fit(Z, y)
    assert m.certificate_.certified
    assert abs(m.coef_[0]) > 0.5
    clone(m), pickle.loads(pickle.dumps(m))
