"""AVA: 255,530 photographs of DPChallenge with their votes from 1 to 10 (Murray, Marchesotti & Perronnin 2012).

Read as published: ``AVA.txt``, a photograph a line, 15 whole numbers divided by spaces (index, image id, the numbers of
votes for 1 to 10, two semantic tags, challenge); and the photographs, ``images/ID.jpg`` or ``image/ID.jpg``.

The official test part is ``aesthetics_image_lists/generic_test.jpgl``, 19,930 image ids, one a line; whatever else is
in ``AVA.txt`` is for training, as in ``generic_ls_train.jpgl``. Without that file the split is ours: seeded, 20,000 of
250,000 for testing as Li et al. (2019, Section 4.1) have it, and told by its hash. Neither has a validation part;
:func:`beholder.data.registry.split_of` takes one from the training part.

Some files were never published, or are gone from most copies; whoever has most of them may leave the others out.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data import vote_distributions
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import Cell, Statistic, rating_statistics
from beholder.data.vote_distributions import summary
from beholder.data.votes import Histogram
from beholder.errors import BeholderError
from beholder.splits import holdout, split_hash
from beholder.tasks import Task

TASKS = (Task("score", 1, 10, "Aesthetic score (1 to 10); mean of about 210 votes on DPChallenge, AVA"),)
VOTES = "AVA.txt"
TEST_LIST = "aesthetics_image_lists/generic_test.jpgl"
FOLDERS = ("images/images", "images", "image")  # as archives of the photographs unpack, the innermost first
VALUES = np.arange(1, 11)
COLUMNS = 2 + len(VALUES) + 3
SEED = 0  # of our split
TEST = 20_000 / 250_000


@dataclass(frozen=True)
class Labels:
    """The lines of ``AVA.txt``.

    Attributes:
        images: (N,) image ids.
        histogram: (N, 10) votes for 1 to 10.
        tags: (N, 2) semantic tags, 1 to 66, 0 for none.
        challenges: (N,) challenge that the photograph was sent in for.
    """

    images: np.ndarray
    histogram: Histogram
    tags: np.ndarray
    challenges: np.ndarray

    @property
    def files(self) -> tuple[str, ...]:
        """N names of the photographs, without a folder."""
        return tuple(f"{image}.jpg" for image in self.images.tolist())


def read_votes(root: Path) -> Labels:
    """All lines of ``root/AVA.txt``. Needs no photographs.

    Raises:
        BeholderError: the file is missing, or the line of what is wrong: not 15 whole numbers, a negative number, no
            votes, an image for the second time.
    """
    path = root / VOTES
    lines = [line for line in _text(path, "give the folder that holds AVA.txt").splitlines() if line.strip()]
    if not lines:
        raise BeholderError(f"{path}: has no rows; give the published file")
    try:
        rows = np.loadtxt(lines, dtype=np.int64, comments=None, ndmin=2)
    except ValueError:
        raise BeholderError(_broken(path, lines)) from None
    if rows.shape[1] != COLUMNS:
        raise BeholderError(_broken(path, lines))
    images, counts = rows[:, 1], rows[:, 2:12]
    negative = np.argwhere(counts < 0)
    if len(negative):
        row, column = negative[0]
        raise BeholderError(f"{path}: row {row + 1} has {counts[row, column]} votes for {VALUES[column]}, below 0")
    empty = np.flatnonzero(counts.sum(axis=1) == 0)
    if len(empty):
        raise BeholderError(f"{path}: row {empty[0] + 1}, image {images[empty[0]]} has no votes; leave the row out")
    first = np.unique(images, return_index=True)[1]
    if len(first) < len(images):
        again = np.setdiff1d(np.arange(len(images)), first)[0]
        raise BeholderError(f"{path}: row {again + 1}, image {images[again]} is listed more than once")
    return Labels(images, Histogram(VALUES, counts), rows[:, 12:14], rows[:, 14])


def read_test(root: Path) -> np.ndarray | None:
    """Image ids of the official test list; None where that is not there.

    Raises:
        BeholderError: a line that is no image id.
    """
    path = root / TEST_LIST
    if not path.exists():
        return None
    lines = _text(path, "give the published list").split()
    broken = next((line for line in lines if not line.isdigit()), None)
    if broken is not None:
        raise BeholderError(f"{path}: {broken!r} is no image id; the list has one a line")
    return np.array(lines, dtype=np.int64)


def split(images: np.ndarray, test: np.ndarray | None = None, seed: int = SEED) -> np.ndarray:
    """(N,) ``train`` or ``test`` for each photograph, whatever their order.

    Args:
        images: (N,) image ids.
        test: image ids that are for testing, those of others too; None draws them, two in 25.
        seed: of what is drawn.

    Raises:
        BeholderError: a part would be empty.
    """
    if test is None:
        parts = np.empty(len(images), dtype="U10")
        parts[np.argsort(images)] = holdout(len(images), TEST, 0, seed)
        return parts
    tested = np.isin(images, test)
    if tested.all() or not tested.any():
        raise BeholderError(
            f"ava: {tested.sum()} of {len(images)} photographs are in the test list {TEST_LIST}; "
            "give the list that belongs to AVA.txt"
        )
    return np.where(tested, "test", "train")


def load(root: Path, drop_missing: bool = False) -> RatedPhotos:
    """Photographs with the means and histograms of their votes, and the official split or ours.

    There are no groups: challenges are in :class:`Labels`, for whoever wants to keep them whole.

    Args:
        root: holds ``AVA.txt``, the photographs, and the official lists where they are.
        drop_missing: leave photographs out whose files are not there, instead of refusing.

    Raises:
        BeholderError: as :func:`read_votes`, :func:`read_test`, :func:`split` and `RatedPhotos`; photographs that are
            missing, where they are not to be dropped, or all of them.
    """
    labels = read_votes(root)
    parts = split(labels.images, read_test(root))  # before any is dropped: who is tested on does not depend on that
    folder = next((folder for folder in FOLDERS if (root / folder).is_dir()), FOLDERS[1])
    there = {path.name for path in (root / folder).iterdir()} if (root / folder).is_dir() else set()
    kept = np.array([file in there for file in labels.files])
    if not kept.any() or not (kept.all() or drop_missing):
        raise BeholderError(
            f"ava: {(~kept).sum()} of {len(kept)} photographs are not in {root / folder}, the first is "
            f"{labels.files[kept.argmin()]}; get them, or leave them out with drop_missing"
        )
    histogram = Histogram(VALUES, labels.histogram.counts[kept])
    mean, sd, n = (column[:, None] for column in summary(histogram))
    files = tuple(f"{folder}/{image}.jpg" for image in labels.images[kept].tolist())
    return RatedPhotos("ava", root, files, TASKS, mean, None, tuple(parts[kept].tolist()), sd, n, None, histogram)


def _text(path: Path, advice: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BeholderError(f"{path}: cannot be read ({error.strerror}); {advice}") from None
    except UnicodeDecodeError:
        raise BeholderError(f"{path}: is not UTF-8 text; {advice}") from None


def _broken(path: Path, lines: list[str]) -> str:
    """What is wrong with the first line that is not as published."""
    expected = f"not {COLUMNS} whole numbers: index, image, ten numbers of votes, two tags, challenge"
    for row, line in enumerate(lines, 1):
        cells = line.split()
        if len(cells) != COLUMNS:
            return f"{path}: row {row} has {len(cells)} cells, {expected}"
        for cell in cells:
            if not cell.removeprefix("-").isdigit():
                return f"{path}: row {row} has {cell!r}, {expected}"
    return f"{path}: a number is too large, {expected}"


def of_ava(labels: Labels, test: np.ndarray | None) -> list[Statistic]:
    """Votes of AVA, and its split: the official one where ``test``, its image ids, is known, else ours.

    Raises:
        BeholderError: a part would be empty.
    """
    mean, _, n = vote_distributions.summary(labels.histogram)
    parts = split(labels.images, test).tolist()
    counts = [
        ("photographs", len(mean)),
        ("challenges", len(np.unique(labels.challenges))),
        ("votes", int(labels.histogram.counts.sum())),
    ]
    seed: list[tuple[Cell, ...]] = [("seed", SEED)] if test is None else []
    return [
        *rating_statistics(counts, TASKS, mean[:, None], n[:, None], labels.histogram),
        Statistic(
            "splits",
            "Official split" if test is not None else f"Split, ours for want of {TEST_LIST}",
            ("split", "photographs"),
            (
                *((part, parts.count(part)) for part in ("train", "test")),
                *seed,
                ("sha256", split_hash(labels.files, parts)),
            ),
        ),
    ]
