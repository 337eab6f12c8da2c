"""The best rows, ranked, and a JSON array of rows."""

from __future__ import annotations

import heapq
import sys
from typing import Any

from beholder.output.rows import Row
from beholder.tasks import UNLIKE
from beholder.text import json_text


class Ranked:
    """The best rows so far by one column, highest first; by ``path`` in alphabetical order.

    Rows with an error come last. It counts the rows that it has seen, and those of pictures unlike what was rated.

    Args:
        by: the column.
        limit: rows to keep in memory, all if None.
        with_errors: whether photographs that could not be scored have a place.
    """

    def __init__(self, by: str, limit: int | None, *, with_errors: bool = True) -> None:
        self.by, self.limit, self.with_errors, self.seen = by, limit, with_errors, 0
        self.unlike = 0
        self._heap: list[tuple[bool, Any, int, Row]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, row: Row) -> None:
        """Take a row into account."""
        if row["error"] and not self.with_errors:
            return
        self.seen += 1
        self.unlike += bool(row.get(UNLIKE))
        rank = _Reversed(row["path"]) if self.by == "path" else row[self.by] or 0
        item = (not row["error"], rank, -self.seen, row)
        if self.limit is None or len(self._heap) < self.limit:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    def rows(self) -> list[tuple[int, Row]]:
        """(rank, row) of the best rows, from 1."""
        ordered = sorted(self._heap, key=lambda item: item[:3], reverse=True)
        return [(place, row) for place, (*_, row) in enumerate(ordered, 1)]


class _Reversed(str):
    """Text that sorts backwards."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class JsonArray:
    """A JSON array on standard output, written one row a line as the rows come; valid also after an error."""

    def __init__(self) -> None:
        self._file, self._empty = sys.stdout, True  # as it is now: a progress bar replaces it by its own

    def __enter__(self) -> JsonArray:
        return self

    def add(self, row: Row) -> None:
        """Write a row."""
        self._file.write(("[\n" if self._empty else ",\n") + json_text(row))
        self._empty = False

    def __exit__(self, *_: object) -> None:
        self._file.write("[]\n" if self._empty else "\n]\n")
