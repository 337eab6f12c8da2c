"""Tables with one row a rater and photograph."""

from pathlib import Path

import numpy as np
import pytest

from beholder.data.csv_ratings import load, load_one_rater
from helpers.layouts import picture, refused, write

RATERS = {"ann": 0, "bob": 2, "cy": 4}


def ratings(rater: str, photo: int) -> int:
    return 1 + (photo + RATERS[rater]) % 9


def long_table(folder: Path, header: str = "rater,image,rating", photographs: int = 12, more: str = "") -> Path:
    for number in range(photographs):
        picture(folder / f"{number}.jpg", number)
    rows = [f"{rater},{n}.jpg,{ratings(rater, n)}{more}" for rater in RATERS for n in range(photographs)]
    return write(folder / "r.csv", [header, *rows])


@pytest.mark.parametrize(
    "name", ["rater", "Rater", "worker_id", "Annotator", "participant", "user name", "subject", "SubjectID"]
)
def test_means_over_raters(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = load(long_table(tmp_path, f"{name},image,rating"))
    given = np.array([[ratings(rater, n) for rater in RATERS] for n in range(12)], dtype=float)
    assert photos.files == tuple(f"{n}.jpg" for n in range(12))
    np.testing.assert_allclose(photos.ratings[:, 0], given.mean(axis=1))
    np.testing.assert_allclose(photos.sd[:, 0], given.std(axis=1, ddof=1))  # type: ignore[index]
    assert photos.n is not None and (photos.n == 3).all()
    assert [(task.name, task.low, task.high) for task in photos.tasks] == [("rating", 1, 10)]
    assert photos.votes is not None and len(photos.votes) == 36 and set(photos.votes.rater) == set(RATERS)
    assert photos.histogram is not None and photos.histogram.counts.sum() == 36
    assert capsys.readouterr().err == (
        f"{tmp_path / 'r.csv'}: one row a rater and photograph: 3 raters, 12 photographs; their ratings are averaged\n"
    )


def test_several_ratings_missing_ones_and_a_rater_twice(tmp_path: Path) -> None:
    for number in range(12):
        picture(tmp_path / f"{number}.jpg", number)
    lines = ["id,worker,image,theme,beauty,light,split"]
    rows = [
        f"{w},{n}.jpg,t{n // 4},{1 + n % 5},{0.5 + w},{'test' if n < 4 else 'train'}" for w in (1, 2) for n in range(12)
    ]
    rows += ["2,11.jpg,t2,4,NA,train", "3,0.jpg,t0,?,-,test"]
    write(tmp_path / "r.csv", [*lines, *(f"{place},{row}" for place, row in enumerate(rows))])
    photos = load(tmp_path / "r.csv")
    assert [task.name for task in photos.tasks] == ["beauty", "light"]
    assert photos.ratings[0].tolist() == [1, 2] and photos.ratings[11].tolist() == [2.5, 2]  # 2, and (2 + 4) / 2
    assert photos.n is not None and photos.n[[0, 11]].tolist() == [[2, 2], [2, 2]]
    assert photos.groups == tuple(f"t{n // 4}" for n in range(12)) and photos.splits == ("test",) * 4 + ("train",) * 8


def test_photographs_that_nobody_rated_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = long_table(tmp_path)
    lines = path.read_text().splitlines()
    write(path, [",".join([*line.split(",")[:2], "NA"]) if ",3.jpg," in line else line for line in lines])
    photos = load(path)
    assert len(photos) == 11 and "3.jpg" not in photos.files
    assert photos.votes is not None and photos.votes.photo.max() == 10 and photos.histogram is not None
    np.testing.assert_allclose(np.bincount(photos.votes.photo, photos.votes.value) / 3, photos.ratings[:, 0])
    assert "1 of 12 photographs have no rating and are left out" in capsys.readouterr().err


def test_a_photograph_has_one_split_and_every_row_a_rater(tmp_path: Path) -> None:
    path = long_table(tmp_path, "rater,image,rating,split", more=",train")
    text = path.read_text()
    write(path, [text.replace("bob,3.jpg,6,train", "bob,3.jpg,6,test")])
    refused("row 17, split is 'test', in an earlier row of the same photograph 'train'", load, path)
    write(path, [text.replace("bob,3.jpg", "NA,3.jpg")])
    refused("row 17, rater names no rater; give it one", load, path)
    write(path, [text])
    refused("row 7, rating is 6, outside its scale 1 to 5", load, path, None, {"rating": (1, 5)})


def test_one_rater(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One person's number is no rating; what is left is a table with one row a photograph."""
    for number in range(12):
        picture(tmp_path / f"{number}.jpg", number)
    path = write(tmp_path / "r.csv", ["rater,image,rating", *(f"7,{n}.jpg,{1 + n % 5}" for n in range(12))])
    photos = load_one_rater(path)
    assert [task.name for task in photos.tasks] == ["rating"] and photos.n is None and photos.votes is None
    assert capsys.readouterr().err == f'{path}: column "rater" says who rated, left out\n'
    again = write(path, [*path.read_text().splitlines(), "7,3.jpg,2"])
    assert load(again).ratings[3].tolist() == [3]  # (4 + 2) / 2
    assert "1 rater, 12 photographs" in capsys.readouterr().err


def test_repeated_photographs_without_raters_are_refused(tmp_path: Path) -> None:
    refused("0.jpg is listed more than once", load, long_table(tmp_path, "name,image,rating"))


def test_subject_may_be_rated(tmp_path: Path) -> None:
    for number in range(12):
        picture(tmp_path / f"{number}.jpg", number)
    path = write(tmp_path / "r.csv", ["image,beauty,subject", *(f"{n}.jpg,{1 + n % 5},{n % 3}" for n in range(12))])
    assert [task.name for task in load(path).tasks] == ["beauty", "subject"]
    write(path, [*path.read_text().splitlines(), "3.jpg,1,1"])
    refused("3.jpg is listed more than once", load, path)
