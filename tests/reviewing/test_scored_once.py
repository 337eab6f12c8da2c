"""A photograph is scored once, whichever command comes first; tables are the same as without a state file."""

from collections import Counter

import pytest
from typer.testing import CliRunner

from beholder.cli.app import app
from beholder.reviewing.state import State
from beholder.scoring.scorer import Scorer
from helpers.commands import read_table
from helpers.factories import save_photos
from helpers.reviews import filled, make_library
from helpers.shoots import save_shoot


@pytest.fixture
def counted(monkeypatch):
    seen, run = Counter(), Scorer.run

    def counting(self, pixels, sizes):
        seen["scored"] += len({each.tobytes() for each in pixels})
        return run(self, pixels, sizes)

    monkeypatch.setattr(Scorer, "run", counting)
    return seen


def _run(*args):
    done = CliRunner().invoke(app, list(map(str, args)))
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def folder(tmp_path):
    save_photos(tmp_path / "shoot", 5)
    return tmp_path / "shoot"


def test_score_takes_what_review_scored_and_the_other_way(folder, tmp_path, colour_model, counted):
    plain, kept = tmp_path / "plain.csv", tmp_path / "kept.csv"
    path = tmp_path / "state.sqlite"
    _run("score", folder, "--model", colour_model, "--out", plain, "-q")
    counted.clear()
    state = State(path)
    filled(make_library(folder, colour_model, state)).stop()
    state.close()
    assert counted["scored"] == 5
    (folder / "1.jpg").rename(folder / "renamed.jpg")
    _run("score", folder, "--model", colour_model, "--out", kept, "--state", path)
    assert counted["scored"] == 5
    assert [{**row, "path": ""} for row in sorted(read_table(kept), key=lambda row: row["sha256"])] == [
        {**row, "path": ""} for row in sorted(read_table(plain), key=lambda row: row["sha256"])
    ]
    other = tmp_path / "other.sqlite"
    _run("score", folder, "--model", colour_model, "--state", other, "-q")
    counted.clear()
    state = State(other)
    library = filled(make_library(folder, colour_model, state))
    assert all(entry.known for entry in library.entries) and not counted["scored"]
    library.stop()
    state.close()


def test_a_resumed_table_and_a_state_file_go_together(folder, tmp_path, colour_model, counted):
    out, path = tmp_path / "scores.csv", tmp_path / "state.sqlite"
    for _ in range(2):
        _run("score", folder, "--model", colour_model, "--out", out, "--state", path, "--resume", "-q")
    out.unlink()
    _run("score", folder, "--model", colour_model, "--out", out, "--state", path, "--resume", "-q")
    assert counted["scored"] == 5 and len(read_table(out)) == 5


def test_cull_takes_it_too_and_decides_the_same(tmp_path, counted):
    folder, path = tmp_path / "shoot", tmp_path / "state.sqlite"
    count = len(save_shoot(folder))
    tables = []
    for name, more in (("plain", ()), ("first", ("--state", path)), ("again", ("--state", path))):
        _run("cull", folder, "--fast", "--out", tmp_path / f"{name}.csv", "-q", *more)
        tables.append(read_table(tmp_path / f"{name}.csv"))
    assert tables[0] == tables[1] == tables[2] and counted["scored"] == 2 * count


def test_a_taste_is_learned_from_what_was_decided(tmp_path, folder, colour_model, counted, monkeypatch):
    save_photos(folder / "more", 15, side=30)
    path, taste = tmp_path / "state.sqlite", tmp_path / "taste.json"
    state = State(path)
    library = filled(make_library(folder, colour_model, state))
    by_score = sorted(library.entries, key=lambda entry: entry.known.numbers[1])
    library.decide([(entry.number, {"stars": 1 + 4 * place // 20}) for place, entry in enumerate(by_score)], "stars")
    library.stop()
    state.close()
    counted.clear()
    done = _run("taste", "fit", colour_model, "--state", path, "--out", taste)
    assert "20 ratings on 1 to 5" in done.output and not counted["scored"]
    _run("score", folder, "--model", colour_model, "--taste", taste, "--out", tmp_path / "scores.csv", "-q")
    assert all(row["taste"] for row in read_table(tmp_path / "scores.csv"))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--state", "none.sqlite"), "no such file; `beholder review FOLDER --state"),
        (("--state", "a", "--from-xmp", "b"), "give one of a table of ratings, --from-xmp FOLDER and --state FILE"),
        (("--state", "a", "--range", "1:5"), "--range is about a table of ratings, and --state reads none"),
    ],
)
def test_wrong_wishes_are_told(tmp_path, monkeypatch, colour_model, args, said):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["taste", "fit", str(colour_model), *args])
    assert done.exit_code == 1 and said in done.stderr


def test_too_few_decisions_are_told(tmp_path, folder, colour_model):
    path = tmp_path / "state.sqlite"
    State(path).close()
    done = CliRunner().invoke(
        app, ["taste", "fit", str(colour_model), "--state", str(path), "--out", str(tmp_path / "t.json")]
    )
    assert done.exit_code == 1 and "of photographs scored by colour@" in done.stderr
