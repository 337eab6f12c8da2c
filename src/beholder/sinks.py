"""Where rows go: CSV, JSON lines or Parquet, by the extension of the file.

What a killed run leaves is whole. CSV and JSON lines grow by one row in one call of the system, so the file is valid
at every moment. Parquet has its index at the end: rows go to a journal beside it, ``FILE.partial`` in JSON lines, and
become the Parquet file when the run ends, also by Ctrl-C.

A resumed run appends what is missing. Where that leaves rows twice (a file that failed before, or has changed) or in
another order than the input, the file is written anew at the end and put in place in one step, so that it is the same
as that of an undisturbed run. Rows of photographs that are no longer asked for are kept, last.
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from beholder.batch import Result
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.tasks import Task

Row = dict[str, Any]

TEXT, WHOLE = frozenset({"path", "model", "sha256", "error"}), frozenset({"width", "height"})  # other columns: floats
DECIMALS = 4


def columns(tasks: Sequence[Task]) -> list[str]:
    """Names of the columns for a model's tasks, the overall score first among them."""
    names = [task.name for task in tasks]
    return ["path", *names, "low", "high", "percentile", "width", "height", "model", "sha256", "error"]


def row(result: Result, names: Sequence[str]) -> Row:
    """A result as a row: floats rounded, what is not there None, no error an empty text."""
    made: Row = dict.fromkeys(names)
    made |= {"path": result.path, "sha256": result.sha256, "error": result.error or ""}
    if result.scores is not None:
        values = {name: column[0].item() for name, column in result.scores.to_dict().items()}
        made |= {name: round(v, DECIMALS) if isinstance(v, float) else v for name, v in values.items()}
        made["model"] = result.scores.model
    return made


class Sink:
    """An open output.

    Attributes:
        known: rows of the file that is resumed, by (path, sha256), that need not be computed again.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], known: dict[tuple[str, str], Row], kept: Sequence[Row]
    ) -> None:
        self.known = known
        self._path, self._columns = path, tuple(columns)
        self._asked: list[str] | None = [] if kept else None  # only a resumed file can need putting in order
        self._stored = [str(row["path"]) for row in kept]
        try:
            self._file = path.open("ab" if kept else "wb", buffering=0)
        except OSError as error:
            raise BeholderError(f"{path}: cannot write there ({error.strerror})") from None
        if not kept:
            self._append(_header(path, columns))

    def write(self, row: Row) -> None:
        """Add a row. Raises BeholderError where the disk is full or gone; the rows before it stay whole."""
        self._append(_line(self._path, row, self._columns))
        if self._asked is not None:
            self._asked.append(row["path"])
            self._stored.append(row["path"])

    def keep(self, row: Row) -> None:
        """Note that a known row has its place here."""
        assert self._asked is not None
        self._asked.append(row["path"])

    def close(self) -> None:
        self._file.close()
        if self._asked is None:
            return
        asked = dict.fromkeys(self._asked)
        order = [*asked, *(path for path in dict.fromkeys(self._stored) if path not in asked)]
        if order != self._stored:
            latest = {row["path"]: row for row in _read(self._path)[0]}
            _replace(self._path, self._columns, [latest[path] for path in order])

    def _append(self, line: bytes) -> None:
        end = os.fstat(self._file.fileno()).st_size
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


@contextmanager
def open_sink(path: Path, columns: Sequence[str], model: str, resume: bool = False) -> Iterator[Sink]:
    """Open an output file for rows with these columns.

    Args:
        path: ends in .csv, .jsonl or .parquet.
        columns: of the table, ``path``, ``sha256``, ``model`` and ``error`` among them.
        model: id of the model; rows by another one are computed again.
        resume: take over the rows that are there.

    Raises:
        BeholderError: an unknown extension, a folder that does not exist, a file of another form.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".jsonl", ".parquet"):
        raise BeholderError(f"{path}: unknown extension {suffix!r}; use .csv, .jsonl or .parquet")
    if not path.parent.is_dir():
        raise BeholderError(f"{path}: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise BeholderError(f"{path}: is a folder; name a file")
    lines = path
    if suffix == ".parquet":
        require("pyarrow.parquet", "parquet", "writing Parquet")
        lines = path.with_name(path.name + ".partial")
    sink = Sink(lines, columns, *(_take_over(lines, path, columns, model) if resume else ({}, [])))
    try:
        yield sink
    finally:
        sink.close()
        if lines != path:
            _to_parquet(lines, path, columns)


def read_rows(path: Path) -> list[Row]:
    """Rows of a file that a sink wrote, with their types; half a last row is passed over."""
    return _read(path)[0]


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _header(path: Path, columns: Sequence[str]) -> bytes:
    return _line(path, dict(zip(columns, columns, strict=True)), columns) if _is_csv(path) else b""


def _line(path: Path, row: Row, columns: Sequence[str]) -> bytes:
    """One row as it stands in the file, with its line end."""
    if not _is_csv(path):
        return (json.dumps({column: row[column] for column in columns}) + "\n").encode()
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_text(row[column]) for column in columns])
    return line.getvalue().encode("utf-8", "surrogateescape")


