"""A photograph and copies of it that are worse by a known amount, or as good: what culling is learned from.

Blur and motion are in pixels of the picture as it is, not of a reduced one: they must be seen at full resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.culling.measures import measure
from beholder.culling.preference import FrameEvidence
from beholder.culling.shoot import subject_map
from beholder.photos.edits import blur, blur_by_motion, compress, expose
from beholder.photos.read import Pixels, read_photo
from beholder.scoring.scorer import Scorer

Change = Callable[[Pixels, np.random.Generator], Pixels]
UNTOUCHED = "untouched"


@dataclass(frozen=True)
class Rung:
    """One copy of a photograph.

    Attributes:
        kind: ``blur``, ``motion``, ``exposure``, ``noise``, or ``same`` for one that is as good.
        name: a key, as shown in tables.
        apply: photograph -> copy.
        is_clear: whether the copy is so much worse that nobody would call it close.
    """

    kind: str
    name: str
    apply: Change
    is_clear: bool = False


def moved(pixels: Pixels, rng: np.random.Generator, share: float) -> Pixels:
    """Move the frame by a share of each side; what it leaves is cut off.

    >>> moved(np.zeros((100, 200, 3), np.uint8), np.random.default_rng(0), 0.02).shape
    (98, 196, 3)
    """
    height, width = pixels.shape[:2]
    rows, columns = (max(1, round(side * share)) for side in (height, width))
    top, left = rows * int(rng.integers(2)), columns * int(rng.integers(2))
    return np.ascontiguousarray(pixels[top : top + height - rows, left : left + width - columns])


def _noisy(pixels: Pixels, rng: np.random.Generator, sigma: float) -> Pixels:
    return np.clip(pixels + rng.normal(0, sigma, pixels.shape) + 0.5, 0, 255).astype(np.uint8)


def _share(pixels: Pixels, length: float) -> float:
    """Pixels -> ‰ of the long side."""
    return 1000 * length / max(pixels.shape[:2])


def _blur(sigma: float) -> Rung:
    return Rung("blur", f"blur σ {sigma:g} px", lambda pixels, rng: blur(pixels, _share(pixels, sigma)), sigma >= 1)


def _motion(length: float) -> Rung:
    def apply(pixels: Pixels, rng: np.random.Generator) -> Pixels:
        return blur_by_motion(pixels, _share(pixels, length), float(rng.uniform(0, 180)))

    return Rung("motion", f"motion {length:g} px", apply, length >= 5)


def _exposure(stops: float) -> Rung:
    return Rung("exposure", f"{stops:+g} EV", lambda pixels, rng: expose(pixels, stops), abs(stops) >= 2)


def _noise(sigma: float) -> Rung:
    return Rung("noise", f"noise σ {sigma:g}", lambda pixels, rng: _noisy(pixels, rng, sigma), sigma >= 8)


RUNGS: Mapping[str, Rung] = {
    rung.name: rung
    for rung in (
        *map(_blur, (0.5, 1, 2, 4)),
        *map(_motion, (3, 5, 9, 15)),
        *map(_exposure, (-2, -1, -0.5, 0.5, 1, 2)),
        *map(_noise, (4, 8, 16)),
        Rung("same", "JPEG 95", lambda pixels, rng: compress(pixels, 95)),
        Rung("same", "JPEG 85", lambda pixels, rng: compress(pixels, 85)),
        Rung("same", "moved 1%", lambda pixels, rng: moved(pixels, rng, 0.01)),
        Rung("same", "moved 2%", lambda pixels, rng: moved(pixels, rng, 0.02)),
        Rung("same", "moved 5%", lambda pixels, rng: moved(pixels, rng, 0.05)),
        Rung("same", "mirrored", lambda pixels, rng: np.ascontiguousarray(pixels[:, ::-1])),
    )
}
MOVED = ("moved 1%", "moved 2%")  # good frames that a worse copy is compared with, so that no file is known again
SAVED_TWICE = ("JPEG 95", "JPEG 85")


def ladders(scorer: Scorer, paths: Sequence[Path], seed: int) -> Iterator[dict[str, FrameEvidence]]:
    """Of each photograph: name of a rung, or :data:`UNTOUCHED`, -> what frames are compared by.

    Args:
        scorer: the model.
        paths: of the photographs.
        seed: of what is left to chance; the same photograph at the same place gets the same copies.
    """
    for place, path in enumerate(paths):
        pixels, rng = read_photo(path).pixels, np.random.default_rng([seed, place])
        copies = {UNTOUCHED: pixels} | {name: rung.apply(pixels, rng) for name, rung in RUNGS.items()}
        yield {name: evidence(scorer, copy) for name, copy in copies.items()}


def evidence(scorer: Scorer, pixels: Pixels) -> FrameEvidence:
    """What a frame is compared by: the scores of a model, and what is measured at full resolution."""
    scores = scorer.score(pixels)
    values = {name: float(value[0]) for name, value in scores.to_dict().items()}
    return FrameEvidence(values, measure(pixels, subject_map(scores)))
