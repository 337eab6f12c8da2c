"""The text of table cells, and what the HTML page and the Markdown file share."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, NamedTuple

from beholder.metrics import Estimate, Interval
from beholder.reporting.document import Cell, Document, Part, Picture, Source, Spread, Table

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
SOURCE_LABELS = {"published": "published", "measured": "measured here"}
SOURCE_MEANINGS: dict[Source, str] = {
    "published": "as the paper prints it",
    "measured": "computed by this program from the data named below",
}


@dataclass(frozen=True)
class EncodedPicture:
    """A picture as a file: its bytes, the end of its name, and its size in pixels."""

    data: bytes
    suffix: Literal["png", "jpg"]
    width: int
    height: int

    @property
    def is_chart(self) -> bool:
        return self.suffix == "png"


class Chapter(NamedTuple):
    """A section: its title, and its parts by their unique names, which are anchors and names of picture files."""

    title: str
    parts: Mapping[str, Part]


def cell_text(cell: Cell, digits: int) -> tuple[str, str]:
    """The value of a cell, and the text beside it: the interval of an estimate, the range over seeds, or nothing.

    >>> cell_text(Interval(0.5, 0.25, 0.75), 2)
    ('0.50', '0.25 to 0.75')
    """
    if cell is None:
        return DASH, ""
    if isinstance(cell, str):
        return cell, ""
    if isinstance(cell, Spread):
        beside = f"{_range_text(cell, digits)}, {cell.n} seeds" if cell.n > 1 else "1 seed"
        return _number_text(cell.mean, digits), beside
    if isinstance(cell, Estimate | Interval):
        return _number_text(cell.value, digits), _range_text(cell, digits)
    return _number_text(cell, digits), ""


def _range_text(cell: Spread | Estimate | Interval, digits: int) -> str:
    return f"{_number_text(cell.low, digits)} to {_number_text(cell.high, digits)}"


def _number_text(value: float, digits: int) -> str:
    """
    >>> _number_text(1234567, 3), _number_text(0.12345, 2), _number_text(float("nan"), 3)
    ('1,234,567', '0.12', 'undefined')
    """
    if isinstance(value, Integral):
        text = f"{int(value):,}"
    elif math.isnan(value):
        return "undefined"
    else:
        text = f"{float(value):,.{digits}f}".replace("inf", "infinite")
    return text.replace("-", MINUS)


def collapse_spaces(text: str) -> str:
    """The text on one line, with single spaces."""
    return " ".join(text.split())


def numeric_columns(table: Table) -> list[bool]:
    """Whether each column holds numbers, which are aligned right."""
    columns = [[row[index] for row in table.rows] for index in range(len(table.columns))]
    return [any(isinstance(cell, Real | Estimate | Interval | Spread) for cell in column) for column in columns]


def table_notes(table: Table) -> list[str]:
    """The note of a table, and what the numbers beside its values are."""
    cells = [cell for row in table.rows for cell in row]
    notes = [table.note] if table.note else []
    if any(isinstance(cell, Estimate | Interval) for cell in cells):
        notes.append("Beside a value: its 95% bootstrap interval over the photographs.")
    if any(isinstance(cell, Spread) for cell in cells):
        notes.append("Beside a mean over seeds: the smallest and the largest value of the seeds.")
    return notes


def sources_in(document: Document) -> list[Source]:
    """The sources that occur in a document, in the order of ``SOURCE_MEANINGS``."""
    parts = [part for section in document.sections for part in section.parts]
    found = {part.source for part in parts if isinstance(part, Picture)}
    found |= {column.source for part in parts if isinstance(part, Table) for column in part.columns}
    return [source for source in SOURCE_MEANINGS if source in found]
