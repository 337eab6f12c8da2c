"""Rows as lines of CSV and JSON lines, and back to resume."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from beholder.errors import BeholderError
from beholder.output.rows import DECIMALS, TEXT, WHOLE, Row

LONGEST = 1 << 16  # bytes of a row, more than any has


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def header_of(path: Path, columns: Sequence[str]) -> bytes:
    return (",".join(columns) + "\n").encode() if _is_csv(path) else b""


def line_of(path: Path, row: Row, columns: Sequence[str]) -> bytes:
    """One row as it stands in the file, with its line end."""
    if _is_csv(path):
        return (",".join(_cell(row[column]) for column in columns) + "\n").encode()
    return (json.dumps({column: row[column] for column in columns}) + "\n").encode()


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.{DECIMALS}f}" if isinstance(value, float) else str(value)
    # Not csv.writer: before Python 3.13 it leaves a carriage return bare, where readers see the end of the row.
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\r\n') else text


def parsed_row(path: Path, line: bytes, columns: Sequence[str]) -> Row:
    """A line as a row. Raises ValueError or csv.Error where it is none."""
    if _is_csv(path):
        (cells,) = csv.reader([line.decode()])
        return {name: _value(name, cell) for name, cell in zip(columns, cells, strict=True)}
    row = json.loads(line)
    if not isinstance(row, dict) or list(row) != list(columns):
        raise ValueError("other columns")
    return row


def _value(name: str, cell: str) -> Any:
    if name in TEXT:
        return cell
    return None if cell == "" else int(cell) if name in WHOLE else float(cell)


def rows_in(file: BinaryIO, path: Path, columns: Sequence[str]) -> Iterator[tuple[int, bytes, Row]]:
    """Rows of a file that a sink wrote: place, line, row. Half a last row is passed over.

    Raises BeholderError where something else wrote it, so that nobody's notes are cut off as half a row.
    """
    header = header_of(path, columns)
    start = header or json.dumps({columns[0]: ""})[:-2].encode()
    place, line, quotes = 0, b"", 0
    for part in file:
        line += part
        quotes += part.count(b'"')
        if _is_csv(path) and quotes % 2 and len(line) < LONGEST:  # a line break inside quotes
            continue
        whole = line.endswith(b"\n")
        if place == 0 and not (line.startswith(start) if whole else line.startswith(start) or start.startswith(line)):
            raise not_ours(path)
        if not whole:
            return
        if place or not header:
            try:
                found = parsed_row(path, line, columns)
            except (ValueError, csv.Error):
                raise not_ours(path, f" (line at byte {place:,})") from None
            yield place, line, found
        place, line, quotes = place + len(line), b"", 0


def not_ours(path: Path, where: str = "") -> BeholderError:
    return BeholderError(
        f"{path}: does not hold the columns that this model writes{where}; choose another file, or leave out --resume "
        "to replace it"
    )
