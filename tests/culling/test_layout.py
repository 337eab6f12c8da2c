import numpy as np
import pytest

from beholder.culling.layout import EQUAL, SIDE, equal_framing, layout_of, read_layout
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
    assert blank.shape == (SIDE * SIDE,) and not blank.any()
    assert not equal_framing(blank, blank) and not equal_framing(None, blank)
    assert layout_of(CHINA) @ layout_of(CHINA) == pytest.approx(1) and EQUAL < 1


def test_layout_of_a_file(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(CHINA, "JPEG", quality=95))
    assert read_layout(path) @ layout_of(CHINA) > 0.99
    path.write_bytes(b"no picture")
    assert read_layout(path) is None
