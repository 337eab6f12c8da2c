"""Tables with one row a rater and photograph: who rated, and the mean over raters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.tables import EMPTY, check_scale, plain_name
from beholder.data.vote_distributions import histogram_of
from beholder.data.votes import Histogram, Votes, mean_sd_n
from beholder.errors import BeholderError
from beholder.tasks import Task
from beholder.terminal import say
from beholder.text import cut

RATER_NAMES = ("rater", "annotator", "worker", "participant", "user")
RATER_COLUMNS = (*(f"{name}{end}" for name in RATER_NAMES for end in ("", "id", "name")), "subjectid")
SUBJECT = "subject"  # who took part in a study, or what a photograph shows, which may be rated
MAX_LEVELS = 21  # of a scale whose votes are counted for each of its whole numbers


@dataclass(frozen=True)
class Rows:
    """What the rows of a table say, with or without a rating; otherwise as `RatedPhotos`.

    Attributes:
        rejected: (N,) whether the photograph is a reject of exiftool's table; it has no rating then.
    """

    files: tuple[str, ...]
    ratings: np.ndarray
    rejected: np.ndarray
    groups: tuple[str, ...] | None
    splits: tuple[str, ...] | None
    sd: np.ndarray | None
    n: np.ndarray | None
    votes: Votes | None
    histogram: Histogram | None


def find_rater(table: Mapping[str, Sequence[str]], files: Sequence[str]) -> str | None:
    """The column that says who rated, by its name in any case and spacing; None if there is none.

    ``subject`` is one if photographs are repeated as in tables of many raters: twice each on average, at least.

    >>> find_rater({"Worker ID": ["a"], "image": ["1.jpg"]}, ["1.jpg"])
    'Worker ID'
    """
    named = {plain_name(column): column for column in table}
    found = next((named[name] for name in RATER_COLUMNS if name in named), None)
    if found is None and 2 * len(set(files)) <= len(files):
        found = named.get(SUBJECT)
    return found


def rater_labels(path: Path, column: str, texts: Sequence[str]) -> np.ndarray:
    """(R,) labels of the raters, one a row.

    Raises:
        BeholderError: a row names no rater.
    """
    labels = [text.strip() for text in texts]
    empty = next((row for row, text in enumerate(labels, 2) if text.lower() in EMPTY), None)
    if empty is not None:
        raise BeholderError(f"{path}: row {empty}, {cut(column)} names no rater; give it one or leave the row out")
    return np.array(labels, dtype=str)


def is_long(rows: Rows) -> bool:
    """Whether photographs are repeated, as in a table with one row a rater and photograph."""
    return rows.histogram is None and len(set(rows.files)) < len(rows.files)


def refuse_differences(path: Path, rows: Rows, labels: Mapping[str, Sequence[str] | None]) -> None:
    """Raises BeholderError if two rows of one photograph have different labels; ``labels`` has them by column."""
    for column, texts in labels.items():
        first: dict[str, str] = {}
        for row, (file, text) in enumerate(zip(rows.files, texts or (), strict=False), 2):
            if first.setdefault(file, text) != text:
                raise BeholderError(
                    f"{path}: row {row}, {cut(column)} is {cut(text)!r}, in an earlier row of the same photograph "
                    f"{cut(first[file])!r}; give a photograph one"
                )


def averaged(path: Path, rows: Rows, rater: np.ndarray, tasks: Sequence[Task]) -> Rows:
    """One row a photograph, with the mean over raters, their deviation and number, and the votes for the first task.

    A line on standard error says how many raters and photographs there are.

    Args:
        path: of the table, for messages.
        rows: R rows of raters and photographs.
        rater: (R,) label of the rater.
        tasks: K rated quantities.

    Raises:
        BeholderError: a rating is outside its scale.
    """
    for task, column in zip(tasks, rows.ratings.T, strict=True):
        check_scale(path, task.name, column, task)
    place = {file: number for number, file in enumerate(dict.fromkeys(rows.files))}
    files = np.array([place[file] for file in rows.files])
    first = np.unique(files, return_index=True)[1]
    photo, rater, values = one_a_rater(files, rater, rows.ratings, len(place))
    mean, sd, n = mean_sd_n(photo, values, len(place))
    known = ~np.isnan(values[:, 0])
    votes = Votes(photo[known], rater[known], values[known, 0])
    raters = len(np.unique(rater[~np.isnan(values).all(axis=1)]))
    say(
        f"{path}: one row a rater and photograph: {raters} rater{'s' * (raters != 1)}, {len(place)} photographs; "
        "their ratings are averaged"
    )
    return Rows(
        tuple(place),
        mean,
        rows.rejected[first],
        rows.groups and tuple(rows.groups[row] for row in first),
        rows.splits and tuple(rows.splits[row] for row in first),
        sd,
        n,
        votes,
        None,
    )


def one_a_rater(
    photo: np.ndarray, rater: np.ndarray, values: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows of each rater and photograph made one, by their mean: photographs, raters and values, sorted.

    Args:
        photo: (R,) index of the photograph.
        rater: (R,) label of the rater.
        values: (R, K) ratings, NaN where one is missing.
        count: photographs.
    """
    labels, place = np.unique(rater, return_inverse=True)
    pairs, pair = np.unique(place * count + photo, return_inverse=True)
    return pairs % count, labels[pairs // count], mean_sd_n(pair, values, len(pairs))[0]


def histogram_of_whole_votes(votes: Votes, count: int, task: Task) -> Histogram | None:
    """The votes counted for each whole number of a scale; None if votes are between them, or a photograph has none."""
    if not task.high - task.low < MAX_LEVELS:
        return None
    levels = np.arange(task.low, task.high + 1)
    whole = task.low == np.floor(task.low) and levels[-1] == task.high and (votes.value == np.floor(votes.value)).all()
    return histogram_of(votes, count, levels) if whole else None
