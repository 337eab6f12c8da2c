"""Whether a model learned from the photographs that it is measured on, and what it predicted of them before it had.

A model file names its data sets with their content hash. The photographs of the embedded models are known one by one,
by the beginnings of the hashes of their files. So are those of a probe, whose file also keeps the predictions of heads
that had not learned from them: with these it is measured on its own photographs as if they were new.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import NAMES
from beholder.scoring.model_file import DIGEST, ModelInfo, TrainingData
from beholder.splits import split_hash

LEARNED_PHOTOGRAPHS = Path(__file__).parent.parent / "assets" / "photographs.npz"  # of the embedded models


@dataclass(frozen=True)
class Learned:
    """Which of N photographs a model learned from.

    Attributes:
        rows: (N,) booleans.
        predicted: (N, T) what it predicted of them before, native units; NaN where that is not kept.
        unkept: (N,) whether a photograph was learned from without a prediction from before; or by the embedded model
            that a probe starts from.
    """

    rows: np.ndarray
    predicted: np.ndarray
    unkept: np.ndarray


def find_learned(info: ModelInfo, whole: RatedPhotos, chosen: RatedPhotos, part: str) -> Learned:
    """Which photographs a model learned from, or was chosen by.

    Args:
        info: the description in the model file.
        whole: the data set, with a split unless ``part`` is all.
        chosen: N photographs of it.
        part: name of the part that they are.
    """
    own = np.zeros(len(chosen), bool)
    predicted = np.full((len(chosen), len(info.tasks)), np.nan)
    if info.learned is not None:
        place = {digest: number for number, digest in enumerate(info.learned.digests)}
        found = np.array([place.get(digest[:DIGEST], -1) for digest in chosen.digests.tolist()], dtype=int)
        own = found >= 0
        if info.learned.predicted:
            predicted[own] = np.array(info.learned.predicted).T[found[own]]
    others = _in_sets(info, whole, chosen)
    return Learned(own | others, predicted, others | (own & np.isnan(predicted).all(axis=1)))


def _in_sets(info: ModelInfo, whole: RatedPhotos, chosen: RatedPhotos) -> np.ndarray:
    """(N,) whether a photograph is in a data set that the model learned from."""
    rows = np.zeros(len(chosen), bool)
    for each in _known_as_a_set(info):
        if _is_same(each, whole):
            held_out = np.array(chosen.splits) == "test" if _has_same_split(info, whole) else np.zeros(len(rows), bool)
            rows |= ~held_out
        elif each.sha256 in _published():
            rows |= np.isin(as_numbers(chosen.digests), _published()[each.sha256])
    return rows


@functools.cache
def _published() -> Mapping[str, np.ndarray]:
    """Content hash of a data set -> numbers of its photographs."""
    with np.load(LEARNED_PHOTOGRAPHS, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def as_numbers(digests: np.ndarray) -> np.ndarray:
    """(N,) sha256 in hexadecimal -> (N,) their first 64 bits.

    >>> as_numbers(np.array(["00000000000000ff" + 48 * "0"]))
    array([255], dtype=uint64)
    """
    return np.array([int(digest[:DIGEST], 16) for digest in digests.tolist()], dtype=np.uint64)


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
