"""The one schema of rated photographs: files, tasks, mean ratings in native units, and a content hash.

The hash covers what a model can learn from, the bytes of every photograph and its ratings, and not where the files
lie: two copies of a data set on two machines have the same one, and a swapped photograph does not go unseen.
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from beholder.errors import BeholderError
from beholder.tasks import Task


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

    Raises:
        BeholderError: shapes that disagree, photographs that are missing or listed twice, ratings outside the scale.
    """

    name: str
    root: Path
    files: tuple[str, ...]
    tasks: tuple[Task, ...]
    ratings: np.ndarray
    groups: tuple[str, ...] | None = None
    splits: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.ratings.shape != (len(self.files), len(self.tasks)):
            raise BeholderError(
                f"{self.name}: ratings of shape {self.ratings.shape} for {len(self.files)} photographs "
                f"and {len(self.tasks)} tasks"
            )
        if len(set(self.files)) < len(self.files):
            twice = next(file for file in self.files if self.files.count(file) > 1)
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

    def __len__(self) -> int:
        return len(self.files)

    @property
    def paths(self) -> list[Path]:
        return [self.root / file for file in self.files]

    @cached_property
    def content_hash(self) -> str:
        """Sha256 over photographs and ratings, in the order of the file names."""
        state = hashlib.sha256()
        for index in np.argsort(self.files):
            state.update(hashlib.sha256((self.root / self.files[index]).read_bytes()).digest())
            state.update(np.asarray(self.ratings[index], dtype="<f8").tobytes())
        return state.hexdigest()


def read_table(path: Path, columns: Sequence[str]) -> dict[str, list[str]]:
    """Columns of a CSV file as text.

    Raises:
        BeholderError: the file or a column is missing.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            header = rows.fieldnames or []
            absent = [column for column in columns if column not in header]
            if absent:
                raise BeholderError(f"{path}: no column {absent[0]!r}; it has {', '.join(header)}")
            table: dict[str, list[str]] = {column: [] for column in columns}
            for row in rows:
                for column in columns:
                    table[column].append(row[column] or "")
    except OSError as error:
        raise BeholderError(
            f"{path}: cannot be read ({error.strerror}); give the folder that holds the data sets"
        ) from None
    return table


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
