"""Photographs by the paths that they have on another machine."""

from pathlib import Path

import pytest

from beholder.data.csv_ratings import load_one_rater
from beholder.data.photo_files import photo_files
from helpers.layouts import picture, refused, write

PLACES = [
    "C:\\Users\\me\\Pictures\\",
    "d:/Pictures/",
    "\\\\server\\share\\Pictures\\",
    "//server/share/",
    "/Users/me/Pictures/",
    "C:\\gone\\..\\Pictures\\",
]


@pytest.mark.parametrize("place", PLACES)
def test_paths_of_another_machine(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(6):
        picture(tmp_path / "root" / "trip" / f"{number}.jpg", number)
    picture(tmp_path / "root" / "0.jpg", 9)  # a shorter tail
    between = "\\" if "\\" in place else "/"
    path = write(tmp_path / "r.csv", ["image,x", *(f"{place}trip{between}{n}.jpg,{n}" for n in range(6))])
    photos = load_one_rater(path, tmp_path / "root")
    assert photos.files == tuple(f"trip/{n}.jpg" for n in range(6))
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "6 absolute paths of another place were found in" in said
    assert said.endswith("trip/0.jpg as trip/0.jpg\n")


def test_two_paths_with_one_tail_are_refused(tmp_path: Path) -> None:
    for number in range(6):
        picture(tmp_path / f"{number}.jpg", number)
    names = [f"C:\\a\\{n}.jpg" for n in range(6)]
    for other in ("D:\\b\\3.jpg", "3.jpg"):
        refused(
            r"r\.csv: C:/a/3\.jpg and .*3\.jpg would both be 3\.jpg; --root names",
            photo_files,
            tmp_path / "r.csv",
            [*names, other],
            tmp_path,
        )
    assert len(set(photo_files(tmp_path / "r.csv", [*names, *names], tmp_path))) == 6  # one row a rater


def test_what_is_not_found_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "1.jpg", 1)
    given = ["C:\\a\\2.jpg", "C:2.jpg", "sub/1.jpg", str(tmp_path / "1.jpg"), "C:/x/../../1.jpg/.."]
    found = photo_files(tmp_path / "r.csv", given, tmp_path)
    assert found == ("C:/a/2.jpg", "C:2.jpg", "sub/1.jpg", f"{tmp_path}/1.jpg", "C:/x/../../1.jpg/..")
    assert not capsys.readouterr().err


@pytest.mark.parametrize("missing", ["", "NA", "?", "null"])
def test_a_row_without_a_photograph(missing: str, tmp_path: Path) -> None:
    refused("row 3 names no photograph", photo_files, tmp_path / "r.csv", ["1.jpg", missing], tmp_path)
    (tmp_path / "null").touch()
    assert photo_files(tmp_path / "r.csv", ["null"], tmp_path) == ("null",)
