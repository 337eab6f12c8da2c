"""Loaders on small folders in exactly the published layouts, and on the real data where it is there."""

import dataclasses
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from beholder.data import csv_ratings, vote_distributions
from beholder.data.rated_photos import RatedPhotos, check_leaks
from beholder.data.registry import LOADERS, load_data
from beholder.data.sets import eva
from beholder.data.tables import read_table
from beholder.data.votes import Votes
from beholder.metrics import srcc
from beholder.splits import fold_parts, grouped_folds, holdout, split_hash
from beholder.tasks import Task
from helpers.layouts import (
    edit,
    make_aadb_alone,
    make_ava,
    make_biq,
    make_eva,
    make_oasis,
    make_own,
    make_own_votes,
    make_psychoflickr,
    make_tid2013,
    picture,
    refused,
    rows,
    stats,
    write,
)

LAYOUTS: dict[str, Callable[[Path], str]] = {
    "oasis": make_oasis,
    "biq2021": make_biq,
    "aadb": make_aadb_alone,
    "eva": make_eva,
    "ava": make_ava,
    "psychoflickr": make_psychoflickr,
    "tid2013": make_tid2013,
    "own": make_own,
    "own votes": make_own_votes,
}
# Files, tasks, the first photograph's first rating.
EXPECTED = {
    "oasis": (2, ["beauty", "valence", "arousal"], 4.86),
    "biq2021": (2, ["quality"], 0.8471),
    "aadb": (5, None, None),
    "eva": (12, ["score", "light_and_color", "composition_and_depth", "quality", "semantics"], 4.0),
    "ava": (12, ["score"], 2.0),
    "psychoflickr": (
        5,
        ["openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism"],
        0.5,
    ),
    "tid2013": (4, ["quality"], 5.5),
    "own": (12, ["beauty", "light"], 1.0),
    "own votes": (12, ["score"], 2 / 3),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_loads(layout: str, tmp_path: Path) -> None:
    name = LAYOUTS[layout](tmp_path)
    photos = load_data(name, tmp_path, drop_leaks=layout == "aadb")
    count, tasks, first = EXPECTED[layout]
    assert len(photos) == count and len(set(photos.digests)) == count
    assert photos.digests[0] == hashlib.sha256(photos.paths[0].read_bytes()).hexdigest()
    assert tasks is None or [task.name for task in photos.tasks] == tasks
    assert first is None or photos.ratings[0, 0] == first
    assert np.isfinite(photos.ratings).all()
    assert (photos.splits is not None) == (layout in ("aadb", "eva", "ava"))
    assert (photos.votes is not None) == (layout in ("oasis", "eva"))
    assert (photos.histogram is not None) == (layout in ("oasis", "eva", "ava", "own votes"))


@pytest.mark.parametrize("layout", LOADERS)
def test_root_may_be_the_data_set(layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = LAYOUTS[layout](tmp_path)
    own_folder = (tmp_path / name).rename(tmp_path / "elsewhere")
    photos = load_data(name, own_folder, drop_leaks=True)
    assert photos.root.is_relative_to(own_folder) and len(photos) == EXPECTED[layout][0]
    refused("cannot be read", load_data, name, tmp_path)
    own_folder.rename(tmp_path / name)
    monkeypatch.setenv("BEHOLDER_DATA", str(tmp_path))
    assert load_data(name, drop_leaks=True).files == photos.files


@pytest.mark.parametrize("name", ["oasis", "biq2021"])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: edit(path, "_mean", "_median"), "no column"),
        (lambda path: edit(path, "6.1,1.0" if "oasis" in str(path) else "0.2874", "9.9"), "outside its scale"),
        (lambda path: edit(path, "6.1,1.0" if "oasis" in str(path) else "0.2874", "many"), "not a number"),
        (lambda path: next((path.parent / "images").iterdir()).unlink(), "1 of 2 photographs are not in"),
        (lambda path: path.write_text(path.read_text() + path.read_text().splitlines()[-1]), "listed more than once"),
        (lambda path: path.write_bytes(b"\xff\xfe" + path.read_bytes()), "is not UTF-8"),
    ],
)
def test_bad_labels_are_one_line(name: str, spoil: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    LAYOUTS[name](tmp_path)
    spoil(tmp_path / name / "labels.csv")
    refused(message, load_data, name, tmp_path)


def test_unknown_data_set(tmp_path: Path) -> None:
    refused("aadb, eva, ava, psychoflickr, tid2013, and your own file.csv", load_data, "imagenet", tmp_path)
    refused("its own rating scales", load_data, "oasis", tmp_path, ranges={"beauty": (0, 1)})


def test_oasis_has_deviations_numbers_and_votes(tmp_path: Path) -> None:
    make_oasis(tmp_path)
    photos = load_data("oasis", tmp_path)
    assert photos.groups == ("Acorns", "Beach")
    np.testing.assert_array_equal(photos.sd, [[1.4, 0.9, 1.6], [1.0, 0.8, 1.9]])
    np.testing.assert_array_equal(photos.n, [[140, 102, 101], [120, 101, 100]])
    assert photos.votes is not None
    assert photos.votes.photo.tolist() == [1, 1, 0] and photos.votes.rater.tolist() == ["1", "2", "1"]
    assert photos.votes.value.tolist() == [7, 6, 2]
    edit(tmp_path / "oasis" / "ratings.csv", "Acorns 1.jpg,2", "Acorns 1.jpg,8")
    refused("row 4, beauty is 8, outside its scale 1 to 7", load_data, "oasis", tmp_path)
    (tmp_path / "oasis" / "ratings.csv").unlink()
    edit(tmp_path / "oasis" / "labels.csv", "valence_sd", "valence_spread")
    bare = load_data("oasis", tmp_path)
    assert bare.votes is None and bare.sd is not None and np.isnan(bare.sd).tolist() == [[False, True, False]] * 2


def test_eva_averages_votes_and_splits_them(tmp_path: Path) -> None:
    make_eva(tmp_path)
    votes = tmp_path / "eva" / "data" / "votes_filtered.csv"
    edit(votes, '"1000"="E1"="2"="3"="3"', '"1000"="E1"="2"="3"=""')
    photos = load_data("eva", tmp_path)
    assert photos.files[0] == "images/EVA_together/1000.jpg"
    np.testing.assert_allclose(photos.ratings[0], [4, 2, 2, 3, 4])  # light and colour: without 3, of 1 and 3
    assert photos.sd is not None and photos.n is not None and photos.votes is not None
    np.testing.assert_allclose(photos.sd[0], [2, np.sqrt(2), 0, 0, 0])
    assert photos.n[0].tolist() == [3, 2, 3, 3, 3]
    assert len(photos.votes) == 36 and photos.votes.value[:3].tolist() == [2, 4, 6]
    assert photos.splits is not None and sorted(set(photos.splits)) == ["test", "train", "validation"]
    assert load_data("eva", tmp_path).splits == photos.splits
    assert eva.read_categories(tmp_path / "eva")["1007"] == "architecture and city scenes"


def test_eva_split_has_the_published_sizes_and_stays_what_it_is() -> None:
    images = [str(number) for number in range(4070)]
    parts = eva.split(images)
    assert {part: int((parts == part).sum()) for part in set(parts.tolist())} == {
        "train": 3150,
        "validation": 350,
        "test": 570,
    }
    assert split_hash(images, parts.tolist()).startswith("8edf6668")
    assert (eva.split(images, seed=1) != parts).any()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"1000"="E1"="2"', '"1000"="E1"="11"', r"row 2, score is 11, outside its scale 0 to 10"),
        ('"1000"="E2"="4"="3"="1"', '"1000"="E2"="4"="3"="0"', r"row 3, visual is 0, outside its scale 1 to 4"),
        ('"1000"="E1"="2"', '"1000"="E1"="two"', r"row 2, score is 'two', not a number"),
        ('"1000"="E1"', '""="E1"', "row 2 has no image_id"),
        ('"semantic"', '"meaning"', "no column 'semantic'"),
        ("=", ",", "no column 'image_id'"),
    ],
)
def test_bad_eva_is_one_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    make_eva(tmp_path)
    edit(tmp_path / "eva" / "data" / "votes_filtered.csv", old, new)
    refused(message, load_data, "eva", tmp_path)


