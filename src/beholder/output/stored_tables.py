"""Tables that `beholder score` and `beholder cull` wrote, read again whatever their columns are."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.output.csv_lines import as_written
from beholder.output.formats import FORMATS, in_words
from beholder.output.rows import DECIMALS, Row
from beholder.reading import MAX_TABLE_BYTES, open_regular, parse_json, read_text
from beholder.text import one_line, printable

_NEEDED = ("path", "overall")
# Columns that are text whatever they look like.
_TEXTS = {"path", "model", "sha256", "error", "kind", "decision", "reason", "reason_code", "captured"}
_TEXTS |= {"camera", "paired_with"}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_WHAT = "a table of scores"
_MAX_PARQUET_BYTES = 10 * MAX_TABLE_BYTES
_UNDECODABLE = re.compile(r"\\udc([89a-f][0-9a-f])")


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a table as CSV, JSON lines or Parquet.

    Args:
        path: of the table.

    Yields:
        A row: column -> text, whole number, number with a fraction, or None where there is none.

    Raises:
        BeholderError: it cannot be read, or is no table of ours.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise BeholderError(f"{path}: is not {_WHAT}: they end in {in_words(tuple(FORMATS))}")
    rows = {".csv": _csv, ".jsonl": _json_lines, ".parquet": _parquet}[suffix](path)
    first = next(rows, None)
    if first is None:
        return
    missing = next((name for name in _NEEDED if name not in first), None)
    if missing is not None:
        raise BeholderError(f"{path}: is not {_WHAT}: it has no column {missing!r}; beholder score --out writes one")
    yield first
    yield from rows


def path_of(text: str) -> str:
    r"""The path of a file by the cell that names it, also where bytes of its name are not UTF-8.

    >>> path_of("a.jpg"), path_of("caf\\udce9.jpg") == "caf\udce9.jpg"
    ('a.jpg', True)
    """
    if "\\udc" not in text or os.path.lexists(text):
        return text
    return _UNDECODABLE.sub(lambda found: chr(0xDC00 + int(found[1], 16)), text)


def _csv(path: Path) -> Iterator[Row]:
    text = read_text(path, _WHAT).removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = next(reader, [])
        for cells in reader:
            if len(cells) != len(names):
                raise BeholderError(
                    f"{path}: line {reader.line_num} has {len(cells)} cells, the header {len(names)}: is it cut short?"
                )
            yield {name: _value(name, cell) for name, cell in zip(names, cells, strict=True)}
    except csv.Error as error:
        raise BeholderError(f"{path}: line {reader.line_num} is not CSV ({one_line(error)})") from None


def _value(name: str, cell: str) -> Any:
    if name in _TEXTS:
        return as_written(cell)
    if cell == "":
        return None
    if not _NUMBER.fullmatch(cell):
        return as_written(cell)
    return float(cell) if "." in cell else int(cell)


def _json_lines(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_text(path, _WHAT).split("\n"), 1):
        if line.strip():
            try:
                row = parse_json(line)
            except ValueError as error:
                raise BeholderError(f"{path}: line {number} is not JSON ({one_line(error)})") from None
            if not isinstance(row, dict):
                raise BeholderError(f"{path}: line {number} is not a JSON object")
            yield row


def _parquet(path: Path) -> Iterator[Row]:
    arrow = require("pyarrow", "parquet", "reading Parquet")
    parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
    open_regular(path, _WHAT, _MAX_PARQUET_BYTES).close()
    try:
        with parquet.ParquetFile(path) as file:
            for part in file.iter_batches():
                for row in part.to_pylist():
                    yield {name: round(v, DECIMALS) if isinstance(v, float) else v for name, v in row.items()}
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise BeholderError(f"{printable(str(path))}: is not Parquet that can be read ({one_line(error)})") from None
