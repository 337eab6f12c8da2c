"""Parquet: made of JSON lines when a run ends, as its index stands at the end of the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import explained, replacing
from beholder.output.json_lines import JSON_LINES
from beholder.output.line_format import is_header, other_columns
from beholder.output.rows import DECIMALS

if TYPE_CHECKING:
    from beholder.output.rows import Columns, Row

CHUNK_BYTES = 1 << 24  # of JSON lines in memory at a time
REPEATED = ["model", "error"]  # columns with few different values


def _from_lines(lines: Path, path: Path, columns: Columns, about: Mapping[str, str]) -> None:
    """Write the rows as a Parquet file, in bounded memory; remove the lines once the file is in place."""
    arrow = require("pyarrow", "parquet", "writing Parquet")
    parquet = require("pyarrow.parquet", "parquet", "writing Parquet")
    types = {str: arrow.string(), int: arrow.int64(), float: arrow.float32()}
    schema = arrow.schema([(name, types[kind]) for name, kind in columns.items()], dict(about))
    what = "a table (its rows are kept for --resume)"
    with (
        replacing(path, what) as fresh,
        explained(path, what),
        lines.open("rb") as file,
        parquet.ParquetWriter(fresh, schema, use_dictionary=REPEATED) as writer,
    ):
        while chunk := file.readlines(CHUNK_BYTES):
            writer.write_table(arrow.Table.from_pylist([json.loads(line) for line in chunk], schema))
    lines.unlink()


def _to_lines(path: Path, columns: Columns) -> Iterator[bytes]:
    arrow = require("pyarrow", "parquet", "reading Parquet")
    parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            if schema.names != list(columns) or not all(
                _holds(arrow.types, field.type, kind) for field, kind in zip(schema, columns.values(), strict=True)
            ):
                raise other_columns(path, PARQUET)
            for part in file.iter_batches():
                yield from (JSON_LINES.line(_rounded(row), columns) for row in part.to_pylist())
    except (arrow.ArrowException, OSError, ValueError):
        raise other_columns(path, PARQUET) from None


def _holds(types: Any, found: Any, kind: type) -> bool:
    """Whether a column of this Arrow type holds values of a kind."""
    if kind is str:
        return bool(types.is_string(found) or types.is_large_string(found))
    return bool(types.is_floating(found) if kind is float else types.is_integer(found))


def _rounded(row: Row) -> Row:
    """A row with the decimals that it had before it was stored in 32 bits."""
    return {name: round(value, DECIMALS) if isinstance(value, float) else value for name, value in row.items()}


def _is_ours(path: Path) -> bool:
    try:
        parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
        return is_header(parquet.read_schema(path).names)
    except (BeholderError, OSError, ValueError):  # ArrowInvalid is a ValueError
        return False


def _check_installed() -> None:
    require("pyarrow.parquet", "parquet", "writing Parquet")


PARQUET = replace(
    JSON_LINES, from_lines=_from_lines, to_lines=_to_lines, is_ours=_is_ours, check_installed=_check_installed
)
