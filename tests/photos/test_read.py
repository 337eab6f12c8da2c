"""Photographs come out upright, in sRGB and complete, or raise a PhotoError."""

import os
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from beholder.errors import PhotoError
from beholder.photos.colour import profile_transform
from beholder.photos.read import MAX_FILE_BYTES, read_bytes, read_photo
from beholder.photos.resize import resize_exact
from helpers.photo_files import ADOBE, CHINA, DEEP, GREY, SKIMAGE, SMALL, STORED, chunk, encode, gap, reason, stored


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
        assert read.format == kind
        np.testing.assert_array_equal(read.pixels, SMALL)
        assert (read.width, read.height) == (96, 64)


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
        SMALL / 254, SMALL.astype(np.uint16), SMALL[..., :2], SMALL.transpose(2, 0, 1), SMALL[None], SMALL[:0],
        GREY[0] / 255, SMALL.astype(int), SMALL / 255 - 0.1, np.full((9, 9), np.nan), SMALL.astype(object),
        np.full((9, 9), 1j),
    ],
    ids=[
        "float", "uint16", "two bands", "bands first", "batch", "empty", "line", "int64", "negative", "not a number",
        "objects", "complex",
    ],
)  # fmt: skip
def test_other_arrays_are_refused(array):
    message = reason(array)
    assert message.startswith("<array>: ") and "(H, W, 3)" in message
    assert str(array.shape) in message and str(array.dtype) in message


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
    for across, down in [*edges, *np.random.default_rng(0).integers(1, 500, (30, 2)).tolist()]:
        by = max(by for by in (1, 2, 4, 8) if by == 1 or (by * across <= 640 and by * down <= 427))
        assert read_photo(data, (across, down)).pixels.shape == (-(-427 // by), -(-640 // by), 3)


def test_first_frame_of_an_animation():
    frames = [Image.fromarray(np.full((8, 8, 3), v, np.uint8)) for v in (60, 200)]
    for kind in ("GIF", "PNG", "WebP", "TIFF"):
        options = {"lossless": True} if kind == "WebP" else {}
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert (read_photo(data).pixels == 60).all(), kind


def test_compressed_metadata_bombs_are_left_out():
    bomb = zlib.compress(bytes(200_000_000 // 2), 1)
    head = encode(SMALL, "PNG")[:33]
    for name in (b"iCCP", b"zTXt"):
        read = read_photo(head + chunk(name, b"x\0\0" + bomb) + encode(SMALL, "PNG")[33:])
        np.testing.assert_array_equal(read.pixels, SMALL)


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
    for path, kind in ((tmp_path / "pipe.jpg", "pipe"), (os.devnull, "device")):
        assert f"is a {kind}, not a photograph" in reason(path)


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
    data, decoder = encode(SMALL, "JPEG"), (JpegImagePlugin, "JpegImageFile")
    errors = (OSError, SyntaxError, ValueError, struct.error, zlib.error, EOFError, IndexError, TypeError, KeyError,
              AttributeError, OverflowError, RecursionError, Image.DecompressionBombError)  # fmt: skip
    for error in errors:
        monkeypatch.setattr(*decoder, lambda *_, error=error: (_ for _ in ()).throw(error("two\nlines")))
        assert reason(data, name="a.jpg").startswith("a.jpg: cannot decode this JPEG: ")
    for error, says in ((MemoryError, "not enough memory"), (OSError, "OSError")):
        monkeypatch.setattr(*decoder, lambda *_, error=error: (_ for _ in ()).throw(error()))
        assert says in reason(data)
    monkeypatch.setattr(*decoder, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
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


def test_import_is_light():
    heavy = "{'rawpy', 'pillow_heif', 'torch', 'PIL.ImageCms'}"
    program = f"import sys; import beholder.photos.read; print({heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