@pytest.mark.parametrize(
    "lines",
    [
        ["image_id,sort", "5,3"],
        ["image_id=category", "5=3"],
        ["name,what", "5,3"],
        ["category,image_id", "3,5"],
    ],
)
def test_eva_categories_under_any_name(lines: list[str], tmp_path: Path) -> None:
    write(tmp_path / "data" / "image_content_category.csv", lines)
    assert eva.read_categories(tmp_path) == {"5": "humans"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_own_ratings_as_spreadsheets_write_them(delimiter: str, tmp_path: Path) -> None:
    header = [
        "",
        "Theme",
        "Photo",
        "Rule of thirds",
        "beauty_mean",
        "beauty_sd",
        "beauty_n",
        "split",
        "notes",
        "take_n",
    ]
    lines = [delimiter.join(header)]
    for number in range(10):
        picture(tmp_path / "in" / f"{number}.jpg", number)
        beauty = f"{number / 2}".replace(".", "," if delimiter == ";" else ".")
        theme = "" if number == 9 else f"t{number // 2}"
        split = ("Train", "VAL", "testing")[number % 3]
        row = [str(number), theme, f"in/{number}.jpg", str(number), beauty, "1", "20", split, "2 of 3", "60"]
        lines.append(delimiter.join(["", *row[1:3], "", *row[4:]] if number == 4 else row))
    path = tmp_path / "my ratings.csv"
    path.write_bytes("\ufeff".encode() + "\r\n".join([*lines, delimiter * 9, ""]).encode())
    photos = load_data(str(path))
    assert photos.name == "my ratings" and photos.root == tmp_path and photos.files[3] == "in/3.jpg"
    scales = [(task.name, task.low, task.high) for task in photos.tasks]
    assert scales == [("Rule_of_thirds", 0, 10), ("beauty", 0, 5), ("take_n", 0, 100)]
    assert "0 to 5 inferred from ratings of 0 to 4.5" in photos.tasks[1].description
    assert photos.ratings[3].tolist() == [3, 1.5, 60] and np.isnan(photos.ratings[4, 0])
    assert photos.splits == ("train", "validation", "test") * 3 + ("train",)
    assert photos.groups is not None and photos.groups[1:3] == ("t0", "t1") and photos.groups[9] == "in/9.jpg"
    np.testing.assert_array_equal(photos.n[0], [np.nan, 20, np.nan])  # type: ignore[index]
    np.testing.assert_array_equal(photos.sd[0], [np.nan, 1, np.nan])  # type: ignore[index]
    given = load_data(str(path), ranges={"beauty": (-1, 6)}).tasks[1]
    assert (given.low, given.high) == (-1, 6) and "as given" in given.description


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0, 1], (0, 1)),
        ([-1, 0.5], (-1, 1)),
        ([1.2, 4.9], (1, 5)),
        ([0.9, 5], (0, 5)),
        ([1, 7], (1, 7)),
        ([1.5, 8], (1, 10)),
        ([0.5, 8], (0, 10)),
        ([0, 11], (0, 100)),
        ([-3, 5], (-100, 100)),
        ([1200.5, 1650.2], (1200, 1651)),
        ([1500, 1500], (1500, 1501)),
    ],
)
def test_scales_are_the_narrowest_in_use(values: list[float], scale: tuple[float, float], tmp_path: Path) -> None:
    rows = [f"{number}.jpg,{values[number % 2]}" for number in range(10)]
    task = load_data(make_own(tmp_path, "image,score", rows)).tasks[0]
    assert (task.low, task.high) == scale


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), r"mine\.csv: cannot be read .* give a CSV file"),
        (lambda path: edit(path, "File", "picture"), "no column of photographs; call it one of image, file"),
        (lambda path: edit(path, "beauty_mean,light", "beauty,beauty_mean"), "both called beauty"),
        (lambda path: edit(path, "beauty_mean", "light"), "two columns 'light'"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0,four"), "row 6, light is 'four', not a number"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3.0,inf"), "row 6, light is 'inf', not a number"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,,"), r"row 6, pictures/04\.jpg has no rating"),
        (lambda path: edit(path, "pictures/04.jpg", ""), "row 6 names no photograph"),
        (lambda path: edit(path, "pictures/04.jpg", "pictures/05.jpg"), "listed more than once"),
        (lambda path: (path.parent / "pictures" / "04.jpg").unlink(), r"1 of 12 .* the first is pictures/04\.jpg"),
        (lambda path: path.write_text("\n".join(path.read_text().splitlines()[:10])), "9 photographs are too few"),
        (lambda path: edit(path, "light,notes", "light,split"), "row 2, split is 'some words'; use train"),
        (lambda path: edit(path, "beauty_mean,light,", ",,"), "no column of ratings"),
        (lambda path: edit(path, "04.jpg,3.0,4", "04.jpg,3,0,4"), "row 6 has 5 cells, the header 4"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"words", b"w\xf6rter")), "is not UTF-8"),
        (lambda path: path.write_text(""), "no column of photographs"),
    ],
)
def test_bad_own_ratings_are_one_line(spoil: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    name = make_own(tmp_path)
    spoil(Path(name))
    refused(message, load_data, name)


def test_ranges_are_of_what_is_rated(tmp_path: Path) -> None:
    name = make_own(tmp_path)
    refused(
        "a range for 'sharpness', which is not rated; rated are beauty, light",
        csv_ratings.load,
        Path(name),
        None,
        {"sharpness": (0, 1)},
    )
    refused("light of .* is 6, outside its scale 0 to 5", load_data, name, ranges={"light": (0, 5)})
    refused("the range 5 to 5 is empty", load_data, name, ranges={"light": (5, 5)})


def split_photos(folder: Path, pictures: list[int], splits: list[str]) -> RatedPhotos:
    for place, number in enumerate(pictures):
        picture(folder / f"{place}.png", number)
    files = tuple(f"{place}.png" for place in range(len(pictures)))
    ratings = np.arange(len(files), dtype=float)[:, None] / 10
    votes = Votes(np.arange(len(files)), np.array(["a"] * len(files)), ratings[:, 0])
    return RatedPhotos("toy", folder, files, (Task("t", 0, 1),), ratings, splits=tuple(splits), votes=votes)


def test_leaks_by_content_are_refused_or_dropped(tmp_path: Path) -> None:
    splits = ["train", "validation", "test", "train", "train", "validation"]
    photos = split_photos(tmp_path, [0, 0, 0, 1, 1, 2], splits)
    refused(
        r"2 photographs .* 1\.png \(validation\) is 2\.png \(test\), 0\.png \(train\) is .* --drop-leaks",
        check_leaks,
        photos,
    )
    kept = check_leaks(photos, drop=True)
    assert kept.files == ("2.png", "3.png", "4.png", "5.png")  # twice inside training is allowed
    assert kept.splits == ("test", "train", "train", "validation")
    assert kept.ratings[:, 0].tolist() == [0.2, 0.3, 0.4, 0.5]
    assert kept.votes is not None
    assert kept.votes.photo.tolist() == [0, 1, 2, 3] and kept.votes.value.tolist() == [0.2, 0.3, 0.4, 0.5]
    assert check_leaks(kept) is kept
    assert check_leaks(dataclasses.replace(photos, splits=None)).files == photos.files


def test_leaks_in_own_ratings(tmp_path: Path) -> None:
    parts = ["train", "test", "val"]
    rows = [f"{number}.jpg,{number},{parts[number % 3]}" for number in range(12)]
    name = make_own(tmp_path, "image,score,split", rows)
    assert len(load_data(name)) == 12
    (tmp_path / "4.jpg").write_bytes((tmp_path / "5.jpg").read_bytes())
    refused(r"mine: 1 photographs .* 5\.jpg \(validation\) is 4\.jpg \(test\)", load_data, name)
    assert "5.jpg" not in load_data(name, drop_leaks=True).files


def test_subset_keeps_order_and_reads_no_file_twice(tmp_path: Path) -> None:
    photos = split_photos(tmp_path, [0, 1, 2], ["train", "test", "train"])
    digests = photos.digests
    part = photos.subset(np.array([2, 0]))
    assert part.files == ("2.png", "0.png") and part.votes is not None
    assert part.votes.photo.tolist() == [1, 0] and part.votes.value.tolist() == [0.0, 0.2]
    for path in photos.paths:
        path.unlink()
    assert part.digests.tolist() == digests[[2, 0]].tolist()


def test_unreadable_photograph_is_one_line(tmp_path: Path) -> None:
    photos = split_photos(tmp_path, [0, 1], ["train", "test"])
    (tmp_path / "1.png").unlink()
    refused(r"1\.png: cannot be read", lambda: photos.digests)


@pytest.mark.parametrize("name", ["oasis", "biq2021"])
def test_content_hash_sees_photographs_and_ratings_and_not_places(name: str, tmp_path: Path) -> None:
    here, there = (load_data(LAYOUTS[name](tmp_path / side), tmp_path / side) for side in "ab")
    state = hashlib.sha256()
    for index in sorted(range(len(here)), key=lambda index: here.files[index]):
        state.update(hashlib.sha256(here.paths[index].read_bytes()).digest() + here.ratings[index].tobytes())
    assert here.content_hash == there.content_hash == state.hexdigest()
    rated = RatedPhotos(here.name, here.root, here.files, here.tasks, here.ratings - 0.1)
    assert rated.content_hash != here.content_hash
    picture(there.paths[0], 7)  # other pixels under the same name
    assert load_data(name, tmp_path / "b").content_hash != here.content_hash


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ratings": np.zeros((1, 1))}, "ratings of shape"),
        ({"sd": np.zeros((3, 2))}, "sd of shape"),
        ({"n": np.zeros((2, 1))}, "n of shape"),
        ({"n": np.array([[1.0], [-1.0], [1.0]])}, r"t_n of 1\.png is -1, below 0"),
        ({"splits": ("train", "test")}, "2 splits for 3"),
        ({"groups": ("sea",)}, "1 groups for 3"),
        ({"splits": ("train", "val", "test")}, "no split is called 'val'"),
        ({"votes": Votes(np.array([3]), np.array(["a"]), np.array([0.5]))}, "votes for photographs beyond"),
    ],
)
def test_fields_must_agree(fields: dict[str, object], message: str, tmp_path: Path) -> None:
    photos = split_photos(tmp_path, [0, 1, 2], ["train", "test", "train"])
    refused(message, dataclasses.replace, photos, **fields)


