"""The first sheet of an Excel workbook (.xlsx) as a table, by the standard library: data sets are published as such.

Read are texts and numbers, as they are stored. Formulas count with the value that was last computed.
"""

import csv
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from beholder.data.tables import parse_table
from beholder.errors import BeholderError
from beholder.reading import MAX_TABLE_BYTES, read_bytes

MAX_SHEET_BYTES = 50_000_000  # unpacked; parsed, it takes about ten times that
SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
SHARED_TEXTS = "xl/sharedStrings.xml"
MAX_COLUMNS = 16_384  # of Excel
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ElementTree.ParseError),
    *(EOFError, LookupError, OSError, ValueError),
    *(NotImplementedError, RuntimeError),  # another way of packing, a password
)
_PLACE = re.compile(r"([A-Z]{1,3})\d+")


def read_workbook(path: Path, columns: Sequence[str] = (), *, advice: str = "") -> dict[str, list[str]]:
    """All columns of the first sheet as text, as :func:`beholder.data.tables.read_table` gives them.

    Args:
        path: of the workbook.
        columns: that are required.
        advice: what to do if the file is missing, for the message.

    Raises:
        BeholderError: the file is missing, is no workbook or too large; and as
            :func:`beholder.data.tables.parse_table`.
    """
    content = read_bytes(path, "a workbook", MAX_TABLE_BYTES, advice=advice)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            rows = list(_rows(archive))
    except DAMAGED:
        raise BeholderError(f"{path}: is no Excel workbook (.xlsx), or damaged; save the first sheet as .csv") from None
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return parse_table(path, text.getvalue(), columns, ",", refuse_long_rows=False)


def _rows(archive: zipfile.ZipFile) -> Iterator[list[str]]:
    """The cells of each row of the first sheet. Raises ValueError if there is none."""
    shared: list[str] = []
    if SHARED_TEXTS in archive.namelist():
        shared = [_text(item) for item in _document(archive, SHARED_TEXTS).findall("{*}si")]
    sheets = [name for name in archive.namelist() if SHEET.fullmatch(name)]
    first = min(sheets, key=lambda name: int(SHEET.fullmatch(name)[1]))  # type: ignore[index]
    for row in _document(archive, first).iterfind("{*}sheetData/{*}row"):
        cells: dict[int, str] = {}
        for cell in row.iterfind("{*}c"):
            place = _PLACE.fullmatch(cell.get("r", ""))
            number = _column(place[1]) if place else len(cells)
            cells[min(number, MAX_COLUMNS)] = _value(cell, shared)
        yield [cells.get(number, "") for number in range(max(cells, default=-1) + 1)]


def _document(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > MAX_SHEET_BYTES:
        raise ValueError(name)
    return ElementTree.fromstring(archive.read(name))  # expat refuses entities that grow


def _column(letters: str) -> int:
    """The number of a column, from 0.

    >>> _column("A"), _column("Z"), _column("AA")
    (0, 25, 26)
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element, shared: Sequence[str]) -> str:
    kind = cell.get("t")
    if kind == "inlineStr":
        return _text(cell)
    stored = cell.findtext("{*}v", "")
    return shared[int(stored)] if kind == "s" else stored


def _text(element: ElementTree.Element) -> str:
    """All its text, which may be in several pieces of different fonts."""
    return "".join(piece.text or "" for piece in element.iter() if piece.tag.rpartition("}")[2] == "t")
