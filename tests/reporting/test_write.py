"""The files of a report: each part in the page and in the Markdown, pictures, wrong paths."""

import base64
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from beholder.errors import BeholderError
from beholder.reporting.document import Document, Missing, Part, Picture, Section, Text
from beholder.reporting.write import write_document
from helpers.documents import RED, RHO, Page, chart, table, written

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
