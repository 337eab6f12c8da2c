"""Composition: simplicity as five annotators marked it."""

from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data
from beholder.data.sets import composition
from helpers.layouts import edit, make_composition, refused, rows


def test_composition_has_marks_of_five_annotators(tmp_path: Path) -> None:
    """The rule of thirds, on which they hardly agree, is no task."""
    photos = load_data(make_composition(tmp_path), tmp_path)
    assert [task.name for task in photos.tasks] == ["simplicity"]
    np.testing.assert_array_equal(photos.ratings, [[0.4], [np.nan]])
    assert photos.n is not None and photos.n.tolist() == [[5], [0]]
    assert photos.votes is not None and photos.votes.photo.tolist() == [0] * 5
    assert photos.votes.rater.tolist() == ["E1", "E2", "E3", "E4", "E5"] and photos.votes.value.sum() == 2


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("0.0,0.4", "0.0,1.4", "simplicity of images/05iRGyuJ.jpg is 1.4, outside its scale 0 to 1"),
        ("0.0,0.4", "2.0,0.4", "row 2, simple_E5 is 2, outside its scale 0 to 1"),
        ("simple_E3", "simple_F3", "no column 'simple_E3'"),
    ],
)
def test_bad_composition_is_one_line(before: str, after: str, message: str, tmp_path: Path) -> None:
    make_composition(tmp_path)
    edit(tmp_path / "composition" / composition.LABELS_FILE, before, after)
    refused(message, load_data, "composition", tmp_path)


def test_real_composition(data_root: Path) -> None:
    if not (data_root / "composition" / composition.LABELS_FILE).is_file():
        pytest.skip(f"no composition/ in {data_root}")
    photos = load_data("composition", data_root)
    assert len(photos) == 794 and photos.votes is not None and len(photos.votes) == 783 * 5
    assert np.isnan(photos.ratings).sum() == 11
    means = np.bincount(photos.votes.photo, photos.votes.value, 794)[~np.isnan(photos.ratings[:, 0])] / 5
    np.testing.assert_allclose(means, photos.ratings[~np.isnan(photos.ratings)], atol=1e-9)
    everyone = rows("composition", "--root", str(data_root))["agreement"][-1]
    assert everyone["raters"] == 5 and everyone["mean SRCC"] == pytest.approx(0.592, abs=0.001)
