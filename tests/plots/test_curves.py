"""Laws of the picture of survival curves."""

import matplotlib as mpl
import numpy as np
import pytest

import priorfit as pf
from priorfit.estimators import Curves
from priorfit.plots import plot_curves

mpl.use("Agg")

CURVES = Curves(np.array([1.0, 2.0, 4.0]), np.array([[0.9, 0.8, 0.7], [0.6, 0.4, 0.1]]), 1.0)


def test_a_line_is_a_curve_that_holds_until_the_next_time():
    """Heights are the values, from 1 at time 0; the steps come after."""
    ax = plot_curves(CURVES, rows=[1])
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), [0.0, 1.0, 2.0, 4.0])
    np.testing.assert_array_equal(line.get_ydata(), [1.0, 0.6, 0.4, 0.1])
    assert line.get_drawstyle() == "steps-post"


def test_the_title_says_the_median():
    """The first time at which a curve is at or below one half."""
    text = plot_curves(CURVES, rows=[1], labels=["mine"], unit="days").get_title(loc="left")
    assert "2 days (mine)" in text.replace("\n", " ")
    assert "no event" in plot_curves(CURVES, rows=[0]).get_title(loc="left")


def test_rows_and_labels_must_fit():
    """At most six rows that exist; a label for each."""
    for options in ({"rows": [2]}, {"rows": []}, {"rows": [0], "labels": ["a", "b"]}):
        with pytest.raises(pf.InputError):
            plot_curves(CURVES, **options)
