"""Where the outputs of a run go: the pattern of ``--out``, and what lies beside each table."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.output.formats import FORMATS, in_words
from beholder.text import printable

UNIT = "{unit}"
PLAN = "units.json"


@dataclass(frozen=True)
class Places:
    """The outputs of a run: a table for each unit, or one table for its only unit.

    Attributes:
        pattern: a local path or a URL. ``{unit}`` stands for the name of a unit.

    >>> places = Places("s3://scores/laion/{unit}.csv")
    >>> places.table("00000"), places.done("00000")
    ('s3://scores/laion/00000.csv', 's3://scores/laion/00000.done.json')
    >>> places.embeddings("00000"), places.plan, places.suffix
    ('s3://scores/laion/00000.npy', 's3://scores/laion/units.json', '.csv')
    """

    pattern: str

    def __post_init__(self) -> None:
        if self.suffix not in FORMATS:
            name = printable(self.pattern)
            raise BeholderError(f"{name}: unknown extension {self.suffix!r}; use {in_words(tuple(FORMATS))}")

    @property
    def suffix(self) -> str:
        """Of the tables: a key of :data:`beholder.output.formats.FORMATS`."""
        return posixpath.splitext(self.pattern)[1].lower()

    @property
    def many(self) -> bool:
        """Whether each unit has a table of its own."""
        return UNIT in self.pattern

    @property
    def folder(self) -> str:
        """The part of the pattern that is the same for all units; empty, or it ends with a slash."""
        before = self.pattern.partition(UNIT)[0]
        return before[: before.rfind("/") + 1]

    @property
    def plan(self) -> str | None:
        """The list of all units of the run; None for one table, which needs none."""
        return self.folder + PLAN if self.many else None

    def table(self, unit: str) -> str:
        return self.pattern.replace(UNIT, unit)

    def done(self, unit: str) -> str:
        """What says that a table is whole, and what it was made from."""
        return self._beside(unit, ".done.json")

    def embeddings(self, unit: str) -> str:
        """The embeddings beside a table that has no column for them."""
        return self._beside(unit, ".npy")

    def _beside(self, unit: str, suffix: str) -> str:
        return posixpath.splitext(self.table(unit))[0] + suffix
