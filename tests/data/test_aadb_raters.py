"""Who scored what in AADB: the results of Mechanical Turk, and a .mat file."""

import contextlib
import random
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.data.aadb_raters import read_rater_votes
from beholder.data.registry import load_data
from beholder.errors import BeholderError
from helpers import layouts
from helpers.damage import damaged
from helpers.layouts import edit, make_aadb_alone, refused, rows, write

FILES = ("farm1_20_a.jpg", "farm1_20_b.jpg", "farm2_30_c.jpg")


URLS = (
    "https://farm1.staticflickr.com/20/a.jpg",
    "https://farm1.staticflickr.com/20/b.jpg",
    "https://farm2.staticflickr.com/30/c.jpg",
    *(f"https://farm9.staticflickr.com/1/{number}.jpg" for number in range(7)),  # in no list
)


def turk_rows(scores: dict[str, list[str]], urls: Sequence[str] = URLS) -> list[str]:
    """One row a rater, who saw the same ten photographs; 3 where no score is given."""
    header = ["HITId", "Title", "WorkerId", *(f"Input.image_url{place}" for place in range(1, 11))]
    header += [f"Answer.overallScore{place}" for place in (1, 10, *range(2, 10))]  # in the order as published
    made = [",".join(f'"{name}"' for name in header)]
    for rater, given in scores.items():
        ten = [*given, *["3"] * (10 - len(given))]
        row = ["HIT", "rate, and select", rater, *urls, ten[0], ten[9], *ten[1:9]]
        made.append(",".join(f'"{cell}"' for cell in row))
    return made


def votes_of(folder: Path) -> dict[tuple[str, str], float]:
    votes = read_rater_votes(folder, FILES)
    assert votes is not None
    names = [FILES[photo] for photo in votes.photo]
    return dict(zip(zip(names, votes.rater.tolist(), strict=True), votes.value.tolist(), strict=True))


@pytest.mark.parametrize("name", ["AllinAll.csv", "allinAll.csv"])
def test_results_of_mechanical_turk(name: str, tmp_path: Path) -> None:
    write(tmp_path / name, turk_rows({"A1": ["1", "5", "0"], "B2": ["4", "", "2"]}))
    assert votes_of(tmp_path) == {
        ("farm1_20_a.jpg", "A1"): 0,
        ("farm1_20_a.jpg", "B2"): 0.75,
        ("farm1_20_b.jpg", "A1"): 1,
        ("farm2_30_c.jpg", "B2"): 0.25,
    }


def test_aadb_has_the_votes_where_the_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = {"Train": ["a_1_x.jpg", "b_1_x.jpg"], "Validation": ["d_1_x.jpg"], "TestNew": ["e_1_x.jpg", "f_1_x.jpg"]}
    monkeypatch.setattr(layouts, "LISTS", lists)
    folder = tmp_path / make_aadb_alone(tmp_path)
    assert load_data("aadb", tmp_path).votes is None and "agreement" not in rows("aadb", "--root", str(tmp_path))
    urls = [f"https://{letter}.staticflickr.com/1/x.jpg" for letter in "abdefghijk"]
    write(folder / "AllinAll.csv", turk_rows({"A1": ["1", "3", "5", "2", "4"], "B2": ["2", "3", "4", "0", "5"]}, urls))
    photos = load_data("aadb", tmp_path)
    assert photos.votes is not None and len(photos.votes) == 9 and photos.histogram is not None
    assert photos.histogram.values.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert photos.histogram.counts[photos.files.index("f_1_x.jpg")].tolist() == [0, 0, 0, 1, 1]
    assert rows("aadb", "--root", str(tmp_path))["agreement"][-1]["raters"] == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("WorkerId", "Worker", "no column 'WorkerId'"),
        ("Answer.overallScore7", "Answer.score7", "no column 'Answer.overallScore7'"),
        ('"1"', '"6"', "A1 gave farm1_20_a.jpg the score 6, which is not 1 to 5"),
        ('"1"', '"good"', "row 2, Answer.overallScore1 is 'good', not a number"),
        ("staticflickr.com", "example.org/photos", "has no score of a photograph of AADB"),
    ],
)
def test_bad_results_are_one_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "AllinAll.csv", turk_rows({"A1": ["1", "5", "2"]}))
    edit(path, old, new)
    refused(message, read_rater_votes, tmp_path, FILES)


