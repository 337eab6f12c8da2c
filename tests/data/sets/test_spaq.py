"""SPAQ: a workbook of scores, or the same saved as CSV."""

import csv
from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data, split_of
from beholder.data.workbooks import read_workbook
from helpers.layouts import make_spaq, refused, write
from helpers.workbooks import write_workbook

SHEET = Path("Annotations", "MOS and Image attribute scores.xlsx")


def test_workbook_and_csv_load_alike(tmp_path: Path) -> None:
    folder = tmp_path / make_spaq(tmp_path)
    photos = load_data("spaq", tmp_path)
    assert photos.files[0] == "TestImage/00001.jpg" and photos.ratings[1].tolist() == [
        5.25,
        6.25,
        7.25,
        8.25,
        9.25,
        10.25,
    ]
    assert photos.splits is None and set(split_of(photos).splits or ()) == {"train", "validation", "test"}
    table = read_workbook(folder / SHEET)
    with open((folder / SHEET).with_suffix(".csv"), "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([table, *zip(*table.values(), strict=True)])
    (folder / SHEET).unlink()
    same = load_data("spaq", tmp_path)
    assert same.files == photos.files and np.array_equal(same.ratings, photos.ratings)


HEADER = ["Image name", "MOS", "Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["Image name", "MOS"], ["00001.jpg", 5.0]], "no column 'Brightness'; it has Image name, MOS"),
        ([HEADER, ["00001.jpg", 105.0, *[1.0] * 5]], "row 2, MOS is 105, outside its scale 0 to 100"),
        ([HEADER, ["00001.jpg", 5.0, "dark", *[1.0] * 4]], "row 2, Brightness is 'dark', not a number"),
        ([], "no column 'Image name'; it has none"),
    ],
)
def test_bad_workbooks_are_one_line(rows: list[list[str | float]], message: str, tmp_path: Path) -> None:
    folder = tmp_path / make_spaq(tmp_path)
    write_workbook(folder / SHEET, rows)
    refused(message, load_data, "spaq", tmp_path)


def test_what_is_no_workbook(tmp_path: Path) -> None:
    folder = tmp_path / make_spaq(tmp_path)
    write(folder / SHEET, [",".join(HEADER)])
    refused("is no Excel workbook .*, or damaged; save the first sheet as .csv", load_data, "spaq", tmp_path)
    (folder / SHEET).unlink()
    refused("no such file; give the folder that holds Annotations/ and TestImage/", load_data, "spaq", tmp_path)
