"""Scores in a state file as other commands use them: what `review` scored they do not score again, nor the reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from beholder.culling.cull import captured_text
from beholder.culling.shoot import Shot, subject_map, unit
from beholder.output.rows import Row, columns_of
from beholder.photos.metadata import read_metadata
from beholder.reviewing.state import Known, State, stamp
from beholder.scoring.batch import Result
from beholder.scoring.extra_columns import model_extras
from beholder.scoring.scorer import Scorer

if TYPE_CHECKING:
    from beholder.output.rows import Columns


class ScoredOnce:
    """The scores of one model in a state file.

    Args:
        state: is open.
        scorer: the model.
        columns: of the rows that are wanted.
        reads: whether scores that are there are taken. With what is added to scores by a file of the user, such as a
            taste, they are not: they would differ in the last digits.
    """

    def __init__(self, state: State, scorer: Scorer, columns: Columns, *, reads: bool = True) -> None:
        self._state, self._model, self._columns, self._reads = state, scorer.id, columns, reads
        self._kept = tuple(columns_of(scorer.info.tasks, model_extras(scorer.info)))

    def knows(self, path: str, sha256: str) -> bool:
        """Whether there are scores of this content."""
        return self._reads and self._state.scores(sha256, self._model, path) is not None

    def row(self, path: str, sha256: str) -> Row:
        """The row of a content that is known."""
        return self.shot(path, sha256).row

    def shot(self, path: str, sha256: str) -> Shot:
        """The shot of a content that is known."""
        known = self._state.scores(sha256, self._model, path)
        assert known is not None  # nothing is ever taken out
        row: Row = dict.fromkeys(self._columns) | {
            name: value for name, value in known.shot.row.items() if name in self._columns
        }
        return Shot(path, row, known.shot.embedding, known.shot.subject)

    def keep(self, result: Result, row: Row) -> None:
        """Keep a result that has scores, and where the photograph is."""
        assert result.scores is not None
        embedding = result.scores.embedding[0]
        own = {name: row[name] for name in self._kept} | {"model": self._model}
        shot = Shot(result.path, own, unit(embedding), subject_map(result.scores))
        length = float(np.linalg.norm(embedding.astype(np.float32)))
        self._state.keep_scores(Known(shot, result.scores.values[0].astype(np.float32), length), self._model)
        try:
            at = stamp(result.path)
        except OSError:
            return
        about = read_metadata(result.path)
        self._state.saw(result.path, result.sha256, captured_text(about), about.camera or "", at)
