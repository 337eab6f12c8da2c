"""The table of a unit: its columns, and its rows written one by one in memory that does not grow with them.

A table is written under another name and gets its own when it is whole, so what is there is whole. The same rows give
the same bytes.
"""

from __future__ import annotations

import base64
import decimal
import math
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import explained
from beholder.output.formats import FORMATS
from beholder.output.line_format import Format
from beholder.output.parquet import REPEATED
from beholder.output.rows import LAST_COLUMNS, Row, columns_of
from beholder.scale import store
from beholder.scale.places import Places
from beholder.scale.written import FileId, id_of
from beholder.text import printable, valid_utf8

if TYPE_CHECKING:
    from beholder.output.rows import Columns
    from beholder.scoring.extra_columns import ExtraColumns
    from beholder.scoring.scorer import Scorer

EMBEDDING = "embedding"
WHAT = "scores"  # is written, for messages
BUFFERED_ROWS = 1000  # as Python objects, before they become columns
_NPY_HEADER = 128  # bytes, for any number of rows
_FIRST: Columns = {"path": str, "unit": str, "row": int}


@dataclass(frozen=True)
class Schema:
    """The columns of a table of a unit.

    Attributes:
        scores: columns of the model and of what is added to its scores, without ``path``.
        carried: columns that come from the input -> their Arrow type, or None for text.
        dimensions: of an embedding; 0 where the table has none.
    """

    scores: Columns
    carried: Mapping[str, Any] = field(default_factory=dict)
    dimensions: int = 0

    @property
    def columns(self) -> Columns:
        """All columns but the embedding; carried ones count as text, for formats that know no types."""
        return {**_FIRST, **dict.fromkeys(self.carried, str), **self.scores}


def columns_to_write(scorer: Scorer, extras: Sequence[ExtraColumns], fields: Sequence[str] | None) -> Columns:
    """The columns of scores of a table, without ``path``.

    Args:
        scorer: the model.
        extras: what is added to its scores.
        fields: those of ``--fields``; None for all. Size, model, sha256 and error are there always.

    Raises:
        BeholderError: there is no such column; the message has those there are.
    """
    columns = {name: kind for name, kind in columns_of(scorer.info.tasks, extras).items() if name != "path"}
    if fields is None:
        return columns
    for name in fields:
        if name not in columns:
            raise BeholderError(f"--fields {printable(name)}: choose of {', '.join(columns)}")
    return {name: kind for name, kind in columns.items() if name in fields or name in LAST_COLUMNS}


def check_carried(names: Sequence[str], scores: Columns, *, embeddings: bool) -> None:
    """Check that carried columns have names of their own. Raises BeholderError, which says how to rename one."""
    taken = {*_FIRST, *scores, *([EMBEDDING] if embeddings else [])}
    for name in names:
        if name in taken:
            raise BeholderError(
                f"--carry {printable(name)}: the table has a column of this name already; "
                f"rename it: --carry {printable(name)}=source_{printable(name)}"
            )
        taken.add(name)


class TableWriter(Protocol):
    """Writes the rows of one table."""

    def write(self, row: Row, embedding: np.ndarray | None) -> None:
        """Add a row. Its embedding has shape (D,); None for a picture that has none."""

    def close(self) -> None:
        """Complete the file."""


def open_table(
    path: Path, suffix: str, schema: Schema, about: Mapping[str, str], *, batch_rows: int, embeddings: Path | None
) -> TableWriter:
    """A new table.

    Args:
        path: local file to write.
        suffix: of the format.
        schema: its columns.
        about: text keys and values that a Parquet file has about itself.
        batch_rows: rows of a row group.
        embeddings: local file for the embeddings of a format that has no column for them.
    """
    if suffix == ".parquet":
        return _Parquet(path, schema, about, batch_rows)
    return _Lines(path, FORMATS[suffix], schema, embeddings if schema.dimensions else None)


class _Lines:
    """CSV or JSON lines, with embeddings in a file of NumPy."""

    def __init__(self, path: Path, form: Format, schema: Schema, embeddings: Path | None) -> None:
        self._form, self._schema, self._columns = form, schema, schema.columns
        self._file = path.open("wb")
        self._embeddings = EmbeddingsWriter(embeddings, schema.dimensions) if embeddings else None
        self._plain = json_value if form is FORMATS[".jsonl"] else csv_value
        self._file.write(form.header(self._columns))

    def write(self, row: Row, embedding: np.ndarray | None) -> None:
        for name in self._schema.carried:
            row[name] = self._plain(row[name])
        self._file.write(self._form.line(row, self._columns))
        if self._embeddings is not None:
            self._embeddings.write(embedding)

    def close(self) -> None:
        self._file.close()
        if self._embeddings is not None:
            self._embeddings.close()


class EmbeddingsWriter:
    """A file of NumPy that grows: (rows, D) float16; NaN for a picture that could not be scored."""

    def __init__(self, path: Path, dimensions: int) -> None:
        self._file: BinaryIO = path.open("wb")
        self.dimensions, self._rows = dimensions, 0
        self._file.write(self._header())

    def _header(self) -> bytes:
        about = f"{{'descr': '<f2', 'fortran_order': False, 'shape': ({self._rows}, {self.dimensions}), }}"
        return b"\x93NUMPY\x01\x00" + (_NPY_HEADER - 10).to_bytes(2, "little") + f"{about:<117}\n".encode()

    def write(self, embedding: np.ndarray | None) -> None:
        """Add a row."""
        values = np.full(self.dimensions, np.nan) if embedding is None else embedding
        self._file.write(values.astype("<f2").tobytes())
        self._rows += 1

    def copy(self, file: BinaryIO, rows: int) -> None:
        """Add the rows of another such file, from where it is open."""
        shutil.copyfileobj(file, self._file)
        self._rows += rows

    def close(self) -> None:
        """Complete the file."""
        if not self._file.closed:
            self._file.seek(0)
            self._file.write(self._header())
        self._file.close()


