import numpy as np
import pytest

from beholder.culling.layout import SIDE, equal_framing, layout_of, read_layout
from beholder.photos.edits import expose
from helpers.photo_files import CHINA, FLOWER, encode


@pytest.mark.parametrize("picture", [CHINA, FLOWER], ids=["china", "flower"])
@pytest.mark.parametrize("stops", [(0, -3), (0, 2), (-2, 2), (-1, 1)])
def test_exposure_does_not_change_the_framing(picture, stops):
    one, other = (layout_of(expose(picture, each)) for each in stops)
    assert equal_framing(one, other) and equal_framing(other, one)


@pytest.mark.parametrize(("across", "down"), [(12, 0), (0, 8), (12, 8), (20, 0)])  # 2 to 3%
def test_a_hand_that_moves_a_little_keeps_it(across, down):
    height, width = CHINA.shape[:2]
    one, other = CHINA[: height - down, : width - across], CHINA[down:, across:]
    assert equal_framing(layout_of(expose(one, -1)), layout_of(expose(other, 1)))
    assert equal_framing(layout_of(one[:, ::-1]), layout_of(other[:, ::-1]))


@pytest.mark.parametrize(
    "other", [FLOWER, CHINA[:, ::-1], CHINA[::-1], CHINA[100:, 150:], np.roll(CHINA, 100, axis=1), 255 - CHINA]
)
def test_another_frame_does_not(other):
    assert not equal_framing(layout_of(CHINA), layout_of(other))


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_picture_has_no_framing(value):
    blank = layout_of(np.full((60, 90, 3), value, np.uint8))
    assert blank.shape == (SIDE, SIDE)
    assert not equal_framing(blank, blank) and not equal_framing(blank, layout_of(CHINA))
    assert not equal_framing(None, blank) and not equal_framing(layout_of(CHINA), None)


def test_layout_of_a_file(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(CHINA, "JPEG", quality=95))
    assert np.abs(read_layout(path).astype(int) - layout_of(CHINA)).mean() < 4
    path.write_bytes(b"no picture")
    assert read_layout(path) is None
