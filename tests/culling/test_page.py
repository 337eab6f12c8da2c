"""The page of a culled shoot: what is written, and what hostile names can do."""

import base64
import errno
import os
import re
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from beholder.culling.page import PageFrame, PageSeries
from beholder.errors import BeholderError
from beholder.output.html_page import is_page
from helpers.cull_pages import TASKS, UNKNOWN, frame, row, series, shoot, unknown, write
from helpers.report_pages import HOSTILE, blocks


def test_the_page_holds_series_with_their_numbers_and_words(tmp_path: Path) -> None:
    out = tmp_path / "cull.html"
    write(out, shoot(), title="Lake")
    assert is_page(out)
    (about,) = blocks(out, "about")
    assert (about["title"], about["model"], about["lead"]) == ("Lake", "default 2.0", 0)
    assert [task["name"] for task in about["tasks"]] == [task.name for task in TASKS]
    found = blocks(out, "series")
    assert [(each["number"], each["kind"], each["scene"], len(each["frames"])) for each in found] == [
        (1, "burst", 1, 4),
        (2, "single", 2, 1),
        (3, "single", 3, 1),
        (4, "burst", 4, 2),
        (5, "bracket", 5, 3),
    ]
    write(out, [series(1, frame("b/IMG 1.jpg", 2, link="../a%20b.jpg", shown=True, unlike=1))])
    assert blocks(out, "series")[0]["frames"] == [
        {
            "path": "b/IMG 1.jpg",
            "values": [5, 4, 0.5],  # the first task's is the column `overall`
            "interval": [4.25, 5.75],
            "percentile": 50,
            "size": [480, 320],
            "ends": {"exposure": [0.25, 0.75]},
            "rank": 2,
            "best": 0.82,
            "measures": [25, 60, 0.25, 1.25, 0, 2],
            "pictured": True,
            "cropped": True,
            "decision": "pick",
            "reason": "sharper by 38% at the subject than b.jpg",
            "captured": "2026-05-03T14:03:12.250+02:00",
            "camera": "Canon EOS R5",
            "paired_with": "",
            "unlike": True,
            "link": "../a%20b.jpg",
            "shown": True,
        }
    ]


def test_each_frame_has_a_block_of_its_pictures_in_order(tmp_path: Path) -> None:
    found = [series(1, frame("a.jpg"), frame("b.jpg", 2)), series(2, PageFrame(row("c.jpg"), b""))]
    write(tmp_path / "cull.html", found, [("d.jpg", "cut short")])
    pixels = blocks(tmp_path / "cull.html", "pixels")
    frames = [frame for each in found for frame in each.frames]
    assert [[base64.b64decode(each[part]) for part in ("thumbnail", "crop")] for each in pixels] == [
        [each.thumbnail, each.crop] for each in frames
    ]
    assert blocks(tmp_path / "cull.html", "failure") == [["d.jpg", "cut short"]]
    order = re.findall(r'class="(series|pixels|failure)">', (tmp_path / "cull.html").read_text())
    assert order == ["series", "pixels", "pixels", "series", "pixels", "failure"]


@pytest.mark.parametrize("cells", [UNKNOWN, dict.fromkeys(UNKNOWN, "")], ids=["none", "empty"])
def test_what_is_not_known_is_null_or_empty(tmp_path: Path, cells: dict[str, object]) -> None:
    write(tmp_path / "cull.html", [series(1, unknown("a.jpg", cells)), series(2, PageFrame({"path": "bare.jpg"}, b""))])
    for each in blocks(tmp_path / "cull.html", "series"):
        (found,) = each["frames"]
        numbers = [*found["values"], *found["interval"], *found["size"], *found["ends"]["exposure"], *found["measures"]]
        assert {*numbers, found["percentile"], found["rank"], found["best"]} == {None}
        assert {found[name] for name in ("decision", "reason", "captured", "camera", "paired_with")} == {""}


