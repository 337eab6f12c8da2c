"""AADB: both published layouts, the leak between its official lists, and the figures that the paper prints."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from beholder.data.sets import aadb
from beholder.errors import BeholderError
from helpers.layouts import make_aadb, make_aadb_alone, rows, stats


@pytest.mark.parametrize("layout", ["official", "csv"])
def test_layouts_load_alike(layout: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    photos = aadb.load(make_aadb(tmp_path, layout), drop_leaks=True)
    same = aadb.load(make_aadb(tmp_path / "other", "csv"), drop_leaks=True)
    assert photos.files == same.files == ("a.jpg", "b c.jpg", "d.jpg", "e.jpg", "f.jpg")
    assert photos.splits == ("train", "train", "validation", "test", "test")
    np.testing.assert_array_equal(photos.ratings, same.ratings)
    assert photos.tasks[0].name == "score" and photos.ratings.shape == (5, 12)


@pytest.mark.parametrize("layout", ["official", "csv"])
def test_leaks_are_refused_by_name(layout: str, tmp_path: Path) -> None:
    with pytest.raises(BeholderError, match=r"1 validation photographs .* e\.jpg; --drop-leaks"):
        aadb.load(make_aadb(tmp_path, layout))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "imgListTrainRegression_Light.txt").unlink(), "no such file"),
        (lambda folder: (folder / "imgListTrainRegression_Light.txt").write_text("a.jpg 0.1\n"), "in their order"),
        (lambda folder: (folder / "imgListTrainRegression_score.txt").write_text("a.jpg\n"), "line 1 is not"),
        (lambda folder: (folder / "imgListTrainRegression_score.txt").write_text("a.jpg x\n"), "row 1, score is 'x'"),
    ],
)
def test_bad_lists_are_one_line(spoil: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    spoil(make_aadb(tmp_path, "official") / "imgListFiles_label")
    with pytest.raises(BeholderError, match=message) as caught:
        aadb.load(tmp_path, drop_leaks=True)
    assert "\n" not in str(caught.value)


def test_bins_are_closed_at_the_left() -> None:
    scores = np.array([0.05, 0.1, 0.3, 0.7, 0.7, 0.9, 1.0, 0.2999])
    ratings = np.stack([scores] * 12, axis=1)
    counts = [count for _, _, count in aadb.score_bins(aadb.Labels(tuple("abcdefgh"), ratings))]
    assert counts == [1, 1, 1, 1, 0, 0, 0, 2, 0, 2]


def test_statistics_of_aadb_need_no_photographs(tmp_path: Path) -> None:
    make_aadb_alone(tmp_path)
    shutil.rmtree(tmp_path / "aadb" / "datasetImages_warp256")
    said = rows("aadb", "--root", str(tmp_path))
    assert [row["photographs"] for row in said["splits"]] == [2, 2, 2, 1]
    assert sum(row["photographs"] for row in said["scores_test"]) == 2 and said["scores_test"][3]["score"] == [0.3, 0.4]
    assert len(said["signs"]) == 11 and len(said["correlations"]) == 12
    assert stats("aadb", "--root", str(tmp_path)).count("Figure") == 2


@pytest.mark.slow
def test_published_figures(data_root: Path) -> None:
    labels = aadb.read_labels(data_root / "aadb")
    assert [len(found.files) for found in labels.values()] == [8458, 500, 1000]
    assert len(aadb.leaks(labels)) == 127
    signs = aadb.signs(labels["train"])
    assert signs["motion_blur"][::2] == (700, 397)
    assert signs["repetition"][::2] == (0, 1683) and signs["symmetry"][::2] == (0, 771)
    counts = [count for _, _, count in aadb.score_bins(labels["test"])]
    assert counts[:6] == [4, 35, 79, 147, 152, 165]
    assert (sum(counts[6:8]), sum(counts[8:])) == (300, 118)
    with_score = dict(zip([task.name for task in aadb.TASKS], aadb.correlations(labels)[0], strict=True))
    assert round(with_score["content"], 2) == 0.70 and round(with_score["light"], 2) == 0.58
