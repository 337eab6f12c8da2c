"""Tables of ratings as text: columns, numbers, checks."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import SPLITS
from beholder.errors import BeholderError
from beholder.tasks import Task

SPLIT_NAMES = {
    **{name: name for name in SPLITS},
    **dict.fromkeys(("val", "valid", "dev"), "validation"),
    "training": "train",
    "testing": "test",
}


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
