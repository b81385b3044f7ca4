"""Pictures read results and change nothing."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import priorfit as pf
from laws import ALL_PRIORS, SORTED, example
from priorfit.plots.style import spread


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


X, Y, *_ = example(n=60)
PATH = pf.path(X, Y, prior=pf.Laplace(), likelihood=pf.Gaussian(0.5))
TWO = pf.path(X[:, :2], Y, prior=pf.Laplace(), likelihood=pf.Gaussian(0.5))
SELECTION, FULL = pf.cross_validate(pf.Problem.make(X, Y, prior=pf.Laplace()))


MIXED, _ = pf.choose(
    pf.Problem.make(X, Y, prior=pf.ElasticNet()), "cv", l1_ratio=[0.2, 0.6, 1.0], n_points=20
)


def test_a_surface_shows_every_curve_and_its_lowest_point():
    """One line for each share with its own colour, a mark at its lowest point, no label outside of
    the picture."""
    ax = MIXED.surface.plot()
    ax.figure.draw_without_rendering()
    curves = [line for line in ax.lines if len(line.get_xdata()) == 20]
    assert len({line.get_color() for line in curves}) == 3
    low, high = ax.get_ylim()
    for line, one in zip(curves, MIXED.surface.selections, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), one.mean)
        assert low < one.mean[one.best] < high
    first, last = ax.get_xlim()
    assert first > last
    assert {text.get_text() for text in ax.texts} >= {"20 % l1", "60 % l1", "100 % l1"}


@pytest.mark.parametrize("x", ["penalty", "scale"])
def test_a_selection_is_drawn_over_penalties_or_scales(x):
    """Strong is left on both axes; another name is refused."""
    ax = SELECTION.plot(x=x)
    line = max(ax.lines, key=lambda part: len(part.get_xdata()))
    places = SELECTION.penalties if x == "penalty" else SELECTION.scales
    np.testing.assert_array_equal(line.get_xdata(), places)
    first, last = line.get_xdata()[[0, -1]]
    assert np.diff(ax.transData.transform([(first, 0), (last, 0)])[:, 0]) > 0
    with pytest.raises(pf.InputError, match="penalty or scale"):
        SELECTION.plot(x="norm")


@pytest.mark.parametrize("x", ["penalty", "scale", "norm", "share"])
def test_strong_is_left_weak_is_right(x):
    """On every axis the strongest prior is at the left end."""
    ax = pf.plots.plot_path(PATH, x=x)
    line = max(ax.lines, key=lambda part: len(part.get_xdata()))
    first, last = line.get_xdata()[[0, -1]]
    pixels = ax.transData.transform([(first, 0), (last, 0)])[:, 0]
    assert pixels[0] < pixels[1]


def test_axes_given_is_returned_and_data_are_untouched():
    """Axes in, Axes out."""
    before = PATH.coefs.copy()
    for draw in (
        lambda ax: pf.plots.plot_path(PATH, ax=ax, mark=5),
        lambda ax: pf.plots.plot_selection(SELECTION, ax=ax),
        lambda ax: pf.plots.plot_coefficients(PATH.coefs[:, -1], ax=ax),
        lambda ax: pf.plots.plot_prior(pf.Laplace(1.0), ax=ax),
        lambda ax: pf.plots.plot_prior(pf.Laplace(1.0), pf.Normal(), ax=ax, penalty=True),
        lambda ax: pf.plots.plot_shrinkage(pf.Laplace(1.0), (pf.Normal(), "mean"), ax=ax),
        lambda ax: pf.plots.plot_contours(TWO, TWO.within(0.5), ax=ax),
        lambda ax: pf.plots.plot_price(TWO, TWO.within(0.5), ax=ax),
        lambda ax: pf.plots.plot_views(PATH, 20, ax=ax),
        lambda ax: pf.plots.plot_prior_predictive(
            pf.prior_predictive(X, pf.Normal(), draws=50, seed=0), ax=ax
        ),
    ):
        ax = plt.figure().subplots()
        assert draw(ax) is ax
        assert ax.get_title(loc="left")
    np.testing.assert_array_equal(PATH.coefs, before)


def test_titles_fit_their_figure():
    """A long name breaks the title into lines; nothing runs out of the picture."""
    names = [f"a_column_with_a_rather_long_name_{j}" for j in range(X.shape[1])]
    table = pd.DataFrame(X, columns=names)
    for ax in (
        pf.path(table, Y, prior=pf.Laplace()).plot(),
        pf.plots.plot_coefficients(PATH.coefs[:, -1], names),
        SELECTION.plot(),
        pf.plots.plot_prior(pf.Laplace(1.0)),
    ):
        ax.figure.draw_without_rendering()
        box = ax._left_title.get_window_extent()
        assert box.x1 <= ax.figure.bbox.x1


def test_methods_draw_the_same():
    """path.plot and selection.plot are the functions of this room."""
    assert PATH.plot().get_title(loc="left") == pf.plots.plot_path(PATH).get_title(loc="left")
    assert SELECTION.plot().get_ylabel() == "held-out deviance per row"


def test_labels_name_the_largest_weights():
    """At most max_labels lines are named, the largest at the weak end first."""
    ax = pf.plots.plot_path(PATH, max_labels=2)
    named = {t.get_text() for t in ax.texts}
    effects = np.abs(PATH.coefs[:, -1]) * X.std(axis=0)
    assert named == {f"x{j}" for j in np.argsort(-effects)[:2]}


@pytest.mark.parametrize("seed", range(20))
def test_spread_keeps_order_and_distance(seed):
    """Labels end up at least a gap apart, in the order of their lines."""
    rng = np.random.default_rng(seed)
    places = list(rng.normal(size=8))
    moved = np.array(spread(places, 0.3))
    order = np.argsort(places)
    assert np.all(np.diff(moved[order]) >= 0.3 - 1e-9)


@pytest.mark.parametrize("name", [*SORTED, "walk"])
def test_one_weight_of_a_coupled_prior_has_no_curve(name):
    """Sorted weights and walks have no density of one weight; walks are drawn as curves."""
    prior = pf.RandomWalk(0.1) if name == "walk" else ALL_PRIORS[name](5)
    with pytest.raises(pf.InputError, match="density of one weight"):
        pf.plots.plot_prior(prior)
    with pytest.raises(pf.InputError, match="random walks"):
        pf.plots.plot_walks(pf.Laplace())


@pytest.mark.parametrize("name", [k for k in ALL_PRIORS if k not in SORTED])
def test_every_prior_can_be_drawn(name):
    """Also truncated, shifted, flat, and with a scale per column."""
    assert pf.plots.plot_prior(ALL_PRIORS[name](5)).lines


def test_exact_zeros_look_different():
    """A zero weight is a hollow grey circle, others are filled."""
    ax = pf.plots.plot_coefficients([1.0, 0.0], ["a", "b"])
    faces = [line.get_markerfacecolor() for line in ax.lines if line.get_marker() in ("o", "D")]
    assert "white" in faces
    assert len(set(map(str, faces))) == 2


def test_wrong_axis_is_refused():
    with pytest.raises(pf.InputError, match="`x` must be one of"):
        pf.plots.plot_path(PATH, x="alpha")


@pytest.mark.parametrize("prior", [pf.Laplace(), pf.Normal(), pf.ElasticNet(), pf.Laplace(loc=0.4)])
@pytest.mark.parametrize("share", [0.3, 0.8, 2.0])
def test_the_title_of_contours_tells_the_truth(prior, share):
    """It says slack, or exactly zero, if and only if the fit is."""
    path = pf.path(X[:, :2], Y, prior=prior, likelihood=pf.Gaussian(0.5))
    found = path.within(share * float(path.norms.max()))
    ax = pf.plots.plot_contours(path, found)
    said = ax.get_title(loc="left")
    assert ("slack" in said) == found.slack
    assert ("exactly zero" in said) == (not found.slack and bool(np.any(found.coef == 0)))


def test_the_dial_reads_the_three_views():
    """The numbers beside the rule are scale, lambda and radius of the marked point."""
    texts = {t.get_text() for t in pf.plots.plot_views(PATH, 33).texts}
    for values in (PATH.scales, PATH.penalties, PATH.norms):
        assert f"{values[33]:.3g}" in texts


def test_contours_need_two_columns():
    """Any other path is refused."""
    with pytest.raises(pf.InputError, match="two columns"):
        pf.plots.plot_contours(PATH, PATH.within(0.5))
