"""Scores and their intervals on the rating scale: between its ends, and never the wrong way round."""

import warnings
from collections.abc import Sequence

import numpy as np

from beholder.tasks import Task


def on_scale(
    values: np.ndarray, half_width: Sequence[float] | np.ndarray, tasks: Sequence[Task], model: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with the ends of their 90% intervals. What is beyond the ends of its scale is brought to them.

    A score beyond its scale is a fault of the model, and warned of once.

    Args:
        values: (B, T) scores, native units.
        half_width: T half-widths of the intervals, or (B, T) where they differ by photograph, 0 or more.
        tasks: T tasks.
        model: its id, for the warning.

    Returns:
        Scores, lower and upper ends, (B, T) each: the scale's lowest value <= lower <= score <= upper <= its highest.

    >>> on_scale(np.array([[4.0], [6.8]]), (0.5,), (Task("beauty", 1, 7),), "mine@12345678")[2].tolist()
    [[4.5], [7.0]]
    """
    width = np.array(half_width, dtype=np.float32)
    lowest, highest = np.array([(task.low, task.high) for task in tasks], dtype=np.float32).T
    inside = np.clip(values, lowest, highest)
    beyond = np.flatnonzero((inside != values).any(axis=0))
    if len(beyond):
        task = tasks[beyond[0]]
        warnings.warn(
            f"model {model} gives {task.name} beyond its scale, {task.low:g} to {task.high:g}; such scores are brought "
            "to the end of the scale",
            stacklevel=2,
        )
    return inside, np.clip(inside - width, lowest, highest), np.clip(inside + width, lowest, highest)
