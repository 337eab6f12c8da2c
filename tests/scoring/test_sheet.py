"""The sheet of an explanation: the plain photograph, its map, words and bars, whatever its shape and name."""

import numpy as np
import pytest

from beholder import Scores
from beholder.scoring.drawing import DIM, PAPER, drawable, fitted, font, wrapped
from beholder.scoring.sheet import GAP, MARGIN, WIDTH, draw_sheet
from beholder.tasks import Task

TASKS = (Task("overall", 1, 7), Task("exposure", -3, 3, "", "edit", "EV", 0), Task("tilt", -9, 9, "", "edit", "°", 0))


def scores(exposure: float = 0.0) -> Scores:
    row, half = np.array([[4.0, exposure, 0.5]]), np.array([[1.0, 0.9, 3.0]])
    cells = np.zeros((1, 3, 1, 1))
    return Scores(TASKS, row, row - half, row + half, np.full((1, 3), 50.0), row, cells, np.array([[90, 60]]), "made@1")


def photograph(height: int, width: int) -> np.ndarray:
    """Left half red, right half white."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[:, : width // 2] = (200, 0, 0)
    return pixels


def places(sheet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the photograph, which alone is pure red."""
    red = (sheet == (200, 0, 0)).all(axis=2)
    return np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))


@pytest.mark.parametrize(
    ("size", "shown"), [((400, 600), (628, 419)), ((2000, 1000), (380, 760)), ((300, 1200), (1280, 320))]
)
def test_the_plain_photograph_comes_first(size: tuple[int, int], shown: tuple[int, int]) -> None:
    sheet = np.asarray(draw_sheet(scores(), 0, photograph(*size), np.ones((2, 2)), "a.jpg"))
    rows, columns = places(sheet)
    assert columns.min() == MARGIN and abs(len(columns) - shown[0] / 2) <= 4
    assert abs(len(rows) - shown[1]) <= 1 and sheet.shape[1] == WIDTH + 2 * MARGIN
    middle = sheet[rows[len(rows) // 2]]
    if size[1] < 2.2 * size[0]:  # the map is right of it
        assert not (middle[MARGIN + shown[0] + GAP : MARGIN + 2 * shown[0]] == PAPER).all(axis=1).any()
    else:
        below = sheet[rows.max() + GAP + 10, MARGIN : MARGIN + WIDTH]
        assert not (below == PAPER).all(axis=1).any()


def test_a_small_photograph_is_enlarged_so_that_its_map_can_be_read() -> None:
    _, columns = places(np.asarray(draw_sheet(scores(), 0, photograph(20, 40), np.ones((2, 2)))))
    assert abs(len(columns) - 160) <= 24  # half of 320, but for where the colours mix


def test_only_clear_edits_have_dark_bars() -> None:
    plain, clear = (
        (np.asarray(draw_sheet(scores(amount), 0, photograph(60, 90), np.zeros((2, 2)))) == DIM).all(axis=2)
        for amount in (0.5, 1.5)
    )
    right = np.s_[:, MARGIN + WIDTH // 2 + 150 : MARGIN + WIDTH - 160]  # the bars of edits
    assert clear[right].sum() > plain[right].sum() + 300


@pytest.mark.parametrize("name", ["", "x" * 500, "Été 中文\u202e\x1b.jpg", "two\nlines.jpg", "\ud800.jpg", "😀" * 90])
def test_any_name_is_drawn_on_one_line(name: str) -> None:
    sheet = np.asarray(draw_sheet(scores(), 0, photograph(60, 90), np.ones((2, 2)), name))
    plain = np.asarray(draw_sheet(scores(), 0, photograph(60, 90), np.ones((2, 2)), "a.jpg"))
    assert sheet.shape == plain.shape and (sheet[:, MARGIN + WIDTH :] == PAPER).all()
    np.testing.assert_array_equal(sheet[MARGIN + 34 :], plain[MARGIN + 34 :])


def test_what_the_font_lacks_is_not_drawn_as_boxes() -> None:
    box = font(20).getmask("\uffff")
    for letter in set(drawable("".join(map(chr, range(32, 0x3000))))) - {" "}:
        mask = font(20).getmask(letter)
        assert (mask.size, bytes(mask)) != (box.size, bytes(box)), letter


def test_lines_are_no_wider_than_asked() -> None:
    words = ["one two three four five six", "seven"]
    lines = wrapped(words, 20, 110)
    assert " ".join(lines) == " ".join(words) and len(lines) > 2
    assert all(font(20).getlength(line) <= 110 for line in [*lines, fitted("a long name of a file.jpg", 20, 110)])
    assert fitted("a long name of a file.jpg", 20, 110).endswith("file.jpg")
