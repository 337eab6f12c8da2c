"""A JPEG without its end marker is whole; one that lacks a part of the picture is not."""

import io

import numpy as np
import pytest
from PIL import Image

from beholder.photos.read import read_photo
from helpers.known_picture import GREY, PICTURE, adobe_exif
from helpers.photo_files import CHINA, encode, gap, reason

OPTIONS = [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"progressive": True, "restart_marker_rows": 1},
           {"subsampling": 0}, {"keep_rgb": True}]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_without_the_end_marker(mode, options):
    if mode != "RGB" and "keep_rgb" in options:
        options = {"subsampling": 2}
    whole = encode(Image.fromarray(PICTURE).convert(mode), "JPEG", quality=92, **options)
    for min_size in (None, (10, 10)):
        right = read_photo(whole, min_size)
        for data in (whole[:-2], whole[:-1]):
            read = read_photo(data, min_size)
            np.testing.assert_array_equal(read.pixels, right.pixels)
            assert (read.width, read.height) == (64, 48)
        for part in (0.3, 0.5, 0.9):
            assert "copy it again" in reason(whole[: int(len(whole) * part)], min_size)
        if mode != "CMYK":  # of which the last bytes say nothing of the picture
            assert "copy it again" in reason(whole[:-8], min_size)


def test_a_progressive_one_without_its_last_scans():
    whole = encode(CHINA, "JPEG", progressive=True)
    starts = [i for i in range(len(whole) - 1) if whole[i] == 0xFF and whole[i + 1] in (0xC4, 0xDA)]
    assert len(starts) > 10
    for start in starts[::3]:
        assert "copy it again" in reason(whole[:start])


def test_a_grey_end_that_looks_like_what_is_missing():
    """Of a flat grey picture what is missing would be guessed right: the guess must not count as a picture."""
    flat = np.full((160, 160, 3), 128, np.uint8)
    flat[:40] = CHINA[100:140, :160]
    whole = encode(flat, "JPEG", quality=95)
    np.testing.assert_array_equal(read_photo(whole[:-2]).pixels, read_photo(whole).pixels)
    assert reason(whole[: len(whole) // 2])
    assert reason(whole[:-30])


def test_several_pictures_in_one_file():
    """The first one counts, turned as it says, whatever follows."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(PICTURE).save(
        file, "MPO", save_all=True, append_images=[Image.new("L", (30, 20), 90)], quality=95, exif=exif
    )
    stereo, plain = file.getvalue(), encode(PICTURE, "JPEG", quality=95)
    right = read_photo(plain).pixels
    assert gap(read_photo(stereo, name="a.MPO").pixels, np.rot90(right, -1)) < 1
    assert gap(read_photo(stereo[:-2]).pixels, np.rot90(right, -1)) < 1, "only the second picture is cut short"
    np.testing.assert_array_equal(read_photo(plain + bytes(30) + b"ftypmp42" + bytes(4000)).pixels, right)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_adobe_rgb_says_nothing_of_other_modes(mode):
    data = encode(Image.fromarray(GREY).convert(mode), "JPEG", quality=95, exif=adobe_exif(by_index=True))
    read, plain = read_photo(data).pixels, read_photo(encode(Image.fromarray(GREY).convert(mode), "JPEG", quality=95))
    if mode == "CMYK":
        np.testing.assert_array_equal(read, plain.pixels)
    else:
        assert gap(read, plain.pixels) < 2, "the grey of gamma 2.2"
