"""Names by the million in little memory: in natural order, and each once.

As Python objects the names of 5 million photographs take over a gigabyte. Here they wait compressed, in sorted parts,
and a name that was seen is remembered by 8 bytes.
"""

import heapq
import os
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice

PART = 100_000  # names that are sorted at once: 30 MB while they are
_BLOCK = 1_000  # names that are unpacked at once
_NUMBER = re.compile("0*([0-9]+)")


def natural_key(name: str) -> str:
    """Sort key that orders IMG_9 before IMG_10: each number is preceded by its count of digits.

    >>> sorted(["IMG_10", "IMG_9"], key=natural_key)
    ['IMG_9', 'IMG_10']
    """
    return _NUMBER.sub(lambda number: f"{len(number[1]):03}{number[1]}", name) + "\0" + name


def _key(name: str) -> str:
    return natural_key(name.removesuffix("/"))


def sort_names(names: Iterable[str]) -> Iterator[str]:
    """File names in natural order. A slash at the end of a name, which marks a folder, does not change its place.

    Args:
        names: are read at once. None of them holds a NUL, as no file name does.

    >>> list(sort_names(["IMG_10.jpg", "IMG_9/"]))
    ['IMG_9/', 'IMG_10.jpg']
    """
    source = iter(names)
    first = sorted(islice(source, PART), key=_key)
    packed = []
    while part := sorted(islice(source, PART), key=_key):
        packed.append([zlib.compress(os.fsencode("\0".join(block)), 1) for block in _blocks(part)])
    return heapq.merge(first, *map(_unpack, packed), key=_key) if packed else iter(first)


def _blocks(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _BLOCK):
        yield names[start : start + _BLOCK]


def _unpack(part: list[bytes]) -> Iterator[str]:
    for block in part:
        yield from os.fsdecode(zlib.decompress(block)).split("\0")


class Seen:
    """A set of texts that can only grow, with 12 to 24 bytes a text however long it is.

    It keeps 64 bits of Python's keyed hash of a text: two of 5 million share them with a chance of one in a million.

    >>> seen = Seen()
    >>> seen.add("a.jpg"), seen.add("a.jpg"), "a.jpg" in seen, "b.jpg" in seen
    (True, False, True, False)
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))  # a hash table with open addressing; 0 is an empty slot
        self._used = 0

    def add(self, text: str) -> bool:
        """Whether the text is new; from now on it is not."""
        value = _hash(text)
        place = self._place(value)
        if self._slots[place]:
            return False
        self._slots[place] = value
        self._used += 1
        if 3 * self._used > 2 * len(self._slots):
            self._grow()
        return True

    def __contains__(self, text: str) -> bool:
        return self._slots[self._place(_hash(text))] != 0

    def _place(self, value: int) -> int:
        """The slot of a value, or the empty one where it belongs."""
        slots, last = self._slots, len(self._slots) - 1
        place = value & last
        while slots[place] not in (0, value):
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        values, self._slots = self._slots, array("Q", bytes(16 * len(self._slots)))
        for value in values:
            if value:
                self._slots[self._place(value)] = value


def _hash(text: str) -> int:
    return hash(text) & 0xFFFF_FFFF_FFFF_FFFF or 1