def test_votes_are_rows_of_three() -> None:
    refused("a vote is one of each", Votes, np.array([0, 1]), np.array(["a"]), np.array([1.0, 2.0]))


def test_short_rows_and_empty_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", ["a,b,", "1,2,", "", "3", ",,"])
    assert read_table(path) == {"a": ["1", "3"], "b": ["2", ""]}


@pytest.mark.parametrize("count", [10, 37, 1000])
def test_holdout_has_its_shares_and_is_seeded(count: int) -> None:
    parts = holdout(count, 0.2, 0.1, seed=3)
    for part, share in (("test", 0.2), ("validation", 0.1), ("train", 0.7)):
        assert abs((parts == part).sum() - share * count) <= 1
    np.testing.assert_array_equal(parts, holdout(count, 0.2, 0.1, seed=3))
    assert (parts != holdout(count, 0.2, 0.1, seed=4)).any()
    assert "validation" not in holdout(count, 0.2, 0)


def test_holdout_cuts_through_no_group() -> None:
    groups = [f"g{number}" for number in np.random.default_rng(0).integers(0, 60, 600)]
    parts = holdout(600, 0.2, 0.1, groups=groups)
    assert all(len(set(parts[np.array(groups) == group])) == 1 for group in groups)
    assert abs((parts == "test").mean() - 0.2) < 0.02 and abs((parts == "validation").mean() - 0.1) < 0.02
    refused("5 photographs in 2 groups that are to stay whole leave the", holdout, 5, groups=list("aaabb"))
    refused("2 photographs leave the test part empty", holdout, 2)


