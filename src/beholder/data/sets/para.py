"""PARA: 31,220 photographs with an aesthetic score and attributes by about 25 of 438 people each (Yang et al. 2022).

Read as its ``README.md`` describes it. ``annotation/PARA-GiaaTrain.csv`` and ``PARA-GiaaTest.csv`` have one row a
photograph: imageName, sessionId, ``aestheticScore_1.0`` to ``aestheticScore_5.0`` (numbers of votes in steps of .5),
and ``NAME_mean`` and ``NAME_std`` of each quantity. ``annotation/PARA-Images.csv``, optional, has one row a rater and
photograph, and ``annotation/PARA-UserInfo.csv``, optional, one a rater. The photographs are ``imgs/SESSION/NAME``.

The split is the published one for generic aesthetics; it has no validation part. `RatedPhotos` holds who voted what;
the Big Five of the raters, which it has no place for, are given by :func:`read_raters`.

PARA is for research only: no commercial use.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.labels import Labels, check_parts
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsTable, photo_statistics
from beholder.data.tables import check_scale, numbers, optional_columns, read_table
from beholder.data.vote_distributions import numbers_of_votes
from beholder.data.votes import Histogram, Votes
from beholder.tasks import Task

# Published quantity -> task.
COLUMNS = {
    "aestheticScore": Task("aesthetics", 1, 5, "Aesthetic score (1 to 5); mean of about 25 people, PARA"),
    "qualityScore": Task("quality", 1, 5, "Quality (1 to 5); mean of about 25 people, PARA"),
    "compositionScore": Task("composition", 1, 5, "Composition (1 to 5); mean of about 25 people, PARA"),
    "colorScore": Task("color", 1, 5, "Colour (1 to 5); mean of about 25 people, PARA"),
    "dofScore": Task("depth_of_field", 1, 5, "Depth of field (1 to 5); mean of about 25 people, PARA"),
    "contentScore": Task("content", 1, 5, "Content (1 to 5); mean of about 25 people, PARA"),
    "lightScore": Task("light", 1, 5, "Light (1 to 5); mean of about 25 people, PARA"),
    "contentPreference": Task("content_preference", 1, 5, "Liking of the content (1 to 5); mean of about 25, PARA"),
    "willingnessToShare": Task("willingness_to_share", 1, 5, "Willingness to share it (1 to 5); mean of 25, PARA"),
}
TASKS = tuple(COLUMNS.values())
LISTS = {"train": "annotation/PARA-GiaaTrain.csv", "test": "annotation/PARA-GiaaTest.csv"}
VOTES_FILE = "annotation/PARA-Images.csv"
RATERS_FILE = "annotation/PARA-UserInfo.csv"
VOTE_VALUES = np.arange(2, 11) / 2  # of the aesthetic score
VOTE_COLUMNS = tuple(f"aestheticScore_{value:.1f}" for value in VOTE_VALUES)
# Published column -> trait of the Big Five.
TRAITS = {
    "personality-O": "openness",
    "personality-C": "conscientiousness",
    "personality-E": "extraversion",
    "personality-A": "agreeableness",
    "personality-N": "neuroticism",
}
MAX_VOTES_BYTES = 200_000_000  # 800,000 votes are about 80 MB, and take 1.5 GB of memory while they are read
ADVICE = "give the folder that holds annotation/ and imgs/ as published"


@dataclass(frozen=True)
class Raters:
    """R people: labels as in `Votes`, and (R, 5) scores of the Big Five in the order of ``TRAITS``, as published."""

    labels: tuple[str, ...]
    traits: np.ndarray


def read_labels(folder: Path) -> Labels:
    """The published lists for training and testing, and the single votes if they are there. Needs no photographs.

    Raises:
        BeholderError: a file or a column is missing, a list is empty, a score is no number or outside its scale.
    """
    files: list[str] = []
    splits: list[str] = []
    ratings, sd, counts = [], [], []
    for part, name in LISTS.items():
        path = folder / name
        means = [f"{column}_mean" for column in COLUMNS]
        table = read_table(path, ["imageName", "sessionId", *means, *VOTE_COLUMNS], advice=ADVICE)
        listed = [
            f"imgs/{session}/{image}" for session, image in zip(table["sessionId"], table["imageName"], strict=True)
        ]
        check_parts(path, [part] * len(listed), [part])
        ratings.append(np.stack([numbers(path, column, table[column]) for column in means], axis=1))
        for column, task, values in zip(means, TASKS, ratings[-1].T, strict=True):
            check_scale(path, column, values, task)
        deviations = optional_columns(path, table, [f"{column}_std" for column in COLUMNS])
        sd.append(np.full(ratings[-1].shape, np.nan) if deviations is None else deviations)
        counts.append(np.stack([numbers(path, column, table[column]) for column in VOTE_COLUMNS], axis=1))
        files += listed
        splits += [part] * len(listed)
    histogram = Histogram(VOTE_VALUES, np.concatenate(counts))
    n = numbers_of_votes(histogram).astype(float)[:, None]
    return Labels(
        tuple(files),
        TASKS,
        np.concatenate(ratings),
        splits=tuple(splits),
        sd=np.concatenate(sd),
        n=np.repeat(n, len(TASKS), axis=1),  # who votes rates all quantities
        votes=_read_votes(folder / VOTES_FILE, files),
        histogram=histogram,
    )


def load(folder: Path) -> RatedPhotos:
    """Photographs with their ratings, who voted what, and the published split.

    Args:
        folder: holds ``annotation/`` and ``imgs/`` as published.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    return read_labels(folder).photos("para", folder)


