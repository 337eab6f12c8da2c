"""The values of chosen tags in a TIFF structure, where EXIF data and most RAW files keep them.

Only the first directory and the one for the shot are read, so there is no chain of directories to follow, and of each
value no more than makes sense.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import TypeAlias

from beholder.photos.containers.exif_blocks import Block, Read

Value: TypeAlias = str | tuple[float, ...]

MAX_ENTRIES = 2_000  # of a directory; cameras write up to 100
MAX_TEXT, MAX_NUMBERS = 200, 4  # characters and numbers that are kept of a value
_SHOT = 0x8769  # the tag with the offset of the directory for the shot
_FORMS = {
    1: "B",
    2: "s",
    3: "H",
    4: "I",
    5: "II",
    6: "b",
    8: "h",
    9: "i",
    10: "ii",
    11: "f",
    12: "d",
    13: "I",
    16: "Q",
    17: "q",
    18: "Q",
    129: "s",
}
_TEXTS, _RATIOS = (2, 129), (5, 10)


def exif_values(read: Read, block: Block, wanted: Collection[int]) -> dict[int, Value]:
    """Tag -> text, or its numbers; those of the shot's own directory go before those of the first.

    A ratio with a denominator of 0, and what lies outside of the block, is left out.

    Args:
        read: gives bytes of the file.
        block: where the TIFF structure lies.
        wanted: the tags.
    """

    def within(offset: int, length: int) -> bytes:
        start = block.start + offset
        return read(start, min(length, block.end - start)) if start < block.end else b""

    head = within(0, 16)
    if head[:2] not in (b"II", b"MM") or len(head) < 8:
        return {}
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(f"{order}H", head[2:4])[0] == 43
    first = struct.unpack(f"{order}Q", head[8:16])[0] if big else struct.unpack(f"{order}I", head[4:8])[0]
    found = _directory(within, first, order, {*wanted, _SHOT}, big=big)
    shot = found.pop(_SHOT, ())
    if shot and not isinstance(shot, str):
        found |= _directory(within, int(shot[0]), order, wanted, big=big)
    return found


def _directory(within: Read, offset: int, order: str, wanted: Collection[int], *, big: bool) -> dict[int, Value]:
    count_form, entry_form, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    counted = within(offset, struct.calcsize(f"={count_form}"))
    if len(counted) < struct.calcsize(f"={count_form}"):
        return {}
    size = struct.calcsize(f"={entry_form}") + inline
    count = min(struct.unpack(order + count_form, counted)[0], MAX_ENTRIES)
    entries = within(offset + len(counted), count * size)
    found: dict[int, Value] = {}
    for at in range(0, len(entries) - size + 1, size):
        tag, kind, number = struct.unpack_from(order + entry_form, entries, at)
        if tag in wanted and kind in _FORMS and number and tag not in found:
            length = struct.calcsize(f"={_FORMS[kind]}")
            field = entries[at + size - inline : at + size]
            kept = min(number, MAX_TEXT if kind in _TEXTS else MAX_NUMBERS)
            if number * length > inline:
                field = within(struct.unpack(order + ("Q" if big else "I"), field)[0], kept * length)
            value = _value(field[: kept * length], kind, order)
            if value:
                found[tag] = value
    return found


def _value(field: bytes, kind: int, order: str) -> Value | None:
    if kind in _TEXTS:
        return field.split(b"\0")[0].decode("utf-8", "replace").strip()
    parts = list(struct.iter_unpack(order + _FORMS[kind], field)) if len(field) % _size(kind) == 0 else []
    if kind in _RATIOS:
        parts = [(above / below,) for above, below in parts if below]
    return tuple(part[0] for part in parts)


def _size(kind: int) -> int:
    return struct.calcsize(f"={_FORMS[kind]}")
