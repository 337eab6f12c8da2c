"""Tables of labels: CSV files as people write them."""

from pathlib import Path

from beholder.data.tables import read_table
from helpers.layouts import write


def test_short_rows_and_empty_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["a,b,", "1,2,", "", "3", ",,"])
    assert read_table(path) == {"a": ["1", "3"], "b": ["2", ""]}
