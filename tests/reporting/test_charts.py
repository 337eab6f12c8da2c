"""The figures of a reproduction: what is drawn where, by the objects of matplotlib and the pixels of the sheets."""

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from beholder.reporting import charts, photo_sheets

pytest.importorskip("matplotlib")


NAN = float("nan")
BAD = r"_$\bad{$"  # matplotlib would read it as a formula, and fail
COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
PLAIN = [Image.new("RGB", (80, 60), colour) for colour in COLOURS]


def history(stages: tuple[int, ...], srcc: float = 0.5) -> list[dict[str, Any]]:
    return [
        {"stage": stage, "epoch": epoch, "loss": 1 / epoch, "validation_loss": 2 / epoch, "validation_srcc": srcc}
        for stage, epochs in enumerate(stages, start=1)
        for epoch in range(1, epochs + 1)
    ]


def squares(count: int, value: float) -> np.ndarray:
    return np.full((count, count), value)


TWELVE = [f"attribute of photographs {index}" for index in range(12)]
LINE = np.linspace(0, 1, 5)
CASES: dict[str, Callable[[], Any]] = {
    "scatter": lambda: charts.scatter(LINE, LINE**2, "beauty (0 to 1)", 0, 1),
    "scatter, constant": lambda: charts.scatter(LINE, np.full(5, 0.5), "beauty", 0, 1),
    "scatter, NaN": lambda: charts.scatter(LINE, np.full(5, NAN), BAD, 0, 1),
    "scatter, one photograph": lambda: charts.scatter(LINE[:1], LINE[:1], "beauty", 0, 1),
    "correlations": lambda: charts.correlations([("(a)", squares(5, 0.5)), ("(b)", squares(5, -1.0))], list("abcde")),
    "correlations, many, NaN": lambda: charts.correlations([("a", squares(12, NAN)), ("b", squares(12, 0))], TWELVE),
    "correlations, one": lambda: charts.correlations([(BAD, np.ones((1, 1)))], [BAD]),
    "signs": lambda: charts.signs({BAD: (10, 20, 30), "c": (0, 0, 60)}),
    "signs, published": lambda: charts.signs({"a": (10, 20, 30)}, {"a": (11, 21, 28), "b": (1, 2, 3)}),
    "histogram": lambda: charts.histogram(np.array([0.05, 0.1, 0.2, 1]), np.array([4, 35, 0]), "beauty (0 to 1)"),
    "histogram, empty": lambda: charts.histogram(np.linspace(0, 1, 41), np.zeros(40, int), BAD),
    "curves": lambda: charts.curves([history((3, 2)), history((5, 2)), history((3, 2))]),
    "curves, one stage, NaN": lambda: charts.curves([history((1,), NAN)]),
    "noise": lambda: charts.noise({BAD: [0.1, 0.2, 0.3], "c": [0.2]}, {"c": 0.15, "d": 0.3}),
    "noise, one seed": lambda: charts.noise({"a": [0.1]}),
    "noise, NaN, constant": lambda: charts.noise({"a": [NAN], "b": [0.1, 0.1, 0.1]}),
    "intervals": lambda: charts.intervals([("a", 0.1, 0.05, 0.2), ("b", 0.1, -0.05, 0.2)]),
    "intervals, NaN": lambda: charts.intervals([(BAD, NAN, NAN, NAN)], zero_line=False, label="SRCC"),
    "deletion": lambda: charts.deletion(LINE, {BAD: (-LINE, -LINE - 1, -LINE + 1), "b": (0 * LINE,) * 3}),
    "deletion, NaN": lambda: charts.deletion(LINE, {"a": (LINE * NAN,) * 3}),
    "gallery": lambda: photo_sheets.gallery(PLAIN, ["one\ntwo", "a" * 200, ""], 2),
    "maps": lambda: photo_sheets.maps(PLAIN[:1], [[squares(4, 1.0), squares(8, NAN)]], ["a", "b " * 40], ["c"]),
    "maps, flat": lambda: photo_sheets.maps(PLAIN, [[np.zeros((1, 1))]] * 3, ["a"], ["", "b", "c"]),
}


