"""Render a document as one HTML page, with the template ``assets/document.html``."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby

from beholder.extras import require
from beholder.metrics import Estimate
from beholder.reporting.cells import (
    SOURCE_LABELS,
    SOURCE_MEANINGS,
    Chapter,
    EncodedPicture,
    cell_text,
    collapse_spaces,
    numeric_columns,
    sources_in,
    table_notes,
)
from beholder.reporting.document import Cell, Column, Document, Missing, Part, Picture, Source, Table, Text

PART_CLASSES: dict[type[Part], str] = {Table: "table", Picture: "figure", Missing: "missing", Text: "words"}


@dataclass(frozen=True)
class HtmlCell:
    """A cell of a table as the template draws it.

    Attributes:
        value: the text.
        beside: smaller text beside it, such as an interval; may be empty.
        classes: style classes; None for none.
        heads_row: whether this is the heading of its row.
        origin: where an estimate was measured, shown under the pointer; None for other cells.
    """

    value: str
    beside: str
    classes: str | None
    heads_row: bool
    origin: str | None


def html_page(document: Document, chapters: Sequence[Chapter], pictures: Mapping[str, EncodedPicture]) -> str:
    """The whole page.

    Args:
        document: its title and summary are shown first.
        chapters: the sections of the document, with an anchor for each part.
        pictures: the image of each figure, by anchor.

    Raises:
        BeholderError: Jinja2 is not installed.
    """
    jinja2, markupsafe = (require(name, "train", "the page of a report") for name in ("jinja2", "markupsafe"))

    def prose(text: str) -> str:
        """Escape a paragraph; text between backticks becomes code."""
        escaped = str(markupsafe.escape(collapse_spaces(text)))
        marked: str = markupsafe.Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped))
        return marked

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("beholder", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(collapse_spaces=collapse_spaces, prose=prose)
    functions = (column_heads, data_address, kind_of, picture_classes, source_bands, table_notes, table_rows)
    environment.globals.update({function.__name__: function for function in functions})
    environment.globals.update(source_labels=SOURCE_LABELS, source_meanings=SOURCE_MEANINGS)
    style = resources.files("beholder").joinpath("assets/document.css").read_text(encoding="utf-8")
    page: str = environment.get_template("document.html").render(
        document=document,
        chapters=chapters,
        pictures=pictures,
        facts=facts(document),
        sources=sources_in(document),
        style=markupsafe.Markup(style),
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )
    return page


def facts(document: Document) -> list[tuple[int, str]]:
    """How many tables, figures and missing parts there are, those that occur."""
    kinds = [kind_of(part) for section in document.sections for part in section.parts]
    nouns = (("table", "table", "tables"), ("figure", "figure", "figures"), ("missing", "missing", "missing"))
    counts = [(kinds.count(kind), one, more) for kind, one, more in nouns]
    return [(count, one if count == 1 else more) for count, one, more in counts if count]


def kind_of(part: Part) -> str:
    """The style class of a part."""
    return PART_CLASSES[type(part)]


def source_bands(table: Table) -> list[tuple[Source, int]]:
    """Runs of neighbouring columns with one source: the source, and the number of columns."""
    runs = groupby(table.columns, key=lambda column: column.source)
    return [(source, len(list(columns))) for source, columns in runs]


def column_heads(table: Table) -> list[tuple[Column, str | None]]:
    """Each column with its style classes; None for none."""
    return list(zip(table.columns, _column_classes(table), strict=True))


def table_rows(table: Table) -> Iterator[list[HtmlCell]]:
    """The rows of a table; a text in the first column heads its row, unless that column has a source."""
    classes = _column_classes(table)
    for row in table.rows:
        cells = []
        for index, (cell, names) in enumerate(zip(row, classes, strict=True)):
            value, beside = cell_text(cell, table.digits)
            heads_row = index == 0 and isinstance(cell, str) and not table.columns[0].source
            all_names = names if cell is not None else f"{names or ''} none".strip()
            cells.append(HtmlCell(value, beside, all_names, heads_row, _origin(cell)))
        yield cells


def picture_classes(picture: EncodedPicture) -> str:
    """``chart`` or ``sheet``, and how wide it is."""
    width = "" if picture.width <= 1200 else " wide" if picture.width <= 1700 else " widest"
    return ("chart" if picture.is_chart else "sheet") + width


def data_address(picture: EncodedPicture) -> str:
    """The picture as a ``data:`` address."""
    kind = "png" if picture.is_chart else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture.data).decode()}"


def _column_classes(table: Table) -> list[str | None]:
    return [
        " ".join([column.source] * bool(column.source) + ["number"] * numeric) or None
        for column, numeric in zip(table.columns, numeric_columns(table), strict=True)
    ]


def _origin(cell: Cell) -> str | None:
    if not isinstance(cell, Estimate):
        return None
    return collapse_spaces(f"{cell.metric} of {cell.task}, {cell.data}, {cell.split}, {cell.n:,} photographs")
