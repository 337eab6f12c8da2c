"""Photographs of every kind come out upright, in sRGB and whole, or not at all."""

import contextlib
import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image, ImageCms, features
from sklearn.datasets import load_sample_image

from beholder.errors import PhotoError
from beholder.photos import memory, read
from beholder.photos.colour import BACKGROUND, profile_transform
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.photos.memory import PixelBudget
from beholder.photos.read import MAX_FILE_BYTES, read_bytes, read_photo
from beholder.photos.resize import resize_exact
from helpers.factories import dng

SKIMAGE = Path(skimage.__file__).parent / "data"
CHINA = np.array(load_sample_image("china.jpg"))  # (427, 640, 3)
FLOWER = np.array(load_sample_image("flower.jpg"))
SMALL = np.array(Image.fromarray(CHINA).resize((96, 64)))
VIVID = np.array(Image.fromarray(FLOWER).resize((96, 64)))
GREY = np.array(Image.fromarray(SMALL).convert("L"))
NOISE = np.random.default_rng(0)


def encode(image, kind, **options):
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gap(one, other):
    """Mean absolute difference, of 255."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(float) - other).mean())


def reason(source, *args, **kwargs):
    """The message of the PhotoError, which is one line."""
    with pytest.raises(PhotoError) as caught:
        read_photo(source, *args, **kwargs)
    message = str(caught.value)
    assert message.isprintable() and len(message) < 600, message
    return message


# What comes out


@pytest.mark.parametrize(
    "name", ["astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "retina.jpg", "camera.png"]
)
def test_real_photographs(name):
    read = read_photo(SKIMAGE / name)
    expected = np.asarray(Image.open(SKIMAGE / name).convert("RGB"))
    assert (read.height, read.width) == expected.shape[:2] == read.pixels.shape[:2]
    assert read.pixels.dtype == np.uint8 and read.pixels.flags.c_contiguous and read.pixels.flags.writeable
    np.testing.assert_array_equal(read.pixels, expected)
    np.testing.assert_array_equal(read_photo((SKIMAGE / name).read_bytes()).pixels, expected)
    np.testing.assert_array_equal(read_photo(str(SKIMAGE / name)).pixels, expected)


LOSSLESS = [("PNG", {}), ("WebP", {"lossless": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("BMP", {})]


@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
def test_lossless_formats_keep_every_pixel_whatever_is_asked(kind, options):
    for min_size in (None, (8, 8)):
        read = read_photo(encode(SMALL, kind, **options), min_size)
        np.testing.assert_array_equal(read.pixels, SMALL)
        assert (read.width, read.height) == (96, 64)


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


def test_arrays():
    for array, expected in (
        (SMALL, SMALL),
        (GREY, np.repeat(GREY[..., None], 3, axis=2)),
        (SMALL[::-1, ::2], SMALL[::-1, ::2]),
    ):
        read = read_photo(array, (8, 8))
        np.testing.assert_array_equal(read.pixels, expected)
        assert read.pixels.flags.c_contiguous and (read.height, read.width) == expected.shape[:2]
        assert not np.shares_memory(read.pixels, array)


@pytest.mark.parametrize(
    "array",
    [
        SMALL / 255, SMALL.astype(np.uint16), SMALL[..., :2], SMALL.transpose(2, 0, 1), SMALL[None], SMALL[:0], GREY[0],
        [],
    ],
    ids=["float", "uint16", "two bands", "bands first", "batch", "empty", "line", "list"],
)  # fmt: skip
def test_other_arrays_are_refused(array):
    message = reason(array)
    assert message.startswith("<array>: ") and "(H, W, 3)" in message
    if isinstance(array, np.ndarray):
        assert str(array.shape) in message and str(array.dtype) in message


def test_squash():
    squashed = resize_exact(read_photo(CHINA), (224, 112))
    np.testing.assert_array_equal(squashed, resize_exact(CHINA, (224, 112)))
    assert squashed.shape == (112, 224, 3) and squashed.dtype == np.uint8
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert set(np.unique(resize_exact(stripes, (16, 16))[:, 1:-1])) <= {126, 127, 128, 129}  # antialiased


# Orientation


STORED = {  # EXIF orientation -> what the camera stored of an upright picture
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def stored(upright, orientation, kind, **options):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(np.ascontiguousarray(STORED[orientation](upright)), kind, exif=exif, **options)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "TIFF"])
def test_orientation(orientation, kind):
    read = read_photo(stored(SMALL, orientation, kind))
    assert (read.width, read.height) == (96, 64)
    assert gap(read.pixels, SMALL) < 8 < gap(read.pixels[::-1], SMALL)


@pytest.mark.parametrize("orientation", STORED)
def test_orientation_of_a_reduced_decode(orientation):
    wide = CHINA[:160]  # (160, 640): sides that differ so much that swapping them shows
    half = np.array(Image.fromarray(wide).reduce(2))
    read = read_photo(stored(wide, orientation, "JPEG", quality=95), (300, 75))
    assert (read.width, read.height) == (640, 160) and read.pixels.shape == (80, 320, 3)
    assert gap(read.pixels, half) < 3 < gap(read.pixels[::-1], half)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0garbage!",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x63",
    ],
)
def test_broken_exif_is_ignored(exif):
    assert gap(read_photo(encode(SMALL, "JPEG", quality=95, dpi=(72, 72), exif=exif)).pixels, SMALL) < 4


# Reduced decoding


@pytest.mark.parametrize("name", ["retina.jpg", "hubble_deep_field.jpg", "china x 4"])
def test_reduced_decode_stays_above_the_bound_and_looks_the_same(name):
    large = Image.fromarray(CHINA).resize((2560, 1708), Image.Resampling.BICUBIC)
    data = encode(large, "JPEG", quality=92) if name.startswith("china") else (SKIMAGE / name).read_bytes()
    target = 200 if name.startswith("hubble") else 224
    whole = read_photo(data)
    reduced = read_photo(data, (2 * target, 2 * target))
    assert (reduced.width, reduced.height) == (whole.width, whole.height) == whole.pixels.shape[1::-1]
    assert 2 * target <= min(reduced.pixels.shape[:2]) < min(whole.pixels.shape[:2])
    assert gap(resize_exact(whole, (target, target)), resize_exact(reduced, (target, target))) < 0.5


def test_at_least_is_a_bound_for_any_size_and_reached_as_far_as_eighths_go():
    data = encode(CHINA, "JPEG")
    edges = [(0, 0), (640, 427), (320, 213), (320, 214), (80, 53), (81, 53), (900, 10)]
    for across, down in [*edges, *NOISE.integers(1, 500, (30, 2)).tolist()]:
        by = max(by for by in (1, 2, 4, 8) if by == 1 or (by * across <= 640 and by * down <= 427))
        assert read_photo(data, (across, down)).pixels.shape == (-(-427 // by), -(-640 // by), 3)


# Colour


def icc(space, tags):
    """A minimal ICC version 2 input profile with these tags."""
    table, body = b"", b""
    for name, unpadded in tags.items():
        content = unpadded + b"\0" * (-len(unpadded) % 4)
        table += struct.pack(">4sII", name, 128 + 4 + 12 * len(tags) + len(body), len(content))
        body += content
    pcs = b"Lab " if b"A2B0" in tags else b"XYZ "
    head = struct.pack(">I4sI4s4s4s12s4s", 0, b"\0" * 4, 0x02100000, b"scnr", space, pcs, b"\0" * 12, b"acsp")
    head = (head + b"\0" * 28 + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0")  # D50
    return struct.pack(">I", 132 + len(table) + len(body)) + head[4:] + struct.pack(">I", len(tags)) + table + body


def xyz(values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))


def gamma(exponent):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


WHITE = (0.9642, 1.0, 0.8249)
TO_XYZ = {  # columns: red, green, blue primary, adapted to D50
    "sRGB": np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]),
    "Adobe": np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]),
}
ADOBE = icc(
    b"RGB ",
    {b"wtpt": xyz(WHITE)}
    | {f"{c}XYZ".encode(): xyz(TO_XYZ["Adobe"][:, i]) for i, c in enumerate("rgb")}
    | {f"{c}TRC".encode(): gamma(2.19921875) for c in "rgb"},
)
GAMMA_ONE = icc(b"GRAY", {b"wtpt": xyz(WHITE), b"kTRC": gamma(1)})


def linear(srgb):
    v = srgb / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def in_adobe(srgb):
    matrix = np.linalg.inv(TO_XYZ["Adobe"]) @ TO_XYZ["sRGB"]
    return np.rint(255 * (linear(srgb) @ matrix.T).clip(0, 1) ** (1 / 2.19921875)).astype(np.uint8)


@pytest.mark.parametrize(
    ("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WebP", {"lossless": True}), ("JPEG", {"quality": 97})]
)
def test_profile_leads_backprofile_transform(kind, options):
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


# Transparency


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


def test_first_frame_of_an_animation():
    frames = [Image.fromarray(np.full((8, 8, 3), v, np.uint8)) for v in (60, 200)]
    for kind in ("GIF", "PNG", "WebP", "TIFF"):
        options = {"lossless": True} if kind == "WebP" else {}
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert (read_photo(data).pixels == 60).all(), kind


# Deep greys


DEEP = np.rint(GREY * 257.0).astype(np.uint16)
FLOAT = GREY / np.float32(255)


def tiff(samples, bits, sample_format=1, photometric=1, order="<"):
    """An uncompressed grey TIFF of these samples."""
    height, width = samples.shape
    pixels = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 8), (277, 1), (278, height),
            (279, len(pixels)), (339, sample_format)]  # fmt: skip
    directory = struct.pack(f"{order}H", len(tags)) + b"".join(
        struct.pack(f"{order}HHII", tag, 4, 1, v) for tag, v in tags
    )
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(f"{order}I", 8 + len(pixels)) + pixels + directory + b"\0" * 4


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


# What does not come out


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


BOMB = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(bytes(100_000)))
)


def test_bomb_is_refused_by_its_header():
    assert "50000 x 50000 pixels, more than the 250,000,000" in reason(BOMB)


def test_bomb_takes_no_memory(tmp_path):
    resource = pytest.importorskip("resource")
    assert resource
    (tmp_path / "bomb.png").write_bytes(BOMB)
    program = (
        "import resource, sys; from beholder import errors\nfrom beholder.photos import read\n"
        "read._open(open(sys.argv[1], 'rb').read(), 'PNG')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: read.read_photo(sys.argv[1])\n"
        "except errors.PhotoError: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "bomb.png")], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 20_000 and done.stderr == ""  # kB on Linux


def test_our_cap_and_not_pillows(monkeypatch):
    data = encode(SMALL, "PNG")
    for theirs in (SMALL.size // 3 - 1, 100):  # where Pillow would warn, and where it would refuse
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", theirs)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for kind in ("PNG", "JPEG", "BMP"):
                assert read_photo(encode(SMALL, kind)).width == 96
        assert theirs == Image.MAX_IMAGE_PIXELS
    monkeypatch.setattr(memory, "MAX_PIXELS", SMALL.size // 3 - 1)
    for source in (data, SMALL, Image.fromarray(SMALL), encode(SMALL, "JPEG")):
        assert "96 x 64 pixels, more than the" in reason(source, (8, 8))


def test_compressed_metadata_bombs():
    bomb = zlib.compress(bytes(200_000_000 // 2), 1)
    head = encode(SMALL, "PNG")[:33]
    for name in (b"iCCP", b"zTXt"):
        assert reason(head + chunk(name, b"x\0\0" + bomb) + encode(SMALL, "PNG")[33:])


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("GIF", {}), ("BMP", {}), ("WebP", {}),
     ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})],
)  # fmt: skip
def test_half_a_photograph_is_refused(kind, options, tmp_path):
    whole = encode(CHINA, kind, **options)
    for part in (0.02, 0.5, 0.95):
        (tmp_path / "half").write_bytes(whole[: int(len(whole) * part)])
        for min_size in (None, (50, 50)):
            assert reason(tmp_path / "half", min_size).startswith(str(tmp_path / "half"))
    if kind in ("JPEG", "PNG", "BMP"):
        assert "copy it again" in reason(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty file"),
        (b"Dear diary,\nno picture today.\n", "text"),
        ("Größe\n".encode(), "text"),
        (b"\n<!DOCTYPE html><html>404</html>", "a web page"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"8BPS\0\1" + bytes(20), "Photoshop"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + bytes(50), "a video"),
        (bytes(5000), "begins with zeros"),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08\x09", "01 02 03 04 05 06 07 08"),
    ],
)
def test_not_a_photograph(content, says):
    message = reason(content)
    assert message.startswith("<bytes>: is not a photograph that can be read; it looks like ") and says in message


@pytest.mark.parametrize("kind", ["PPM", "TGA", "ICO", "PCX", "EPS", "JPEG2000", "SGI"])
def test_formats_that_are_not_ours_never_reach_a_decoder(kind):
    assert "is not a photograph" in reason(encode(SMALL, kind), name="photo.jpg")


@pytest.mark.parametrize(
    "start", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 ", b"II*\0\x08\0\0\0", b"GIF89a", b"BM"]
)
def test_only_a_beginning(start):
    for tail in (b"", b"\0" * 40, b"\xff" * 400):
        assert reason(start + tail)


def test_no_pixels():
    assert "has no pixels" in reason(Image.new("RGB", (0, 5)))
    empty = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 9, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")
    assert "PNG" in reason(empty)


def test_files(tmp_path):
    (tmp_path / "zero.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a picture, a sentence")
    cases = {
        "missing.jpg": "no such file",
        "zero.jpg": "is empty (0 bytes)",
        "text.jpg": "looks like text",
        ".": "is a folder",
    }
    for name, says in cases.items():
        path = os.path.join(tmp_path, name)
        assert says in reason(path) and reason(path).startswith(path + ": ")
    assert "cannot be read" in reason("a\0b.jpg")
    assert "cannot be read" in reason(str(tmp_path / ("long" * 100)))
    with pytest.raises(PhotoError, match="no such file"):
        read_bytes(tmp_path / "missing.jpg")
    (tmp_path / "a.jpg").write_bytes(b"abc")
    assert read_bytes(tmp_path / "a.jpg") == b"abc"
    assert reason(tmp_path / "a.jpg", name="photograph 7").startswith("photograph 7: ")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    (tmp_path / "private.jpg").write_bytes(encode(SMALL, "JPEG"))
    (tmp_path / "private.jpg").chmod(0)
    assert "no permission" in reason(tmp_path / "private.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_pipes_and_devices_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", os.devnull):
        assert "is not a regular file" in reason(path)


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    with open(tmp_path / "large.jpg", "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # sparse
    assert "2,147,483,649 bytes, more than" in reason(tmp_path / "large.jpg")


@pytest.mark.skipif(os.name == "nt", reason="not a file name there")
def test_messages_are_one_line_whatever_the_name(tmp_path):
    for name in ("two\nlines\r.jpg", "esc\x1b[31m.jpg", "sep\u2028.jpg", os.fsdecode(b"latin\xe9.jpg")):
        assert "no such file" in reason(tmp_path / name)
        try:
            (tmp_path / name).write_bytes(b"text")
        except OSError:  # a file system that takes only UTF-8
            continue
        assert "looks like text" in reason(tmp_path / name)
    assert "two\\nlines\\r.jpg: no such file" in reason("two\nlines\r.jpg")


def test_every_decoder_exception_becomes_a_photo_error(monkeypatch):
    data = encode(SMALL, "JPEG")
    errors = (OSError, SyntaxError, ValueError, struct.error, zlib.error, EOFError, IndexError, TypeError, KeyError,
              AttributeError, OverflowError, RecursionError, Image.DecompressionBombError)  # fmt: skip
    for error in errors:
        monkeypatch.setattr(read, "_open", lambda *_, error=error: (_ for _ in ()).throw(error("two\nlines")))
        assert reason(data, name="a.jpg").startswith("a.jpg: cannot decode this JPEG: ")
    for error, says in ((MemoryError, "not enough memory"), (OSError, "OSError")):
        monkeypatch.setattr(read, "_open", lambda *_, error=error: (_ for _ in ()).throw(error()))
        assert says in reason(data)
    monkeypatch.setattr(read, "_open", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        read_photo(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "TIFF", "GIF", "BMP"])
def test_damaged_files(kind):
    """Any byte may be wrong: what comes is a photograph or a reason."""
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = np.frombuffer(encode(SMALL[:32, :40], kind, exif=exif, icc_profile=ADOBE), np.uint8)
    random, refused = np.random.default_rng(1), 0
    for _ in range(150):
        data = whole.copy()
        span = random.choice([64, 512, len(data)])
        data[random.integers(0, min(span, len(data)), random.integers(1, 6))] = random.integers(0, 256)
        try:
            read_photo(data.tobytes(), (10, 10))
        except PhotoError as error:
            refused += 1
            assert str(error).isprintable()
    assert refused > 0


# A good neighbour: silent, and safe in threads


def test_no_warnings_and_none_taken_from_the_host(capfd):
    odd_exif = tiff(DEEP, 16).replace(struct.pack("<HHII", 277, 4, 1, 1), struct.pack("<HHII", 33723, 4, 9999, 1))
    palette = Image.fromarray(GREY % 4).convert("P")
    sources = [encode(palette, "PNG", transparency=b"\xff\x00\xff\xff"), odd_exif]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Image.open(io.BytesIO(odd_exif)).load()
        assert caught, "this file makes Pillow warn"
        caught.clear()
        for source in sources:
            read_photo(source)
        assert not caught
        warnings.warn("ours", stacklevel=1)
        Image.open(io.BytesIO(odd_exif)).load()
        assert len(caught) > 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for source in sources:
            read_photo(source)
        warnings.simplefilter("error", UserWarning)  # now before the filter that the first read has set
        for source in sources:
            read_photo(source)
    assert capfd.readouterr() == ("", "")


def test_warnings_of_other_threads_are_not_silenced(monkeypatch):
    inside, go_on = threading.Event(), threading.Event()

    def slow(*_):
        inside.set()
        go_on.wait(5)
        warnings.warn("of the decoder", stacklevel=1)
        raise OSError("done")

    monkeypatch.setattr(read, "_open", slow)
    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(1) as pool:
        warnings.simplefilter("always")
        future = pool.submit(read_photo, encode(SMALL, "JPEG"))
        assert inside.wait(5)
        warnings.warn("of the host", stacklevel=1)
        go_on.set()
        assert isinstance(future.exception(5), PhotoError)
    assert [str(warning.message) for warning in caught] == ["of the host"]


def test_threads_agree():
    sources = [
        encode(CHINA, "JPEG"), encode(SMALL, "PNG", icc_profile=ADOBE), stored(CHINA, 6, "JPEG", icc_profile=ADOBE),
        encode(DEEP, "PNG"), encode(SMALL, "WebP"), encode(SMALL, "TIFF", compression="tiff_lzw"), encode(SMALL, "GIF"),
    ]  # fmt: skip
    alone = [read_photo(source, (200, 120)).pixels for source in sources]
    profile_transform.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda i: read_photo(sources[i % 7], (200, 120)).pixels, range(70)))
    for i, pixels in enumerate(together):
        np.testing.assert_array_equal(pixels, alone[i % 7])


# Room for large pictures


def test_room_is_never_exceeded_and_everyone_gets_some():
    room, used, most = PixelBudget(10), [], []
    lock = threading.Lock()

    def take(pixels):
        with room.reserved(pixels):
            with lock:
                used.append(min(pixels, 10))
                most.append(sum(used))
            time.sleep(0.0005)
            with lock:
                used.remove(min(pixels, 10))

    with ThreadPoolExecutor(16) as pool:
        done = [pool.submit(take, pixels) for pixels in NOISE.integers(1, 13, 300).tolist()]
        for each in done:
            each.result(20)
    assert max(most) == 10 and len(most) == 300


def test_those_who_need_little_do_not_overtake_for_ever():
    room, stop, got = PixelBudget(10), threading.Event(), threading.Event()

    def nibble():
        while not stop.is_set():
            with room.reserved(2):
                time.sleep(0.001)

    def swallow():
        with room.reserved(10):
            got.set()

    with ThreadPoolExecutor(9) as pool:
        for _ in range(8):  # together they need more than there is
            pool.submit(nibble)
        time.sleep(0.02)
        pool.submit(swallow)
        try:
            assert got.wait(10)
        finally:
            stop.set()


def test_an_interrupted_wait_leaves_the_room_as_it_was():
    room, full, let_go = PixelBudget(10), threading.Event(), threading.Event()

    def hold():
        with room.reserved(10):
            full.set()
            let_go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert full.wait(5)
        with pytest.raises(KeyboardInterrupt):
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            with room.reserved(1):
                pytest.fail("there was no room")
        let_go.set()
    with room.reserved(10), pytest.raises(ValueError):
        raise ValueError
    with room.reserved(10):
        pass


LARGE_ONES = {
    "PNG": encode(SMALL, "PNG"),
    "progressive JPEG": encode(SMALL, "JPEG", progressive=True),
    "DNG": dng(size=(96, 64)),
}


@pytest.mark.parametrize("kind", LARGE_ONES)
def test_large_pictures_wait_for_each_other_and_small_ones_pass(kind, monkeypatch):
    monkeypatch.setattr(memory, "LARGE_PIXELS", 6000)  # of the 6,144 that SMALL has
    monkeypatch.setattr(memory, "PIXEL_BUDGET", PixelBudget(3 * 6144))
    tiny = encode(SMALL[:32, :32], "PNG")
    with ThreadPoolExecutor(8) as pool, contextlib.ExitStack() as until:
        for _ in range(3):
            read_photo(LARGE_ONES[kind], (8, 8), name="a.dng", reservation=until)
        waiting = [pool.submit(read_photo, LARGE_ONES[kind], (8, 8), name="a.dng") for _ in range(4)]
        assert pool.submit(read_photo, tiny).result(10).width == 32
        assert pool.submit(read_photo, encode(SMALL, "JPEG"), (8, 8)).result(10).width == 96  # reduced, so small
        with pytest.raises(TimeoutError):
            waiting[0].result(0.2)
        assert not any(each.done() for each in waiting)
        until.close()
        assert [each.result(10).width for each in waiting] == [96] * 4


def test_a_picture_that_fails_gives_its_room_back(monkeypatch):
    monkeypatch.setattr(memory, "LARGE_PIXELS", 100)
    monkeypatch.setattr(memory, "PIXEL_BUDGET", PixelBudget(6144))
    cut = LARGE_ONES["PNG"][:-4000]
    for _ in range(3):
        assert "PNG" in reason(cut)
    assert read_photo(LARGE_ONES["PNG"]).width == 96


def test_import_is_light():
    heavy = "{'rawpy', 'pillow_heif', 'torch', 'PIL.ImageCms'}"
    program = f"import sys; import beholder.photos.read; print({heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# Formats that need more


def test_suffixes():
    assert {".jpg", ".jpeg", ".png", ".webp", ".heic", ".avif", ".dng", ".cr3", ".nef", ".tif"} <= PHOTO_SUFFIXES
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in PHOTO_SUFFIXES)
    assert not {".txt", ".mp4", ".pdf", ".eps", ".psd", ".svg"} & PHOTO_SUFFIXES


HEIC_HEADER = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
AVIF_HEADER = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(100)


def test_heif_without_its_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "IMG_1.heic").write_bytes(HEIC_HEADER)
    says = "HEIC needs a decoder that is not installed: pip install 'beholder[heif]'"
    assert reason(tmp_path / "IMG_1.heic") == f"{tmp_path / 'IMG_1.heic'}: {says}"
    assert reason(HEIC_HEADER, name="IMG_1.JPG") == f"IMG_1.JPG: {says}"  # content decides


def test_avif_without_a_decoder(monkeypatch):
    monkeypatch.setattr(features, "check", lambda _: False)
    assert reason(AVIF_HEADER).startswith("<bytes>: AVIF needs a Pillow that decodes it: pip install")


@pytest.mark.parametrize("suffix", [".dng", ".CR2", ".nef", ".arw", ".raf", ".cr3"])
def test_raw_without_its_extra(monkeypatch, suffix):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    says = f"DSC_1{suffix}: camera RAW needs a decoder that is not installed: pip install 'beholder[raw]'"
    assert reason(encode(SMALL, "TIFF"), name=f"DSC_1{suffix}") == says
    assert read_photo(encode(SMALL, "JPEG"), name=f"DSC_1{suffix}").width == 96  # a JPEG that is called so
    assert "camera RAW needs" in reason(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(40))
    assert "camera RAW needs" in reason(b"FUJIFILMCCD-RAW 0201" + bytes(40))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_heic(orientation):
    heif = pytest.importorskip("pillow_heif")
    upright = np.array(Image.fromarray(CHINA).resize((192, 128)))
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    try:
        heif.encode("RGB", image.size, image.tobytes(), file, exif=exif.tobytes(), quality=95)
    except (RuntimeError, ValueError, OSError):
        pytest.skip("no HEVC encoder")
    read = read_photo(file.getvalue())
    assert (read.width, read.height) == (192, 128)
    assert gap(read.pixels, upright) < 6 < gap(read.pixels[::-1], upright)
    assert "HEIC" in reason(file.getvalue()[: len(file.getvalue()) // 2])


def test_heic_profile_alpha_and_size(monkeypatch):
    heif = pytest.importorskip("pillow_heif")
    alpha = np.full((*GREY.shape, 1), 255, np.uint8)
    alpha[:, :48] = 0
    file = io.BytesIO()
    try:
        pixels = np.concatenate([in_adobe(VIVID), alpha], axis=2).tobytes()
        heif.encode("RGBA", (96, 64), pixels, file, quality=-1, chroma=444, icc_profile=ADOBE)
    except (RuntimeError, ValueError, OSError):
        pytest.skip("no HEVC encoder")
    read = read_photo(file.getvalue())
    assert (read.pixels[:, :40] > 250).all() and gap(read.pixels[:, 56:], VIVID[:, 56:]) < 2
    monkeypatch.setattr(memory, "MAX_PIXELS", 96 * 64 - 1)
    monkeypatch.setattr(heif.HeifFile, "to_pillow", lambda _: pytest.fail("decoded before the size was checked"))
    assert "96 x 64 pixels, more than" in reason(file.getvalue())


@pytest.mark.skipif(not features.check("avif"), reason="Pillow without AVIF")
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_avif(orientation):
    upright = np.array(Image.fromarray(CHINA).resize((192, 128)))
    data = stored(upright, orientation, "AVIF", quality=90)
    read = read_photo(data)
    assert (read.width, read.height) == (192, 128)
    assert gap(read.pixels, upright) < 6 < gap(read.pixels[::-1], upright)
    assert "AVIF" in reason(data[: len(data) // 2])


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_raw_is_demosaiced_upright(orientation):
    pytest.importorskip("rawpy")
    read = read_photo(dng(orientation), name="a.DNG")
    assert (read.width, read.height) == ((256, 192) if orientation < 5 else (192, 256))
    assert read.pixels.shape == (read.height, read.width, 3) and read.pixels.flags.c_contiguous
    # The left half as stored is bright; where it is once upright, the orientation says.
    top, left = read.pixels[: read.height // 3].mean(), read.pixels[:, : read.width // 3].mean()
    bottom, right = read.pixels[-read.height // 3 :].mean(), read.pixels[:, -read.width // 3 :].mean()
    side = {"top": top, "left": left, "bottom": bottom, "right": right}
    assert max(side, key=side.get) == {1: "left", 3: "right", 6: "top", 8: "bottom"}[orientation]
    assert read.pixels[..., 0].mean() > read.pixels[..., 2].mean() + 20, "reddish"


def test_raw_at_half_size():
    pytest.importorskip("rawpy")
    half = read_photo(dng(), (100, 90), name="a.dng")
    assert half.pixels.shape == (96, 128, 3) and (half.width, half.height) == (256, 192)
    assert read_photo(dng(), (100, 97), name="a.dng").pixels.shape == (192, 256, 3)


@pytest.mark.parametrize("kind", ["JPEG", "JPEG that says its orientation"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_raw_preview_stands_for_the_photograph_when_it_is_large_enough(orientation, kind):
    pytest.importorskip("rawpy")
    upright = np.array(Image.fromarray(CHINA).resize((192, 144) if orientation < 5 else (144, 192)))
    preview = STORED[orientation](upright)
    if kind == "JPEG":
        preview = encode(np.ascontiguousarray(preview), "JPEG", quality=95)
    else:
        preview = stored(upright, orientation, "JPEG", quality=95)
    data = dng(orientation, preview)
    for name in ("a.dng", None):  # known as RAW without its suffix, too
        read = read_photo(data, (140, 140), name=name)
        assert (read.width, read.height) == ((256, 192) if orientation < 5 else (192, 256))
        assert gap(read.pixels, upright) < 5 < gap(read.pixels[::-1], upright)
        too_small = read_photo(data, (150, 150), name=name)
        assert too_small.pixels.shape[:2] == (read.height, read.width), "demosaiced"
    assert read_photo(data).pixels.shape[:2] == (read.height, read.width), "demosaiced"


@pytest.mark.parametrize("size", [(192, 144), (1000, 30)])
def test_raw_with_a_bitmap_or_an_impossible_preview_is_demosaiced(size):
    """A bitmap that is said to be larger than it is crashed the decoder's user."""
    pytest.importorskip("rawpy")
    bitmap = dng(1, np.array(Image.fromarray(CHINA).resize(size)))
    lying = bitmap.replace(struct.pack("<HHII", 257, 4, 1, size[1]), struct.pack("<HHII", 257, 4, 1, 16_383))
    larger = dng(1, encode(Image.fromarray(CHINA).resize((400, 300)), "JPEG"))  # than the 256 x 192 of the photograph
    assert lying != bitmap
    for data in (bitmap, lying, larger):
        read = read_photo(data, (8, 8), name="a.dng")
        assert read.pixels.shape == (96, 128, 3), "demosaiced at half size"


def test_raw_with_a_broken_preview_is_demosaiced():
    pytest.importorskip("rawpy")
    jpeg = encode(Image.fromarray(CHINA).resize((192, 144)), "JPEG")
    read = read_photo(dng(1, jpeg[: len(jpeg) // 2]), (140, 140), name="a.dng")
    assert read.pixels.shape == (192, 256, 3)
    assert read.pixels[:, :80].mean() > read.pixels[:, -80:].mean() + 20


def test_broken_raw():
    pytest.importorskip("rawpy")
    for content in (bytes(range(200)), encode(SMALL, "TIFF"), dng()[:300], b"II*\0" + dng()[8:]):
        assert "cannot decode this camera RAW file" in reason(content, name="a.nef")
        assert "b'" not in reason(content, name="a.nef")
