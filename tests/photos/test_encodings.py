"""Colours that files tell otherwise than by an ICC profile become sRGB."""

import io
import struct

import numpy as np
import pytest
from PIL import ImageCms, features

from beholder.photos.read import read_photo
from helpers.known_picture import (
    ASSOCIATED,
    CLEAR,
    OVER_WHITE,
    PICTURE,
    WITH_CLEAR,
    adobe_exif,
    coded,
    eight_bits,
    exact,
    nclx,
    png,
)
from helpers.photo_files import chunk, encode, gap

DESCRIBED = [  # primaries, curve, their codes, and the largest difference
    ("P3", "sRGB", 12, 13, 2), ("BT.2020", "sRGB", 9, 1, 3), ("sRGB", 2.2, 1, 4, 3), ("sRGB", 1.0, 1, 8, 26),
    ("BT.2020", "PQ", 9, 16, 9), ("BT.2020", "HLG", 9, 18, 6), ("P3", "PQ", 12, 16, 9),
    ("sRGB", "sRGB", 2, 2, 1), ("sRGB", "sRGB", 1, 6, 1),
]  # fmt: skip


@pytest.mark.parametrize(("primaries", "curve", "code", "transfer", "most"), DESCRIBED)
@pytest.mark.parametrize("kind", ["PNG", "AVIF", "HEIC"])
def test_colours_in_numbers(kind, primaries, curve, code, transfer, most):
    values = eight_bits(coded(primaries, curve))
    if kind == "PNG":
        gamma = chunk(b"gAMA", struct.pack(">I", 70_000)) if code != 2 else b""  # which does not count
        data = png(values, 8, 2, chunk(b"cICP", bytes([code, transfer, 0, 1])), gamma)
    else:
        data = nclx(written(values, kind), code, transfer)
    read = read_photo(data).pixels
    assert gap(read, PICTURE) <= most / 2 + (kind == "AVIF")  # which is never exact in Pillow
    assert np.abs(read.astype(int) - PICTURE).max() <= most * (1 if kind == "PNG" else 4)


def written(values, kind, mode=None, **options):
    """As an AVIF or HEIC file, as exact as it goes."""
    if kind == "AVIF":
        if not features.check("avif"):
            pytest.skip("Pillow without AVIF")
        return encode(values, "AVIF", quality=100, subsampling="4:4:4", **options)
    heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    try:
        mode = mode or ("RGB" if values.shape[2] == 3 else "RGBA")
        heif.encode(mode, values.shape[1::-1], values.tobytes(), file, quality=-1, chroma=444, **options)
    except (RuntimeError, ValueError, OSError):
        pytest.skip("no HEVC encoder")
    return file.getvalue()


def test_paper_white_is_nearly_white_and_light_beyond_it_is_white():
    for transfer, paper, brightest in ((16, 148, 255), (18, 191, 255)):
        for value, least in ((paper, 236), (brightest, 255)):
            read = read_photo(png(np.full((4, 4, 3), value), 8, 2, chunk(b"cICP", bytes([9, transfer, 0, 1])))).pixels
            assert least <= read.min() and (value == 255 or read.max() < 250)


@pytest.mark.parametrize("by_index", [True, False])
@pytest.mark.parametrize(
    ("kind", "options", "most"),
    [("JPEG", {"quality": 98, "subsampling": 0}, 3), ("PNG", {}, 2), ("WebP", {"lossless": True}, 2), ("AVIF", {}, 3)],
)
def test_adobe_rgb_by_exif(kind, options, most, by_index):
    values, exif = eight_bits(coded("Adobe", 563 / 256)), adobe_exif(by_index=by_index)
    data = written(values, kind, exif=exif) if kind == "AVIF" else encode(values, kind, exif=exif, **options)
    if kind == "AVIF":
        data = data.replace(b"nclx", b"none")  # which would go first
    assert gap(read_photo(data).pixels, PICTURE) <= most
    assert gap(values, PICTURE) > 2 * most
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exact(encode(PICTURE, "PNG", exif=exif, icc_profile=srgb), PICTURE, 0)  # a profile goes first


@pytest.mark.parametrize("multiplied", [False, True])
@pytest.mark.parametrize("kind", ["AVIF", "HEIC"])
def test_colours_that_are_multiplied_by_how_opaque_they_are(kind, multiplied):
    if kind == "AVIF":
        data = written(WITH_CLEAR, kind, alpha_premultiplied=multiplied)
    elif multiplied:
        data = written(np.dstack([ASSOCIATED, CLEAR]).astype(np.uint8), kind, mode="RGBa")
    else:
        data = written(WITH_CLEAR, kind)
    assert (b"prem" in data) == multiplied
    assert gap(read_photo(data).pixels, OVER_WHITE) < 2
