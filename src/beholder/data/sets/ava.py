"""AVA: 255,530 photographs of DPChallenge with their votes from 1 to 10 (Murray, Marchesotti & Perronnin 2012).

Read as published: ``AVA.txt``, one line a photograph, 15 whole numbers divided by spaces (index, image id, the numbers
of votes for 1 to 10, two semantic tags, challenge); and the photographs, ``images/ID.jpg`` or ``image/ID.jpg``.

The official test part is ``aesthetics_image_lists/generic_test.jpgl``, 19,930 image ids, one a line; all other
photographs of ``AVA.txt`` are for training, as in ``generic_ls_train.jpgl``. Without that file the split is ours: drawn
with a seed, 20,000 of 250,000 for testing as in Li et al. (2019, Section 4.1), and identified by its hash. Neither has
a validation part; :func:`beholder.data.registry.split_of` takes one from the training part.

Some files were never published, or are missing from most copies; ``drop_missing`` leaves those photographs out.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsCell, StatisticsTable, rating_tables
from beholder.data.tables import MAX_NUMBER
from beholder.data.vote_distributions import summary
from beholder.data.votes import Histogram
from beholder.errors import BeholderError
from beholder.reading import read_text
from beholder.splits import holdout_split, split_hash
from beholder.tasks import Task
from beholder.text import cut

TASKS = (Task("score", 1, 10, "Aesthetic score (1 to 10); mean of about 210 votes on DPChallenge, AVA"),)
VOTES_FILE = "AVA.txt"
TEST_LIST = "aesthetics_image_lists/generic_test.jpgl"
PHOTO_FOLDERS = ("images/images", "images", "image")  # as archives of the photographs unpack, the innermost first
VOTE_VALUES = np.arange(1, 11)
CELLS_A_LINE = 2 + len(VOTE_VALUES) + 3
THRESHOLD = 5.0  # of a good photograph in literature on AVA, since Murray et al.; the middle of the scale is 5.5
SPLIT_SEED = 0  # of our split
TEST_SHARE = 20_000 / 250_000  # of our split


@dataclass(frozen=True)
class Labels:
    """The lines of ``AVA.txt``.

    Attributes:
        images: (N,) image ids.
        histogram: (N, 10) votes for 1 to 10.
        tags: (N, 2) semantic tags, 1 to 66, 0 for none.
        challenges: (N,) challenge that the photograph was submitted to.
    """

    images: np.ndarray
    histogram: Histogram
    tags: np.ndarray
    challenges: np.ndarray

    @property
    def files(self) -> tuple[str, ...]:
        """N file names of the photographs, without a folder."""
        return tuple(f"{image}.jpg" for image in self.images.tolist())


def read_labels(folder: Path) -> Labels:
    """All lines of ``folder/AVA.txt``. Needs no photographs.

    Raises:
        BeholderError: the file is missing, or the line that is wrong: not 15 whole numbers, a negative number, no
            votes, an image for the second time.
    """
    path = folder / VOTES_FILE
    advice = f"give the folder that holds {VOTES_FILE}"
    lines = [line for line in read_text(path, "a list of votes", advice=advice).splitlines() if line.strip()]
    if not lines:
        raise BeholderError(f"{path}: has no rows; give the published file")
    try:
        rows = np.loadtxt(lines, dtype=np.int64, comments=None, ndmin=2)
    except ValueError:
        raise BeholderError(_describe_broken(path, lines)) from None
    if rows.shape[1] != CELLS_A_LINE:
        raise BeholderError(_describe_broken(path, lines))
    images, counts = rows[:, 1], rows[:, 2:12]
    negative = np.argwhere(counts < 0)
    if len(negative):
        row, column = negative[0]
        votes, value = counts[row, column], VOTE_VALUES[column]
        raise BeholderError(f"{path}: row {row + 1} has {votes} votes for {value}, below 0")
    many = np.argwhere(counts > MAX_NUMBER)
    if len(many):
        raise BeholderError(f"{path}: row {many[0][0] + 1} has more votes than there are people")
    empty = np.flatnonzero(counts.sum(axis=1) == 0)
    if len(empty):
        raise BeholderError(f"{path}: row {empty[0] + 1}, image {images[empty[0]]} has no votes; leave the row out")
    first = np.unique(images, return_index=True)[1]
    if len(first) < len(images):
        again = np.setdiff1d(np.arange(len(images)), first)[0]
        raise BeholderError(f"{path}: row {again + 1}, image {images[again]} is listed more than once")
    return Labels(images, Histogram(VOTE_VALUES, counts), rows[:, 12:14], rows[:, 14])


def read_test_list(folder: Path) -> np.ndarray | None:
    """Image ids of the official test list; None if that file is not in the folder.

    Raises:
        BeholderError: a line that is not an image id.
    """
    path = folder / TEST_LIST
    if not path.exists():
        return None
    lines = read_text(path, "a list of images", advice="give the published list").split()
    broken = next((line for line in lines if not (line.isascii() and line.isdecimal() and len(line) <= 18)), None)
    if broken is not None:
        raise BeholderError(f"{path}: {cut(broken)!r} is no image id; the list has one a line")
    return np.array(lines, dtype=np.int64)


def split(images: np.ndarray, test: np.ndarray | None = None, seed: int = SPLIT_SEED) -> np.ndarray:
    """(N,) ``train`` or ``test`` for each photograph; it does not depend on their order.

    Args:
        images: (N,) image ids.
        test: image ids for testing, which may include ids that are not in ``images``; None draws two in 25.
        seed: of the test part that is drawn.

    Raises:
        BeholderError: a part would be empty.
    """
    if test is None:
        parts = np.empty(len(images), dtype="U10")
        parts[np.argsort(images)] = holdout_split(len(images), TEST_SHARE, 0, seed)
        return parts
    tested = np.isin(images, test)
    if tested.all() or not tested.any():
        raise BeholderError(
            f"ava: {tested.sum()} of {len(images)} photographs are in the test list {TEST_LIST}; "
            "give the list that belongs to AVA.txt"
        )
    return np.where(tested, "test", "train")


def load(folder: Path, *, drop_missing: bool = False) -> RatedPhotos:
    """Photographs with the means and histograms of their votes, and the official split or ours.

    There are no groups; the challenges are in :class:`Labels`.

    Args:
        folder: holds ``AVA.txt``, the photographs, and optionally the official lists.
        drop_missing: leave out photographs whose files are missing, instead of refusing.

    Raises:
        BeholderError: as :func:`read_labels`, :func:`read_test_list`, :func:`split` and `RatedPhotos`; photographs are
            missing and not to be dropped, or all are missing.
    """
    labels = read_labels(folder)
    # Split before any photograph is dropped, so that the test part is the same in every copy.
    test = read_test_list(folder)
    parts = split(labels.images, test)
    within = next((within for within in PHOTO_FOLDERS if (folder / within).is_dir()), PHOTO_FOLDERS[1])
    photos = folder / within
    on_disk = {path.name for path in photos.iterdir()} if photos.is_dir() else set()
    kept = np.array([file in on_disk for file in labels.files])
    if not kept.any() or not (kept.all() or drop_missing):
        raise BeholderError(
            f"ava: {(~kept).sum()} of {len(kept)} photographs are not in {photos}, the first is "
            f"{labels.files[kept.argmin()]}; get them, or leave them out with drop_missing"
        )
    histogram = Histogram(VOTE_VALUES, labels.histogram.counts[kept])
    mean, sd, n = (column[:, None] for column in summary(histogram))
    files = tuple(f"{within}/{image}.jpg" for image in labels.images[kept].tolist())
    splits = tuple(parts[kept].tolist())
    drawn = ("train", "test") if test is None else ()
    return RatedPhotos(
        "ava", folder, files, TASKS, mean, None, splits, sd, n, None, histogram, threshold=THRESHOLD, drawn=drawn
    )


def statistics(folder: Path) -> list[StatisticsTable]:
    """Votes of AVA, and its split: the official one if its test list is there, else ours. Needs no photographs.

    Raises:
        BeholderError: as :func:`read_labels`, :func:`read_test_list` and :func:`split`.
    """
    labels, test = read_labels(folder), read_test_list(folder)
    mean, _, n = summary(labels.histogram)
    parts = split(labels.images, test).tolist()
    counts = [
        ("photographs", len(mean)),
        ("challenges", len(np.unique(labels.challenges))),
        ("votes", int(labels.histogram.counts.sum())),
    ]
    seed: list[tuple[StatisticsCell, ...]] = [("seed", SPLIT_SEED)] if test is None else []
    return [
        *rating_tables(counts, TASKS, mean[:, None], n[:, None], labels.histogram),
        StatisticsTable(
            "splits",
            "Official split" if test is not None else f"Split, ours because {TEST_LIST} is missing",
            ("split", "photographs"),
            (
                *((part, parts.count(part)) for part in ("train", "test")),
                *seed,
                ("sha256", split_hash(labels.files, parts)),
            ),
        ),
    ]


def _describe_broken(path: Path, lines: list[str]) -> str:
    """A message that says what is wrong with the first line that is not as published."""
    expected = f"not {CELLS_A_LINE} whole numbers: index, image, ten numbers of votes, two tags, challenge"
    for row, line in enumerate(lines, 1):
        cells = line.split()
        if len(cells) != CELLS_A_LINE:
            return f"{path}: row {row} has {len(cells)} cells, {expected}"
        for cell in cells:
            if not cell.removeprefix("-").isdigit():
                return f"{path}: row {row} has {cell!r}, {expected}"
    return f"{path}: a number is too large, {expected}"


DATA_SET = DataSet(
    name="ava",
    description="255,530 photographs of DPChallenge, votes from 1 to 10 (Murray, Marchesotti & Perronnin 2012)",
    landmarks=(VOTES_FILE,),
    load=load,
    drops_missing=True,
    statistics=statistics,
)
