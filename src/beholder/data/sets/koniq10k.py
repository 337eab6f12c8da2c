"""KonIQ-10k: 10,073 photographs from Flickr, technical quality by about 107 votes each (Hosu et al. 2020).

Read as published: ``koniq10k_distributions_sets.csv``, as in the authors' repository (github.com/subpic/koniq) with
columns image_name, c1 to c5 (shares of the votes), c_total (their number), MOS, SD and set; or, without a split,
``koniq10k_scores_and_distributions.csv`` of the database (database.mmsp-kn.de), whose MOS_zscore is the other's MOS.
The photographs are in ``1024x768/`` or ``512x384/``.

The first task is the mean of the votes, 1 to 5. The second is what papers call MOS on KonIQ-10k and report correlations
with: votes as z-scores, brought to 1 to 100. The two rank the photographs alike, but not the same (SRCC .992).

Technical quality (sharp, clean, well exposed) is not beauty, and nothing here calls it so.
"""

from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.labels import Labels, check_parts, photo_folder
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsTable, photo_statistics
from beholder.data.tables import check_scale, numbers, parse_splits, read_table
from beholder.data.vote_distributions import summary
from beholder.data.votes import Histogram
from beholder.errors import BeholderError
from beholder.tasks import Task

TASKS = (
    Task("quality", 1, 5, "Technical quality (1 bad, 5 excellent); mean of about 107 votes, KonIQ-10k"),
    Task("quality_zscore", 1, 100, "Technical quality, MOS of z-scores (1 worst, 100 best), KonIQ-10k"),
)
# Published table -> its column of z-scores, the table with a split first.
TABLES = {
    "koniq10k_distributions_sets.csv": "MOS",
    "koniq10k_scores_and_distributions.csv": "MOS_zscore",
    "koniq10k_scores_and_distributions/koniq10k_scores_and_distributions.csv": "MOS_zscore",  # as its archive unpacks
}
PHOTO_FOLDERS = ("1024x768", "512x384")
VOTE_VALUES = np.arange(1, 6)
VOTE_COLUMNS = tuple(f"c{value}" for value in VOTE_VALUES)
ROUNDING = 0.01  # votes; shares are published with 12 digits


def read_labels(folder: Path) -> Labels:
    """All rows of the published table. Needs no photographs.

    Raises:
        BeholderError: the table or a column is missing, the shares of a row are not those of a number of votes, a MOS
            is outside its scale, a part is unknown or empty.
    """
    name = next((name for name in TABLES if (folder / name).exists()), next(iter(TABLES)))
    path, zscore = folder / name, TABLES[name]
    has_split = zscore == "MOS"
    table = read_table(
        path,
        ["image_name", *VOTE_COLUMNS, "c_total", zscore, *(["set"] if has_split else [])],
        advice=f"give the folder that holds {name} and {PHOTO_FOLDERS[0]}/",
    )
    histogram = Histogram(VOTE_VALUES, _counts(path, table))
    mean, sd, n = summary(histogram)
    mos = numbers(path, zscore, table[zscore])
    check_scale(path, zscore, mos, TASKS[1])
    splits = parse_splits(path, table["set"]) if has_split else None
    if splits is not None:
        check_parts(path, splits)
    within = photo_folder(folder, PHOTO_FOLDERS)
    return Labels(
        tuple(f"{within}/{image}" for image in table["image_name"]),
        TASKS,
        np.stack([mean, mos], axis=1),
        splits=splits,
        sd=np.stack([sd, np.full(len(sd), np.nan)], axis=1),
        n=np.stack([n, n], axis=1),
        histogram=histogram,
    )


def load(folder: Path) -> RatedPhotos:
    """Photographs with their votes, MOS, and the published split if its table is there.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    return read_labels(folder).photos("koniq10k", folder)


def statistics(folder: Path) -> list[StatisticsTable]:
    """Votes and MOS of KonIQ-10k. Needs no photographs. Raises BeholderError as :func:`read_labels`."""
    return photo_statistics(read_labels(folder))


def _counts(path: Path, table: dict[str, list[str]]) -> np.ndarray:
    """(N, 5) numbers of votes. Raises BeholderError if shares and number of a row disagree."""
    shares = np.stack([numbers(path, column, table[column]) for column in VOTE_COLUMNS], axis=1)
    total = numbers(path, "c_total", table["c_total"])
    votes = shares * total[:, None]
    counts = np.rint(votes)
    right = (np.abs(votes - counts) <= ROUNDING).all(axis=1) & (counts.sum(axis=1) == total)  # never for NaN
    if not right.all():
        raise BeholderError(
            f"{path}: row {right.argmin() + 2}, c1 to c5 are not the shares of c_total votes "
            f"({(~right).sum()} such rows)"
        )
    return counts.astype(int)


DATA_SET = DataSet(
    name="koniq10k",
    description="10,073 photographs from Flickr, technical quality, votes from 1 to 5 (Hosu et al. 2020)",
    landmarks=tuple(TABLES),
    load=load,
    statistics=statistics,
)
