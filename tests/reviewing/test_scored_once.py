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
