"""Samples of a TIFF page in the depths and orders that Pillow reads wrongly or not at all.

libtiff, which is inside Pillow, takes the compression away: the page is described to it anew, as a picture of single
bytes, as wide as a row of the page has bytes. What the bytes mean is decided here: byte order, bits per sample, planes,
predictor, tiles.
"""

from __future__ import annotations

import functools
import io
import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from beholder.errors import PhotoError
from beholder.photos.containers import tiff_directory as tag
from beholder.photos.containers.tiff_directory import Directory

MAX_TILE_BYTES = 1024**3  # of a tile or strip that is decompressed in one go
_BLOCK_BYTES = 4 * 1024**2  # rows are read in blocks of about this size, so that little is held twice
_NONE, _LZW, _DEFLATE, _OLD_DEFLATE, _PACKBITS, _LZMA, _ZSTD = 1, 5, 8, 32946, 32773, 34925, 50000
_WITH_PREDICTOR = {_LZW, _DEFLATE, _OLD_DEFLATE, _LZMA, _ZSTD}
_BYTE_CODECS = _WITH_PREDICTOR | {_NONE, _PACKBITS}
_COLOURS = {0: 1, 1: 1, 2: 3, 5: 4}  # photometric interpretation -> samples of a colour: two kinds of grey, RGB, CMYK
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3  # sample formats
_DEPTHS = {_UNSIGNED: {*range(1, 17), 32}, _SIGNED: {32}, _FLOAT: {16, 32, 64}}
_ADVICE = "save it with 8 or 16 bits per channel"


class UnboundedTiff(TiffImagePlugin.TiffImageFile):
    """Pillow's TIFF reader without Pillow's limit of pixels, which is global. For pictures whose size was checked."""

    def _setup(self) -> None:
        super()._setup()
        self.info.pop("xmp", None)  # in which Pillow would look for an orientation

    def load_prepare(self) -> None:
        if self._im is None:
            self.im = Image.core.new(self.mode, self._tile_size)  # type: ignore[attr-defined]
        super().load_prepare()


