"""Whether a model learned from the photographs that it is measured on, and what it predicted of them before it had.

A model file names its data sets with their content hash. That of a probe also keeps, for each photograph, the beginning
of the hash of its file and the prediction of heads that had not learned from it: with these a probe is measured on its
own photographs as if they were new.
"""

from dataclasses import dataclass

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import NAMES
from beholder.scoring.model_file import DIGEST, ModelInfo, TrainingData
from beholder.splits import split_hash


@dataclass(frozen=True)
class Learned:
    """Which of N photographs a model learned from.

    Attributes:
        rows: (N,) booleans.
        predicted: (N, T) what it predicted of them before, native units; NaN where that is not kept.
    """

    rows: np.ndarray
    predicted: np.ndarray

    @property
    def unkept(self) -> np.ndarray:
        """(N,) whether a photograph was learned from, and no prediction from before is kept."""
        return self.rows & np.isnan(self.predicted).all(axis=1)


def is_training_set(info: ModelInfo, photos: RatedPhotos) -> bool:
    """Whether a model was trained on this data set, by its content or by the name of a published one."""
    return any(_is_same(each, photos) for each in info.data)


def find_learned(info: ModelInfo, whole: RatedPhotos, chosen: RatedPhotos, part: str) -> Learned:
    """Which photographs a model learned from, or was chosen by.

    Args:
        info: the description in the model file.
        whole: the data set, with a split unless ``part`` is all.
        chosen: N photographs of it.
        part: name of the part that they are.
    """
    rows = np.zeros(len(chosen), bool)
    predicted = np.full((len(chosen), len(info.tasks)), np.nan)
    if info.learned is not None:
        place = {digest: number for number, digest in enumerate(info.learned.digests)}
        found = np.array([place.get(digest[:DIGEST], -1) for digest in chosen.digests.tolist()], dtype=int)
        rows = found >= 0
        if info.learned.predicted:
            predicted[rows] = np.array(info.learned.predicted).T[found[rows]]
    if any(_is_same(each, whole) for each in _known_as_a_set(info)):
        held_out = np.zeros(len(chosen), bool)
        if chosen.splits is not None and _has_same_split(info, whole):
            held_out = np.array(chosen.splits) == "test"
        rows |= ~held_out
    return Learned(rows, predicted)


def _is_same(learned: TrainingData, photos: RatedPhotos) -> bool:
    return learned.sha256 == photos.content_hash or (learned.name == photos.name and photos.name in NAMES)


def _known_as_a_set(info: ModelInfo) -> tuple[TrainingData, ...]:
    """The data sets whose photographs are not known one by one."""
    return info.data if info.learned is None else info.data[1:]


def _has_same_split(info: ModelInfo, photos: RatedPhotos) -> bool:
    return photos.splits is not None and info.recipe.get("split") == split_hash(photos.files, photos.splits)


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
    data = _known_as_a_set(info)
    if any(learned.sha256 == sha256 for learned in data):
        noted = info.recipe.get("split")
        same = _has_same_split(info, photos)
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
    if any(learned.name == photos.name for learned in data):
        return (
            f"{model} was trained on a data set that is also called {photos.name}, with other content than this one "
            f"({sha256[:12]}): both may contain the same photographs, so the numbers may not be held-out"
        )
    return None
