"""TIFF files in every depth, order of bytes and planes, with every page and table: right pixels, or the reason."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from beholder.photos.read import read_photo
from helpers.known_picture import (
    ASSOCIATED,
    CLEAR,
    GREY,
    GREY_OVER_WHITE,
    GREY_PIXELS,
    NO_INK,
    OVER_WHITE,
    PICTURE,
    WITH_CLEAR,
    deep,
    exact,
    tiff,
)
from helpers.photo_files import encode, gap, reason


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", "u10", "u12", "u14", "u16", "f16", "f32", "f64"])
def test_tiff_of_every_depth_and_order(kind, order, big):
    bits, form = int(kind[1:]), 3 if kind[0] == "f" else 1
    grey, colour, clear = (deep(each, kind) for each in (GREY, PICTURE, WITH_CLEAR))
    white = 1 if form == 3 else 2**bits - 1
    shown, shown_grey = np.rint(colour * (255 / white)), np.rint(grey * (255 / white))[..., None].repeat(3, axis=2)
    one, planes = {258: bits, 339: form}, {284: 2}
    two, rgb, four = ({258: [bits] * n, 277: n, 339: [form] * n, 262: kind} for n, kind in ((2, 1), (3, 2), (4, 2)))
    grey_clear, associated = deep(np.dstack([GREY, CLEAR]), kind), deep(np.dstack([ASSOCIATED, CLEAR]), kind)
    pages = [
        (grey, one, shown_grey),
        (white - grey, {**one, 262: 0}, shown_grey),
        (colour.transpose(2, 0, 1), {**rgb, **planes}, shown),
        (clear.transpose(2, 0, 1), {**four, **planes, 338: 0}, shown),
    ]
    if bits >= 8:
        pages += [
            (colour, rgb, PICTURE),
            (clear, {**four, 338: 0}, PICTURE),
            (clear, {**four, 338: 2}, OVER_WHITE),
            (clear, four, OVER_WHITE),
            (clear.transpose(2, 0, 1), {**four, **planes, 338: 2}, OVER_WHITE),
            (associated, {**four, 338: 1}, OVER_WHITE),
            (grey_clear, {**two, 338: 2}, GREY_OVER_WHITE),
            (deep(NO_INK, kind), {**four, 262: 5}, PICTURE),
        ]
    for samples, tags, expected in pages:
        exact(tiff((samples, tags), order=order, big=big), expected)


@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("kind", ["u8", "u16", "u32"])
def test_tiff_in_tiles_planes_and_with_a_predictor(kind, predictor, tile):
    tifffile = pytest.importorskip("tifffile")
    values = (
        PICTURE * np.uint32(257) if kind == "u32" else deep(PICTURE, kind).astype(kind[0] + str(int(kind[1:]) // 8))
    )
    options = {"photometric": "rgb", "tile": tile, "predictor": predictor or None, "metadata": None}
    if tile is None:
        options["rowsperstrip"] = 7
    for order in "<>":
        for compression in ("deflate", *(() if predictor else (None,))):
            for planes in ("contig", "separate"):
                file = io.BytesIO()
                samples = values if planes == "contig" else np.ascontiguousarray(values.transpose(2, 0, 1))
                with tifffile.TiffWriter(file, byteorder=order) as writer:
                    writer.write(samples, compression=compression, planarconfig=planes, **options)
                exact(file.getvalue(), PICTURE)


def test_tiff_with_the_predictor_of_fractions():
    """In each row come the first bytes of all samples, then the second ones and so on, all as differences."""
    rows = (PICTURE / 255).astype(">f4").reshape(48, -1)
    apart = rows.view(np.uint8).reshape(48, -1, 4).transpose(0, 2, 1).reshape(48, -1, 3)
    differences = np.diff(apart, axis=1, prepend=np.zeros((48, 1, 3), np.uint8)).astype(np.uint8)
    tags = {256: 64, 257: 48, 258: [32] * 3, 259: 8, 262: 2, 277: 3, 317: 3, 339: [3] * 3}
    for order in "<>":
        exact(tiff(([zlib.compress(differences.tobytes())], tags), order=order), PICTURE)


@pytest.mark.parametrize("compression", ["packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "lzma", "zstd"])
@pytest.mark.parametrize("depth", [8, 16])
def test_tiff_compressions(compression, depth):
    image = Image.fromarray(PICTURE if depth == 8 else GREY * np.uint16(257))
    exact(encode(image, "TIFF", compression=compression), PICTURE if depth == 8 else GREY_PIXELS)


@pytest.mark.parametrize(
    ("mode", "options", "most"),
    [
        ("RGB", {"compression": "jpeg", "quality": 95}, 3), ("L", {"compression": "jpeg", "quality": 95}, 2),
        ("YCbCr", {}, 2), ("YCbCr", {"compression": "tiff_lzw"}, 2), ("P", {}, 6), ("CMYK", {}, 1), ("LA", {}, 1),
        ("RGBA", {"compression": "tiff_lzw"}, 1),
    ],
)  # fmt: skip
def test_tiff_of_pillow(mode, options, most):
    image = Image.fromarray(PICTURE)
    image = image.quantize(256) if mode == "P" else image.convert(mode)
    expected = GREY_PIXELS if mode in ("L", "LA") else PICTURE
    assert gap(read_photo(encode(image, "TIFF", **options)).pixels, expected) <= most


def test_tiff_with_colour_at_half_the_size():
    """YCbCr, not compressed: blocks of 2 x 2 pixels, four times the light and once the colour."""
    colour = np.array(Image.fromarray(PICTURE).convert("YCbCr"))
    light_of = colour[..., 0].reshape(24, 2, 32, 2).transpose(0, 2, 1, 3).reshape(24, 32, 4)
    blocks = np.dstack([light_of, colour[::2, ::2, 1], colour[::2, ::2, 2]])
    tags = {256: 64, 257: 48, 258: [8] * 3, 262: 6, 277: 3, 530: [2, 2]}
    assert gap(read_photo(tiff(([blocks.tobytes()], tags))).pixels, PICTURE) < 3


def test_tiff_pages():
    """A smaller version and a mask come before the photograph; or the photograph is first."""
    rgb, small = {258: [8] * 3, 262: 2, 277: 3}, (np.full((12, 16), 99), {254: 1})
    mask, other = (np.full((48, 64), 7), {254: 4, 262: 4}), (np.full((48, 64), 50), {})
    for big in (False, True):
        exact(tiff(small, mask, (PICTURE, rgb), other, big=big), PICTURE)
        exact(tiff(small, (deep(PICTURE, "f32"), {**rgb, 258: [32] * 3, 339: [3] * 3}), big=big), PICTURE)
        exact(tiff((PICTURE, rgb), other, small, big=big), PICTURE)
        exact(tiff((PICTURE, {**rgb, 254: 1}), big=big), PICTURE)  # there is no other


@pytest.mark.parametrize(
    ("samples", "tags", "says"),
    [
        (GREY // 2, {339: 2}, "signed numbers of 8 bits"),
        (GREY * np.uint16(128), {258: 16, 339: 2}, "signed numbers of 16 bits"),
        (GREY, {258: 24}, "numbers of 24 bits"),
        (PICTURE, {258: [8, 16, 8], 262: 2, 277: 3}, "numbers of 8 and 16 bits"),
        (GREY, {258: 16, 262: 3}, "colours are of kind 3"),
        (GREY, {258: 16, 259: 7}, "have compression 7"),
        (GREY * np.uint32(70_000), {258: 32}, "values from"),
        (GREY * np.float32(1.0), {258: 32, 339: 3}, "where black is 0 and white 1"),
    ],
)
def test_tiff_that_is_not_read_says_what_to_do(samples, tags, says):
    content = samples.astype("<f4" if samples.dtype.kind == "f" else "<u4" if tags.get(258) == 32 else "<u2").tobytes()
    message = reason(tiff(([content], {256: 64, 257: 48, **tags})), name="a.tif")
    assert says in message and "save it with 8 or 16 bits" in message


def test_tiff_that_lies():
    """Tiles far larger than the picture, tables that lead nowhere, more samples than there can be: soon a reason."""
    huge = tiff(([bytes(100)], {256: 10, 257: 10, 322: 40_000, 323: 40_000}))
    assert "has tiles of 40000 x 40000 pixels" in reason(huge)
    for tags in (
        {322: 0, 323: 16}, {278: 0}, {277: 60_000, 258: 32}, {273: 2**32 - 1}
    ):  # fmt: skip
        assert "TIFF" in reason(tiff((GREY, {258: 16, **tags})))
    whole = tiff((deep(PICTURE, "u16").transpose(2, 0, 1), {258: [16] * 3, 262: 2, 277: 3, 284: 2}))
    for part in range(0, len(whole) - 20, 997):
        assert reason(whole[:part])
    loop = bytearray(tiff((GREY, {254: 1}), (GREY, {254: 1})))
    last = loop.rindex(bytes(4))
    loop[last : last + 4] = loop[4:8]
    exact(bytes(loop), GREY_PIXELS)
