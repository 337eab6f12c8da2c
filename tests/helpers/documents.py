"""Small reports, and readers of their pages and tables."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from beholder.metrics import Estimate
from beholder.reporting.document import Cell, Column, Document, Part, Section, Table
from beholder.reporting.write import write_document

HOSTILE = "a|b <script>alert(1)</script> *c* _d_ [e](http://f) &amp; \\| `g\nh"
RHO = Estimate("srcc", "beauty", "OASIS", "5 folds, seed 0", 900, 0.7123, 0.6894, 0.7341)
RED = Image.new("RGB", (40, 30), (200, 20, 20))


def chart() -> Any:
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(1, 1))
    figure.add_subplot().plot([0, 1], [0, 1])
    return figure


def table(*rows: tuple[Cell, ...], **changes: Any) -> Table:
    columns = [Column("Method"), Column("SRCC (AADB)", "published"), Column("SRCC", "measured")]
    return Table(**{"number": "Table 1", "title": "Networks", "columns": columns, "rows": rows, **changes})


def written(tmp_path: Path, *parts: Part, title: str = "A report") -> tuple[str, str]:
    """The page and the Markdown."""
    path = tmp_path / "report.html"
    write_document(Document(title, ["What came of it."], [Section("Results", parts)]), path)
    return path.read_text(encoding="utf-8"), path.with_suffix(".md").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Every element closed in its order, its attributes and text; fails on what a browser would have to mend."""

    VOID = frozenset(("meta", "link", "img"))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[list[str]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len({name for name, _ in attrs}) == len(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if {"td", "th"} & set(self.open):
            self.cells[-1][-1] += data

    def all(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _, attributes in self.elements if attribute in attributes]


def markdown_rows(text: str) -> list[list[str]]:
    """Cells of the table rows; a bar after a backslash divides nothing."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]] for line in lines]
