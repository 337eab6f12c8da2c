"""What is known of a folder while it is reviewed: scored once, known again by content, series and decisions kept."""

import shutil
import sqlite3
from collections import Counter

import pytest

from beholder.photos.read import read_photo
from beholder.reviewing import library as library_module
from beholder.reviewing.state import State
from beholder.scoring.scorer import Scorer
from helpers.factories import save_photo, save_photos
from helpers.reviews import filled, make_library, wait_for
from helpers.shoots import save_shoot, save_shot


@pytest.fixture
def counted(monkeypatch):
    """How many photographs the model sees."""
    seen, run = Counter(), Scorer.run

    def counting(self, pixels, sizes):
        seen["scored"] += len({each.tobytes() for each in pixels})
        return run(self, pixels, sizes)

    monkeypatch.setattr(Scorer, "run", counting)
    return seen


def _review(folder, model, **more):
    """A review from start to end; its photographs by name, and its state, which is closed."""
    state = State(folder.parent / "state.sqlite")
    library = filled(make_library(folder, model, state, **more))
    found = {entry.path.rpartition("/")[2]: library.described(entry) for entry in library.entries}
    library.stop()
    state.close()
    return found


def test_nothing_is_scored_twice_whatever_the_files_are_called(tmp_path, colour_model, other_model, counted):
    folder = tmp_path / "shoot"
    save_photos(folder, 5)
    first = _review(folder, colour_model)
    assert counted["scored"] == 5
    assert _review(folder, colour_model) == first and counted["scored"] == 5
    (folder / "1.jpg").rename(folder / "renamed.jpg")
    (folder / "sub").mkdir()
    shutil.copy(folder / "2.jpg", folder / "sub" / "2 copy.jpg")  # another date
    (folder / "2.jpg").unlink()
    moved = _review(folder, colour_model)
    assert counted["scored"] == 5
    assert moved["renamed.jpg"]["scores"] == first["1.jpg"]["scores"]
    assert (moved["2 copy.jpg"]["scores"], moved["2 copy.jpg"]["folder"]) == (first["2.jpg"]["scores"], "sub")
    save_photo(folder / "new.jpg", 9)
    assert len(_review(folder, colour_model)) == 6 and counted["scored"] == 6
    _review(folder, other_model)
    assert counted["scored"] == 12


def test_decisions_follow_the_content(tmp_path, colour_model):
    folder = tmp_path / "shoot"
    save_photos(folder, 2)
    state = State(tmp_path / "state.sqlite")
    library = filled(make_library(folder, colour_model, state))
    library.decide([(0, {"flag": "pick"}), (1, {"stars": 2})], "both")
    library.stop()
    state.close()
    (folder / "1.jpg").rename(folder / "3.jpg")
    shutil.copy(folder / "3.jpg", folder / "4.jpg")
    found = _review(folder, colour_model)
    assert {name: (photo["flag"], photo["stars"]) for name, photo in found.items()} == {
        "2.jpg": (None, 2),
        "3.jpg": ("pick", None),
        "4.jpg": ("pick", None),
    }


def test_a_decision_before_the_photograph_is_scored_is_kept(tmp_path, colour_model, monkeypatch):
    folder = tmp_path / "shoot"
    save_photos(folder, 3)
    state = State(tmp_path / "state.sqlite")
    library = make_library(folder, colour_model, state)
    go_on = library_module.threading.Event()
    score = library_module.score_photos

    def waiting(*given, **named):
        go_on.wait(60)
        yield from score(*given, **named)

    monkeypatch.setattr(library_module, "score_photos", waiting)
    library.start()
    wait_for(lambda: library.entries)
    version, found = library.since(0)
    assert [(photo["name"], photo["scores"]) for photo in found] == [(f"{number}.jpg", None) for number in (1, 2, 3)]
    assert [entry.number for entry in library.decide([(1, {"flag": "reject"})], "X")] == [1]
    go_on.set()
    wait_for(lambda: library.progress.stage == "done")
    newer, found = library.since(version)
    assert newer > version and len(found) == 3
    assert [photo["flag"] for photo in found] == [None, "reject", None] and all(photo["scores"] for photo in found)
    library.stop()
    state.close()


def test_series_reasons_and_measures_are_there_and_measured_once(tmp_path, monkeypatch):
    folder = tmp_path / "shoot"
    names = save_shoot(folder)
    first = _review(folder, "fast")
    photos = {names[name]: photo for name, photo in first.items()}
    assert (photos["good"]["suggestion"], photos["good"]["rank"], photos["good"]["size"]) == ("pick", 1, 3)
    assert photos["soft"]["reason"].startswith("softer by") and photos["soft"]["kind"] == "burst"
    assert photos["soft"]["measures"]["sharpness_subject"] < photos["good"]["measures"]["sharpness_subject"]
    assert photos["alone"]["measures"] is None and photos["alone"]["size"] == 1
    assert photos["good"]["day"] == "2026-05-30" and photos["good"]["camera"] == "Canon EOS R5"
    assert {photo["who"] for photo in first.values()} == {None}, "what the program suggests is no decision"
    monkeypatch.setattr("beholder.culling.full_size.measure", None)
    assert _review(folder, "fast") == first


