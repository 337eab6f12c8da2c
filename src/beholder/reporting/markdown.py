"""A document -> Markdown."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from beholder.reporting.cells import LABELS, Chapter, Encoded, is_numeric, remarks, shown_cell
from beholder.reporting.document import Column, Document, Missing, Picture, Table, Text


def markdown_page(
    document: Document, chapters: list[Chapter], pictures: dict[str, Encoded], folder: str
) -> Iterator[str]:
    yield f"# {_plain(document.title)}"
    for words in document.summary:
        yield f"\n{_marked(words)}"
    for title, parts in chapters:
        yield f"\n## {_plain(title)}"
        for name, part in parts.items():
            number = "" if isinstance(part, Text) else part.number
            source = f" ({LABELS[part.source]})" if isinstance(part, Picture) and part.source else ""
            yield f"\n### {_plain(f'{number}. {part.title}' if number else part.title)}{source}\n"
            if isinstance(part, Table):
                yield from _rows(part)
                yield from (f"\n{_marked(remark)}" for remark in remarks(part))
            elif isinstance(part, Picture):
                yield f"![{_plain(part.alt)}]({quote(f'{folder}/{name}.{pictures[name].suffix}')})"
                if part.note:
                    yield f"\n{_marked(part.note)}"
            elif isinstance(part, Missing):
                yield f"> Not here: {_marked(part.why)}"
            else:
                yield "\n\n".join(_marked(words) for words in part.paragraphs)


def _rows(table: Table) -> Iterator[str]:
    titles = [_headed(column) for column in table.columns]
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join('---:' if number else '---' for number in is_numeric(table))} |"
    for row in table.rows:
        cells = []
        for cell in row:
            value, beside = shown_cell(cell, table.digits)
            cells.append(_plain(f"{value} ({beside})" if beside else value))
        yield f"| {' | '.join(cells)} |"


def _headed(column: Column) -> str:
    """``SRCC (AADB)`` of a paper -> ``SRCC (published, AADB)``."""
    if not column.source:
        return _plain(column.title)
    label, title = LABELS[column.source], " ".join(column.title.split())
    if match := re.fullmatch(r"(.+) \(([^()]+)\)", title):
        return _plain(f"{match[1]} ({label}, {match[2]})")
    return _plain(f"{title} ({label})" if title else label)


def _plain(text: str) -> str:
    """One line of text that Markdown, HTML in it and a cell of a table take as it is."""
    return _escaped(" ".join(text.split()))


def _marked(text: str) -> str:
    """The same for a paragraph, in which what stands between backticks stays code."""
    pieces = re.split(r"(`[^`]+`)", " ".join(text.split()))
    line = "".join(piece if index % 2 else _escaped(piece) for index, piece in enumerate(pieces))
    return re.sub(r"^(\d+(?=[.)])|(?=[#+-]))", r"\1\\", line)  # no heading and no list


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|~&])", r"\\\1", text)
