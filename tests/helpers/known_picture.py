"""One small picture whose pixels are known, and files of it that no library here writes."""

import struct
import zlib

import numpy as np
from PIL import Image

from beholder.photos.read import read_photo
from helpers.photo_files import STORED, chunk, encode


def _picture():
    """(48, 64, 3) uint8: slopes with a different patch in each corner, so that turning and mirroring show."""
    down, across = np.mgrid[0:48, 0:64]
    picture = np.stack([40 + 2 * across, 30 + 3 * down, 200 - across - 2 * down], axis=-1).astype(np.uint8)
    picture[:16, :16], picture[:16, 48:] = (200, 60, 60), (70, 180, 80)
    picture[32:, :16], picture[32:, 48:] = (60, 80, 190), (215, 215, 215)
    return picture


PICTURE = _picture()
GREY = np.array(Image.fromarray(PICTURE).convert("L"))
GREY_PIXELS = np.repeat(GREY[..., None], 3, axis=2)
CLEAR = np.where(np.arange(64) < 32, 255, 128).astype(np.uint8) * np.ones(
    (48, 1), np.uint8
)  # the right half half clear
WITH_CLEAR = np.dstack([PICTURE, CLEAR])
GREY_OVER_WHITE = np.rint(GREY * (CLEAR / 255) + 255 * (1 - CLEAR / 255))[..., None].repeat(3, axis=2)
ASSOCIATED = np.rint(PICTURE * (CLEAR[..., None] / 255))  # colours multiplied by how opaque they are
NO_INK = np.dstack([255 - PICTURE, np.zeros_like(GREY)])  # CMYK without black
OVER_WHITE = np.rint(PICTURE * (CLEAR[..., None] / 255) + 255 * (1 - CLEAR[..., None] / 255)).astype(np.uint8)


def exact(data, expected, most=1):
    """Check that each pixel of a file is as expected, give or take `most` of 255."""
    read = read_photo(data).pixels
    assert read.shape == expected.shape
    assert np.abs(read.astype(int) - expected).max() <= most


def deep(picture, kind):
    """8-bit values in another depth: whole numbers (u16, u12, ...) or fractions (f32)."""
    bits = int(kind[1:])
    if kind[0] == "f":
        return (picture / 255).astype(f"f{bits // 8}")
    return np.rint(picture * ((2**bits - 1) / 255)).astype(np.int64)


_FROM_SRGB = {  # linear light of sRGB -> linear light with other primaries, all with white D65
    "P3": [[0.82246, 0.17754, 0], [0.03320, 0.96680, 0], [0.01708, 0.07240, 0.91052]],
    "BT.2020": [[0.62740, 0.32928, 0.04331], [0.06910, 0.91954, 0.01136], [0.01639, 0.08801, 0.89560]],
    "Adobe": [[0.71513, 0.28487, 0], [0, 1, 0], [0, 0.04116, 0.95884]],
    "sRGB": np.eye(3),
}


def light(srgb):
    """Linear light, 0 to 1, of 8-bit sRGB."""
    values = srgb / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _pq(values):
    power = (values * 203 / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _hlg(values):
    scene = (values * 203 / 1000) ** (1 / 1.2)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)  # fmt: skip


def coded(primaries, curve, picture=PICTURE):
    """The picture in other primaries and with another curve (a name or an exponent), 0 to 1."""
    values = np.clip(light(picture) @ np.array(_FROM_SRGB[primaries]).T, 0, 1)
    if curve == "sRGB":
        return np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)
    return {"PQ": _pq, "HLG": _hlg}[curve](values) if isinstance(curve, str) else values ** (1 / curve)


def eight_bits(values):
    return np.rint(values * 255).astype(np.uint8)


