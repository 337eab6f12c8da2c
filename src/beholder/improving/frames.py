"""Crops that are tried: inside a border, and windows of the shapes that photographs are shown in."""

import numpy as np

from beholder.errors import BeholderError
from beholder.improving.borders import Box, inner_frames
from beholder.improving.changes import BORDER, CROP, Change
from beholder.photos.read import Pixels

ASPECTS = ("1:1", "4:5", "3:2", "16:9")
CLEAR = 1.5  # how clear a border must be (:func:`beholder.improving.borders.inner_frames`)
NEARLY = 0.8  # of the clearest border: what others must have to be tried
MIN_SHARE = 0.5  # of the area, that a crop leaves
_SCALES = (1.0, 0.88, 0.76)  # of the largest window of a shape
_PLACES = (0.0, 0.5, 1.0)  # of a window along each side


def border_crops(pixels: Pixels, count: int = 4) -> list[Change]:
    """Crops that leave a border out, the likeliest first; none where no border is seen clearly."""
    found = inner_frames(pixels, count)
    if not found or found[0][0] < CLEAR:
        return []
    return [Change(CROP, clear, box, BORDER) for clear, box in found if clear > NEARLY * found[0][0]]


def windows(width: int, height: int, aspect: str = "", scales: tuple[float, ...] = _SCALES) -> list[Change]:
    """Crops of one shape: sizes and places, each inside the picture and at least half of it.

    Args:
        width, height: of the photograph, pixels.
        aspect: such as ``4:5``, turned upright or across as the photograph is; empty for the photograph's own.
        scales: of the largest window that fits.

    Raises:
        BeholderError: the aspect is none, or less than half of the photograph would be left.

    >>> [each.words for each in windows(300, 200, "1:1", (1.0,))]
    ['crop 1:1, 67% left', 'crop 1:1, 67% left', 'crop 1:1, 67% left']
    """
    shape = width / height
    wanted = ratio(aspect, shape) if aspect else shape
    across, down = min(1.0, wanted / shape), min(1.0, shape / wanted)  # shares of the largest window
    if across * down < MIN_SHARE:
        raise BeholderError(
            f"a crop of {aspect} would leave {100 * across * down:.0f}% of {width} x {height} pixels, and half is the "
            "least; choose a shape that is nearer"
        )
    found: list[Box] = []
    for scale in scales:
        wide, tall = across * scale, down * scale
        if wide * tall < MIN_SHARE or (not aspect and scale == 1):
            continue
        for x in _PLACES if wide < 0.99 else (0.5,):
            for y in _PLACES if tall < 0.99 else (0.5,):
                left, top = x * (1 - wide), y * (1 - tall)
                found.append((left, top, left + wide, top + tall))
    return [Change(CROP, box=box, aspect=aspect) for box in found]


def ratio(aspect: str, shape: float) -> float:
    """Width by height of an aspect, turned as a photograph of this shape is: 4:5 is 5:4 of one that lies across.

    >>> ratio("4:5", 1.5), ratio("16:9", 0.7)
    (1.25, 0.5625)

    Raises:
        BeholderError: it is not two positive numbers with a colon between them.
    """
    try:
        first, second = (float(part) for part in aspect.split(":"))
        found = first / second
        if not (np.isfinite(found) and found > 0):
            raise ValueError
    except (ValueError, ZeroDivisionError):
        raise BeholderError(f"{aspect!r} is no shape of a crop; give it as 4:5, 1:1, 3:2 or 16:9") from None
    return max(found, 1 / found) if shape >= 1 else min(found, 1 / found)
