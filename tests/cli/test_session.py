"""A run over many photographs: input, failures, progress, and stopping it at any moment."""

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beholder.photos.read import read_bytes
from helpers.commands import (
    SUFFIXES,
    Done,
    apart,
    every_format,
    growing_file,
    on_terminal,
    read_table,
    resumed,
    save_bad,
    stopped,
    table,
)
from helpers.factories import REPOSITORY, save_photo, save_photos


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


@pytest.mark.parametrize("command", ["score", "report"])
def test_what_is_passed_over_is_told_in_a_line(beholder: Callable[..., Done], tmp_path: Path, command: str) -> None:
    save_photos(tmp_path / "photos", 3)
    save_photos(tmp_path / "photos/@eaDir", 1)
    for name in ("a.jxl", "b.JXL", "clip.mp4"):
        (tmp_path / "photos" / name).touch()
    arguments = (command, "photos", "-r", "--exclude", "2.jpg")
    done = beholder(*arguments)
    assert "passed over: 2 .jxl (JPEG XL is not read), 1 @eaDir/, 1 by --exclude\n" in done.err and done.code == 0
    assert beholder(*arguments, "-q").err == ""
    for path in (tmp_path / "photos").glob("*.jpg"):
        path.unlink()
    done = beholder(*arguments)
    assert done.code == 1 and len(done.err.splitlines()) == 1 and "2 .jxl (JPEG XL is not read)" in done.err
    assert beholder(command, "photos", "--exclude", "photos").err == (
        "error: there is nothing to score: passed over: 1 by --exclude\n"
    )


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("command", ["score", "report"])
def test_one_of_a_pair(beholder: Callable[..., Done], tmp_path: Path, command: str, listed: bool) -> None:
    paths = save_photos(tmp_path / "photos", 3)
    for number in (1, 2, 9):
        save_photo(tmp_path / f"photos/{number}.DNG", number)
    paths += [str(tmp_path / f"photos/{number}.DNG") for number in (9, 2, 1)]
    place, stdin = ("-", "\0".join(paths).encode()) if listed else ("photos", None)
    assert "6 scored" in beholder(command, place, stdin=stdin).err
    done = beholder(command, place, "--pairs", "one", stdin=stdin)
    assert done.code == 0 and "4 scored" in done.err and "passed over: 2 by --pairs one" in done.err


def test_names_in_another_spelling(beholder: Callable[..., Done], tmp_path: Path) -> None:
    """A list of Windows, for photographs that came from a Mac."""
    composed = "M\xfcller.jpg"
    save_photo(tmp_path / unicodedata.normalize("NFD", composed), 1)
    listed = f'"{composed}"\r\n"{composed}"\r\n'.encode("utf-16")
    for given, stdin in ((composed, None), ("-", listed)):
        (row,) = json.loads(beholder("score", given, "--json", stdin=stdin).out)
        assert row["path"] == unicodedata.normalize("NFD", composed) and not row["error"]
    assert beholder("explain", composed, "--grid", 2).code == 0


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        (b"", "there is nothing to score: the list on standard input is empty"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(30)) * 9, "standard input is not a list of file names"),
        (b"nowhere.jpg\0", "nowhere.jpg: no such file"),
    ],
)
def test_list_of_nothing(beholder: Callable[..., Done], stdin: bytes, says: str) -> None:
    done = beholder("score", "-", "--out", "x.csv", stdin=stdin)
    assert done.code == 1 and done.err.startswith(f"error: {says}") and done.err.count("\n") == 1
    assert not Path("x.csv").exists()


def test_apple_double_is_named(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_photo(tmp_path / "1.jpg", 1)
    (tmp_path / "._1.jpg").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(4072))
    done = beholder("score", "-", stdin=b"./1.jpg\n./._1.jpg\n")
    assert done.code == 3 and "AppleDouble" in done.err


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


def test_failures_go_to_standard_error(beholder: Callable[..., Done], tmp_path: Path) -> None:
    good, bad = save_photos(tmp_path / "photos", 3), save_bad(tmp_path / "photos")
    done = beholder("score", tmp_path / "photos")
    assert done.code == 3
    assert sorted(row[1] for row in table(done.out)[1:]) == good
    _, *reasons, summary = done.err.splitlines()
    assert [reason.split(": ")[:2] for reason in reasons] == [["not scored", path] for path in bad]
    for word, reason in zip(("cut short", "0 bytes", "50000 x 50000", "no such file", "text"), reasons, strict=True):
        assert word in reason
    assert summary.startswith("3 scored in ") and summary.endswith(", 5 could not be read")


def test_many_failures_are_counted(beholder: Callable[..., Done], tmp_path: Path) -> None:
    (path,) = save_photos(tmp_path / "photos", 1)
    done = beholder("score", path, *(f"gone{number}.jpg" for number in range(30)), "--out", "x.csv")
    _, first, summary = done.err.splitlines()
    assert done.code == 3 and "30 could not be read" in summary
    assert first == "not scored: no such file: 30 files (gone0.jpg, gone1.jpg, gone2.jpg, ...)"
    assert sum(bool(row["error"]) for row in read_table(tmp_path / "x.csv")) == 30


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


def test_progress_goes_to_standard_error(colour_model: Path, crowd: Path, tmp_path: Path) -> None:
    shown = on_terminal(100, ["score", crowd, "-m", colour_model, "--json"], tmp_path / "x.json")
    assert re.search(r"scoring .*\d+/300 +[\d.]+/s +\d:\d\d:\d\d", shown)
    assert len(json.loads((tmp_path / "x.json").read_bytes())) == 300
    rates = [float(rate) for rate in re.findall(r"([\d.]+)/s", shown)]
    rate = float(re.search(r"\(([\d.]+) a second\)", shown)[1])  # type: ignore[index]
    assert rates[-1] < 3 * rate


@pytest.mark.parametrize(
    ("suffix", "number"), [*((suffix, signal.SIGINT) for suffix in SUFFIXES), (".parquet", signal.SIGTERM)]
)
def test_stopped_run_leaves_a_whole_file(
    crowd: Path, colour_model: Path, undisturbed: Callable[[str], bytes], tmp_path: Path, suffix: str, number: int
) -> None:
    out = tmp_path / f"x{suffix}"
    growing = growing_file(out)
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
    growing = growing_file(out)
    done = stopped(["score", crowd, "-m", colour_model, "-o", out], growing, signal.SIGKILL, size)
    assert done.code == -signal.SIGKILL
    lines = shutil.copy(growing, tmp_path / "lines.jsonl") if suffix == ".parquet" else str(out)
    assert size // 600 <= len(read_table(Path(lines))) < 300
    (tmp_path / "lines.jsonl").unlink(missing_ok=True)
    assert resumed(crowd, colour_model, out) == undisturbed(suffix)


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
    growing = growing_file(out)
    lines = growing.read_bytes().splitlines(keepends=True)
    assert 10 < len(lines) < 300 and lines[-1].endswith(b"\n")
    subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)
    ballast.unlink()
    assert resumed(crowd, colour_model, out) == undisturbed(suffix)


@pytest.mark.slow
def test_runs_killed_at_random_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    from benchmarks import crash_recovery

    outcomes = crash_recovery.run(times=6, seed=1, photographs=600)
    assert [each.wrong for each in outcomes.values()] == [[]] * 3
    assert sum(each.killed for each in outcomes.values()) >= 4
    assert all(each.halves < each.reads / 20 for each in outcomes.values())  # a row in two writes would be met often