def test_hostile_text_stays_inside_its_data_block(tmp_path: Path) -> None:
    out = tmp_path / "cull.html"
    found = [
        series(1, *(frame(name, reason=name, camera=name, captured=name, paired_with=name) for name in HOSTILE)),
        PageSeries(2, HOSTILE[1], 2, [frame()]),
    ]
    write(out, found, [(name, name) for name in HOSTILE], model=HOSTILE[0], title=HOSTILE[1])
    text = out.read_text(encoding="utf-8")
    assert not any(name in text for name in HOSTILE[:3])
    assert "alert(1)</" not in text
    # What is not data is the template: the same number of elements as in an empty page.
    write(tmp_path / "empty.html", [])
    data = r'<script type="application/json" class="\w+">[^<]*</script>\n'
    assert re.sub(data, "", text) == re.sub(data, "", (tmp_path / "empty.html").read_text(encoding="utf-8"))
    assert [each["path"] for each in blocks(out, "series")[0]["frames"]] == HOSTILE


def test_a_name_that_is_no_utf8_is_shown_with_escapes(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode("caf") + b"\xe9.jpg")
    write(tmp_path / "cull.html", [series(1, frame(name, reason=f"softer than {name}"))], [(name, "unreadable")])
    (found,) = blocks(tmp_path / "cull.html", "series")[0]["frames"]
    assert (found["path"], found["reason"]) == (r"caf\udce9.jpg", r"softer than caf\udce9.jpg")
    assert blocks(tmp_path / "cull.html", "failure") == [[r"caf\udce9.jpg", "unreadable"]]


def test_the_template_inserts_no_markup_and_reaches_for_nothing(tmp_path: Path) -> None:
    write(tmp_path / "cull.html", [])
    text = (tmp_path / "cull.html").read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|\{\{", text)
    assert re.findall(r"https?://[^\"' ]+", text) == []
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src 'none'; img-src data: file: 'self'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_series_are_written_and_forgotten_as_they_come(tmp_path: Path) -> None:
    alive: list[weakref.ref[PageSeries]] = []
    most_alive, sizes = 0, []

    def stream() -> Iterator[PageSeries]:
        nonlocal most_alive
        for number in range(30):
            made = series(number, *(PageFrame(row(rank=rank), bytes(100_000)) for rank in (1, 2)))
            alive.append(weakref.ref(made))
            yield made
            del made
            most_alive = max(most_alive, sum(ref() is not None for ref in alive))
            (partial,) = tmp_path.glob(".beholder-*.partial")
            sizes.append(partial.stat().st_size)

    write(tmp_path / "cull.html", stream())
    assert most_alive <= 1
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("error", [RuntimeError("fell over"), OSError(errno.ENOSPC, "not ours"), KeyboardInterrupt()])
def test_an_error_in_the_series_passes_and_the_old_page_stays(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "cull.html"
    out.write_text("old")

    def stream() -> Iterator[PageSeries]:
        yield series(1, frame())
        raise error

    with pytest.raises(type(error)) as caught:
        write(out, stream())
    assert caught.value is error
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("cull.html", "old")]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(BeholderError, match="the page"):
        write(tmp_path / "missing" / "cull.html", [])


def test_failures_may_grow_while_series_are_consumed(tmp_path: Path) -> None:
    failures: list[tuple[str, str]] = []

    def stream() -> Iterator[PageSeries]:
        yield series(1, frame())
        failures.append(("late.jpg", "empty file"))

    write(tmp_path / "cull.html", stream(), failures)
    assert blocks(tmp_path / "cull.html", "failure") == [["late.jpg", "empty file"]]


def test_photographs_are_shown_with_another_score(tmp_path: Path) -> None:
    write(tmp_path / "cull.html", [], rank_by="beauty")
    assert blocks(tmp_path / "cull.html", "about")[0]["lead"] == 1


def test_mistakes_of_the_caller_are_value_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one task"):
        write(tmp_path / "cull.html", [], tasks=[])
    with pytest.raises(ValueError, match="absent"):
        write(tmp_path / "cull.html", [], rank_by="absent")
    assert not list(tmp_path.iterdir())
