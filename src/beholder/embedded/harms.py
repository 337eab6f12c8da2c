"""What harms a photograph and what does not: the changes that a model is trained against and tested with.

A model that sees how a photograph was taken ranks a good frame above the same frame that was harmed. So that it is not
enough to know the file again, the good frame is moved a little first. Definitions and goals stand here once: a training
measures them on photographs that it held out, ``python -m benchmarks harms`` on any folder.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from beholder.photos.edits import (
    add_noise,
    blur,
    blur_by_motion,
    cast_colour,
    change_saturation,
    compress,
    expose,
    tilt,
    tint,
    vignette,
)
from beholder.photos.read import Pixels

Change = Callable[[Pixels, np.random.Generator], Pixels]  # (H, W, 3) uint8, random generator -> (h, w, 3) uint8

SHIFT = 0.01, 0.02  # of each side: the least and the most that a frame is moved
SCREEN_SIDE = 1024  # pixels of the long side that photographs are often reduced to
HARMLESS_LIMIT = 0.05  # native units of the overall score: the mean size of its change by a harmless change
CAST = 90.0  # mired: daylight to 4,100 K or 15,700 K
TINT = 0.7  # stops of green
TILT = 5.0  # degrees


def shift(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Move the frame by 1 to 2% of each side: what it leaves is cut off, and nothing is resampled.

    >>> shift(np.zeros((100, 200, 3), np.uint8), np.random.default_rng(0)).shape
    (98, 197, 3)
    """
    height, width = pixels.shape[:2]
    rows, columns = (min(round(side * rng.uniform(*SHIFT)), side - 1) for side in (height, width))
    top, left = rows * int(rng.integers(2)), columns * int(rng.integers(2))
    return pixels[top : top + height - rows, left : left + width - columns]


@dataclass(frozen=True)
class Harm:
    """One way to harm a photograph.

    Attributes:
        name: a key, as shown in tables.
        goal: share of good photographs, 0 to 1, that are to score above their harmed twin.
        apply: photograph -> harmed photograph.
        reference: photograph -> good frame that the harmed one is compared with, itself moved a little.
        at: name of the series, and the strength in it, that does the same; None if there is none.
    """

    name: str
    goal: float
    apply: Change
    reference: Change = shift
    at: tuple[str, float] | None = None


@dataclass(frozen=True)
class Series:
    """One harm in rising strengths; the mean score must fall with each.

    Attributes:
        name: a key, as shown in tables.
        unit: of the strengths.
        strengths: rising, the first changes nothing.
        apply: photograph, strength, random generator -> photograph.
    """

    name: str
    unit: str
    strengths: tuple[float, ...]
    apply: Callable[[Pixels, float, np.random.Generator], Pixels]


def _always(pixels: Pixels) -> bool:
    return True


@dataclass(frozen=True)
class Harmless:
    """A change that must hardly move a score.

    Attributes:
        name: a key, as shown in tables.
        apply: photograph -> changed photograph.
        applies: whether the change is one for this photograph.
    """

    name: str
    apply: Change
    applies: Callable[[Pixels], bool] = field(default=_always)


