"""Which rows a resumed file has, found by path or by content: about 100 bytes a row, however long its path is."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise

DIGEST_BYTES = 16
_KEY = os.urandom(16)  # no names can be chosen to fall into one slot
_FREE = 0  # in a slot; others hold the number of an entry, from 1
_LEAST_SLOTS = 1 << 10


class DigestTable:
    """Numbers digests of :data:`DIGEST_BYTES` bytes from 0, in the order in which they come.

    An open hash table in two arrays; a dict takes about 200 bytes an entry.
    """

    def __init__(self) -> None:
        self._digests = bytearray()
        self._slots = array("I", bytes(4 * _LEAST_SLOTS))

    def __len__(self) -> int:
        return len(self._digests) // DIGEST_BYTES

    def find(self, digest: bytes) -> int | None:
        """The number of a digest; None if it has none."""
        found = self._slots[self._slot_of(digest)]
        return None if found == _FREE else found - 1

    def add(self, digest: bytes) -> int:
        """The number of a digest, a new one if it has none."""
        slot = self._slot_of(digest)
        number = self._slots[slot]
        if number == _FREE:
            self._digests += digest
            number = self._slots[slot] = len(self)
            if 3 * number > 2 * len(self._slots):
                self._grow()
        return number - 1

    def _slot_of(self, digest: bytes) -> int:
        """The slot of a digest, or the free one where it belongs."""
        slots = self._slots
        last = len(slots) - 1
        slot = int.from_bytes(digest[:8]) & last
        while (number := slots[slot]) != _FREE:
            end = number * DIGEST_BYTES
            if self._digests[end - DIGEST_BYTES : end] == digest:
                break
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        slots = array("I", bytes(8 * len(self._slots)))
        last = len(slots) - 1
        for number in range(1, len(self) + 1):
            start = (number - 1) * DIGEST_BYTES
            slot = int.from_bytes(self._digests[start : start + 8]) & last
            while slots[slot] != _FREE:
                slot = (slot + 1) & last
            slots[slot] = number
        self._slots = slots  # in one step: other threads may be searching


class RowIndex:
    """The latest row of each path, and where each content is found.

    A row has a number, by its path. It is *valid* for a content where it need not be computed again. Threads may search
    while one of them adds.
    """

    def __init__(self) -> None:
        self._paths, self._contents = DigestTable(), DigestTable()
        self._places, self._lengths = array("q"), array("I")  # of the row in the file, bytes
        self._content_of = array("I")  # row of an earlier run -> number of its content, from 1; 0 for none
        self._valid = bytearray()  # row -> whether it is
        # Content -> its latest valid row. Kept apart, because a path may get a new row while the old one is wanted.
        self._valid_places, self._valid_lengths = array("q"), array("I")
        self._present = bytearray()  # content -> whether it is among the rows of this run
        self._order = array("I")  # rows in the order of this run

    def put(self, path: str, place: int, length: int) -> int:
        """Note the place of the latest row of a path, which is valid for no content; returns the number of the row."""
        row = self._paths.add(_digest(path))
        if row == len(self._places):
            for each in (self._places, self._lengths, self._content_of, self._valid):
                each.append(0)
        self._places[row], self._lengths[row], self._content_of[row], self._valid[row] = place, length, 0, False
        return row

    def put_earlier(self, path: str, place: int, length: int, sha256: str, *, valid: bool) -> None:
        """Note a row of an earlier run, with its content, by which it is found under another path too."""
        row = self.put(path, place, length)
        if not sha256:
            return
        content = self._contents.add(_content(sha256))
        if content == len(self._present):
            for each in (self._present, self._valid_places, self._valid_lengths):
                each.append(0)
        self._content_of[row], self._valid[row] = content + 1, valid
        if valid:
            self._valid_places[content], self._valid_lengths[content] = place, length

    def of_path(self, path: str) -> int | None:
        """The row of a path; None if it has none."""
        return self._paths.find(_digest(path))

    def valid_place(self, path: str, sha256: str) -> tuple[int, int] | None:
        """Offset and length of a row that is valid for this content: that of the path if it is, else another one."""
        content = self._contents.find(_content(sha256))
        if content is None:
            return None
        row = self.of_path(path)
        if row is not None and self._valid[row] and self._content_of[row] == content + 1:
            return self.place(row)
        length = self._valid_lengths[content]
        return (self._valid_places[content], length) if length else None

    def place(self, row: int) -> tuple[int, int]:
        """Offset and length of a row in the file."""
        return self._places[row], self._lengths[row]

    def next_in_order(self, row: int, sha256: str) -> None:
        """Put a row of this content next in the order of this run."""
        self._order.append(row)
        content = self._contents.find(_content(sha256))
        if content is not None:
            self._present[content] = True

    def final(self, is_gone: Callable[[int], bool]) -> tuple[Iterator[tuple[int, int]], int, bool]:
        """The rows of the finished file: those of this run first, then what is left.

        A row that is left has moved, and goes, if its content is among the rows of this run and its photograph is gone.

        Args:
            is_gone: row -> whether there is no file at its path any more.

        Returns:
            Their places, how many they are, and whether they stand in the file in this order.
        """
        done = bytearray(len(self._places))
        order = array("I")
        for row in self._order:
            if not done[row]:
                done[row] = True
                order.append(row)
        for row, seen in enumerate(done):
            content = self._content_of[row]
            if not seen and not (content and self._present[content - 1] and is_gone(row)):
                order.append(row)
        rising = all(self._places[a] < self._places[b] for a, b in pairwise(order))
        return map(self.place, order), len(order), rising


def _digest(path: str) -> bytes:
    return hashlib.blake2b(path.encode(), digest_size=DIGEST_BYTES, key=_KEY).digest()


def _content(sha256: str) -> bytes:
    return bytes.fromhex(sha256)[:DIGEST_BYTES]
