"""What a HEIC file asks of its decoder: how many pixels its tiles have together, read from its boxes.

A large HEIC picture is a grid of tiles. libheif decodes each tile as often as it is named, so that 5 KB can name one
tile of 4 megapixels 900 times, for a picture of 64 x 64. (libavif, for AVIF, does not allow that.)
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator

from beholder.errors import PhotoError
from beholder.photos import memory

MAX_ITEMS = 65_536  # boxes in a box, or items with properties; libheif stops earlier


def check_tiles(data: bytes, label: str) -> None:
    """Raise PhotoError if the tiles of one picture have more than twice the pixels that a photograph may have.

    Boxes that cannot be understood say nothing; libheif refuses them.
    """
    for kind, meta in _boxes(memoryview(data)):
        try:
            pixels = _most_pixels(meta[4:]) if kind == b"meta" else 0
        except (KeyError, IndexError, RecursionError, struct.error):
            continue
        if pixels > 2 * memory.MAX_PIXELS:
            raise PhotoError(
                f"{label}: the tiles of this HEIC have {pixels:,} pixels together, more than the"
                f" {2 * memory.MAX_PIXELS:,} that are read; open it in a photo editor and save it again"
            )


def _most_pixels(meta: memoryview) -> int:
    """Of all pictures in the file, how many pixels are decoded for the one that needs most."""
    boxes = dict(_boxes(meta))
    areas, tiles = _areas(boxes[b"iprp"]), _tiles(boxes[b"iref"])

    @functools.cache
    def pixels(item: int) -> int:
        return sum(map(pixels, tiles[item])) if item in tiles else areas.get(item, 0)

    return max(map(pixels, tiles), default=0)


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Type and content of each box."""
    at = 0
    for _ in range(MAX_ITEMS):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        head = 16 if length == 1 else 8
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        length = length or len(data) - at  # 0: up to the end
        if length < head:
            return
        yield kind, data[at + head : at + length]
        at += length


def _areas(iprp: memoryview) -> dict[int, int]:
    """Item -> pixels, by the property `ispe` that is associated with it."""
    boxes = dict(_boxes(iprp))
    properties = [(b"", iprp), *_boxes(boxes[b"ipco"])]  # counted from 1
    content = boxes[b"ipma"]
    wide = content[3] & 1
    areas: dict[int, int] = {}
    at = 8
    for _ in range(min(MAX_ITEMS, *struct.unpack_from(">I", content, 4))):
        item, count = struct.unpack_from(">IB" if content[0] else ">HB", content, at)
        at += 5 if content[0] else 3
        for index in struct.unpack_from(f">{count}{'H' if wide else 'B'}", content, at):
            kind, ispe = properties[index & (0x7FFF if wide else 0x7F)]  # the first bit: it is essential
            if kind == b"ispe":
                width, height = struct.unpack_from(">II", ispe, 4)
                areas[item] = max(areas.get(item, 0), width * height)
        at += count * (2 if wide else 1)
    return areas


def _tiles(iref: memoryview) -> dict[int, tuple[int, ...]]:
    """Item -> the items that it is made of, as often as they are named."""
    form = "I" if iref[0] else "H"
    tiles: dict[int, tuple[int, ...]] = {}
    for kind, content in _boxes(iref[4:]):
        if kind == b"dimg":
            item, count = struct.unpack_from(f">{form}H", content)
            tiles[item] = struct.unpack_from(f">{count}{form}", content, struct.calcsize(f">{form}H"))
    return tiles
