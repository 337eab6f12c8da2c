"""One HTML page of the scores of many photographs; it opens from disk and needs no network.

The page is `assets/report.html` with the data inserted. Each photograph is two inert ``<script>`` data blocks: its
numbers, which the page reads at once, and its thumbnail and maps, which it reads when the photograph comes into view.
So the writer holds one photograph at a time, and the browser decodes only what is on the screen. The price is base64: a
photograph takes 1.4 times the bytes of its thumbnail, about 53 KB at 480 px. 5,000 photographs of 27 KB made 136 MB,
which Chromium opened in 1.3 s on two cores.

A larger picture of each would make the page three times as heavy. On a click the page shows the original, by a link
that is relative to the page, so that both can be moved together; the thumbnail stays where that does not work. Only for
formats that no browser shows (HEIC, TIFF, RAW) the page holds a picture of up to 960 px.

File names are not trusted. They are stored as JSON without ``<``, the page inserts them as text only, and its content
security policy allows exactly the one script and the one style sheet of the template, by SHA-256, and pictures inside
the page or in files, but no network.
"""

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from beholder.output.html_page import base64_text, block, described, failure_block, number, template, write_pieces
from beholder.scoring.extra_columns import ExtraColumns
from beholder.scoring.scores import Scores, is_unlike
from beholder.scoring.words import faults, sentences
from beholder.tasks import EDIT, Task, ratings_of
from beholder.text import valid_utf8


@dataclass(frozen=True, eq=False)
class Entry:
    """One scored photograph, as the report shows it.

    Attributes:
        path: the name to show. Bytes that are not UTF-8 (surrogates) are shown as escapes.
        values: task name -> score in native units. A score that is absent or not finite is shown as unknown.
        low, high: ends of the 90% interval of the overall score (the first task), native units.
        percentile: of the overall score among the photographs that trained the model, 0 to 100.
        width, height: of the original, upright, in pixels.
        thumbnail: JPEG bytes from :func:`thumbnail`.
        evidence: task name -> (rows, columns) points of the score, native units, that each cell of the picture adds
            (positive) or takes away (negative): what it loses when the cell is hidden. The grid is stretched over the
            whole picture. A grid that is not finite is left out. Empty for a page without maps.
        distribution: predicted share of the votes for each rating level; empty for a model that predicts none.
        ends: name of an edit -> ends of the 90% interval of its amount.
        unlike: whether the photograph is unlike those that were rated.
        words: what the numbers say, in sentences.
        faults: one line of words for its card: what is clear of light, focus, colour and framing.
        link: URL of the original, relative to the page; empty for none.
        shown: whether a browser shows the original.
    """

    path: str
    values: dict[str, float]
    low: float
    high: float
    percentile: float
    width: int
    height: int
    thumbnail: bytes
    evidence: dict[str, np.ndarray]
    distribution: tuple[float, ...] = ()
    ends: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unlike: bool = False
    words: Sequence[str] = ()
    faults: str = ""
    link: str = ""
    shown: bool = False


def entry(
    path: str,
    scores: Scores,
    picture: bytes,
    evidence: np.ndarray | None = None,
    extras: Sequence[ExtraColumns] = (),
    link: str = "",
    shown: bool = False,
) -> Entry:
    """Make the entry of one photograph.

    Args:
        path: the name to show.
        scores: of length one.
        picture: JPEG bytes from :func:`thumbnail`.
        evidence: (T, rows, columns) maps to show.
        extras: what is added to the scores; those of its columns that are scores are shown too.
        link, shown: as of an entry.
    """
    names = [task.name for task in scores.tasks]
    added = {task.name: float(each.values(scores)[task.name][0]) for each in extras for task in each.tasks}
    return Entry(
        path=path,
        values=dict(zip(names, scores.values[0].tolist(), strict=True)) | added,
        low=float(scores.low[0, 0]),
        high=float(scores.high[0, 0]),
        percentile=float(scores.percentile[0]),
        width=int(scores.sizes[0, 0]),
        height=int(scores.sizes[0, 1]),
        thumbnail=picture,
        evidence={} if evidence is None else dict(zip(names, evidence, strict=True)),
        distribution=() if scores.distribution is None else tuple(scores.distribution[0].tolist()),
        ends={
            task.name: (float(scores.low[0, place]), float(scores.high[0, place]))
            for place, task in enumerate(scores.tasks)
            if task.kind == EDIT
        },
        unlike=is_unlike(scores),
        words=sentences(scores),
        faults=faults(scores),
        link=link,
        shown=shown,
    )


