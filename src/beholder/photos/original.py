"""A photograph as its file holds it, to change and to store again: its own depth, colours and EXIF data.

`beholder.photos.read` turns everything into 8-bit sRGB, which is right for a model and wrong for a copy that a
photographer keeps.
"""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image, TiffImagePlugin

from beholder.extras import require
from beholder.photos.containers import exif
from beholder.photos.decoder_warnings import silenced
from beholder.photos.icc import bounded_profile
from beholder.photos.read import Pixels, decoding, read_bytes, read_photo
from beholder.text import printable

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WebP": ".webp"}  # formats that a copy is stored in
QUALITY = 95  # of a copy in JPEG or WebP
_JPEG_EXIF_BYTES = 65_000  # that a JPEG has room for; a maker's own notes go first
_DEEP = "deep"  # the extra that reads and writes 16 bits a channel
_EXIF, _GPS, _WIDTH, _HEIGHT, _COLOUR_SPACE, _MAKER_NOTE = 0x8769, 0x8825, 0xA002, 0xA003, 0xA001, 0x927C
# Tags that tell of the photograph; the others of a TIFF tell how it is stored.
_TELLING = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x4746, 0x4749, _EXIF, _GPS)


@dataclass(frozen=True, eq=False)
class Original:
    """A photograph at full size.

    Attributes:
        pixels: (H, W, 3) uint8 or uint16, upright, in the colours of ``profile``.
        alpha: (H, W) of the same type, how opaque it is; None where all is.
        profile: ICC profile; empty for sRGB, or where EXIF data alone name the colours.
        exif: EXIF data, whose orientation says upright; empty where the file has none.
        format: that a copy is stored in: a key of :data:`SUFFIXES`. Camera RAW becomes TIFF, HEIC and others JPEG.
    """

    pixels: Pixels
    alpha: Pixels | None
    profile: bytes
    exif: bytes
    format: str

    @property
    def suffix(self) -> str:
        """Of a file in this format, with the dot."""
        return SUFFIXES[self.format]


def open_original(path: str | os.PathLike[str]) -> Original:
    """Read a photograph with the depth, the colours and the EXIF data of its file.

    Where its colours are no RGB, or are declared in a way that a copy cannot carry, they become sRGB.

    Raises:
        PhotoError: it cannot be read.
        BeholderError: it has 16 bits a channel, and what reads these is not installed.

    >>> original = open_original("examples/photos/rocket.jpg")
    >>> original.pixels.shape, original.pixels.dtype, original.format
    ((427, 640, 3), dtype('uint8'), 'JPEG')
    """
    label = printable(os.fsdecode(path))
    data = read_bytes(path)
    photo = read_photo(data, name=path)  # what is broken or too large is refused here
    kind = photo.format
    with silenced():
        is_deep = _has_sixteen_bits(data, kind)
    vips = require("pyvips", _DEEP, f"{label}: has 16 bits a channel, and a copy of it") if is_deep else None
    with decoding(label, kind):
        if vips is not None:
            return _deep(vips, data, kind)
        if kind == "RAW" or (kind == "TIFF" and _is_camera_raw(data)):
            return Original(_developed(data), None, b"", _told(data, kind), "TIFF")
        image = _plain_rgb(data, kind)
        if image is None:
            told = _told(data, kind, srgb=True)
            return Original(photo.pixels, None, b"", told, kind if kind in ("PNG", "TIFF") else "JPEG")
        bands = np.asarray(exif.upright(image, exif.orientation(image, 1)))
        alpha = np.ascontiguousarray(bands[..., 3]) if bands.shape[2] == 4 else None
        profile = image.info.get("icc_profile") or b""
        return Original(np.ascontiguousarray(bands[..., :3]), alpha, profile, _told(data, kind), kind)


def store(original: Original, pixels: Pixels, path: Path) -> None:
    """Write pixels with the depth, the colours and the EXIF data of an original.

    Args:
        original: what the pixels were made from.
        pixels: (h, w, 3) of the original's type; its alpha is kept where the size is the same.
        path: file to write.

    Raises:
        OSError: it cannot be written.
    """
    alpha = original.alpha if original.alpha is not None and original.alpha.shape == pixels.shape[:2] else None
    bands = pixels if alpha is None else np.dstack([pixels, alpha])
    told = _resized(original.exif, pixels.shape)
    if original.format == "TIFF":
        path.write_bytes(_tiff(bands, original.profile, told))
    elif bands.dtype == np.uint16:
        path.write_bytes(_deep_png(bands, original.profile, told))
    else:
        options: dict[str, Any] = {"icc_profile": original.profile} if original.profile else {}
        if told and (original.format != "JPEG" or len(told) <= _JPEG_EXIF_BYTES):
            options["exif"] = told
        if original.format in ("JPEG", "WebP"):
            options["quality"] = QUALITY
        if original.format == "JPEG":
            options["subsampling"] = "4:4:4"
        Image.fromarray(bands).save(path, original.format, **options)


def _is_camera_raw(data: bytes) -> bool:
    from beholder.photos.containers.tiff import is_camera_raw

    return is_camera_raw(data)


def _developed(data: bytes) -> Pixels:
    """Camera RAW in 16 bits, as the camera balanced it."""
    rawpy = require("rawpy", "raw", "camera RAW")
    with rawpy.imread(io.BytesIO(data)) as raw:
        pixels = raw.postprocess(use_camera_wb=True, output_bps=16)
    return np.array(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), order="C")


