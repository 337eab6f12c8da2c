"""What an evaluation measures: which photographs, and which tasks."""

from dataclasses import dataclass

import numpy as np

from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.data.registry import split_of
from beholder.errors import BeholderError
from beholder.scoring.model_file import ModelInfo
from beholder.tasks import Task, ratings_of

EVALUATION_PARTS = (*SPLITS, "all")


@dataclass(frozen=True)
class TaskPair:
    """A task that the data rates, and the task of a model that is compared with it."""

    rated: Task
    scored: Task

    @property
    def name(self) -> str:
        same = self.rated.name == self.scored.name
        return self.rated.name if same else f"{self.rated.name} by {self.scored.name}"

    @property
    def is_same_task(self) -> bool:
        """Whether both have the same name and scale, so that errors in points have a meaning."""
        return (self.rated.name, *scale_of(self.rated)) == (self.scored.name, *scale_of(self.scored))


def scale_of(task: Task) -> tuple[float, float]:
    """The lowest and the highest rating of a task."""
    return task.low, task.high


def task_pairs(photos: RatedPhotos, info: ModelInfo) -> list[TaskPair]:
    """The overall tasks of the data and of the model, then the ratings that have the same name."""
    scored = {task.name: task for task in ratings_of(info.tasks)}
    named = [TaskPair(task, scored[task.name]) for task in photos.tasks if task.name in scored]
    return list(dict.fromkeys([TaskPair(photos.tasks[0], info.tasks[0]), *named]))


def select_part(photos: RatedPhotos, part: str, seed: int) -> tuple[RatedPhotos, np.ndarray, str]:
    """Select the photographs of one part of the data.

    Args:
        photos: N photographs.
        part: one of ``EVALUATION_PARTS``.
        seed: seed of the split that is drawn where the data has none.

    Returns:
        All photographs with their split, the rows of the part, and the origin of the split in words.

    Raises:
        BeholderError: an unknown part, or one without photographs.
    """
    if part not in EVALUATION_PARTS:
        raise BeholderError(f"no split is called {part!r}; choose one of {', '.join(EVALUATION_PARTS)}")
    if part == "all":
        return photos, np.arange(len(photos)), "all"
    whole = split_of(photos, seed)
    rows = np.flatnonzero(np.array(whole.splits) == part)
    if not len(rows):
        there = ", ".join(sorted(set(whole.splits or ())))
        raise BeholderError(f"{photos.name}: its split has no {part} part, only {there}; choose one, or all")
    drawn = part in whole.drawn or (part == "train" and whole.drawn)
    return whole, rows, f"{part}, drawn with seed {seed}" if drawn else f"{part} of the data's own split"
