"""Published tables of labels: reading text and CSV files, parsing and checking their columns."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import SPLITS
from beholder.errors import BeholderError
from beholder.tasks import Task

# Name of a split in files, in lower case -> its name here.
SPLIT_NAMES = {
    **{name: name for name in SPLITS},
    **dict.fromkeys(("val", "valid", "dev"), "validation"),
    "training": "train",
    "testing": "test",
}


def read_text(path: Path, advice: str) -> str:
    """A text file in UTF-8.

    Args:
        path: of the file.
        advice: what to do if it cannot be read, for the message.

    Raises:
        BeholderError: the file is missing, cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BeholderError(f"{path}: cannot be read ({error.strerror}); {advice}") from None
    except UnicodeDecodeError:
        raise BeholderError(f"{path}: is not UTF-8 text; {advice}") from None


def read_table(
    path: Path,
    columns: Sequence[str] = (),
    delimiter: str = ",",
    *,
    advice: str = "give the folder that holds the data sets",
    refuse_long_rows: bool = False,
) -> dict[str, list[str]]:
    """All columns of a CSV file as text; empty lines and columns without a name are left out.

    Args:
        path: of a file in UTF-8, with or without byte-order mark.
        columns: that are required.
        delimiter: between cells.
        advice: what to do if the file is missing, for the message.
        refuse_long_rows: refuse rows with more cells than the header, which unquoted commas cause.

    Raises:
        BeholderError: the file or a column is missing, two columns have one name, a row is too long, or the file is
            not CSV in UTF-8.
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
    missing = next((column for column in columns if column not in header), None)
    if missing is not None:
        raise BeholderError(f"{path}: no column {missing!r}; it has {', '.join(header)}")
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise BeholderError(f"{path}: there are two columns {twice!r}; give each a name of its own")
    too_long = next((place for place, row in enumerate(rows) if any(row[len(header) :])), None)
    if refuse_long_rows and too_long is not None:
        raise BeholderError(
            f"{path}: row {too_long + 2} has {len(rows[too_long])} cells, the header {len(header)}; "
            "put text that holds a comma in quotes"
        )
    return {name: [row[place] if place < len(row) else "" for row in rows] for place, name in enumerate(header) if name}


def numbers(path: Path, name: str, texts: list[str], first_row: int = 2) -> np.ndarray:
    """A column as floats, NaN where empty.

    Args:
        path: of the file, for the message.
        name: of the column, for the message.
        texts: N cells.
        first_row: number of the first cell's row in the file, for the message.

    Raises:
        BeholderError: names the row of the first cell that is not a number.
    """
    values = np.full(len(texts), np.nan)
    for index, text in enumerate(texts):
        if text.strip():
            try:
                values[index] = float(text)
            except ValueError:
                raise BeholderError(f"{path}: row {index + first_row}, {name} is {text!r}, not a number") from None
    return values


def check_scale(path: Path, name: str, values: np.ndarray, task: Task, first_row: int = 2) -> None:
    """Check that all values of a column are NaN or on the scale of a task.

    Raises:
        BeholderError: names the row of the first value outside the scale.
    """
    outside = np.flatnonzero((values < task.low) | (values > task.high))
    if len(outside):
        raise BeholderError(
            f"{path}: row {outside[0] + first_row}, {name} is {values[outside[0]]:g}, "
            f"outside its scale {task.low:g} to {task.high:g}"
        )


def optional_columns(path: Path, table: dict[str, list[str]], names: Iterable[str]) -> np.ndarray | None:
    """(N, K) numbers of these columns, NaN for a column that is missing; None if all are.

    Raises:
        BeholderError: as :func:`numbers`.
    """
    columns = [numbers(path, name, table[name]) if name in table else None for name in names]
    found = next((column for column in columns if column is not None), None)
    if found is None:
        return None
    return np.stack([np.full(len(found), np.nan) if column is None else column for column in columns], axis=1)


def parse_splits(path: Path, texts: Sequence[str], first_row: int = 2) -> tuple[str, ...]:
    """A column of splits as train, validation and test; other usual names (``val``), in any case, are understood.

    Raises:
        BeholderError: names the row of the first unknown split.
    """
    for row, text in enumerate(texts, first_row):
        if text.strip().lower() not in SPLIT_NAMES:
            raise BeholderError(
                f"{path}: row {row}, split is {text!r}; use train, validation or test, or leave the column out"
            )
    return tuple(SPLIT_NAMES[text.strip().lower()] for text in texts)
