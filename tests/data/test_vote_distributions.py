"""Distributions of votes; AVA, PsychoFlickr, TID2013 and people's own votes in small folders laid out like them."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from beholder import metrics
from beholder.data import vote_distributions
from beholder.data.rated_photos import RatedPhotos, VotedPhotos, check_leaks
from beholder.data.registry import load_data, split_of
from beholder.data.sets import ava, psychoflickr, tid2013
from beholder.data.votes import Histogram, Votes
from beholder.splits import split_hash
from beholder.tasks import Task
from helpers.layouts import (
    edit,
    make_ava,
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

COUNTS = np.array([[2, 0, 1], [0, 4, 0], [0, 0, 1]])
VALUES = np.array([1, 2, 3])


def toy(folder: Path, **fields: object) -> RatedPhotos:
    for number in range(3):
        picture(folder / f"{number}.png", number)
    ratings = np.array([[5 / 3], [2], [3]])
    made = RatedPhotos("toy", folder, ("0.png", "1.png", "2.png"), (Task("t", 1, 3),), ratings)
    return dataclasses.replace(made, histogram=Histogram(VALUES, COUNTS), **fields)  # type: ignore[arg-type]


def test_distribution_mean_and_deviation() -> None:
    histogram = Histogram(VALUES, COUNTS)
    shares = vote_distributions.distribution(histogram)
    np.testing.assert_allclose(shares, [[2 / 3, 0, 1 / 3], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(metrics.deviations(shares, VALUES), [np.std([1, 1, 3]), 0, 0])
    mean, sd, n = vote_distributions.summary(histogram)
    np.testing.assert_allclose(mean, [5 / 3, 2, 3])
    np.testing.assert_allclose(sd, [np.std([1, 1, 3], ddof=1), 0, np.nan])
    assert n.tolist() == [3, 4, 1]


def test_votes_are_counted() -> None:
    votes = Votes(np.array([1, 0, 1, 1]), np.array(list("abca")), np.array([7.0, 1.0, 6.0, 7.0]))
    counted = vote_distributions.histogram_of(votes, 2, np.arange(1, 8))
    assert counted is not None and counted.counts.tolist() == [[1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 2]]
    assert vote_distributions.histogram_of(votes, 3, np.arange(1, 8)) is None  # nobody rated the third
    refused(
        "votes: 7 by a is not on the scale of 6 values from 1 to 6 .2 such",
        vote_distributions.histogram_of,
        votes,
        2,
        1 + np.arange(6),
    )
    half = dataclasses.replace(votes, value=np.array([7, 1, 6.5, 7]))
    refused(r"6\.5 by c is not on the scale", vote_distributions.histogram_of, half, 2, np.arange(1, 8))


@pytest.mark.parametrize(
    ("values", "counts", "message"),
    [
        (VALUES, COUNTS[:, :2], r"counts of shape \(3, 2\) for rating values of shape \(3,\)"),
        (VALUES[:1], COUNTS[:, :1], "two values at least"),
        (VALUES[::-1], COUNTS, "the rating values 3, 2, 1 do not rise"),
        (np.array([1, np.nan, 3]), COUNTS, "do not rise"),
        (VALUES, COUNTS - 1, "photograph 1 has -1 votes for 2"),
        (VALUES, COUNTS + 0.5, r"photograph 1 has 2\.5 votes for 1"),
        (VALUES, np.where(COUNTS == 4, np.nan, COUNTS), "photograph 2 has nan votes"),
        (VALUES, COUNTS * [[1], [0], [1]], "photograph 2 has no votes"),
    ],
)
def test_bad_histograms_are_one_line(values: np.ndarray, counts: np.ndarray, message: str) -> None:
    refused(message, Histogram, values, counts)


def test_histogram_goes_with_its_photographs(tmp_path: Path) -> None:
    photos = toy(tmp_path)
    bare = dataclasses.replace(photos, histogram=None)
    assert photos.content_hash == bare.content_hash and bare.subset(np.array([0])).histogram is None
    part = photos.subset(np.array([2, 0]))
    assert part.histogram is not None and part.histogram.counts.tolist() == [[0, 0, 1], [2, 0, 1]]
    twice = toy(tmp_path, splits=("train", "test", "train"))
    picture(tmp_path / "1.png", 0)
    kept = check_leaks(twice, drop=True)
    assert kept.histogram is not None and kept.histogram.counts.tolist() == COUNTS[1:].tolist()
    less = Histogram(VALUES, COUNTS[:2])
    refused("a histogram of 2 photographs for 3", dataclasses.replace, photos, histogram=less)
    wide = Histogram(VALUES + 1, COUNTS)
    refused("votes of 2 to 4 for t, outside its scale 1 to 3", dataclasses.replace, photos, histogram=wide)


def test_voted_photographs_have_a_histogram(tmp_path: Path) -> None:
    photos = toy(tmp_path, splits=("train", "test", "train"))
    digests, content = photos.digests, photos.content_hash
    for path in photos.paths:
        path.write_bytes(b"other")  # hashes that are known are not computed again
    voted = VotedPhotos.of(photos)
    assert voted.histogram.counts.tolist() == COUNTS.tolist() and voted.files == photos.files
    assert voted.digests.tolist() == digests.tolist() and voted.content_hash == content
    part = voted.with_splits(["train", "train", "test"]).subset(np.array([2]))
    assert isinstance(part, VotedPhotos) and part.histogram.counts.tolist() == COUNTS[2:].tolist()
    assert part.splits == ("test",) and VotedPhotos.of(part).histogram is part.histogram
    bare = dataclasses.replace(photos, histogram=None)
    refused(r"toy: no numbers of votes, which are needed here; .* columns votes_1, votes_2", VotedPhotos.of, bare)
    refused("no numbers of votes, which a toy learns from; a CSV file", VotedPhotos.of, bare, "a toy learns from")


def test_means_agree_with_the_ratings(tmp_path: Path) -> None:
    photos = toy(tmp_path)
    vote_distributions.check_means(photos)
    vote_distributions.check_means(dataclasses.replace(photos, ratings=photos.ratings.round(1)))
    other = dataclasses.replace(photos, ratings=np.array([[5 / 3], [2.2], [2.8]]))
    refused(r"t of 1\.png is 2\.2, the mean of its votes 2\.000; .* \(2 such", vote_distributions.check_means, other)
    vote_distributions.check_means(dataclasses.replace(other, histogram=None))


def test_oasis_and_eva_have_histograms(tmp_path: Path) -> None:
    oasis, eva = (load_data(make(tmp_path), tmp_path).histogram for make in (make_oasis, make_eva))
    assert oasis is not None and oasis.values.tolist() == list(range(1, 8))
    assert oasis.counts.tolist() == [[0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1]]
    assert eva is not None and eva.counts.shape == (12, 11)
    assert np.flatnonzero(eva.counts[0]).tolist() == [2, 4, 6]
    edit(tmp_path / "oasis" / "ratings.csv", "Acorns 1.jpg,2", "Acorns 1.jpg,2.5")
    refused(r"votes: 2\.5 by 1 is not on the scale of 7 values from 1 to 7", load_data, "oasis", tmp_path)
    edit(tmp_path / "oasis" / "ratings.csv", "Acorns 1.jpg,2.5", "Elsewhere.jpg,2")
    assert load_data("oasis", tmp_path).histogram is None


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
    assert [row for row, part in enumerate(photos.splits) if part == "test"] == [2, 10]
    parts = split_of(photos).splits
    assert parts is not None and parts.count("validation") == 1 and parts.count("test") == 2
    labels = ava.read_votes(tmp_path / "ava")
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
    assert photos.splits is not None and photos.splits.count("test") == 1
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
    refused("oasis is to be whole", load_data, "oasis", tmp_path, drop_missing=True)


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
        (lambda root: (root / "AVA.txt").write_bytes(b"\xff\xfe"), "is not UTF-8"),
        (lambda root: (root / "AVA.txt").unlink(), "cannot be read .* give the folder"),
        (lambda root: write(root / ava.TEST_LIST, ["1.jpg"]), r"'1\.jpg' is no image id"),
        (lambda root: write(root / ava.TEST_LIST, ["1", "2"]), "0 of 12 photographs are in the test list"),
    ],
)
def test_bad_ava_files_are_one_line(spoil: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    make_ava(tmp_path)
    spoil(tmp_path / "ava")
    refused(message, load_data, "ava", tmp_path)


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
            lambda root: edit(root / tid2013.SCORES, "4.5 I01", "9.5 I01"),
            r"row 2, mean opinion is 9\.5, outside its scale",
        ),
        (
            lambda root: edit(root / tid2013.SCORES, "4.5 I01", "good I01"),
            "row 2, mean opinion is 'good', not a number",
        ),
        (
            lambda root: edit(root / tid2013.SCORES, "4.5 I01", "I01"),
            "row 2 is 'I01_01_2.bmp', not a number and a name",
        ),
        (
            lambda root: edit(root / tid2013.SCORES, "I01_01_2.bmp", "two.bmp"),
            r"row 2 is '4\.5 two\.bmp', not a number",
        ),
        (lambda root: edit(root / tid2013.SCORES, "I01_01_2", "i01_01_1"), "is listed more than once"),
        (lambda root: (root / tid2013.SCORES).unlink(), "cannot be read"),
        (lambda root: write(root / tid2013.DEVIATIONS, ["0.1"]), "1 standard deviations for the 4 photographs"),
        (lambda root: (root / tid2013.IMAGES / "i02_01_2.bmp").unlink(), "1 of 4 photographs are not in"),
        (lambda root: shutil.rmtree(root / tid2013.IMAGES), "4 of 4 photographs are not in"),
    ],
)
def test_bad_tid2013_is_one_line(spoil: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    make_tid2013(tmp_path)
    spoil(tmp_path / "tid2013")
    refused(message, load_data, "tid2013", tmp_path)


def test_own_votes_are_the_score(tmp_path: Path) -> None:
    photos = load_data(make_own_votes(tmp_path))
    assert photos.histogram is not None and photos.histogram.values.tolist() == [-1, 0, 1]
    assert photos.histogram.counts[:3].tolist() == [[0, 1, 2], [1, 1, 1], [2, 1, 0]]
    (task,) = photos.tasks
    assert (task.name, task.low, task.high) == ("score", -1, 1) and "as in its columns votes_-1" in task.description
    np.testing.assert_allclose(photos.ratings[:3, 0], [2 / 3, 0, -2 / 3])
    np.testing.assert_allclose(photos.sd[:2, 0], [np.std([0, 1, 1], ddof=1), 1])  # type: ignore[index]
    np.testing.assert_array_equal(photos.n, 3)  # type: ignore[arg-type]
    assert load_data(str(tmp_path / "mine.csv"), ranges={"score": (-2, 2)}).tasks[0].low == -2
    refused(
        "score of .* is -0.666667, outside its scale 0 to 1",
        load_data,
        str(tmp_path / "mine.csv"),
        ranges={"score": (0, 1)},
    )


def test_own_votes_beside_ratings(tmp_path: Path) -> None:
    """Ten columns and two rated ones: the votes belong to the first, whose mean is rounded."""
    counts = [[(row + value) % 4 for value in range(10)] for row in range(12)]
    means = [np.average(np.arange(1, 11), weights=row) for row in counts]
    header = ",".join(["file", "light", "beauty_mean", "beauty_n", *(f"votes_{value}" for value in range(1, 11))])
    lines = [",".join([f"{row}.jpg", f"{means[row]:.1f}", "3", "7", *map(str, counts[row])]) for row in range(12)]
    photos = load_data(make_own(tmp_path, header, lines))
    assert [(task.name, task.low, task.high) for task in photos.tasks] == [("light", 1, 10), ("beauty", 1, 5)]
    assert photos.histogram is not None and photos.histogram.counts.tolist() == counts
    assert photos.n is not None and photos.n[0].tolist() == [sum(counts[0]), 7] and photos.sd is not None
    edit(tmp_path / "mine.csv", f"1.jpg,{means[1]:.1f}", "1.jpg,9.9")
    refused(r"light of 1\.jpg is 9\.9, the mean of its votes", load_data, str(tmp_path / "mine.csv"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("01.jpg,1,1,1,3", "01.jpg,1,1,1,4", r"row 3, n is 4, its votes are 3 \(1 such rows\)"),
        ("01.jpg,1,1,1,3", "01.jpg,-1,1,3,3", "row 3, votes_1 is '-1'; numbers of votes are whole"),
        ("01.jpg,1,1,1,3", "01.jpg,1.5,0.5,1,3", r"row 3, votes_-1 is '0\.5'; numbers"),
        ("01.jpg,1,1,1,3", "01.jpg,1,,2,3", "row 3, votes_-1 is ''; .* 0 where there is none"),
        ("01.jpg,1,1,1,3", "01.jpg,0,0,0,0", "row 3 has no votes"),
        ("votes_1,votes_-1,votes_0,n", "votes_1,beauty,light,n", "'votes_1' is the only column of votes"),
        ("votes_1,votes_-1,votes_0,n", "votes_1,votes_-1,votes_0,score_n", None),
        ("n\n", "beauty_mean\n", r"beauty of pictures/00\.jpg is 3, the mean of its votes|outside its scale"),
    ],
)
def test_bad_own_votes_are_one_line(old: str, new: str, message: str | None, tmp_path: Path) -> None:
    name = make_own_votes(tmp_path)
    edit(Path(name), old, new)
    if message is None:
        assert [task.name for task in load_data(name).tasks] == ["score"]
    else:
        refused(message, load_data, name)


def test_statistics_of_labels_alone(tmp_path: Path) -> None:
    for make in (make_ava, make_psychoflickr, make_tid2013):
        make(tmp_path)
    shutil.rmtree(tmp_path / "ava" / "images")
    shutil.rmtree(tmp_path / "tid2013" / "distorted_images")
    shutil.rmtree(tmp_path / "psychoflickr" / "images")
    write(tmp_path / "psychoflickr" / "likes.csv", ["user,image", "ann,1.jpg", "bob,1.jpg", "bob,2.jpg", "cy 7,3.jpg"])
    root = ("--root", str(tmp_path))
    said = rows("ava", *root)
    assert {row["of"]: row["number"] for row in said["counts"]} == {"photographs": 12, "challenges": 2, "votes": 36}
    assert said["histogram"][0] == {"vote": 1, "votes": 1, "percent": pytest.approx(100 / 36)}
    assert [row["photographs"] for row in said["splits"][:2]] == [10, 2]
    shutil.rmtree(tmp_path / "ava" / "aesthetics_image_lists")
    assert "Split, ours" in stats("ava", *root)
    said = rows("psychoflickr", *root)
    assert [row["number"] for row in said["counts"]] == [3, 3, 4, 1, 2]
    assert said["ratings"][0]["task"] == "openness" and len(said["correlations"]) == 5
    said = rows("tid2013", *root)
    assert [row["number"] for row in said["counts"]] == [4, 2] and said["ratings"][0]["maximum"] == 5.5
    assert json.dumps(said)
    assert [row["votes"] for row in rows(make_own_votes(tmp_path))["histogram"]] == [12, 12, 12]
