"""The report of tables and figures: what each part becomes, what hostile text can do, what a wrong path says."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from beholder.errors import BeholderError
from beholder.metrics import Estimate
from beholder.reporting.document import (
    Cell,
    Column,
    Document,
    Missing,
    Part,
    Picture,
    Section,
    Spread,
    Table,
    Text,
    spread,
    without_photographs,
)
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


PARTS: dict[str, tuple[Part, str, str]] = {
    "table": (table(("Ours", 0.7067, RHO)), "0.707", "| Ours | 0.707 | 0.712 (0.689 to 0.734) |"),
    "photographs": (Picture("Figure 6", "Best", RED, "red"), 'alt="red"', "![red](report-figures/figure-6.jpg)"),
    "published": (Picture("Figure 6", "Best", RED, "red", source="published"), "published", "Best (published)"),
    "missing": (Missing("Table 9", "EVA", "EVA is not here."), "EVA is not here.", "> Not here: EVA is not here."),
    "text": (Text("Words", ["One.", "Run `a_b --c`."]), "<code>a_b --c</code>", "\n\nRun `a_b --c`."),
    "note": (table(note="A note."), '<p class="note">A note.</p>', "\n\nA note."),
}


@pytest.mark.parametrize("name", PARTS)
def test_each_part_is_in_the_page_and_in_the_markdown(tmp_path: Path, name: str) -> None:
    part, in_page, in_text = PARTS[name]
    page, text = written(tmp_path, part)
    assert in_page in page and in_text in text
    Page(page)


@pytest.mark.parametrize(
    ("cell", "digits", "shown"),
    [
        (None, 3, "\u2013"),
        ("VGG16", 3, "VGG16"),
        (14714688, 3, "14,714,688"),
        (np.int64(1548), 3, "1,548"),
        (0.70671, 3, "0.707"),
        (np.float32(0.5), 2, "0.50"),
        (-0.70671, 4, "\u22120.7067"),
        (float("nan"), 3, "undefined"),
        (RHO, 2, "0.71 (0.69 to 0.73)"),
        (spread([0.5, 0.25, 0.75]), 3, "0.500 (0.250 to 0.750, 3 seeds)"),
        (Spread(0.5, 0.5, 0.5, 1), 3, "0.500 (1 seed)"),
    ],
)
def test_a_cell_is_shown_with_its_uncertainty(tmp_path: Path, cell: Cell, digits: int, shown: str) -> None:
    page, text = written(tmp_path, table(("Ours", None, cell), digits=digits))
    assert markdown_rows(text)[-1] == ["Ours", "\u2013", shown]
    assert Page(page).cells[-1][-1] == shown.replace("(", "").replace(")", "")


def test_the_head_says_whose_numbers_a_column_holds(tmp_path: Path) -> None:
    page, text = written(tmp_path, table(("Ours", 0.7, 0.8)))
    assert Page(page).cells[:2] == [["", "published", "measured here"], ["Method", "SRCC (AADB)", "SRCC"]]
    assert markdown_rows(text)[0] == ["Method", "SRCC (published, AADB)", "SRCC (measured here)"]
    assert markdown_rows(text)[1] == ["---", "---:", "---:"]
    assert '<td class="published number">0.700</td><td class="measured number">0.800</td>' in page


def test_the_key_explains_only_what_occurs(tmp_path: Path) -> None:
    page, _ = written(tmp_path, table(), Picture("", "R", RED, "red", source=""))
    assert "as the paper prints it" in page and "computed by this program" in page
    page, _ = written(tmp_path, Picture("", "R", RED, "red"))
    assert "as the paper prints it" not in page and "computed by this program" in page
    page, _ = written(tmp_path, table(columns=[Column("a")]))
    assert 'class="key"' not in page


def test_columns_of_one_source_share_a_head_and_a_table_without_sources_has_none(tmp_path: Path) -> None:
    columns = [Column("a"), Column("b", "measured"), Column("c", "measured"), Column("d", "published")]
    page, _ = written(tmp_path, table((1, 2, 3, 4), columns=columns))
    assert re.findall(r'colspan="(\d)" class="band ?(\w*)"', page) == [("1", ""), ("2", "measured"), ("1", "published")]
    page, _ = written(tmp_path, table((1,), columns=[Column("a")]))
    assert "colspan" not in page


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    hostile = [
        Table(HOSTILE, HOSTILE, [Column(HOSTILE, "measured"), Column(HOSTILE)], [(HOSTILE, HOSTILE)] * 2, HOSTILE),
        Picture(HOSTILE, HOSTILE, RED, f'{HOSTILE} " onload="x', HOSTILE),
        Missing(HOSTILE, HOSTILE, HOSTILE),
        Text(HOSTILE, [HOSTILE, "# no heading", "1. no list", "\udc80"]),
    ]
    page, text = written(tmp_path, *hostile, title=HOSTILE)
    parsed = Page(page)
    tags = {tag for tag, _ in parsed.elements}
    assert not tags & {"script", "em", "iframe"} and not parsed.all("onload")
    assert parsed.text.count("<script>alert(1)</script> *c* _d_ [e](http://f) &amp; \\| `g h") > 10
    assert not re.search(r"(?<!\\)<", text) and not re.search(r"(?<!\\)\]\(http", text)
    assert [len(row) for row in markdown_rows(text)] == [2] * 4
    assert "\n\\# no heading\n\n1\\. no list\n" in text


def test_markdown_is_read_as_it_is_meant(tmp_path: Path) -> None:
    reader = pytest.importorskip("markdown_it").MarkdownIt("js-default")
    _, text = written(tmp_path, table((HOSTILE, 0.5, None), ("b", None, RHO)), Text("t", [HOSTILE, "+ plus"]))
    html = reader.render(text)
    assert html.count("<td") == 6 and html.count("<th ") + html.count("<th>") == 3
    assert not re.search(r"<(em|a|script|ul|code)\b", html)
    assert html.count("a|b &lt;script&gt;alert(1)&lt;/script&gt; *c* _d_ [e](http://f) &amp;amp; \\| `g h") == 2


def test_the_page_needs_no_network_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    same = [
        Missing("Table 1", "x", "y"),
        Missing("Table 1", "x", "y"),
        Text("Section 1", []),
        Picture("", "R", RED, "r"),
    ]
    page, _ = written(tmp_path, table(), *same, same[0])
    parsed = Page(page)
    addresses = parsed.all("src") + parsed.all("href")
    assert len(addresses) == 9 and all(address.startswith(("data:", "#")) for address in addresses)
    assert "//" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page) and "url(" not in page and "@import" not in page
    anchors = parsed.all("id")
    assert len(set(anchors)) == len(anchors)
    links = [address[1:] for address in addresses if address.startswith("#")]
    assert sorted(links) == sorted(anchors)
    (style,) = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" in page
    assert " style=" not in page  # the policy would drop it


def test_files_are_listed_and_the_pictures_are_those_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "my report.html"
    parts = [Picture("Figure 5", "Chart", chart(), "a line"), Picture("Figure 5", "Sheet", RED, "red")]
    files = write_document(Document("A", [], [Section("B", parts)]), path)
    folder = tmp_path / "my report-figures"
    assert files == [path, tmp_path / "my report.md", folder / "figure-5.png", folder / "figure-5-2.jpg"]
    assert sorted(files[2:]) == sorted(folder.iterdir()) and len(list(tmp_path.iterdir())) == 3
    page, text = path.read_text(), files[1].read_text()
    for file in files[2:]:
        assert base64.b64encode(file.read_bytes()).decode() in page
    referenced = [tmp_path / unquote(name) for name in re.findall(r"\]\((.+?)\)", text)]
    assert referenced == files[2:]
    with Image.open(files[3]) as image:
        assert image.size == RED.size and np.abs(np.array(image)[5, 5].astype(int) - (200, 20, 20)).max() < 6


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        parts = [table(("Ours", 0.5, RHO)), Picture("Figure 5", "Chart", chart(), "a line")]
        files = write_document(Document("A", ["B"], [Section("C", parts)]), tmp_path / name / "report.html")
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1] and len(contents[0]) == 3


def test_a_document_of_nothing(tmp_path: Path) -> None:
    assert len(write_document(Document("Empty", [], []), tmp_path / "report.html")) == 2
    assert not (tmp_path / "report-figures").exists()
    Page((tmp_path / "report.html").read_text())


@pytest.mark.parametrize(
    "name", ["report.md", "report", "report.htm", "folder.html", "absent/report.html", "taken.html"]
)
def test_a_wrong_path_is_one_line_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "taken-figures").write_text("a file")
    before = sorted(tmp_path.rglob("*"))
    document = Document("A", [], [Section("B", [Picture("", "C", RED, "red")])])
    with pytest.raises(BeholderError, match=r"^cannot write the report to .+") as error:
        write_document(document, tmp_path / name)
    assert "\n" not in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_a_part_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells for 3 columns"):
        table(("Ours", 0.5))
    with pytest.raises(ValueError, match="cannot see it"):
        Picture("Figure 1", "t", RED, " ")


def test_photographs_can_be_left_out_and_charts_stay(tmp_path: Path) -> None:
    parts = [Picture("Figure 6", "Best", RED, "red"), Picture("Figure 5", "Counts", chart(), "bars")]
    found = without_photographs(Document("A", ["B"], [Section("C", parts)]))
    kinds = [type(part) for part in found.sections[0].parts]
    assert kinds == [Missing, Picture] and found.sections[0].parts[0].number == "Figure 6"  # type: ignore[union-attr]
    assert [path.suffix for path in write_document(found, tmp_path / "report.html")] == [".html", ".md", ".png"]
