"""The one schema of rated photographs: files, tasks, mean ratings in native units, and a content hash.

The hash covers what a model can learn from, the bytes of every photograph and its ratings, but not where the files
are: two copies of a data set on two machines have the same hash, and a replaced photograph changes it.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, Self, TypeVar

import numpy as np

from beholder.data.votes import Histogram, Votes
from beholder.errors import BeholderError
from beholder.photos.sources import MAX_FILE_BYTES
from beholder.reading import open_regular
from beholder.tasks import Task
from beholder.text import MAX_ERROR, cut

# Known splits, the most important first: a picture in two of them is kept in the first.
SPLITS = ("test", "validation", "train")
SplitOrigin = Literal["published", "drawn", "none"]
READER_THREADS = 8  # files read at a time: enough to keep a disk or a network folder busy
HASHES = ("digests", "content_hash")  # cached properties of RatedPhotos


@dataclass(frozen=True)
class RatedPhotos:
    """Photographs with ratings.

    Attributes:
        name: of the data set.
        root: folder that ``files`` are relative to.
        files: N paths, relative, with forward slashes.
        tasks: K rated quantities, the overall score first.
        ratings: (N, K) mean ratings in native units; NaN where a photograph was not rated.
        groups: N labels of photographs that a split must keep together (a theme, say), or None.
        splits: N parts (train, validation or test), or None.
        sd: (N, K) standard deviations over raters in native units, NaN where unknown, or None.
        n: (N, K) numbers of ratings behind each mean, NaN where unknown, or None.
        votes: the single ratings of the first task, or None.
        histogram: votes for the first task, counted for each photograph and value of the scale, or None.
        threshold: mean rating of the first task, in native units, from which literature on this data set calls a
            photograph good; None for the middle of the scale.
        drawn: the parts that were drawn with a seed; the others are as published.

    Raises:
        BeholderError: shapes disagree, photographs are missing or listed twice, ratings are outside the scale, a split
            has an unknown name, standard deviations or numbers are below 0, or votes are for unknown photographs or
            outside the scale.
    """

    name: str
    root: Path
    files: tuple[str, ...]
    tasks: tuple[Task, ...]
    ratings: np.ndarray
    groups: tuple[str, ...] | None = None
    splits: tuple[str, ...] | None = None
    sd: np.ndarray | None = None
    n: np.ndarray | None = None
    votes: Votes | None = None
    histogram: Histogram | None = None
    threshold: float | None = None
    drawn: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.ratings.shape != (len(self.files), len(self.tasks)):
            raise BeholderError(
                f"{self.name}: ratings of shape {self.ratings.shape} for {len(self.files)} photographs "
                f"and {len(self.tasks)} tasks"
            )
        if len(set(self.files)) < len(self.files):
            twice = next(file for file, count in Counter(self.files).items() if count > 1)
            raise BeholderError(f"{self.name}: {twice} is listed more than once; keep one row a photograph")
        missing = [file for file in self.files if not os.path.isfile(self.root / file)]
        if missing:
            raise BeholderError(
                f"{self.name}: {len(missing)} of {len(self.files)} photographs are not in {self.root}, "
                f"the first is {cut(missing[0], MAX_ERROR)}; --root names another folder"
            )
        for column, task in zip(self.ratings.T, self.tasks, strict=True):
            outside = np.flatnonzero((column < task.low) | (column > task.high))
            if len(outside):
                raise BeholderError(
                    f"{self.name}: {task.name} of {self.files[outside[0]]} is {column[outside[0]]:g}, "
                    f"outside its scale {task.low:g} to {task.high:g} ({len(outside)} such ratings)"
                )
        for what, labels in (("groups", self.groups), ("splits", self.splits)):
            if labels is not None and len(labels) != len(self.files):
                raise BeholderError(f"{self.name}: {len(labels)} {what} for {len(self.files)} photographs")
        unknown = sorted(set(self.splits or ()) - set(SPLITS))
        if unknown:
            raise BeholderError(f"{self.name}: no split is called {unknown[0]!r}; there are {', '.join(SPLITS)}")
        for what, values in (("sd", self.sd), ("n", self.n)):
            if values is not None and values.shape != self.ratings.shape:
                raise BeholderError(
                    f"{self.name}: {what} of shape {values.shape} for ratings of shape {self.ratings.shape}"
                )
            if values is not None and (values < 0).any():
                row, column = np.argwhere(values < 0)[0]
                raise BeholderError(
                    f"{self.name}: {self.tasks[column].name}_{what} of {self.files[row]} is "
                    f"{values[row, column]:g}, below 0"
                )
        if self.votes is not None and not np.isin(self.votes.photo, np.arange(len(self.files))).all():
            raise BeholderError(f"{self.name}: votes for photographs beyond the {len(self.files)} there are")
        if self.histogram is not None:
            if len(self.histogram) != len(self.files):
                raise BeholderError(
                    f"{self.name}: a histogram of {len(self.histogram)} photographs for {len(self.files)} photographs"
                )
            task, (low, *_, high) = self.tasks[0], self.histogram.values
            if low < task.low or high > task.high:
                raise BeholderError(
                    f"{self.name}: votes of {low:g} to {high:g} for {task.name}, outside its scale {task.low:g} to "
                    f"{task.high:g}"
                )

    def __len__(self) -> int:
        return len(self.files)

    @property
    def accuracy_threshold(self) -> float:
        """Threshold of the accuracy of the first task, in native units."""
        task = self.tasks[0]
        return (task.low + task.high) / 2 if self.threshold is None else self.threshold

    @property
    def paths(self) -> list[Path]:
        """N paths that can be opened."""
        return [self.root / file for file in self.files]

    @cached_property
    def digests(self) -> np.ndarray:
        """(N,) sha256 of each file's bytes, in hexadecimal.

        Raises:
            BeholderError: a photograph cannot be read.
        """
        with ThreadPoolExecutor(READER_THREADS) as readers:
            return np.array(list(readers.map(file_digest, self.paths)), dtype="U64")

    @cached_property
    def content_hash(self) -> str:
        """Sha256 of photographs and ratings, in the order of the file names."""
        state = hashlib.sha256()
        for index in np.argsort(self.files):
            state.update(bytes.fromhex(self.digests[index]))
            state.update(np.asarray(self.ratings[index], dtype="<f8").tobytes())
        return state.hexdigest()

    @property
    def split_origin(self) -> SplitOrigin:
        """Where the test part comes from; a published split may have a validation part that was drawn."""
        if self.splits is None:
            return "none"
        return "drawn" if "test" in self.drawn else "published"

    @property
    def split_words(self) -> str:
        """Where the parts come from, in words."""
        also = ", its validation part drawn from its training part" if self.drawn == ("validation",) else ""
        return {"none": "no split", "drawn": "split drawn with a seed", "published": f"published split{also}"}[
            self.split_origin
        ]

    def with_splits(self, splits: Iterable[str], drawn: tuple[str, ...] = SPLITS) -> Self:
        """The same photographs in other parts, of which ``drawn`` were; known hashes are not computed again."""
        return _keep_hashes(replace(self, splits=tuple(splits), drawn=drawn), self)

    def subset(self, rows: np.ndarray) -> Self:
        """Some of the photographs, in the order of ``rows`` (their indices, none twice), with their votes."""
        rows = np.asarray(rows, dtype=int)
        votes = None
        if self.votes is not None:
            place = np.full(len(self), -1)
            place[rows] = np.arange(len(rows))
            photo = place[self.votes.photo]
            votes = Votes(photo[photo >= 0], self.votes.rater[photo >= 0], self.votes.value[photo >= 0])
        part = replace(
            self,
            files=tuple(self.files[row] for row in rows),
            ratings=self.ratings[rows],
            groups=None if self.groups is None else tuple(self.groups[row] for row in rows),
            splits=None if self.splits is None else tuple(self.splits[row] for row in rows),
            sd=None if self.sd is None else self.sd[rows],
            n=None if self.n is None else self.n[rows],
            votes=votes,
            histogram=None if self.histogram is None else replace(self.histogram, counts=self.histogram.counts[rows]),
        )
        if "digests" in self.__dict__:
            part.__dict__["digests"] = self.digests[rows]  # no file is read twice
        return part


@dataclass(frozen=True)
class VotedPhotos(RatedPhotos):
    """Rated photographs whose numbers of votes are known: ``histogram`` is never None."""

    histogram: Histogram = field(kw_only=True)

    @classmethod
    def of(cls, photos: RatedPhotos, purpose: str = "are needed here") -> Self:
        """The same photographs, checked to have votes; hashes that are known are not computed again.

        Args:
            photos: with a histogram.
            purpose: what the votes are for, as the end of "no numbers of votes, which ...".

        Raises:
            BeholderError: no histogram.
        """
        if photos.histogram is None:
            raise BeholderError(
                f"{photos.name}: no numbers of votes, which {purpose}; a CSV file has them in columns votes_1, "
                "votes_2, ..., one for each value that can be voted"
            )
        return _keep_hashes(cls(**{each.name: getattr(photos, each.name) for each in fields(photos)}), photos)


def check_varied(photos: RatedPhotos) -> None:
    """Check that there is something to learn. Raises BeholderError if all ratings of each task are equal."""
    if len(photos) and (np.nanmin(photos.ratings, axis=0) == np.nanmax(photos.ratings, axis=0)).all():
        task, value = photos.tasks[0], np.nanmax(photos.ratings[:, 0])
        raise BeholderError(
            f"{photos.name}: all ratings of {task.name} are {value:g}, so there is nothing to learn; rate photographs "
            "that differ"
        )


P = TypeVar("P", bound=RatedPhotos)


def _keep_hashes(photos: P, source: RatedPhotos) -> P:
    """``photos``, with the hashes that ``source``, the same photographs and ratings, has computed."""
    photos.__dict__.update({name: source.__dict__[name] for name in HASHES if name in source.__dict__})
    return photos


def file_digest(path: Path) -> str:
    """Sha256 of a file's bytes, in hexadecimal. Raises BeholderError if it cannot be read."""
    with open_regular(path, "a photograph", MAX_FILE_BYTES) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise BeholderError(f"{path}: cannot be read: {error.strerror}") from None
