"""EVA: photographs of AVA with a score and four attributes, each rated by 30 people or more (Kang et al. 2020).

Read as published: ``data/votes_filtered.csv``, one vote a row, cells divided by ``=``; and the photographs in
``images/EVA_together/``. Of the published photographs 4,070 have votes; the others are not read.

There is no official split. Others use 3,500 photographs for training and 570 for testing, according to Soydaner &
Wagemans (2023), but nobody published which ones; so the split here is ours: drawn with a seed, identified by its hash.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.data.statistics import (
    StatisticsTable,
    agreement_table,
    correlation_table,
    count_table,
    range_table,
    ratings_per_photo_table,
    score_table,
)
from beholder.data.tables import check_scale, numbers, read_table
from beholder.data.vote_distributions import histogram_of
from beholder.data.votes import Votes, mean_sd_n
from beholder.errors import BeholderError
from beholder.metrics import srcc_matrix
from beholder.splits import holdout_split, split_hash
from beholder.tasks import Task

# Column of the published votes -> task.
COLUMNS = {
    "score": Task("score", 0, 10, "Aesthetic score (0 least beautiful, 10 most beautiful); mean of 30 or more, EVA"),
    "visual": Task("light_and_color", 1, 4, "Light and colour (1 very bad, 4 very good); mean of 30 or more, EVA"),
    "composition": Task(
        "composition_and_depth", 1, 4, "Composition and depth (1 very bad, 4 very good); mean of 30 or more, EVA"
    ),
    "quality": Task("quality", 1, 4, "Quality of the picture (1 very bad, 4 very good); mean of 30 or more, EVA"),
    "semantic": Task("semantics", 1, 4, "Meaning of the picture (1 very bad, 4 very good); mean of 30 or more, EVA"),
}
TASKS = tuple(COLUMNS.values())
VOTES_FILE = "data/votes_filtered.csv"
PHOTO_FOLDER = "images/EVA_together"
CATEGORIES_FILE = "data/image_content_category.csv"
VOTE_VALUES = np.arange(11)  # of the score
CATEGORIES = {
    "1": "animals",
    "2": "architecture and city scenes",
    "3": "humans",
    "4": "natural and rural scenes",
    "5": "still life",
    "6": "other",
}
SPLIT_SEED = 0
TEST_SHARE = 570 / 4070
VALIDATION_SHARE = 350 / 4070  # a tenth of the training part


@dataclass(frozen=True)
class Labels:
    """The filtered votes: V rows, each with the votes of one rater on one photograph for all five tasks.

    Attributes:
        images: N identifiers of the photographs that were voted on, in numeric order.
        photo: (V,) index into ``images`` of each row.
        rater: (V,) anonymous label of the rater.
        values: (V, 5) votes in the order of ``TASKS``; NaN where one is missing.
    """

    images: tuple[str, ...]
    photo: np.ndarray
    rater: np.ndarray
    values: np.ndarray

    @property
    def files(self) -> tuple[str, ...]:
        """N paths of the photographs in the folder of the data set."""
        return tuple(f"{PHOTO_FOLDER}/{image}.jpg" for image in self.images)

    @property
    def votes(self) -> Votes:
        """The votes for the score."""
        known = ~np.isnan(self.values[:, 0])
        return Votes(self.photo[known], self.rater[known], self.values[known, 0])


def read_labels(folder: Path) -> Labels:
    """All votes of ``folder/data/votes_filtered.csv``. Needs no photographs.

    Raises:
        BeholderError: the file or a column is missing, a vote names no photograph or is outside its scale.
    """
    path = folder / VOTES_FILE
    table = read_table(path, ["image_id", "user_id", *COLUMNS], delimiter="=")
    values = np.stack([numbers(path, column, table[column]) for column in COLUMNS], axis=1)
    for (column, task), votes in zip(COLUMNS.items(), values.T, strict=True):
        check_scale(path, column, votes, task)
    if not all(table["image_id"]):
        raise BeholderError(f"{path}: row {table['image_id'].index('') + 2} has no image_id")
    images = sorted(set(table["image_id"]), key=lambda image: (len(image), image))
    places = {image: place for place, image in enumerate(images)}
    photo = np.array([places[image] for image in table["image_id"]], dtype=int)
    return Labels(tuple(images), photo, np.array(table["user_id"], dtype=str), values)


def summary(labels: Labels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, standard deviations (with N - 1) and numbers of votes, (N, 5) each.

    A mean of no votes and a deviation of fewer than two are NaN.
    """
    return mean_sd_n(labels.photo, labels.values, len(labels.images))


