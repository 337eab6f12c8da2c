"""Tables that a compared system cannot learn from: one line that says what is needed, and nothing is trained."""

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.coloured_data import warmth
from helpers.trainings import run

COUNT = 20
Cells = Callable[[int], str]
TABLES: dict[str, tuple[str, Cells, tuple[str, ...], str]] = {  # heading, cells of a photograph, options, message
    "votes without raters": (
        "votes_1,votes_2,votes_3",
        lambda number: f"{number % 3 + 1},2,{number % 4 + 1}",
        ("kong2016", "--rank", "within"),
        "no single votes with their raters, which pairs within a rater need; give a table with one row",
    ),
    "one rater": (
        "rater,score",
        lambda number: f"ann,{number % 5 + 1}",
        ("kong2016", "--rank", "both"),
        "which pairs within a rater need; give a table with one row a rater and photograph, by several raters",
    ),
    "no attributes": (
        "score",
        lambda number: f"{number % 5 + 1}",
        ("kong2016", "--attributes"),
        "no attributes: score is the only task; give a column of ratings for each attribute",
    ),
    "no votes": ("score", lambda number: f"{number % 5 + 1}", ("nima2018",), "no numbers of votes, which NIMA learns"),
    "nothing to learn from": (
        "score,split",
        lambda number: f"{number % 5 + 1},{'test' if number % 2 else 'validation'}",
        ("pan2019",),
        "0 photographs in the train part; at least 2 are needed",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_what_a_table_lacks_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    heading, cells, options, message = TABLES[name]
    for number in range(COUNT):
        warmth(tmp_path / f"{number}.jpg", number)
    rows = [f"image,{heading}", *(f"{number}.jpg,{cells(number)}" for number in range(COUNT))]
    (tmp_path / "mine.csv").write_text("\n".join(rows) + "\n")
    done = run("train", *options, "--data", "mine.csv", "--backbone", "tiny", "--device", "cpu")
    errors = [line for line in done.err.splitlines() if line.startswith("error:")]
    assert done.code == 1 and len(errors) == 1 and done.err.splitlines()[-1] == errors[0]
    assert errors[0].startswith("error: mine: ") and message in errors[0]
    assert "stage 1" not in done.err and not list(tmp_path.glob("*.onnx"))