def png(samples, bits, kind, *extra):
    """A PNG file of (H, W) or (H, W, n) whole numbers; `kind` is its colour type."""
    flat = samples.reshape(len(samples), -1)
    packed = _packed(flat, bits, ">")
    lines = b"".join(
        b"\0" + packed[i * len(packed) // len(flat) :][: len(packed) // len(flat)] for i in range(len(flat))
    )
    header = struct.pack(">IIBBBBB", samples.shape[1], len(samples), bits, kind, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _packed(rows, bits, order):
    """Rows of whole numbers or fractions -> bytes, each row beginning with a new byte."""
    if rows.dtype.kind == "f" or bits in (8, 16, 32):
        kind = rows.dtype.kind if rows.dtype.kind == "f" else "u"
        return rows.astype(f"{order}{kind}{bits // 8}").tobytes()
    each = rows.astype(np.int64)[..., None] >> np.arange(bits - 1, -1, -1) & 1
    return np.packbits(each.astype(np.uint8).reshape(len(rows), -1), axis=1).tobytes()


def tiff(*pages, order="<", big=False):
    """A TIFF file of pages (samples, tags): samples of (H, W) or (H, W, n) or, in planes, (n, H, W); tags of numbers.

    What is not in the tags is that of grey of 8 bits in one strip for each plane. Samples may also be a list of the
    bytes of each strip or tile.
    """
    form, width = ("Q", 8) if big else ("I", 4)
    head = (b"II" if order == "<" else b"MM") + struct.pack(
        order + ("HHHQ" if big else "HI"), *((43, 8, 0) if big else (42,)), 0
    )
    body, pointer = bytearray(head), len(head) - width
    for samples, given in pages:
        tags = {259: [1], 262: [1], 277: [1], 258: [8]} | {t: np.atleast_1d(v).tolist() for t, v in given.items()}
        if isinstance(samples, list):
            parts = samples
        else:
            planes = samples if tags.get(284) == [2] else [samples]
            tags = {256: [planes[0].shape[1]], 257: [planes[0].shape[0]], **tags}
            parts = [_packed(plane.reshape(len(plane), -1), tags[258][0], order) for plane in planes]
        starts = [len(body) + sum(len(part) + len(part) % 2 for part in parts[:i]) for i in range(len(parts))]
        body += b"".join(part + bytes(len(part) % 2) for part in parts)
        where = (324, 325) if 322 in tags else (273, 279)
        tags = {where[0]: starts, where[1]: [len(part) for part in parts], 278: tags[257], **tags}
        if 322 in tags:
            del tags[278]
        entries = b""
        for tag, values in sorted((tag, values) for tag, values in tags.items() if values):
            content = struct.pack(f"{order}{len(values)}I", *values)
            if len(content) > width:
                body += content
                content = struct.pack(order + form, len(body) - len(content))
            entries += struct.pack(f"{order}HH{form}", tag, 4, len(values)) + content.ljust(width, b"\0")
        struct.pack_into(order + form, body, pointer, len(body))
        body += struct.pack(order + ("Q" if big else "H"), len(entries) // (4 + 2 * width)) + entries
        pointer = len(body)
        body += bytes(width)
    return bytes(body)


def nclx(data, primaries, transfer):
    """An AVIF or HEIC file with other numbers of primaries and transfer."""
    at = data.index(b"nclx") + 4
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def adobe_exif(*, by_index):
    """EXIF data that say Adobe RGB: by the interoperability index, as cameras do, or by ColorSpace."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = 65535 if by_index else 2
    if by_index:
        exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    return exif.tobytes()


def legacy_exif_png(orientation, name):
    """A PNG with its EXIF data in a text chunk, as ImageMagick wrote them before there was a chunk for them."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = exif.tobytes()
    text = f"\n{name}\n{len(content):8d}\n" + content.hex() + "\n"
    data = encode(np.ascontiguousarray(STORED[orientation](PICTURE)), "PNG")
    text = b"Raw profile type " + name.encode() + b"\0\0" + zlib.compress(text.encode())
    return data[:33] + chunk(b"zTXt", text) + data[33:]
