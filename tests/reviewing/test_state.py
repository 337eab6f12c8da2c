"""The state file: nothing that was acknowledged is lost, every step can be undone, damage is set aside."""

import os
import random
import signal
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from beholder.culling.measures import Measures
from beholder.culling.shoot import Shot
from beholder.errors import BeholderError
from beholder.reviewing.schema import VERSION, default_path
from beholder.reviewing.state import FIELDS, Decided, Known, State, open_state, stamp


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.sqlite"


@pytest.fixture
def state(path):
    with_it = State(path)
    yield with_it
    with_it.close()


def _values(state):
    return {name: dict(decided.values) for name, decided in state.decided().items()}


def test_only_fields_that_are_named_change(state):
    state.decide({"a": {"flag": "pick", "stars": 4}}, "P")
    state.decide({"a": {"stars": None}, "b": {"label": "red"}}, "0")
    assert _values(state) == {"a": {"flag": "pick", "stars": None}, "b": {"label": "red"}}
    assert state.decided(["b", "c"]) == {"b": Decided({"label": "red"}, {"label": "person"}, {"label": 2})}


def test_every_step_is_undone_and_done_again_after_a_restart_too(path):
    """A hundred random steps, as a list of states would have it."""
    chance = random.Random(7)
    state, history, place = State(path), [{}], 0
    for number in range(100):
        if chance.random() < 0.1:
            state.close()
            state = State(path)
        kind = chance.choice(("decide", "decide", "undo", "redo"))
        if kind == "decide":
            changes = {
                chance.choice("abc"): {chance.choice(FIELDS): None if chance.random() < 0.2 else chance.randint(1, 5)}
            }
            state.decide(changes, f"step {number}")
            now = {name: dict(fields) for name, fields in history[place].items()}
            for name, fields in changes.items():
                now.setdefault(name, {}).update(fields)
            history, place = [*history[: place + 1], now], place + 1
        elif kind == "undo":
            assert (state.next_undo() is None) == (place == 0) == (state.undo() is None)
            place = max(0, place - 1)
        else:
            last = place == len(history) - 1
            assert (state.next_redo() is None) == last == (state.redo() is None)
            place = place if last else place + 1
        texts = {
            name: {field: None if value is None else str(value) for field, value in fields.items()}
            for name, fields in _values(state).items()
        }
        assert texts == {
            name: {field: None if value is None else str(value) for field, value in fields.items()}
            for name, fields in history[place].items()
        }
    state.close()


def test_the_journal_only_grows_and_tells_who_and_when(state):
    state.found("a", {".jpg": {"stars": 3}})
    state.decide({"a": {"stars": 5}}, "5 on a.jpg")
    assert state.undo() == "5 on a.jpg"
    journal = state.journal()
    assert [(step["number"], step["who"], step["kind"], step["changes"]) for step in journal] == [
        (1, "file", "found", [("a", "stars", None, "3")]),
        (2, "person", "decide", [("a", "stars", "3", "5")]),
        (3, "person", "undo", [("a", "stars", "5", "3")]),
    ]
    assert all(step["at"].endswith("+00:00") for step in journal) and journal[2]["of"] == 2
    assert state.decided()["a"] == Decided({"stars": 3}, {"stars": "file"}, {"stars": 3})


def test_what_a_file_says_never_replaces_a_person(state):
    state.found("a", {".jpg": {"flag": "pick", "stars": 3}})
    state.decide({"a": {"stars": 5}}, "5")
    state.found("a", {".jpg": {"flag": "reject", "stars": 1}})
    assert state.decided()["a"].values == {"flag": "reject", "stars": 5}
    assert state.decided()["a"].who == {"flag": "file", "stars": "person"}
    state.found("a", {".jpg": {}})
    assert state.decided()["a"].values == {"stars": 5}