def test_fold_parts_test_each_photograph_once() -> None:
    groups = [f"g{number // 4}" for number in range(200)]
    fold_of = grouped_folds(groups)
    rounds = [fold_parts(fold_of, fold, 0.1, groups=groups) for fold in range(5)]
    tested = np.sum([parts == "test" for parts in rounds], axis=0)
    assert (tested == 1).all()
    for fold, parts in enumerate(rounds):
        np.testing.assert_array_equal(parts == "test", fold_of == fold)
        assert (parts == "validation").sum() == 20  # a tenth of all, not of the rest
        assert all(len(set(parts[start : start + 4])) == 1 for start in range(0, 200, 4))
    assert "validation" not in fold_parts(fold_of, 0, 0)
    refused("fold 7 of .* leaves no photographs", fold_parts, fold_of, 7)


def test_statistics_of_eva_need_no_photographs(tmp_path: Path) -> None:
    make_eva(tmp_path)
    shutil.rmtree(tmp_path / "eva" / "images")
    said = rows("eva", "--root", str(tmp_path))
    assert {row["of"]: row["number"] for row in said["counts"]} == {"photographs": 12, "votes": 36, "raters": 3}
    assert said["categories"][0] == {"category": "animals", "photographs": 6}
    first = said["ratings"][0]
    assert (first["task"], first["scale"], first["minimum"], first["photographs"]) == ("score", [0, 10], 4, 12)
    assert first["maximum"] == 10  # the last have 10, 10, 10
    ballots = eva.read_votes(tmp_path / "eva")
    mean, parts = eva.summary(ballots)[0], eva.split(ballots.images)
    inside = {row["score"][0]: row["photographs"] for row in said["scores_test"]}
    assert sum(inside.values()) == (parts == "test").sum() > 0
    assert inside[6] == ((parts == "test") & (mean[:, 0] >= 6) & (mean[:, 0] < 7)).sum()
    correlation = srcc(mean[:, 0], mean[:, 1])
    assert said["correlations"][0]["light_and_color"] == pytest.approx(correlation)
    assert said["correlations"][0]["quality"] is None  # all equal
    assert said["agreement"][-1]["raters"] == 3
    text = stats("eva", "--data", str(tmp_path / "eva"))
    assert split_hash(ballots.files, parts.tolist()) in text and "Split, ours" in text
    for title in ("Table 7", "Table 9", "Figure 14a", "Human agreement"):
        assert title in text


