"""The command line: what it prints where, what it writes, and one line for every mistake."""

import csv
import fcntl
import functools
import hashlib
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from PIL import Image
from typer.testing import CliRunner

import beholder as package
from beholder.cli.app import app
from beholder.files import open_locked
from beholder.photos.read import read_bytes
from helpers.factories import COMMAND, REPOSITORY, save_model, save_photo, save_photos, slowed

SLOWLY = slowed(0.1)  # not done before the test has seen how far it is
SUFFIXES = (".csv", ".jsonl", ".parquet")

every_format = pytest.mark.parametrize("suffix", SUFFIXES)


class Done:
    """What a command came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in err, err

    def __repr__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


@pytest.fixture
def beholder(colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs a command in this process, in an empty folder, with the quick model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("beholder.scoring.model_file.default_path", lambda: colour_model)

    def run(*args: Any, stdin: bytes | None = None) -> Done:
        done = CliRunner().invoke(app, list(map(str, args)), input=stdin, prog_name="beholder")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


def apart(*args: Any, **options: Any) -> Done:
    """Runs a command in a process of its own."""
    options = {"stdin": subprocess.DEVNULL, **options}
    done = subprocess.run([*COMMAND, *map(str, args)], capture_output=True, check=False, timeout=120, **options)
    return Done(done.returncode, (done.stdout or b"").decode(), (done.stderr or b"").decode())


def read_table(path: Path) -> list[dict[str, Any]]:
    """A table, by other people's readers; for CSV all values are text."""
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, strict=True))
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def table(text: str) -> list[list[str]]:
    """Cells of a printed table, header first; cells are two blanks apart."""
    return [re.split(r" {2,}", line.strip()) for line in text.splitlines()]


def save_bad(folder: Path) -> list[str]:
    """Files that are no photographs, each for another reason, with the reason in their name."""
    folder.mkdir(exist_ok=True)
    (folder / "text.jpg").write_text("hello")
    (folder / "empty.png").write_bytes(b"")
    (folder / "folder.jpg").mkdir()
    (folder / "link.jpg").symlink_to("nowhere")
    save_photo(folder / "cut.jpg", 1, 100)
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:900])
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)), (b"IDAT", b"")]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return [str(folder / name) for name in ("cut.jpg", "empty.png", "huge.png", "link.jpg", "text.jpg")]


# What is printed


def test_table_on_a_pipe_has_whole_paths(beholder: Callable[..., Done], tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 40) / "[bold]photos[/]"
    paths = save_photos(folder, 12)
    done = beholder("score", folder)
    assert done.code == 0
    header, *rows = table(done.out)
    assert header == ["rank", "file", "overall", "90% interval", "pct", "warmth", "quality"]
    assert [row[0] for row in rows] == [str(rank) for rank in range(1, 13)]
    assert sorted(row[1] for row in rows) == sorted(paths)
    scores = [float(row[2]) for row in rows]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) > 5
    assert re.fullmatch(r"12 scored in [\d.]+ s \([\d.]+ a second\)\n", done.err)


@pytest.mark.parametrize("sort", ["overall", "warmth", "quality", "percentile", "path"])
@pytest.mark.parametrize("top", [None, 1, 4, 100])
@pytest.mark.parametrize("as_json", [False, True])
def test_sort_and_top(beholder: Callable[..., Done], tmp_path: Path, sort: str, top: int | None, as_json: bool) -> None:
    paths = save_photos(tmp_path / "photos", 9) + save_bad(tmp_path / "photos")
    everything = json.loads(beholder("score", "photos", "--json").out)
    rated = [row for row in everything if not row["error"]]
    expected = sorted(rated, key=lambda row: row[sort], reverse=sort != "path")[:top]
    options = [*(["--top", top] if top else []), *(["--json"] if as_json else [])]
    done = beholder("score", "photos", "--sort", sort, *options)
    if as_json:
        found = json.loads(done.out)
        assert found[: len(expected)] == expected
        assert len(found) == (len(expected) if top else len(paths))  # the whole array holds failures too, last
    else:
        assert [row[1] for row in table(done.out)[1:]] == [row["path"] for row in expected]
        assert ("more: --top 9 shows all" in done.err) == (top is not None and top < 9)


def test_only_so_many_are_shown(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 45)
    done = beholder("score", "photos")
    assert len(done.out.splitlines()) == 1 + 40
    assert "5 more: --top 45 shows all, --out FILE keeps them" in done.err


