"""Values with their uncertainty, one row each."""

from collections.abc import Callable
from typing import Any

import pytest

from beholder.reporting import charts
from beholder.reporting.charts.style import ACCENT
from helpers.drawing import BAD, NAN, check_drawing

pytest.importorskip("matplotlib")

CASES: dict[str, Callable[[], Any]] = {
    "seed_values": lambda: charts.seed_values({BAD: [0.1, 0.2, 0.3], "c": [0.2]}, {"c": 0.15, "d": 0.3}),
    "seed_values, one seed": lambda: charts.seed_values({"a": [0.1]}),
    "seed_values, NaN, constant": lambda: charts.seed_values({"a": [NAN], "b": [0.1, 0.1, 0.1]}),
    "intervals": lambda: charts.intervals([("a", 0.1, 0.05, 0.2), ("b", 0.1, -0.05, 0.2)]),
    "intervals, NaN": lambda: charts.intervals([(BAD, NAN, NAN, NAN)], zero_line=False, label="SRCC"),
    "coefficients": lambda: charts.coefficients({BAD: [0.1, 0.2], "b": [-0.3, 0.1], "c": [0.0, 0.0]}),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_drawn_without_complaint_the_same_again(name: str) -> None:
    check_drawing(CASES[name])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.seed_values({}),
        lambda: charts.intervals([]),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"^(seed_values|intervals): "):
        draw()


def test_seed_values_show_each_seed_the_mean_and_what_was_published() -> None:
    (axes,) = charts.seed_values({"ours": [0.1, NAN, 0.4]}, {"theirs": 0.2, "ours": 0.3}).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["theirs", "ours"]
    marks = {line.get_marker(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines[1:]}
    assert marks["o"] == ([0.1, 0.4], [1, 1]) and marks["|"] == ([0.25], [1]) and marks["D"] == ([0.3], [1])
    (band,) = axes.patches
    assert (band.get_x(), band.get_width()) == pytest.approx((0.2, 0.1))


def test_an_interval_that_holds_zero_is_hollow() -> None:
    (axes,) = charts.intervals([("a", 0.1, 0.05, 0.2), ("b", 0.1, -0.05, 0.2), ("c", -0.2, -0.3, -0.1)]).axes
    values = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_markerfacecolor() for line in values] == [ACCENT, "white", ACCENT]
    assert [text.get_text() for text in axes.texts] == ["+0.100", "+0.100", "\u22120.200"]
    (axes,) = charts.intervals([("b", 0.1, -0.05, 0.2)], zero_line=False).axes
    assert axes.lines[1].get_markerfacecolor() == ACCENT
