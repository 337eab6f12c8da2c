"""PsychoFlickr: traits of the users who like a photograph, and users kept whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data
from beholder.data.sets import psychoflickr
from helpers.layouts import edit, make_psychoflickr, refused, rows, write


def test_psychoflickr_has_the_traits_of_who_likes(tmp_path: Path) -> None:
    make_psychoflickr(tmp_path)
    photos = load_data("psychoflickr", tmp_path)
    files = ("ann/1.jpg", "ann/2.jpg", "bob/1.jpg", "cy 7/1.jpg", "cy 7/3.jpg")
    assert photos.files == tuple(f"images/{file}" for file in files)
    np.testing.assert_allclose(photos.ratings[:3], [[0.5, 0, 0, 0, 1], [0, 0.1, 0, 0, 0], [-0.5, 0.2, 0, 0, -1]])
    assert photos.n is not None and photos.n[:, 0].tolist() == [1, 2, 1, 1, 1] and photos.n.shape == (5, 5)
    assert photos.sd is not None and np.isnan(photos.sd[0]).all()
    np.testing.assert_allclose(photos.sd[1], np.std([[0.5, 0, 0, 0, 1], [-0.5, 0.2, 0, 0, -1]], axis=0, ddof=1))
    assert photos.groups == ("ann", "ann", "ann", "cy 7", "cy 7")  # Ann and Bob like the same
    by_folder = photos.ratings
    header = (tmp_path / "psychoflickr" / "users.csv").read_text().splitlines()[0]
    edit(tmp_path / "psychoflickr" / "users.csv", header, "User,O,c,E,A,N")
    pairs = ["user,image", *(f"{file.split('/')[0]},images/{file}" for file in files), "bob,images/ann/2.jpg"]
    write(tmp_path / "psychoflickr" / "likes.csv", [*pairs, pairs[-1]])
    listed = load_data("psychoflickr", tmp_path)
    assert listed.files == photos.files and listed.groups == photos.groups
    np.testing.assert_allclose(listed.ratings, by_folder)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: edit(root / "users.csv", "bob,-0.5,0.2", "bob,-0.5,"), "row 3, conscientiousness is missing"),
        (
            lambda root: edit(root / "users.csv", "bob,-0.5", "bob,-1.5"),
            r"row 3, openness is -1\.5, outside its scale -1",
        ),
        (lambda root: edit(root / "users.csv", "bob,-0.5", "bob,shy"), "row 3, openness is 'shy', not a number"),
        (lambda root: edit(root / "users.csv", ",neuroticism", ",calm"), "no column 'neuroticism'; it has user"),
        (lambda root: edit(root / "users.csv", "bob", "ann"), "row 3, user is 'ann'; give each user one row"),
        (lambda root: edit(root / "users.csv", "bob", "rob"), r"has no user 'bob', who likes images/bob/1\.jpg"),
        (lambda root: shutil.rmtree(root / "images" / "cy 7"), "1 of 3 users have no images: cy 7; give theirs"),
        (lambda root: shutil.rmtree(root / "images"), r"images: is no folder; give images/USER/ or likes\.csv"),
        (
            lambda root: write(root / "likes.csv", ["user,image", "ann,"]),
            r"likes\.csv: row 2 is not a user and an image",
        ),
        (lambda root: write(root / "likes.csv", ["user,image", "ann,a.jpg"]), "2 of 3 users have no images: bob, cy 7"),
        (lambda root: write(root / "likes.csv", ["who,image"]), "no column 'user'"),
    ],
)
def test_bad_psychoflickr_is_one_line(spoil: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    make_psychoflickr(tmp_path)
    spoil(tmp_path / "psychoflickr")
    refused(message, load_data, "psychoflickr", tmp_path)


def test_psychoflickr_users_stay_whole() -> None:
    traits = np.zeros((5, 5))
    user, photo = np.array([0, 1, 2, 3, 3, 4, 1]), np.array([0, 1, 2, 2, 3, 4, 3])
    labels = psychoflickr.Labels(tuple("abcde"), traits, tuple("01234"), user, photo)
    assert psychoflickr.groups(labels) == ("a", "b", "b", "b", "e")  # b and c have one each in common with d


def test_statistics_of_psychoflickr_need_no_photographs(tmp_path: Path) -> None:
    make_psychoflickr(tmp_path)
    shutil.rmtree(tmp_path / "psychoflickr" / "images")
    write(tmp_path / "psychoflickr" / "likes.csv", ["user,image", "ann,1.jpg", "bob,1.jpg", "bob,2.jpg", "cy 7,3.jpg"])
    said = rows("psychoflickr", "--root", str(tmp_path))
    assert [row["number"] for row in said["counts"]] == [3, 3, 4, 1, 2]
    assert said["ratings"][0]["task"] == "openness" and len(said["correlations"]) == 5
