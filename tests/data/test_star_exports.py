"""Tables of stars as plug-ins of Lightroom export them."""

from pathlib import Path

import pytest

from beholder.data.csv_ratings import load_one_rater
from helpers.layouts import picture, write


def stars(root: Path, lines: list[str]) -> dict[str, float]:
    for number in range(6):
        picture(root / f"{number}.jpg", number)
    photos = load_one_rater(write(root / "r.csv", lines))
    assert [task.name for task in photos.tasks] == ["Rating"]
    return dict(zip(photos.files, photos.ratings[:, 0].tolist(), strict=True))


@pytest.mark.parametrize(
    "lines",
    [
        ["File Name,Rating,Pick Flag,Label", "0.jpg,3,1,Red", "1.jpg,0,-1,", "2.jpg,,0,", "4.jpg,5,0,Grün"],
        ["Filename;Flag;Rating", "0.jpg;Picked;3", "1.jpg;Rejected;-1", "2.jpg;;0", "4.jpg;;5"],
        ["Filename,Rating", "0.jpg,★★★", "1.jpg,", "2.jpg,☆☆☆☆☆", "4.jpg,★★★★★"],
        ["Filename,Rating,Pick", "0.jpg,★★★☆☆,1", "1.jpg,,0", "4.jpg,⭐⭐⭐⭐⭐,0"],
        ["image,rating,pick,label,source", "0.jpg,3,pick,Red,0.jpg.xmp", "1.jpg,,reject,,1.xmp", "4.jpg,5,,,inside"],
    ],
)
def test_no_stars_are_no_rating(tmp_path: Path, lines: list[str]) -> None:
    header, *rows = lines
    lines = [header.replace("rating", "Rating"), *rows]
    assert stars(tmp_path, lines) == {"0.jpg": 3, "4.jpg": 5}


def test_other_tables_stay_as_they_are(tmp_path: Path) -> None:
    assert stars(tmp_path, ["image,Rating,comment", "0.jpg,0,a", "1.jpg,4,★"]) == {"0.jpg": 0, "1.jpg": 4}
