"""Workbooks: which sheet, which cells, and what is refused."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from beholder.data import workbooks
from beholder.data.workbooks import read_workbook
from helpers.layouts import refused
from helpers.workbooks import HEAD, NAMESPACE, write_workbook

ROWS: list[list[str | float]] = [["name", "score"], ["a & b.jpg", 1.5], ["c.jpg", 2.0]]


def write_sheet(path: Path, rows: str, names: tuple[str, ...] = ("sheet1",)) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            sheet = f'{HEAD}<worksheet xmlns="{NAMESPACE}"><sheetData>{rows}</sheetData></worksheet>'
            archive.writestr(f"xl/worksheets/{name}.xml", sheet)
    return path


def test_columns_are_text(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", ROWS)
    assert read_workbook(path, ["score"]) == {"name": ["a & b.jpg", "c.jpg"], "score": ["1.5", "2.0"]}


def test_cells_that_are_missing_are_empty_and_texts_may_be_in_the_sheet(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c t="inlineStr"><is><r><t>na</t></r><r><t>me</t></r></is></c><c r="C1" t="str"><v>x</v></c></row>'
    )
    rows += '<row r="2"><c r="C2"><v>7</v></c></row><row r="3"/><row r="4"><c r="A4" t="str"><v>b</v></c></row>'
    assert read_workbook(write_sheet(tmp_path / "a.xlsx", rows)) == {"name": ["", "b"], "x": ["7", ""]}


def test_the_first_sheet_is_read(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", ROWS, sheet="sheet2")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/worksheets/sheet10.xml", "<not read/>")
    assert list(read_workbook(path)) == ["name", "score"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: write_sheet(path, "<row>"),
        lambda path: write_sheet(path, "", ("other",)),
        lambda path: write_sheet(path, '<row><c t="s"><v>0</v></c></row>'),  # there are no shared texts
        lambda path: write_sheet(path, '<row><c t="s"><v>one</v></c></row>'),
    ],
)
def test_what_is_damaged_is_refused(spoil: Callable[[Path], object], tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", ROWS)
    spoil(path)
    refused("a.xlsx: is no Excel workbook", read_workbook, path)


def test_a_sheet_that_is_too_large_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_workbook(tmp_path / "a.xlsx", ROWS)
    monkeypatch.setattr(workbooks, "MAX_SHEET_BYTES", 100)
    refused("is no Excel workbook", read_workbook, path)


def test_entities_that_grow_are_refused(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "0123456789">{levels}]><x>&e8;</x>'
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bomb)
    refused("is no Excel workbook", read_workbook, path)
