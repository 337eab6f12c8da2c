"""The schema of rated photographs: checks, hashes, subsets, leaks, votes."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

from beholder.data.leaks import check_leaks
from beholder.data.rated_photos import RatedPhotos, VotedPhotos, check_varied
from beholder.data.registry import load_data
from beholder.data.votes import Histogram, Votes
from helpers.layouts import LAYOUTS, VOTE_COUNTS, VOTE_VALUES, make_voted, picture, refused, split_photos


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
    refused(r"1\.png: no such file", lambda: photos.digests)


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


def test_histogram_goes_with_its_photographs(tmp_path: Path) -> None:
    photos = make_voted(tmp_path)
    bare = dataclasses.replace(photos, histogram=None)
    assert photos.content_hash == bare.content_hash and bare.subset(np.array([0])).histogram is None
    part = photos.subset(np.array([2, 0]))
    assert part.histogram is not None and part.histogram.counts.tolist() == [[0, 0, 1], [2, 0, 1]]
    twice = make_voted(tmp_path, splits=("train", "test", "train"))
    picture(tmp_path / "1.png", 0)
    kept = check_leaks(twice, drop=True)
    assert kept.histogram is not None and kept.histogram.counts.tolist() == VOTE_COUNTS[1:].tolist()
    less = Histogram(VOTE_VALUES, VOTE_COUNTS[:2])
    refused("a histogram of 2 photographs for 3", dataclasses.replace, photos, histogram=less)
    wide = Histogram(VOTE_VALUES + 1, VOTE_COUNTS)
    refused("votes of 2 to 4 for t, outside its scale 1 to 3", dataclasses.replace, photos, histogram=wide)


def test_voted_photographs_have_a_histogram(tmp_path: Path) -> None:
    photos = make_voted(tmp_path, splits=("train", "test", "train"))
    digests, content = photos.digests, photos.content_hash
    for path in photos.paths:
        path.write_bytes(b"other")  # hashes that are known are not computed again
    voted = VotedPhotos.of(photos)
    assert voted.histogram.counts.tolist() == VOTE_COUNTS.tolist() and voted.files == photos.files
    assert voted.digests.tolist() == digests.tolist() and voted.content_hash == content
    part = voted.with_splits(["train", "train", "test"]).subset(np.array([2]))
    assert isinstance(part, VotedPhotos) and part.histogram.counts.tolist() == VOTE_COUNTS[2:].tolist()
    assert part.splits == ("test",) and VotedPhotos.of(part).histogram is part.histogram
    bare = dataclasses.replace(photos, histogram=None)
    refused(r"toy: no numbers of votes, which are needed here; .* columns votes_1, votes_2", VotedPhotos.of, bare)
    refused("no numbers of votes, which a toy learns from; a CSV file", VotedPhotos.of, bare, "a toy learns from")


def test_equal_ratings_are_nothing_to_learn(tmp_path: Path) -> None:
    photos = split_photos(tmp_path, [0, 1, 2], ["train", "test", "train"])
    check_varied(photos)
    equal = dataclasses.replace(photos, ratings=np.full((3, 1), 0.5), votes=None)
    refused(
        "toy: all ratings of t are 0.5, so there is nothing to learn; rate photographs that differ", check_varied, equal
    )
