"""The colours that the main picture of an AVIF or HEIC file is said to have (ISO/IEC 14496-12 and 23008-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from beholder.photos.encodings import Encoding, coded

_MAX_BOXES = 10_000  # of one level


def nclx_encoding(data: bytes) -> Encoding | None:
    """The encoding in the ``nclx`` property of the main picture, None if it has none or the file is broken.

    Range and matrix are not in it: the decoder undoes both.
    """
    try:
        meta = next((box for name, box in _boxes(memoryview(data)) if name == b"meta"), None)
        return None if meta is None else _of_main_picture(meta[4:])
    except (struct.error, IndexError):
        return None


def _of_main_picture(meta: memoryview) -> Encoding | None:
    inside = dict(_boxes(meta))
    wide = inside[b"pitm"][0] if b"pitm" in inside else 0
    if b"pitm" not in inside or b"iprp" not in inside:
        return None
    main = struct.unpack_from(">I" if wide else ">H", inside[b"pitm"], 4)[0]
    properties = dict(_boxes(inside[b"iprp"]))
    every = [content for _, content in _boxes(properties.get(b"ipco", memoryview(b"")))]
    names = [name for name, _ in _boxes(properties.get(b"ipco", memoryview(b"")))]
    for number in _associated(properties.get(b"ipma", memoryview(b"")), main):
        if 1 <= number <= len(every) and names[number - 1] == b"colr" and bytes(every[number - 1][:4]) == b"nclx":
            return coded(*struct.unpack_from(">HH", every[number - 1], 4))
    return None


def _associated(box: memoryview, item: int) -> Iterator[int]:
    """Numbers, from 1, of the properties of an item."""
    if len(box) < 8:
        return
    item_form = ">I" if box[0] else ">H"
    wide = box[3] & 1
    at = 8
    for _ in range(struct.unpack_from(">I", box, 4)[0]):
        current = struct.unpack_from(item_form, box, at)[0]
        at += struct.calcsize(item_form)
        count = box[at]
        at += 1
        for _ in range(count):
            number = struct.unpack_from(">H", box, at)[0] & 0x7FFF if wide else box[at] & 0x7F
            at += 2 if wide else 1
            if current == item:
                yield number


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield (name, content) of each box of one level."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(data):
            return
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:  # until the end
            size = len(data) - at
        if size < head:
            return
        yield name, data[at + head : at + size]
        at += size
