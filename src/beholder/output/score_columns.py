"""A batch of pictures -> columns of scores, for programs that hand over batches and want columns back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from beholder.errors import BeholderError
from beholder.output.rows import LAST_COLUMNS, columns_of, row_of
from beholder.photos.listing.find import Unreadable
from beholder.scoring.batch import score_photos
from beholder.scoring.extra_columns import ExtraColumns, model_extras
from beholder.scoring.scorer import Scorer
from beholder.text import printable

if TYPE_CHECKING:
    from beholder.output.rows import Columns

EMBEDDING = "embedding"  # the column of features
NO_PICTURE = Unreadable("", "has no picture")


def column_kinds(
    scorer: Scorer, fields: Iterable[str] | None = None, extras: Sequence[ExtraColumns] | None = None
) -> Columns:
    """The columns that :func:`score_columns` gives, without the embedding: name -> str, int or float, in order.

    Args:
        scorer: the model.
        fields: the scores that are wanted; None for all. Width, height, model, sha256 and error are always there.
        extras: what is added to the scores; None for what the model itself tells.

    Raises:
        BeholderError: there is no such field; the message has those there are.

    >>> import beholder
    >>> list(column_kinds(beholder.load("fast"), ["beauty", "overall"]))
    ['overall', 'beauty', 'width', 'height', 'model', 'sha256', 'error']
    """
    kinds = columns_of(scorer.info.tasks, model_extras(scorer.info) if extras is None else extras)
    scores = [name for name in kinds if name not in ("path", *LAST_COLUMNS)]
    wanted = set(scores if fields is None else fields)
    if unknown := sorted(wanted.difference(scores)):
        raise BeholderError(f"no field is called {printable(unknown[0])!r}; {scorer.id} has {', '.join(scores)}")
    return {name: kind for name, kind in kinds.items() if name in wanted or name in LAST_COLUMNS}


def score_columns(
    scorer: Scorer,
    sources: Iterable[Any],
    *,
    fields: Iterable[str] | None = None,
    embeddings: bool = False,
    threads: int | None = None,
    extras: Sequence[ExtraColumns] | None = None,
) -> dict[str, list[Any] | np.ndarray]:
    """Score a batch of pictures; a bad one has a reason in the column ``error``, and never raises.

    The numbers are those of ``beholder score``.

    Args:
        scorer: the model, best opened with few threads (:func:`beholder.scoring.batch.batch_threads`).
        sources: N pictures, each anything that :func:`beholder.read_photo` reads. None is an error of its row, as is an
            :class:`~beholder.photos.listing.find.Unreadable`.
        fields: the scores that are wanted; None for all. Width, height, model, sha256 and error are always there.
        embeddings: also give the column ``embedding``, (N, D) float16; NaN where there are no scores.
        threads: for decoding, and for the model; by default one per core that this process may use.
        extras: what is added to the scores; None for what the model itself tells.

    Returns:
        Columns of N values, in the order of the pictures, as a table of ``beholder score`` has them, without ``path``.

    Raises:
        BeholderError: there is no such field; the message has those there are.
        ModelError: the model cannot be run.

    >>> import beholder
    >>> photos = ["examples/photos/rocket.jpg", None]
    >>> columns = score_columns(beholder.load("fast"), photos, fields=["overall"], embeddings=True)
    >>> columns["width"], columns["error"], columns["embedding"].shape
    ([640, None], ['', 'has no picture'], (2, 2304))
    """
    extras = model_extras(scorer.info) if extras is None else extras
    kept = column_kinds(scorer, fields, extras)
    all_columns = columns_of(scorer.info.tasks, extras)
    columns: dict[str, list[Any] | np.ndarray] = {name: [] for name in kept}
    features: list[np.ndarray | None] = []
    pictures = (NO_PICTURE if is_missing(source) else source for source in sources)
    for result in score_photos(scorer, pictures, workers=threads, threads=threads, hashed=True):
        row = row_of(result, all_columns, extras)
        for name in kept:
            columns[name].append(row[name])  # type: ignore[union-attr]
        if embeddings:
            features.append(None if result.scores is None else result.scores.embedding[0])
    return columns | {EMBEDDING: _features(scorer, features)} if embeddings else columns


def is_missing(source: object) -> bool:
    """Whether there is no picture at all: None, or a cell ``{bytes, path}`` with neither.

    >>> is_missing(None), is_missing({"bytes": None, "path": None}), is_missing({"bytes": b"", "path": None})
    (True, True, False)
    """
    if isinstance(source, Mapping):
        return bool(source) and all(value is None for value in source.values())
    return source is None


def embedding_size(scorer: Scorer) -> int:
    """D, the number of features in an embedding of this model; it runs the model once.

    >>> import beholder
    >>> embedding_size(beholder.load("fast"))
    2304
    """
    width, height = scorer.info.size
    return int(scorer.run(np.zeros((2, height, width, 3), np.uint8), np.zeros((2, 2), int)).embedding.shape[1])


def _features(scorer: Scorer, rows: Sequence[np.ndarray | None]) -> np.ndarray:
    """(N, D) float16, NaN for rows that have none."""
    size = next((len(values) for values in rows if values is not None), None) or embedding_size(scorer)
    features = np.full((len(rows), size), np.nan, np.float16)
    for row, values in zip(features, rows, strict=True):
        if values is not None:
            row[:] = values
    return features
