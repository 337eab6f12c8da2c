"""Correlation matrices."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beholder.reporting import charts
from helpers.drawing import BAD, NAN, check_drawing

pytest.importorskip("matplotlib")

TWELVE = [f"attribute of photographs {index}" for index in range(12)]


def squares(count: int, value: float) -> np.ndarray:
    return np.full((count, count), value)


CASES: dict[str, Callable[[], Any]] = {
    "correlations": lambda: charts.correlations([("(a)", squares(5, 0.5)), ("(b)", squares(5, -1.0))], list("abcde")),
    "correlations, many, NaN": lambda: charts.correlations([("a", squares(12, NAN)), ("b", squares(12, 0))], TWELVE),
    "correlations, one": lambda: charts.correlations([(BAD, np.ones((1, 1)))], [BAD]),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_drawn_without_complaint_the_same_again(name: str) -> None:
    check_drawing(CASES[name])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.correlations([], []),
        lambda: charts.correlations([("a", squares(2, 0))], ["a", "b", "c"]),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"^(correlations): "):
        draw()


def test_correlations_write_each_number_in_its_cell_on_one_scale() -> None:
    matrix = np.array([[1.0, -0.254, 0.0], [0.5, 1.0, NAN], [0.07, -1.0, 1.0]])
    left, right, _ = charts.correlations([("a", matrix), ("b", matrix.T)], ["x", "y", "z"]).axes
    for axes, turned in ((left, False), (right, True)):
        found = {text.get_position(): text.get_text() for text in axes.texts}
        expected = [["1.00", "\u2212.25", ".00"], [".50", "1.00", "\u2013"], [".07", "\u22121.00", "1.00"]]
        for (row, column), text in np.ndenumerate(np.array(expected)):
            assert found[(row, column) if turned else (column, row)] == text
        assert axes.images[0].get_clim() == (-1, 1)
    colours = left.images[0].get_cmap()
    low, high = colours(0.1), colours(0.9)
    assert low[2] > low[0] and high[0] > high[2] and colours(0.5)[:3] == pytest.approx((1, 1, 1))