def _has_sixteen_bits(data: bytes, kind: str) -> bool:
    """Whether a PNG or TIFF has 16 bits a channel."""
    if kind == "PNG":
        return data[24:25] == b"\x10"
    if kind == "TIFF":
        with contextlib.suppress(Exception), Image.open(io.BytesIO(data)) as image:
            return set(image.tag_v2.get(258, ())) == {16} and image.tag_v2.get(339, (1,))[0] == 1  # type: ignore[attr-defined]
    return False


def _deep(vips: ModuleType, data: bytes, kind: str) -> Original:
    """A PNG or TIFF of 16 bits a channel."""
    image = vips.Image.new_from_buffer(data, "").autorot()
    profile = image.get("icc-profile-data") if image.get_typeof("icc-profile-data") else b""
    if image.interpretation not in ("rgb16", "grey16", "rgb", "b-w") or (image.bands < 3 and profile):
        image = image.icc_transform("srgb", depth=16) if profile else image.colourspace("rgb16")
        profile = b""
    bands = image.numpy().reshape(image.height, image.width, image.bands)
    colours = 3 if image.bands >= 3 else 1
    pixels = np.array(np.broadcast_to(bands[..., :colours], (*bands.shape[:2], 3)), order="C")
    alpha = np.ascontiguousarray(bands[..., colours]) if image.bands > colours else None
    return Original(pixels, alpha, profile, _told(data, kind), kind)


def _deep_png(bands: np.ndarray, profile: bytes, told: bytes) -> bytes:
    vips = require("pyvips", _DEEP, "a PNG of 16 bits a channel")
    image = vips.Image.new_from_array(bands, interpretation="rgb16").copy()
    for name, content in (("icc-profile-data", profile), ("exif-data", told)):
        if content:
            image.set_type(vips.GValue.blob_type, name, content)
    file: bytes = image.pngsave_buffer()
    return file


def _plain_rgb(data: bytes, kind: str) -> Image.Image | None:
    """A loaded picture of 8 bits whose RGB values can be stored again as they are; None where they cannot."""
    if kind not in SUFFIXES:
        return None
    image = Image.open(io.BytesIO(data))
    if kind == "PNG":
        from beholder.photos.containers.png import described_colours

        if described_colours(image, data) is not None:
            return None
    image.load()
    image.info.pop("xmp", None)  # in which Pillow would look for an orientation
    profile = image.info.get("icc_profile") or b""
    if image.mode not in ("RGB", "RGBA") or (profile and (bounded_profile(profile) or b"")[16:20] != b"RGB "):
        return None
    return image


def _told(data: bytes, kind: str, *, srgb: bool = False) -> bytes:
    """The EXIF data of a file, for an upright picture; empty where there are none to read."""
    with contextlib.suppress(Exception):  # broken metadata are not carried over
        kept = Image.Exif()
        if data[:4] in (b"II*\0", b"MM\0*"):  # TIFF, and camera RAW like it
            kept.load(data)
        else:
            image = _heif(data) if kind == "HEIC" else Image.open(io.BytesIO(data))
            kept = image.getexif()
        told = Image.Exif()
        for tag, value in _telling(kept):
            told[tag] = value
        if srgb and _EXIF in told:
            told[_EXIF][_COLOUR_SPACE] = 1
        return told.tobytes() if len(told) else b""
    return b""


def _telling(data: Image.Exif) -> Iterator[tuple[int, Any]]:
    """The tags of EXIF data that tell of the photograph, each with its value; of a directory inside, a dictionary."""
    for tag in _TELLING:
        if tag in (_EXIF, _GPS):
            if inner := data.get_ifd(tag):
                yield tag, dict(inner)
        elif tag in data:
            yield tag, data[tag]


def _heif(data: bytes) -> Image.Image:
    return require("pillow_heif", "heif", "HEIC").open_heif(io.BytesIO(data)).to_pillow()


def _resized(told: bytes, shape: tuple[int, ...]) -> bytes:
    """EXIF data that state the size of a picture of (H, W, ...) pixels."""
    if not told:
        return b""
    data = Image.Exif()
    data.load(told)
    inner = data.get_ifd(_EXIF)
    if inner:
        inner[_WIDTH], inner[_HEIGHT] = shape[1], shape[0]
        if len(told) > _JPEG_EXIF_BYTES:
            inner.pop(_MAKER_NOTE, None)
    return data.tobytes()


def _tiff(bands: np.ndarray, profile: bytes, told: bytes) -> bytes:
    """A TIFF of 8 or 16 bits a channel, compressed without loss. Pillow writes no colours of 16 bits."""
    height, width, count = bands.shape
    bits = bands.dtype.itemsize * 8
    differences = bands.astype(bands.dtype.newbyteorder("<"))
    differences[:, 1:] -= bands[:, :-1]  # predictor 2 of TIFF: each value less that of the pixel before it
    strip = zlib.compress(differences.tobytes(), 6)
    page = TiffImagePlugin.ImageFileDirectory_v2()
    if told:
        source = Image.Exif()
        source.load(told)
        for tag, value in _telling(source):
            page[tag] = value
    page[256], page[257], page[258], page[259], page[262] = width, height, (bits,) * count, 8, 2
    page[274], page[277], page[278], page[284], page[317] = 1, count, height, 1, 2
    page[273], page[279] = 0, len(strip)  # Pillow adds where the directory ends to the place of a strip
    if count == 4:
        page[338] = 2
    if profile:
        page.tagtype[34675] = 7
        page[34675] = profile
    return b"II*\0\x08\0\0\0" + page.tobytes(8) + strip
