"""Photographs in every format, and what reading them gives."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image
from sklearn.datasets import load_sample_image

from beholder.errors import PhotoError
from beholder.photos.read import read_photo

SKIMAGE = Path(skimage.__file__).parent / "data"
CHINA = np.array(load_sample_image("china.jpg"))  # (427, 640, 3)
FLOWER = np.array(load_sample_image("flower.jpg"))
SMALL = np.array(Image.fromarray(CHINA).resize((96, 64)))
VIVID = np.array(Image.fromarray(FLOWER).resize((96, 64)))
GREY = np.array(Image.fromarray(SMALL).convert("L"))


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


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