class Layout:
    """How the samples of a page are stored.

    Attributes:
        width, height: of the page as it is stored, in pixels.
        samples: per pixel, alpha and others included.
        planes: 1 where the samples of a pixel stand together, else one for each sample.
        bits, form: of a sample; the forms are those of the tag SampleFormat.
        tile: (width, height) of a tile, or of a strip.
        across, down: tiles in a row and in a column of a plane.
    """

    def __init__(self, page: Directory) -> None:
        self.width, self.height = page.number(tag.WIDTH, 0), page.number(tag.LENGTH, 0)
        self.compression = page.number(tag.COMPRESSION, 1)
        self.samples = page.number(tag.SAMPLES, 3 if self.compression == 6 else 1)  # 6: JPEG of the old style
        self.depths = set(page.numbers(tag.BITS, (1,))[: self.samples])
        self.forms = set(page.numbers(tag.SAMPLE_FORMAT, (1,))[: self.samples])
        self.bits, self.form = min(self.depths), min(self.forms)
        self.planes = self.samples if page.number(tag.PLANAR, 1) == 2 else 1
        self.is_tiled = tag.TILE_OFFSETS in page.tags or tag.TILE_WIDTH in page.tags
        if self.is_tiled:
            self.tile = page.number(tag.TILE_WIDTH, 0), page.number(tag.TILE_LENGTH, 0)
        else:
            self.tile = self.width, min(page.number(tag.ROWS_PER_STRIP, self.height), self.height)
        if min(*self.tile, self.width, self.height, self.samples) < 1:
            raise ValueError("it has no pixels")
        self.across, self.down = -(-self.width // self.tile[0]), -(-self.height // self.tile[1])

    @property
    def padded_size(self) -> tuple[int, int]:
        """(width, height) of what a decoder allocates: whole tiles."""
        return (self.across * self.tile[0], self.down * self.tile[1]) if self.is_tiled else (self.width, self.height)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of a tile, in one plane."""
        return -(-self.tile[0] * (self.samples // self.planes) * self.bits // 8)


def read_samples(data: bytes, page: Directory, label: str) -> Image.Image:
    """The picture of a page: L, LA, La, RGB, RGBA, RGBa or CMYK, not turned.

    Raises:
        PhotoError: it is stored in a way that is not read, or has values beyond black and white. The message begins
            with `label` and says what to do.
    """
    layout, photometric = Layout(page), page.number(tag.PHOTOMETRIC, 0)
    _refuse_unknown(layout, photometric, label)
    mode = _mode(layout.samples, photometric, page.numbers(tag.EXTRA_SAMPLES))
    bands = np.empty((len(mode), layout.height, layout.width), np.uint8)
    for plane in range(min(layout.planes, len(mode))):
        which = slice(plane, plane + 1) if layout.planes > 1 else slice(None)
        for top, raw in _blocks(data, page, layout, plane):
            values = _values(raw, page, layout)[:, : layout.width, : len(mode)]
            bands[which, top : top + len(raw)] = _eight_bits(values, layout, label).transpose(2, 0, 1)
    if photometric == 0:  # zero is white
        bands[0] = 255 - bands[0]
    return Image.merge(mode, [Image.fromarray(band) for band in bands])


def _refuse_unknown(layout: Layout, photometric: int, label: str) -> None:
    problem = ""
    if len(layout.depths) > 1 or len(layout.forms) > 1 or layout.bits not in _DEPTHS.get(layout.form, ()):
        form = {_SIGNED: "signed numbers", _FLOAT: "fractions"}.get(layout.form, "numbers")
        problem = f"its samples are {form} of {' and '.join(map(str, sorted(layout.depths)))} bits"
    elif layout.samples < _COLOURS.get(photometric, layout.samples + 1):
        problem = f"its colours are of kind {photometric} with {layout.samples} samples of {layout.bits} bits"
    elif layout.compression not in _BYTE_CODECS:
        problem = f"its samples of {layout.bits} bits have compression {layout.compression}"
    if problem:
        raise PhotoError(f"{label}: cannot decode this TIFF: {problem}, which is not read; {_ADVICE}")
    if layout.compression != _NONE and layout.row_bytes * layout.tile[1] > MAX_TILE_BYTES:
        raise PhotoError(f"{label}: is compressed in one piece of more than {MAX_TILE_BYTES:,} bytes; {_ADVICE}")


def _mode(samples: int, photometric: int, extra: tuple[int, ...]) -> str:
    """The Pillow mode; an alpha channel is only what the tag ExtraSamples says is one, or the fourth of RGB."""
    colours = _COLOURS[photometric]
    if colours in (4, samples):
        return {1: "L", 3: "RGB", 4: "CMYK"}[colours]
    kind = extra[0] if extra else 2 if colours == 3 else 0
    return ("L" if colours == 1 else "RGB") + {0: "", 1: "a"}.get(kind, "A")


def _blocks(data: bytes, page: Directory, layout: Layout, plane: int) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield (first row, (rows, bytes) uint8) of a plane from top to bottom, tiles side by side."""
    offsets, counts = (tag.TILE_OFFSETS, tag.TILE_COUNTS) if layout.is_tiled else (tag.STRIP_OFFSETS, tag.STRIP_COUNTS)
    many = layout.across * layout.down
    part = slice(plane * many, (plane + 1) * many)
    where, lengths = page.numbers(offsets, (), part), page.numbers(counts, (), part)
    height = layout.tile[1]
    if many == 1 and layout.compression == _NONE and not layout.is_tiled:  # cut it, also where its length is left out
        height = max(1, _BLOCK_BYTES // layout.row_bytes)
        tops = range(0, layout.height, height)
        where = tuple(start + top * layout.row_bytes for start in where for top in tops)
        lengths = tuple(min(height, layout.height - top) * layout.row_bytes for top in tops)
    if len(where) < many or len(lengths) != len(where) or max(map(sum, zip(where, lengths, strict=True))) > len(data):
        raise ValueError("image file is truncated")
    together = max(1, _BLOCK_BYTES // (layout.across * layout.row_bytes * height))
    for first in range(0, len(where) // layout.across, together):
        part = slice(first * layout.across, (first + together) * layout.across)
        rows = min(together * height, layout.height - first * height)
        fill_order = page.number(tag.FILL_ORDER, 1)
        yield first * height, _decompressed(data, layout, where[part], lengths[part], height, rows, fill_order)[:rows]


def _decompressed(
    data: bytes, layout: Layout, where: Sequence[int], lengths: Sequence[int], height: int, rows: int, fill_order: int
) -> npt.NDArray[np.uint8]:
    """Rows of tiles or strips of this height, as a grey picture of 8 bits."""
    most = 2 * layout.row_bytes * height + 65536  # of the bytes of a tile: tables may claim the whole file for each
    content = [data[start : start + min(length, most)] for start, length in zip(where, lengths, strict=True)]
    starts = list(itertools.accumulate(map(len, content), initial=8))
    offsets, counts = (tag.TILE_OFFSETS, tag.TILE_COUNTS) if layout.is_tiled else (tag.STRIP_OFFSETS, tag.STRIP_COUNTS)
    tags = {
        tag.WIDTH: [layout.across * layout.row_bytes],
        tag.LENGTH: [len(where) // layout.across * height if layout.is_tiled else rows],
        tag.BITS: [8], tag.COMPRESSION: [layout.compression], tag.PHOTOMETRIC: [1], tag.SAMPLES: [1],
        tag.FILL_ORDER: [fill_order], offsets: starts[:-1], counts: [len(each) for each in content],
    }  # fmt: skip
    tags |= {tag.TILE_WIDTH: [layout.row_bytes], tag.TILE_LENGTH: [height]} if layout.is_tiled else {}
    tags |= {} if layout.is_tiled else {tag.ROWS_PER_STRIP: [height]}
    image = _AsBytes(io.BytesIO(_file(b"".join(content), tags)))
    image.load()
    return np.asarray(image)


class _AsBytes(UnboundedTiff):
    def _setup(self) -> None:
        super()._setup()
        self.use_load_libtiff = True  # also where nothing is compressed
        self.tile = [self.tile[0]._replace(codec_name="libtiff", extents=(0, 0, *self.size), offset=0)]
        self.tile[0] = self.tile[0]._replace(args=(self.mode, False, self.tag_v2.offset))


def _file(content: bytes, tags: dict[int, list[int]]) -> bytes:
    """A little-endian TIFF file: the content begins at byte 8."""
    content += b"\0" * (len(content) % 2)
    at = 8 + len(content)
    entries, values, beyond = b"", b"", at + 2 + 12 * len(tags) + 4
    for number, given in sorted(tags.items()):
        packed = struct.pack(f"<{len(given)}I", *given)
        if len(packed) > 4:
            packed, values = struct.pack("<I", beyond + len(values)), values + packed
        entries += struct.pack("<HHI", number, 4, len(given)) + packed
    head = struct.pack("<2sHI", b"II", 42, at)
    return b"".join((head, content, struct.pack("<H", len(tags)), entries, bytes(4), values))


def _values(raw: npt.NDArray[np.uint8], page: Directory, layout: Layout) -> npt.NDArray[Any]:
    """Rows of bytes -> (rows, width of all tiles, samples), of the type of a sample in this machine's byte order."""
    together = layout.samples // layout.planes
    rows = raw.reshape(-1, layout.row_bytes)  # a row for each row of each tile
    predictor = page.number(tag.PREDICTOR, 1) if layout.compression in _WITH_PREDICTOR else 1
    size = layout.bits // 8
    if layout.bits not in (8, 16, 32, 64):
        bits = np.unpackbits(rows, axis=1, count=layout.tile[0] * together * layout.bits)
        weights = 1 << np.arange(layout.bits - 1, -1, -1, dtype=np.int32)
        values: npt.NDArray[Any] = bits.reshape(-1, layout.bits) @ weights
    elif predictor == 3:
        summed = rows.reshape(len(rows), -1, together).cumsum(axis=1, dtype=np.uint8)
        values = np.ascontiguousarray(summed.reshape(len(rows), size, -1).transpose(0, 2, 1)).view(f">f{size}")
    else:
        values = rows.view(f"{page.order}u{size}")
        if predictor == 2:
            native = np.dtype(f"u{size}")
            values = values.reshape(len(rows), -1, together).cumsum(axis=1, dtype=native)
        if layout.form == _FLOAT:
            values = values.astype(f"=u{size}").view(f"=f{size}")
        elif layout.form == _SIGNED:
            values = values.astype(f"=u{size}").view(f"=i{size}")
    return values.reshape(len(raw), -1, together)


def _eight_bits(values: npt.NDArray[Any], layout: Layout, label: str) -> npt.NDArray[np.uint8]:
    """White is 1 for fractions, 65,535 for whole numbers of 32 bits, otherwise the largest number there is."""
    if layout.bits <= 16 and layout.form == _UNSIGNED:
        return _table(layout.bits)[values]
    white = 1.0 if layout.form == _FLOAT else 65535.0
    darkest, brightest = values.min(), values.max()
    if not (darkest >= 0 and brightest <= white):  # written so that NaN is refused
        raise PhotoError(
            f"{label}: values from {darkest:g} to {brightest:g}, where black is 0 and white {white:g}; {_ADVICE}"
        )
    return np.rint(values * (255 / white)).astype(np.uint8)


@functools.cache
def _table(bits: int) -> npt.NDArray[np.uint8]:
    largest = 2**bits - 1
    return np.rint(np.arange(largest + 1) * (255 / largest)).astype(np.uint8)
