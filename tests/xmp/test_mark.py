"""Rows become marks, and scores become stars."""

import pytest

from beholder.errors import BeholderError
from beholder.xmp.mark import Mark, mark_of, stars_by

ROW = {"path": "a.jpg", "overall": 5.6, "beauty": 5.5, "colour cast!": 1.0, "low": 4.0, "high": 6.5, "percentile": 93.0}
ROW |= {"exposure": 0.1, "model": "default@e88cdfca+taste@12345678", "sha256": "ab", "error": ""}


def test_a_row_of_scores() -> None:
    mark = mark_of(ROW)
    assert (mark.photo, mark.rating, mark.label, mark.flag) == ("a.jpg", None, None, None)
    assert mark.own == {
        "Overall": "5.6000",
        "Low": "4.0000",
        "High": "6.5000",
        "Percentile": "93.0000",
        "Beauty": "5.5000",
        "ColourCast": "1.0000",
        "Model": "default@e88cdfca+taste@12345678",
        "ModelSha256": "e88cdfca",
        "ImageSha256": "ab",
    }


@pytest.mark.parametrize(
    ("decision", "flag", "label"),
    [("pick", "pick", "red"), ("maybe", "maybe", "none"), ("reject", "reject", "none"), ("other", "none", "none")],
)
def test_a_row_of_decisions(decision: str, flag: str, label: str) -> None:
    more = {"series": 3, "kind": "burst", "size": 4, "rank": 1, "decision": decision, "reason": "sharper\x00 by 38%"}
    mark = mark_of({**ROW, **more}, label="red")
    assert (mark.flag, mark.label) == (flag, label)
    own = {"Series": "3", "Kind": "burst", "Size": "4", "Rank": "1", "Decision": decision, "Reason": "sharper by 38%"}
    assert own.items() <= mark.own.items()


@pytest.mark.parametrize("column", ["rank", "1st", "wrote rating", "Model", "\u6f22", "overall"])
def test_names_that_are_taken_or_no_names(column: str) -> None:
    own = mark_of({"path": "a", "overall": 5.0, column: 1.0, "low": 4.0}).own
    assert set(own) - {"Task1st", "TaskWroteRating"} <= {"Overall", "Low", "Rank"}


@pytest.mark.parametrize(
    ("rule", "values", "stars"),
    [
        ("percentile", (99.9, 95, 94.9, 80, 79.9, 50, 49.9, 0, None), (5, 5, 4, 4, 3, 3, 2, 2, 0)),
        ("3.5,4.2,5,5.6", (7, 5.6, 5.5, 5, 4.9, 4.2, 3.5, 3.4, None), (5, 5, 4, 4, 3, 3, 2, 0, 0)),
    ],
)
def test_stars(rule: str, values: tuple[float, ...], stars: tuple[int, ...]) -> None:
    give = stars_by(rule)
    column = "percentile" if rule == "percentile" else "overall"
    assert tuple(give({"overall": None, "percentile": None, column: value}) for value in values) == stars
    assert not {1, -1} & set(stars)


@pytest.mark.parametrize("text", ["", "best", "1,2,3", "1,2,3,4,5", "4,3,2,1", "1,1,2,3", "1,2,3,nan"])
def test_edges_that_are_none(text: str) -> None:
    with pytest.raises(BeholderError, match="four rising overall scores"):
        stars_by(text)


@pytest.mark.parametrize("wrong", [{"rating": 6}, {"rating": -2}, {"label": "pink"}, {"flag": "best"}])
def test_marks_that_no_program_reads(wrong: dict[str, object]) -> None:
    with pytest.raises(BeholderError):
        Mark("a.jpg", **wrong)  # type: ignore[arg-type]
