"""TID2013: mean opinions, and references as groups."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from beholder.data.registry import load_data
from beholder.data.sets import tid2013
from helpers.layouts import edit, make_tid2013, refused, rows, write


def test_tid2013_has_references_for_groups(tmp_path: Path) -> None:
    make_tid2013(tmp_path)
    photos = load_data("tid2013", tmp_path)
    names = ("I01_01_1.bmp", "i01_01_2.bmp", "I02_01_1.bmp", "i02_01_2.bmp")
    assert photos.files == tuple(f"distorted_images/{name}" for name in names)
    assert photos.groups == ("I01", "I01", "I02", "I02") and photos.ratings[:, 0].tolist() == [5.5, 4.5, 3.5, 2.5]
    assert photos.sd is not None and photos.sd[:, 0].tolist() == [0.13, 0.14, 0.15, 0.16]
    (tmp_path / "tid2013" / "mos_std.txt").unlink()
    assert tid2013.load(tmp_path / "tid2013").sd is None


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda root: edit(root / tid2013.SCORES_FILE, "4.5 I01", "9.5 I01"),
            r"row 2, mean opinion is 9\.5, outside its scale",
        ),
        (
            lambda root: edit(root / tid2013.SCORES_FILE, "4.5 I01", "good I01"),
            "row 2, mean opinion is 'good', not a number",
        ),
        (
            lambda root: edit(root / tid2013.SCORES_FILE, "4.5 I01", "I01"),
            "row 2 is 'I01_01_2.bmp', not a number and a name",
        ),
        (
            lambda root: edit(root / tid2013.SCORES_FILE, "I01_01_2.bmp", "two.bmp"),
            r"row 2 is '4\.5 two\.bmp', not a number",
        ),
        (lambda root: edit(root / tid2013.SCORES_FILE, "I01_01_2", "i01_01_1"), "is listed more than once"),
        (lambda root: (root / tid2013.SCORES_FILE).unlink(), "no such file"),
        (lambda root: write(root / tid2013.DEVIATIONS_FILE, ["0.1"]), "1 standard deviations for the 4 photographs"),
        (lambda root: (root / tid2013.PHOTO_FOLDER / "i02_01_2.bmp").unlink(), "1 of 4 photographs are not in"),
        (lambda root: shutil.rmtree(root / tid2013.PHOTO_FOLDER), "4 of 4 photographs are not in"),
    ],
)
def test_bad_tid2013_is_one_line(spoil: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    make_tid2013(tmp_path)
    spoil(tmp_path / "tid2013")
    refused(message, load_data, "tid2013", tmp_path)


def test_statistics_of_tid2013_need_no_photographs(tmp_path: Path) -> None:
    make_tid2013(tmp_path)
    shutil.rmtree(tmp_path / "tid2013" / "distorted_images")
    said = rows("tid2013", "--root", str(tmp_path))
    assert [row["number"] for row in said["counts"]] == [4, 2] and said["ratings"][0]["maximum"] == 5.5
