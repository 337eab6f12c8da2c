"""Scoring in Ray: an actor class for pipelines of Ray Data, and units spread over a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from beholder.errors import BeholderError, ModelError
from beholder.output.score_columns import EMBEDDING, column_kinds, score_columns
from beholder.scoring.batch import batch_threads
from beholder.scoring.model_file import EMBEDDED, model_id, model_path, read_model
from beholder.scoring.scorer import Scorer
from beholder.text import printable

Batch = Mapping[str, npt.NDArray[Any]]


class Score:
    """Adds scores to batches of pictures: the class, or an instance, for ``map_batches`` of Ray Data.

    Numbers are those of ``beholder score``. A picture that cannot be read never raises: its row has the reason in
    ``error``, which is empty otherwise, its scores are NaN, its width and height 0. No row is dropped.

    An instance pickles by its arguments; each process opens the model once, when it first needs it, and refuses one
    that was replaced meanwhile.

    Args:
        model: a model file, which has to be on every node, or the name of an embedded model.
        threads: for decoding and for the model; by default one per CPU that Ray gave the actor.
        column: of the pictures: content of files, ``{bytes, path}``, paths, or arrays of pixels.
        fields: the scores that are wanted; None for all. Width, height, model, sha256 and error are always added.
        embeddings: also add the column ``embedding``, float16.

    Raises:
        ModelError: the file is missing, damaged, or not a beholder model.
        BeholderError: there is no such field; or, when it is called, no such column, or one that scores would replace.

    >>> import numpy as np
    >>> batch = {"image": np.array(["examples/photos/rocket.jpg", "missing.jpg"], dtype=object)}
    >>> scored = Score("fast", fields=["overall"])(batch)
    >>> scored["overall"].round(1), scored["error"]
    (array([4.5, nan]), array(['', 'missing.jpg: no such file'], dtype=object))
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        *,
        column: str = "image",
        fields: Iterable[str] | None = None,
        embeddings: bool = False,
    ) -> None:
        path = model_path(model)
        embedded = model is None or os.fspath(model) in EMBEDDED
        self._model = None if model is None else os.fspath(model) if embedded else os.path.abspath(path)
        content, info = read_model(path)
        self._id = model_id(info.name, content)
        self._threads = threads
        self._column = column
        self._fields = None if fields is None else tuple(fields)
        self._embeddings = embeddings

    def __call__(self, batch: Batch) -> dict[str, npt.NDArray[Any]]:
        """The batch, with a column for each score."""
        if self._column not in batch:
            there = ", ".join(map(printable, batch)) or "none"
            raise BeholderError(f"no column is called {printable(self._column)!r}: give Score one of {there}")
        scorer = opened(self._model, batch_threads(self._threads), self._id)
        kinds = column_kinds(scorer, self._fields)
        added = [*kinds, EMBEDDING] if self._embeddings else list(kinds)
        if taken := [name for name in added if name in batch]:
            raise BeholderError(f"the scores would replace {', '.join(taken)} of the batch: rename or drop them before")
        scores = score_columns(
            scorer, batch[self._column], fields=self._fields, embeddings=self._embeddings, threads=self._threads
        )
        return {**batch, **{name: _array(values, kinds.get(name)) for name, values in scores.items()}}


def _array(values: Any, kind: type | None) -> npt.NDArray[Any]:
    """A column of one type in all batches: a column without any number would else have none."""
    if kind is float:
        return np.array(values, np.float64)  # None is NaN
    if kind is int:
        return np.array([value or 0 for value in values], np.int64)
    return np.array(values, object if kind else None)


@lru_cache(maxsize=2)
def opened(model: str | None, threads: int, identity: str, device: str = "auto") -> Scorer:
    """A scorer, opened once in a process. Raises ModelError if the model is not the one that is expected."""
    scorer = Scorer(model, threads, device)
    if scorer.id != identity:
        raise ModelError(f"{model or 'default'}: is {scorer.id} here, where {identity} is expected; copy that to here")
    return scorer