def test_what_is_newer_in_a_file_is_known_until_a_person_decides_again(state):
    state.found("a", {".jpg": {"stars": 3}, ".cr2": {"stars": 2}})
    state.decide({"a": {"stars": 5}}, "5")
    assert state.newer_in_file("a", ".jpg") == {}
    for _ in range(2):
        state.found("a", {".jpg": {"stars": 4}, ".cr2": {"stars": 2}})
        assert state.newer_in_file("a", ".jpg") == {"stars": "4"} and not state.newer_in_file("a", ".cr2")
    state.decide({"a": {"stars": 5}}, "5 all the same")
    assert state.newer_in_file("a", ".jpg") == {}


def test_files_are_known_by_size_and_date_and_photographs_by_content(state, tmp_path):
    first, second = tmp_path / os.fsdecode(b"a\xe9.jpg"), tmp_path / "b.jpg"
    first.write_bytes(b"one")
    state.saw(str(first), "one", "2026-05-30T09:00:00", "Canon", stamp(str(first)))
    assert state.digest(str(first)) == "one" and state.digest(str(second)) is None
    first.rename(second)
    assert state.digest(str(first)) is None and state.digest(str(second)) is None
    state.saw(str(second), "one", "2026-05-30T09:00:00", "Canon", stamp(str(second)))
    assert state.paths() == {"one": str(second)}
    second.write_bytes(b"other")
    assert state.digest(str(second)) is None


@pytest.mark.parametrize(
    ("captured", "camera", "same"),
    [("2026-05-30T09:00:00", "Canon", True), ("2026-05-30T09:00:01", "Canon", False), ("", "Canon", False)],
)
def test_a_file_that_was_written_into_is_the_same_photograph(state, tmp_path, captured, camera, same):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"one")
    taken = captured and "2026-05-30T09:00:00"
    state.saw(str(photo), "one", taken, "Canon", stamp(str(photo)))
    photo.write_bytes(b"with XMP")
    state.saw(str(photo), "two", captured, camera, stamp(str(photo)))
    assert state.photograph("two") == ("one" if same else "two")
    state.rewritten("one", "three")
    assert state.photograph("three") == "one" and state.photograph("one") == "one"


def test_scores_and_measures_come_back(state):
    generator = np.random.default_rng(0)
    row = {"path": "a.jpg", "overall": 5.25, "sha256": "one", "error": ""}
    shot = Shot("a.jpg", row, generator.random(8).astype(np.float16), generator.random((2, 3)).astype(np.float16))
    known = Known(shot, generator.random(4).astype(np.float32), 2.5)
    assert state.scores("one", "m@1", "b.jpg") is None
    state.keep_scores(known, "m@1")
    assert state.scores("one", "m@2", "b.jpg") is None
    found = state.scores("one", "m@1", "b.jpg")
    assert found.shot.row == row | {"path": "b.jpg"} and found.shot.path == "b.jpg" and found.length == 2.5
    for name in ("embedding", "subject"):
        np.testing.assert_array_equal(getattr(found.shot, name), getattr(shot, name))
    np.testing.assert_array_equal(found.numbers, known.numbers)
    measures = Measures(1.0, 2.0, 0.1, 90, (1.0, 2.0, 3.0, 4.0), 0.0, 0.5, 2.0, 1.5, (0, 0, 16, 16), (600, 400))
    state.keep_measures({"one": measures}, "m@1")
    assert state.measures("m@1") == {"one": measures} and state.measures("m@2") == {}


def test_two_that_have_the_file_open_agree(path):
    one, other = State(path), State(path)
    one.decide({"a": {"flag": "pick"}}, "P")
    assert other.changed_after(0) == (1, {"a"}) and other.next_undo() == "P"
    assert other.undo() == "P"
    assert one.decided() == other.decided() == {} and one.next_redo() == "P"
    assert one.changed_after(1) == (2, {"a"})
    one.close()
    other.close()


