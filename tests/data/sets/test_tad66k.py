"""TAD66K: two lists, themes, and where its folders may be."""

import shutil
from pathlib import Path

import pytest

from beholder.data.registry import load_data
from beholder.data.sets import tad66k
from helpers.layouts import make_tad66k, rows


def test_parts_are_those_of_the_two_lists(tmp_path: Path) -> None:
    photos = load_data(make_tad66k(tmp_path), tmp_path)
    assert photos.splits == ("train",) * 9 + ("test",) * 3
    assert photos.files[0] == "TAD66K/0@N00.jpg" and photos.ratings[:2, 0].tolist() == [1.5, 2]


def test_themes_are_counted_if_their_lists_are_there(tmp_path: Path) -> None:
    root = ("--root", str(tmp_path))
    folder = tmp_path / make_tad66k(tmp_path)
    assert rows("tad66k", *root)["themes"] == [
        {"theme": "beach", "photographs": 7},
        {"theme": "snow", "photographs": 5},
    ]
    assert tad66k.read_themes(folder)["11@N011.jpg"] == "beach"
    shutil.rmtree(folder / "labels" / "unmerge")
    assert "themes" not in rows("tad66k", *root)


@pytest.mark.parametrize(("labels", "pictures"), [("dataset", "images"), (".", ".")])
def test_other_places_of_lists_and_photographs(labels: str, pictures: str, tmp_path: Path) -> None:
    folder = tmp_path / make_tad66k(tmp_path)
    for old, new in (("labels", labels), ("TAD66K", pictures)):
        if new == ".":
            shutil.copytree(folder / old, folder, dirs_exist_ok=True)
            shutil.rmtree(folder / old)
        else:
            (folder / old).rename(folder / new)
    files = load_data("tad66k", tmp_path).files
    assert files[0] == ("0@N00.jpg" if pictures == "." else "images/0@N00.jpg")
