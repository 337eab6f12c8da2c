"""Borders around photographs, put there on purpose."""

from pathlib import Path

import numpy as np
import pytest

from beholder.improving.borders import inner_frames
from beholder.photos.read import Pixels, read_photo

SIDES = ((40, 70), (90, 0), (0, 0))  # rows above and below, columns left and right


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return read_photo(Path(__file__).parents[2] / "examples" / "photos" / "coffee.jpg", (400, 300)).pixels


@pytest.mark.parametrize("mode", ["constant", "edge", "symmetric", "reflect"])
def test_frame_inside_a_border(picture: Pixels, mode: str) -> None:
    padded = np.pad(picture, SIDES, mode=mode)  # type: ignore[call-overload]
    height, width = padded.shape[:2]
    clear, (left, top, right, bottom) = inner_frames(padded)[0]
    assert clear > 1
    assert left * width == pytest.approx(90, abs=6) and right == pytest.approx(1, abs=0.02)
    assert top * height == pytest.approx(40, abs=6) and (1 - bottom) * height == pytest.approx(70, abs=6)


def test_noise_hides_no_border(picture: Pixels) -> None:
    rng = np.random.default_rng(0)
    padded = np.pad(picture, SIDES, constant_values=120)
    noisy = np.clip(padded + rng.normal(0, 6, padded.shape), 0, 255).astype(np.uint8)
    clear, (left, *_) = inner_frames(noisy)[0]
    assert clear > 1 and left * padded.shape[1] == pytest.approx(90, abs=6)


def test_a_border_is_never_more_than_half(picture: Pixels) -> None:
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((height, 0), (width // 2, 0), (0, 0)))
    assert all((right - left) * (bottom - top) >= 0.499 for _, (left, top, right, bottom) in inner_frames(padded))


def test_no_border_in_a_tiny_picture() -> None:
    assert inner_frames(np.zeros((12, 40, 3), np.uint8)) == []
