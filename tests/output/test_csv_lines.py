"""A CSV that a spreadsheet opens: no text is taken for a formula, and Excel reads all names."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholder.output.csv_lines import BOM, CSV, as_written, no_formula
from beholder.output.sinks import open_sink
from helpers.rows import COLUMNS, bad, good, read, write

STARTS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "'=1", "''-x", "-", "="]
PLAIN = ["a=1", "'a", "1-1", " =1", "über", "", "'", "it's"]


@pytest.mark.parametrize("text", STARTS)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert no_formula(text) == f"'{text}" and as_written(no_formula(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert no_formula(text) == as_written(text) == text


@given(st.text(alphabet="'=+-@\t\r\n ab\uff1d", max_size=6))
def test_every_text_comes_back(text: str) -> None:
    assert as_written(no_formula(text)) == text
    assert not no_formula(text).startswith(tuple("=+-@\t\r\n\uff1d"))


def test_no_cell_of_a_table_is_a_formula_and_its_rows_are_known(tmp_path: Path) -> None:
    path, rows = tmp_path / "x.csv", [good(f"{text}.jpg") for text in STARTS]
    write(path, [*rows, bad("=bad.jpg", why="=why")])
    with path.open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n\uff1d"))]
    content = path.read_bytes()
    with open_sink(path, COLUMNS, "m@1", resume=True) as sink:
        for each in rows:
            assert sink.knows(each["path"], each["sha256"]) and sink.keep(each["path"], each["sha256"]) == each
    assert path.read_bytes() == content


def test_rows_of_a_table_without_apostrophes_get_them(tmp_path: Path) -> None:
    path, whole, rows = tmp_path / "x.csv", tmp_path / "whole.csv", [good("=1.jpg"), good("a.jpg")]
    write(whole, rows)
    path.write_bytes(whole.read_bytes().replace(b"'=1.jpg", b"=1.jpg"))
    assert write(path, rows, resume=True) == 0
    assert path.read_bytes() == whole.read_bytes()


def test_numbers_below_zero_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write(path, [{**good("a.jpg"), "overall": -1.5}])
    assert b"\na.jpg,-1.5000," in path.read_bytes()


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("now", [False, True])
def test_a_byte_order_mark_is_added_and_stays(before: bool, now: bool, tmp_path: Path) -> None:
    path, whole = tmp_path / "x.csv", tmp_path / "whole.csv"
    rows = [good("a.jpg"), good("über.jpg")]
    with open_sink(path, COLUMNS, "m@1", csv_bom=before) as sink:
        sink.write(rows[0])
    assert path.read_bytes().startswith(BOM) == before and CSV.is_ours(path)
    with open_sink(path, COLUMNS, "m@1", resume=True, csv_bom=now) as sink:
        assert sink.keep(rows[0]["path"], rows[0]["sha256"]) == rows[0]
        sink.write(rows[1])
    write(whole, rows)
    assert path.read_bytes() == BOM * (before or now) + whole.read_bytes()


@pytest.mark.parametrize("cut", range(12))
def test_a_cut_byte_order_mark_is_mended(cut: int, tmp_path: Path) -> None:
    path, rows = tmp_path / "x.csv", [good("a.jpg")]
    with open_sink(path, COLUMNS, "m@1", csv_bom=True) as sink:
        sink.write(rows[0])
    content = path.read_bytes()
    path.write_bytes(content[:cut])
    with open_sink(path, COLUMNS, "m@1", resume=True, csv_bom=True) as sink:
        sink.write(rows[0])
    assert path.read_bytes() == content and read(path)
