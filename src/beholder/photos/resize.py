"""Sizes: the smallest size to decode, and resizing."""

from __future__ import annotations

import numpy as np
from PIL import Image

from beholder.errors import PhotoError
from beholder.photos.read import Photo, Pixels

MAX_ASPECT_RATIO = 10  # long side to short side of a photograph that is resized with its aspect ratio kept


def decode_size(size: tuple[int, int]) -> tuple[int, int]:
    """The smallest size to decode for pixels of ``size`` (width, height): 1.5 times that.

    Scores then differ from those of a full decode by half a per cent of their scale on average.

    >>> decode_size((224, 224))
    (336, 336)
    """
    return (3 * size[0] + 1) // 2, (3 * size[1] + 1) // 2


def resize_exact(photo_or_pixels: Photo | Pixels, size: tuple[int, int]) -> Pixels:
    """(H, W, 3) uint8 -> exactly `size` (width, height) by antialiased bicubic; the aspect ratio is not kept."""
    pixels = photo_or_pixels.pixels if isinstance(photo_or_pixels, Photo) else photo_or_pixels
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def short_edge(width: int, height: int, side: int, label: str = "<photograph>") -> tuple[int, int]:
    """(width, height) with the shorter side equal to `side` and the aspect ratio kept to a pixel.

    Raises:
        PhotoError: the photograph, named `label`, is more than `MAX_ASPECT_RATIO` times as long as wide.

    >>> short_edge(500, 400, 256)
    (320, 256)
    """
    short, long = sorted((width, height))
    if long > MAX_ASPECT_RATIO * short:
        limit = f"{MAX_ASPECT_RATIO}:1, where the aspect ratio is kept"
        raise PhotoError(f"{label}: {width} x {height} pixels, more than {limit}; crop it")
    return (2 * width * side + short) // (2 * short), (2 * height * side + short) // (2 * short)
