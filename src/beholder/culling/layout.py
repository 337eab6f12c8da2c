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
EQUAL = 0.9  # correlation of two layouts from which the framing is the same

Layout: TypeAlias = npt.NDArray[np.float32]


def layout_of(pixels: Pixels) -> Layout:
    """A small grey picture whose values are replaced by their ranks, which no exposure changes.

    Args:
        pixels: (H, W, 3) uint8.

    Returns:
        (SIDE * SIDE,) of mean 0 and length 1, so that a product of two is their correlation; zeros of a blank picture.
    """
    grey = Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    values, places, counts = np.unique(np.asarray(grey), return_inverse=True, return_counts=True)
    if len(values) == 1:
        return np.zeros(SIDE * SIDE, np.float32)
    ranks = (np.cumsum(counts) - (counts + 1) / 2)[places.ravel()]  # equal values share a rank
    ranks -= ranks.mean()
    return (ranks / np.linalg.norm(ranks)).astype(np.float32)


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
    """Whether two layouts are of one framing; never where one is unknown or blank."""
    return one is not None and other is not None and float(one @ other) >= EQUAL
