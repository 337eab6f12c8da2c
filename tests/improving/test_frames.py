"""Crops that are tried."""

from pathlib import Path

import numpy as np
import pytest

from beholder.errors import BeholderError
from beholder.improving.changes import BORDER
from beholder.improving.frames import ASPECTS, border_crops, windows
from beholder.photos.read import read_photo


@pytest.mark.parametrize("size", [(600, 400), (400, 600), (500, 500)])
@pytest.mark.parametrize("aspect", ["", *ASPECTS])
def test_windows(size: tuple[int, int], aspect: str) -> None:
    width, height = size
    found = windows(width, height, aspect)
    assert found and len({each.box for each in found}) == len(found)
    for each in found:
        assert each.box is not None and each.aspect == aspect
        left, top, right, bottom = each.box
        assert left >= 0 and top >= 0 and right <= 1 + 1e-9 and bottom <= 1 + 1e-9
        assert (right - left) * (bottom - top) >= 0.5
        shape = (right - left) * width / ((bottom - top) * height)
        wanted = width / height if not aspect else np.divide(*map(float, aspect.split(":")))
        assert max(shape, 1 / shape) == pytest.approx(max(wanted, 1 / wanted))
        assert (shape >= 1) == (width >= height) or shape == pytest.approx(1)


@pytest.mark.parametrize("aspect", ["", "4", "4:0", "0:4", "-1:2", "nan:1", "a:b", "1:2:3", "inf:1"])
def test_no_shape(aspect: str) -> None:
    if aspect:
        with pytest.raises(BeholderError, match="is no shape of a crop; give it as"):
            windows(300, 200, aspect)


def test_too_little_would_be_left() -> None:
    with pytest.raises(BeholderError, match="a crop of 1:1 would leave 33% of 900 x 300 pixels, and half is the least"):
        windows(900, 300, "1:1")


def test_border_crops(photos: list[Path]) -> None:
    pixels = read_photo(photos[0], (300, 300)).pixels
    found = border_crops(np.pad(pixels, ((60, 60), (60, 60), (0, 0))))
    assert found and all(each.aspect == BORDER for each in found)
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3)).astype(np.uint8)
    assert border_crops(noise) == []
