"""Where a photograph's file keeps its EXIF data: JPEG, TIFF and the RAW formats that are TIFF, HEIC, AVIF, CR3, PNG,
WebP, RAF.

EXIF data are a small TIFF file inside the file. Only the way to them is read, never the pixels, and no loop is longer
than a photograph needs: a damaged or hostile file costs no more than a good one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

Read: TypeAlias = Callable[
    [int, int], bytes
]  # offset in the file, length -> the bytes that are there, fewer at its end
Part: TypeAlias = tuple[bytes, int, int]  # name, start and end of the content of a chunk or box

MAX_PARTS = 10_000  # segments, chunks or boxes of one level that are passed; 60 MB of PNG have 7,500
MAX_ITEMS_BYTES = 2**20  # of the tables of items in a HEIC file; a grid of 100 tiles has 4,000
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")  # also of ORF and RW2
_EXIF = b"Exif\0\0"
_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")  # of the box in a CR3 that has metadata
_SOS, _EOI, _APP1 = 0xDA, 0xD9, 0xE1


class Block(NamedTuple):
    """A TIFF structure in a file: its offsets count from `start`, and nothing of it lies at `end` or later."""

    start: int
    end: int


def exif_blocks(read: Read, size: int) -> list[Block]:
    """The EXIF data of a file, empty if none are found. A CR3 has several: the camera's, then the shot's.

    Args:
        read: gives bytes of the file.
        size: of the file in bytes.
    """
    head = read(0, 16)
    found: list[Block] = []
    if head[:4] in _TIFF:
        found = [Block(0, size)]
    elif head[:2] == b"\xff\xd8":
        found = _in_jpeg(read, 0, size)
    elif head.startswith(b"FUJIFILMCCD-RAW"):  # a JPEG for the camera's screen has them
        start, length = struct.unpack(">II", read(84, 8).ljust(8, b"\0"))
        found = _in_jpeg(read, start, min(start + length, size))
    elif head[4:8] == b"ftyp":
        found = _in_cr3(read, size) if head[8:12] == b"crx " else _in_heif(read, size)
    elif head[:8] == b"\x89PNG\r\n\x1a\n":
        found = _first(_chunks(read, size, webp=False), b"eXIf", read)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        found = _first(_chunks(read, size, webp=True), b"EXIF", read)
    return found


def _in_jpeg(read: Read, start: int, end: int) -> list[Block]:
    at = start + 2
    for _ in range(MAX_PARTS):
        head = read(at, 10)
        if at + 4 > end or len(head) < 4 or head[0] != 0xFF or head[1] in (_SOS, _EOI):
            break
        if head[1] == 0xFF:  # filling
            at += 1
            continue
        after = at + 2 + int.from_bytes(head[2:4])
        if head[1] == _APP1 and head[4:] == _EXIF:
            return [Block(at + 10, min(after, end))]
        at = after
    return []


def _first(parts: Iterator[Part], wanted: bytes, read: Read) -> list[Block]:
    for name, start, end in parts:
        if name == wanted:
            return [Block(start + len(_EXIF) * (read(start, len(_EXIF)) == _EXIF), end)]
    return []


def _chunks(read: Read, size: int, *, webp: bool) -> Iterator[Part]:
    """Name, start and end of the content of each chunk of a PNG or a WebP."""
    at = 12 if webp else 8
    for _ in range(MAX_PARTS):
        head = read(at, 8)
        if len(head) < 8:
            return
        length, name = struct.unpack("<4sI", head)[::-1] if webp else struct.unpack(">I4s", head)
        yield name, at + 8, min(at + 8 + length, size)
        at += 8 + length + (length % 2 if webp else 4)  # padding, or a checksum


def _boxes(read: Read, at: int, end: int) -> Iterator[Part]:
    """Name, start and end of the content of each box of one level (ISO/IEC 14496-12)."""
    for _ in range(MAX_PARTS):
        head = read(at, 16)
        if at + 8 > end or len(head) < 8:
            return
        length, name = struct.unpack(">I4s", head[:8])
        start = at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:]), at + 16
        length = length or end - at  # 0: up to the end
        if at + length < start:
            return
        yield name, start, min(at + length, end)
        at += length


def _in_cr3(read: Read, size: int) -> list[Block]:
    for name, start, end in _boxes(read, 0, size):
        if name == b"moov":
            for inside, begin, stop in _boxes(read, start, end):
                if inside == b"uuid" and read(begin, 16) == _CANON:
                    found = {kind: Block(*place) for kind, *place in _boxes(read, begin + 16, stop)}
                    return [found[kind] for kind in (b"CMT1", b"CMT2") if kind in found]
    return []


def _in_heif(read: Read, size: int) -> list[Block]:
    meta = next((part for part in _boxes(read, 0, size) if part[0] == b"meta"), None)
    inside = {name: Block(*place) for name, *place in _boxes(read, meta[1] + 4, meta[2])} if meta else {}
    if b"iinf" not in inside or b"iloc" not in inside:
        return []
    item = _exif_item(_content(read, inside[b"iinf"]))
    place = _place_of(_content(read, inside[b"iloc"]), item, inside.get(b"idat", Block(0, 0)).start)
    if place is None:
        return []
    start = place.start + 4 + int.from_bytes(read(place.start, 4))  # the item begins with where the TIFF does
    return [Block(start, min(place.end, size))]


def _content(read: Read, block: Block) -> bytes:
    return read(block.start, min(block.end - block.start, MAX_ITEMS_BYTES))


def _exif_item(iinf: bytes) -> int | None:
    """Number of the item that has the EXIF data."""

    def inside(offset: int, length: int) -> bytes:
        return iinf[offset : offset + length]

    for name, start, end in _boxes(inside, 8 if iinf[0] else 6, len(iinf)):
        head = iinf[start:end]
        if name == b"infe" and len(head) >= 12:
            number = 4 if head[0] >= 3 else 2
            if head[6 + number : 10 + number] == b"Exif":
                return int.from_bytes(head[4 : 4 + number])
    return None


def _place_of(iloc: bytes, item: int | None, data: int) -> Block | None:
    """Where the first part of an item lies (ISO/IEC 14496-12, 8.11.3); `data` is the start of the box ``idat``."""
    version = iloc[0]
    sizes = iloc[4] >> 4, iloc[4] & 15, iloc[5] >> 4, iloc[5] & 15
    offset_size, length_size, base_size, index_size = sizes[0], sizes[1], sizes[2], sizes[3] if version else 0
    wide = 4 if version == 2 else 2
    at = 6

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(iloc):
            raise ValueError("the table of items is cut off")
        return int.from_bytes(iloc[at - size : at])

    for _ in range(number(wide)):
        current = number(wide)
        in_data = version > 0 and number(2) & 15 == 1
        number(2)  # of the file that has it: always this one
        base = number(base_size)
        for _ in range(number(2)):
            number(index_size)
            start = base + number(offset_size) + (data if in_data else 0)
            length = number(length_size)
            if current == item:
                return Block(start, start + length)
    return None