def save_mat(folder: Path, **variables: Any) -> None:
    pytest.importorskip("scipy.io", reason="needs SciPy: pip install 'beholder[train]'").savemat(
        folder / "raters.mat", variables
    )


def cells(*texts: str) -> np.ndarray:
    """Texts as MATLAB keeps them."""
    made = np.empty((1, len(texts)), dtype=object)
    made[0, :] = texts
    return made


def test_a_mat_file_with_a_row_a_score(tmp_path: Path) -> None:
    names = cells(*FILES[:2], "other.jpg", FILES[0])
    save_mat(tmp_path, imageName=names, raterID=np.array([[7, 7, 7, 12]]), raterScore=np.array([[1.0, 0, 3, 4]]))
    assert votes_of(tmp_path) == {("farm1_20_a.jpg", "7"): 0, ("farm1_20_a.jpg", "12"): 0.75}


def test_a_mat_file_with_a_table_of_scores(tmp_path: Path) -> None:
    scores = np.array([[1, np.nan], [5, 2], [np.nan, 0]])
    save_mat(tmp_path, nameList=cells(*FILES), workers=cells("A1", "B2"), ratings=scores)
    assert votes_of(tmp_path) == {
        ("farm1_20_a.jpg", "A1"): 0,
        ("farm1_20_b.jpg", "A1"): 1,
        ("farm1_20_b.jpg", "B2"): 0.25,
    }


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"testNameList": cells(*FILES), "testScore": np.array([[0.5, 0.6, 0.7]])},  # as in AADBinfo.mat
            "holds testNameList, testScore; needed are names of photographs, labels of raters and scores.*AllinAll.csv",
        ),
        (
            {"names": cells(*FILES), "raters": cells("A", "B"), "scores": np.ones((2, 2))},
            r"3 names, 2 raters and scores of shape \(2, 2\); needed are",
        ),
        ({"names": cells(*FILES), "raters": cells("A", "B", "C"), "scores": cells("x", "y", "z")}, "of another kind"),
        ({"names": np.array([[0.5]]), "raters": cells("A"), "scores": np.ones((1, 1))}, "of another kind"),
        ({"names": cells("x.jpg"), "raters": cells("A"), "scores": np.ones((1, 1))}, "has no score of a photograph"),
        ({"names": cells(FILES[0]), "raters": cells("A"), "scores": np.full((1, 1), 0.5)}, "the score 0.5, which is"),
    ],
)
def test_another_layout_of_a_mat_file_says_what_is_needed(
    variables: dict[str, Any], message: str, tmp_path: Path
) -> None:
    save_mat(tmp_path, **variables)
    refused(message, read_rater_votes, tmp_path, FILES)


def test_what_is_no_mat_file(tmp_path: Path) -> None:
    pytest.importorskip("scipy.io", reason="needs SciPy: pip install 'beholder[train]'")
    path = write(tmp_path / "raters.mat", ["MATLAB 7.3 MAT-file, not really", "x" * 400])
    refused("cannot be read as a .mat file.*; needed are names", read_rater_votes, tmp_path, FILES)
    save_mat(tmp_path, names=cells(*FILES), raters=cells("A", "B", "C"), scores=np.ones((1, 3)))
    content, chance = path.read_bytes(), random.Random(0)
    for _ in range(100):
        path.write_bytes(damaged(content, chance))
        with contextlib.suppress(BeholderError), warnings.catch_warnings():
            warnings.simplefilter("error")
            read_rater_votes(tmp_path, FILES)
