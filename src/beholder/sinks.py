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

import csv
import json
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from beholder.batch import Result
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import explained, locked, replacing, sweep
from beholder.listing import one_spelling
from beholder.scores import vote_columns
from beholder.tasks import Task
from beholder.taste import Taste

Row = dict[str, Any]

SUFFIXES = (".csv", ".jsonl", ".parquet")
TEXT, WHOLE = frozenset({"path", "model", "sha256", "error"}), frozenset({"width", "height"})  # other columns: floats
DECIMALS = 4
LONGEST = 1 << 16  # bytes of a row, more than any has
_WITH = "+"


def columns(tasks: Sequence[Task], taste: bool = False, buckets: Sequence[float] = ()) -> list[str]:
    """Names of the columns for a model's tasks, the first of which is the overall score; ``taste`` comes before it.

    Of a model that foretells votes for the values in ``buckets``, their standard deviation and shares come too.

    Raises BeholderError where a task has the name of another column.
    """
    names = ["overall", *(task.name for task in tasks[1:])]
    all_names = [
        "path",
        *["taste"] * taste,
        *names,
        "low",
        "high",
        "percentile",
        *vote_columns(buckets),
        "width",
        "height",
        "model",
        "sha256",
        "error",
    ]
    if twice := [name for name in names if all_names.count(name) > 1]:
        raise BeholderError(f"the model has a task called {twice[0]!r}, which names another column; rename the task")
    return all_names


def row(result: Result, names: Sequence[str], taste: Taste | None = None) -> Row:
    """A result as a row: floats rounded, what is not there None, no error an empty text."""
    made: Row = dict.fromkeys(names)
    made |= {"path": _utf8(result.path), "sha256": result.sha256, "error": _utf8(result.error or "")}
    if result.scores is not None:
        personal = {} if taste is None else {"taste": taste(result.scores)}
        values = {name: column[0].item() for name, column in (personal | result.scores.to_dict()).items()}
        made |= {name: round(v, DECIMALS) if isinstance(v, float) else v for name, v in values.items()}
        made["model"] = identity(result.scores.model, taste)
    return made


def identity(model: str, taste: Taste | None) -> str:
    """What the column ``model`` says: the id of the model, and of the taste that was put on it."""
    return model if taste is None else f"{model}{_WITH}{taste.id}"


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
            self._file = locked(path)
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
                self._append(_header(path, columns))
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
        row = _parsed(self._path, self._stored(place, length), self._columns)
        if row["path"] == _utf8(path):
            self._asked.append(place)
        else:  # it was called otherwise
            row["path"] = _utf8(path)
            self.write(row)
        return row

    def write(self, row: Row) -> None:
        """Add a row. Raises BeholderError where the disk is full or gone; the rows before it stay whole."""
        line = _line(self._path, row, self._columns)
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
            self._replace(chain([_header(self._path, self._columns)], (self._stored(*place) for place in order)))

    def close(self) -> None:
        self._file.close()

    def _replace(self, lines: Iterable[bytes]) -> None:
        """Write the file anew and put it in place in one step; it was locked before it had its name."""
        what = "the rows in order (all are there)"
        with replacing(self._path, what) as fresh, explained(self._path, what):
            file = locked(fresh)
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
        header = len(_header(self._path, self._columns))
        end = header if self._size() >= header else 0
        with open(self._file.fileno(), "rb", closefd=False) as file:
            for place, line, found in _rows(file, self._path, self._columns):
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
        earlier = _from_parquet(path, lines, columns) if resume and path.exists() else None
    sink = Sink(lines, columns, model, resume, earlier)
    with closing(sink):
        for each in {lines, path}:
            sweep(each)
        try:
            yield sink
        finally:
            sink.finish()
            if lines != path:
                _to_parquet(lines, path, columns)


def _taste_of(model: str) -> str:
    return model.rpartition(_WITH)[2]


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _header(path: Path, columns: Sequence[str]) -> bytes:
    return (",".join(columns) + "\n").encode() if _is_csv(path) else b""


def _line(path: Path, row: Row, columns: Sequence[str]) -> bytes:
    """One row as it stands in the file, with its line end."""
    if _is_csv(path):
        return (",".join(_cell(row[column]) for column in columns) + "\n").encode()
    return (json.dumps({column: row[column] for column in columns}) + "\n").encode()


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.{DECIMALS}f}" if isinstance(value, float) else str(value)
    # Not csv.writer: before Python 3.13 it leaves a carriage return bare, where readers see the end of the row.
    return '"' + text.replace('"', '""') + '"' if any(char in text for char in ',"\r\n') else text


def _parsed(path: Path, line: bytes, columns: Sequence[str]) -> Row:
    """A line as a row. Raises ValueError or csv.Error where it is none."""
    if _is_csv(path):
        (cells,) = csv.reader([line.decode()])
        return {name: _value(name, cell) for name, cell in zip(columns, cells, strict=True)}
    row = json.loads(line)
    if not isinstance(row, dict) or list(row) != list(columns):
        raise ValueError("other columns")
    return row


def _value(name: str, cell: str) -> Any:
    if name in TEXT:
        return cell
    return None if cell == "" else int(cell) if name in WHOLE else float(cell)


def _rows(file: BinaryIO, path: Path, columns: Sequence[str]) -> Iterator[tuple[int, bytes, Row]]:
    """Rows of a file that a sink wrote: place, line, row. Half a last row is passed over.

    Raises BeholderError where something else wrote it, so that nobody's notes are cut off as half a row.
    """
    header = _header(path, columns)
    start = header or json.dumps({columns[0]: ""})[:-2].encode()
    place, line, quotes = 0, b"", 0
    for part in file:
        line += part
        quotes += part.count(b'"')
        if _is_csv(path) and quotes % 2 and len(line) < LONGEST:  # a line break inside quotes
            continue
        whole = line.endswith(b"\n")
        if place == 0 and not (line.startswith(start) if whole else line.startswith(start) or start.startswith(line)):
            raise _not_ours(path)
        if not whole:
            return
        if place or not header:
            try:
                found = _parsed(path, line, columns)
            except (ValueError, csv.Error):
                raise _not_ours(path, f" (line at byte {place:,})") from None
            yield place, line, found
        place, line, quotes = place + len(line), b"", 0


def _not_ours(path: Path, where: str = "") -> BeholderError:
    return BeholderError(
        f"{path}: does not hold the columns that this model writes{where}; choose another file, or leave out --resume "
        "to replace it"
    )


def _to_parquet(journal: Path, path: Path, columns: Sequence[str]) -> None:
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


def _from_parquet(path: Path, journal: Path, columns: Sequence[str]) -> Iterator[bytes]:
    """The lines of the journal that the Parquet file was made from."""
    arrow = require("pyarrow", "parquet", "reading Parquet")
    parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
    try:
        with parquet.ParquetFile(path) as file:
            if file.schema_arrow.names != list(columns):
                raise _not_ours(path)
            for part in file.iter_batches():
                yield from (_line(journal, row, columns) for row in part.to_pylist())
    except arrow.ArrowException:
        raise _not_ours(path) from None


def _key(path: str) -> str:
    return _utf8(one_spelling(path))


def _utf8(text: str) -> str:
    """Bytes of a file name that are no UTF-8 as escapes: a table must be readable by all that read UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