class _Parquet:
    """Parquet, a row group at a time."""

    def __init__(self, path: Path, schema: Schema, about: Mapping[str, str], batch_rows: int) -> None:
        self._arrow = arrow = require("pyarrow", "parquet", "writing Parquet")
        parquet = require("pyarrow.parquet", "parquet", "writing Parquet")
        kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float32()}
        types = {name: kinds[kind] for name, kind in schema.columns.items()}
        types |= {name: kind or arrow.string() for name, kind in schema.carried.items()}
        self._plain = arrow.schema(list(types.items()))
        self._schema = self._plain.with_metadata(dict(about))
        if schema.dimensions:
            kind = arrow.list_(arrow.float16(), schema.dimensions)
            self._schema = self._schema.insert(len(types) - len(LAST_COLUMNS), arrow.field(EMBEDDING, kind))
        self._dimensions, self._batch_rows = schema.dimensions, batch_rows
        self._rows: list[Row] = []
        self._embeddings: list[np.ndarray | None] = []
        self._batches: list[Any] = []
        self._writer = parquet.ParquetWriter(path, self._schema, use_dictionary=["unit", *REPEATED])

    def write(self, row: Row, embedding: np.ndarray | None) -> None:
        self._rows.append(row)
        self._embeddings.append(embedding)
        waiting = sum(len(batch) for batch in self._batches) + len(self._rows)
        if waiting == self._batch_rows or len(self._rows) == BUFFERED_ROWS:
            self._batches.append(self._batch())
        if waiting == self._batch_rows:
            self._write_group()

    def close(self) -> None:
        if self._rows:
            self._batches.append(self._batch())
        if self._batches:
            self._write_group()
        self._writer.close()

    def _batch(self) -> Any:
        arrow, dimensions = self._arrow, self._dimensions
        rows, self._rows = self._rows, []
        embeddings, self._embeddings = self._embeddings, []
        columns = arrow.RecordBatch.from_pylist(rows, self._plain)
        if not dimensions:
            return arrow.RecordBatch.from_arrays(columns.columns, schema=self._schema)
        values = np.full((len(rows), dimensions), np.nan, np.float16)  # lists that are null are not for every pyarrow
        for place, each in enumerate(embeddings):
            if each is not None:
                values[place] = each
        lists = arrow.FixedSizeListArray.from_arrays(arrow.array(values.ravel(), arrow.float16()), dimensions)
        arrays = columns.columns
        arrays.insert(len(arrays) - len(LAST_COLUMNS), lists)
        return arrow.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _write_group(self) -> None:
        self._writer.write_table(self._arrow.Table.from_batches(self._batches), row_group_size=self._batch_rows)
        self._batches = []


def json_value(value: Any) -> Any:
    """A carried value as JSON has it.

    >>> import datetime
    >>> json_value(b"\\xff"), json_value(float("nan")), json_value(datetime.date(2026, 5, 4))
    ('/w==', None, '2026-05-04')
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return valid_utf8(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    with suppress(AttributeError, TypeError):
        return value.isoformat()
    return valid_utf8(str(value))


def csv_value(value: Any) -> Any:
    """A carried value for CSV: numbers with all their digits.

    >>> csv_value(0.123456789), csv_value(True), csv_value("a")
    (Decimal('0.123456789'), 'true', 'a')
    """
    plain = json_value(value)
    if isinstance(plain, bool):
        return str(plain).lower()
    return decimal.Decimal(repr(plain)) if isinstance(plain, float) else plain


class UnitWriter:
    """The table of one unit while it is written.

    Use it as a context: what was not published when the block ends is removed.

    Args:
        unit: name of the unit.
        places: of the outputs.
        schema: columns of the table.
        about: text keys and values that a Parquet file has about itself.
        batch_rows: rows of a row group.

    Raises:
        BeholderError: there is no place to write.
    """

    def __init__(self, unit: str, places: Places, schema: Schema, about: Mapping[str, str], batch_rows: int) -> None:
        self._table, self._embeddings = places.table(unit), places.embeddings(unit)
        self._opened = ExitStack()
        with self._opened as opened:
            path = opened.enter_context(store.temporary_beside(self._table))
            beside = schema.dimensions > 0 and places.suffix != ".parquet"
            numbers = opened.enter_context(store.temporary_beside(self._embeddings)) if beside else None
            self._path, self._numbers = path, numbers
            with explained(self._table, WHAT):
                self._rows = open_table(
                    path, places.suffix, schema, about, batch_rows=batch_rows, embeddings=self._numbers
                )
            opened.callback(self._abandon)
            self._opened = opened.pop_all()

    def __enter__(self) -> UnitWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def write(self, row: Row, embedding: np.ndarray | None) -> None:
        """Add a row. Raises BeholderError where the disk is full."""
        with explained(self._table, WHAT):
            self._rows.write(row, embedding)

    def publish(self, retries: store.Retries) -> tuple[FileId, FileId | None]:
        """Give the files their names, the table last; returns their sizes and hashes.

        Args:
            retries: of the store; counts tries after the first.

        Raises:
            BeholderError: they cannot be written.
        """
        with explained(self._table, WHAT):
            self._rows.close()
        table = id_of(self._path)
        numbers = None if self._numbers is None else id_of(self._numbers)
        if self._numbers is not None:
            store.publish(self._numbers, self._embeddings, retries)
        store.publish(self._path, self._table, retries)
        return table, numbers

    def _abandon(self) -> None:
        with suppress(Exception):  # of a disk that is full, or a row group that was not begun
            self._rows.close()
