"""Rows -> Parquet, and back to resume."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from beholder.extras import require
from beholder.files import explained, replacing
from beholder.output.formats import line_of, not_ours
from beholder.output.rows import TEXT, WHOLE


def to_parquet(journal: Path, path: Path, columns: Sequence[str]) -> None:
    """The journal's rows as a Parquet file, in bounded memory; the journal goes once the file is in place."""
    arrow = require("pyarrow", "parquet", "writing Parquet")
    parquet = require("pyarrow.parquet", "parquet", "writing Parquet")
    kinds = {True: arrow.string(), False: arrow.float64()}
    schema = arrow.schema([(name, arrow.int64() if name in WHOLE else kinds[name in TEXT]) for name in columns])
    what = f"a table (its rows are in {journal}, for --resume)"
    with (
        replacing(path, what) as fresh,
        explained(path, what),
        journal.open("rb") as file,
        parquet.ParquetWriter(fresh, schema) as writer,
    ):
        while lines := file.readlines(1 << 24):
            writer.write_table(arrow.Table.from_pylist([json.loads(line) for line in lines], schema))
    journal.unlink()


def from_parquet(path: Path, journal: Path, columns: Sequence[str]) -> Iterator[bytes]:
    """The lines of the journal that the Parquet file was made from."""
    arrow = require("pyarrow", "parquet", "reading Parquet")
    parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
    try:
        with parquet.ParquetFile(path) as file:
            if file.schema_arrow.names != list(columns):
                raise not_ours(path)
            for part in file.iter_batches():
                yield from (line_of(journal, row, columns) for row in part.to_pylist())
    except arrow.ArrowException:
        raise not_ours(path) from None
