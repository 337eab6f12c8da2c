"""What a study will take, said before it starts: room on disk for features, and trainings."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from beholder.errors import BeholderError
from beholder.terminal import say
from beholder.text import size_text
from beholder.training.features import KeptArray, features_folder


def announce(arrays: Sequence[KeptArray], cache: Path | None, trainings: Sequence[tuple[int, int]], work: Path) -> None:
    """Say how much disk a study takes and how far an earlier run of it came.

    Args:
        arrays: that the study keeps.
        cache: folder of weights and features, the user's cache by default.
        trainings: how many there are and how many are kept already, as of
            `beholder.systems.study_runs.count_trainings`, for each part of the study.
        work: folder of finished trainings.

    Raises:
        BeholderError: what is missing of the arrays does not fit.
    """
    room = check_room(arrays, cache)
    total, kept = (sum(counts) for counts in zip(*trainings, strict=True))
    if kept:
        say(f"{room}; {kept} of {total} trainings are there already, in {work}")
    else:
        say(f"{room}; {total} trainings, to be kept in {work}")


def check_room(arrays: Sequence[KeptArray], cache: Path | None) -> str:
    """How much room arrays take, and where, in words. Raises BeholderError where it is not there."""
    folder = features_folder(cache)
    if not arrays:
        return "no features are kept"
    size, missing = sum(array.size for array in arrays), sum(array.missing(cache) for array in arrays)
    free = shutil.disk_usage(next(parent for parent in folder.resolve().parents if parent.is_dir())).free
    if missing > free:
        raise BeholderError(
            f"{folder}: features take {size_text(missing)} more, {size_text(free)} are free; set BEHOLDER_CACHE to a "
            "folder with room, or use --no-cache"
        )
    there = f"{size_text(size - missing)} of them there already, " if missing < size else ""
    return f"{size_text(size)} of features in {folder} ({there}{size_text(free)} free)"