def test_no_key_is_lost_where_the_process_is_killed(path):
    """Killed in the middle of deciding, again and again: what was acknowledged is there, and no half of a step."""
    code = f"""
import sys
from pathlib import Path
from beholder.reviewing.state import State
state = State(Path({str(path)!r}))
number = len(state.journal())
while True:
    number += 1
    state.decide({{"a": {{"stars": number % 6}}, "b": {{"stars": number % 6}}}}, str(number))
    sys.stdout.write(f"{{number}}\\n")
    sys.stdout.flush()
"""
    chance = random.Random(1)
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(chance.randint(3, 25)):
            acknowledged = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines(keepends=True)
        acknowledged = int(rest[-1]) if rest and rest[-1].endswith("\n") else acknowledged
        process.wait()
        state = State(path)
        journal = state.journal()
        assert state.aside is None and len(journal) >= acknowledged
        assert [step["number"] for step in journal] == list(range(1, len(journal) + 1))
        assert all(len(step["changes"]) == 2 for step in journal)
        decided = state.decided()
        assert decided["a"].values == decided["b"].values == {"stars": len(journal) % 6}
        state.close()


def _damaged(path):
    State(path).close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(random.Random(3).randbytes(len(content) - 4096)))


def _later(path):
    State(path).close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version={VERSION + 1}")
    database.commit()
    database.close()


@pytest.mark.parametrize("spoil", [_damaged, _later])
def test_a_file_that_cannot_be_used_is_set_aside_never_overwritten(path, spoil):
    for number in (1, 2):
        spoil(path)
        content = path.read_bytes()
        state = State(path)
        assert state.aside == path.with_name(f"{path.name}.damaged-{number}")
        assert state.aside.read_bytes() == content
        state.decide({"a": {"flag": "pick"}}, "P")
        state.close()


def test_a_file_of_somebody_else_is_refused_where_a_person_named_it(path, tmp_path, monkeypatch):
    path.write_bytes(b"\xff\xd8\xff a photograph, surely" * 100)
    with pytest.raises(BeholderError, match="no state file of beholder; name another"):
        State(path)
    assert path.read_bytes().startswith(b"\xff\xd8\xff")
    database = sqlite3.connect(tmp_path / "other.sqlite")
    database.execute("CREATE TABLE theirs (a)")
    database.close()
    with pytest.raises(BeholderError, match="database of another program"):
        State(tmp_path / "other.sqlite")
    with pytest.raises(BeholderError, match="is not a file"):
        State(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    own = default_path(tmp_path)
    own.parent.mkdir(parents=True)
    own.write_bytes(b"\xff\xd8\xff" * 100)
    state = open_state(None, str(tmp_path))
    assert state.aside and state.path == own
    state.close()


def test_each_folder_has_a_file_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "one" / "trip").mkdir(parents=True)
    (tmp_path / "two" / "trip").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "one")
    paths = [default_path(tmp_path / name / "trip") for name in ("one", "two", "link")]
    assert paths[0] == paths[2] != paths[1]
    assert paths[0].parent == tmp_path / "data" / "beholder" / "review" and paths[0].name.startswith("trip-")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path(tmp_path).parent == tmp_path / ".local" / "share" / "beholder" / "review"


def test_a_full_disk_is_told_and_nothing_is_half_kept(state):
    state.decide({"a": {"flag": "pick"}}, "P")
    pages = state._database.execute("PRAGMA page_count").fetchone()[0]
    state._database.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(BeholderError, match="disk is full, so this was not kept; make room"):
        state.decide({f"photograph {number}": {"flag": "reject"} for number in range(5000)}, "all")
    assert _values(state) == {"a": {"flag": "pick"}} and state.next_undo() == "P"
    state._database.execute("PRAGMA max_page_count=100000")
    state.decide({"b": {"flag": "reject"}}, "X")
    assert state.next_undo() == "X"


def test_a_file_that_is_gone_is_told_not_written_into_nothing(state, path):
    path.unlink()
    with pytest.raises(BeholderError, match="is gone or was replaced, so this was not kept"):
        state.decide({"a": {"flag": "pick"}}, "P")
