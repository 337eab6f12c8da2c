"""The report: what is written, what hostile names can do, and what stays if writing fails."""

import base64
import errno
import io
import os
import re
import sys
import weakref
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from beholder.errors import BeholderError
from beholder.output.report import Entry, thumbnail, write_report
from helpers.report_pages import HOSTILE, TASKS, blocks, entry, write


@pytest.mark.parametrize(
    ("shape", "size"), [((600, 800), (320, 240)), ((800, 400), (160, 320)), ((20, 30), (30, 20)), ((1, 9000), (320, 1))]
)
def test_a_thumbnail_keeps_the_aspect_and_is_never_enlarged(shape: tuple[int, int], size: tuple[int, int]) -> None:
    image = Image.open(io.BytesIO(thumbnail(np.full((*shape, 3), 200, np.uint8))))
    assert (image.format, image.size) == ("JPEG", size)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 4), np.uint8)],
)
def test_a_thumbnail_of_anything_but_rgb_bytes_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{pixels.shape} {pixels.dtype}")):
        thumbnail(pixels)


def test_the_page_holds_the_numbers_and_words(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write(out, [entry("b/IMG 1.jpg", 5.125), entry("c.jpg", 2)], title="Holiday")
    (about,) = blocks(out, "about")
    assert (about["title"], about["model"]) == ("Holiday", "oasis 1.0")
    assert [(task["name"], task["low"], task["high"]) for task in about["tasks"]] == [
        (task.name, task.low, task.high) for task in TASKS
    ]
    first, second = blocks(out, "photograph")
    assert first == {
        "path": "b/IMG 1.jpg",
        "values": [5.125, 3, 0.25],
        "interval": [4.625, 5.875],
        "percentile": 50,
        "size": [800, 600],
        "maps": {},
    }
    assert second["path"] == "c.jpg"
    write(out, [entry(words=["Good.", HOSTILE[1]], faults=HOSTILE[0], link="../a%20b.jpg", shown=True)])
    (row,) = blocks(out, "photograph")
    assert (row["words"], row["faults"]) == (["Good.", HOSTILE[1]], HOSTILE[0])
    assert (row["link"], row["shown"]) == ("../a%20b.jpg", True)


def test_the_page_holds_pictures_and_failures(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write(out, [entry("b/IMG 1.jpg")], [("d.jpg", "cut short")])
    assert base64.b64decode(blocks(out, "pixels")[0]["thumbnail"]) == entry().thumbnail
    assert blocks(out, "failure") == [["d.jpg", "cut short"]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("shape", [(16, 16), (1, 1), (3, 7)])
def test_evidence_survives_in_eight_bits(tmp_path: Path, shape: tuple[int, int], dtype: Any) -> None:
    grid = np.random.default_rng(3).normal(0, 0.02, shape).astype(dtype)
    write(tmp_path / "r.html", [entry(evidence={"valence": grid})])
    about = blocks(tmp_path / "r.html", "photograph")[0]["maps"]["valence"]
    cells = np.frombuffer(
        base64.b64decode(blocks(tmp_path / "r.html", "pixels")[0]["maps"]["valence"]), np.int8
    ).reshape(about["shape"])
    assert np.abs(cells * about["step"] - grid).max() <= np.abs(grid).max() / 254 * 1.001
    assert np.abs(cells).max() == 127
    assert [about["least"], about["most"]] == pytest.approx([grid.min(), grid.max()], rel=1e-5)


def test_evidence_of_zero_is_kept_and_of_nan_is_left_out(tmp_path: Path) -> None:
    write(
        tmp_path / "r.html",
        [entry(evidence={"beauty": np.zeros((2, 2)), "valence": np.full((2, 2), np.nan), "unknown": np.ones((2, 2))})],
    )
    maps = blocks(tmp_path / "r.html", "photograph")[0]["maps"]
    assert list(maps) == ["beauty"]
    assert maps["beauty"] == {"shape": [2, 2], "step": 0, "least": 0, "most": 0}


def test_scores_that_are_missing_or_not_finite_become_null(tmp_path: Path) -> None:
    values = {"beauty": float("nan"), "valence": np.float32("inf")}
    write(tmp_path / "r.html", [entry(values=values, low=float("nan"), high=np.nan, percentile=float("nan"))])
    (row,) = blocks(tmp_path / "r.html", "photograph")
    assert (row["values"], row["interval"], row["percentile"]) == ([None, None, None], [None, None], None)


def test_hostile_text_stays_inside_its_data_block(tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    write(out, map(entry, HOSTILE), [(name, name) for name in HOSTILE], model=HOSTILE[0], title=HOSTILE[1])
    text = out.read_text(encoding="utf-8")
    assert not any(name in text for name in HOSTILE[:3])
    assert "alert(1)</" not in text
    assert "\u2028" not in text
    # What is not data is the template: the same number of elements as in an empty report.
    write(tmp_path / "empty.html", [])
    data = r'<script type="application/json" class="\w+">[^<]*</script>\n'
    assert re.sub(data, "", text) == re.sub(data, "", (tmp_path / "empty.html").read_text(encoding="utf-8"))
    assert [row["path"] for row in blocks(out, "photograph")] == HOSTILE


def test_a_name_that_is_no_utf8_is_shown_with_escapes(tmp_path: Path) -> None:
    name = os.fsencode("caf") + b"\xe9.jpg"
    write(
        tmp_path / "r.html", [entry(os.fsdecode(name)), entry("lone \ud800.jpg")], [(os.fsdecode(name), "unreadable")]
    )
    assert [row["path"] for row in blocks(tmp_path / "r.html", "photograph")] == [r"caf\udce9.jpg", r"lone \ud800.jpg"]
    assert blocks(tmp_path / "r.html", "failure") == [[r"caf\udce9.jpg", "unreadable"]]


def test_the_template_inserts_no_markup_and_reaches_for_nothing(tmp_path: Path) -> None:
    write(tmp_path / "r.html", [])
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|\{\{", text)
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}  # the name of a namespace
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src 'none'; img-src data: file: 'self'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_entries_are_written_and_forgotten_as_they_come(tmp_path: Path) -> None:
    alive: list[weakref.ref[Entry]] = []
    most_alive, sizes = 0, []

    def stream() -> Iterator[Entry]:
        nonlocal most_alive
        for k in range(40):
            made = entry(f"{k}.jpg", thumbnail=bytes(100_000))
            alive.append(weakref.ref(made))
            yield made
            del made
            most_alive = max(most_alive, sum(ref() is not None for ref in alive))
            (partial,) = tmp_path.glob(".beholder-*.partial")
            sizes.append(partial.stat().st_size)

    write(tmp_path / "r.html", stream())
    assert most_alive <= 2
    assert all(later > earlier for earlier, later in pairwise(sizes))
    assert len(blocks(tmp_path / "r.html", "photograph")) == 40


def test_failures_may_grow_while_entries_are_consumed(tmp_path: Path) -> None:
    failures: list[tuple[str, str]] = []

    def stream() -> Iterator[Entry]:
        yield entry()
        failures.append(("late.jpg", "empty file"))

    write(tmp_path / "r.html", stream(), failures)
    assert blocks(tmp_path / "r.html", "failure") == [["late.jpg", "empty file"]]


@pytest.mark.parametrize(
    "error", [RuntimeError("the model fell over"), OSError(errno.ENOSPC, "not ours"), KeyboardInterrupt()]
)
def test_an_error_in_the_entries_passes_and_the_old_report_stays(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "r.html"
    out.write_text("old")

    def stream() -> Iterator[Entry]:
        yield entry()
        raise error

    with pytest.raises(type(error)) as caught:
        write(out, stream())
    assert caught.value is error
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("r.html", "old")]


@pytest.mark.parametrize("where", ["missing/r.html", "file/r.html", "folder", "n" * 300 + ".html"])
def test_a_place_that_cannot_be_written_is_told_before_the_first_entry(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    entries = iter([entry()])
    with pytest.raises(BeholderError) as caught:
        write(tmp_path / where, entries)
    assert str(tmp_path / where) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(list(entries)) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="no devices here")
def test_a_device_is_not_replaced() -> None:
    with pytest.raises(BeholderError, match="not a file"):
        write(Path("/dev/null"), [])


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "not permitted"),
        (errno.EROFS, "not permitted"),
        (errno.EIO, "Input/output"),
    ],
)
def test_an_error_of_the_disk_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(number, os.strerror(number))

    opened = Path.open

    def open_full(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        file = opened(self, mode, *rest, **options)
        return Full() if mode == "wb" else file

    (tmp_path / "r.html").write_text("old")
    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(BeholderError, match=advice):
        write(tmp_path / "r.html", [entry()])
    monkeypatch.undo()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("r.html", "old")]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there, and modes mean little")
def test_a_link_keeps_pointing_and_the_mode_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to(tmp_path / "real.html")
    write(tmp_path / "link.html", [])
    assert (tmp_path / "link.html").is_symlink()
    (tmp_path / "plain").touch()
    assert (tmp_path / "real.html").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_mistakes_of_the_caller_are_value_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one task"):
        write_report(tmp_path / "r.html", [], [], [], model="m")
    with pytest.raises(ValueError, match=r"evidence of beauty: .* got shape \(4,\)"):
        write(tmp_path / "r.html", [entry(evidence={"beauty": np.zeros(4)})])
    assert not list(tmp_path.iterdir())
