"""What the compared systems learn: ratings in the unit interval, or shares of ordered values."""

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.tasks import Task


def divided(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """(N, M) shares: each value divided between its two nearest levels, so that their mean is the value.

    Args:
        values: (N,) between the lowest and the highest level; a row of NaN for NaN.
        levels: (M,) rising.

    >>> divided(np.array([2.25, 5.0]), np.arange(1, 6))
    array([[0.  , 0.75, 0.25, 0.  , 0.  ],
           [0.  , 0.  , 0.  , 0.  , 1.  ]])
    """
    known = np.isfinite(values)
    inside = np.where(known, values, levels[0])
    left = (np.searchsorted(levels, inside, side="right") - 1).clip(0, len(levels) - 2)
    part = (inside - levels[left]) / (levels[left + 1] - levels[left])
    found = np.zeros((len(values), len(levels)))
    rows = np.arange(len(values))
    found[rows, left], found[rows, left + 1] = 1 - part, part
    found[~known] = np.nan
    return found


def unit_ratings(photos: RatedPhotos, tasks: tuple[Task, ...]) -> np.ndarray:
    """(N, T) ratings of the first T tasks in the unit interval, NaN where one is missing."""
    return np.stack([task.to_unit(column) for task, column in zip(tasks, photos.ratings.T, strict=False)], axis=1)
