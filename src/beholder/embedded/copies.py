"""Copies of a photograph that a model learns light, focus and framing from: each is edited by a known amount.

What is done to a photograph depends on its number alone, so that features of the copies can be cached, and amounts are
known without making them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from beholder.embedded.harms import HARMS, TILT, shift
from beholder.photos.edits import EDITS, edit, tilt
from beholder.photos.read import Pixels

UNEDITED, UPRIGHT = "unedited", "upright"  # kinds of copies: the frame moved a little, the crop of a tilted one
COMBINATION = "combination"
WITHOUT_AMOUNT = ("upside down", "negative", "green cast", "magenta cast", "tilt 5°")  # harms that no edit describes


@dataclass(frozen=True)
class Copy:
    """What is done to a photograph.

    Attributes:
        kind: ``unedited``, ``upright``, the name of an edit or of a harm, or ``combination``.
        amounts: name of an edit -> amount; the others are neutral. None where amounts do not describe what was done.
        seed: of what is left to chance.
    """

    kind: str
    amounts: Mapping[str, float] | None
    seed: tuple[int, int]

    def make(self, pixels: Pixels) -> Pixels:
        """(H, W, 3) uint8 -> the copy, at most of that size."""
        rng = np.random.default_rng(self.seed)
        if self.kind == UNEDITED:
            return shift(pixels, rng)
        if self.kind == UPRIGHT:
            return tilt(pixels, 0, cropped_for=TILT)
        if self.kind in WITHOUT_AMOUNT:
            return HARMS[self.kind].apply(pixels, rng)
        return edit(pixels, self.amounts or {}, rng)

    def vector(self) -> np.ndarray:
        """(E,) amounts in the order of :data:`EDITS`; NaN where they do not describe the copy."""
        if self.amounts is None:
            return np.full(len(EDITS), np.nan)
        return np.array([self.amounts.get(name, each.neutral) for name, each in EDITS.items()])


def is_reference(kinds: np.ndarray) -> np.ndarray:
    """Whether copies of these kinds are as good as the photograph."""
    return np.isin(kinds, (UNEDITED, UPRIGHT))


def draw_amount(name: str, rng: np.random.Generator) -> float:
    """An amount of an edit: small ones, which are harder to see, more often than large ones.

    >>> -3 <= draw_amount("exposure", np.random.default_rng(0)) <= 3
    True
    """
    each = EDITS[name]
    ends = [end for end in (each.low, each.high) if end != each.neutral]
    end = ends[int(rng.integers(len(ends)))]
    return float(each.neutral + (end - each.neutral) * (0.03 + 0.97 * rng.random() ** 1.5))


def draw_copies(row: int, edits: int = len(EDITS), combinations: int = 2, harms: int = 5) -> list[Copy]:
    """The copies of the photograph with a number, always the same ones.

    Args:
        row: number of the photograph in its data set.
        edits: number of copies with one edit each, each of another kind.
        combinations: number of copies with two or three edits.
        harms: number of copies with other harms, each of another kind.

    >>> [copy.kind for copy in draw_copies(0, 1, 1, 1)][:2]
    ['unedited', 'upright']
    """
    rng = np.random.default_rng([20, row])
    copies: list[tuple[str, dict[str, float] | None]] = [(UNEDITED, {}), (UPRIGHT, {})]
    names = list(EDITS)
    copies += [(name, {name: draw_amount(name, rng)}) for name in _some(names, edits, rng)]
    for _ in range(combinations):
        chosen = _some(names, int(rng.integers(2, 4)), rng)
        copies.append((COMBINATION, {name: draw_amount(name, rng) for name in chosen}))
    copies += [(kind, None) for kind in _some(WITHOUT_AMOUNT, harms, rng)]
    return [Copy(kind, amounts, (row, place)) for place, (kind, amounts) in enumerate(copies)]


def _some(names: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Different names, in any order."""
    return [names[place] for place in rng.permutation(len(names))[:count]]


def cost(copy: Copy) -> float:
    """What a copy loses, in standard deviations of beauty ratings: what `overall` and `quality` are taught.

    Nobody rated the copies. The sizes are set so that each of the goals in :mod:`beholder.embedded.harms` is worth
    about the same, and were scaled as a whole by cross-validation (``HeadSettings.harm``).
    """
    if copy.amounts is None:
        return OTHER_COSTS[copy.kind]
    return sum(COSTS[name](amount) for name, amount in copy.amounts.items())


COSTS: dict[str, Callable[[float], float]] = {
    "tilt": lambda degrees: 0.09 * abs(degrees),
    "exposure": lambda stops: (0.28 if stops < 0 else 0.36) * abs(stops) ** 1.2,
    "vignette": lambda stops: 0.42 * stops,
    "sharpness": lambda radius: 0.4 * radius**0.8,
    "motion": lambda length: 0.03 * length,
    "colour_cast": lambda mired: 0.009 * abs(mired),
    "noise": lambda sigma: 0.018 * sigma,
    "contrast": lambda factor: 0.8 * (1 - factor) if factor < 1 else 0.45 * max(factor - 1.2, 0),
    "saturation": lambda factor: 0.25 * (1 - factor) if factor < 1 else 0.45 * max(factor - 1.2, 0),
    "compression": lambda quality: 0.01 * max(80 - quality, 0),
}
OTHER_COSTS = {"upside down": 1.0, "negative": 1.6, "green cast": 0.45, "magenta cast": 0.85, "tilt 5°": 0.6}
