"""CSV: a header, then one row a line, with commas, UTF-8 and ``\\n``.

A spreadsheet takes a text that begins with ``=``, ``+``, ``-`` or ``@`` for a formula. Such a text gets an apostrophe
before it, which is taken away again when a table is read to resume.
"""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beholder.files import file_head
from beholder.output.line_format import MAX_ROW_BYTES, Format, is_header
from beholder.output.rows import DECIMALS

if TYPE_CHECKING:
    from beholder.output.rows import Columns, Row
    from beholder.scoring.extra_columns import Kind

BOM = codecs.BOM_UTF8  # by which Excel knows UTF-8
# The last four are = + - @ of double width, which spreadsheets read as the others.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def no_formula(text: str) -> str:
    """A text that no spreadsheet takes for a formula; :func:`as_written` gives the text back.

    >>> no_formula("=1+1.jpg"), no_formula("a=1.jpg"), no_formula("'=1.jpg"), no_formula("'a.jpg")
    ("'=1+1.jpg", 'a=1.jpg', "''=1.jpg", "'a.jpg")
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def as_written(cell: str) -> str:
    """The text that :func:`no_formula` made a cell of.

    >>> as_written("'=1+1.jpg"), as_written("'a.jpg")
    ('=1+1.jpg', "'a.jpg")
    """
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def _header(columns: Columns) -> bytes:
    return (",".join(map(_cell, columns)) + "\n").encode()


def _line(row: Row, columns: Columns) -> bytes:
    return (",".join(_cell(row[name]) for name in columns) + "\n").encode()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.{DECIMALS}f}"
    text = no_formula(value) if isinstance(value, str) else "" if value is None else str(value)
    # Not csv.writer: before Python 3.13 it leaves a carriage return bare, where readers see the end of the row.
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\r\n') else text


def _parse(line: bytes, columns: Columns) -> Row:
    try:
        (cells,) = csv.reader([line.decode()])
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells instead of {len(columns)}")
    return {name: _value(name, cell, kind) for (name, kind), cell in zip(columns.items(), cells, strict=True)}


def _value(name: str, cell: str, kind: Kind) -> Any:
    if kind is str:
        return as_written(cell)
    if cell == "":
        return None
    if not _NUMBER.fullmatch(cell):  # Python's own "1_0", " 5" and "nan" are none
        raise ValueError(f"{name} is not a number")
    return kind(cell)


def _is_ours(path: Path) -> bool:
    line, end, _ = file_head(path, MAX_ROW_BYTES).removeprefix(BOM).partition(b"\n")
    try:
        (names,) = csv.reader([line.decode().rstrip("\r")])
    except (ValueError, csv.Error):
        return False
    return bool(end) and is_header(names)


CSV = Format(header=_header, line=_line, parse=_parse, start=_header, is_ours=_is_ours, quoted_line_breaks=True)
CSV_WITH_BOM = replace(CSV, header=lambda columns: BOM + _header(columns), start=lambda columns: BOM + _header(columns))


def form_found(path: Path) -> Format:
    """The form of a CSV file: with or without a byte order mark."""
    head = file_head(path, len(BOM))
    return CSV_WITH_BOM if head and BOM.startswith(head) else CSV
