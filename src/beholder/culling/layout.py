"""Whether two photographs have the same framing, however each was exposed."""

from __future__ import annotations

import os
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from beholder.errors import PhotoError
from beholder.photos.read import Pixels, read_photo

SIDE = 32  # pixels of a side of the small picture
EQUAL = 0.9  # rank correlation of two small pictures from which the framing is the same
DARKEST, BRIGHTEST = 4, 251  # beyond, a pixel is clipped and says nothing of what is there
MIN_COMPARED = 50  # pixels that are clipped in neither, to compare

Layout: TypeAlias = npt.NDArray[np.uint8]


def layout_of(pixels: Pixels) -> Layout:
    """(H, W, 3) uint8 -> (SIDE * SIDE,) uint8, a small grey picture."""
    grey = Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(grey).ravel()


def read_layout(path: str | os.PathLike[str]) -> Layout | None:
    """The layout of a photograph in a file; None if it cannot be read.

    >>> read_layout("examples/photos/rocket.jpg").shape, read_layout("missing.jpg")
    ((1024,), None)
    """
    try:
        return layout_of(read_photo(path, (2 * SIDE, 2 * SIDE)).pixels)
    except PhotoError:
        return None


def equal_framing(one: Layout | None, other: Layout | None) -> bool:
    """Whether two layouts are of one framing; never where one is unknown or blank.

    What is clipped in either is left out, and ranks are compared, which no exposure changes. Where nearly all is
    clipped, as at the ends of a long bracket, nothing speaks against it.
    """
    if one is None or other is None or one.min() == one.max() or other.min() == other.max():
        return False
    clear = np.all([(each >= DARKEST) & (each <= BRIGHTEST) for each in (one, other)], axis=0)
    if clear.sum() < MIN_COMPARED:
        return True
    ranks = [_ranks(each[clear]) for each in (one, other)]
    lengths = [float(np.linalg.norm(each)) for each in ranks]
    return min(lengths) > 0 and float(ranks[0] @ ranks[1]) >= EQUAL * lengths[0] * lengths[1]


def _ranks(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Ranks less their mean; equal values share one."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: npt.NDArray[np.float64] = (np.cumsum(counts) - (counts + 1) / 2)[places]
    return ranks - ranks.mean()