def test_statistics_of_oasis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_oasis(tmp_path)
    monkeypatch.setenv("BEHOLDER_DATA", str(tmp_path))
    said = rows("oasis")
    assert said["ratings"][0] == {
        "task": "beauty",
        "scale": [1, 7],
        "photographs": 2,
        "minimum": 4.86,
        "mean": pytest.approx(5.48),
        "maximum": 6.1,
    }
    assert [row["photographs"] for row in said["scores"]] == [0, 0, 0, 1, 0, 1]
    assert said["ratings_per_photograph"][0] == {"task": "beauty", "minimum": 120, "mean": 130, "maximum": 140}
    assert {row["of"]: row["number"] for row in said["counts"]} == {
        "photographs": 2,
        "themes": 2,
        "votes": 3,
        "raters": 2,
    }
    assert said["agreement"][-1] == {
        "photographs rated": "all",
        "raters": 0,
        "mean SRCC": None,
        "95% interval": [None] * 2,
    }
    text = stats("oasis")
    assert "4.0 to 5.0            1     50.0" in text and "1 beauty   1.00" in text


def test_statistics_of_own_ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = make_own(tmp_path)
    edit(Path(name), "00.jpg,1.0,0", "00.jpg,1.0,")
    monkeypatch.setenv("BEHOLDER_DATA", "/nowhere")  # is no business of a file
    said = rows(name)
    assert [row["photographs"] for row in said["ratings"]] == [12, 11]
    assert said["correlations"][0] == {"task": "beauty", "beauty": 1, "light": pytest.approx(1)}
    assert "agreement" not in said and "ratings_per_photograph" not in said
    refusal = stats(name, "--root", str(tmp_path / "pictures"), code=1)
    assert "12 of 12 photographs are not in" in refusal and refusal.count("\n") == 1