def _take_over(
    lines: Path, path: Path, columns: Sequence[str], model: str
) -> tuple[dict[tuple[str, str], Row], list[Row]]:
    """What an earlier run left in the line file, which is made whole: (rows to use as they are, all rows)."""
    source = lines if lines.exists() else path
    if not source.exists():
        return {}, []
    rows, whole = _read(source)
    if rows and list(rows[0]) != list(columns):
        raise BeholderError(
            f"{source}: has other columns than this model writes; choose another file, or leave out --resume"
        )
    if not whole or source != lines:
        _replace(lines, columns, rows)
    good = [row for row in rows if row["model"] == model and not row["error"]]
    return {(row["path"], row["sha256"]): row for row in good}, rows


def _read(path: Path) -> tuple[list[Row], bool]:
    """All whole rows, and whether there was nothing else."""
    if path.suffix.lower() == ".parquet":
        return require("pyarrow.parquet", "parquet", "reading Parquet").read_table(path).to_pylist(), True
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    whole = text.endswith("\n")
    rows: list[Row] = []
    if _is_csv(path):
        reader = csv.reader(io.StringIO(text, newline=""))
        header = next(reader, [])
        for values in reader:
            try:
                rows.append({name: _parsed(name, value) for name, value in zip(header, values, strict=True)})
            except ValueError:
                whole = False
        return rows, whole
    for line in text.splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            whole = False
    return rows, whole


def _replace(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write a line file anew and put it in place in one step."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            file.write(_header(path, columns))
            file.writelines(_line(path, row, columns) for row in rows)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise BeholderError(f"{path}: cannot write ({error.strerror}); the rows so far are whole") from None


def _to_parquet(journal: Path, path: Path, columns: Sequence[str]) -> None:
    """The journal's rows as a Parquet file, in bounded memory; the journal goes once the file is in place."""
    arrow = require("pyarrow", "parquet", "writing Parquet")
    parquet = require("pyarrow.parquet", "parquet", "writing Parquet")
    kinds = {True: arrow.string(), False: arrow.float64()}
    schema = arrow.schema([(name, arrow.int64() if name in WHOLE else kinds[name in TEXT]) for name in columns])
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with journal.open(encoding="utf-8") as file, parquet.ParquetWriter(fresh, schema) as writer:
            while lines := file.readlines(1 << 24):
                rows = [_arrow(json.loads(line)) for line in lines]
                writer.write_table(arrow.Table.from_pylist(rows, schema))
        fresh.replace(path)
        journal.unlink()
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise BeholderError(
            f"{path}: cannot write ({error.strerror}); the rows are in {journal}: make room and run again with --resume"
        ) from None


def _arrow(row: Row) -> Row:
    """Parquet's text is UTF-8; bytes of a file name that are not stand as escapes."""
    return {k: v.encode("utf-8", "backslashreplace").decode() if isinstance(v, str) else v for k, v in row.items()}


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.{DECIMALS}f}" if isinstance(value, float) else str(value)


def _parsed(name: str, text: str) -> Any:
    if name in TEXT:
        return text
    return None if text == "" else int(text) if name in WHOLE else float(text)
