"""JSON lines: one object a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from beholder.output.line_format import Format

if TYPE_CHECKING:
    from beholder.output.rows import Columns, Row


def _line(row: Row, columns: Columns) -> bytes:
    return (json.dumps({name: row[name] for name in columns}) + "\n").encode()


def _parse(line: bytes, columns: Columns) -> Row:
    row = json.loads(line)
    if not isinstance(row, dict) or list(row) != list(columns):
        raise ValueError("other columns")
    return row


def _start(columns: Columns) -> bytes:
    return json.dumps({next(iter(columns)): ""})[:-2].encode()


JSON_LINES = Format(header=lambda columns: b"", line=_line, parse=_parse, start=_start)