def encoded(drawn: Any) -> bytes:
    buffer = io.BytesIO()
    if isinstance(drawn, Image.Image):
        drawn.save(buffer, "PNG")
    else:
        drawn.savefig(buffer, format="png", dpi=50)
    return buffer.getvalue()


@pytest.mark.parametrize("name", CASES)
def test_each_figure_is_drawn_without_complaint_the_same_again(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, again = CASES[name](), CASES[name]()
        data = encoded(first)
        assert data == encoded(again)
    image = Image.open(io.BytesIO(data)).convert("RGB")
    assert len(image.getcolors(1 << 24) or []) > 5 and image.getpixel((0, 0)) == (255, 255, 255)
    if not isinstance(first, Image.Image):
        axes = first.axes
        assert all(one.get_xlabel() or one.get_ylabel() or one.get_images() for one in axes)
        words = [text for one in axes for text in (*one.get_xticklabels(), one.xaxis.label, one.title, *one.texts)]
        assert min(text.get_fontsize() for text in words) >= 9.5


@pytest.mark.parametrize(
    "empty",
    [
        lambda: charts.signs({}),
        lambda: charts.curves([[]]),
        lambda: charts.noise({}),
        lambda: charts.intervals([]),
        lambda: charts.deletion(LINE, {}),
        lambda: charts.deletion(LINE, {str(index): (LINE,) * 3 for index in range(7)}),
        lambda: charts.correlations([], []),
        lambda: charts.correlations([("a", squares(2, 0))], ["a", "b", "c"]),
        lambda: photo_sheets.gallery([], []),
        lambda: photo_sheets.gallery(PLAIN, ["a"]),
        lambda: photo_sheets.maps(PLAIN, [[squares(2, 0)], [], []], ["a"], ["", "", ""]),
        lambda: photo_sheets.maps(PLAIN, [[squares(2, 0)]], ["a"], ["", "", ""]),
        lambda: photo_sheets.maps(PLAIN, [[squares(2, 0)]] * 3, ["a"], [""]),
    ],
)
def test_what_cannot_be_drawn_is_refused(empty: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"^(signs|curves|noise|intervals|deletion|correlations|gallery|maps): "):
        empty()


def test_scatter_puts_the_rating_across_and_the_prediction_up() -> None:
    truth, predicted = np.array([0.1, 0.5, 0.9, NAN]), np.array([0.3, 0.2, 0.6, 0.9])
    (axes,) = charts.scatter(truth, predicted, "beauty (0 to 1)", 0, 1).axes
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.column_stack([truth, predicted])[:3])
    assert axes.get_title() == f"{charts.RHO} = 0.500, 3 photographs"
    assert axes.get_xlabel() == "mean rating: beauty (0 to 1)" and axes.get_ylabel() == "prediction: beauty (0 to 1)"
    (band,) = axes.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((0.2, 0.6))
    assert "0.20 to 0.60" in band.get_label()
    assert axes.get_xlim() == axes.get_ylim() == pytest.approx((-0.02, 1.02))


def test_scatter_of_a_constant_has_no_correlation_and_shows_what_leaves_the_scale() -> None:
    (axes,) = charts.scatter(LINE, np.full(5, 1.5), "beauty", 0, 1).axes
    assert "not defined" in axes.get_title() and axes.get_ylim()[1] > 1.5


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


def test_signs_stack_negative_null_positive() -> None:
    (axes,) = charts.signs({"a": (100, 200, 300)}, {"a": (90, 210, 290)}).axes
    bars = sorted((round(bar.get_y() + bar.get_height() / 2, 2), bar.get_x(), bar.get_width()) for bar in axes.patches)
    assert [bar[1:] for bar in bars] == [(0, 100), (100, 200), (300, 300), (0, 90), (90, 210), (300, 290)]
    assert [bar.get_facecolor()[:3] for bar in axes.patches[:3]] == [
        pytest.approx(charts._rgb(colour)) for colour in (charts.NEGATIVE, charts.PLAIN, charts.POSITIVE)
    ]
    assert [text.get_text() for text in axes.texts] == ["100", "200", "300", "90", "210", "290"]


