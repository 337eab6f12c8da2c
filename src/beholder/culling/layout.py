"""Whether two photographs have the same framing, however each was exposed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from beholder.errors import PhotoError
from beholder.metrics import srcc
from beholder.photos.read import Pixels, read_photo

SIDE = 48  # pixels of a side of the small picture
MOVED = 2  # of them: a hand that holds a camera between two exposures moves by up to 4% of the frame
EQUAL = 0.8  # rank correlation of two layouts from which the framing is the same
DARK, BRIGHT = 6, 249  # of 255: beyond them an exposure leaves nothing to compare
LEAST = 0.1  # of the picture that must be left to compare

_STEPS = sorted(range(-MOVED, MOVED + 1), key=abs)

Layout: TypeAlias = npt.NDArray[np.uint8]


def layout_of(pixels: Pixels) -> Layout:
    """(H, W, 3) uint8 -> a small grey picture, (SIDE, SIDE) uint8."""
    grey = Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(grey)


def read_layout(path: str | os.PathLike[str]) -> Layout | None:
    """The layout of a photograph in a file; None if it cannot be read.

    >>> read_layout("examples/photos/rocket.jpg").shape, read_layout("missing.jpg")
    ((48, 48), None)
    """
    try:
        return layout_of(read_photo(path, (2 * SIDE, 2 * SIDE)).pixels)
    except (PhotoError, MemoryError):
        return None


def equal_framing(one: Layout | None, other: Layout | None) -> bool:
    """Whether two layouts are of one framing: their grey values are in the same order of brightness.

    What one of them shows as black or white is not compared, and one of them may be moved a little. Never where one is
    unknown, or too little is left to compare.

    >>> picture = np.arange(60, 60 + SIDE * 3, 3, np.uint8)[:, None] + np.arange(SIDE, dtype=np.uint8)
    >>> equal_framing(picture, picture // 2), equal_framing(picture, picture[::-1])
    (True, False)
    """
    return one is not None and other is not None and any(found >= EQUAL for found in _correlations(one, other))


def _correlations(one: Layout, other: Layout) -> Iterator[float]:
    """Rank correlations of two layouts, one of which is moved, at first not at all."""
    height, width = one.shape
    for down in _STEPS:
        for across in _STEPS:
            a = one[max(0, down) : height + min(0, down), max(0, across) : width + min(0, across)]
            b = other[max(0, -down) : height + min(0, -down), max(0, -across) : width + min(0, -across)]
            shown = (np.minimum(a, b) >= DARK) & (np.maximum(a, b) <= BRIGHT)
            if shown.mean() >= LEAST:
                yield srcc(a[shown].astype(float), b[shown].astype(float))
