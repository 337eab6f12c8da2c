"""`beholder score`: what it prints and writes, and how it goes on with a file."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import beholder as package
from beholder.files import open_locked
from helpers.commands import Done, apart, every_format, growing_file, read_table, save_bad, table
from helpers.factories import save_model, save_photo, save_photos


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


@every_format
def test_slip_of_the_pen_costs_no_output(beholder: Callable[..., Done], tmp_path: Path, suffix: str) -> None:
    save_photos(tmp_path / "photos", 3)
    out = tmp_path / f"x{suffix}"
    beholder("score", "photos", "-o", out)
    before = out.read_bytes()
    for wrong in (["photo"], ["photo", "fotos/1.jpg"], ["*.tiff"], ["photos", "--sort", "x"], ["photos", "-m", "x"]):
        assert beholder("score", *wrong, "-o", out).code == 1
        assert out.read_bytes() == before


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


@every_format
def test_two_runs_do_not_write_one_file(beholder: Callable[..., Done], tmp_path: Path, suffix: str) -> None:
    save_photos(tmp_path / "photos", 3)
    out = tmp_path / f"x{suffix}"
    beholder("score", "photos", "-o", out)
    before = out.read_bytes()
    with open_locked(growing_file(out)):
        for options in ([], ["--resume"]):
            done = beholder("score", "photos", "-o", out, *options)
            assert done.code == 1 and done.out == "" and len(done.err.splitlines()) == 1
            assert "another run is writing it; wait until that has ended" in done.err
    if growing_file(out) != out:
        growing_file(out).unlink()
    assert out.read_bytes() == before
    assert beholder("score", "photos", "-o", out, "--resume").code == 0 and out.read_bytes() == before


def test_scores_of_the_embedded_model(scorer: package.Scorer, photos: list[Path]) -> None:
    done = apart("score", *photos, "--json")
    rows = json.loads(done.out)
    scores = scorer.score(photos)
    for name, column in scores.to_dict().items():
        assert [row[name] for row in rows] == pytest.approx(column.tolist(), abs=1e-4)
    assert {row["model"] for row in rows} == {scorer.id}


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