def test_raw_and_jpeg_of_a_shot_are_one(tmp_path, colour_model):
    folder = tmp_path / "shoot"
    save_photos(folder, 2)
    (folder / "1.CR2").write_bytes(b"II*\0" + bytes(100))
    found = _review(folder, colour_model)
    assert list(found) == ["1.jpg", "2.jpg"] and found["1.jpg"]["paired"] == ["1.CR2"]


def test_a_program_that_writes_into_the_file_loses_no_decision(tmp_path, colour_model, photos):
    folder = tmp_path / "shoot"
    folder.mkdir()
    pixels = read_photo(photos[0]).pixels
    save_shot(folder / "a.jpg", pixels, seconds=5)
    state = State(tmp_path / "state.sqlite")
    library = filled(make_library(folder, colour_model, state))
    library.decide([(0, {"flag": "pick"})], "P")
    library.stop()
    state.close()
    with (folder / "a.jpg").open("ab") as file:
        file.write(b"more")
    assert _review(folder, colour_model)["a.jpg"]["flag"] == "pick"
    save_shot(folder / "a.jpg", pixels, seconds=6)  # another shot under this name
    assert _review(folder, colour_model)["a.jpg"]["flag"] is None


def test_stopping_ends_the_work_and_what_is_scored_is_kept(tmp_path, colour_model, counted):
    folder = tmp_path / "shoot"
    save_photos(folder, 60)
    state = State(tmp_path / "state.sqlite")
    library = make_library(folder, colour_model, state)
    library.start()
    wait_for(lambda: library.progress.done > 4)
    library.stop()
    assert not any(thread.is_alive() for thread in library._threads)
    state.close()
    kept = State(tmp_path / "state.sqlite")
    count = kept._one("SELECT count(*) FROM scores")[0]
    kept.close()
    assert count > 4
    counted.clear()
    assert all(photo["scores"] for photo in _review(folder, colour_model).values())
    assert counted["scored"] == 60 - count


def test_two_programs_share_the_work(tmp_path, colour_model, counted):
    folder = tmp_path / "shoot"
    save_photos(folder, 160)
    states = [State(tmp_path / "state.sqlite") for _ in range(2)]
    libraries = [make_library(folder, colour_model, state) for state in states]
    for library in libraries:
        library.start()
    for library in libraries:
        wait_for(lambda library=library: library.progress.stage == "done")
        assert all(entry.known for entry in library.entries) and not library.failed
    assert 160 <= counted["scored"] < 260, "what the other one has scored is not scored again"
    for library, state in zip(libraries, states, strict=True):
        library.stop()
        state.close()


def test_on_a_full_disk_all_is_scored_and_shown_and_one_line_told(tmp_path):
    folder = tmp_path / "shoot"
    save_shoot(folder)
    said = []
    state = State(tmp_path / "state.sqlite")
    pages = state._database.execute("PRAGMA page_count").fetchone()[0]
    state._database.execute(f"PRAGMA max_page_count={pages}")
    library = filled(make_library(folder, "fast", state, say=said.append))
    assert len(said) == 1 and "the disk is full" in said[0]
    described = [library.described(entry) for entry in library.entries]
    assert all(photo["scores"] and photo["series"] for photo in described)
    state._database.execute("PRAGMA max_page_count=100000")
    assert library.decide([(0, {"flag": "pick"})], "P")[0].decided.values == {"flag": "pick"}
    library.stop()
    state.close()


def test_scores_that_are_damaged_are_computed_again(tmp_path, colour_model):
    folder = tmp_path / "shoot"
    save_photos(folder, 3)
    first = _review(folder, colour_model)
    database = sqlite3.connect(tmp_path / "state.sqlite")
    database.execute("UPDATE scores SET row='{' WHERE rowid<3")
    database.commit()
    database.close()
    assert _review(folder, colour_model) == first


def test_a_failure_in_the_background_is_told_and_the_rest_works(tmp_path, colour_model, monkeypatch):
    folder = tmp_path / "shoot"
    save_photos(folder, 2)
    said = []
    state = State(tmp_path / "state.sqlite")
    monkeypatch.setattr(library_module, "row_of", None)
    library = filled(make_library(folder, colour_model, state, say=said.append))
    assert len(said) == 1 and "the work in the background ended: TypeError" in said[0]
    assert library.failed and library.decide([(0, {"flag": "pick"})], "P")[0].decided.values == {"flag": "pick"}
    library.stop()
    state.close()
