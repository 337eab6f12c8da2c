"""Cells of a document's tables and the parts that both HTML and Markdown draw from."""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

from beholder.metrics import Estimate
from beholder.reporting.document import Cell, Document, Part, Picture, Spread, Table

NONE, MINUS = "\u2013", "\u2212"
LABELS = {"published": "published", "measured": "measured here"}
KEY = {"published": "as the paper prints it", "measured": "computed by this program from the data named below"}


@dataclass(frozen=True)
class Encoded:
    """A picture's bytes, the end of its file name, its size in pixels, and whether it is a chart."""

    data: bytes
    suffix: Literal["png", "jpg"]
    width: int
    height: int

    @property
    def chart(self) -> bool:
        return self.suffix == "png"


Chapter = tuple[str, dict[str, Part]]


def shown_cell(cell: Cell, digits: int) -> tuple[str, str]:
    """A cell's value, and what stands beside it: its interval or its range over seeds."""
    if cell is None:
        return NONE, ""
    if isinstance(cell, str):
        return cell, ""
    if isinstance(cell, Estimate):
        return _number(cell.value, digits), f"{_number(cell.low, digits)} to {_number(cell.high, digits)}"
    if isinstance(cell, Spread):
        if cell.n == 1:
            return _number(cell.mean, digits), "1 seed"
        return _number(
            cell.mean, digits
        ), f"{_number(cell.low, digits)} to {_number(cell.high, digits)}, {cell.n} seeds"
    return _number(cell, digits), ""


def _number(value: float, digits: int) -> str:
    """
    >>> _number(1234567, 3), _number(0.12345, 2), _number(float("nan"), 3)
    ('1,234,567', '0.12', 'undefined')
    """
    if isinstance(value, Integral):
        text = f"{int(value):,}"
    elif math.isnan(value):
        return "undefined"
    else:
        text = f"{float(value):,.{digits}f}".replace("inf", "infinite")
    return text.replace("-", MINUS)


def is_numeric(table: Table) -> list[bool]:
    """Which columns hold numbers, and are set flush right."""
    columns = [[row[index] for row in table.rows] for index in range(len(table.columns))]
    return [any(isinstance(cell, Real | Estimate | Spread) for cell in column) for column in columns]


def remarks(table: Table) -> list[str]:
    """The note, and what the numbers beside values are."""
    cells = [cell for row in table.rows for cell in row]
    found = [table.note] if table.note else []
    if any(isinstance(cell, Estimate) for cell in cells):
        found.append("With a value: its 95% bootstrap interval over the photographs.")
    if any(isinstance(cell, Spread) for cell in cells):
        found.append("With a mean over seeds: the smallest and the largest of them.")
    return found


def sources(document: Document) -> list[str]:
    """The sources that occur, in the order of their key."""
    parts = [part for section in document.parts for part in section.parts]
    found = {part.source for part in parts if isinstance(part, Picture)}
    found |= {column.source for part in parts if isinstance(part, Table) for column in part.columns}
    return [source for source in KEY if source in found]
