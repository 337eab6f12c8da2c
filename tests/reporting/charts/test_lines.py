"""Line charts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from beholder.reporting import charts
from helpers.drawing import BAD, NAN, check_drawing

pytest.importorskip("matplotlib")

LINE = np.linspace(0, 1, 5)


def history(stages: tuple[int, ...], srcc: float = 0.5) -> list[dict[str, Any]]:
    return [
        {"stage": stage, "epoch": epoch, "loss": 1 / epoch, "validation_loss": 2 / epoch, "validation_srcc": srcc}
        for stage, epochs in enumerate(stages, start=1)
        for epoch in range(1, epochs + 1)
    ]


CASES: dict[str, Callable[[], Any]] = {
    "curves": lambda: charts.training_curves([history((3, 2)), history((5, 2)), history((3, 2))]),
    "curves, one stage, NaN": lambda: charts.training_curves([history((1,), NAN)]),
    "deletion": lambda: charts.deletion_curves(LINE, {BAD: (-LINE, -LINE - 1, -LINE + 1), "b": (0 * LINE,) * 3}),
    "deletion, NaN": lambda: charts.deletion_curves(LINE, {"a": (LINE * NAN,) * 3}),
    "curves_by_size": lambda: charts.curves_by_size(
        [1, 2, 4], {"a": (LINE[:3], LINE[:3] - 1, LINE[:3] + 1)}, "size", "SRCC"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_drawn_without_complaint_the_same_again(name: str) -> None:
    check_drawing(CASES[name])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.training_curves([[]]),
        lambda: charts.deletion_curves(LINE, {}),
        lambda: charts.deletion_curves(LINE, {str(index): (LINE,) * 3 for index in range(7)}),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"^(training_curves|deletion_curves): "):
        draw()


def test_training_curves_let_stage_2_begin_where_the_longest_stage_1_ends() -> None:
    above, below = charts.training_curves([history((3, 2)), history((5, 2))[::-1]]).axes
    assert [list(line.get_xdata()) for line in below.lines[:4]] == [[1, 2, 3], [6, 7], [1, 2, 3, 4, 5], [6, 7]]
    assert list(above.lines[0].get_ydata()) == pytest.approx([1, 1 / 2, 1 / 3])
    assert list(above.lines[1].get_ydata()) == pytest.approx([2, 1, 2 / 3])
    assert list(below.lines[4].get_xdata()) == [5.5, 5.5]


def test_deletion_curves_draw_per_cent() -> None:
    figure = charts.deletion_curves(LINE, {"_hiding": (-LINE, -LINE - 1, -LINE + 1)})
    (axes,) = figure.axes
    np.testing.assert_allclose(axes.lines[1].get_xydata(), np.column_stack([100 * LINE, -LINE]))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["hiding"]
    assert axes.collections[0].get_paths()[0].get_extents().y0 == -2
