"""TID2013: 25 photographs, each distorted in 24 ways at 5 levels, with mean opinions (Ponomarenko et al. 2015).

Read as published: ``mos_with_names.txt``, lines ``MOS NAME``; optionally ``mos_std.txt``, one standard deviation a line
in the same order; and the photographs in ``distorted_images/``. Names are ``IRR_DD_L.bmp``, reference, distortion and
level; upper and lower case differ between the list and the files.

Rated is technical quality in comparison with the reference, not beauty. All versions of one reference are a group,
because a split that divides them also measures recognition of the picture.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsTable, rating_tables
from beholder.data.tables import check_scale, numbers
from beholder.errors import BeholderError
from beholder.reading import read_text
from beholder.tasks import Task

TASKS = (
    Task("quality", 0, 9, "Technical quality beside the undistorted picture (0 worst, 9 best); mean opinion, TID2013"),
)
SCORES_FILE = "mos_with_names.txt"
DEVIATIONS_FILE = "mos_std.txt"
PHOTO_FOLDER = "distorted_images"
PHOTO_NAME = re.compile(r"(i\d\d)_\d\d_\d\.\w+", re.IGNORECASE)


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


def read_labels(folder: Path) -> Labels:
    """The published lists. Needs no photographs.

    Raises:
        BeholderError: the list is missing; the row that is not a number and a name as published, or whose mean opinion
            is outside the scale; another number of deviations than of mean opinions.
    """
    path = folder / SCORES_FILE
    rows = _read_rows(path)
    for row, cells in enumerate(rows, 1):
        if len(cells) != 2 or not PHOTO_NAME.fullmatch(cells[1]):
            raise BeholderError(f"{path}: row {row} is {' '.join(cells)!r}, not a number and a name like I01_01_1.bmp")
    ratings = numbers(path, "mean opinion", [cells[0] for cells in rows], first_row=1)
    check_scale(path, "mean opinion", ratings, TASKS[0], first_row=1)
    return Labels(tuple(cells[1] for cells in rows), ratings, _read_deviations(folder / DEVIATIONS_FILE, len(rows)))


def load(folder: Path) -> RatedPhotos:
    """Photographs with their mean opinions; the references are the groups.

    Args:
        folder: holds the lists and ``distorted_images/`` as published.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    labels = read_labels(folder)
    photos = folder / PHOTO_FOLDER
    on_disk = {path.name.lower(): path.name for path in photos.iterdir()} if photos.is_dir() else {}
    files = tuple(f"{PHOTO_FOLDER}/{on_disk.get(name.lower(), name)}" for name in labels.names)
    sd = None if labels.sd is None else labels.sd[:, None]
    return RatedPhotos("tid2013", folder, files, TASKS, labels.ratings[:, None], labels.groups, sd=sd)


def statistics(folder: Path) -> list[StatisticsTable]:
    """Mean opinions of TID2013. Needs no photographs.

    Raises:
        BeholderError: as :func:`read_labels`.
    """
    labels = read_labels(folder)
    counts = [("photographs", len(labels.names)), ("references", len(set(labels.groups)))]
    return rating_tables(counts, TASKS, labels.ratings[:, None])


def _read_deviations(path: Path, count: int) -> np.ndarray | None:
    if not path.exists():
        return None
    rows = _read_rows(path)
    if len(rows) != count:
        raise BeholderError(f"{path}: {len(rows)} standard deviations for the {count} photographs of {SCORES_FILE}")
    return numbers(path, "standard deviation", [" ".join(cells) for cells in rows], first_row=1)


def _read_rows(path: Path) -> list[list[str]]:
    """Cells of the lines that are not empty."""
    text = read_text(
        path, "a list of scores", advice=f"give the folder that holds {SCORES_FILE} and {PHOTO_FOLDER}/ as published"
    )
    return [line.split() for line in text.splitlines() if line.strip()]


DATA_SET = DataSet(
    name="tid2013",
    description="25 photographs, each distorted in 24 ways at 5 levels, technical quality (Ponomarenko et al. 2015)",
    landmarks=(SCORES_FILE,),
    load=load,
    statistics=statistics,
)
