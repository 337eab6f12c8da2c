"""Render a document as Markdown."""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from beholder.reporting.cells import (
    SOURCE_LABELS,
    Chapter,
    EncodedPicture,
    cell_text,
    collapse_spaces,
    numeric_columns,
    table_notes,
)
from beholder.reporting.document import Column, Document, Missing, Part, Picture, Table, Text

GENERATOR = "<!-- made by beholder -->"  # the last line, which no reader shows


def markdown_page(
    document: Document, chapters: Sequence[Chapter], pictures: Mapping[str, EncodedPicture], folder: str
) -> str:
    """The whole text.

    Args:
        document: its title and summary come first.
        chapters: the sections of the document, with a name for each part.
        pictures: the image of each figure, by name.
        folder: name of the folder of the pictures, beside the file.
    """
    return "".join(f"{line}\n" for line in (*_lines(document, chapters, pictures, folder), "", GENERATOR))


def escape_markdown(text: str, *, keep_code: bool = False) -> str:
    r"""One line of text, safe in a Markdown paragraph, in a cell of a table, and as HTML in it.

    Args:
        keep_code: text between backticks stays code, and a text that would begin a list or a heading does not.

    >>> print(escape_markdown("a|b <c> `d_e`"))
    a\|b \<c\> \`d\_e\`
    >>> print(escape_markdown("1. a_b `c_d`", keep_code=True))
    1\. a\_b `c_d`
    """
    line = collapse_spaces(text)
    pieces = re.split(r"(`[^`]+`)", line) if keep_code else [line]
    line = "".join(
        piece if index % 2 else re.sub(r"([\\`*_\[\]<>|~&])", r"\\\1", piece) for index, piece in enumerate(pieces)
    )
    return re.sub(r"^(\d+(?=[.)])|(?=[#+-]))", r"\1\\", line) if keep_code else line


def _lines(
    document: Document, chapters: Sequence[Chapter], pictures: Mapping[str, EncodedPicture], folder: str
) -> Iterator[str]:
    yield f"# {escape_markdown(document.title)}"
    for paragraph in document.summary:
        yield f"\n{_paragraph(paragraph)}"
    for chapter in chapters:
        yield f"\n## {escape_markdown(chapter.title)}"
        for name, part in chapter.parts.items():
            yield f"\n### {_heading(part)}\n"
            if isinstance(part, Table):
                yield from _table(part)
                yield from (f"\n{_paragraph(note)}" for note in table_notes(part))
            elif isinstance(part, Picture):
                address = quote(f"{folder}/{name}.{pictures[name].suffix}")
                yield f"![{escape_markdown(part.alt)}]({address})"
                if part.note:
                    yield f"\n{_paragraph(part.note)}"
            elif isinstance(part, Missing):
                yield f"> Not here: {_paragraph(part.why)}"
            else:
                yield "\n\n".join(_paragraph(paragraph) for paragraph in part.paragraphs)


def _heading(part: Part) -> str:
    number = "" if isinstance(part, Text) else part.number
    source = f" ({SOURCE_LABELS[part.source]})" if isinstance(part, Picture) and part.source else ""
    return escape_markdown(f"{number}. {part.title}" if number else part.title) + source


def _table(table: Table) -> Iterator[str]:
    titles = [_column_title(column) for column in table.columns]
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join('---:' if numeric else '---' for numeric in numeric_columns(table))} |"
    for row in table.rows:
        cells = []
        for cell in row:
            value, beside = cell_text(cell, table.digits)
            cells.append(escape_markdown(f"{value} ({beside})" if beside else value))
        yield f"| {' | '.join(cells)} |"


def _column_title(column: Column) -> str:
    """``SRCC (AADB)`` of a paper becomes ``SRCC (published, AADB)``."""
    if not column.source:
        return escape_markdown(column.title)
    label, title = SOURCE_LABELS[column.source], collapse_spaces(column.title)
    if match := re.fullmatch(r"(.+) \(([^()]+)\)", title):
        return escape_markdown(f"{match[1]} ({label}, {match[2]})")
    return escape_markdown(f"{title} ({label})" if title else label)


def _paragraph(text: str) -> str:
    return escape_markdown(text, keep_code=True)
