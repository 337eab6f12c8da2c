"""Parquet: made of JSON lines when a run ends, as its index stands at the end of the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from beholder.extras import require
from beholder.files import explained, replacing
from beholder.output.json_lines import JSON_LINES
from beholder.output.line_format import other_columns

if TYPE_CHECKING:
    from beholder.output.rows import Columns

CHUNK_BYTES = 1 << 24  # of JSON lines in memory at a time


def _from_lines(lines: Path, path: Path, columns: Columns) -> None:
    """Write the rows as a Parquet file, in bounded memory; remove the lines once the file is in place."""
    arrow = require("pyarrow", "parquet", "writing Parquet")
    parquet = require("pyarrow.parquet", "parquet", "writing Parquet")
    types = {str: arrow.string(), int: arrow.int64(), float: arrow.float64()}
    schema = arrow.schema([(name, types[kind]) for name, kind in columns.items()])
    what = f"a table (its rows are in {lines}, for --resume)"
    with (
        replacing(path, what) as fresh,
        explained(path, what),
        lines.open("rb") as file,
        parquet.ParquetWriter(fresh, schema) as writer,
    ):
        while chunk := file.readlines(CHUNK_BYTES):
            writer.write_table(arrow.Table.from_pylist([json.loads(line) for line in chunk], schema))
    lines.unlink()


def _to_lines(path: Path, columns: Columns) -> Iterator[bytes]:
    arrow = require("pyarrow", "parquet", "reading Parquet")
    parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
    try:
        with parquet.ParquetFile(path) as file:
            if file.schema_arrow.names != list(columns):
                raise other_columns(path)
            for part in file.iter_batches():
                yield from (JSON_LINES.line(row, columns) for row in part.to_pylist())
    except arrow.ArrowException:
        raise other_columns(path) from None


def _check_installed() -> None:
    require("pyarrow.parquet", "parquet", "writing Parquet")


PARQUET = replace(JSON_LINES, from_lines=_from_lines, to_lines=_to_lines, check_installed=_check_installed)
