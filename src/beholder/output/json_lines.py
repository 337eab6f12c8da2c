"""JSON lines: one object a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from beholder.files import file_head
from beholder.output.line_format import MAX_ROW_BYTES, Format, is_header

if TYPE_CHECKING:
    from beholder.output.rows import Columns, Row


def _line(row: Row, columns: Columns) -> bytes:
    return (json.dumps({name: row[name] for name in columns}, allow_nan=False) + "\n").encode()


def _parse(line: bytes, columns: Columns) -> Row:
    pairs = _pairs(line)
    if [name for name, _ in pairs] != list(columns):
        raise ValueError("it has other columns")
    return dict(pairs)


def _pairs(line: bytes) -> list[tuple[str, Any]]:
    """Names and values of one object, each as often as it is there. Raises ValueError for anything else."""
    try:
        found = json.loads(line, object_pairs_hook=_Object, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError("it is not JSON") from None
    if not isinstance(found, _Object):
        raise ValueError("it is not an object")
    return found


class _Object(list[tuple[str, Any]]):
    """The pairs of a JSON object, apart from a JSON array."""


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _start(columns: Columns) -> bytes:
    return json.dumps({next(iter(columns)): ""})[:-2].encode()


def _is_ours(path: Path) -> bool:
    line, end, _ = file_head(path, MAX_ROW_BYTES).partition(b"\n")
    try:
        return bool(end) and is_header([name for name, _ in _pairs(line)])
    except ValueError:
        return False


JSON_LINES = Format(header=lambda columns: b"", line=_line, parse=_parse, start=_start, is_ours=_is_ours)
