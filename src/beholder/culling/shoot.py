"""Score a shoot: what is kept of each photograph, so that series can be found among all of them.

Of a photograph its row, its embedding and a coarse map of the subject are kept, about 10 KB. Results go to a hidden
file beside the output while the run goes on, so that a stopped run can be resumed; a photograph in it is known by its
content.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from beholder.errors import BeholderError
from beholder.files import hidden_beside, open_locked, remove
from beholder.output.rows import Row, columns_of, identity_of, row_of
from beholder.output.score_store import ScoreStore
from beholder.photos.listing.find import Unreadable
from beholder.scoring.batch import Result, score_photos
from beholder.scoring.extra_columns import ExtraColumns
from beholder.scoring.scorer import Scorer
from beholder.scoring.scores import Scores
from beholder.tasks import UNLIKE
from beholder.text import valid_utf8

if TYPE_CHECKING:
    from beholder.output.rows import Columns

MAPPED = ("overall", "beauty", "appeal", "valence")  # tasks whose rough maps together show the subject best
JOURNAL_VERSION = 1


@dataclass(slots=True, eq=False)
class Shot:
    """One photograph of a shoot.

    Attributes:
        path: of the file, as given.
        row: as `beholder score` has it; with an error where the photograph could not be read.
        embedding: (D,) float16 of unit length; empty where it could not be read.
        subject: (rows, columns) float16 weights of 0 or more that sum to 1; empty where it could not be read.
    """

    path: str
    row: Row
    embedding: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float16))
    subject: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float16))

    @property
    def is_scored(self) -> bool:
        """Whether the photograph could be read and scored."""
        return bool(self.embedding.size)


class ShotStore(ScoreStore, Protocol):
    """A store that has also what series are found by."""

    def shot(self, path: str, sha256: str) -> Shot:
        """The shot of a content that the store knows, under this path."""


def unit(embedding: np.ndarray) -> np.ndarray:
    """(..., D) -> float16 of unit length, so that products are cosines."""
    length = np.linalg.norm(np.asarray(embedding, np.float32), axis=-1, keepdims=True)
    return (embedding / np.maximum(length, 1e-12)).astype(np.float16)


def subject_map(scores: Scores) -> np.ndarray:
    """Of one photograph: (rows, columns) weights that sum to 1, larger where what raises its scores is.

    The rough maps of several ratings, each by its largest value, show the subject better than any of them alone.
    """
    names = [task.name for task in scores.tasks]
    places = [0, *(names.index(name) for name in MAPPED if name in names[1:])]
    maps = np.asarray(scores.evidence[0][places], float)
    if not np.isfinite(maps).all():
        return np.full(maps.shape[1:], 1 / maps[0].size, np.float16)
    mean = (maps / np.maximum(np.abs(maps).max(axis=(1, 2), keepdims=True), 1e-9)).mean(axis=0)
    weights = mean - mean.min()
    total = weights.sum()
    return (weights / total if total > 0 else np.full(weights.shape, 1 / weights.size)).astype(np.float16)


def score_shoot(
    scorer: Scorer,
    photos: Iterable[str | Unreadable],
    extras: Sequence[ExtraColumns],
    *,
    journal: Path | None = None,
    resume: bool = False,
    store: ShotStore | None = None,
    batch: int | None = None,
    workers: int | None = None,
    threads: int | None = None,
    watch: Callable[[Iterator[Result]], Iterator[Result]] = lambda results: results,
) -> list[Shot]:
    """Score photographs and keep what is needed of each, in their order.

    Args:
        scorer: the model.
        photos: paths, and places that could not be listed or hold no photograph.
        extras: what is added to the scores.
        journal: file that the results are for; they are kept in a hidden file beside it. None keeps nothing.
        resume: take over what such a file has.
        store: has shots from before, and takes new ones; what it knows is not computed again.
        batch, workers, threads: as :func:`beholder.scoring.batch.score_photos` takes them.
        watch: wraps the results on their way, to count them or to stop.

    Raises:
        BeholderError: the hidden file cannot be written, or another run is writing it.
    """
    columns = columns_of(scorer.info.tasks, extras)
    identity = identity_of(scorer.id, extras)
    shots: list[Shot] = []
    with _journal(journal, identity, columns, resume=resume) as kept:

        def known(path: str, sha256: str) -> bool:
            return sha256 in kept.shots or (store is not None and store.knows(path, sha256))

        results = score_photos(scorer, photos, batch=batch, workers=workers, threads=threads, hashed=True, known=known)
        for result in watch(results):
            if result.scores is None and result.error is None:
                before = kept.shots.get(result.sha256)
                if before is None:
                    assert store is not None
                    shots.append(store.shot(result.path, result.sha256))
                    kept.add(shots[-1])
                    continue
                row = before.row | {"path": valid_utf8(result.path)}
                shots.append(Shot(result.path, row, before.embedding, before.subject))
                continue
            row = row_of(result, columns, extras)
            if result.scores is None:
                shots.append(Shot(result.path, row))
                continue
            shots.append(Shot(result.path, row, unit(result.scores.embedding[0]), subject_map(result.scores)))
            kept.add(shots[-1])
            if store is not None:
                store.keep(result, row)
    return shots


def forget(journal: Path) -> None:
    """Remove what is kept for a run that is over."""
    remove(hidden_beside(journal, "shoot"))


class _Kept:
    """What is known from an earlier run, and the file that this one adds to."""

    def __init__(self, shots: dict[str, Shot], file: FileIO | None) -> None:
        self.shots, self._file = shots, file

    def add(self, shot: Shot) -> None:
        if self._file is not None:
            self._file.write(_line(shot))


@contextmanager
def _journal(path: Path | None, identity: str, columns: Columns, *, resume: bool) -> Iterator[_Kept]:
    if path is None:
        yield _Kept({}, None)
        return
    hidden = hidden_beside(path, "shoot")
    try:
        file = open_locked(hidden, name=path, follow=False)
    except OSError as error:
        raise BeholderError(f"{hidden}: cannot write there ({error.strerror})") from None
    head = json.dumps({"beholder_shoot": JOURNAL_VERSION, "model": identity}).encode() + b"\n"
    with closing(file):
        file.seek(0)
        shots = _parsed(file.readall(), head, columns) if resume else {}
        file.seek(0)
        file.truncate()
        file.write(head)
        for shot in shots.values():
            file.write(_line(shot))
        yield _Kept(shots, file)


def _line(shot: Shot) -> bytes:
    document = {"row": shot.row, "shape": shot.subject.shape}
    document |= {name: _packed(getattr(shot, name)) for name in ("embedding", "subject")}
    return json.dumps(document).encode() + b"\n"


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f2").tobytes()).decode()


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float16)


def _parsed(content: bytes, head: bytes, columns: Columns) -> dict[str, Shot]:
    """Content -> shots; nothing of a file of another model, and no line that is not whole."""
    first, *lines = content.splitlines(keepends=True) or [b""]
    found: dict[str, Shot] = {}
    for line in lines if first == head else ():
        try:
            document: dict[str, Any] = json.loads(line)
            row, shape = document["row"], tuple(document["shape"])
            shot = Shot(
                row["path"], row, _unpacked(document["embedding"]), _unpacked(document["subject"]).reshape(shape)
            )
            if list(row) == list(columns) and line.endswith(b"\n") and shot.is_scored:
                found[row["sha256"]] = shot
        except (ValueError, KeyError, TypeError):
            continue
    return found


def scores_of(row: Row) -> dict[str, float]:
    """The numbers of a row by the names of their columns."""
    return {name: float(value) for name, value in row.items() if isinstance(value, int | float) and name != UNLIKE}
