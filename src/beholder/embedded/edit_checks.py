"""How well amounts of edits are predicted: what edits are drawn, what is mistaken for what, and false alarms.

The truth is the amount that was edited (:mod:`beholder.photos.edits`), never a rating.
"""

from collections.abc import Sequence

import numpy as np

from beholder.photos.edits import EDITS, LUMA
from beholder.photos.read import Pixels

COMBINED = 0.3  # probability of each edit in a combination
MAX_FALSE_ALARMS = 0.05  # share of unedited photographs
EXTREME_SHARE = 0.2  # of the photographs: those that are called the darkest, and so on
NOTHING = "nothing"  # what a picture is taken for in which no edit is seen


def draw_amount(name: str, rng: np.random.Generator) -> float:
    """An amount of an edit, uniform between the ends of its scale.

    >>> -3 <= draw_amount("exposure", np.random.default_rng(0)) <= 3
    True
    """
    return float(rng.uniform(EDITS[name].low, EDITS[name].high))


def draw_combination(rng: np.random.Generator) -> dict[str, float]:
    """Name -> amount of two edits or more, each of which is there with a probability of :data:`COMBINED`.

    >>> list(draw_combination(np.random.default_rng(0)))
    ['exposure', 'vignette', 'sharpness']
    """
    while True:
        names = [name for name in EDITS if rng.random() < COMBINED]
        if len(names) >= 2:
            return {name: draw_amount(name, rng) for name in names}


def taken_for(names: Sequence[str], predicted: np.ndarray, neutral: np.ndarray, half_width: np.ndarray) -> list[str]:
    """Which edit each picture is taken for: the one whose amount is furthest from neutral, in half-widths of intervals.

    Args:
        names: E edits.
        predicted: (N, E) amounts.
        neutral: (E,) amounts that change nothing.
        half_width: (E,) of the 90% intervals of the amounts.

    Returns:
        N names; "nothing" where no amount is further from neutral than its interval is wide.

    >>> taken_for(["exposure", "tilt"], np.array([[-2, 3], [0.1, 1]]), np.zeros(2), np.array([0.5, 2]))
    ['exposure', 'nothing']
    """
    away = np.abs(predicted - neutral) / half_width
    return [names[place] if row[place] > 1 else NOTHING for row in away for place in [int(row.argmax())]]


def light_and_colour(pixels: Pixels) -> tuple[float, float, float]:
    """Mean luma, its standard deviation, and the mean distance of colours from grey, of 255.

    >>> light_and_colour(np.full((2, 2, 3), 128, np.uint8))
    (128.0, 0.0, 0.0)
    """
    values = pixels.astype(np.float32)
    luma = values @ LUMA
    colour = np.abs(values - luma[..., None]).mean()
    return round(float(luma.mean()), 3), round(float(luma.std()), 3), round(float(colour), 3)


def extremes(photos: Sequence[tuple[float, float, float]], share: float = EXTREME_SHARE) -> dict[str, np.ndarray]:
    """Rows of the photographs that are no mistakes but look like one.

    Args:
        photos: N rows of :func:`light_and_colour`.
        share: of the photographs that make a group, 0 to 1.

    Returns:
        Name of a group -> row numbers.

    >>> extremes([(10, 5, 9), (200, 50, 0), (90, 70, 30)], 0.4)["darkest"]
    array([0])
    """
    mean, spread, colour = np.array(photos).T
    count = max(1, round(share * len(mean)))
    return {
        "darkest": np.argsort(mean, kind="stable")[:count],
        "brightest": np.argsort(-mean, kind="stable")[:count],
        "greyest": np.argsort(spread, kind="stable")[:count],
        "least saturated": np.argsort(colour, kind="stable")[:count],
    }


def false_alarms(low: np.ndarray, high: np.ndarray, neutral: float) -> float:
    """Share of unedited photographs, 0 to 1, whose 90% interval (N,) of an amount leaves out the neutral one.

    >>> false_alarms(np.array([-1, 0.5]), np.array([1, 2]), 0)
    0.5
    """
    return float(((neutral < low) | (neutral > high)).mean())
