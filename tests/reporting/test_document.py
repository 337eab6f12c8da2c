"""What a document refuses, and what is left out of it."""

from pathlib import Path

import pytest

from beholder.reporting.document import Document, Missing, Picture, Section, without_photographs
from beholder.reporting.write import write_document
from helpers.documents import RED, chart, table


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
