"""Scatter plots."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beholder.reporting import charts
from beholder.reporting.charts.style import RHO
from helpers.drawing import BAD, NAN, check_drawing

pytest.importorskip("matplotlib")

LINE = np.linspace(0, 1, 5)


CASES: dict[str, Callable[[], Any]] = {
    "scatter": lambda: charts.scatter(LINE, LINE**2, "beauty (0 to 1)", 0, 1),
    "scatter, constant": lambda: charts.scatter(LINE, np.full(5, 0.5), "beauty", 0, 1),
    "scatter, NaN": lambda: charts.scatter(LINE, np.full(5, NAN), BAD, 0, 1),
    "scatter, one photograph": lambda: charts.scatter(LINE[:1], LINE[:1], "beauty", 0, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_drawn_without_complaint_the_same_again(name: str) -> None:
    check_drawing(CASES[name])


def test_embeddings_are_one_panel_each() -> None:
    left, right = charts.embeddings([("a", np.eye(2), np.zeros((3, 2))), ("b", -np.eye(2), np.eye(2))], ("c", "d")).axes
    assert [left.get_title(), right.get_title()] == ["a", "b"]
    np.testing.assert_array_equal(left.collections[1].get_offsets(), np.zeros((3, 2)))
    np.testing.assert_array_equal(right.collections[0].get_offsets(), -np.eye(2))
    assert [points.get_label() for points in left.collections] == ["c", "d"]


def test_scatter_puts_the_rating_across_and_the_prediction_up() -> None:
    truth, predicted = np.array([0.1, 0.5, 0.9, NAN]), np.array([0.3, 0.2, 0.6, 0.9])
    (axes,) = charts.scatter(truth, predicted, "beauty (0 to 1)", 0, 1).axes
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.column_stack([truth, predicted])[:3])
    assert axes.get_title() == f"{RHO} = 0.500, 3 photographs"
    assert axes.get_xlabel() == "mean rating: beauty (0 to 1)" and axes.get_ylabel() == "prediction: beauty (0 to 1)"
    (band,) = axes.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((0.2, 0.6))
    assert "0.20 to 0.60" in band.get_label()
    assert axes.get_xlim() == axes.get_ylim() == pytest.approx((-0.02, 1.02))


def test_scatter_of_a_constant_has_no_correlation_and_shows_what_leaves_the_scale() -> None:
    (axes,) = charts.scatter(LINE, np.full(5, 1.5), "beauty", 0, 1).axes
    assert "not defined" in axes.get_title() and axes.get_ylim()[1] > 1.5
