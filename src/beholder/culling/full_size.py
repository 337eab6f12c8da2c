"""Look at photographs at full resolution: measure them, and cut out what a page shows of them.

All frames of a series are cut at the place where the first one is sharpest, so they wait for that one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, MutableMapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from beholder.culling.measures import Measures, measure
from beholder.culling.shoot import Shot
from beholder.errors import PhotoError
from beholder.output.report import thumbnail
from beholder.photos.formats import BROWSER_FORMATS
from beholder.photos.read import Pixels, read_photo
from beholder.scoring.cores import CORES, CoreLimit

THUMBNAIL_SIDE = 480  # pixels of the long side
CROP_SIDE = 240  # pixels of a side of what is shown at 100%
AHEAD = 4  # photographs for each worker that wait to be looked at


@dataclass(frozen=True)
class Look:
    """What was seen of one photograph at full resolution.

    Attributes:
        measures: None if it was not measured, or could not be read again.
        thumbnail: JPEG bytes; empty if no picture was asked for.
        crop: JPEG bytes of a part at 100%; empty if no picture was asked for, or it was not measured.
        shown: whether a browser shows the file itself.
    """

    measures: Measures | None = None
    thumbnail: bytes = b""
    crop: bytes = b""
    shown: bool = False


def look_at(
    groups: Sequence[Sequence[Shot]],
    *,
    measured: Sequence[bool],
    pictures: bool,
    workers: int | None = None,
    threads: int | CoreLimit | None = None,
    known: MutableMapping[str, Measures] | None = None,
) -> Iterator[list[Look]]:
    """Look at each group of photographs.

    Args:
        groups: of photographs; in each the first one decides where the others are cut.
        measured: for each group, whether it is measured.
        pictures: whether thumbnails and crops are made.
        workers: decoding threads; by default as many as ``threads``, or one per core.
        threads: cores that are used at once, or a limit that other work shares.
        known: sha256 -> what was measured before, with the same model; what is measured is added. Where no pictures
            are made, photographs that are known are not read again.

    Yields:
        For each group, in order, one look per photograph. Those that can no longer be read have no measures.
    """
    limit = CoreLimit.of(threads)
    workers = workers or limit.cores or CORES
    pool = ThreadPoolExecutor(workers)
    waiting: deque[list[Future[Look]]] = deque()
    try:
        for group, wanted in zip(groups, measured, strict=True):
            waiting.append([])
            for shot in group:  # a first one is always started before those that wait for it
                first = waiting[-1][0] if waiting[-1] else None
                before = {} if known is None else known
                waiting[-1].append(pool.submit(_look_at, shot, wanted, pictures, first, before, limit))
            while sum(map(len, waiting)) > AHEAD * workers:
                yield [look.result() for look in waiting.popleft()]
        while waiting:
            yield [look.result() for look in waiting.popleft()]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _look_at(
    shot: Shot,
    measured: bool,
    pictures: bool,
    first: Future[Look] | None,
    known: MutableMapping[str, Measures],
    limit: CoreLimit,
) -> Look:
    if not (measured or pictures) or not shot.is_scored:
        return Look()
    if not pictures and (before := known.get(shot.row["sha256"])) is not None:
        return Look(before)
    try:
        place = place_of(first.result()) if first else None
        with limit.taken():
            look = _look(shot, measured, pictures, place)
        if look.measures is not None:
            known[shot.row["sha256"]] = look.measures
        return look
    except (PhotoError, MemoryError):
        return Look()


def place_of(look: Look) -> tuple[float, float] | None:
    """Where a photograph is sharpest, in shares of its width and height; None if it was not measured."""
    if look.measures is None:
        return None
    left, top, right, bottom = look.measures.sharpest
    width, height = look.measures.size
    return (left + right) / 2 / width, (top + bottom) / 2 / height


def _look(shot: Shot, measured: bool, pictures: bool, place: tuple[float, float] | None) -> Look:
    smallest = None if measured else (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    with ExitStack() as reservation:
        photo = read_photo(shot.path, smallest, reservation=reservation)
        found = Look(measure(photo.pixels, shot.subject) if measured else None)
        if not pictures:
            return found
        where = place or place_of(found)
        crop = thumbnail(cut(photo.pixels, *where), CROP_SIDE) if where else b""
        return Look(found.measures, thumbnail(photo.pixels, THUMBNAIL_SIDE), crop, photo.format in BROWSER_FORMATS)


def cut(pixels: Pixels, x: float, y: float, side: int = CROP_SIDE) -> Pixels:
    """The square of a side of pixels around a place in shares of width and height, moved inside the picture.

    >>> cut(np.zeros((300, 400, 3), np.uint8), 0.0, 1.0).shape
    (240, 240, 3)
    """
    height, width = pixels.shape[:2]
    top = min(max(0, round(y * height) - side // 2), max(0, height - side))
    left = min(max(0, round(x * width) - side // 2), max(0, width - side))
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])
