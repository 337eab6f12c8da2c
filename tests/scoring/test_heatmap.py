"""Signed maps over photographs: the colour of the sign, at a scale with a round end."""

import numpy as np
import pytest
from PIL import Image

from beholder.scoring.heatmap import LOWERS, RAISES, overlay, scale_bar, scale_end


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
    assert (empty == 128).all()
    full, beyond = (np.asarray(overlay(photo, np.full((3, 4), value), 0.5)) for value in (0.5, 5))
    np.testing.assert_array_equal(full, beyond)
    assert (np.abs(full - (0.25 * 128 + 0.75 * np.array(RAISES))) <= 1).all()


def test_cells_are_where_the_photograph_is() -> None:
    evidence = np.zeros((2, 4))
    evidence[1, 3] = 1
    pixels = np.asarray(overlay(Image.new("RGB", (80, 40), (128, 128, 128)), evidence, 1)).astype(int)
    assert pixels[35, 75, 0] > 190 and (np.abs(pixels[:15, :50] - 128) < 12).all()


def test_scale_bar_runs_from_lowers_to_raises() -> None:
    bar = np.asarray(scale_bar(261, 15)).astype(int)
    assert bar.shape == (15, 261, 3)
    for place, colour in ((0, LOWERS), (260, RAISES)):
        assert (np.abs(bar[:, place] - (0.25 * 170 + 0.75 * np.array(colour))) <= 1).all()
    assert (bar[:, 130] == 170).all()
