"""What the operators share: a batch of pictures -> columns of scores, with one scorer a process."""

from __future__ import annotations

import os
import pickle
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.output.score_columns import EMBEDDING, column_kinds, score_columns
from beholder.scoring.batch import batch_threads
from beholder.scoring.scorer import Scorer

_SCORERS: dict[bytes, Scorer] = {}  # of this process, by how they are packed


class BatchScorer:
    """Scores batches of pictures. It is small when pickled: another process opens the same model, once.

    Args:
        model: a scorer, a model file, or the name of an embedded model; None for the default model.
        fields: the scores that are wanted; None for all. Width, height, model, sha256 and error are always there.
        embeddings: also give the column ``embedding``, float16.
        threads: for decoding, and for the model; by default one per core that the process may use. With N processes
            on one machine give a share of its cores.
        prefix: before the name of each column.

    Attributes:
        id: name and content hash of the model file.
        kinds: the columns, without the embedding: name -> str, int or float, in order.
        embedding: name of the column of embeddings; None without.

    Raises:
        BeholderError: the model cannot be opened, or has no such field.

    >>> score = BatchScorer("fast", fields=["overall"], prefix="beholder_")
    >>> list(score.kinds)[:2], score(["examples/photos/rocket.jpg", None])["beholder_error"]
    (['beholder_overall', 'beholder_width'], ['', 'has no picture'])
    """

    def __init__(
        self,
        model: Scorer | str | os.PathLike[str] | None = None,
        *,
        fields: Iterable[str] | None = None,
        embeddings: bool = False,
        threads: int | None = None,
        prefix: str = "",
    ) -> None:
        scorer = model if isinstance(model, Scorer) else Scorer(model, batch_threads(threads))
        self.fields = None if fields is None else tuple(fields)
        self.kinds = {prefix + name: kind for name, kind in column_kinds(scorer, self.fields).items()}
        self.embedding = prefix + EMBEDDING if embeddings else None
        self.id = scorer.id
        self.threads, self.prefix = threads, prefix
        self._packed = pickle.dumps(scorer)
        _SCORERS.setdefault(self._packed, scorer)

    @property
    def scorer(self) -> Scorer:
        """The scorer of this process, opened when it is first asked for."""
        if self._packed not in _SCORERS:
            _SCORERS[self._packed] = pickle.loads(self._packed)
        return _SCORERS[self._packed]

    def __call__(self, pictures: Iterable[Any]) -> dict[str, list[Any] | np.ndarray]:
        """Columns of N values, in the order of N pictures; see :func:`beholder.output.score_columns.score_columns`."""
        embeddings = self.embedding is not None
        columns = score_columns(self.scorer, pictures, fields=self.fields, embeddings=embeddings, threads=self.threads)
        return {self.prefix + name: values for name, values in columns.items()}

    def check_table(self, column: str, names: Collection[str], kept: Collection[str] | None = None) -> None:
        """Check that a table has the column of pictures, and none that is called as a new one.

        Args:
            column: of the pictures.
            names: of all columns of the table.
            kept: of those that stay; None for all.

        Raises:
            BeholderError: one line.
        """
        if column not in names:
            raise BeholderError(f"the table has no column {column!r}; it has {', '.join(names)}")
        new = [*self.kinds, *filter(None, [self.embedding])]
        if taken := [name for name in new if name in (names if kept is None else kept)]:
            raise BeholderError(f"the table has a column {taken[0]!r} already; give prefix='beholder_'")
