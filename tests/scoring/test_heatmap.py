"""Signed maps over photographs: the colour of the sign, at a scale with a round end."""

import numpy as np
import pytest
from PIL import Image

from beholder.scoring.heatmap import (
    BAR_GREY,
    BRIGHTEST,
    DARKEST,
    LOWERS,
    LOWERS_LINE,
    RAISES,
    RAISES_LINE,
    contour_step,
    overlay,
    scale_bar,
    scale_end,
)


@pytest.mark.parametrize(
    ("largest", "end"),
    [
        (0, 1),
        (0.07, 0.07),
        (0.071, 0.08),
        (0.0700001, 0.08),
        (0.95, 1),
        (1, 1),
        (1.2, 2),
        (9.1, 10),
        (3e-5, 3e-5),
        (0.31, 0.4),
        (0.3, 0.3),
        (7.2, 8),
        (0.0096, 0.01),
    ],
)
def test_scale_ends_at_the_next_round_figure(largest: float, end: float) -> None:
    assert scale_end(largest) == scale_end(float(np.float32(largest))) == end


@pytest.mark.parametrize("figure", range(1, 10))
@pytest.mark.parametrize("exponent", range(-6, 4))
def test_a_round_figure_is_its_own_end(figure: int, exponent: int) -> None:
    assert scale_end(float(f"{figure}e{exponent}")) == float(f"{figure}e{exponent}")


def test_overlay_has_the_colour_of_the_sign_and_full_colour_beyond_the_scale() -> None:
    photo = Image.new("RGB", (40, 30), (128, 128, 128))
    raised, lowered, empty = (
        np.asarray(overlay(photo, np.full((3, 4), value), 0.5)).astype(int) for value in (0.2, -0.2, 0)
    )
    assert (raised[..., 0] > raised[..., 2]).all() and (lowered[..., 2] > lowered[..., 0]).all()
    assert (empty == empty[0, 0, 0]).all()
    full, beyond = (np.asarray(overlay(photo, np.full((3, 4), value), 0.5)) for value in (0.5, 5))
    np.testing.assert_array_equal(full, beyond)
    assert (np.abs(full - (0.35 * empty + 0.65 * np.array(RAISES))) <= 1).all()


@pytest.mark.parametrize("brightness", [(0, 12), (120, 140), (240, 255)])
def test_what_is_under_a_map_is_dark_grey_with_all_its_contrast(brightness: tuple[int, int]) -> None:
    """So colours and lines are seen on snow and at night."""
    half = [np.full((30, 20, 3), value, np.uint8) for value in brightness]
    under = np.asarray(overlay(Image.fromarray(np.concatenate(half, axis=1)), np.zeros((2, 2)), 1)).astype(int)
    assert (under[:, :20] == DARKEST).all() and (under[:, 20:] == BRIGHTEST).all()


def test_contour_lines_stand_at_their_levels() -> None:
    cells = np.tile(np.linspace(-0.08, 0.08, 400), (40, 1))
    picture = np.asarray(overlay(Image.new("RGB", (400, 40)), cells, 0.08)).astype(int)
    for colour, sign in ((LOWERS_LINE, -1), (RAISES_LINE, 1)):
        values = cells[0, (picture == colour).all(axis=(0, 2))] / contour_step(0.08)
        assert sorted(set(values.round())) == sorted([sign * 1, sign * 2, sign * 3])
        assert np.abs(values - values.round()).max() < 0.03


@pytest.mark.parametrize("figure", range(1, 10))
def test_a_scale_has_a_few_round_steps(figure: int) -> None:
    step = contour_step(float(f"{figure}e-3"))
    assert 3 <= figure * 1e-3 / step <= 5 and float(f"{step:.2g}") == step


def test_cells_are_where_the_photograph_is() -> None:
    evidence = np.zeros((2, 4))
    evidence[1, 3] = 1
    pixels = np.asarray(overlay(Image.new("RGB", (80, 40), (128, 128, 128)), evidence, 1)).astype(int)
    redder = pixels[..., 0] - pixels[..., 2]
    assert redder[35, 75] > 100 and (np.abs(redder[:15, :50]) < 30).all()


def test_scale_bar_runs_from_lowers_to_raises() -> None:
    bar = np.asarray(scale_bar(261, 15, 0.08)).astype(int)
    assert bar.shape == (15, 261, 3)
    for place, colour in ((3, LOWERS), (257, RAISES)):
        assert (np.abs(bar[:, place] - (0.35 * BAR_GREY + 0.65 * np.array(colour))) <= 8).all()
    assert (bar[:, 130] == BAR_GREY).all()
    lines = [(bar == colour).all(axis=(0, 2)) for colour in (LOWERS_LINE, RAISES_LINE)]
    assert [len(np.flatnonzero(np.diff(line.astype(int)) > 0)) for line in lines] == [3, 3]