def split(images: Sequence[str], seed: int = SPLIT_SEED) -> np.ndarray:
    """(N,) part of each photograph: of 4,070, 3,150 train, 350 validation and 570 test; the same shares of others.

    Raises:
        BeholderError: too few photographs for three parts.
    """
    return holdout_split(len(images), TEST_SHARE, VALIDATION_SHARE, seed)


def score_edges(scores: np.ndarray) -> tuple[float, ...]:
    """Edges of the bins of Table 9 in Soydaner & Wagemans (2023): 1.7, 2 to 9, 9.5; the ends reach further if need be.

    >>> score_edges(np.array([2.4, 9.7]))
    (1.7, 2, 3, 4, 5, 6, 7, 8, 9, 9.7)
    """
    return (min([1.7, *scores.tolist()]), *range(2, 10), max([9.5, *scores.tolist()]))


def load(folder: Path) -> RatedPhotos:
    """Photographs with the means of their votes, and our split.

    Args:
        folder: holds ``data/`` and ``images/`` as published.

    Raises:
        BeholderError: as :func:`read_labels`, :func:`split` and `RatedPhotos`.
    """
    labels = read_labels(folder)
    mean, sd, n = summary(labels)
    splits = tuple(split(labels.images).tolist())
    histogram = histogram_of(labels.votes, len(labels.images), VOTE_VALUES)
    votes = labels.votes
    return RatedPhotos("eva", folder, labels.files, TASKS, mean, None, splits, sd, n, votes, histogram, drawn=SPLITS)


def read_categories(folder: Path) -> dict[str, str]:
    """Photograph -> what it shows, from ``folder/data/image_content_category.csv``; empty if there is no such file.

    The published file has columns image_id and sort, a number from 1 to 6. Other names are accepted: a column whose
    name contains "categor", else the second.

    Raises:
        BeholderError: fewer than two columns.
    """
    path = folder / CATEGORIES_FILE
    if not path.exists():
        return {}
    for delimiter in ",=":
        table = read_table(path, delimiter=delimiter)
        if len(table) > 1:
            break
    else:
        raise BeholderError(f"{path}: needs a column of photographs and one of categories; it has {', '.join(table)}")
    first, second, *_ = table
    image = next((name for name in table if name.lower() in ("image_id", "image", "id")), first)
    category = next((name for name in table if "categor" in name.lower() or name.lower() == "sort"), second)
    return {
        name.strip(): CATEGORIES.get(label.strip(), label.strip())
        for name, label in zip(table[image], table[category], strict=True)
    }


def statistics(folder: Path) -> list[StatisticsTable]:
    """What Soydaner & Wagemans (2023) print of EVA's votes, and how well raters agree. Needs no photographs.

    Table 9 is over our test part, because nobody published theirs, in the paper's own bins.

    Raises:
        BeholderError: as :func:`read_labels`, :func:`read_categories` and :func:`split`.
    """
    labels, categories = read_labels(folder), read_categories(folder)
    mean, _, n = summary(labels)
    parts = split(labels.images)
    tested = mean[parts == "test", 0]
    counts = [("photographs", len(mean)), ("votes", len(labels.photo)), ("raters", len(np.unique(labels.rater)))]
    tables = [
        count_table(counts),
        ratings_per_photo_table(TASKS, n),
        range_table("Means (Table 7)", TASKS, mean, digits=3),
        StatisticsTable(
            "splits",
            "Split, ours because none is published",
            ("split", "photographs"),
            (
                *((part, int((parts == part).sum())) for part in SPLITS[::-1]),
                ("seed", SPLIT_SEED),
                ("sha256", split_hash(labels.files, parts.tolist())),
            ),
        ),
        score_table(
            "scores_test",
            "Scores, test part of our split (Table 9)",
            tested,
            score_edges(tested),
        ),
        correlation_table("Spearman correlations over all photographs (Figure 14a)", TASKS, srcc_matrix(mean)),
        agreement_table(labels.votes, len(mean)),
    ]
    shown = Counter(categories[image] for image in labels.images if image in categories)
    if shown:
        columns = ("category", "photographs")
        tables.append(StatisticsTable("categories", "What is shown", columns, tuple(shown.most_common())))
    return tables


DATA_SET = DataSet(
    name="eva",
    description="4,070 photographs of AVA, a score and four attributes by 30 raters or more (Kang et al. 2020)",
    landmarks=(VOTES_FILE,),
    load=load,
    statistics=statistics,
)
