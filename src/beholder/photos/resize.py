"""Sizes: the smallest size to decode, and resizing."""

from __future__ import annotations

import numpy as np
from PIL import Image

from beholder.errors import PhotoError
from beholder.photos.read import Photo, Pixels

LONGEST = 10  # long edge to short edge, where the aspect ratio is kept


def decode_size(size: tuple[int, int]) -> tuple[int, int]:
    """What a reduced decode may not fall below where pixels of ``size`` (width, height) are wanted: 1.5 times that.

    Scores then differ from those of a whole decode by half a per cent of their scale on average.
    """
    return (3 * size[0] + 1) // 2, (3 * size[1] + 1) // 2


def resize_exact(photo_or_pixels: Photo | Pixels, size: tuple[int, int]) -> Pixels:
    """(H, W, 3) uint8 -> exactly `size` (width, height) by antialiased bicubic; the aspect ratio is not kept."""
    pixels = photo_or_pixels.pixels if isinstance(photo_or_pixels, Photo) else photo_or_pixels
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def short_edge(width: int, height: int, side: int, label: str = "<photograph>") -> tuple[int, int]:
    """(width, height) whose shorter one is `side`, the aspect ratio kept to a pixel.

    Raises `PhotoError` for a photograph more than `LONGEST` times as long as wide.

    >>> short_edge(500, 400, 256)
    (320, 256)
    """
    short, long = sorted((width, height))
    if long > LONGEST * short:
        raise PhotoError(
            f"{label}: {width} x {height} pixels, more than {LONGEST}:1, where the aspect ratio is kept; crop it"
        )
    return (2 * width * side + short) // (2 * short), (2 * height * side + short) // (2 * short)
