"""EVA: votes, the split that is ours, categories, and the paper's tables."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data
from beholder.data.sets import eva
from beholder.metrics import srcc
from beholder.splits import split_hash
from helpers.layouts import edit, make_eva, refused, rows, stats, write


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


def test_eva_has_a_histogram(tmp_path: Path) -> None:
    histogram = load_data(make_eva(tmp_path), tmp_path).histogram
    assert histogram is not None and histogram.counts.shape == (12, 11)
    assert np.flatnonzero(histogram.counts[0]).tolist() == [2, 4, 6]


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
        ("=", ",", "line 1 is not CSV"),
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


def test_statistics_of_eva_need_no_photographs(tmp_path: Path) -> None:
    make_eva(tmp_path)
    shutil.rmtree(tmp_path / "eva" / "images")
    said = rows("eva", "--root", str(tmp_path))
    assert {row["of"]: row["number"] for row in said["counts"]} == {"photographs": 12, "votes": 36, "raters": 3}
    assert said["categories"][0] == {"category": "animals", "photographs": 6}
    first = said["ratings"][0]
    assert (first["task"], first["scale"], first["minimum"], first["photographs"]) == ("score", [0, 10], 4, 12)
    assert first["maximum"] == 10  # the last have 10, 10, 10
    labels = eva.read_labels(tmp_path / "eva")
    mean, parts = eva.summary(labels)[0], eva.split(labels.images)
    inside = {row["score"][0]: row["photographs"] for row in said["scores_test"]}
    assert sum(inside.values()) == (parts == "test").sum() > 0
    assert inside[6] == ((parts == "test") & (mean[:, 0] >= 6) & (mean[:, 0] < 7)).sum()
    correlation = srcc(mean[:, 0], mean[:, 1])
    assert said["correlations"][0]["light_and_color"] == pytest.approx(correlation)
    assert said["correlations"][0]["quality"] is None  # all equal
    assert said["agreement"][-1]["raters"] == 3
    text = stats("eva", "--root", str(tmp_path / "eva"))
    assert split_hash(labels.files, parts.tolist()) in text and "Split, ours" in text
    for title in ("Table 7", "Table 9", "Figure 14a", "Human agreement"):
        assert title in text