def read_raters(folder: Path) -> Raters | None:
    """The people who voted, with their Big Five; None if ``annotation/PARA-UserInfo.csv`` is not there.

    Raises:
        BeholderError: a column is missing, or a score is no number.
    """
    path = folder / RATERS_FILE
    if not path.exists():
        return None
    table = read_table(path, ["userId", *TRAITS])
    return Raters(tuple(table["userId"]), np.stack([numbers(path, trait, table[trait]) for trait in TRAITS], axis=1))


def statistics(folder: Path) -> list[StatisticsTable]:
    """Ratings, votes and raters of PARA. Needs no photographs.

    Raises:
        BeholderError: as :func:`read_labels` and :func:`read_raters`.
    """
    tables = photo_statistics(read_labels(folder))
    raters = read_raters(folder)
    if raters is not None and raters.labels:
        rows = tuple(
            (trait, float(np.nanmin(values)), float(np.nanmean(values)), float(np.nanmax(values)))
            for trait, values in zip(TRAITS.values(), raters.traits.T, strict=True)
            if not np.isnan(values).all()
        )
        title = f"Big Five of {len(raters.labels)} raters, as published"
        tables.append(StatisticsTable("traits", title, ("trait", "minimum", "mean", "maximum"), rows))
    return tables


def _read_votes(path: Path, files: list[str]) -> Votes | None:
    """Aesthetic scores of single raters for these files; others are left out."""
    if not path.exists():
        return None
    column = next(iter(COLUMNS))
    table = read_table(path, ["sessionId", "imageName", "userId", column], limit=MAX_VOTES_BYTES)
    values = numbers(path, column, table[column])
    check_scale(path, column, values, TASKS[0])
    places = {file: place for place, file in enumerate(files)}
    names = zip(table["sessionId"], table["imageName"], strict=True)
    photo = np.array([places.get(f"imgs/{session}/{image}", -1) for session, image in names], dtype=int)
    keep = (photo >= 0) & ~np.isnan(values)
    return Votes(photo[keep], np.array(table["userId"], dtype=str)[keep], values[keep])


DATA_SET = DataSet(
    name="para",
    description="31,220 photographs, aesthetics and eight attributes by about 25 of 438 people (Yang et al. 2022)",
    landmarks=tuple(LISTS.values()),
    load=load,
    statistics=statistics,
)
