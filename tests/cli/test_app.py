"""All commands: one line for every mistake, help, closed streams, and a light start."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
from PIL import Image

import beholder as package
from beholder.cli.app import USERS, app
from beholder.photos.read import read_bytes
from helpers.commands import Done, apart, read_table, save_bad
from helpers.factories import COMMAND, save_photo, save_photos


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
        ("score 1.jpg --model nowhere.onnx", "nowhere.onnx: no such file"),
        ("score 1.jpg --model cut.onnx", "cut.onnx: not a model file, or cut short"),
        ("score 1.jpg --model 1.jpg", "1.jpg: not a model file"),
        ("score 1.jpg --model empty", "empty: is a folder, not a model file"),
        ("info cut.onnx", "cut.onnx: not a model file, or cut short"),
        ("explain nowhere.jpg", "nowhere.jpg: no such file"),
        ("explain text.jpg", "text.jpg: is not a photograph"),
        ("explain 1.jpg --task beauty", "no task is called 'beauty'; this model has overall, warmth, quality"),
        ("explain 1.jpg --out x.gif", "x.gif: an explanation is a PNG"),
        ("explain 1.jpg --out .", ".: an explanation is a PNG"),
        ("explain 1.jpg --out nowhere/x.png", "nowhere/x.png: its folder does not exist"),
        ("explain p.png --out ./p.png", "p.png: is read by this command"),
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


def test_interrupted_before_the_run_is_one_line(beholder: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("beholder.scoring.scorer.Scorer.__init__", interrupt)
    done = beholder("score", "x.jpg")
    assert (done.code, done.out, done.err) == (130, "", "stopped\n")


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
        ("train default", ["\n    beholder train default --root DATA --out default.onnx\n"]),
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


def test_commands_are_listed_by_who_needs_them(beholder: Callable[..., Done]) -> None:
    listed = [name for names in USERS.values() for name in names]
    visible = [name for name, command in typer.main.get_command(app).commands.items() if not command.hidden]  # type: ignore[attr-defined]
    assert sorted(listed) == sorted(visible)  # each once
    sections = re.split(r"^(\S.*):$", beholder("--help").out, flags=re.MULTILINE)
    for user, names in USERS.items():
        text = sections[sections.index(user) + 1]
        assert re.findall(r"^  (\w+)  ", text, re.MULTILINE) == list(names) and "..." not in text


def test_photographs_are_never_written(beholder: Callable[..., Done], tmp_path: Path) -> None:
    """Scoring a folder changes nothing in it."""
    paths = save_photos(tmp_path / "photos", 3)
    before = {path: (read_bytes(path), os.stat(path).st_mtime_ns) for path in paths}
    for command in (["score", "photos"], ["report", "photos"], ["explain", paths[0]]):
        beholder(*command)
    assert {path: (read_bytes(path), os.stat(path).st_mtime_ns) for path in paths} == before
    assert sorted(os.listdir(tmp_path / "photos")) == ["1.jpg", "2.jpg", "3.jpg"]
