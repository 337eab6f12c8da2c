"""Parquet tables of photographs: bytes, ``{bytes, path}`` as Hugging Face writes them, or paths."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.photos.listing.find import Unreadable
from beholder.photos.sources import Source
from beholder.scale.carry import Carry, as_text
from beholder.scale.store import Retries, StoredPhoto, is_remote, join, local_path
from beholder.scale.unit import SourceRow, UnitError
from beholder.text import cut, one_line, printable

DEFAULT_COLUMN = "image"
BATCH_ROWS = 64  # read at once, and fewer of large pictures
BATCH_BYTES = 64 * 2**20
_BUFFER = 2**20  # bytes of a column that are read at once
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://|data:")


def read_table(
    file: BinaryIO,
    path: str,
    column: str | None,
    carry: Sequence[Carry],
    row_groups: tuple[int, int] | None,
    retries: Retries,
) -> Iterator[SourceRow]:
    """The rows of a Parquet file, or of a range of its row groups.

    Args:
        file: open to read.
        path: of the file: for messages, and paths in it are below its folder.
        column: of the pictures; ``image`` by default.
        carry: columns that go through, with their types; what is nested becomes JSON.
        row_groups: (first, end); None for all.
        retries: of what paths in the table name in a store.

    Raises:
        BeholderError: there is no such column, or it holds no pictures.
        UnitError: it is no Parquet file, is damaged, cut short or encrypted.
    """
    with _open(file, path) as table:
        wanted = _wanted(table, path, column, carry)
        first, end = row_groups or (0, table.num_row_groups)
        number = sum(table.metadata.row_group(each).num_rows for each in range(first))
        for group in range(first, end):
            for image, *carried in _group_rows(table, group, wanted):
                values = dict(zip((each.as_name for each in carry), carried, strict=True))
                name, source = _source(image, number, path, wanted[0].name, retries)
                yield SourceRow(name, source, values)
                number += 1


def column_types(file: BinaryIO, path: str, column: str | None, carry: Sequence[Carry]) -> dict[str, Any]:
    """The Arrow type of each carried column, by its name in the output; None for text.

    Raises:
        BeholderError: as :func:`read_table`.
        UnitError: as :func:`read_table`.
    """
    with _open(file, path) as table:
        wanted = _wanted(table, path, column, carry)[1:]
        return {each.as_name: column.carried for each, column in zip(carry, wanted, strict=True)}


def ranges(file: BinaryIO, path: str, size: int) -> list[tuple[int, int]]:
    """Ranges of row groups of at most about ``size`` bytes each, packed as they are; a larger group is one alone.

    Raises:
        UnitError: as :func:`read_table`.
    """
    with _open(file, path) as table:
        found: list[tuple[int, int]] = []
        first, held = 0, 0
        for group in range(table.num_row_groups):
            about = table.metadata.row_group(group)
            here = sum(about.column(each).total_compressed_size for each in range(about.num_columns))
            if group > first and held + here > size:
                found.append((first, group))
                first, held = group, 0
            held += here
        return [*found, (first, table.num_row_groups)]


@dataclass(frozen=True)
class _Column:
    """A column to read.

    Attributes:
        name: in the table.
        cast: to this Arrow type first; None to leave it as it is.
        carried: Arrow type in the output; None for text.
        nested: whether values become JSON.
    """

    name: str
    cast: Any = None
    carried: Any = None
    nested: bool = False


@contextmanager
def _open(file: BinaryIO, path: str) -> Iterator[Any]:
    """The Parquet file; whatever is wrong with it becomes a UnitError."""
    arrow = require("pyarrow", "parquet", "reading Parquet")
    parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
    try:
        with parquet.ParquetFile(
            arrow.PythonFile(file, mode="r"), pre_buffer=False, buffer_size=_BUFFER, page_checksum_verification=True
        ) as table:
            yield table
    except BeholderError:
        raise
    except Exception as error:
        if "crypt" in str(error):
            raise UnitError(f"{printable(path)}: is encrypted, which is not read; write it without") from error
        raise UnitError(f"{printable(path)}: is not a whole Parquet file ({one_line(error)}); copy it again") from error


def _wanted(table: Any, path: str, column: str | None, carry: Sequence[Carry]) -> list[_Column]:
    """The column of pictures, then the carried ones."""
    types, schema = require("pyarrow", "parquet", "reading Parquet").types, table.schema_arrow

    def found(name: str, option: str) -> Any:
        if name not in schema.names:
            has = printable(cut(", ".join(schema.names), 300)) or "none"
            raise BeholderError(
                f"{printable(path)}: has no column {printable(cut(name))}; its columns are {has}: name one by {option}"
            )
        return _plain_type(types, schema.types[schema.names.index(name)])

    name = column or DEFAULT_COLUMN
    kind = found(name, "--column")
    inside = [field.name for field in kind] if types.is_struct(kind) else []
    if not (types.is_null(kind) or _is_bytes(types, kind) or _is_text(types, kind) or {"bytes", "path"} & {*inside}):
        raise BeholderError(
            f"{printable(path)}: the column {printable(cut(name))} holds {printable(cut(str(kind)))}, where bytes, "
            "{bytes, path} or paths are expected; name another by --column"
        )
    return [_Column(name), *(_carried(types, each.name, found(each.name, "--carry")) for each in carry)]


def _plain_type(types: Any, kind: Any) -> Any:
    """The type of the values: without what only says how they are stored."""
    if types.is_dictionary(kind):
        return _plain_type(types, kind.value_type)
    return _plain_type(types, kind.storage_type) if hasattr(kind, "storage_type") else kind


def _is_bytes(types: Any, kind: Any) -> bool:
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


def _is_text(types: Any, kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _carried(types: Any, name: str, kind: Any) -> _Column:
    arrow = require("pyarrow", "parquet", "reading Parquet")
    if types.is_nested(kind):
        return _Column(name, nested=True)
    if _is_text(types, kind) or types.is_null(kind):
        return _Column(name)
    if getattr(kind, "unit", "") == "ns":  # Python's own times have microseconds
        if types.is_timestamp(kind):
            coarser = arrow.timestamp("us", kind.tz)
        else:
            coarser = arrow.duration("us") if types.is_duration(kind) else arrow.time64("us")
        return _Column(name, cast=coarser, carried=coarser)
    return _Column(name, carried=kind)


def _group_rows(table: Any, group: int, wanted: Sequence[_Column]) -> Iterator[tuple[Any, ...]]:
    """The values of each row of a row group, streamed: a few rows at a time, however large the group is."""
    about = table.metadata.row_group(group)
    names = list(dict.fromkeys(column.name for column in wanted))
    size = sum(
        about.column(each).total_uncompressed_size
        for each in range(about.num_columns)
        if about.column(each).path_in_schema.partition(".")[0] == names[0]
    )
    rows = max(1, min(BATCH_ROWS, BATCH_BYTES * about.num_rows // max(1, size)))
    given = 0
    for batch in _batches(table, group, names, rows):
        columns = (_values(batch.column(batch.schema.names.index(each.name)), each) for each in wanted)
        yield from zip(*columns, strict=True)
        given += batch.num_rows
    if given != about.num_rows:
        raise ValueError(f"row group {group} has {given:,} rows, not the {about.num_rows:,} that its index says")


def _batches(table: Any, group: int, names: list[str], rows: int) -> Iterator[Any]:
    """Parts of a row group. Where its large pictures stand together, so that one part has over 2 GB, row by row."""
    arrow = require("pyarrow", "parquet", "reading Parquet")
    given = 0
    for size in (rows, 1):
        skipped = 0
        try:
            for batch in table.iter_batches(batch_size=size, row_groups=[group], columns=names, use_threads=False):
                if skipped < given:  # only row by row
                    skipped += 1
                    continue
                yield batch
                given, skipped = given + batch.num_rows, skipped + batch.num_rows
            return
        except (arrow.ArrowNotImplementedError, arrow.ArrowCapacityError):
            if size == 1:
                raise


def _values(column: Any, wanted: _Column) -> list[Any]:
    if wanted.cast is not None:
        column = column.cast(wanted.cast, safe=False)
    try:
        values = column.to_pylist()
    except UnicodeDecodeError:
        if hasattr(column, "dictionary_decode"):
            column = column.dictionary_decode()
        binary = require("pyarrow", "parquet", "reading Parquet").large_binary()
        values = [each and each.decode("utf-8", "backslashreplace") for each in column.cast(binary).to_pylist()]
    return [as_text(value) for value in values] if wanted.nested else values


def _source(image: Any, number: int, table: str, column: str, retries: Retries) -> tuple[str, Source | Unreadable]:
    """How the picture of a row is called, and the picture."""
    row = f"row {number}"
    content, path = (image.get("bytes"), image.get("path")) if isinstance(image, dict) else (image, None)
    if isinstance(content, str):
        content, path = None, content
    path = path if isinstance(path, str) else None
    if content is not None:
        name = path or row
        return name, {"bytes": content, "path": name}
    if not path:
        return row, Unreadable(row, f"{row}: has no picture; the column {printable(cut(column))} is empty there")
    if _ADDRESS.match(path):
        why = "is an address, which is not fetched; download it, as img2dataset does, and score the files"
        return path, Unreadable(path, f"{printable(cut(path, 1000))}: {why}")
    return path, _named(path, table, retries)


def _named(path: str, table: str, retries: Retries) -> Source:
    """A picture by its path, which is below the folder of the table unless it is a whole one."""
    if os.path.isabs(path) or not is_remote(table):
        return os.path.join(os.path.dirname(local_path(table)), path)
    folder, _, _ = table.rpartition("/")
    return {"bytes": StoredPhoto(join(folder, posixpath.normpath(path)), retries), "path": path}
