"""Signed maps drawn over photographs: orange raises the score, blue lowers it, at a scale that is stated.

The two colours can be told apart with any colour vision. A map is never stretched to fill the colours unasked, so a
flat map looks flat.
"""

import math

import numpy as np
from PIL import Image

RAISES, LOWERS = (230, 120, 0), (30, 100, 220)  # orange, blue
BAR_GREY = 170  # under the colours of a scale bar
MAX_OPACITY = 0.75  # of the colour at the end of the scale
GAMMA = 0.7  # opacity grows with strength ** GAMMA; below 1, so that weak evidence stays visible


def scale_end(largest: float) -> float:
    """The end of a scale that holds ``largest``: rounded up to one significant figure, 1 for an all-zero map.

    Seven digits of ``largest`` count, which is what float32 has.

    >>> scale_end(0.07), scale_end(0.071), scale_end(0.95)
    (0.07, 0.08, 1.0)
    """
    if largest == 0:
        return 1.0
    digits, exponent = f"{largest:.6e}".split("e")
    return float(f"{math.ceil(float(digits))}e{exponent}")


def overlay(photo: Image.Image, evidence: np.ndarray, scale: float) -> Image.Image:
    """A greyed photograph under a signed map.

    Args:
        photo: RGB, of the size to draw.
        evidence: (rows, columns) finite points of the score that each cell adds (positive) or takes (negative);
            enlarged to the photograph by bicubic interpolation.
        scale: points of the score at full colour; what is beyond is drawn as full colour.
    """
    cells = Image.fromarray(np.ascontiguousarray(evidence, np.float32))
    strength = np.asarray(cells.resize(photo.size, Image.Resampling.BICUBIC)) / scale
    grey = np.asarray(photo.convert("L").convert("RGB"), dtype=np.float32) * 0.55 + np.asarray(photo) * 0.45
    return _blend(grey, strength)


def scale_bar(width: int, height: int) -> Image.Image:
    """The colours from one end of a scale, ``-scale``, to the other, over grey."""
    return _blend(np.full((height, width, 3), BAR_GREY), np.tile(np.linspace(-1, 1, width), (height, 1)))


def _blend(background: np.ndarray, strength: np.ndarray) -> Image.Image:
    """(H, W, 3) pixels under the colours of an (H, W) strength from -1 to 1."""
    strength = np.clip(strength, -1, 1)[..., None]
    colour = np.where(strength > 0, RAISES, LOWERS).astype(np.float32)
    opacity = MAX_OPACITY * np.abs(strength) ** GAMMA
    return Image.fromarray((background * (1 - opacity) + colour * opacity).astype(np.uint8))
