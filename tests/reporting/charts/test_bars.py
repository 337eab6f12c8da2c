"""Bar charts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beholder.reporting import charts
from beholder.reporting.charts.style import NEGATIVE, NEUTRAL, POSITIVE, rgb
from helpers.drawing import BAD, check_drawing

pytest.importorskip("matplotlib")

CASES: dict[str, Callable[[], Any]] = {
    "signs": lambda: charts.signs({BAD: (10, 20, 30), "c": (0, 0, 60)}),
    "signs, published": lambda: charts.signs({"a": (10, 20, 30)}, {"a": (11, 21, 28), "b": (1, 2, 3)}),
    "histogram": lambda: charts.histogram(np.array([0.05, 0.1, 0.2, 1]), np.array([4, 35, 0]), "beauty (0 to 1)"),
    "votes": lambda: charts.votes(np.array([1, 2.5]), np.array([0, 7]), np.array([0.2, 0.8]), BAD),
    "histogram, empty": lambda: charts.histogram(np.linspace(0, 1, 41), np.zeros(40, int), BAD),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_drawn_without_complaint_the_same_again(name: str) -> None:
    check_drawing(CASES[name])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.signs({}),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"^(signs): "):
        draw()


def test_signs_stack_negative_null_positive() -> None:
    (axes,) = charts.signs({"a": (100, 200, 300)}, {"a": (90, 210, 290)}).axes
    bars = sorted((round(bar.get_y() + bar.get_height() / 2, 2), bar.get_x(), bar.get_width()) for bar in axes.patches)
    assert [bar[1:] for bar in bars] == [(0, 100), (100, 200), (300, 300), (0, 90), (90, 210), (300, 290)]
    assert [bar.get_facecolor()[:3] for bar in axes.patches[:3]] == [
        pytest.approx(rgb(colour)) for colour in (NEGATIVE, NEUTRAL, POSITIVE)
    ]
    assert [text.get_text() for text in axes.texts] == ["100", "200", "300", "90", "210", "290"]


def test_histogram_keeps_the_edges() -> None:
    (axes,) = charts.histogram(np.array([0.05, 0.1, 0.3]), np.array([4, 1500]), "beauty").axes
    assert [(bar.get_x(), round(bar.get_width(), 6), bar.get_height()) for bar in axes.patches] == [
        (0.05, 0.05, 4),
        (0.1, 0.2, 1500),
    ]
    assert [text.get_text() for text in axes.texts] == ["4", "1,500"]


def test_votes_are_counted_at_the_left_and_shared_at_the_right() -> None:
    left, right = charts.votes(np.array([1, 2, 3]), np.array([10, 30, 0]), np.array([0.5, 0.25, 0.25]), "beauty").axes
    assert [bar.get_height() for bar in left.patches] == [10, 30, 0]
    assert left.lines[0].get_ydata().tolist() == [20, 10, 10]  # predicted shares of 40 votes
    assert left.get_ylim()[1] / 40 == pytest.approx(right.get_ylim()[1]) and left.get_ylim()[0] == 0
