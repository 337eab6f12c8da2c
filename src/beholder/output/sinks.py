"""Where rows go: a file of one of the formats in :mod:`beholder.output.formats`, or standard output.

A killed run leaves a valid file. CSV and JSON lines grow by one row in one system call, so the file is valid at every
moment (except for the microseconds in which a row is copied across a page boundary). Parquet has its index at the end:
rows go to a journal beside it, a hidden file of JSON lines, which becomes the Parquet file when the run ends, also by
Ctrl-C; after a kill, resuming reads the journal.

A file that this program did not write is never written over, and an older table stays whole until the first photograph
is scored: rows wait in a temporary file until then.

A resumed run appends what is missing. If rows are then there twice (a photograph that failed before, or has changed) or
in another order than the input, the file is rewritten at the end and replaced in one step, so that it equals the file
of an uninterrupted run. A photograph is known by its content. If its path is another one than before, its row gets the
new path; the old row goes if no file is there any more. Other rows of photographs that are not in the input are kept,
last. Resuming remembers about 100 bytes a row. `photos/a.jpg`, `./photos/a.jpg` and its absolute path are one
photograph; its row has the name that was used last.

Two runs never write one file: the second is refused, by a lock on the open file. The lock ends with the process,
however that ends.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beholder import __version__
from beholder.errors import BeholderError
from beholder.files import check_replaceable, file_head, hidden_beside, open_locked, remove_partials
from beholder.output.csv_lines import CSV, CSV_WITH_BOM, form_found
from beholder.output.formats import STREAMED, format_of, in_words
from beholder.output.row_file import Sink, Table, replaced_lines
from beholder.output.rows import extra_ids, identity_of
from beholder.terminal import output_is_closed
from beholder.text import harmless

if TYPE_CHECKING:
    from beholder.output.rows import Columns
    from beholder.scoring.extra_columns import ExtraColumns

STANDARD_OUTPUT = Path("-")
JOURNAL_START = b'{"path": '


def check_output(
    path: Path, *, resume: bool = False, csv_bom: bool = False, inputs: Iterable[str | os.PathLike[str] | None] = ()
) -> None:
    """Check that rows can be written to this path; touches nothing.

    Args:
        path: of the output, or :data:`STANDARD_OUTPUT`.
        resume: whether the rows that are there are taken over.
        csv_bom: whether the file is to begin with a byte order mark.
        inputs: files that are read, which the output must not replace.

    Raises:
        BeholderError: they cannot, or a file that this program did not write would be lost.
    """
    if path == STANDARD_OUTPUT:
        if resume:
            raise BeholderError("--resume goes on with a file, and standard output is none: name a file with --out")
        if output_is_closed():
            raise BeholderError("standard output is closed: name a file with --out")
        return
    form = format_of(path)
    if csv_bom and form is not CSV:
        raise BeholderError(f"{path}: a byte order mark is for CSV; leave out --csv-bom")
    if not os.path.isdir(path.parent):
        raise BeholderError(f"{path}: the folder {path.parent} does not exist; make it first")
    if os.path.isdir(path):
        raise BeholderError(f"{path}: is a folder; name a file")
    if os.path.exists(path) and not os.path.isfile(path) and (resume or form.from_lines is not None):
        streamed = in_words(STREAMED, "and")
        raise BeholderError(f"{path}: is not a regular file, and only {streamed} without --resume stream to one")
    if form.check_installed is not None:
        form.check_installed()
    # A file to resume is read with greater care, row by row.
    check_replaceable(path, (lambda _: True) if resume else form.is_ours, inputs)


class _Terminal(FileIO):
    """A terminal, which gets control characters of file names as escapes."""

    def write(self, data: Any) -> int:
        super().write(harmless(bytes(data).decode(errors="replace")).encode())
        return len(memoryview(data))


@contextmanager
def open_sink(
    path: Path,
    columns: Columns,
    model: str,
    extras: Sequence[ExtraColumns] = (),
    *,
    resume: bool = False,
    csv_bom: bool = False,
) -> Iterator[Sink]:
    """Open an output for rows with these columns.

    Args:
        path: has an extension of :data:`beholder.output.formats.FORMATS`, or is :data:`STANDARD_OUTPUT` for CSV there.
        columns: of the table, ``path``, ``sha256``, ``model`` and ``error`` among them.
        model: id of the model; rows of another model are computed again.
        extras: what is added to the scores of the model.
        resume: take over the rows that are there.
        csv_bom: begin a CSV file with a byte order mark. One that is there stays in any case.

    Raises:
        BeholderError: an unknown extension, a folder that does not exist, or a file that this program did not write,
            that another run is writing, that has other columns, or that has rows with another id of ``extras``.
    """
    check_output(path, resume=resume, csv_bom=csv_bom)
    form = CSV if path == STANDARD_OUTPUT else format_of(path)
    if form is CSV and csv_bom:
        form = CSV_WITH_BOM
    table = Table(path, form, columns, identity_of(model, extras), extra_ids(extras))
    if path == STANDARD_OUTPUT:
        sys.stdout.flush()
        opened_as = _Terminal if sys.stdout.isatty() else FileIO
        with opened_as(sys.stdout.fileno(), "wb", closefd=False) as file:
            yield Sink(table, file, path, form, resume=False, wait=False)
    else:
        opened = _open_lines if form.from_lines is None else _open_journal
        with opened(table, resume=resume) as sink:
            yield sink


@contextmanager
def _open_lines(table: Table, *, resume: bool) -> Iterator[Sink]:
    """A sink for a file of lines."""
    path = table.name
    with _locked(table, path, follow=True) as file:
        form, size = table.form, os.fstat(file.fileno()).st_size
        if form in (CSV, CSV_WITH_BOM) and resume and size:
            form = form_found(path)
            if form is CSV_WITH_BOM:  # stays
                table = replace(table, form=form)
        remove_partials(path)
        sink = Sink(table, file, path, form, resume=resume, wait=not resume and size > 0)
        with closing(sink):
            try:
                yield sink
            finally:
                sink.finish()


@contextmanager
def _open_journal(table: Table, *, resume: bool) -> Iterator[Sink]:
    """A sink for a format that is made of lines when the run ends; until then they are in a hidden file beside it."""
    path, form = table.name, table.form
    assert form.from_lines is not None and form.to_lines is not None
    journal, there = hidden_beside(path, "journal"), path.is_file() and path.stat().st_size > 0
    about = {"beholder_version": __version__, "beholder_model": table.identity}
    with _locked(table, journal, follow=False) as file, _never_empty(journal):
        file.seek(0, os.SEEK_END)
        if not JOURNAL_START.startswith(file_head(journal, len(JOURNAL_START))):
            raise BeholderError(f"{journal}: was not written by beholder; remove it or choose another output")
        if there and hasattr(os, "fchmod"):  # nobody reads rows there who may not read them in the table
            os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
        for each in (journal, path):
            remove_partials(each)
        wait = not resume and (there or file.tell() > 0)
        taken_up = resume and there and not file.tell()
        rows = replaced_lines(file, journal, form.to_lines(path, table.columns)) if taken_up else file
        try:
            sink = Sink(table, rows, journal, form, resume=resume, wait=wait)
        except BaseException:
            rows.close()
            if taken_up:  # a copy of a table that stays
                journal.unlink()
            raise
        with closing(sink):
            try:
                yield sink
            finally:
                sink.finish()
                if not sink.is_waiting:
                    form.from_lines(journal, path, table.columns, about)


@contextmanager
def _locked(table: Table, path: Path, *, follow: bool) -> Iterator[FileIO]:
    """The file of the rows, open and locked; it is closed if the block raises, and else by its sink."""
    try:
        file = open_locked(path, name=table.name, follow=follow)
    except OSError as error:
        raise BeholderError(
            f"{path}: cannot write there ({'it is a link' if error.errno == errno.ELOOP else error.strerror})"
        ) from None
    with closing(file):
        yield file


@contextmanager
def _never_empty(journal: Path) -> Iterator[None]:
    """Remove the journal in the end if it has no rows."""
    try:
        yield
    finally:
        with suppress(OSError):
            if not journal.stat().st_size:
                journal.unlink()
