"""Files that hold rows: how a format writes a row as a line, and how lines are read back to resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from beholder.errors import BeholderError

if TYPE_CHECKING:
    from beholder.output.rows import Columns, Row

MAX_ROW_BYTES = 1 << 16  # more than any row has


@dataclass(frozen=True)
class Format:
    """A format of output files. Rows are appended as lines; some formats are made of these lines when a run ends.

    Attributes:
        header: the first line of a file with these columns; empty for none.
        line: a row as it stands in the file, with its line end.
        parse: a line as a row; raises ValueError for a line that is none.
        start: the first bytes of every file with these columns.
        quoted_line_breaks: whether a row may go on over a line break inside double quotes.
        from_lines: (file of lines, file, columns) makes the file of the lines and removes them. None where the lines
            are the file.
        to_lines: (file, columns) -> the lines that the file was made of.
        check_installed: raises BeholderError where a package that the format needs is missing.
    """

    header: Callable[[Columns], bytes]
    line: Callable[[Row, Columns], bytes]
    parse: Callable[[bytes, Columns], Row]
    start: Callable[[Columns], bytes]
    quoted_line_breaks: bool = False
    from_lines: Callable[[Path, Path, Columns], None] | None = None
    to_lines: Callable[[Path, Columns], Iterator[bytes]] | None = None
    check_installed: Callable[[], object] | None = None


def stored_rows(file: BinaryIO, path: Path, form: Format, columns: Columns) -> Iterator[tuple[int, bytes, Row]]:
    """Rows of a file that a sink wrote: offset in bytes, line, row. An incomplete last row is left out.

    Raises:
        BeholderError: another program wrote the file; so nobody's notes are cut off as an incomplete row.
    """
    header, start = form.header(columns), form.start(columns)
    offset, line, quotes = 0, b"", 0
    for part in file:
        line += part
        quotes += part.count(b'"')
        if form.quoted_line_breaks and quotes % 2 and len(line) < MAX_ROW_BYTES:
            continue
        complete = line.endswith(b"\n")
        if offset == 0 and not (line.startswith(start) or (not complete and start.startswith(line))):
            raise other_columns(path)
        if not complete:
            return
        if offset or not header:
            try:
                row = form.parse(line, columns)
            except ValueError:
                raise other_columns(path, f" (line at byte {offset:,})") from None
            yield offset, line, row
        offset, line, quotes = offset + len(line), b"", 0


def other_columns(path: Path, where: str = "") -> BeholderError:
    """The error for a file that does not have the columns of this run."""
    return BeholderError(
        f"{path}: does not hold the columns that this model writes{where}; choose another file, or leave out --resume "
        "to replace it"
    )
