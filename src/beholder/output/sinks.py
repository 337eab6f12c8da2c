"""Where rows go: CSV, JSON lines or Parquet, by the extension of the file.

What a killed run leaves is whole. CSV and JSON lines grow by one row in one call of the system, so the file is valid
at every moment (but the microseconds in which a row is copied over the edge of a page). Parquet has its index at the
end: rows go to a journal beside it, ``FILE.partial`` in JSON lines, and become the Parquet file when the run ends, also
by Ctrl-C; after a kill, resuming takes the journal.

A resumed run appends what is missing. Where that leaves rows twice (a file that failed before, or has changed) or in
another order than the input, the file is written anew at the end and put in place in one step, so that it is the same
as that of an undisturbed run. Rows of photographs that are no longer asked for are kept, last. Resuming remembers a
path and a place in the file for each row, not the row. `photos/a.jpg`, `./photos/a.jpg` and its absolute path are one
photograph; its row says what it was called last.

Two runs never write one file: the second is refused, by a lock on the open file that ends with the process, however
that ends.
"""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import explained, open_locked, path_key, remove_partials, replacing
from beholder.output.formats import header_of, line_of, parsed_row, rows_in
from beholder.output.parquet import from_parquet, to_parquet
from beholder.output.rows import WITH_TASTE, Row
from beholder.text import valid_utf8

SUFFIXES = (".csv", ".jsonl", ".parquet")


class Sink:
    """An open output."""

    def __init__(
        self, path: Path, columns: Sequence[str], model: str, resume: bool, earlier: Iterable[bytes] | None = None
    ) -> None:
        self._path, self._columns = path, tuple(columns)
        # Only of a resumed file: for each path the place of its latest row, and the content for which that is good.
        self._places: dict[str, tuple[int, int, str | None]] = {}
        self._rows = 0
        self._asked = array("q") if resume else None  # places of the rows in the order of this run
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
                self._take_over(model)
            if not resume or not self._size():
                self._append(header_of(path, columns))
        except BaseException:
            if earlier is not None and not self._size():  # a journal that was to be
                path.unlink()
            self._file.close()
            raise

    def knows(self, path: str, sha256: str) -> bool:
        """Whether the file has a row for this content of this photograph that need not be computed again."""
        return self._places.get(_key(path), (0, 0, None))[2] == sha256

    def keep(self, path: str) -> Row:
        """The row of a photograph that the file knows, which has its place here."""
        assert self._asked is not None
        place, length, _ = self._places[_key(path)]
        row = parsed_row(self._path, self._stored(place, length), self._columns)
        if row["path"] == valid_utf8(path):
            self._asked.append(place)
        else:  # it was called otherwise
            row["path"] = valid_utf8(path)
            self.write(row)
        return row

    def write(self, row: Row) -> None:
        """Add a row. Raises BeholderError where the disk is full or gone; the rows before it stay whole."""
        line = line_of(self._path, row, self._columns)
        if self._asked is None:
            self._append(line)
            return
        key = _key(row["path"])
        place, length, _ = self._places.get(key, (0, 0, None))
        if self._stored(place, length) != line:  # what failed as before is not written twice
            place = self._append(line)
            self._places[key] = (place, len(line), None)
            self._rows += 1
        self._asked.append(place)

    def finish(self) -> None:
        """Each row once, in the order of this run."""
        if self._asked is None:
            return
        left = {place: length for place, length, _ in self._places.values()}
        order = [(place, left.pop(place)) for place in self._asked if place in left] + list(left.items())
        if self._rows > len(order) or order != sorted(order):
            self._replace(chain([header_of(self._path, self._columns)], (self._stored(*place) for place in order)))

    def close(self) -> None:
        self._file.close()

    def _replace(self, lines: Iterable[bytes]) -> None:
        """Write the file anew and put it in place in one step; it was locked before it had its name."""
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

    def _take_over(self, model: str) -> None:
        """Note what an earlier run left, and cut off half a last row."""
        self._file.seek(0)
        header = len(header_of(self._path, self._columns))
        end = header if self._size() >= header else 0
        with open(self._file.fileno(), "rb", closefd=False) as file:
            for place, line, found in rows_in(file, self._path, self._columns):
                end = place + len(line)
                if found["model"] and "taste" in self._columns and _taste_of(found["model"]) != _taste_of(model):
                    raise BeholderError(
                        f"{self._path}: has rows by {_taste_of(found['model'])}, this is {_taste_of(model)}; choose "
                        "another file, or leave out --resume to replace it"
                    )
                good = found["model"] == model and not found["error"]
                self._places[_key(found["path"])] = (place, len(line), found["sha256"] if good else None)
                self._rows += 1
        if end < self._size():
            self._file.truncate(end)

    def _stored(self, place: int, length: int) -> bytes:
        self._file.seek(place)
        return self._file.read(length)

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _append(self, line: bytes) -> int:
        """Write at the end; the place where."""
        end = self._size()
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) or 0 :]
        except OSError as error:
            with suppress(OSError):  # take back half a row
                self._file.truncate(end)
            raise BeholderError(
                f"{self._path}: cannot write ({error.strerror}); the rows so far are whole: "
                "make room and run again with --resume"
            ) from None
        return end


def check(path: Path, resume: bool = False) -> None:
    """Raises BeholderError where the path cannot be an output; touches nothing."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise BeholderError(f"{path}: unknown extension {suffix!r}; use {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    if not os.path.isdir(path.parent):
        raise BeholderError(f"{path}: the folder {path.parent} does not exist; make it first")
    if os.path.isdir(path):
        raise BeholderError(f"{path}: is a folder; name a file")
    if os.path.exists(path) and not os.path.isfile(path) and (resume or suffix == ".parquet"):
        raise BeholderError(f"{path}: is not a regular file, and only .csv and .jsonl without --resume stream to one")
    if suffix == ".parquet":
        require("pyarrow.parquet", "parquet", "writing Parquet")


@contextmanager
def open_sink(path: Path, columns: Sequence[str], model: str, resume: bool = False) -> Iterator[Sink]:
    """Open an output file for rows with these columns.

    Args:
        path: ends in .csv, .jsonl or .parquet.
        columns: of the table, ``path``, ``sha256``, ``model`` and ``error`` among them.
        model: as :func:`identity` gives; rows by another model are computed again.
        resume: take over the rows that are there.

    Raises:
        BeholderError: an unknown extension, a folder that does not exist, a file that another run is writing, is not of
            this form or has rows by another taste.
    """
    check(path, resume)
    lines, earlier = path, None
    if path.suffix.lower() == ".parquet":
        lines = path.with_name(path.name + ".partial")
        earlier = from_parquet(path, lines, columns) if resume and path.exists() else None
    sink = Sink(lines, columns, model, resume, earlier)
    with closing(sink):
        for each in {lines, path}:
            remove_partials(each)
        try:
            yield sink
        finally:
            sink.finish()
            if lines != path:
                to_parquet(lines, path, columns)


def _taste_of(model: str) -> str:
    return model.rpartition(WITH_TASTE)[2]


def _key(path: str) -> str:
    return valid_utf8(path_key(path))