def test_failures_go_to_standard_error(beholder: Callable[..., Done], tmp_path: Path) -> None:
    good, bad = save_photos(tmp_path / "photos", 3), save_bad(tmp_path / "photos")
    done = beholder("score", tmp_path / "photos")
    assert done.code == 3
    assert sorted(row[1] for row in table(done.out)[1:]) == good
    *reasons, summary = done.err.splitlines()
    assert [reason.split(": ")[:2] for reason in reasons] == [["not scored", path] for path in bad]
    for word, reason in zip(("cut short", "0 bytes", "50000 x 50000", "no such file", "text"), reasons, strict=True):
        assert word in reason
    assert summary.startswith("3 scored in ") and summary.endswith(", 5 could not be read")


def test_many_failures_are_counted(beholder: Callable[..., Done], tmp_path: Path) -> None:
    (path,) = save_photos(tmp_path / "photos", 1)
    done = beholder("score", path, *(f"gone{number}.jpg" for number in range(30)), "--out", "x.csv")
    assert done.code == 3 and len(done.err.splitlines()) == 12
    assert "not scored: 20 more, with reasons in x.csv" in done.err
    assert sum(bool(row["error"]) for row in read_table(tmp_path / "x.csv")) == 30


@pytest.mark.parametrize("options", [[], ["--sort", "path"], ["--top", "50"], ["--quiet"]])
def test_json_is_one_document(beholder: Callable[..., Done], tmp_path: Path, options: list[str]) -> None:
    good, bad = save_photos(tmp_path / "photos", 3), save_bad(tmp_path / "photos")
    done = beholder("score", *good, *bad, "--json", *options)
    rows = json.loads(done.out)
    assert done.code == 3
    assert [row["path"] for row in rows] == [*good, *([] if "--top" in options else bad)]
    assert list(rows[0]) == [
        *("path", "overall", "warmth", "quality", "low", "high", "percentile", "width", "height"),
        *("model", "sha256", "error"),
    ]
    assert rows[0]["width"] == 24 and rows[0]["model"].startswith("colour@") and rows[0]["error"] == ""


@pytest.mark.parametrize("what", ["nowhere.jpg", "empty", "*.tiff"])
def test_json_of_nothing_is_a_document_too(beholder: Callable[..., Done], tmp_path: Path, what: str) -> None:
    (tmp_path / "empty").mkdir()
    done = beholder("score", what, "--json")
    assert done.code == 1 and json.loads(done.out) == [] and len(done.err.splitlines()) == 1


def test_quiet(beholder: Callable[..., Done], tmp_path: Path) -> None:
    good, (bad, *_) = save_photos(tmp_path / "photos", 3), save_bad(tmp_path / "photos")
    done = beholder("score", *good, "-q", "-o", "x.csv")
    assert (done.code, done.out, done.err) == (0, "", "") and len(read_table(tmp_path / "x.csv")) == 3
    done = beholder("score", *good, bad, "--quiet")
    assert (done.code, done.out) == (3, "") and len(done.err.splitlines()) == 1


NAMES = [
    "two\nlines.jpg",
    "a\rb.jpg",
    'comma, "quote".jpg',
    "emoji 🎈.jpg",
    "[bold]x.jpg",
    "a[1].jpg",
    "-x.jpg",
    "-",
    b"\xff.jpg",
]


@every_format
def test_odd_names(beholder: Callable[..., Done], tmp_path: Path, suffix: str) -> None:
    names = [os.fsdecode(name) for name in NAMES]
    for number, name in enumerate(names):
        save_photo(os.fsencode(tmp_path / name), number)
    arguments = [f"./{name}" for name in names]
    done = beholder("score", *arguments, "--out", f"x{suffix}")
    assert done.code == 0 and len(done.out.splitlines()) == 1 + len(names)
    expected = [name.encode("utf-8", "backslashreplace").decode() for name in arguments]
    assert [row["path"] for row in read_table(tmp_path / f"x{suffix}")] == expected
    before = (tmp_path / f"x{suffix}").read_bytes()
    again = beholder("score", *arguments, "--out", f"x{suffix}", "--resume")
    assert re.search(rf"^0 scored in [\d.]+ s \(0\.0 a second\), {len(names)} known from before$", again.err, re.M)
    assert again.out == done.out and (tmp_path / f"x{suffix}").read_bytes() == before


