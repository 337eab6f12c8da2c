"""Image appeal: photographs by photographers and by phone owners, as a crowd found them (Göring et al., TU Ilmenau).

613 photographs from AADB, AVA, KonIQ-10k, Pixabay, 500px and the authors' own, each with the votes of about 25 people,
1 bad to 5 excellent. The pictures are stated to be CC0; the tables come from a repository under GPL-3.0. Name both
where a model is fitted to them. They are **80×80 crops**: too small for composition, focus and noise, and never a
result on AADB, AVA or KonIQ-10k. Some have white bars above and below; :func:`photo_reader` cuts them off.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsTable, rating_tables
from beholder.data.tables import check_scale, numbers, read_table
from beholder.data.vote_distributions import numbers_of_votes, summary
from beholder.data.votes import Histogram
from beholder.errors import BeholderError
from beholder.photos.read import Pixels, read_photo
from beholder.tasks import Task

TASKS = (Task("appeal", 1, 5, "How appealing the photograph is (1 bad, 5 excellent); mean of about 25 votes, appeal"),)
LABELS_FILE = "labels.csv"
VOTE_VALUES = np.arange(1, 6)
VOTE_COLUMNS = tuple(f"v{value}" for value in VOTE_VALUES)
BAR_COLUMNS = "bar_top", "bar_bottom"


@dataclass(frozen=True)
class Labels:
    """The rows of ``labels.csv``.

    Attributes:
        files: N paths of the photographs in the folder of the data set.
        sources: N names of where they came from (``ava``, ``own``, ...).
        ratings: (N,) mean votes, 1 to 5.
        histogram: votes for 1 to 5.
        bars: (N, 2) rows of pixels that are a white bar, above and below the photograph.
    """

    files: tuple[str, ...]
    sources: tuple[str, ...]
    ratings: np.ndarray
    histogram: Histogram
    bars: np.ndarray


def read_labels(folder: Path) -> Labels:
    """All rows of ``folder/labels.csv``. Needs no photographs.

    Its columns are image, source, appeal_mean, v1 to v5 (numbers of votes), bar_top and bar_bottom (rows of pixels).

    Raises:
        BeholderError: as :func:`beholder.data.tables.read_table` and `Histogram`; a mean outside the scale, a number of
            rows that is not whole or below 0.
    """
    path = folder / LABELS_FILE
    table = read_table(path, ["image", "source", "appeal_mean", *VOTE_COLUMNS, *BAR_COLUMNS])
    ratings = numbers(path, "appeal_mean", table["appeal_mean"])
    check_scale(path, "appeal_mean", ratings, TASKS[0])
    votes, bars = (
        np.stack([numbers(path, column, table[column]) for column in columns], axis=1)
        for columns in (VOTE_COLUMNS, BAR_COLUMNS)
    )
    wrong = np.argwhere(~(bars >= 0) | (bars != np.floor(bars)))  # NaN is no number of rows either
    if len(wrong):
        row, column = wrong[0]
        raise BeholderError(f"{path}: row {row + 2}, {BAR_COLUMNS[column]} is {bars[row, column]:g}, no number of rows")
    histogram = Histogram(VOTE_VALUES, votes)
    return Labels(tuple(table["image"]), tuple(table["source"]), ratings, histogram, bars.astype(int))


def load(folder: Path) -> RatedPhotos:
    """The photographs with their votes. The files still have their white bars.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    labels = read_labels(folder)
    _, sd, n = (column[:, None] for column in summary(labels.histogram))
    ratings = labels.ratings[:, None]
    return RatedPhotos("appeal", folder, labels.files, TASKS, ratings, sd=sd, n=n, histogram=labels.histogram)


def crop_bars(pixels: Pixels, top: int, bottom: int) -> Pixels:
    """Cut off rows of pixels above and below.

    Args:
        pixels: (H, W, 3) uint8.
        top, bottom: rows to cut off.

    Raises:
        BeholderError: no row is left.

    >>> crop_bars(np.zeros((80, 80, 3), np.uint8), 6, 5).shape
    (69, 80, 3)
    """
    height = len(pixels)
    if top + bottom >= height:
        raise BeholderError(f"bars of {top} and {bottom} rows leave nothing of a photograph of {height} rows")
    return pixels[top : height - bottom]


def photo_reader(folder: Path) -> Callable[[Path], Pixels]:
    """A function that reads a photograph of ``load(folder).paths`` without its bars: path -> (H, W, 3) uint8.

    Raises:
        BeholderError: as :func:`read_labels`. The function raises as `read_photo` and :func:`crop_bars`, and KeyError
            for a path that is not of this data set.
    """
    labels = read_labels(folder)
    bars = {folder / file: rows for file, rows in zip(labels.files, labels.bars.tolist(), strict=True)}

    def read(path: Path) -> Pixels:
        return crop_bars(read_photo(path).pixels, *bars[path])

    return read


def statistics(folder: Path) -> list[StatisticsTable]:
    """Ratings, votes, and photographs by source with their mean appeal. Needs no photographs.

    Raises:
        BeholderError: as :func:`read_labels`.
    """
    labels = read_labels(folder)
    n = numbers_of_votes(labels.histogram)
    counts = [("photographs", len(labels.files)), ("votes", int(n.sum()))]
    counts.append(("with white bars", int(labels.bars.any(axis=1).sum())))
    names = np.array(labels.sources)
    rows = tuple(
        (name, int((names == name).sum()), float(labels.ratings[names == name].mean()))
        for name in sorted(set(labels.sources))
    )
    return [
        *rating_tables(counts, TASKS, labels.ratings[:, None], n[:, None], labels.histogram),
        StatisticsTable("sources", "By source", ("source", "photographs", "mean appeal"), rows),
    ]


DATA_SET = DataSet(
    name="appeal",
    description="613 photographs by photographers and phone owners, 80x80 crops, how appealing (Göring et al.)",
    landmarks=(LABELS_FILE,),
    load=load,
    statistics=statistics,
)
