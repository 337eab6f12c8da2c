"""Where rows go: a file of one of the formats in :mod:`beholder.output.formats`.

A killed run leaves a valid file. CSV and JSON lines grow by one row in one system call, so the file is valid at every
moment (except for the microseconds in which a row is copied across a page boundary). Parquet has its index at the end:
rows go to a journal beside it, ``FILE.partial`` in JSON lines, which becomes the Parquet file when the run ends, also
by Ctrl-C; after a kill, resuming reads the journal.

A resumed run appends what is missing. If rows are then there twice (a photograph that failed before, or has changed) or
in another order than the input, the file is rewritten at the end and replaced in one step, so that it equals the file
of an uninterrupted run. Rows of photographs that are not in the input any more are kept, last. Resuming remembers a
path and an offset in the file for each row, not the row. `photos/a.jpg`, `./photos/a.jpg` and its absolute path are one
photograph; its row has the name that was used last.

Two runs never write one file: the second is refused, by a lock on the open file. The lock ends with the process,
however that ends.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from beholder.errors import BeholderError
from beholder.files import explained, open_locked, path_key, remove_partials, replacing
from beholder.output.formats import STREAMED, format_of, in_words
from beholder.output.line_format import Format, stored_rows
from beholder.output.rows import ID_SEPARATOR, Row, extra_ids, identity_of
from beholder.text import valid_utf8

if TYPE_CHECKING:
    from beholder.output.rows import Columns
    from beholder.scoring.extra_columns import ExtraColumns


class Sink:
    """An open file of rows."""

    def __init__(
        self,
        path: Path,
        form: Format,
        columns: Columns,
        identity: str,
        extra_ids: Sequence[str],
        *,
        resume: bool,
        earlier: Iterable[bytes] | None = None,
    ) -> None:
        self._path, self._form, self._columns = path, form, columns
        self._resume = resume
        # Only of a resumed file: for each path the offset and length of its latest row, and the content for which that
        # row is still valid.
        self._places: dict[str, tuple[int, int, str | None]] = {}
        self._rows = 0
        self._order = array("q")  # offsets of the rows in the order of this run
        try:
            self._file = open_locked(path)
        except OSError as error:
            raise BeholderError(f"{path}: cannot write there ({error.strerror})") from None
        try:
            if not resume and os.path.isfile(path):  # neither a pipe nor a device
                self._file.truncate(0)
            if resume:
                if earlier is not None and not self._size():
                    self._replace(earlier)
                self._read_earlier_rows(identity, extra_ids)
            if not resume or not self._size():
                self._append(form.header(columns))
        except BaseException:
            if earlier is not None and not self._size():  # a journal that has no rows yet
                path.unlink()
            self._file.close()
            raise

    def knows(self, path: str, sha256: str) -> bool:
        """Whether the file has a row for this content of this photograph that need not be computed again."""
        return self._places.get(_key(path), (0, 0, None))[2] == sha256

    def keep(self, path: str) -> Row:
        """Put the row of a photograph that the file :meth:`knows` next in the order of this run, and return it."""
        place, length, _ = self._places[_key(path)]
        row = self._form.parse(self._stored(place, length), self._columns)
        if row["path"] == valid_utf8(path):
            self._order.append(place)
        else:  # it had another name
            row["path"] = valid_utf8(path)
            self.write(row)
        return row

    def write(self, row: Row) -> None:
        """Add a row. Raises BeholderError if the disk is full or gone; the rows before it stay complete."""
        line = self._form.line(row, self._columns)
        if not self._resume:
            self._append(line)
            return
        key = _key(row["path"])
        place, length, _ = self._places.get(key, (0, 0, None))
        if self._stored(place, length) != line:  # a photograph that failed as before is not written twice
            place = self._append(line)
            self._places[key] = (place, len(line), None)
            self._rows += 1
        self._order.append(place)

    def finish(self) -> None:
        """Bring the rows of a resumed file into the order of this run, each once."""
        if not self._resume:
            return
        left = {place: length for place, length, _ in self._places.values()}
        order = [(place, left.pop(place)) for place in self._order if place in left] + list(left.items())
        if self._rows > len(order) or order != sorted(order):
            self._replace(chain([self._form.header(self._columns)], (self._stored(*place) for place in order)))

    def close(self) -> None:
        self._file.close()

    def _replace(self, lines: Iterable[bytes]) -> None:
        """Write a new file and replace the old one in one step; the new one is locked before it has its name."""
        what = "the rows in order (all are there)"
        with replacing(self._path, what) as fresh, explained(self._path, what):
            file = open_locked(fresh)
            try:
                with open(file.fileno(), "wb", closefd=False) as buffered:
                    buffered.writelines(lines)
            except BaseException:
                file.close()
                raise
        self._file.close()
        self._file = file

    def _read_earlier_rows(self, identity: str, extra_ids: Sequence[str]) -> None:
        """Note the rows of an earlier run, and cut off an incomplete last row."""
        self._file.seek(0)
        header = len(self._form.header(self._columns))
        end = header if self._size() >= header else 0
        with open(self._file.fileno(), "rb", closefd=False) as file:
            for place, line, row in stored_rows(file, self._path, self._form, self._columns):
                end = place + len(line)
                self._check_extra_ids(row, extra_ids)
                valid = row["model"] == identity and not row["error"]
                self._places[_key(row["path"])] = (place, len(line), row["sha256"] if valid else None)
                self._rows += 1
        if end < self._size():
            self._file.truncate(end)

    def _check_extra_ids(self, row: Row, extra_ids: Sequence[str]) -> None:
        if not row["model"] or not extra_ids:
            return
        found = row["model"].rsplit(ID_SEPARATOR, len(extra_ids))[1:]
        if found != list(extra_ids):
            there, here = (ID_SEPARATOR.join(ids) for ids in (found, extra_ids))
            raise BeholderError(
                f"{self._path}: has rows by {there}, this is {here}; choose another file, or leave out --resume to "
                "replace it"
            )

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
        except OSError as error:
            with suppress(OSError):  # remove an incomplete row
                self._file.truncate(end)
            raise BeholderError(
                f"{self._path}: cannot write ({error.strerror}); the rows so far are whole: "
                "make room and run again with --resume"
            ) from None
        return end


def check_output(path: Path, *, resume: bool = False) -> None:
    """Check that rows can be written to this path; touches nothing. Raises BeholderError if they cannot."""
    form = format_of(path)
    if not os.path.isdir(path.parent):
        raise BeholderError(f"{path}: the folder {path.parent} does not exist; make it first")
    if os.path.isdir(path):
        raise BeholderError(f"{path}: is a folder; name a file")
    if os.path.exists(path) and not os.path.isfile(path) and (resume or form.from_lines is not None):
        streamed = in_words(STREAMED, "and")
        raise BeholderError(f"{path}: is not a regular file, and only {streamed} without --resume stream to one")
    if form.check_installed is not None:
        form.check_installed()


@contextmanager
def open_sink(
    path: Path, columns: Columns, model: str, extras: Sequence[ExtraColumns] = (), *, resume: bool = False
) -> Iterator[Sink]:
    """Open an output file for rows with these columns.

    Args:
        path: has an extension of :data:`beholder.output.formats.FORMATS`.
        columns: of the table, ``path``, ``sha256``, ``model`` and ``error`` among them.
        model: id of the model; rows of another model are computed again.
        extras: what is added to the scores of the model.
        resume: take over the rows that are there.

    Raises:
        BeholderError: an unknown extension, a folder that does not exist, or a file that another run is writing, that
            has other columns, or that has rows with another id of ``extras``.
    """
    check_output(path, resume=resume)
    form, lines, earlier = format_of(path), path, None
    if form.from_lines is not None:
        lines = path.with_name(path.name + ".partial")
    if form.to_lines is not None and resume and path.exists():
        earlier = form.to_lines(path, columns)
    identity, ids = identity_of(model, extras), extra_ids(extras)
    sink = Sink(lines, form, columns, identity, ids, resume=resume, earlier=earlier)
    with closing(sink):
        for each in {lines, path}:
            remove_partials(each)
        try:
            yield sink
        finally:
            sink.finish()
            if form.from_lines is not None:
                form.from_lines(lines, path, columns)


def _key(path: str) -> str:
    """By which the rows of one photograph are found, however it was named."""
    return valid_utf8(path_key(path))
