import numpy as np
import pytest

from beholder.culling.layout import SIDE, equal_framing, layout_of, read_layout
from beholder.photos.edits import expose
from helpers.photo_files import CHINA, FLOWER, encode


@pytest.mark.parametrize("picture", [CHINA, FLOWER], ids=["china", "flower"])
@pytest.mark.parametrize("stops", [-3, -2, -1, 1, 2])
def test_exposure_does_not_change_the_framing(picture, stops):
    assert equal_framing(layout_of(picture), layout_of(expose(picture, stops)))


def test_a_hand_that_moves_a_little_keeps_it_and_another_frame_does_not():
    moved = CHINA[4:, 6:]  # 1%
    assert equal_framing(layout_of(CHINA[:-4, :-6]), layout_of(moved))
    for other in (FLOWER, CHINA[:, ::-1], CHINA[::-1], CHINA[100:, 150:]):
        assert not equal_framing(layout_of(CHINA), layout_of(other))


def test_a_blank_picture_has_no_framing(tmp_path):
    blank = layout_of(np.full((60, 90, 3), 255, np.uint8))
    assert blank.shape == (SIDE * SIDE,)
    assert not equal_framing(blank, blank) and not equal_framing(None, blank)


@pytest.mark.parametrize("stops", [-6, 4])
def test_at_the_ends_of_a_long_bracket_what_is_clipped_says_nothing(stops):
    dark = expose(CHINA, -1)
    assert equal_framing(layout_of(dark), layout_of(expose(CHINA, stops)))


def test_layout_of_a_file(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(CHINA, "JPEG", quality=95))
    assert np.abs(read_layout(path).astype(int) - layout_of(CHINA)).mean() < 2
    path.write_bytes(b"no picture")
    assert read_layout(path) is None
