"""AVA: votes, the official split or ours, photographs that are missing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from beholder.data import vote_distributions
from beholder.data.rated_photos import SPLITS
from beholder.data.registry import load_data, split_of
from beholder.data.sets import ava
from beholder.splits import Shares, split_hash
from helpers.layouts import edit, make_ava, refused, rows, stats, write


def test_ava_has_means_of_votes_and_the_official_test_part(tmp_path: Path) -> None:
    make_ava(tmp_path)
    photos = load_data("ava", tmp_path)
    assert photos.files[:2] == ("images/901.jpg", "images/902.jpg")
    assert photos.ratings[:, 0].tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9]
    assert photos.histogram is not None and photos.histogram.values.tolist() == list(range(1, 11))
    np.testing.assert_allclose(photos.sd, 1)  # type: ignore[arg-type]
    np.testing.assert_array_equal(photos.n, 3)  # type: ignore[arg-type]
    vote_distributions.check_means(photos)
    assert photos.groups is None and photos.splits is not None
    assert photos.accuracy_threshold == photos.subset(np.arange(4)).accuracy_threshold == 5  # not 5.5, the middle
    assert [row for row, part in enumerate(photos.splits) if part == "test"] == [2, 10]
    assert photos.split_origin == "published" and split_of(photos).split_origin == "published"
    parts = split_of(photos).splits
    assert parts is not None and parts.count("validation") == 1 and parts.count("test") == 2
    labels = ava.read_labels(tmp_path / "ava")
    assert labels.images.tolist() == list(range(901, 913))
    assert labels.challenges[:2].tolist() == [1397, 1396] and labels.tags[0].tolist() == [1, 22]


def test_ava_split_of_ours_is_told_by_its_hash(tmp_path: Path) -> None:
    images = 1 + np.arange(250_000)
    parts = ava.split(images)
    assert ((parts == "train").sum(), (parts == "test").sum()) == (230_000, 20_000)
    assert split_hash([f"{image}.jpg" for image in images], parts.tolist()).startswith("a777e2f6")
    np.testing.assert_array_equal(ava.split(images[::-1]), parts[::-1])
    make_ava(tmp_path)
    shutil.rmtree(tmp_path / "ava" / "aesthetics_image_lists")
    photos = load_data("ava", tmp_path)
    assert photos.splits is not None and photos.splits.count("test") == 1 and photos.split_origin == "drawn"
    for whole in (split_of(photos), split_of(photos, seed=1)):
        assert [(whole.splits or ()).count(part) for part in SPLITS] == [1, 1, 10]
        assert set(whole.drawn) == set(SPLITS) and whole.split_words == "split drawn with a seed"
    half = split_of(photos, shares=Shares(0.5, 0))
    assert [(split_of(half).splits or ()).count(part) for part in SPLITS] == [6, 0, 6]  # no validation, as was wanted
    (photos.root / photos.files[photos.splits.index("train")]).unlink()
    fewer = load_data("ava", tmp_path, drop_missing=True)
    assert set(zip(fewer.files, fewer.splits or (), strict=True)) < set(zip(photos.files, photos.splits, strict=True))


@pytest.mark.parametrize("folder", ["images", "image", "images/images"])
def test_ava_photographs_that_are_missing(folder: str, tmp_path: Path) -> None:
    make_ava(tmp_path)
    root = tmp_path / "ava"
    (root / "images").rename(tmp_path / "elsewhere")
    refused(r"12 of 12 .* not in .*images, the first is 901\.jpg", load_data, "ava", tmp_path, drop_missing=True)
    shutil.copytree(tmp_path / "elsewhere", root / folder)
    assert load_data("ava", tmp_path).files[0] == f"{folder}/901.jpg"
    for image in (902, 911):
        (root / folder / f"{image}.jpg").unlink()
    refused(r"2 of 12 photographs are not in .*, the first is 902\.jpg; .* drop_missing", load_data, "ava", tmp_path)
    photos = load_data("ava", tmp_path, drop_missing=True)
    assert len(photos) == 10 and photos.files[1] == f"{folder}/903.jpg" and photos.splits is not None
    assert photos.histogram is not None and photos.histogram.counts[1].tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]
    assert photos.splits.count("test") == 1
    refused(
        "oasis must be complete; photographs may be missing only from ava",
        load_data,
        "oasis",
        tmp_path,
        drop_missing=True,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2 902 0 1 1 1 0 ", "2 902 0 1 -1 1 0 ", "row 2 has -1 votes for 3, below 0"),
        ("2 902 0 1 1 1 0 ", "2 902 0 1 1 1 ", "row 2 has 14 cells, not 15 whole numbers: index, image, ten"),
        ("2 902 0 1 1 1 0 ", "2 902 0 1 1 1 0 0 ", "row 2 has 16 cells"),
        ("2 902 0 1 1 1 0 ", "2 902 0 1 1.5 1 0 ", r"row 2 has '1\.5', not 15 whole numbers"),
        ("2 902 0 1 1 1 0 ", "2 902 0 0 0 0 0 ", "row 2, image 902 has no votes"),
        ("2 902 ", "2 901 ", "row 2, image 901 is listed more than once"),
        ("2 902 ", "2 99999999999999999999 ", "a number is too large"),
    ],
)
def test_bad_ava_is_one_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    make_ava(tmp_path)
    edit(tmp_path / "ava" / "AVA.txt", old, new)
    refused(message, load_data, "ava", tmp_path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "AVA.txt").write_text("\n"), "has no rows"),
        (lambda root: (root / "AVA.txt").write_text("1 2 3\n4 5 6\n"), "row 1 has 3 cells"),
        (lambda root: (root / "AVA.txt").write_bytes(b"\xff"), "is not UTF-8"),
        (lambda root: (root / "AVA.txt").unlink(), "no such file; give the folder"),
        (lambda root: write(root / ava.TEST_LIST, ["1.jpg"]), r"'1\.jpg' is no image id"),
        (lambda root: write(root / ava.TEST_LIST, ["1", "2"]), "0 of 12 photographs are in the test list"),
    ],
)
def test_bad_ava_files_are_one_line(spoil: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    make_ava(tmp_path)
    spoil(tmp_path / "ava")
    refused(message, load_data, "ava", tmp_path)


def test_statistics_of_ava_need_no_photographs(tmp_path: Path) -> None:
    make_ava(tmp_path)
    shutil.rmtree(tmp_path / "ava" / "images")
    root = ("--root", str(tmp_path))
    said = rows("ava", *root)
    assert {row["of"]: row["number"] for row in said["counts"]} == {"photographs": 12, "challenges": 2, "votes": 36}
    assert said["histogram"][0] == {"vote": 1, "votes": 1, "percent": pytest.approx(100 / 36)}
    assert [row["photographs"] for row in said["splits"][:2]] == [10, 2]
    shutil.rmtree(tmp_path / "ava" / "aesthetics_image_lists")
    assert "Split, ours" in stats("ava", *root)