def test_statistics_of_leaking_ratings(tmp_path: Path) -> None:
    lines = [f"{number}.jpg,{number},{('train', 'test')[number % 2]}" for number in range(12)]
    name = make_own(tmp_path, "image,score,split", lines)
    (tmp_path / "4.jpg").write_bytes((tmp_path / "5.jpg").read_bytes())
    assert "--drop-leaks" in stats(name, code=1)
    counts = {row["of"]: row["number"] for row in rows(name, "--drop-leaks")["counts"]}
    assert counts == {"photographs": 11, "train": 5, "validation": 0, "test": 6}


def test_statistics_of_aadb_need_no_photographs(tmp_path: Path) -> None:
    make_aadb_alone(tmp_path)
    shutil.rmtree(tmp_path / "aadb" / "datasetImages_warp256")
    said = rows("aadb", "--root", str(tmp_path))
    assert [row["photographs"] for row in said["splits"]] == [2, 2, 2, 1]
    assert sum(row["photographs"] for row in said["scores_test"]) == 2 and said["scores_test"][3]["score"] == [0.3, 0.4]
    assert len(said["signs"]) == 11 and len(said["correlations"]) == 12
    assert stats("aadb", "--data", str(tmp_path)).count("Figure") == 2


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count", "start"), [("oasis", 649, "3edc294b"), ("biq2021", 5000, "fcaa1e37")])
def test_real_data(name: str, count: int, start: str, data_root: Path) -> None:
    photos = load_data(name, data_root)
    assert len(photos) == count and np.isfinite(photos.ratings).all()
    assert photos.content_hash.startswith(start)


@pytest.mark.slow
def test_real_votes(data_root: Path) -> None:
    photos = load_data("oasis", data_root)
    assert photos.votes is not None and photos.n is not None
    assert len(photos.votes) == 123_163 and len(np.unique(photos.votes.rater)) == 757
    counts = np.bincount(photos.votes.photo, minlength=len(photos))
    means = np.bincount(photos.votes.photo, photos.votes.value) / counts
    np.testing.assert_array_equal(counts, photos.n[:, 0])
    np.testing.assert_allclose(means, photos.ratings[:, 0], atol=0.0051)  # published with two digits
    assert photos.histogram is not None
    mean, sd, n = vote_distributions.summary(photos.histogram)
    np.testing.assert_allclose(mean, means)
    np.testing.assert_allclose(sd, photos.sd[:, 0])  # type: ignore[index]
    np.testing.assert_array_equal(n, counts)
    vote_distributions.check_means(photos, tolerance=0.0051)
