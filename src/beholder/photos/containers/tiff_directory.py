"""The pages of a TIFF file and the tags of each, in any byte order, classic or BigTIFF."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Order: TypeAlias = Literal["<", ">"]

MAX_PAGES = 1000  # that are looked at; the photograph is among the first few
WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS, EXTRA_SAMPLES, SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339
SUBFILE, OLD_SUBFILE, ORIENTATION, SUB_DIRECTORIES, ICC_PROFILE = 254, 255, 274, 330, 34675
EXIF, DNG_VERSION, COLOUR_SPACE, INTEROPERABILITY, INTEROPERABILITY_INDEX = 34665, 50706, 0xA001, 0xA005, 1
_READ = {
    WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS,
    PLANAR, PREDICTOR, TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS, EXTRA_SAMPLES, SAMPLE_FORMAT, SUBFILE,
    OLD_SUBFILE, ORIENTATION, SUB_DIRECTORIES, ICC_PROFILE, EXIF, DNG_VERSION, COLOUR_SPACE, INTEROPERABILITY,
    INTEROPERABILITY_INDEX,
}  # fmt: skip
_TYPES = {
    1: "u1",
    2: "S1",
    3: "u2",
    4: "u4",
    6: "i1",
    7: "S1",
    8: "i2",
    9: "i4",
    13: "u4",
    16: "u8",
    17: "i8",
    18: "u8",
}
_FIRST = slice(64)  # more than a tag has that is not a table of tiles
_REDUCED, _MASK = 1, 4  # bits of the tag NewSubfileType


@dataclass(frozen=True)
class Directory:
    """One page.

    Attributes:
        tags: number of a tag -> its values, an array of whole numbers or of single bytes; only tags that are used here.
        order: byte order of the samples, ``<`` or ``>``.
    """

    tags: dict[int, npt.NDArray[Any]]
    order: Order

    def numbers(self, tag: int, default: tuple[int, ...] = (), part: slice = _FIRST) -> tuple[int, ...]:
        """A part of the values of a tag as whole numbers, `default` where it is missing or holds none."""
        values = self.tags.get(tag)
        if values is None or values.dtype.kind == "S" or not len(values):
            return default
        return tuple(values[part].tolist())

    def number(self, tag: int, default: int) -> int:
        """The first value of a tag."""
        return self.numbers(tag, (default,))[0]

    def content(self, tag: int) -> bytes:
        """The bytes of a tag, empty where it is missing."""
        values = self.tags.get(tag)
        return b"" if values is None else values.tobytes()

    @property
    def is_whole(self) -> bool:
        """Whether it is a picture of its own: not a smaller version of another page, and not its mask."""
        return not self.number(SUBFILE, 0) & (_REDUCED | _MASK) and self.number(OLD_SUBFILE, 1) != 2


def directories(data: bytes) -> list[Directory]:
    """The pages of a TIFF file, first to last; empty if it has none.

    Raises:
        ValueError: it is not a TIFF file.
    """
    order, big = _header(data)
    offset = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)[0]
    found: list[Directory] = []
    seen: set[int] = set()
    while offset and offset not in seen and len(found) < MAX_PAGES:
        seen.add(offset)
        page = _directory(data, order, offset, big=big)
        if page is None:
            break
        found.append(page[0])
        offset = page[1]
    return found


def is_adobe_rgb(data: bytes, page: Directory) -> bool:
    """Whether the EXIF data of a page say Adobe RGB."""
    order, big = _header(data)
    exif = _directory(data, order, page.number(EXIF, 0), big=big)
    if exif is None:
        return False
    interoperability = _directory(data, order, exif[0].number(INTEROPERABILITY, 0), big=big)
    index = interoperability[0].content(INTEROPERABILITY_INDEX) if interoperability else b""
    return exif[0].number(COLOUR_SPACE, 1) == 2 or index.startswith(b"R03")


def _header(data: bytes) -> tuple[Order, bool]:
    if data[:2] not in (b"II", b"MM") or len(data) < 16:
        raise ValueError("the header is broken")
    order: Order = "<" if data[:2] == b"II" else ">"
    return order, struct.unpack_from(f"{order}H", data, 2)[0] == 43


def _directory(data: bytes, order: Order, offset: int, *, big: bool) -> tuple[Directory, int] | None:
    """A page and the offset of the next one; None if it lies outside the file."""
    count_form, entry_form, next_form = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    inline, start = (8, offset + 8) if big else (4, offset + 2)
    size = struct.calcsize("=" + entry_form) + inline
    if not 8 <= offset < len(data) - struct.calcsize("=" + count_form):
        return None
    count = struct.unpack_from(order + count_form, data, offset)[0]
    tags: dict[int, npt.NDArray[Any]] = {}
    for at in range(start, min(start + count * size, len(data) - size + 1), size):
        tag, kind, number = struct.unpack_from(order + entry_form, data, at)
        if tag not in _READ or kind not in _TYPES or tag in tags:
            continue
        form = np.dtype(_TYPES[kind]).newbyteorder(order)
        value = at + size - inline
        if number * form.itemsize > inline:
            value = struct.unpack_from(order + next_form, data, value)[0]
        if value + number * form.itemsize <= len(data):
            tags[tag] = np.frombuffer(data, form, number, value)
    end = start + count * size
    following = struct.unpack_from(order + next_form, data, end)[0] if end + inline <= len(data) else 0
    return Directory(tags, order), following