def test_list_on_standard_input(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    save_photo(os.fsencode(tmp_path) + b"/\xff.jpg", 3)
    done = beholder("score", "-", "--json", stdin=b"\xff.jpg\r\nnowhere.jpg\n\nphotos\nphotos/1.jpg")
    assert [row["path"] for row in json.loads(done.out)] == [
        "\\udcff.jpg",
        "nowhere.jpg",
        "photos/1.jpg",
        "photos/2.jpg",
    ]
    assert done.code == 3 and "not scored: nowhere.jpg: no such file" in done.err


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("score nowhere.jpg", "nowhere.jpg: no such file"),
        ("score nowhere/ gone.jpg", "nowhere/: no such file; nor is any other"),
        ("score empty", "empty: no photographs in this folder; --recursive"),
        ("score texts -r", "texts: no photographs in this folder"),
        ("score *.gif", "*.gif: no file matches this pattern"),
        ("score -", "standard input is empty"),
        ("score cut.jpg", "cut.jpg: cannot decode this JPEG"),
        ("score text.jpg", "text.jpg: is not a photograph that can be read; it looks like text"),
        ("score empty.png", "empty.png: is empty (0 bytes)"),
        ("score huge.png", "huge.png: 50000 x 50000 pixels"),
        ("score 1.jpg --out nowhere/x.csv", "nowhere/x.csv: the folder nowhere does not exist"),
        ("score 1.jpg --out x.txt", "x.txt: unknown extension '.txt'; use .csv, .jsonl or .parquet"),
        ("score 1.jpg --out empty", "empty: unknown extension ''"),
        ("score 1.jpg --resume", "name it with --out"),
        ("score 1.jpg --sort beauty", "--sort beauty: choose one of overall, warmth, quality, percentile, path"),
        ("score 1.jpg --model nowhere.onnx", "nowhere.onnx: cannot open the model"),
        ("score 1.jpg --model cut.onnx", "cut.onnx: not a model file, or cut short"),
        ("score 1.jpg --model 1.jpg", "1.jpg: not a model file"),
        ("score 1.jpg --model empty", "empty: cannot open the model (Is a directory)"),
        ("info cut.onnx", "cut.onnx: not a model file, or cut short"),
        ("explain nowhere.jpg", "nowhere.jpg: no such file"),
        ("explain text.jpg", "text.jpg: is not a photograph"),
        ("explain 1.jpg --task beauty", "no task is called 'beauty'; this model has overall, warmth, quality"),
        ("explain 1.jpg --out x.gif", "x.gif: an explanation is a PNG"),
        ("explain 1.jpg --out .", ".: an explanation is a PNG"),
        ("explain 1.jpg --out nowhere/x.png", "nowhere/x.png: its folder does not exist"),
        ("explain p.png --out ./p.png", "p.png: is the photograph itself"),
        ("report nowhere", "nowhere: no such file"),
        ("report 1.jpg --out x.csv", "x.csv: a report is a web page"),
        ("report 1.jpg --out nowhere/x.html", "nowhere/x.html"),
        ("report text.jpg", "text.jpg: is not a photograph"),
        ("weights fetch nothing", "no weights are called 'nothing'"),
    ],
)
def test_mistakes_are_one_line(
    beholder: Callable[..., Done], colour_model: Path, tmp_path: Path, arguments: str, says: str
) -> None:
    save_bad(tmp_path)
    save_photo(tmp_path / "1.jpg", 1)
    Image.new("RGB", (20, 20)).save(tmp_path / "p.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("hello")
    (tmp_path / "cut.onnx").write_bytes(colour_model.read_bytes()[:1000])
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    done = beholder(*arguments.split(), stdin=b"")
    assert done.code == 1 and done.out == ""
    assert len(done.err.splitlines()) == 1 and says in done.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_name_of_nothing_is_one_line(beholder: Callable[..., Done]) -> None:
    done = beholder("score", "")
    assert done.code == 1 and len(done.err.splitlines()) == 1 and "empty name" in done.err
    done = beholder("score", "a\nb.jpg")
    assert done.code == 1 and done.err == "error: a\\nb.jpg: no such file\n"
    done = beholder("score", "x.jpg", "--out", "a\nb/x.csv")
    assert done.code == 1 and len(done.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", ["", "score", "score --bogus x", "score x --top 0", "bogus", "train", "weights"])
def test_wrong_usage_teaches(beholder: Callable[..., Done], arguments: str) -> None:
    done = beholder(*arguments.split())
    assert done.code == 2 and "Usage: beholder" in done.out + done.err


@every_format
def test_slip_of_the_pen_costs_no_output(beholder: Callable[..., Done], tmp_path: Path, suffix: str) -> None:
    save_photos(tmp_path / "photos", 3)
    out = tmp_path / f"x{suffix}"
    beholder("score", "photos", "-o", out)
    before = out.read_bytes()
    for wrong in (["photo"], ["photo", "fotos/1.jpg"], ["*.tiff"], ["photos", "--sort", "x"], ["photos", "-m", "x"]):
        assert beholder("score", *wrong, "-o", out).code == 1
        assert out.read_bytes() == before


def test_folder_that_cannot_be_listed_ends_nothing(
    beholder: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        save_photos(tmp_path / "photos" / name, 2)
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path == "photos/b":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    done = beholder("score", "photos", "-r", "--out", "x.csv")
    rows = read_table(tmp_path / "x.csv")
    assert done.code == 3 and "not scored: photos/b: cannot list this folder (Permission denied)" in done.err
    assert [row["path"] for row in rows] == [
        "photos/a/1.jpg",
        "photos/a/2.jpg",
        "photos/b",
        "photos/c/1.jpg",
        "photos/c/2.jpg",
    ]


# Files and resuming


@every_format
def test_two_runs_give_the_same_file(beholder: Callable[..., Done], tmp_path: Path, suffix: str) -> None:
    paths = save_photos(tmp_path / "photos", 21)
    save_bad(tmp_path / "photos")
    beholder("score", "photos", "-o", f"one{suffix}")
    beholder("score", "photos", "-o", f"two{suffix}", "--batch", 5, "--workers", 7)
    one = tmp_path / f"one{suffix}"
    assert one.read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert [row["path"] for row in read_table(one)][:21] == [os.path.relpath(path, tmp_path) for path in paths]
    assert len(read_table(one)) == 26


@every_format
@pytest.mark.parametrize(
    "change", ["added", "removed", "changed", "mended", "broken", "other model", "half a row", "none"]
)
def test_resuming_scores_what_is_missing(
    beholder: Callable[..., Done], other_model: Path, tmp_path: Path, suffix: str, change: str
) -> None:
    save_photos(tmp_path / "photos", 12)
    fifth = tmp_path / "photos" / "5.jpg"
    if change == "added":
        fifth.rename("5.jpg")
    if change == "mended":
        fifth.write_bytes(b"broken")
    out = tmp_path / "photos" / f"out{suffix}"  # inside the folder that is scored
    model = ["--model", other_model] if change == "other model" else []
    beholder("score", "photos", "-o", out, *model)
    removed = [row for row in read_table(out) if row["path"].endswith("/5.jpg")]
    if change == "removed":
        fifth.unlink()
    elif change == "broken":
        fifth.write_bytes(b"broken")
    elif change != "none":
        save_photo(fifth, 50 if change == "changed" else 5)
    if change == "half a row" and suffix != ".parquet":
        out.write_bytes(out.read_bytes()[:-20])
    done = beholder("score", "photos", "-o", out, "--resume", "--batch", 3)
    scored = {"removed": 0, "broken": 0, "none": 0, "other model": 12, "half a row": int(suffix != ".parquet")}.get(
        change, 1
    )
    assert done.err.splitlines()[-1].startswith(f"{scored} scored in ")
    if change == "other model":
        assert "known" not in done.err
    beholder("score", "photos", "-o", f"whole{suffix}")
    rows = read_table(tmp_path / f"whole{suffix}")
    assert read_table(out) == [*rows, *(removed if change == "removed" else [])]
    if change != "removed":
        assert out.read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()


def test_resuming_what_another_program_wrote(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    (tmp_path / "mine.csv").write_text("photo,stars\n1.jpg,5\n")
    done = beholder("score", "photos", "-o", "mine.csv", "--resume")
    assert done.code == 1 and len(done.err.splitlines()) == 1 and "mine.csv: does not hold the columns" in done.err
    assert (tmp_path / "mine.csv").read_text() == "photo,stars\n1.jpg,5\n"


def test_scores_of_a_resumed_run_are_ranked_too(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 6)
    beholder("score", "photos/2.jpg", "photos/5.jpg", "-o", "x.csv")
    done = beholder("score", "photos", "-o", "x.csv", "--resume")
    assert "4 scored in" in done.err and "2 known from before" in done.err
    assert done.out == beholder("score", "photos").out


def test_first_task_is_the_overall_score(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    model = save_model(tmp_path / "stars.onnx", first="stars")
    rows = json.loads(beholder("score", "photos", "--json", "--model", model).out)
    assert rows[0]["overall"] > 1 and "stars" not in rows[0]
    assert beholder("score", "photos", "--model", model, "-o", "x.csv").code == 0
    assert float(read_table(tmp_path / "x.csv")[0]["overall"]) == rows[0]["overall"]


# Runs that are stopped


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that takes a moment to score: 300 photographs, one in fifty of them broken."""
    folder = tmp_path_factory.mktemp("crowd") / "photos"
    for number, path in enumerate(save_photos(folder, 300, side=200)):
        if number % 50 == 25:
            Path(path).write_bytes(b"broken")
    return folder


def stopped(arguments: list[Any], growing: Path, number: int, bytes_before: int) -> Done:
    """Runs a command and sends it a signal once a file has grown."""
    command = [*SLOWLY, *map(str, arguments), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            if growing.exists() and growing.stat().st_size >= bytes_before:
                process.send_signal(number)
                break
            time.sleep(0.001)
        out, err = process.communicate(timeout=60)
    return Done(process.returncode, out.decode(), err.decode())


@pytest.fixture(scope="session")
def undisturbed(crowd: Path, colour_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """The table of a run that nothing disturbed, in a format."""
    folder = tmp_path_factory.mktemp("whole")

    @functools.cache
    def whole(suffix: str) -> bytes:
        apart("score", crowd, "-m", colour_model, "-o", folder / f"x{suffix}", "-q")
        return (folder / f"x{suffix}").read_bytes()

    return whole


def resumed(crowd: Path, model: Path, out: Path) -> bytes:
    """The table after the run was taken up again, beside which nothing is left."""
    done = apart("score", crowd, "-m", model, "-o", out, "--resume", "-q")
    assert done.code == 3
    assert len(read_table(out)) == 300 and os.listdir(out.parent) == [out.name]
    return out.read_bytes()


@pytest.mark.parametrize(
    ("suffix", "number"), [*((suffix, signal.SIGINT) for suffix in SUFFIXES), (".parquet", signal.SIGTERM)]
)
def test_stopped_run_leaves_a_whole_file(
    crowd: Path, colour_model: Path, undisturbed: Callable[[str], bytes], tmp_path: Path, suffix: str, number: int
) -> None:
    out = tmp_path / f"x{suffix}"
    growing = tmp_path / "x.parquet.partial" if suffix == ".parquet" else out
    done = stopped(["score", crowd, "-m", colour_model, "-o", out, "--json"], growing, number, 8000)
    assert done.code == 130
    *_, summary, last = done.err.splitlines()
    assert last == f"stopped; {out} holds what was done, run again with --resume"
    rows = read_table(out)
    assert 20 < len(rows) < 300 and summary.startswith(f"{sum(not row['error'] for row in rows)} scored in ")
    assert [row["path"] for row in json.loads(done.out)] == [row["path"] for row in rows]
    assert resumed(crowd, colour_model, out) == undisturbed(suffix)


@every_format
@pytest.mark.parametrize(
    "size",
    [20_000, *(pytest.param(size, marks=pytest.mark.slow) for size in (0, 1, 300, 5000, 10_000, 30_000, 45_000))],
)
def test_killed_run_leaves_whole_rows(
    crowd: Path, colour_model: Path, undisturbed: Callable[[str], bytes], tmp_path: Path, suffix: str, size: int
) -> None:
    out = tmp_path / f"x{suffix}"
    growing = tmp_path / "x.parquet.partial" if suffix == ".parquet" else out
    done = stopped(["score", crowd, "-m", colour_model, "-o", out], growing, signal.SIGKILL, size)
    assert done.code == -signal.SIGKILL
    lines = shutil.copy(growing, tmp_path / "lines.jsonl") if suffix == ".parquet" else str(out)
    assert size // 600 <= len(read_table(Path(lines))) < 300
    (tmp_path / "lines.jsonl").unlink(missing_ok=True)
    assert resumed(crowd, colour_model, out) == undisturbed(suffix)


def test_stopped_report_holds_what_was_done(crowd: Path, colour_model: Path, tmp_path: Path) -> None:
    arguments = ["report", crowd, "-m", colour_model, "-o", tmp_path / "r.html"]
    command = [*SLOWLY, *map(str, arguments), "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while process.poll() is None and not any(path.stat().st_size > 90_000 for path in tmp_path.iterdir()):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert os.listdir(tmp_path) == ["r.html"]
    count = (tmp_path / "r.html").read_text("utf-8").count('class="photograph"')
    assert f"\n{count} scored in " in f"\n{err.decode()}" and 1 < count < 294


def test_interrupted_before_the_run_is_one_line(beholder: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("beholder.scoring.scorer.Scorer.__init__", interrupt)
    done = beholder("score", "x.jpg")
    assert (done.code, done.out, done.err) == (130, "", "stopped\n")


@every_format
def test_full_disk_loses_nothing(
    crowd: Path, colour_model: Path, undisturbed: Callable[[str], bytes], tmp_path: Path, suffix: str
) -> None:
    """A limit on the size of files, at which the system writes half a row, as at the end of a disk."""
    out = tmp_path / f"x{suffix}"
    limit = 11_111
    done = apart(
        *("score", crowd, "-m", colour_model, "-o", out),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.code == 1 and done.out == "" and len(done.err.splitlines()) == 1
    assert "cannot write (File too large)" in done.err and "--resume" in done.err
    assert resumed(crowd, colour_model, out) == undisturbed(suffix)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)  # pyarrow closes what it has read when it gets to it


@every_format
def test_small_disk_loses_nothing(
    crowd: Path, colour_model: Path, undisturbed: Callable[[str], bytes], small_disk: Path, suffix: str
) -> None:
    ballast, out = small_disk / "ballast", small_disk / f"x{suffix}"
    ballast.write_bytes(bytes(40_000))
    done = apart("score", crowd, "-m", colour_model, "-o", out)
    assert done.code == 1 and done.out == "" and len(done.err.splitlines()) == 1
    assert "No space left on device" in done.err or "the disk is full" in done.err
    assert "--resume" in done.err
    growing = small_disk / "x.parquet.partial" if suffix == ".parquet" else out
    lines = growing.read_bytes().splitlines(keepends=True)
    assert 10 < len(lines) < 300 and lines[-1].endswith(b"\n")
    subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)
    ballast.unlink()
    assert resumed(crowd, colour_model, out) == undisturbed(suffix)


def test_files_that_vanish_and_change_during_a_run(
    beholder: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a row of what was read, or the reason why nothing could be."""
    paths = [Path(os.path.relpath(path, tmp_path)) for path in save_photos(tmp_path / "photos", 40)]
    changes = {
        10: Path.unlink,
        20: lambda path: save_photo(path, 99),
        25: lambda path: os.truncate(path, 300),
        30: lambda path: (path.unlink(), path.symlink_to(path.name)),
        35: lambda path: (path.unlink(), path.mkdir()),
    }
    original = read_bytes

    def read_and_change(path: str) -> bytes:
        if path == str(paths[0]):
            for number, change in changes.items():
                change(paths[number])
        return original(path)

    monkeypatch.setattr("beholder.scoring.batch.read_bytes", read_and_change)
    done = beholder("score", "photos", "-o", "x.csv", "--workers", 1)
    rows = {Path(row["path"]): row for row in read_table(tmp_path / "x.csv")}
    assert done.code == 3 and list(rows) == paths
    says = {10: "no such file", 25: "cut short", 30: "Too many levels of symbolic links", 35: "is a folder"}
    for number, path in enumerate(paths):
        assert says.get(number, "") in rows[path]["error"] and bool(rows[path]["error"]) == (number in says)
        if number not in says:
            assert rows[path]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


@every_format
def test_two_runs_do_not_write_one_file(beholder: Callable[..., Done], tmp_path: Path, suffix: str) -> None:
    save_photos(tmp_path / "photos", 3)
    out = tmp_path / f"x{suffix}"
    beholder("score", "photos", "-o", out)
    before = out.read_bytes()
    with open_locked(out if suffix != ".parquet" else tmp_path / "x.parquet.partial"):
        for options in ([], ["--resume"]):
            done = beholder("score", "photos", "-o", out, *options)
            assert done.code == 1 and done.out == "" and len(done.err.splitlines()) == 1
            assert "another run is writing it; wait until that has ended" in done.err
    (tmp_path / "x.parquet.partial").unlink(missing_ok=True)
    assert out.read_bytes() == before
    assert beholder("score", "photos", "-o", out, "--resume").code == 0 and out.read_bytes() == before


@pytest.mark.slow
def test_runs_killed_at_random_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    from benchmarks import crash_recovery

    outcomes = crash_recovery.run(times=6, seed=1, photographs=600)
    assert [each.wrong for each in outcomes.values()] == [[]] * 3
    assert sum(each.killed for each in outcomes.values()) >= 4
    assert all(each.halves < each.reads / 20 for each in outcomes.values())  # a row in two writes would be met often


# Terminals, pipes and processes


def on_terminal(width: int, arguments: list[Any], out: Path | None = None) -> str:
    """What a terminal of this width shows of a command; standard output goes to a file where one is named."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    with ExitStack() as stack:
        held = stack.enter_context(out.open("wb")) if out else theirs
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdin=theirs,
            stdout=held,
            stderr=theirs,
            env={**environment, "TERM": "xterm"},
        )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # by which Linux says that the other side is closed
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    process.wait(60)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


@pytest.mark.parametrize("width", [50, 80, 100, 200])
def test_table_fits_the_terminal(colour_model: Path, tmp_path: Path, width: int) -> None:
    folder = tmp_path / "[bold]" / ("long-" * 10)
    save_photos(folder, 12)
    os.rename(folder / "3.jpg", folder / "写真-写真-写真-写真-写真-写真-写真-写真.jpg")
    shown = on_terminal(width, ["score", folder, "-m", colour_model])
    lines = shown[shown.index("rank") :].replace("\r", "").splitlines()
    assert len(lines) == 1 + 12 + 1
    assert all(len(line) + len(re.findall("[写真]", line)) <= width for line in lines)
    assert sum(line.rstrip().count(".jpg") for line in lines) == 12
    assert ("quality" in lines[0]) == (width >= 80)
    assert (str(folder) in shown) == (width == 200)


def test_progress_goes_to_standard_error(colour_model: Path, crowd: Path, tmp_path: Path) -> None:
    shown = on_terminal(100, ["score", crowd, "-m", colour_model, "--json"], tmp_path / "x.json")
    assert re.search(r"scoring .*\d+/300 +[\d.]+/s +\d:\d\d:\d\d", shown)
    assert len(json.loads((tmp_path / "x.json").read_bytes())) == 300
    rates = [float(rate) for rate in re.findall(r"([\d.]+)/s", shown)]
    rate = float(re.search(r"\(([\d.]+) a second\)", shown)[1])  # type: ignore[index]
    assert rates[-1] < 3 * rate


@pytest.mark.parametrize(
    "arguments", ["score {} --top 300 -m {m}", "score {} --json -m {m}", "info {m}", "info --json {m}", "--help"]
)
def test_reader_that_leaves_is_no_error(crowd: Path, colour_model: Path, arguments: str) -> None:
    command = [*COMMAND, *(part.format(crowd, m=colour_model) for part in arguments.split())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()  # before it has written anything
        err = process.stderr.read().decode()
    assert process.returncode == (1 if arguments == "--help" else 141)
    assert "Broken" not in err and "Traceback" not in err and "Exception" not in err


def test_full_standard_output_is_one_line(colour_model: Path, crowd: Path) -> None:
    with open("/dev/full", "wb") as full:
        command = [*COMMAND, "info", str(colour_model)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"error: standard output: No space left on device\n")


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closed_streams(colour_model: Path, crowd: Path, tmp_path: Path, closed: int) -> None:
    out = tmp_path / "x.csv"
    names = ["-"] if closed == 0 else [crowd]
    done = apart("score", *names, "-m", colour_model, "-o", out, stdin=None, preexec_fn=lambda: os.close(closed))
    assert done.code == (1 if closed == 0 else 3)
    assert closed == 0 or len(read_table(out)) == 300
    assert closed != 2 or len(done.out.splitlines()) == 41


def test_import_is_light() -> None:
    heavy = {"onnxruntime", "torch", "rich", "typer", "pandas", "pyarrow", "onnx", "scipy"}
    code = "import sys, {}; print(*sys.modules)"
    for module, allowed in (("beholder", set()), ("beholder.cli.app", {"typer"})):
        done = subprocess.run([sys.executable, "-c", code.format(module)], capture_output=True, text=True, check=True)
        assert heavy & set(done.stdout.split()) <= allowed


@pytest.mark.slow
def test_memory_does_not_grow(colour_model: Path, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 4000)
    code = (
        "import resource, sys; from beholder.cli.app import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for pattern in ("1*.jpg", "*.jpg"):
        arguments = [
            "score",
            f"{tmp_path}/photos/{pattern}",
            "-m",
            str(colour_model),
            "-q",
            "-o",
            str(tmp_path / "x.csv"),
        ]
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] + 8 * 1024  # KiB, for three thousand more


# The other commands


def test_explain(beholder: Callable[..., Done], tmp_path: Path) -> None:
    (path,) = save_photos(tmp_path / "photos", 1)
    done = beholder("explain", path, "--task", "warmth")
    assert done.code == 0 and done.out.startswith("1-warmth.png: warmth ") and done.err == ""
    with Image.open(tmp_path / "1-warmth.png") as sheet:
        assert sheet.format == "PNG"
    assert beholder("explain", path, "-o", "named.PNG").code == 0 and (tmp_path / "named.PNG").exists()


def test_report(beholder: Callable[..., Done], tmp_path: Path) -> None:
    good, bad = save_photos(tmp_path / "photos", 3), save_bad(tmp_path / "photos")
    done = beholder("report", "photos")
    assert done.code == 3 and done.out == "report.html\n"
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text.count('class="photograph"') == len(good) and text.count('class="failure"') == len(bad)
    assert beholder("report", *bad).code == 1
    assert (tmp_path / "report.html").read_text("utf-8") == text


def test_info(beholder: Callable[..., Done], colour_model: Path) -> None:
    done = beholder("info")
    assert done.code == 0 and "warmth" in done.out and "colour@" in done.out
    assert json.loads(beholder("info", colour_model, "--json").out)["recipe"] == {"seed": 0}


def test_info_of_a_model_with_brackets_in_its_words(beholder: Callable[..., Done], tmp_path: Path) -> None:
    model = save_model(tmp_path / "odd.onnx", words="[/] of [bold]mine[/bold]")
    assert beholder("info", model).out.count("[/] of [bold]mine[/bold]") == 4


def test_info_of_the_embedded_model(scorer: package.Scorer) -> None:
    done = apart("info")
    for task in scorer.info.tasks:
        assert task.name in done.out
    for said in (scorer.id, "oasis", "biq2021", "srcc", "licence", scorer.info.data[0].sha256):
        assert said in done.out


def test_scores_of_the_embedded_model(scorer: package.Scorer, photos: list[Path]) -> None:
    done = apart("score", *photos, "--json")
    rows = json.loads(done.out)
    scores = scorer.score(photos)
    for name, column in scores.to_dict().items():
        assert [row[name] for row in rows] == pytest.approx(column.tolist(), abs=1e-4)
    assert {row["model"] for row in rows} == {scorer.id}


def test_weights_list(beholder: Callable[..., Done]) -> None:
    done = beholder("weights", "list")
    assert done.code == 0 and "dinov2_vits14" in done.out and "vgg16" in done.out


def test_weights_from_a_file(beholder: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save_file

    from beholder.models.backbones.base import create_backbone

    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path / "cache"))
    save_file(create_backbone("resnet50", pretrained=False).state_dict(), "given.safetensors")
    done = beholder("weights", "fetch", "resnet50", "--from", "given.safetensors")
    assert done.code == 0 and re.search(r"digest [0-9a-f]{64}, which nothing here can be compared with", done.out)
    assert '"here": true' in beholder("models", "--json").out
    done = beholder("weights", "fetch", "resnet50", "vgg16", "--from", "given.safetensors")
    assert done.code == 1 and "give one NAME" in done.err


def test_models(beholder: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path / "cache"))
    done = beholder("models")
    assert done.code == 0 and done.err == ""
    line = next(line for line in done.out.splitlines() if line.startswith("vgg16"))
    assert line.split() == [
        *("vgg16", "14,714,688", "14,789,388", "14,788,933", "74,700", "4,794,316", "40.1", "256", "x", "256", "no"),
        "BSD-3-Clause",
    ]
    rows = {row["name"]: row for row in json.loads(beholder("models", "--json").out)}
    assert next(iter(rows)) == "vgg16" and len(rows) == len(done.out.splitlines()) - 1
    assert rows["vgg16"] == {
        **{"name": "vgg16", "backbone": 14_714_688, "outputs_12": 14_789_388, "outputs_5": 14_788_933},
        **{"stage_1": 74_700, "stage_2": 4_794_316, "gflop": pytest.approx(40.1, abs=0.05), "side": 256},
        **{"weights": "vgg16", "here": False, "licence": "BSD-3-Clause"},
    }
    assert all(row["stage_1"] < row["stage_2"] < row["outputs_12"] for row in rows.values())


def test_version(beholder: Callable[..., Done]) -> None:
    assert beholder("--version").out == f"beholder {package.__version__}\n"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("", ["Start with: beholder score FOLDER", "Score photographs and show the best first."]),
        (
            "score",
            ["\n    beholder score photos/ --out scores.csv --resume\n", "\n    3    some could not", "[default: 40]"],
        ),
        ("explain", ["\n    beholder explain examples/photos/rocket.jpg --task beauty\n"]),
        ("report", ["\n    beholder report photos/ --out report.html\n", "[default: report.html]"]),
        ("info", ["held-out metrics"]),
        ("train", ["pip install 'beholder[train]'"]),
        ("train default", ["\n    beholder train default --data ../shared/data --out default.onnx\n"]),
        ("weights", ["fetch", "list"]),
        ("weights fetch", ["beholder weights list", "--from densenet121-a639ec97.pth"]),
        ("models", ["\n    beholder models --json\n", "Needs no weights"]),
    ],
)
def test_help_teaches(beholder: Callable[..., Done], command: str, says: list[str]) -> None:
    done = beholder(*command.split(), "--help")
    assert done.code == 0 and done.err == ""
    assert done.out.startswith(f"Usage: beholder {command}".rstrip())
    for text in says:
        assert text in done.out
    assert max(map(len, done.out.splitlines())) <= 100


def test_photographs_are_never_written(beholder: Callable[..., Done], tmp_path: Path) -> None:
    """Scoring a folder changes nothing in it."""
    paths = save_photos(tmp_path / "photos", 3)
    before = {path: (read_bytes(path), os.stat(path).st_mtime_ns) for path in paths}
    for command in (["score", "photos"], ["report", "photos"], ["explain", paths[0]]):
        beholder(*command)
    assert {path: (read_bytes(path), os.stat(path).st_mtime_ns) for path in paths} == before
    assert sorted(os.listdir(tmp_path / "photos")) == ["1.jpg", "2.jpg", "3.jpg"]
