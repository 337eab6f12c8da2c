"""A photograph is turned as its container says, once."""

import io

import numpy as np
import pytest
from PIL import Image, features

from beholder.photos.read import read_photo
from helpers.known_picture import PICTURE, deep, legacy_exif_png, png, tiff
from helpers.photo_files import STORED, chunk, encode, gap, stored

RGB = {258: [8] * 3, 262: 2, 277: 3}


def as_stored(orientation):
    return np.ascontiguousarray(STORED[orientation](PICTURE))


def in_planes(orientation):
    values = deep(as_stored(orientation), "u16").transpose(2, 0, 1)
    return tiff((values, {**RGB, 258: [16] * 3, 284: 2, 274: orientation}))


def heic(orientation):
    heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[0x0112] = orientation
    image, file = Image.fromarray(as_stored(orientation)), io.BytesIO()
    try:
        heif.encode("RGB", image.size, image.tobytes(), file, exif=exif.tobytes(), quality=-1, chroma=444)
    except (RuntimeError, ValueError, OSError):
        pytest.skip("no HEVC encoder")
    return file.getvalue()


def avif(orientation):
    """The orientation is in the properties of the picture; what EXIF data say is left out."""
    if not features.check("avif"):
        pytest.skip("Pillow without AVIF")
    return stored(PICTURE, orientation, "AVIF", quality=95, subsampling="4:4:4")


def at_the_end(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = png(as_stored(orientation), 8, 2)
    return data[:-12] + chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + data[-12:]


CONTAINERS = {
    "JPEG": lambda o: stored(PICTURE, o, "JPEG", quality=95),
    "progressive JPEG without its end": lambda o: stored(PICTURE, o, "JPEG", quality=95, progressive=True)[:-2],
    "PNG": lambda o: stored(PICTURE, o, "PNG"),
    "PNG, at the end": at_the_end,
    "PNG, in a text chunk": lambda o: legacy_exif_png(o, "exif"),
    "PNG, in another text chunk": lambda o: legacy_exif_png(o, "APP1"),
    "WebP": lambda o: stored(PICTURE, o, "WebP", quality=95),
    "TIFF": lambda o: tiff((as_stored(o), {**RGB, 274: o})),
    "TIFF, its second page": lambda o: tiff((as_stored(o), {**RGB, 254: 1}), (as_stored(o), {**RGB, 274: o})),
    "TIFF with LZW": lambda o: encode(as_stored(o), "TIFF", compression="tiff_lzw", tiffinfo={274: o}),
    "TIFF with JPEG": lambda o: encode(as_stored(o), "TIFF", compression="jpeg", quality=95, tiffinfo={274: o}),
    "TIFF in planes": in_planes,
    "big-endian BigTIFF": lambda o: tiff((as_stored(o), {**RGB, 274: o}), order=">", big=True),
    "AVIF": avif,
    "HEIC": heic,
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("container", CONTAINERS)
def test_turned_once(container, orientation):
    read = read_photo(CONTAINERS[container](orientation))
    assert (read.width, read.height) == (64, 48)
    assert gap(read.pixels, PICTURE) < 5 < gap(read.pixels[::-1], PICTURE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "TIFF", "AVIF"])
def test_an_orientation_in_xmp_is_ignored(kind):
    """As browsers do: editors that turn pixels often leave the old one there."""
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("Pillow without AVIF")
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    if kind == "PNG":
        data = png(PICTURE, 8, 2, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    elif kind == "TIFF":
        data = encode(PICTURE, "TIFF", tiffinfo={700: xmp})
    else:
        data = encode(PICTURE, kind, quality=95, xmp=xmp)
    assert b"Orientation" in data
    assert gap(read_photo(data).pixels, PICTURE) < 5


def test_avif_is_turned_by_its_properties_and_not_by_exif_data():
    data = avif(8)
    assert b"irot" in data and b"Exif" not in data
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 3, "camera"
    data = encode(PICTURE, "AVIF", quality=95, exif=exif)
    turned = data.index(b"irot") if b"irot" in data else None
    assert turned, "orientation 3 is written as a property"
    assert gap(read_photo(data).pixels, PICTURE[::-1, ::-1]) < 5
