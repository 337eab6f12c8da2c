"""TID2013: 25 photographs, each spoilt in 24 ways at 5 levels, and what people thought of it (Ponomarenko et al. 2015).

Read as published: ``mos_with_names.txt``, lines ``MOS NAME``; ``mos_std.txt``, a standard deviation a line in the same
order, where that is there; and the photographs in ``distorted_images/``. Names are ``IRR_DD_L.bmp``, reference,
distortion and level, and differ between list and disk in upper and lower case.

The rating is of technical quality, in comparison with the reference; not of beauty. All versions of one reference are a
group, as a split that cuts through them measures recognition of the picture as well.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import Statistic, rating_statistics
from beholder.data.tables import check_scale, numbers
from beholder.errors import BeholderError
from beholder.tasks import Task

TASKS = (
    Task("quality", 0, 9, "Technical quality beside the unspoilt picture (0 worst, 9 best); mean opinion, TID2013"),
)
SCORES = "mos_with_names.txt"
DEVIATIONS = "mos_std.txt"
IMAGES = "distorted_images"
NAME = re.compile(r"(i\d\d)_\d\d_\d\.\w+", re.IGNORECASE)


@dataclass(frozen=True)
class Labels:
    """N file names as listed, (N,) mean opinions, and (N,) standard deviations over people or None."""

    names: tuple[str, ...]
    ratings: np.ndarray
    sd: np.ndarray | None

    @property
    def groups(self) -> tuple[str, ...]:
        """N references, I01 to I25."""
        return tuple(name[:3].upper() for name in self.names)


def read_labels(root: Path) -> Labels:
    """The published lists. Needs no photographs.

    Raises:
        BeholderError: the list is missing, or the row of what is wrong: not a number and a name as published, a mean
            opinion outside its scale; another number of deviations.
    """
    path = root / SCORES
    rows = _rows(path)
    for row, cells in enumerate(rows, 1):
        if len(cells) != 2 or not NAME.fullmatch(cells[1]):
            raise BeholderError(f"{path}: row {row} is {' '.join(cells)!r}, not a number and a name like I01_01_1.bmp")
    ratings = numbers(path, "mean opinion", [cells[0] for cells in rows], first_row=1)
    check_scale(path, "mean opinion", ratings, TASKS[0], first_row=1)
    return Labels(tuple(cells[1] for cells in rows), ratings, _deviations(root / DEVIATIONS, len(rows)))


def load(root: Path) -> RatedPhotos:
    """Photographs with their mean opinions; references are the groups.

    Args:
        root: holds the lists and ``distorted_images/`` as published.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    labels = read_labels(root)
    folder = root / IMAGES
    there = {path.name.lower(): path.name for path in folder.iterdir()} if folder.is_dir() else {}
    files = tuple(f"{IMAGES}/{there.get(name.lower(), name)}" for name in labels.names)
    sd = None if labels.sd is None else labels.sd[:, None]
    return RatedPhotos("tid2013", root, files, TASKS, labels.ratings[:, None], labels.groups, sd=sd)


def _deviations(path: Path, count: int) -> np.ndarray | None:
    if not path.exists():
        return None
    rows = _rows(path)
    if len(rows) != count:
        raise BeholderError(f"{path}: {len(rows)} standard deviations for the {count} photographs of {SCORES}")
    return numbers(path, "standard deviation", [" ".join(cells) for cells in rows], first_row=1)


def _rows(path: Path) -> list[list[str]]:
    """Cells of the lines that are not empty."""
    try:
        return [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise BeholderError(
            f"{path}: cannot be read ({error.strerror}); give the folder that holds {SCORES} and {IMAGES}/"
        ) from None
    except UnicodeDecodeError:
        raise BeholderError(f"{path}: is not UTF-8 text; give the published list") from None


def of_tid2013(labels: Labels) -> list[Statistic]:
    """Mean opinions of TID2013."""
    counts = [("photographs", len(labels.names)), ("references", len(set(labels.groups)))]
    return rating_statistics(counts, TASKS, labels.ratings[:, None])
