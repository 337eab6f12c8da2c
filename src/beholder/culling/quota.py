"""Which photographs to keep when only so many are wanted: good ones that differ.

Filled one after the other by maximal marginal relevance (Carbonell & Goldstein 1998): the next one has the highest
score less the cost of being like one that is chosen already. So twenty keepers are not twenty sunsets.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

COPY_COST = 1.5  # standard deviations of the scores that a copy of a chosen photograph must be better by


def choose(
    scores: np.ndarray, embeddings: np.ndarray, scenes: Sequence[int], count: int, min_per_scene: int = 1
) -> list[int]:
    """Choose photographs, best first.

    Args:
        scores: (N,) in any unit; NaN is never chosen before all others are.
        embeddings: (N, D) of unit length.
        scenes: (N,) number of the scene of each.
        count: how many.
        min_per_scene: so many of each scene come first, as far as ``count`` allows and there are so many.

    Returns:
        Places in the order in which they were chosen.

    >>> choose(np.array([3.0, 2.9, 1.0]), np.array([[1, 0], [1, 0], [0, 1.0]]), [0, 0, 1], 2)
    [0, 2]
    """
    total = len(scores)
    if not total:
        return []
    known = np.nan_to_num(
        np.asarray(scores, float), nan=float(np.nanmin(scores)) - 1 if np.isfinite(scores).any() else 0
    )
    spread = float(known.std()) or 1.0
    worth = (known - known.mean()) / spread
    likeness = np.zeros(total)
    free, scene, taken = np.ones(total, bool), np.asarray(scenes), dict.fromkeys(scenes, 0)
    chosen: list[int] = []
    owed = np.ones(total, bool) if min_per_scene > 0 else np.zeros(total, bool)
    for _ in range(min(count, total)):
        allowed = free & owed if (free & owed).any() else free
        gain = np.where(allowed, worth - COPY_COST * np.square(likeness), -np.inf)
        place = int(gain.argmax())
        chosen.append(place)
        free[place] = False
        taken[scenes[place]] += 1
        if taken[scenes[place]] >= min_per_scene:
            owed &= scene != scenes[place]
        np.maximum(likeness, embeddings @ np.asarray(embeddings[place]), out=likeness)
    return chosen
