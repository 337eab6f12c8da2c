"""Samples of a TIFF page in the depths and orders that Pillow reads wrongly or not at all.

libtiff, which is inside Pillow, takes the compression away: the page is described to it anew, as a picture of single
bytes, as wide as a row of the page has bytes. What the bytes mean is decided here: byte order, bits per sample, planes,
predictor, tiles.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from beholder.errors import PhotoError
from beholder.photos import tiff_directory as tag
from beholder.photos.tiff_directory import Directory

MAX_SAMPLE_BYTES = 2 * 1024**3  # of all samples of a page
_BLOCK_BYTES = 4 * 1024**2  # rows are converted in blocks of about this size, so that few bytes are held twice
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
    step = max(1, _BLOCK_BYTES // (layout.across * layout.row_bytes))
    for plane in range(min(layout.planes, len(mode))):
        which = slice(plane, plane + 1) if layout.planes > 1 else slice(None)
        raw = np.asarray(_decompressed(data, page, layout, plane))  # (rows, bytes) uint8
        for top in range(0, layout.height, step):
            rows = slice(top, min(top + step, layout.height))
            values = _values(raw[rows], page, layout)[:, : layout.width, : len(mode)]
            bands[which, rows] = _eight_bits(values, layout, label).transpose(2, 0, 1)
        del raw
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
    if layout.planes * layout.row_bytes * layout.across * layout.height > MAX_SAMPLE_BYTES:
        raise PhotoError(f"{label}: has more than {MAX_SAMPLE_BYTES:,} bytes of samples; {_ADVICE}, or reduce it")


def _mode(samples: int, photometric: int, extra: tuple[int, ...]) -> str:
    """The Pillow mode; an alpha channel is only what the tag ExtraSamples says is one, or the fourth of RGB."""
    colours = _COLOURS[photometric]
    if colours in (4, samples):
        return {1: "L", 3: "RGB", 4: "CMYK"}[colours]
    kind = extra[0] if extra else 2 if colours == 3 else 0
    return ("L" if colours == 1 else "RGB") + {0: "", 1: "a"}.get(kind, "A")


def _decompressed(data: bytes, page: Directory, layout: Layout, plane: int) -> Image.Image:
    """The bytes of a plane, tiles side by side, as a grey picture of 8 bits."""
    offsets, counts = (tag.TILE_OFFSETS, tag.TILE_COUNTS) if layout.is_tiled else (tag.STRIP_OFFSETS, tag.STRIP_COUNTS)
    many = layout.across * layout.down
    part = slice(plane * many, (plane + 1) * many)
    where, lengths = page.numbers(offsets, (), part), page.numbers(counts, (), part)
    if not lengths and many == 1 and layout.compression == _NONE:  # left out by some old programs
        lengths = (layout.row_bytes * layout.height,)
    if len(where) != many or len(lengths) != many or max(map(sum, zip(where, lengths, strict=True))) > len(data):
        raise ValueError("image file is truncated")
    tags = {
        tag.WIDTH: (layout.across * layout.row_bytes,),
        tag.LENGTH: (layout.down * layout.tile[1] if layout.is_tiled else layout.height,),
        tag.BITS: (8,), tag.COMPRESSION: (layout.compression,), tag.PHOTOMETRIC: (1,), tag.SAMPLES: (1,),
        tag.FILL_ORDER: (page.number(tag.FILL_ORDER, 1),), offsets: where, counts: lengths,
    }  # fmt: skip
    if layout.is_tiled:
        tags |= {tag.TILE_WIDTH: (layout.row_bytes,), tag.TILE_LENGTH: (layout.tile[1],)}
    else:
        tags[tag.ROWS_PER_STRIP] = (layout.tile[1],)
    image = _AsBytes(io.BytesIO(_with_directory(data, tags)))
    image.load()
    return image


class _AsBytes(UnboundedTiff):
    def _setup(self) -> None:
        super()._setup()
        self.use_load_libtiff = True  # also where nothing is compressed
        self.tile = [self.tile[0]._replace(codec_name="libtiff", extents=(0, 0, *self.size), offset=0)]
        self.tile[0] = self.tile[0]._replace(args=(self.mode, False, self.tag_v2.offset))


def _with_directory(data: bytes, tags: dict[int, tuple[int, ...]]) -> bytes:
    """The file with another first page: little-endian, its directory at the end."""
    padding = b"\0" * (len(data) % 2)
    at = len(data) + len(padding)
    entries, values, beyond = b"", b"", at + 2 + 12 * len(tags) + 4
    for number, given in sorted(tags.items()):
        content = struct.pack(f"<{len(given)}I", *given)
        if len(content) > 4:
            content, values = struct.pack("<I", beyond + len(values)), values + content
        entries += struct.pack("<HHI", number, 4, len(given)) + content
    head = struct.pack("<2sHI", b"II", 42, at)
    return b"".join((head, data[8:], padding, struct.pack("<H", len(tags)), entries, bytes(4), values))


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
        largest = 2**layout.bits - 1
        return np.rint(np.arange(largest + 1) * (255 / largest)).astype(np.uint8)[values]
    white = 1.0 if layout.form == _FLOAT else 65535.0
    darkest, brightest = values.min(), values.max()
    if not (darkest >= 0 and brightest <= white):  # written so that NaN is refused
        raise PhotoError(
            f"{label}: values from {darkest:g} to {brightest:g}, where black is 0 and white {white:g}; {_ADVICE}"
        )
    return np.rint(values * (255 / white)).astype(np.uint8)
