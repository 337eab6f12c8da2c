"""Files that hold rows: how a format writes a row as a line, and how lines are read back to resume."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from beholder.errors import BeholderError
from beholder.output.rows import LAST_COLUMNS

if TYPE_CHECKING:
    from beholder.output.rows import Columns, Row
    from beholder.scoring.extra_columns import Kind

MAX_ROW_BYTES = 1 << 18  # more than any row has: a path has up to 4,096 bytes, each written as up to 7
MAX_INTEGER = 2**63 - 1
MAX_FLOAT = 3.4e38  # of 32 bits, as Parquet has them
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHA256 = re.compile(r"([0-9a-f]{64})?")


@dataclass(frozen=True)
class Format:
    """A format of output files. Rows are appended as lines; some formats are made of these lines when a run ends.

    Attributes:
        header: the first line of a file with these columns; empty for none.
        line: a row as it stands in the file, with its line end.
        parse: a line as a row; raises ValueError for a line that is none, and says why.
        start: the first bytes of every file with these columns.
        is_ours: whether a file with content is a table that this program wrote, with whatever scores.
        quoted_line_breaks: whether a row may go on over a line break inside double quotes.
        from_lines: (file of lines, file, columns, text keys and values about the table) makes the file of the lines and
            removes them. None where the lines are the file.
        to_lines: (file, columns) -> the lines that the file was made of.
        check_installed: raises BeholderError where a package that the format needs is missing.
    """

    header: Callable[[Columns], bytes]
    line: Callable[[Row, Columns], bytes]
    parse: Callable[[bytes, Columns], Row]
    start: Callable[[Columns], bytes]
    is_ours: Callable[[Path], bool]
    quoted_line_breaks: bool = False
    from_lines: Callable[[Path, Path, Columns, Mapping[str, str]], None] | None = None
    to_lines: Callable[[Path, Columns], Iterator[bytes]] | None = None
    check_installed: Callable[[], object] | None = None


def is_header(names: Sequence[str]) -> bool:
    """Whether these are the columns of a table of scores, of whatever model."""
    return len(names) > len(LAST_COLUMNS) and names[0] == "path" and tuple(names[-len(LAST_COLUMNS) :]) == LAST_COLUMNS


def stored_rows(file: BinaryIO, path: Path, form: Format, columns: Columns) -> Iterator[tuple[int, bytes, Row]]:
    """Rows of a file that a sink wrote: offset in bytes, line, row. An incomplete last row is left out.

    Args:
        file: open at its start.
        path: of the table, for messages.
        form: of the file.
        columns: of the table.

    Raises:
        BeholderError: another program wrote the file, so nobody's notes are cut off as an incomplete row; or a row is
            damaged.
    """
    header, start = form.header(columns), form.start(columns)
    number = 0 if header else 1
    for offset, line in _lines(file, quoted_line_breaks=form.quoted_line_breaks):
        complete = line.endswith(b"\n")
        if offset == 0 and not (line.startswith(start) or (not complete and start.startswith(line))):
            raise other_columns(path, form)
        if not complete and (len(line) < MAX_ROW_BYTES or not line.strip(b"\0")):
            return
        if number:
            try:
                row = form.parse(line, columns)
                check_values(row, columns)
            except ValueError as error:
                raise _damaged(path, form, number, offset, error) from None
            yield offset, line, row
        number += 1


def _lines(file: BinaryIO, *, quoted_line_breaks: bool) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each line; the last, and one of :data:`MAX_ROW_BYTES` or more, may have no end."""
    offset, line, quotes = 0, b"", 0
    while part := file.readline(MAX_ROW_BYTES):
        line += part
        quotes += part.count(b'"')
        if quoted_line_breaks and quotes % 2 and len(line) < MAX_ROW_BYTES:
            continue
        yield offset, line
        offset, line, quotes = offset + len(line), b"", 0
    if line:
        yield offset, line.rstrip(b"\n")  # a quote is open


def check_values(row: Row, columns: Columns) -> None:
    """Check that a row that was read has the values of a row. Raises ValueError, which says what is wrong."""
    for name, kind in columns.items():
        if not _fits(row[name], kind) and not (name == "model" and row[name] is None):
            raise ValueError(f"{name} is not {_WORDS[kind]}")
    if not _SHA256.fullmatch(row["sha256"]):
        raise ValueError("sha256 is not 64 hexadecimal digits")


_WORDS: Mapping[Any, str] = {str: "text", int: "a whole number", float: "a number"}


def _fits(value: Any, kind: Kind) -> bool:
    if kind is str:
        return isinstance(value, str) and not _SURROGATE.search(value)
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else int):
        return False
    return abs(value) <= (MAX_FLOAT if kind is float else MAX_INTEGER) and math.isfinite(value)


def other_columns(path: Path, form: Format) -> BeholderError:
    """The error for a file that does not have the columns of this run."""
    return BeholderError(f"{path}: does not hold the columns that this model writes; {_ways(path, form)}")


def _damaged(path: Path, form: Format, number: int, offset: int, why: Exception) -> BeholderError:
    return BeholderError(
        f"{path}: row {number:,} (at byte {offset:,}) is not one that this model writes: {why}; {_ways(path, form)}"
    )


def _ways(path: Path, form: Format) -> str:
    """What to do about a file that cannot be resumed; that of another program is not replaced."""
    replaced = form.is_ours(path) or not path.exists()
    return "choose another file" + (", or leave out --resume to replace it" if replaced else "")
