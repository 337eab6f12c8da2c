"""Galleries and heat maps: the pixels of the sheets."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from beholder.reporting import photo_sheets
from beholder.reporting.photo_sheets import Bar
from beholder.scoring.heatmap import LOWERS, RAISES
from helpers.drawing import NAN, check_drawing

pytest.importorskip("matplotlib")

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
PLAIN = [Image.new("RGB", (80, 60), colour) for colour in COLOURS]


def squares(count: int, value: float) -> np.ndarray:
    return np.full((count, count), value)


CASES: dict[str, Callable[[], Any]] = {
    "gallery": lambda: photo_sheets.gallery(PLAIN, ["one\ntwo", "a" * 200, ""], 2),
    "profiles": lambda: photo_sheets.profiles(
        PLAIN, [[Bar("a" * 99, -3, -1, 1), Bar("", 2, 0, 1)], [], [Bar("b", 0, 0, 1)]], ["one", "b " * 90, ""]
    ),
    "heat_maps": lambda: photo_sheets.heat_maps(
        PLAIN[:1], [[squares(4, 1.0), squares(8, NAN)]], ["a", "b " * 40], ["c"]
    ),
    "heat_maps, flat": lambda: photo_sheets.heat_maps(PLAIN, [[np.zeros((1, 1))]] * 3, ["a"], ["", "b", "c"]),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_drawn_without_complaint_the_same_again(name: str) -> None:
    check_drawing(CASES[name])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: photo_sheets.gallery([], []),
        lambda: photo_sheets.gallery(PLAIN, ["a"]),
        lambda: photo_sheets.profiles(PLAIN, [[], [], []], ["a"]),
        lambda: photo_sheets.profiles([], [], []),
        lambda: photo_sheets.heat_maps(PLAIN, [[squares(2, 0)], [], []], ["a"], ["", "", ""]),
        lambda: photo_sheets.heat_maps(PLAIN, [[squares(2, 0)]], ["a"], ["", "", ""]),
        lambda: photo_sheets.heat_maps(PLAIN, [[squares(2, 0)]] * 3, ["a"], [""]),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"^(gallery|profiles|heat_maps): "):
        draw()


def test_a_photograph_is_left_of_its_chart() -> None:
    sheet = photo_sheets.beside(PLAIN[0], Image.new("RGB", (700, 400), COLOURS[1]))
    photograph, chart = (
        np.nonzero(np.abs(np.asarray(sheet).astype(int) - colour).max(axis=2) < 3) for colour in COLOURS[:2]
    )
    assert photograph[1].max() < chart[1].min() and len(chart[0]) == 700 * 400
    wide, tall = np.ptp(photograph[1]) + 1, np.ptp(photograph[0]) + 1
    assert tall <= 400 and wide / tall == pytest.approx(80 / 60, rel=0.02) and sheet.width <= photo_sheets.SHEET_WIDTH


def test_gallery_goes_row_by_row_with_captions_below() -> None:
    sheet = np.asarray(photo_sheets.gallery(PLAIN, ["one", "", "three"], columns=2)).astype(int)
    for index, colour in enumerate(COLOURS):
        rows, columns = np.nonzero(np.abs(sheet - colour).max(axis=2) < 3)
        assert (rows.mean() > sheet.shape[0] / 2, columns.mean() > sheet.shape[1] / 2) == (index == 2, index == 1)
        beneath = sheet[rows.max() + 1 : rows.max() + 45, columns.min() : columns.max()]
        assert (beneath.max(axis=2) < 100).any() == (index != 1)


def test_profiles_have_bars_as_long_as_their_values() -> None:
    bars = [Bar("up", 0.5, -1, 1), Bar("down", -0.25, -1, 1), Bar("whole", 1, -1, 1), Bar("score", 0.6, 0, 1)]
    sheet = np.asarray(photo_sheets.profiles(PLAIN[:1], [bars], ["caption"])).astype(int)

    def width(colour: tuple[int, int, int]) -> list[int]:
        """Of the bars of a colour, from the top."""
        there = np.abs(sheet - colour).max(axis=2) < 3
        there[: np.flatnonzero((np.abs(sheet - COLOURS[0]).max(axis=2) < 3).any(axis=1)).max()] = False
        lines = there.sum(axis=1)
        full = lines > 20
        starts = np.flatnonzero(full & ~np.roll(full, 1))
        return [int(lines[start + 3]) for start in starts]

    up, whole = width(RAISES)
    (down,), (score,) = width(LOWERS), width(photo_sheets.SCORE_COLOUR)
    assert up == pytest.approx(whole / 2, abs=3) and down == pytest.approx(whole / 4, abs=3)
    assert score == pytest.approx(0.6 * 2 * whole, abs=4)  # its scale begins at the left end


def test_heat_maps_are_orange_where_the_score_rises_blue_where_it_falls_and_clear_at_zero() -> None:
    grey = Image.new("RGB", (90, 60), (128, 128, 128))
    cells = np.repeat([[-0.31, 0.0, 0.31]], 2, axis=0)
    sheet = photo_sheets.heat_maps([grey], [[cells, np.zeros((2, 3))]], ["overall", "nothing"], ["caption"])
    pixels = np.asarray(sheet).astype(int)
    wide = (photo_sheets.SHEET_WIDTH - 24 * 4) // 3
    line = pixels[150]
    photograph, signed, flat = (line[24 + index * (wide + 24) :][:wide] for index in range(3))
    assert (photograph == 128).all() and (flat == flat[0, 0]).all() and flat[0, 0] < 128
    assert signed[8, 2] > signed[8, 0] + 80 and signed[-8, 0] > signed[-8, 2] + 80
    assert np.abs(signed[wide // 2] - flat[0]).max() <= 6
