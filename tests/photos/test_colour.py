"""Every colour mode, profile and bit depth becomes 8-bit sRGB."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from beholder.photos.colour import BACKGROUND, profile_transform
from beholder.photos.read import read_photo
from helpers.photo_files import (
    ADOBE,
    DEEP,
    FLOAT,
    GAMMA_ONE,
    GREY,
    SKIMAGE,
    SMALL,
    VIVID,
    WHITE,
    chunk,
    encode,
    gap,
    icc,
    in_adobe,
    linear,
    reason,
    tiff,
    xyz,
)


@pytest.mark.parametrize(
    ("mode", "kind", "tolerance"),
    [
        ("RGB", "JPEG", 7), ("CMYK", "JPEG", 7), ("CMYK", "TIFF", 1), ("YCbCr", "TIFF", 7), ("LAB", "TIFF", 3),
        ("P", "PNG", 9), ("P", "GIF", 9), ("P", "BMP", 9), ("RGBA", "PNG", 0), ("RGB", "WebP", 7),
    ],
)  # fmt: skip
def test_colour_modes(mode, kind, tolerance):
    image = Image.fromarray(SMALL)
    image = image.quantize(256) if mode == "P" else image
    if mode == "LAB":
        lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        image = lab.apply(image)
        image.info.clear()
    elif mode not in ("RGB", "P"):
        image = image.convert(mode)
    options = {"compression": "jpeg"} if mode == "YCbCr" else {}
    assert gap(read_photo(encode(image, kind, **options)).pixels, SMALL) <= tolerance < gap(SMALL[::-1], SMALL)


@pytest.mark.parametrize(
    "mode", ["RGB", "RGBA", "CMYK", "YCbCr", "HSV", "L", "LA", "1", "P", "PA", "RGBa", "La", "RGBX"]
)
def test_pillow_images_of_every_mode(mode):
    steps = {"PA": "P", "RGBa": "RGBA", "La": "LA", "HSV": "RGB"}
    image = Image.fromarray(SMALL)
    for step in filter(None, (steps.get(mode), mode)):
        image = image.convert(step)
    before = image.tobytes()
    expected = SMALL if len(mode.strip("a")) > 2 and mode != "La" else np.repeat(GREY[..., None], 3, axis=2)
    read = read_photo(image)
    if mode == "1":
        assert set(np.unique(read.pixels)) == {0, 255} and abs(read.pixels.mean() - GREY.mean()) < 3
    else:
        assert gap(read.pixels, expected if mode not in ("P", "PA") else SMALL) < (16 if mode in ("P", "PA") else 3)
    read.pixels[:] = 7
    assert image.tobytes() == before


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WebP", {"lossless": True}), ("JPEG", {"quality": 97})]
)
def test_profile_leads_back_to_srgb(kind, options):
    raised = in_adobe(VIVID)
    assert gap(raised, VIVID) > 4
    read = read_photo(encode(raised, kind, icc_profile=ADOBE, **options))
    assert gap(read.pixels, VIVID) < (4 if kind == "JPEG" else 1)


def test_a_real_photograph_in_adobe_rgb():
    with Image.open(SKIMAGE / "rocket.jpg") as image:
        untold, profile = np.asarray(image), io.BytesIO(image.info["icc_profile"])
        told = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    read = read_photo(SKIMAGE / "rocket.jpg").pixels
    assert gap(read, np.asarray(told)) < 0.5 and gap(read, untold) > 5


def test_profile_with_transparency():
    alpha = np.full((*GREY.shape, 1), 255, np.uint8)
    alpha[:8] = 0
    read = read_photo(encode(np.concatenate([in_adobe(VIVID), alpha], axis=2), "PNG", icc_profile=ADOBE))
    assert (read.pixels[:8] == 255).all() and gap(read.pixels[8:], VIVID[8:]) < 1


def test_grey_profile():
    light = np.rint(255 * linear(GREY)).astype(np.uint8)
    read = read_photo(encode(light, "PNG", icc_profile=GAMMA_ONE)).pixels
    assert gap(read, np.repeat(GREY[..., None], 3, axis=2)) < 3 < gap(light, GREY)


def test_cmyk_profile():
    lab = {(c, m, y, k): (54, 81, 70) if c and not (m or y or k) else (100 * (1 - max(c, m, y, k)), 0, 0)
           for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)}  # fmt: skip
    grid = bytes(round(v) for lightness, a, b in lab.values() for v in (lightness * 2.55, a + 128, b + 128))
    curve = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", *np.eye(3, dtype=int).ravel() * 65536)
    redink = icc(b"CMYK", {b"wtpt": xyz(WHITE), b"A2B0": lut + curve * 4 + grid + curve * 3})
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    for kind in ("TIFF", "JPEG"):
        plain, profiled = (
            read_photo(encode(cyan, kind)).pixels,
            read_photo(encode(cyan, kind, icc_profile=redink)).pixels,
        )
        assert plain[4, 4, 0] < 5 and plain[4, 4, 2] > 250
        assert profiled[4, 4, 0] > 250 and profiled[4, 4, 2] < 5, "cyan ink is red in this profile"


def test_profiles_that_change_nothing_or_are_broken():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert profile_transform(srgb, "RGB") is None and profile_transform(ADOBE, "RGB") is not None
    for profile in (srgb, b"not a profile", ADOBE[:200], ADOBE[:128] + b"\xff" * 100, GAMMA_ONE):
        np.testing.assert_array_equal(read_photo(encode(SMALL, "PNG", icc_profile=profile)).pixels, SMALL)


def test_alpha_is_laid_over_the_background():
    alpha = np.linspace(0, 255, 96).astype(np.uint8)[None, :, None].repeat(64, axis=0)
    expected = SMALL * (alpha / 255) + np.array(BACKGROUND) * (1 - alpha / 255)
    rgba = np.concatenate([SMALL, alpha], axis=2)
    for source in (
        rgba,
        Image.fromarray(rgba),
        encode(rgba, "PNG"),
        encode(rgba, "TIFF"),
        encode(rgba, "WebP", lossless=True, exact=True),
    ):
        assert gap(read_photo(source).pixels, expected) < 1
    grey = read_photo(encode(Image.merge("LA", (Image.fromarray(GREY), Image.fromarray(alpha[..., 0]))), "PNG")).pixels
    assert gap(grey, (GREY[..., None] * (alpha / 255) + 255 * (1 - alpha / 255)).repeat(3, axis=2)) < 1


@pytest.mark.parametrize(("kind", "transparency"), [("PNG", 3), ("PNG", bytes([255, 255, 255, 0])), ("GIF", 3)])
def test_palette_with_transparency(kind, transparency):
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 4).convert("P")
    image.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200, 9, 9, 9])
    pixels = read_photo(encode(image, kind, transparency=transparency)).pixels
    assert pixels[0, :4].tolist() == [[200, 0, 0], [0, 200, 0], [0, 0, 200], [255, 255, 255]]


def test_transparent_colour():
    key = tuple(int(v) for v in SMALL[0, 0])
    read = read_photo(encode(SMALL, "PNG", transparency=key)).pixels
    keyed = np.equal(SMALL, SMALL[0, 0]).all(axis=2)
    assert (read[keyed] == 255).all() and (read[~keyed] == SMALL[~keyed]).all() and keyed.sum() < keyed.size


@pytest.mark.parametrize(
    "source",
    [
        encode(DEEP, "PNG"), encode(DEEP, "TIFF"), encode(DEEP, "TIFF", compression="tiff_lzw"),
        Image.fromarray(DEEP), Image.fromarray(DEEP.astype(np.int32)), tiff(DEEP, 16), tiff(DEEP, 16, order=">"),
        tiff(65535 - DEEP, 16, photometric=0), Image.fromarray(FLOAT), tiff(FLOAT, 32, 3),
        tiff(FLOAT, 32, 3, order=">"),
    ],
)  # fmt: skip
def test_deep_greys_are_scaled_not_clipped(source):
    np.testing.assert_array_equal(read_photo(source).pixels, np.repeat(GREY[..., None], 3, axis=2))


def test_twelve_bits():
    twelve = np.rint(GREY * (4095 / 255)).astype(np.uint32)
    packed = (twelve[:, ::2] << 12 | twelve[:, 1::2]).astype(">u4")
    samples = packed.view(np.uint8).reshape(64, 48, 4)[..., 1:].reshape(64, 144)
    data = tiff(samples, 12).replace(struct.pack("<HHII", 256, 4, 1, 144), struct.pack("<HHII", 256, 4, 1, 96))
    assert gap(read_photo(data).pixels, np.repeat(GREY[..., None], 3, axis=2)) < 1


def test_sixteen_bit_colour():
    png = struct.pack(">IIBBBBB", 96, 64, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in (SMALL.astype(">u2") * 257).astype(">u2"))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", png) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(read_photo(data).pixels, SMALL)


@pytest.mark.parametrize("values", [-1.0, 2.0, np.nan, np.inf])
def test_float_without_a_white_is_refused(values):
    grey = FLOAT.copy()
    grey[3, 3] = values
    assert "grey values" in reason(Image.fromarray(grey))
    assert "grey values from -5 to" in reason(Image.fromarray(DEEP.astype(np.int32) - 5 - int(DEEP.min())))


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_bitmaps_of_32_bits(alpha):
    """Programs that know of no transparency leave its bytes empty: then the picture is opaque."""
    rows = np.dstack([SMALL[::-1, :, ::-1], np.full_like(GREY, alpha)]).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, 96, 64, 1, 32, 3, len(rows), 0, 0, 0, 0) + masks + bytes(108 - 56)
    data = b"BM" + struct.pack("<IHHI", 122 + len(rows), 0, 0, 122) + header + rows
    expected = SMALL if alpha in (0, 255) else SMALL * (128 / 255) + 255 * (127 / 255)
    assert gap(read_photo(data).pixels, expected) < 1
    assert "save it as PNG" in reason(data.replace(masks[:4], struct.pack("<I", 0x00F0F000)))
