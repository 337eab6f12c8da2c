"""Columns that number the rows are not rated."""

from pathlib import Path

import numpy as np
import pytest

from beholder.data.csv_ratings import load, load_one_rater
from beholder.data.identifiers import has_name_of_identifier, identifiers
from helpers.layouts import make_own, refused


def table(folder: Path, header: str, cells: list[list[object]]) -> Path:
    """A table with the photographs 0.jpg and so on in the column called image."""
    place = header.split(",").index("image")
    lines = [",".join(map(str, [*row[:place], f"{n}.jpg", *row[place:]])) for n, row in enumerate(cells)]
    make_own(folder, header, [f"{n}.jpg" for n in range(len(cells))])
    path = folder / "r.csv"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name", ["id", "ID", "Image ID", "photo_id", "index", "idx", "Unnamed: 0", "UUID", "row", "Nr."]
)
@pytest.mark.parametrize("place", ["before", "behind"])
def test_an_identifier_is_not_learned(
    name: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [[7 * n % 12 * 10, 1 + n % 5] for n in range(12)]
    header = f"{name},image,beauty" if place == "before" else f"image,{name},beauty"
    path = table(tmp_path, header, [list(row) for row in numbers])
    photos = load(path)
    assert [task.name for task in photos.tasks] == ["beauty"]
    assert photos.ratings[:, 0].tolist() == [row[1] for row in numbers]
    said = capsys.readouterr().err
    assert said == f'{path}: column "{name}" looks like an identifier, left out\n'
    assert [task.name for task in load_one_rater(path).tasks] == ["beauty"]


def test_an_identifier_whose_scale_is_given_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path, "id,image,beauty", [[n + 1, 1 + n % 5] for n in range(12)])
    assert [task.name for task in load(path, ranges={}).tasks] == ["beauty"]
    assert capsys.readouterr().err.endswith("left out; --range id=LOW:HIGH keeps it as a rating\n")
    assert [task.name for task in load(path, ranges={"id": (1, 12)}).tasks] == ["id", "beauty"]
    assert not capsys.readouterr().err


def test_several_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = table(tmp_path, "id,image,index,beauty", [[n, n, 1 + n % 5] for n in range(12)])
    assert len(load(path, ranges={}).tasks) == 1
    assert capsys.readouterr().err == f'{path}: columns "id", "index" look like identifiers, left out\n'


@pytest.mark.parametrize(
    ("header", "rows", "kept"),
    [
        ("take,image,beauty", 12, ["beauty"]),  # counts up before the photographs
        ("image,take,beauty", 12, ["take", "beauty"]),  # may be ratings that rise
        ("image,take,beauty", 30, ["beauty"]),
        ("take,image", 30, ["take"]),  # ranks, and nothing else is rated
        ("image,number_of_likes,beauty", 12, ["number_of_likes", "beauty"]),
    ],
)
def test_columns_that_count_up(header: str, rows: int, kept: list[str], tmp_path: Path) -> None:
    width = header.count(",")
    path = table(tmp_path, header, [[40 + n, 1 + n % 5][:width] for n in range(rows)])
    assert [task.name for task in load(path).tasks] == kept


def test_a_number_that_is_repeated_is_a_rating(tmp_path: Path) -> None:
    path = table(tmp_path, "image,number,beauty", [[n % 3, 1 + n % 5] for n in range(12)])
    assert [task.name for task in load(path).tasks] == ["number", "beauty"]


def test_identifiers_beside_votes(tmp_path: Path) -> None:
    path = table(tmp_path, "id,image,votes_1,votes_2", [[n, 1 + n % 2, 2] for n in range(12)])
    assert [task.name for task in load(path).tasks] == ["score"]
    path = table(tmp_path, "take,image,votes_1,votes_2", [[n, 1 + n % 2, 2] for n in range(12)])
    assert [task.name for task in load(path).tasks] == ["score"]


@pytest.mark.parametrize("header", ["id,image", "image,index"])
def test_only_identifiers_are_refused(header: str, tmp_path: Path) -> None:
    path = table(tmp_path, header, [[n] for n in range(12)])
    for read in (load, load_one_rater):
        refused(r'no column of ratings, which are numbers; "\w+" looks like an identifier; add a column', read, path)


def test_words_beside_an_identifier_are_shown(tmp_path: Path) -> None:
    path = table(tmp_path, "id,image,beauty", [[n, "good"] for n in range(12)])
    refused("no column of ratings, which are numbers: beauty has 'good'; \"id\" looks like an identifier", load, path)


def test_names_and_values() -> None:
    assert not any(map(has_name_of_identifier, ["vivid", "beauty", "solid", "number", "indexed light"]))
    columns = {"nr": np.array([3.0, np.nan, 1]), "no": np.array([1.0, 1, 2]), "key": np.array([0.5, 1, 2])}
    assert identifiers(columns) == ["nr"]
