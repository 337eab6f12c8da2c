"""Signed maps drawn over photographs: orange raises the score, blue lowers it, at a scale that is stated.

The photograph under a map is grey and dark, whatever it was, so that both colours and the lines at stated levels can be
seen on snow and at night. The two colours can be told apart with any colour vision. A map is never stretched to fill
the colours unasked, so a flat map looks flat.
"""

import math

import numpy as np
from PIL import Image, ImageOps

RAISES, LOWERS = (255, 140, 20), (60, 150, 255)  # orange, blue
RAISES_LINE, LOWERS_LINE = (255, 214, 150), (185, 220, 255)  # of their contour lines
DARKEST, BRIGHTEST = 20, 150  # grey of what was black and what was white, under a map
BAR_GREY = 80  # under the colours of a scale bar
MAX_OPACITY = 0.65  # of the colour at the end of the scale
GAMMA = 0.7  # opacity grows with strength ** GAMMA; below 1, so that weak evidence stays visible
_STEPS = {1: 0.25, 2: 0.5, 3: 1, 4: 1, 5: 1, 6: 2, 7: 2, 8: 2, 9: 3}  # first figure of a scale -> of the contour lines


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


def contour_step(scale: float) -> float:
    """Points between two contour lines on a scale of one significant figure: round, three or four lines a side.

    >>> contour_step(0.08), contour_step(0.3), contour_step(1.0)
    (0.02, 0.1, 0.25)
    """
    digit, exponent = f"{scale:.0e}".split("e")
    return float(f"{_STEPS[int(digit)]}e{exponent}")


def overlay(photo: Image.Image, evidence: np.ndarray, scale: float) -> Image.Image:
    """A dark grey photograph under a signed map, with contour lines every :func:`contour_step`.

    Args:
        photo: RGB, of the size to draw.
        evidence: (rows, columns) finite points of the score that each cell adds (positive) or takes (negative);
            enlarged to the photograph by bicubic interpolation.
        scale: points of the score at full colour; what is beyond is drawn as full colour.
    """
    cells = Image.fromarray(np.ascontiguousarray(evidence, np.float32))
    strength = np.asarray(cells.resize(photo.size, Image.Resampling.BICUBIC)) / scale
    seen = ImageOps.autocontrast(photo.convert("L"), cutoff=1)  # something can be seen of a night, too
    grey = DARKEST + np.asarray(seen, np.float32) * ((BRIGHTEST - DARKEST) / 255)
    return _drawn(np.repeat(grey[..., None], 3, axis=2), strength, contour_step(scale) / scale)


def scale_bar(width: int, height: int, scale: float) -> Image.Image:
    """The colours and lines from one end of a scale, ``-scale``, to the other, over grey."""
    strength = np.tile(np.linspace(-1, 1, width), (height, 1))
    return _drawn(np.full((height, width, 3), BAR_GREY), strength, contour_step(scale) / scale)


def _drawn(background: np.ndarray, strength: np.ndarray, step: float) -> Image.Image:
    """(H, W, 3) pixels under the colours of an (H, W) strength from -1 to 1, with lines at multiples of ``step``."""
    strength = np.clip(strength, -1, 1)
    positive = strength[..., None] > 0
    opacity = MAX_OPACITY * np.abs(strength)[..., None] ** GAMMA
    picture = background * (1 - opacity) + np.where(positive, RAISES, LOWERS) * opacity
    levels = np.floor(np.abs(strength) / step + 1e-6)
    levels = np.minimum(levels, np.ceil(1 / step - 1e-6) - 1)  # no line where full colour begins
    lines = _borders(levels * np.sign(strength))[..., None]
    picture = np.where(lines, np.where(positive, RAISES_LINE, LOWERS_LINE), picture)
    return Image.fromarray(picture.astype(np.uint8))


def _borders(levels: np.ndarray) -> np.ndarray:
    """(H, W) booleans, true where a pixel differs from the one before it in its row or column: lines of two pixels."""
    borders = np.zeros(levels.shape, bool)
    across, down = levels[:, 1:] != levels[:, :-1], levels[1:] != levels[:-1]
    borders[:, 1:] |= across
    borders[:, :-1] |= across
    borders[1:] |= down
    borders[:-1] |= down
    return borders
