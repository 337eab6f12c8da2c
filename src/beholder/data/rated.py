"""The one schema of rated photographs: files, tasks, mean ratings in native units, and a content hash.

The hash covers what a model can learn from, the bytes of every photograph and its ratings, and not where the files
lie: two copies of a data set on two machines have the same one, and a swapped photograph does not go unseen.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from beholder.errors import BeholderError
from beholder.tasks import Task

# Known splits, the one that matters most first: a picture in two of them stays in the first.
SPLITS = ("test", "validation", "train")
SPLIT_NAMES = {
    **{name: name for name in SPLITS},
    **dict.fromkeys(("val", "valid", "dev"), "validation"),
    "training": "train",
    "testing": "test",
}
READERS = 8  # files read at a time: as many as keep a disk or a network folder busy
SHOWN = 3  # examples in a message


@dataclass(frozen=True)
class Votes:
    """V single ratings of the first task of a data set.

    Attributes:
        photo: (V,) whole numbers, index of the photograph in ``files``.
        rater: (V,) anonymous label of who rated, whole numbers or text.
        value: (V,) rating in native units.

    Raises:
        BeholderError: three lengths that disagree.
    """

    photo: np.ndarray
    rater: np.ndarray
    value: np.ndarray

    def __post_init__(self) -> None:
        shapes = {self.photo.shape, self.rater.shape, self.value.shape}
        if shapes != {(len(self.value),)}:
            raise BeholderError(
                f"votes: {self.photo.shape} photographs, {self.rater.shape} raters and {self.value.shape} values; "
                "a vote is one of each"
            )

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True)
class Histogram:
    """How many votes each of N photographs got at each of M rating values; see :mod:`beholder.data.histograms`.

    Attributes:
        values: (M,) rating values in native units, rising.
        counts: (N, M) numbers of votes, whole, one at least a photograph.

    Raises:
        BeholderError: shapes that disagree, values that do not rise, counts that are negative or not whole, a
            photograph without votes.
    """

    values: np.ndarray
    counts: np.ndarray

    def __post_init__(self) -> None:
        if self.values.ndim != 1 or len(self.values) < 2 or self.counts.shape[1:] != self.values.shape:
            raise BeholderError(
                f"histogram: counts of shape {self.counts.shape} for rating values of shape {self.values.shape}; "
                "there are two values at least, and a column of counts for each"
            )
        if not (np.isfinite(self.values).all() and (np.diff(self.values) > 0).all()):
            raise BeholderError(f"histogram: the rating values {listed(self.values)} do not rise; sort them")
        wrong = (self.counts < 0) | (self.counts != np.floor(self.counts))  # NaN is no whole number either
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise BeholderError(
                f"histogram: photograph {row + 1} has {self.counts[row, column]:g} votes for "
                f"{self.values[column]:g}; numbers of votes are whole and 0 or more"
            )
        empty = np.flatnonzero(self.counts.sum(axis=1) == 0)
        if len(empty):
            raise BeholderError(f"histogram: photograph {empty[0] + 1} has no votes; leave it out")

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True)
class RatedPhotos:
    """Photographs with ratings.

    Attributes:
        name: of the data set.
        root: folder that ``files`` are relative to.
        files: N paths, relative, with forward slashes.
        tasks: K rated quantities.
        ratings: (N, K) mean ratings in native units; NaN where a photograph was not rated.
        groups: N labels that a split must not cut through (a theme, say), or None.
        splits: N names of the published split (train, validation, test), or None.
        sd: (N, K) standard deviations over raters in native units, NaN where unknown, or None.
        n: (N, K) numbers of ratings behind each mean, NaN where unknown, or None.
        votes: the single ratings of the first task, or None.
        histogram: how many votes for the first task each photograph got at each value of its scale, or None.

    Raises:
        BeholderError: shapes that disagree, photographs that are missing or listed twice, ratings outside the scale,
            splits of another name, standard deviations or numbers below 0, votes for photographs that are not there or
            at values outside the scale.
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

    def __post_init__(self) -> None:
        if self.ratings.shape != (len(self.files), len(self.tasks)):
            raise BeholderError(
                f"{self.name}: ratings of shape {self.ratings.shape} for {len(self.files)} photographs "
                f"and {len(self.tasks)} tasks"
            )
        if len(set(self.files)) < len(self.files):
            twice = next(file for file, count in Counter(self.files).items() if count > 1)
            raise BeholderError(f"{self.name}: {twice} is listed more than once; keep one row a photograph")
        missing = [file for file in self.files if not (self.root / file).is_file()]
        if missing:
            raise BeholderError(
                f"{self.name}: {len(missing)} of {len(self.files)} photographs are not in {self.root}, "
                f"the first is {missing[0]}"
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
    def paths(self) -> list[Path]:
        return [self.root / file for file in self.files]

    @cached_property
    def digests(self) -> np.ndarray:
        """(N,) sha256 of each file's bytes, in hexadecimal.

        Raises:
            BeholderError: a photograph that cannot be read.
        """
        with ThreadPoolExecutor(READERS) as readers:
            return np.array(list(readers.map(digest, self.paths)), dtype="U64")

    @cached_property
    def content_hash(self) -> str:
        """Sha256 over photographs and ratings, in the order of the file names."""
        state = hashlib.sha256()
        for index in np.argsort(self.files):
            state.update(bytes.fromhex(self.digests[index]))
            state.update(np.asarray(self.ratings[index], dtype="<f8").tobytes())
        return state.hexdigest()

    def with_splits(self, splits: Iterable[str]) -> "RatedPhotos":
        """The same photographs in other parts; what is known of their content is not computed again."""
        other = replace(self, splits=tuple(splits))
        other.__dict__.update(
            {name: self.__dict__[name] for name in ("digests", "content_hash") if name in self.__dict__}
        )
        return other

    def subset(self, rows: np.ndarray) -> "RatedPhotos":
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


def check_leaks(photos: RatedPhotos, drop: bool = False) -> RatedPhotos:
    """The photographs, with no picture in two splits; pictures are told apart by the bytes of their files.

    Twice inside one split is allowed. Without splits nothing is read and nothing is checked.

    Args:
        photos: with or without splits.
        drop: keep a picture in the split that matters most (test, then validation, then train) and leave the others
            out, instead of refusing.

    Raises:
        BeholderError: pictures in two splits where they are not to be dropped, or a file that cannot be read.
    """
    if photos.splits is None:
        return photos
    first: dict[str, int] = {}
    leaks = []
    for row in sorted(range(len(photos)), key=lambda row: SPLITS.index(photos.splits[row])):  # type: ignore[index]
        kept = first.setdefault(photos.digests[row], row)
        if photos.splits[kept] != photos.splits[row]:
            leaks.append((kept, row))
    if not leaks:
        return photos
    if drop:
        return photos.subset(np.setdiff1d(np.arange(len(photos)), [row for _, row in leaks]))
    pairs = (
        f"{photos.files[row]} ({photos.splits[row]}) is {photos.files[kept]} ({photos.splits[kept]})"
        for kept, row in leaks[:SHOWN]
    )
    raise BeholderError(
        f"{photos.name}: {len(leaks)} photographs are in a second split too, by content: {', '.join(pairs)}"
        f"{', ...' if len(leaks) > SHOWN else ''}; --drop-leaks keeps each in one: {', else '.join(SPLITS)}"
    )


def read_table(
    path: Path,
    columns: Sequence[str] = (),
    delimiter: str = ",",
    advice: str = "give the folder that holds the data sets",
    even: bool = False,
) -> dict[str, list[str]]:
    """All columns of a CSV file as text; empty lines, and columns without a name, are left out.

    Args:
        path: UTF-8, with or without byte-order mark.
        columns: that must be there.
        delimiter: between cells.
        advice: what to do about a file that is not there.
        even: refuse rows that are longer than the header, as unquoted commas make them.

    Raises:
        BeholderError: the file or a column is missing, a column is there twice, a row is too long, or it is no CSV file
            in UTF-8.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [row for row in csv.reader(file, delimiter=delimiter) if any(row)] or [[]]
    except OSError as error:
        raise BeholderError(f"{path}: cannot be read ({error.strerror}); {advice}") from None
    except UnicodeDecodeError:
        raise BeholderError(f"{path}: is not UTF-8 text; save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise BeholderError(f"{path}: is not a CSV file ({error})") from None
    header = [name.strip() for name in header]
    absent = [column for column in columns if column not in header]
    if absent:
        raise BeholderError(f"{path}: no column {absent[0]!r}; it has {', '.join(header)}")
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise BeholderError(f"{path}: there are two columns {twice!r}; give each a name of its own")
    long = next((place for place, row in enumerate(rows) if any(row[len(header) :])), None)
    if even and long is not None:
        raise BeholderError(
            f"{path}: row {long + 2} has {len(rows[long])} cells, the header {len(header)}; "
            "put text that holds a comma in quotes"
        )
    return {name: [row[place] if place < len(row) else "" for row in rows] for place, name in enumerate(header) if name}


def numbers(path: Path, name: str, texts: list[str], first_row: int = 2) -> np.ndarray:
    """A column as floats, NaN where empty. Raises BeholderError with the row of what is no number."""
    values = np.full(len(texts), np.nan)
    for index, text in enumerate(texts):
        if text.strip():
            try:
                values[index] = float(text)
            except ValueError:
                raise BeholderError(f"{path}: row {index + first_row}, {name} is {text!r}, not a number") from None
    return values


def check_scale(path: Path, name: str, values: np.ndarray, task: Task, first_row: int = 2) -> None:
    """Nothing, where all values of a column are on the scale of a task or NaN.

    Raises:
        BeholderError: the row of the first that is not.
    """
    outside = np.flatnonzero((values < task.low) | (values > task.high))
    if len(outside):
        raise BeholderError(
            f"{path}: row {outside[0] + first_row}, {name} is {values[outside[0]]:g}, "
            f"outside its scale {task.low:g} to {task.high:g}"
        )


def listed(names: Iterable[object]) -> str:
    """Names for a message, those beyond a few left out."""
    shown = [f"{name:g}" if isinstance(name, float) else str(name) for name in names]
    return ", ".join([*shown[:SHOWN], "..."] if len(shown) > SHOWN else shown)


def known_columns(path: Path, table: dict[str, list[str]], names: Iterable[str]) -> np.ndarray | None:
    """(N, K) numbers of these columns, NaN for a column that is not there; None where none is.

    Raises:
        BeholderError: as :func:`numbers`.
    """
    columns = [numbers(path, name, table[name]) if name in table else None for name in names]
    there = next((column for column in columns if column is not None), None)
    if there is None:
        return None
    return np.stack([np.full(len(there), np.nan) if column is None else column for column in columns], axis=1)


def split_names(path: Path, texts: Sequence[str], first_row: int = 2) -> tuple[str, ...]:
    """A column of splits by their usual names (``val`` is validation, say), in upper or lower case.

    Raises:
        BeholderError: the row of another name.
    """
    for row, text in enumerate(texts, first_row):
        if text.strip().lower() not in SPLIT_NAMES:
            raise BeholderError(
                f"{path}: row {row}, split is {text!r}; use train, validation or test, or leave the column out"
            )
    return tuple(SPLIT_NAMES[text.strip().lower()] for text in texts)


def digest(path: Path) -> str:
    """Sha256 of a file's bytes, in hexadecimal. Raises BeholderError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BeholderError(f"{path}: cannot be read ({error.strerror})") from None
