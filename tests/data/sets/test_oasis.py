"""OASIS: ratings, deviations, single votes."""

from pathlib import Path

import numpy as np
import pytest

from beholder.data import vote_distributions
from beholder.data.registry import load_data
from helpers.layouts import edit, make_oasis, refused, rows, stats


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


def test_oasis_has_a_histogram(tmp_path: Path) -> None:
    oasis = load_data(make_oasis(tmp_path), tmp_path).histogram
    assert oasis is not None and oasis.values.tolist() == list(range(1, 8))
    assert oasis.counts.tolist() == [[0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1]]
    edit(tmp_path / "oasis" / "ratings.csv", "Acorns 1.jpg,2", "Acorns 1.jpg,2.5")
    refused(r"votes: 2\.5 by 1 is not on the scale of 7 values from 1 to 7", load_data, "oasis", tmp_path)
    edit(tmp_path / "oasis" / "ratings.csv", "Acorns 1.jpg,2.5", "Elsewhere.jpg,2")
    assert load_data("oasis", tmp_path).histogram is None


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
