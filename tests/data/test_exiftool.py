"""Stars as exiftool writes them."""

from pathlib import Path

import pytest

from beholder.data.csv_ratings import load_one_rater
from helpers.layouts import picture, refused, write


def stars(root: Path, lines: list[str]) -> dict[str, float]:
    for number in range(6):
        picture(root / f"{number}.jpg", number)
    photos = load_one_rater(write(root / "r.csv", lines))
    assert [task.name for task in photos.tasks] == ["Rating"]
    return dict(zip(photos.files, photos.ratings[:, 0].tolist(), strict=True))


@pytest.mark.parametrize("name", ["Rating", "XMP:Rating", "XMP-xmp:Rating", "EXIF:Rating"])
def test_unrated_and_rejected_are_left_out(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"SourceFile,{name}", "0.jpg,3", "1.jpg,0", "2.jpg,", "3.jpg,-1", "4.jpg,5"]
    assert stars(tmp_path, lines) == {"0.jpg": 3, "4.jpg": 5}
    assert capsys.readouterr().err == (
        f"{tmp_path / 'r.csv'}: 3 of 5 photographs are left out: 2 without a rating, 1 rejected (-1 stars)\n"
    )


def test_groups_of_exiftool_are_one_rating(tmp_path: Path) -> None:
    lines = ["SourceFile,EXIF:Rating,XMP:Rating", "0.jpg,1,3", "1.jpg,2,0", "2.jpg,,4", "3.jpg,0,0"]
    assert stars(tmp_path, lines) == {"0.jpg": 3, "1.jpg": 2, "2.jpg": 4}


def test_no_stars_at_all(tmp_path: Path) -> None:
    lines = ["SourceFile,Rating", "0.jpg,0", "1.jpg,-1", "2.jpg,0"]
    refused(r"no column of ratings: none of the 3 photographs has stars \(1 rejected\)", stars, tmp_path, lines)


def test_minus_one_is_a_rating_elsewhere(tmp_path: Path) -> None:
    assert stars(tmp_path, ["image,Rating", "0.jpg,0", "1.jpg,-1"]) == {"0.jpg": 0, "1.jpg": -1}
