"""What an evaluation measures: which photographs, which tasks, and whether the model was trained on them."""

from dataclasses import dataclass

import numpy as np

from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.data.registry import split_of
from beholder.errors import BeholderError
from beholder.scoring.model_file import ModelInfo
from beholder.splits import split_hash
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
    given = photos.splits is not None and (part == "test" or "validation" in photos.splits)
    whole = split_of(photos, seed)
    rows = np.flatnonzero(np.array(whole.splits) == part)
    if not len(rows):
        there = ", ".join(sorted(set(whole.splits or ())))
        raise BeholderError(f"{photos.name}: its split has no {part} part, only {there}; choose one, or all")
    return whole, rows, f"{part} of the data's own split" if given else f"{part}, drawn with seed {seed}"


def leak_warning(info: ModelInfo, model: str, photos: RatedPhotos, sha256: str, part: str) -> str | None:
    """A sentence that says why the model may know these photographs from its training; None without a sign of that.

    Data sets are compared by content hash, and splits by :func:`beholder.splits.split_hash`, which `beholder train`
    writes into the recipe as ``split``.

    Args:
        info: the description in the model file.
        model: id of the model.
        photos: the whole data set, with a split unless ``part`` is all.
        sha256: content hash of the data set.
        part: the part that is evaluated.
    """
    where = f"{photos.name} (content {sha256[:12]})"
    held_out = "; `beholder info` shows metrics on photographs held out from training" if info.metrics else ""
    if any(learned.sha256 == sha256 for learned in info.data):
        noted = info.recipe.get("split")
        same = photos.splits is not None and noted == split_hash(photos.files, photos.splits)
        if same and part == "test":
            return None
        if same and part == "validation":
            return (
                f"{model} was chosen by its results on these validation photographs of {where}: the numbers are "
                "too good"
            )
        if part in ("train", "all"):
            how = "; the photographs evaluated here include photographs of that training"
        elif noted:
            how = " with another split, so its training may include the photographs evaluated here"
        else:
            how = " and its file names no split, so assume that its training included the photographs evaluated here"
        return f"{model} was trained on {where}{how}: the numbers are not held-out{held_out}"
    if any(learned.name == photos.name for learned in info.data):
        return (
            f"{model} was trained on a data set that is also called {photos.name}, with other content than this one "
            f"({sha256[:12]}): both may contain the same photographs, so the numbers may not be held-out"
        )
    return None
