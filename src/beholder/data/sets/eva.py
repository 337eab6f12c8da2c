"""EVA: photographs of AVA with a score and four attributes, each rated by 30 people or more (Kang et al. 2020).

Read as published: ``data/votes_filtered.csv``, one vote a row, cells divided by ``=``; and the photographs in
``images/EVA_together/``. Of the published photographs 4,070 have votes; the others are not read.

There is no official split. As Soydaner & Wagemans (2023) say others do, 3,500 photographs are for training and 570 for
testing; which ones nobody published, so the split here is ours: seeded, and told by its hash.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.data.statistics import (
    Statistic,
    _agreement,
    _bins,
    _counts,
    _per_photograph,
    _ranges,
    matrix_cells,
)
from beholder.data.tables import check_scale, numbers, read_table
from beholder.data.vote_distributions import histogram_of
from beholder.data.votes import Votes
from beholder.errors import BeholderError
from beholder.metrics import srcc_matrix
from beholder.splits import holdout, split_hash
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
VOTES = "data/votes_filtered.csv"
CATEGORIES = {
    "1": "animals",
    "2": "architecture and city scenes",
    "3": "humans",
    "4": "natural and rural scenes",
    "5": "still life",
    "6": "other",
}
SEED = 0  # of the split
TEST = 570 / 4070
VALIDATION = 350 / 4070  # a tenth of the training part


@dataclass(frozen=True)
class Ballots:
    """The filtered votes.

    Attributes:
        images: N identifiers of the photographs that were voted on, in numeric order.
        photo: (V,) index into ``images`` of each vote.
        rater: (V,) anonymous label of who voted.
        values: (V, 5) votes in the order of ``TASKS``; NaN where one is missing.
    """

    images: tuple[str, ...]
    photo: np.ndarray
    rater: np.ndarray
    values: np.ndarray

    @property
    def files(self) -> tuple[str, ...]:
        """N paths of the photographs in the folder of the data set."""
        return tuple(f"images/EVA_together/{image}.jpg" for image in self.images)

    @property
    def votes(self) -> Votes:
        """The votes for the score."""
        there = ~np.isnan(self.values[:, 0])
        return Votes(self.photo[there], self.rater[there], self.values[there, 0])


def read_votes(root: Path) -> Ballots:
    """All votes of ``root/data/votes_filtered.csv``. Needs no photographs.

    Raises:
        BeholderError: the file or a column is missing, a vote without a photograph, a vote outside its scale.
    """
    path = root / VOTES
    table = read_table(path, ["image_id", "user_id", *COLUMNS], delimiter="=")
    values = np.stack([numbers(path, column, table[column]) for column in COLUMNS], axis=1)
    for (column, task), votes in zip(COLUMNS.items(), values.T, strict=True):
        check_scale(path, column, votes, task)
    if not all(table["image_id"]):
        raise BeholderError(f"{path}: row {table['image_id'].index('') + 2} has no image_id")
    images = sorted(set(table["image_id"]), key=lambda image: (len(image), image))
    places = {image: place for place, image in enumerate(images)}
    photo = np.array([places[image] for image in table["image_id"]], dtype=int)
    return Ballots(tuple(images), photo, np.array(table["user_id"], dtype=str), values)


def summary(ballots: Ballots) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, standard deviations (with N - 1) and numbers of votes, (N, 5) each.

    A mean of no votes and a deviation of fewer than two are NaN.
    """
    count = len(ballots.images)
    there = ~np.isnan(ballots.values)
    n = np.stack([np.bincount(ballots.photo, column, count) for column in there.T], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _sums(ballots, np.where(there, ballots.values, 0)) / n
        away = np.where(there, ballots.values - mean[ballots.photo], 0)
        sd = np.sqrt(_sums(ballots, away**2) / np.where(n > 1, n - 1, np.nan))
    return mean, sd, n


def split(images: Sequence[str], seed: int = SEED) -> np.ndarray:
    """(N,) part of each photograph: of 4,070, 3,150 train, 350 validation and 570 test; the same shares of others.

    Raises:
        BeholderError: too few photographs for three parts.
    """
    return holdout(len(images), TEST, VALIDATION, seed)


def load(root: Path) -> RatedPhotos:
    """Photographs with the means of their votes, and our split.

    Args:
        root: holds ``data/`` and ``images/`` as published.

    Raises:
        BeholderError: as :func:`read_votes`, :func:`split` and `RatedPhotos`.
    """
    ballots = read_votes(root)
    mean, sd, n = summary(ballots)
    splits = tuple(split(ballots.images).tolist())
    histogram = histogram_of(ballots.votes, len(ballots.images), np.arange(11))
    return RatedPhotos("eva", root, ballots.files, TASKS, mean, None, splits, sd, n, ballots.votes, histogram)


def read_categories(root: Path) -> dict[str, str]:
    """Photograph -> what it shows, of ``root/data/image_content_category.csv``; empty where that is not there.

    The published file has columns image_id and sort, a number from 1 to 6. Other names are taken too: a column named
    like a category, else the second.

    Raises:
        BeholderError: fewer than two columns.
    """
    path = root / "data" / "image_content_category.csv"
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


def _sums(ballots: Ballots, values: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(ballots.photo, column, len(ballots.images)) for column in values.T], axis=1)


def of_eva(ballots: Ballots, categories: dict[str, str]) -> list[Statistic]:
    """What Soydaner & Wagemans (2023) print of EVA's votes, and how well people agree.

    Table 9 is over our test part, because nobody published theirs, and its first and last interval go to the ends of
    the scale; the paper's, 1.7 to 2 and 9 to 9.5, hold the same photographs, as all means are inside 1.764 and 9.032.

    Raises:
        BeholderError: too few photographs for a split.
    """
    mean, _, n = summary(ballots)
    parts = split(ballots.images)
    test = mean[parts == "test", 0]
    shown = Counter(categories[image] for image in ballots.images if image in categories)
    found = [
        _counts([("photographs", len(mean)), ("votes", len(ballots.photo)), ("raters", len(np.unique(ballots.rater)))]),
        _per_photograph(TASKS, n),
        _ranges("Means (Table 7)", TASKS, mean, digits=3),
        Statistic(
            "splits",
            "Split, ours for want of a published one",
            ("split", "photographs"),
            (
                *((part, int((parts == part).sum())) for part in SPLITS[::-1]),
                ("seed", SEED),
                ("sha256", split_hash(ballots.files, parts.tolist())),
            ),
        ),
        _bins("scores_test", "Scores, test part of our split (Table 9)", test, (0, *range(2, 10), 10)),
        matrix_cells("Spearman correlations over all photographs (Figure 14a)", TASKS, srcc_matrix(mean)),
        _agreement(ballots.votes, len(mean)),
    ]
    if shown:
        found.append(Statistic("categories", "What is shown", ("category", "photographs"), tuple(shown.most_common())))
    return found
