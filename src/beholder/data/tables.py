"""Tables of labels: reading CSV files, parsing and checking their columns."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import SPLITS
from beholder.errors import BeholderError
from beholder.reading import MAX_TABLE_BYTES, read_text
from beholder.tasks import Task
from beholder.text import cut

MAX_NUMBER = 1e12  # of any cell: whatever is rated or counted is smaller
# How programs write a number that is missing; the second and third are dashes of other widths.
EMPTY = frozenset(("", "\u2013", "\u2014", "-", "nan", "na", "n/a", "#n/a", "none", "null", "?"))
MAX_NAME = 1000  # characters of a column's name; more is no table
MAX_LISTED = 20  # columns that a message names
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)

# Name of a split in files, in lower case -> its name here.
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
    *,
    advice: str = "give the folder that holds the data sets",
    refuse_long_rows: bool = False,
    limit: int = MAX_TABLE_BYTES,
) -> dict[str, list[str]]:
    """All columns of a CSV file as text; empty lines and columns without a name are left out.

    Args:
        path: of a file as :func:`beholder.reading.read_text` takes it.
        columns: that are required.
        delimiter: between cells.
        advice: what to do if the file is missing, for the message.
        refuse_long_rows: refuse rows with more cells than the header, which unquoted commas cause.
        limit: largest number of bytes that is accepted.

    Raises:
        BeholderError: the file or a column is missing, two columns have one name, a row is too long, or the file is
            not CSV text.
    """
    text = read_text(path, "a table", limit, advice=advice)
    return parse_table(path, text, columns, delimiter, refuse_long_rows=refuse_long_rows)


def parse_table(
    path: Path, text: str, columns: Sequence[str], delimiter: str, *, refuse_long_rows: bool
) -> dict[str, list[str]]:
    """The columns of a table in a text that is read already; otherwise as :func:`read_table`."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header, *rows = [row for row in reader if any(row)] or [[]]
    except csv.Error as error:
        raise BeholderError(
            f"{path}: line {reader.line_num} is not CSV ({error}); is a quotation mark not closed?"
        ) from None
    header = [name.strip() for name in header]
    missing = next((column for column in columns if column not in header), None)
    if missing is not None:
        raise BeholderError(f"{path}: no column {missing!r}; it has {listed(header)}")
    too_long = next((name for name in header if len(name) > MAX_NAME), None)
    if too_long is not None:
        raise BeholderError(f"{path}: a column has a name of {len(too_long):,} characters; {MAX_NAME} are allowed")
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise BeholderError(f"{path}: there are two columns {twice!r}; give each a name of its own")
    longer = next((place for place, row in enumerate(rows) if any(row[len(header) :])), None)
    if refuse_long_rows and longer is not None:
        raise BeholderError(
            f"{path}: row {longer + 2} has {len(rows[longer])} cells, the header {len(header)}; "
            "put text that holds a comma in quotes"
        )
    return {name: [row[place] if place < len(row) else "" for row in rows] for place, name in enumerate(header) if name}


def listed(names: Iterable[str]) -> str:
    """Names of columns for a message, the first `MAX_LISTED` of many."""
    shown = [cut(name) for name in islice(names, MAX_LISTED + 1)]
    return ", ".join([*shown[:MAX_LISTED], "..."] if len(shown) > MAX_LISTED else shown) or "none"


def plain_name(column: str) -> str:
    """The name of a column without case, spaces, hyphens, underscores and full stops.

    >>> plain_name("File Name"), plain_name("file_name"), plain_name("Nr.")
    ('filename', 'filename', 'nr')
    """
    return re.sub(r"[\s_.-]", "", column).lower()


def number(text: str) -> float | None:
    """A cell as a number, NaN where it is one of `EMPTY`; None for other text and for what no rating can be.

    Only digits are numbers: not "1_000" or "inf", which Python takes too, nor anything beyond `MAX_NUMBER`.

    >>> number("3.5"), number(" "), number("inf"), number("1e300")
    (3.5, nan, None, None)
    """
    if text.strip().lower() in EMPTY:
        return math.nan
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if abs(value) <= MAX_NUMBER else None


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
        value = number(text)
        if value is None:
            raise BeholderError(f"{path}: row {index + first_row}, {name} is {cut(text)!r}, not a number")
        values[index] = value
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
                f"{path}: row {row}, split is {cut(text)!r}; use train, validation or test, or leave the column out"
            )
    return tuple(SPLIT_NAMES[text.strip().lower()] for text in texts)