def test_histogram_keeps_the_edges() -> None:
    (axes,) = charts.histogram(np.array([0.05, 0.1, 0.3]), np.array([4, 1500]), "beauty").axes
    assert [(bar.get_x(), round(bar.get_width(), 6), bar.get_height()) for bar in axes.patches] == [
        (0.05, 0.05, 4),
        (0.1, 0.2, 1500),
    ]
    assert [text.get_text() for text in axes.texts] == ["4", "1,500"]


def test_curves_let_stage_2_begin_where_the_longest_stage_1_ends() -> None:
    above, below = charts.curves([history((3, 2)), history((5, 2))[::-1]]).axes
    assert [list(line.get_xdata()) for line in below.lines[:4]] == [[1, 2, 3], [6, 7], [1, 2, 3, 4, 5], [6, 7]]
    assert list(above.lines[0].get_ydata()) == pytest.approx([1, 1 / 2, 1 / 3])
    assert list(above.lines[1].get_ydata()) == pytest.approx([2, 1, 2 / 3])
    assert list(below.lines[4].get_xdata()) == [5.5, 5.5]


def test_noise_shows_each_seed_the_mean_and_what_was_published() -> None:
    (axes,) = charts.noise({"ours": [0.1, NAN, 0.4]}, {"theirs": 0.2, "ours": 0.3}).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["theirs", "ours"]
    marks = {line.get_marker(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines[1:]}
    assert marks["o"] == ([0.1, 0.4], [1, 1]) and marks["|"] == ([0.25], [1]) and marks["D"] == ([0.3], [1])
    (band,) = axes.patches
    assert (band.get_x(), band.get_width()) == pytest.approx((0.2, 0.1))


def test_an_interval_that_holds_zero_is_hollow() -> None:
    (axes,) = charts.intervals([("a", 0.1, 0.05, 0.2), ("b", 0.1, -0.05, 0.2), ("c", -0.2, -0.3, -0.1)]).axes
    values = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_markerfacecolor() for line in values] == [charts.ACCENT, "white", charts.ACCENT]
    assert [text.get_text() for text in axes.texts] == ["+0.100", "+0.100", "\u22120.200"]
    (axes,) = charts.intervals([("b", 0.1, -0.05, 0.2)], zero_line=False).axes
    assert axes.lines[1].get_markerfacecolor() == charts.ACCENT


def test_deletion_draws_per_cent() -> None:
    figure = charts.deletion(LINE, {"_hiding": (-LINE, -LINE - 1, -LINE + 1)})
    (axes,) = figure.axes
    np.testing.assert_allclose(axes.lines[1].get_xydata(), np.column_stack([100 * LINE, -LINE]))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["hiding"]
    assert axes.collections[0].get_paths()[0].get_extents().y0 == -2


def test_gallery_goes_row_by_row_with_captions_below() -> None:
    sheet = np.asarray(photo_sheets.gallery(PLAIN, ["one", "", "three"], columns=2)).astype(int)
    for index, colour in enumerate(COLOURS):
        rows, columns = np.nonzero(np.abs(sheet - colour).max(axis=2) < 3)
        assert (rows.mean() > sheet.shape[0] / 2, columns.mean() > sheet.shape[1] / 2) == (index == 2, index == 1)
        beneath = sheet[rows.max() + 1 : rows.max() + 45, columns.min() : columns.max()]
        assert (beneath.max(axis=2) < 100).any() == (index != 1)


def test_maps_are_orange_where_the_score_rises_blue_where_it_falls_and_clear_at_zero() -> None:
    grey = Image.new("RGB", (90, 60), (128, 128, 128))
    cells = np.repeat([[-0.31, 0.0, 0.31]], 2, axis=0)
    sheet = photo_sheets.maps([grey], [[cells, np.zeros((2, 3))]], ["overall", "nothing"], ["caption"])
    pixels = np.asarray(sheet).astype(int)
    wide = (photo_sheets.SHEET - 24 * 4) // 3
    line = pixels[150]
    photograph, signed, flat = (line[24 + index * (wide + 24) :][:wide] for index in range(3))
    assert (photograph == 128).all() and (np.abs(flat - 128) <= 1).all()
    assert signed[8, 2] > signed[8, 0] + 80 and signed[-8, 0] > signed[-8, 2] + 80
    assert np.abs(signed[wide // 2] - 128).max() <= 6
