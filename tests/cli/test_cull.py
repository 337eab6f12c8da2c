"""`beholder cull`: what a photographer gets, and that nothing of theirs is lost."""

import errno
import hashlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from beholder.cli.app import app
from beholder.files import hidden_beside
from helpers.commands import Done, apart, read_table, save_bad
from helpers.factories import COMMAND
from helpers.shoots import SERIES, save_shoot
from helpers.xmp_packets import needs_exiftool

COUNT = sum(map(len, SERIES.values()))
Run = Callable[..., Done]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a shoot, which is the current one."""
    save_shoot(tmp_path / "shoot")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cull(place: Path) -> Run:
    def run(*args: Any) -> Done:
        done = CliRunner().invoke(app, ["cull", *map(str, args), "--fast"], prog_name="beholder")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


def _content(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_table_on_the_terminal_has_the_picks_and_why(cull: Run) -> None:
    done = cull("shoot")
    assert done.code == 0
    assert re.search(r"IMG_0001\.JPG +\d\.\d\d +3 +burst +(sharper|less motion)", done.out)
    assert re.search(r"IMG_0009\.JPG +\d\.\d\d +1 +single +no other frame like it", done.out)
    assert f"{COUNT} photographs in 4 series: 5 picked, 2 too close to call, 2 other" in done.err
    assert "1 series without a pick, as their best frames are too close to call: --report FILE shows" in done.err


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_photograph_has_a_row_with_a_decision(cull: Run, place: Path, suffix: str) -> None:
    table = place / f"cull{suffix}"
    assert cull("shoot", "--out", table).code == 0
    rows = read_table(table)
    assert len(rows) == COUNT
    assert {row["decision"] for row in rows} == {"pick", "maybe", "other"}
    assert all(row["reason"] and row["reason_code"] for row in rows)
    assert not hidden_beside(table, "shoot").exists()


@pytest.mark.parametrize("other", [(), ("--quiet",), ("--xmp", "sidecar", "--dry-run")])
def test_json_has_all_rows_and_nothing_else(cull: Run, other: tuple[str, ...]) -> None:
    rows = json.loads(cull("shoot", "--json", *other).out)
    assert len(rows) == COUNT and rows[0]["rank"] == 1


@pytest.mark.parametrize("option", ["--copy-picks", "--link-picks"])
def test_picks_come_with_their_decisions_and_a_second_run_adds_nothing(cull: Run, place: Path, option: str) -> None:
    pytest.importorskip("lxml")
    assert cull("shoot", "--xmp", option, "picks").code == 0
    before = _content(place / "picks")
    assert len(before) == 10 and 'xmpDM:pick="1"' in (place / "picks" / "IMG_0001.JPG.xmp").read_text()
    again = cull("shoot", "--keep", "1", "--xmp", option, "picks")  # other decisions, so other sidecars
    assert again.code == 0 and "refused 0" in again.err and _content(place / "picks").keys() == before.keys()


def test_a_pick_that_cannot_be_copied_is_a_line_and_the_others_are(
    cull: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(path: str, target: Path) -> None:
        if path.endswith("IMG_0001.JPG"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        target.write_bytes(Path(path).read_bytes())

    monkeypatch.setattr("beholder.culling.copies.shutil.copy2", copy)
    done = cull("shoot", "--copy-picks", "picks", "--out", "c.csv")
    assert done.code == 3 and "4 files copied to picks" in done.err
    assert re.search(r"not in the folder of picks: shoot/IMG_0001.JPG: .*the disk is full", done.err)
    assert len(os.listdir("picks")) == 4 and len(read_table(place / "c.csv")) == COUNT


def test_the_shoot_itself_is_never_touched(cull: Run, place: Path) -> None:
    before = _content(place / "shoot")
    done = cull("shoot", "--out", "c.csv", "--report", "c.html", "--copy-picks", "picks", "--link-picks", "links")
    assert done.code == 0 and _content(place / "shoot") == before
    assert sorted(os.listdir("picks")) == sorted(os.listdir("links"))
    assert len(os.listdir("picks")) == 5
    assert "1 series too close to call: none of their frames was copied" in done.err
    assert (place / "c.html").read_text().count('class="series"') >= 4


def test_a_dry_run_writes_nothing_and_says_what_it_would(cull: Run, place: Path) -> None:
    before = _content(place)
    done = cull("shoot", "--out", "c.csv", "--report", "c.html", "--copy-picks", "picks", "--xmp", "--dry-run")
    assert done.code == 0 and _content(place) == before
    for said in ("would write 9 rows to c.csv", "would write a page of 4 series", "5 files would be copied to picks"):
        assert said in done.err
    assert "would be written 9" in done.err and "IMG_0001.JPG.xmp: xmpDM:pick" in done.out


def test_decisions_go_into_xmp_and_a_second_run_changes_no_byte(cull: Run, place: Path) -> None:
    pytest.importorskip("lxml")
    (place / "shoot" / "IMG_0001.JPG.xmp").write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="2"/></rdf:RDF></x:xmpmeta>'
    )
    arguments = ("shoot", "--xmp", "sidecar,darktable", "--stars", "percentile", "--label", "green")
    first = cull(*arguments)
    assert first.code == 0 and "kept yours 1" in first.err
    after = _content(place)
    text = (place / "shoot" / "IMG_0001.JPG.xmp").read_text()
    assert 'xmp:Rating="2"' in text and 'xmpDM:pick="1"' in text and "Green" in text
    second = cull(*arguments)
    assert "written 0, unchanged 9" in second.err and _content(place) == after


def test_raw_and_jpeg_of_one_shot_are_one(cull: Run, place: Path) -> None:
    (place / "shoot" / "IMG_0009.CR2").write_bytes(b"II*\0" + bytes(100))
    assert cull("shoot", "--out", "c.csv", "--copy-picks", "picks").code == 0
    rows = [row for row in read_table(place / "c.csv") if "IMG_0009" in row["path"]]
    assert [(row["path"], row["paired_with"]) for row in rows] == [("shoot/IMG_0009.JPG", "shoot/IMG_0009.CR2")]
    assert (place / "picks" / "IMG_0009.CR2").exists()


@needs_exiftool
def test_a_raw_beside_a_jpeg_that_is_written_into_is_the_same_at_the_second_run(cull: Run, place: Path) -> None:
    (place / "shoot" / "IMG_0009.CR2").write_bytes(b"II*\0" + bytes(100))
    arguments = ("shoot", "--xmp", "lightroom,darktable", "--embed")
    assert "written 20, unchanged 0" in cull(*arguments).err
    before = _content(place)
    assert "written 0, unchanged 20" in cull(*arguments).err and _content(place) == before
    assert "ImageSha256" not in (place / "shoot" / "IMG_0009.xmp").read_text()  # the JPEG was scored


def test_what_cannot_be_read_is_a_row_and_a_line(cull: Run, place: Path) -> None:
    bad = save_bad(place / "shoot")
    done = cull("shoot", "--out", "c.csv", "--report", "c.html")
    assert done.code == 3
    rows = [row for row in read_table(place / "c.csv") if row["error"]]
    assert len(rows) == len(bad) and {row["reason_code"] for row in rows} == {"unreadable"}
    assert f"{len(bad)} could not be read" in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("shoot --keep many", "--keep many: give a number (200), a share (20%) or one-per-series"),
        ("shoot --resume", "--resume goes on with a file: name it with --out"),
        ("shoot --out - --json", "give one of the two"),
        ("shoot --out c.txt", "unknown extension '.txt'"),
        ("shoot --out c.csv --report ./c.csv", "c.csv: --out and --report both name it"),
        ("shoot --copy-picks p --link-picks p/", "p: --copy-picks and --link-picks both name it"),
        ("shoot --report mine.html", "mine.html"),
        ("shoot --copy-picks shoot", "holds shoot/IMG_0001.JPG itself"),
        ("shoot --copy-picks mine.html", "mine.html"),
        ("nowhere", "nowhere: no such file"),
        ("shoot --stars percentile", "--stars is about XMP"),
        ("shoot --xmp everything", "everything"),
    ],
)
def test_mistakes_are_one_line_before_any_work(cull: Run, place: Path, arguments: str, says: str) -> None:
    (place / "mine.html").write_text("notes of mine")
    before = _content(place)
    done = cull(*arguments.split())
    assert done.code in (1, 2) and says in done.err + done.out and _content(place) == before


def test_a_folder_of_one_photograph(cull: Run, place: Path) -> None:
    for name in os.listdir("shoot"):
        if name != "IMG_0001.JPG":
            os.unlink(f"shoot/{name}")
    done = cull("shoot", "--keep", "20%")
    assert done.code == 0 and "1 photograph in 1 series: 1 picked" in done.err


def test_identical_files_are_too_close_to_call(cull: Run, place: Path) -> None:
    for name in os.listdir("shoot"):
        (place / "shoot" / name).write_bytes((place / "shoot" / "IMG_0001.JPG").read_bytes())
    done = cull("shoot", "--json")
    rows = json.loads(done.out)
    assert {row["decision"] for row in rows} == {"maybe"} and {row["size"] for row in rows} == {COUNT}


def test_names_with_line_breaks(cull: Run, place: Path) -> None:
    os.rename("shoot/IMG_0009.JPG", "shoot/a\nb.JPG")
    done = cull("shoot", "--out", "c.csv", "--report", "c.html", "--copy-picks", "picks")
    assert done.code == 0 and "shoot/a\nb.JPG" in [row["path"] for row in read_table(place / "c.csv")]
    assert os.path.exists("picks/a\nb.JPG")


def test_a_model_without_series_is_refused(cull: Run, colour_model: Path) -> None:
    done = Done(*_plain("cull", "shoot", "--model", str(colour_model)))
    assert done.code == 1 and "cannot tell series of photographs" in done.err


def _plain(*args: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(args), prog_name="beholder")
    return done.exit_code, done.stdout, done.stderr


def test_ctrl_c_keeps_what_was_scored_and_resume_goes_on(place: Path) -> None:
    for copy in range(12):  # enough that it is not done when it is stopped
        save_shoot(place / "shoot" / f"more{copy}")
    command = [*COMMAND, "cull", "shoot", "--fast", "--recursive", "--out", "c.csv"]
    kept = hidden_beside(place / "c.csv", "shoot")
    process = subprocess.Popen(command, cwd=place, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 100
    while time.monotonic() < until and process.poll() is None and not (kept.exists() and kept.stat().st_size > 20_000):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    if process.returncode == 0:
        pytest.skip("it was done before it could be stopped")
    assert process.returncode == 130 and b"run again with --resume" in err and kept.exists()
    done = apart("cull", "shoot", "--fast", "--recursive", "--out", "c.csv", "--resume", cwd=place)
    assert done.code == 0 and "known from before" in done.err and not kept.exists()
    assert len(read_table(place / "c.csv")) == 13 * COUNT
