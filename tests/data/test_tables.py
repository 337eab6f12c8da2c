"""Tables of labels: CSV files as people write them."""

import math
from pathlib import Path

import pytest

from beholder.data.tables import number, read_table
from helpers.layouts import write


def test_short_rows_and_empty_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["a,b,", "1,2,", "", "3", ",,"])
    assert read_table(path) == {"a": ["1", "3"], "b": ["2", ""]}


@pytest.mark.parametrize("text", ["NA", "n/a", "#N/A", "nan", "NULL", "none", "-", "\u2014", "?", "", " ? "])
def test_numbers_that_are_missing(text: str) -> None:
    found = number(text)
    assert found is not None and math.isnan(found)
