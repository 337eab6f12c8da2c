"""CSV: a header, then one row a line, with commas, UTF-8 and ``\\n``."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from beholder.output.line_format import Format
from beholder.output.rows import DECIMALS

if TYPE_CHECKING:
    from beholder.output.rows import Columns, Row
    from beholder.scoring.extra_columns import Kind


def _header(columns: Columns) -> bytes:
    return (",".join(columns) + "\n").encode()


def _line(row: Row, columns: Columns) -> bytes:
    return (",".join(_cell(row[name]) for name in columns) + "\n").encode()


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.{DECIMALS}f}" if isinstance(value, float) else str(value)
    # Not csv.writer: before Python 3.13 it leaves a carriage return bare, where readers see the end of the row.
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\r\n') else text


def _parse(line: bytes, columns: Columns) -> Row:
    try:
        (cells,) = csv.reader([line.decode()])
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return {name: _value(cell, kind) for (name, kind), cell in zip(columns.items(), cells, strict=True)}


def _value(cell: str, kind: Kind) -> Any:
    return cell if kind is str else None if cell == "" else kind(cell)


CSV = Format(header=_header, line=_line, parse=_parse, start=_header, quoted_line_breaks=True)
