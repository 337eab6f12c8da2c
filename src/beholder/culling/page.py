"""One HTML page of a culled shoot: each series as a strip, the best frame first, with the reason under each.

The page is `assets/cull.html` with the data inserted, made as the page of `beholder report` is
(:mod:`beholder.output.html_page`). Each series is one inert block of numbers, which the page reads at once, then one
block a frame with its pictures, which it reads when the frame comes into view. So the writer holds one series at a
time, and the browser decodes only what is on the screen.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beholder.output.html_page import base64_text, block, described, failure_block, number, template, write_pieces
from beholder.tasks import EDIT, UNLIKE, Task
from beholder.text import valid_utf8

_TEXTS = ("decision", "reason", "captured", "camera", "paired_with")  # cells of a row that the page shows as they are
_MEASURES = (
    "sharpness_subject",
    "sharpness_best",
    "motion_measured",
    "clipped_high",
    "clipped_low",
    "noise_measured",
)


@dataclass(frozen=True, eq=False)
class PageFrame:
    """One photograph of a series, as the page shows it.

    Attributes:
        row: of the table of `beholder cull`: path, rank, decision, reason, scores and measures. A cell that is absent,
            None or not finite is shown as unknown.
        thumbnail: JPEG bytes of the whole picture; empty for none.
        crop: JPEG bytes of a part at 100%, the same part in all frames of a series; empty if it was not measured.
        link: URL of the original, relative to the page; empty for none.
        shown: whether a browser shows the original.
    """

    row: Mapping[str, Any]
    thumbnail: bytes
    crop: bytes = b""
    link: str = ""
    shown: bool = False


@dataclass(frozen=True, eq=False)
class PageSeries:
    """One series.

    Attributes:
        number: of the series in the table.
        kind: ``single``, ``burst``, ``bracket`` or another one of :mod:`beholder.culling.series`.
        scene: number of the scene.
        frames: best first.
    """

    number: int
    kind: str
    scene: int
    frames: Sequence[PageFrame]


def write_page(
    path: str | os.PathLike[str],
    series: Iterable[PageSeries],
    failures: Iterable[tuple[str, str]],
    *,
    tasks: Sequence[Task],
    model: str,
    title: str = "beholder cull",
    rank_by: str = "",
) -> None:
    """Write the page, one series at a time, to a new file that replaces ``path`` when it is complete.

    Args:
        path: the HTML file. An existing one is replaced, and only by a complete page.
        series: consumed once, lazily; none is kept in memory.
        failures: (path, reason) of photographs that could not be read; iterated after ``series`` is exhausted, so it
            may be a list that grows meanwhile.
        tasks: what is scored; the first is the overall score, whose column is ``overall``.
        model: name and version of the model, shown in the header.
        title: of the page.
        rank_by: name of the task whose score is under each photograph and sorts the series; by default the first.

    Raises:
        BeholderError: the file cannot be written; the message says what to do. An error that ``series`` raises is not
            changed. In both cases an older page stays, and no other file is left.
        ValueError: there are no tasks, or none is called ``rank_by``.
    """
    if not tasks:
        raise ValueError("a page needs at least one task; the first is the overall score")
    lead = [task.name for task in tasks].index(rank_by) if rank_by else 0
    about = {"title": valid_utf8(title), "model": valid_utf8(model), "tasks": list(map(described, tasks)), "lead": lead}
    write_pieces(path, _page(series, failures, tasks, about), "the page")


def _page(
    series: Iterable[PageSeries],
    failures: Iterable[tuple[str, str]],
    tasks: Sequence[Task],
    about: Mapping[str, Any],
) -> Iterator[str]:
    """The page in pieces, in order."""
    head, tail = template("cull.html")
    yield head
    yield block("about", about)
    for each in series:
        frames = [_numbers(frame, tasks) for frame in each.frames]
        yield block(
            "series",
            {"number": int(each.number), "kind": valid_utf8(each.kind), "scene": int(each.scene), "frames": frames},
        )
        for frame in each.frames:
            pictures = {"thumbnail": base64_text(frame.thumbnail), "crop": base64_text(frame.crop)}
            yield block("pixels", pictures)
    for name, reason in failures:
        yield failure_block(name, reason)
    yield tail


def _numbers(frame: PageFrame, tasks: Sequence[Task]) -> dict[str, Any]:
    """What the page reads of a frame at once: all but its pictures."""
    row = frame.row
    edits = [task.name for task in tasks if task.kind == EDIT]
    numbers: dict[str, Any] = {
        "path": valid_utf8(str(row["path"])),
        "values": [_cell(row, "overall"), *(_cell(row, task.name) for task in tasks[1:])],
        "interval": [_cell(row, "low"), _cell(row, "high")],
        "percentile": _cell(row, "percentile"),
        "size": [_cell(row, "width"), _cell(row, "height")],
        "ends": {name: [_cell(row, f"{name}_low"), _cell(row, f"{name}_high")] for name in edits},
        "rank": _cell(row, "rank"),
        "best": _cell(row, "p_best"),
        "measures": [_cell(row, name) for name in _MEASURES],
        "pictured": bool(frame.thumbnail),
        "cropped": bool(frame.crop),
    }
    numbers |= {name: valid_utf8(str(row.get(name) or "")) for name in _TEXTS}
    if row.get(UNLIKE):
        numbers["unlike"] = True
    if frame.link:
        numbers |= {"link": frame.link, "shown": frame.shown}
    return numbers


def _cell(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return None if value is None or isinstance(value, str) else number(value)