def thumbnail(pixels: np.ndarray, side: int = 320) -> bytes:
    """(H, W, 3) uint8 sRGB -> JPEG bytes with the same aspect ratio, long side at most ``side`` pixels; never enlarged.

    Raises:
        ValueError: the array is not (H, W, 3) uint8 with at least one pixel, or ``side`` is below 1.

    >>> Image.open(io.BytesIO(thumbnail(np.zeros((600, 800, 3), np.uint8), side=320))).size
    (320, 240)
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or pixels.size == 0:
        raise ValueError(f"a thumbnail needs (H, W, 3) uint8 pixels, got {pixels.shape} {pixels.dtype}")
    if side < 1:
        raise ValueError(f"a thumbnail needs a side of at least 1 pixel, got {side}")
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82, optimize=True)
    return buffer.getvalue()


def write_report(
    path: str | os.PathLike[str],
    entries: Iterable[Entry],
    failures: Iterable[tuple[str, str]],
    tasks: Sequence[Task],
    *,
    model: str,
    title: str = "beholder report",
    score_levels: Sequence[float] = (),
    rank_by: str = "",
    tells_unlike: bool = False,
) -> None:
    """Write the page, one entry at a time, to a new file that replaces ``path`` when it is complete.

    Args:
        path: the HTML file. An existing one is replaced, and only by a complete report.
        entries: consumed once, lazily, in any order; none is kept in memory.
        failures: (path, reason) of photographs that could not be scored; iterated after ``entries`` is exhausted, so it
            may be a list that grows meanwhile.
        tasks: what is scored; the first is the overall score. Only ratings have maps.
        model: name and version of the model, shown in the header.
        title: of the page.
        score_levels: rating levels of the first task, if the entries have a distribution.
        rank_by: name of the task by which the page numbers the photographs, and sorts them at first; by default the
            first.
        tells_unlike: whether entries that are unlike what was rated are marked.

    Raises:
        BeholderError: the file cannot be written; the message says what to do. An error that ``entries`` raises is not
            changed. In both cases an older report stays, and no other file is left.
        ValueError: there are no tasks, none is called ``rank_by``, or a grid of evidence is not (rows, columns) with at
            least one cell.
    """
    if not tasks:
        raise ValueError("a report needs at least one task; the first is the overall score")
    lead = [task.name for task in tasks].index(rank_by) if rank_by else 0
    about: dict[str, Any] = {"title": valid_utf8(title), "model": valid_utf8(model)}
    about |= {"tasks": list(map(described, tasks)), "lead": lead}
    if score_levels:
        about["buckets"] = list(map(number, score_levels))
    if tells_unlike:
        about["tellsUnlike"] = True
    write_pieces(path, _page(entries, failures, tasks, about), "the report")


def _page(
    entries: Iterable[Entry],
    failures: Iterable[tuple[str, str]],
    tasks: Sequence[Task],
    about: dict[str, Any],
) -> Iterator[str]:
    """The page in pieces, in order."""
    head, tail = template("report.html")
    yield head
    yield block("about", about)
    for entry in entries:
        mapped = [task.name for task in ratings_of(tasks) if task.name in entry.evidence]
        grids = {name: entry.evidence[name] for name in mapped}
        maps = {name: _quantized(grid, name) for name, grid in grids.items() if np.isfinite(grid).all()}
        numbers: dict[str, Any] = {
            "path": valid_utf8(entry.path),
            "values": [number(entry.values.get(task.name)) for task in tasks],
            "interval": [number(entry.low), number(entry.high)],
            "percentile": number(entry.percentile),
            "size": [int(entry.width), int(entry.height)],
            "maps": {name: told for name, (told, _) in maps.items()},
        }
        if entry.distribution:
            numbers["votes"] = list(map(number, entry.distribution))
        if entry.ends:
            numbers["ends"] = {name: list(map(number, ends)) for name, ends in entry.ends.items()}
        if entry.unlike:
            numbers["unlike"] = True
        if entry.words:
            numbers["words"] = list(map(valid_utf8, entry.words))
        if entry.faults:
            numbers["faults"] = valid_utf8(entry.faults)
        if entry.link:
            numbers |= {"link": entry.link, "shown": entry.shown}
        heavy = {"thumbnail": base64_text(entry.thumbnail), "maps": {name: cells for name, (_, cells) in maps.items()}}
        yield block("photograph", numbers) + block("pixels", heavy)
    for name, reason in failures:
        yield failure_block(name, reason)
    yield tail


def _quantized(grid: np.ndarray, name: str) -> tuple[dict[str, Any], str]:
    """(rows, columns) evidence -> its numbers for the page, and its cells as int8 in units of ``step``, base64.

    The largest cell becomes 127 or -127, so the error of a cell is at most 0.4% of the largest. ``least`` and ``most``
    are of the grid before rounding.
    """
    if grid.ndim != 2 or grid.size == 0:
        raise ValueError(f"evidence of {name}: expected a grid of (rows, columns), got shape {grid.shape}")
    cells = grid.astype(np.float64)
    step = float(np.abs(cells).max()) / 127
    whole = np.rint(cells / step).astype(np.int8) if step > 0 else np.zeros(cells.shape, np.int8)
    about = {
        "shape": list(cells.shape),
        "step": step,
        "least": number(cells.min()),
        "most": number(cells.max()),
    }
    return about, base64_text(whole.tobytes())