def reduce_to(pixels: Pixels, side: int) -> Pixels:
    """Reduce to a long side of ``side`` pixels, if it is longer.

    >>> reduce_to(np.zeros((30, 60, 3), np.uint8), 20).shape
    (10, 20, 3)
    """
    height, width = pixels.shape[:2]
    share = side / max(height, width)
    if share >= 1:
        return pixels
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _upright(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The crop that a tilted photograph is left with, without the tilt."""
    return shift(tilt(pixels, 0, cropped_for=TILT), rng)


def _tilted(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Tilted to one side or the other."""
    return tilt(pixels, TILT if rng.integers(2) else -TILT)


SERIES: dict[str, Series] = {
    each.name: each
    for each in (
        Series("darker", "EV", (0, 1, 2, 3, 4), lambda pixels, stops, rng: expose(pixels, -stops)),
        Series("brighter", "EV", (0, 1, 2, 3), lambda pixels, stops, rng: expose(pixels, stops)),
        Series("blur", "‰", (0, 1, 2, 4, 8), lambda pixels, radius, rng: blur(pixels, radius)),
        Series(
            "motion",
            "‰",
            (0, 5, 10, 20, 40),
            lambda pixels, length, rng: blur_by_motion(pixels, length, float(rng.uniform(0, 180))),
        ),
        Series("noise", "σ of 255", (0, 10, 20, 40), add_noise),
        Series(
            "compression",
            "below JPEG quality 100",
            (0, 60, 80, 90, 95),
            lambda pixels, loss, rng: compress(pixels, 100 - loss) if loss else pixels,
        ),
        Series("saturation", "×", (1, 2, 3, 5), lambda pixels, factor, rng: change_saturation(pixels, factor)),
        Series("warm cast", "mired", (0, 45, CAST, 110), lambda pixels, mired, rng: cast_colour(pixels, mired)),
        Series("cool cast", "mired", (0, 45, CAST, 110), lambda pixels, mired, rng: cast_colour(pixels, -mired)),
        Series("green cast", "stops", (0, 0.35, TINT, 1), lambda pixels, stops, rng: tint(pixels, stops)),
        Series("magenta cast", "stops", (0, 0.35, TINT, 1), lambda pixels, stops, rng: tint(pixels, -stops)),
        Series("vignette", "stops", (0, 1, 2, 3, 4), lambda pixels, stops, rng: vignette(pixels, stops)),
        Series("tilt", "°", (0, 5, 10, 15), lambda pixels, degrees, rng: tilt(pixels, degrees, cropped_for=15)),
    )
}


def _at(name: str, goal: float, series: str, strength: float) -> Harm:
    """The harm that is one strength of a series."""
    apply = SERIES[series].apply
    return Harm(name, goal, lambda pixels, rng: apply(pixels, strength, rng), at=(series, strength))


HARMS: dict[str, Harm] = {
    each.name: each
    for each in (
        _at("exposure -1 EV", 0.85, "darker", 1),
        _at("exposure +1 EV", 0.85, "brighter", 1),
        _at("exposure -2 EV", 0.95, "darker", 2),
        _at("exposure +2 EV", 0.95, "brighter", 2),
        _at("exposure -4 EV", 0.95, "darker", 4),
        _at("blur 1‰", 0.85, "blur", 1),
        _at("blur 2‰", 0.97, "blur", 2),
        _at("blur 4‰", 0.97, "blur", 4),
        _at("motion 10‰", 0.90, "motion", 10),
        _at("noise 20", 0.90, "noise", 20),
        _at("JPEG 20", 0.90, "compression", 80),
        _at("saturation ×3", 0.90, "saturation", 3),
        _at("warm cast", 0.90, "warm cast", CAST),
        _at("cool cast", 0.90, "cool cast", CAST),
        _at("green cast", 0.90, "green cast", TINT),
        _at("magenta cast", 0.90, "magenta cast", TINT),
        _at("vignette 3 stops", 0.90, "vignette", 3),
        Harm("upside down", 0.90, lambda pixels, rng: pixels[::-1, ::-1]),
        Harm("negative", 0.90, lambda pixels, rng: 255 - pixels),
        Harm("tilt 5°", 0.90, _tilted, _upright),
    )
}

HARMLESS: dict[str, Harmless] = {
    each.name: each
    for each in (
        Harmless("frame moved by 1 to 2%", shift),
        Harmless("mirrored", lambda pixels, rng: pixels[:, ::-1]),
        Harmless("JPEG 95", lambda pixels, rng: compress(pixels, 95)),
        Harmless(
            "reduced to 1,024 px",
            lambda pixels, rng: reduce_to(pixels, SCREEN_SIDE),
            lambda pixels: max(pixels.shape[:2]) > SCREEN_SIDE,
        ),
    )
}


def above(good: np.ndarray, harmed: np.ndarray) -> np.ndarray:
    """(N,) whether each good frame scores above its harmed twin: 1 or 0, and 0.5 where the scores are equal."""
    found: np.ndarray = (good > harmed) + 0.5 * (good == harmed)
    return found


def share_above(good: np.ndarray, harmed: np.ndarray) -> float:
    """Share of photographs, 0 to 1, whose good frame scores above their harmed twin; equal scores count half.

    Args:
        good: (N,) scores of the good frames.
        harmed: (N,) scores of their harmed twins.

    >>> share_above(np.array([5.0, 4.0, 3.0, 3.0]), np.array([4.0, 4.0, 2.0, 3.5]))
    0.625
    """
    return float(above(good, harmed).mean())


def is_falling(means: np.ndarray) -> bool:
    """Whether the mean score falls from each strength to the next.

    >>> is_falling(np.array([5.0, 4.8, 4.1])), is_falling(np.array([5.0, 5.1, 4.1]))
    (True, False)
    """
    return bool((np.diff(means) < 0).all())
