"""Where scores may be kept beyond one table, so that a photograph is scored once by whatever command."""

from __future__ import annotations

from typing import Protocol

from beholder.output.rows import Row
from beholder.scoring.batch import Result


class ScoreStore(Protocol):
    """Scores of photographs by their content, for one model and one set of columns."""

    def knows(self, path: str, sha256: str) -> bool:
        """Whether there are scores of this content; called in threads that decode."""

    def row(self, path: str, sha256: str) -> Row:
        """The row of a content that the store knows, under this path."""

    def keep(self, result: Result, row: Row) -> None:
        """Keep a result that has scores, and its row."""
