"""Why rows could not be scored, counted in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from beholder.text import cut, printable

MAX_REASONS = 50  # that are listed; more are only counted
KEPT = 10  # of a unit, the most frequent
MAX_LENGTH = 300  # characters of a reason


class Reason(NamedTuple):
    """A reason, how many rows have it, and the first of them."""

    text: str
    rows: int
    example: str


@dataclass
class Reasons:
    """Failures counted by reason.

    >>> reasons = Reasons()
    >>> for name in ("a.heic", "b.heic"):
    ...     reasons.add("00000", name, f"{name}: needs a package")
    >>> reasons.add("00001", "c.jpg", "c.jpg: is empty")
    >>> reasons.lines()
    ['needs a package: 2 rows (the first: 00000/a.heic)', '00001/c.jpg: is empty']
    """

    _found: dict[str, tuple[int, str]] = field(default_factory=dict)
    _others: int = 0

    def add(self, unit: str, path: str, error: str) -> None:
        """Count a failure of a row of a unit; ``error`` may begin with the path."""
        name = printable(path)
        reason = cut(error.removeprefix(f"{name}: ").removeprefix(f"{path}: "), MAX_LENGTH)
        self.add_all([Reason(reason, 1, f"{printable(unit)}/{name}")])

    def add_all(self, reasons: Iterable[Reason]) -> None:
        """Count failures that were counted elsewhere."""
        for text, count, example in reasons:
            if text in self._found or len(self._found) < MAX_REASONS:
                before, first = self._found.get(text, (0, example))
                self._found[text] = (before + count, first)
            else:
                self._others += count

    def most(self) -> tuple[Reason, ...]:
        """The most frequent reasons, at most :data:`KEPT`."""
        found = sorted(self._found.items(), key=lambda item: -item[1][0])
        return tuple(Reason(text, count, example) for text, (count, example) in found[:KEPT])

    def lines(self) -> list[str]:
        """A line for each of the most frequent reasons, and one for how many others there are."""
        shown = self.most()
        others = self._others + sum(count for count, _ in self._found.values()) - sum(each.rows for each in shown)
        lines = [
            f"{example}: {text}" if count == 1 else f"{text}: {count:,} rows (the first: {example})"
            for text, count, example in shown
        ]
        return lines + ([f"other reasons: {others:,} rows"] if others else [])
