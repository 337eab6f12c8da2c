"""An open file of rows: written one by one, waiting until an older table may go, or taken up again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from io import FileIO
from itertools import chain
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from beholder.errors import BeholderError
from beholder.files import explained, path_key, replacing_file
from beholder.output.line_format import Format, stored_rows
from beholder.output.row_index import RowIndex
from beholder.output.rows import ID_SEPARATOR, Row
from beholder.text import valid_utf8

if TYPE_CHECKING:
    from beholder.output.rows import Columns

_WAITING_BYTES = 1 << 20  # of rows that wait in memory


@dataclass(frozen=True)
class Table:
    """What a sink writes.

    Attributes:
        name: of the output, for messages.
        form: its format.
        columns: of each row.
        identity: of the model and of what was added to its scores; rows of another one are computed again.
        extra_ids: ids of what was added.
    """

    name: Path
    form: Format
    columns: Columns
    identity: str
    extra_ids: Sequence[str]


class Sink:
    """An open file of rows.

    Args:
        table: what is written.
        file: open to read and append, under a lock.
        path: of the file; that of the table or, for Parquet, of its journal.
        form: of the lines that the file has so far.
        resume: whether its rows are taken over.
        wait: whether to leave the file as it is until the first photograph is scored.
    """

    def __init__(self, table: Table, file: FileIO, path: Path, form: Format, *, resume: bool, wait: bool) -> None:
        self._table, self._file, self._path, self._form = table, file, path, form
        self._index = RowIndex() if resume else None
        self._rows = 0
        self._waiting = SpooledTemporaryFile(_WAITING_BYTES) if wait else None  # noqa: SIM115 close() closes it
        if self._index is not None:
            self._read_earlier_rows(self._index)
        if self._waiting is not None:
            self._waiting.write(table.form.header(table.columns))
        elif self._index is None or not self._size():
            self._form = table.form
            self._append(table.form.header(table.columns))

    @property
    def is_waiting(self) -> bool:
        """Whether the file is as it was, because nothing was scored."""
        return self._waiting is not None

    def knows(self, path: str, sha256: str) -> bool:
        """Whether the file has a row for this content that need not be computed again."""
        return self._index is not None and self._index.valid_place(_key(path), sha256) is not None

    def keep(self, path: str, sha256: str) -> Row:
        """Put the row of a content that the file :meth:`knows` next in the order of this run, and return it."""
        assert self._index is not None
        place = self._index.valid_place(_key(path), sha256)
        assert place is not None
        row = {**self._row(*place), "path": valid_utf8(path)}  # it may have had another name
        self.write(row)  # which adds nothing if the row stands there
        return row

    def write(self, row: Row) -> None:
        """Add a row. Raises BeholderError if the disk is full or gone; the rows before it stay complete."""
        line = self._table.form.line(row, self._table.columns)
        if self._index is not None:
            self._write_latest(self._index, row, line)
        elif self._waiting is None:
            self._append(line)
        else:
            self._waiting.write(line)
            if not row["error"]:
                self._begin(self._waiting)

    def _begin(self, waiting: SpooledTemporaryFile[bytes]) -> None:
        """Replace what the file had by the rows that waited."""
        waiting.seek(0)
        self._waiting = None
        self._file.truncate(0)
        with closing(waiting):
            while part := waiting.read(_WAITING_BYTES):
                self._append(part)

    def _write_latest(self, index: RowIndex, row: Row, line: bytes) -> None:
        key = _key(row["path"])
        number = index.of_path(key)
        if number is None or self._stored(*index.place(number)) != line:
            number = index.put(key, self._append(line), len(line))
            self._rows += 1
        index.next_in_order(number, row["sha256"])

    def finish(self) -> None:
        """Bring the rows of a resumed file into the order of this run, each once."""
        index = self._index
        if index is None:
            return
        places, count, in_order = index.final(lambda row: not os.path.lexists(self._row(*index.place(row))["path"]))
        if self._rows > count or not in_order or self._form is not self._table.form:
            header = self._table.form.header(self._table.columns)
            self._replace(chain([header], (self._stored(*place) for place in places)))

    def close(self) -> None:
        """Close the file. What waited for a first score is dropped."""
        self._file.close()
        if self._waiting is not None:
            self._waiting.close()

    def _replace(self, lines: Iterable[bytes]) -> None:
        """Write a new file and replace the old one in one step; the new one is locked before it has its name."""
        self._file = replaced_lines(self._file, self._path, lines)

    def _read_earlier_rows(self, index: RowIndex) -> None:
        """Note the rows of an earlier run, and cut off an incomplete last row."""
        table = self._table
        self._file.seek(0)
        header = len(self._form.header(table.columns))
        end = header if self._size() >= header else 0
        with open(self._file.fileno(), "rb", closefd=False) as file:
            for place, line, row in stored_rows(file, table.name, self._form, table.columns):
                end = place + len(line)
                self._check_extra_ids(row)
                valid = row["model"] == table.identity and not row["error"]
                index.put_earlier(_key(row["path"]), place, len(line), row["sha256"], valid=valid)
                self._rows += 1
        if end < self._size():
            self._file.truncate(end)

    def _check_extra_ids(self, row: Row) -> None:
        wanted = list(self._table.extra_ids)
        if not row["model"] or not wanted:
            return
        found = row["model"].rsplit(ID_SEPARATOR, len(wanted))[1:]
        if found != wanted:
            there, here = (ID_SEPARATOR.join(ids) for ids in (found, wanted))
            raise BeholderError(
                f"{self._table.name}: has rows by {there}, this is {here}; choose another file, or leave out --resume "
                "to replace it"
            )

    def _row(self, place: int, length: int) -> Row:
        return self._form.parse(self._stored(place, length), self._table.columns)

    def _stored(self, place: int, length: int) -> bytes:
        self._file.seek(place)
        return self._file.read(length)

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _append(self, line: bytes) -> int:
        """Write at the end; return the offset of the line."""
        end = self._size()
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) or 0 :]
        except BrokenPipeError:
            raise
        except OSError as error:
            with suppress(OSError):  # remove an incomplete row
                self._file.truncate(end)
            raise BeholderError(
                f"{self._table.name}: cannot write ({error.strerror}); the rows so far are whole: "
                "make room and run again with --resume"
            ) from None
        return end


def replaced_lines(file: FileIO, path: Path, lines: Iterable[bytes]) -> FileIO:
    """A new file with these lines in the place of an old one, open and locked before it has the name."""
    what, fresh = "the rows in order (all are there)", None
    try:
        with replacing_file(path, what) as partial, explained(path, what):
            with open(partial.fileno(), "wb", closefd=False) as buffered:
                buffered.writelines(lines)
            fresh = FileIO(os.dup(partial.fileno()), "ab+")
    except BaseException:
        if fresh is not None:
            fresh.close()
        raise
    file.close()
    return fresh


def _key(path: str) -> str:
    """By which the rows of one photograph are found, however it was named."""
    return valid_utf8(path_key(path))
