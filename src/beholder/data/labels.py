"""What the labels of a published data set say, read without its photographs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.votes import Histogram, Votes
from beholder.errors import BeholderError
from beholder.tasks import Task


@dataclass(frozen=True)
class Labels:
    """N photographs as their labels name them; the attributes are those of `RatedPhotos`."""

    files: tuple[str, ...]
    tasks: tuple[Task, ...]
    ratings: np.ndarray
    groups: tuple[str, ...] | None = None
    splits: tuple[str, ...] | None = None
    sd: np.ndarray | None = None
    n: np.ndarray | None = None
    votes: Votes | None = None
    histogram: Histogram | None = None

    def __len__(self) -> int:
        return len(self.files)

    def photos(self, name: str, root: Path) -> RatedPhotos:
        """The photographs under ``root``. Raises BeholderError as `RatedPhotos`: some are missing or listed twice."""
        return RatedPhotos(name, root, **vars(self))


def photo_folder(folder: Path, names: Sequence[str]) -> str:
    """The first of these names that is a folder in ``folder``, the first of all if none is."""
    return next((name for name in names if (folder / name).is_dir()), names[0])


def check_parts(path: Path, splits: Sequence[str], needed: Sequence[str] = ("train", "test")) -> None:
    """Check that a published split has photographs in each of these parts.

    Args:
        path: of the list, for the message.
        splits: N names of parts.
        needed: parts that must not be empty.

    Raises:
        BeholderError: names the first part that is empty.
    """
    empty = next((part for part in needed if part not in splits), None)
    if empty is not None:
        raise BeholderError(
            f"{path}: none of its {len(splits)} photographs is in the {empty} part; give the published list, whole"
        )
