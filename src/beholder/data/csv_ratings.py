"""Your own ratings: a CSV file with a column of photographs and a column for each rated quantity.

The first rated column is the overall score. Cells are separated by commas, semicolons or tabs; if by semicolons,
numbers may have decimal commas, as spreadsheets write them in much of Europe.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.tables import parse_splits, read_table
from beholder.data.vote_distributions import check_means, summary
from beholder.data.votes import Histogram
from beholder.errors import BeholderError
from beholder.tasks import Task

IMAGE_COLUMNS = ("image", "file", "filename", "path", "photo")
GROUP_COLUMNS = ("theme", "group")
VOTES_COLUMN = re.compile(r"votes_(0|-?[1-9]\d*)", re.IGNORECASE)
TOTAL_COLUMNS = ("n", "votes_n")  # the number of all votes
MIN_PHOTOGRAPHS = 10  # fewer cannot be divided into parts that say anything
# Rating scales in common use, the narrowest first.
COMMON_SCALES = ((0, 1), (-1, 1), (1, 5), (0, 5), (1, 7), (1, 10), (0, 10), (0, 100), (-100, 100))
ADVICE = "give a CSV file with a column of photographs and columns of ratings"

Table = dict[str, list[str]]


def load(
    path: Path,
    root: Path | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    min_photographs: int = MIN_PHOTOGRAPHS,
) -> RatedPhotos:
    """Photographs and ratings of a CSV file in UTF-8 with one row a photograph.

    Columns, in upper or lower case:

    - the photograph: image, file, filename, path or photo; relative to ``root``;
    - optionally ``split``: train, validation or test in every row;
    - optionally ``theme`` or ``group``: photographs with the same label belong together;
    - optionally ``TASK_sd`` and ``TASK_n``: standard deviation over raters, and their number;
    - optionally ``votes_1``, ``votes_2``, ... up to ``votes_10``, say: how many people gave the first task each value.
      The values are whole numbers, all that can be voted and no others; 0 and below are allowed. Without another rated
      column the mean of the votes is the task, called ``score``. A column ``n`` or ``votes_n`` is the number of all
      votes;
    - every other column of numbers is a task, in the order of the columns; the first is the overall score. ``_mean`` at
      the end of its name is dropped, and characters other than letters and digits become underscores. An empty cell is
      a photograph that was not rated. Columns of text, with more words than numbers, are ignored.

    Args:
        path: of the CSV file; its name without the ending is the name of the data set.
        root: folder that the paths in it are relative to; that of the CSV file by default.
        ranges: task -> lowest and highest value of its rating scale. A task that is not in it has the range of the
            rating levels, if there are votes; else the narrowest common scale that holds all ratings (0 to
            1, 1 to 5, 1 to 7, ...); else the range of the ratings, widened to whole numbers. The description of the
            task says which.
        min_photographs: fewer are refused.

    Raises:
        BeholderError: a column is missing or ambiguous, a cell is not a number, a row is too long, a photograph has no
            rating, there are fewer than ``min_photographs``, votes are not whole or disagree with their number or with
            the ratings; and as `RatedPhotos`.
    """
    delimiter = _delimiter(path)
    table = read_table(path, delimiter=delimiter, advice=ADVICE, refuse_long_rows=True)
    files = _files(path, table, min_photographs)
    split, group = _find_column(table, ("split",)), _find_column(table, GROUP_COLUMNS)
    columns = _number_columns(path, {name: table[name] for name in table if name not in (split, group)}, delimiter)
    histogram = _histogram(path, table, columns)
    if histogram is not None:
        columns = _replace_votes(path, columns, histogram)
    rated = _rated_columns(path, columns)
    ranges = dict(ranges or {})
    unknown = sorted(set(ranges) - set(rated))
    if unknown:
        raise BeholderError(f"{path}: a range for {unknown[0]!r}, which is not rated; rated are {', '.join(rated)}")
    ratings = np.stack([columns[column] for column in rated.values()], axis=1)
    unrated = np.flatnonzero(np.isnan(ratings).all(axis=1))
    if len(unrated):
        raise BeholderError(
            f"{path}: row {unrated[0] + 2}, {files[unrated[0]]} has no rating; rate it or leave the row out "
            f"({len(unrated)} such rows)"
        )
    tasks = [_infer_task(path, column, name, columns[column], ranges.get(name)) for name, column in rated.items()]
    if histogram is not None and tasks[0].name not in ranges:
        tasks[0] = _voted_task(path, tasks[0].name, histogram)
    photos = RatedPhotos(
        path.stem,
        path.parent if root is None else root,
        files,
        tuple(tasks),
        ratings,
        # A photograph without a theme is a group of its own.
        None if group is None else tuple(text.strip() or file for text, file in zip(table[group], files, strict=True)),
        None if split is None or not any(table[split]) else parse_splits(path, table[split]),
        _companions(columns, list(rated.values()), "_sd"),
        _companions(columns, list(rated.values()), "_n"),
        histogram=histogram,
    )
    check_means(photos)
    return photos


def load_one_rater(path: Path, root: Path | None = None, ends: tuple[float, float] | None = None) -> RatedPhotos:
    """One person's ratings: a CSV file with a column of photographs and one column of ratings.

    Args:
        path: as of :func:`load`.
        root: as of :func:`load`.
        ends: lowest and highest value of the rating scale; inferred as by :func:`load` by default.

    Raises:
        BeholderError: as :func:`load`; more than one column of ratings.
    """
    photos = load(path, root, min_photographs=0)
    if len(photos.tasks) > 1:
        names = ", ".join(task.name for task in photos.tasks)
        raise BeholderError(
            f"{path}: {len(photos.tasks)} columns of ratings ({names}); a taste is of one: keep that one"
        )
    if ends is None:
        return photos
    return replace(photos, tasks=(replace(photos.tasks[0], low=ends[0], high=ends[1]),))


def _delimiter(path: Path) -> str:
    """The separator of the cells in the first line."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            header = file.readline()
    except OSError as error:
        raise BeholderError(f"{path}: cannot be read ({error.strerror}); {ADVICE}") from None
    return max(",;\t", key=header.count)


def _find_column(table: Table, names: Sequence[str]) -> str | None:
    """The column that has the first of these names that is found; None if none is."""
    found = {column.lower(): column for column in table}
    return next((found[name] for name in names if name in found), None)


def _files(path: Path, table: Table, min_photographs: int) -> tuple[str, ...]:
    image = _find_column(table, IMAGE_COLUMNS)
    if image is None:
        raise BeholderError(
            f"{path}: no column of photographs; call it one of {', '.join(IMAGE_COLUMNS)}; it has {', '.join(table)}"
        )
    files = tuple(text.strip().replace("\\", "/") for text in table[image])
    if "" in files:
        raise BeholderError(f"{path}: row {files.index('') + 2} names no photograph; give it one or leave the row out")
    if len(files) < min_photographs:
        raise BeholderError(
            f"{path}: {len(files)} photographs are too few; rate {min_photographs} at least, better hundreds"
        )
    return files


def _number_columns(path: Path, table: Table, delimiter: str) -> dict[str, np.ndarray]:
    """Columns of numbers: (N,) each, NaN where empty. Columns of text and of photographs are left out."""
    image = _find_column(table, IMAGE_COLUMNS)
    columns = {}
    for name, texts in table.items():
        cells = [_number(text, delimiter) for text in texts]
        words = [row for row, cell in enumerate(cells) if cell is None]
        values = np.array([np.nan if cell is None else cell for cell in cells])
        count = np.isfinite(values).sum()
        if name == image or count == 0 or len(words) > count:
            continue
        if words:
            raise BeholderError(
                f"{path}: row {words[0] + 2}, {name} is {texts[words[0]]!r}, not a number; "
                f"leave the cell empty where there is no rating ({len(words)} such cells)"
            )
        columns[name] = values
    return columns


def _histogram(path: Path, table: Table, columns: dict[str, np.ndarray]) -> Histogram | None:
    """The columns of votes; None if there are none."""
    named = {int(found[1]): name for name in table if (found := VOTES_COLUMN.fullmatch(name))}
    if not named:
        return None
    if len(named) < 2:
        raise BeholderError(f"{path}: {named.popitem()[1]!r} is the only column of votes; give one for each value")
    values = sorted(named)
    counts = np.stack([columns.get(named[value], np.full(len(table[named[value]]), np.nan)) for value in values], 1)
    wrong = ~((counts >= 0) & (counts == np.floor(counts)))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        name = named[values[column]]
        raise BeholderError(
            f"{path}: row {row + 2}, {name} is {table[name][row]!r}; numbers of votes are whole, 0 for no votes"
        )
    empty = np.flatnonzero(counts.sum(axis=1) == 0)
    if len(empty):
        raise BeholderError(f"{path}: row {empty[0] + 2} has no votes; leave the row out ({len(empty)} such rows)")
    return Histogram(np.array(values), counts.astype(int))


def _replace_votes(path: Path, columns: dict[str, np.ndarray], histogram: Histogram) -> dict[str, np.ndarray]:
    """The columns without those of votes, but with the score, deviation and number that follow from the votes.

    Raises:
        BeholderError: names the row where the number of votes differs from the column that gives it.
    """
    mean, sd, n = summary(histogram)
    others = {name: values for name, values in columns.items() if not VOTES_COLUMN.fullmatch(name)}
    totals = {name: others.pop(name) for name in list(others) if name.lower() in TOTAL_COLUMNS}
    if set(others) <= {"score_sd", "score_n"}:
        others = {"score": mean, **others}
    first = next(iter(_rated_columns(path, others).values())).removesuffix("_mean")
    if f"{first}_n" in others:
        totals[f"{first}_n"] = others[f"{first}_n"]
    for name, total in totals.items():
        wrong = np.flatnonzero(~np.isnan(total) & (total != n))
        if len(wrong):
            raise BeholderError(
                f"{path}: row {wrong[0] + 2}, {name} is {total[wrong[0]]:g}, its votes are {n[wrong[0]]:g} "
                f"({len(wrong)} such rows)"
            )
    return {f"{first}_sd": sd, **others, f"{first}_n": n}


def _number(text: str, delimiter: str) -> float | None:
    """NaN for an empty cell, None for text that is not a finite number."""
    if not text.strip():
        return math.nan
    try:
        number = float(text.replace(",", ".") if delimiter == ";" else text)
    except ValueError:
        return None
    return None if math.isinf(number) else number


def _rated_columns(path: Path, columns: dict[str, np.ndarray]) -> dict[str, str]:
    """Name of a task -> its column, in the order of the columns."""
    rated: dict[str, str] = {}
    for column in columns:
        stem, _, last = column.rpartition("_")
        if last in ("sd", "n") and (stem in columns or f"{stem}_mean" in columns):
            continue
        name = re.sub(r"\W+", "_", column.removesuffix("_mean")).strip("_")
        if name in rated:
            raise BeholderError(
                f"{path}: {rated[name]!r} and {column!r} are both called {name}; give each its own name"
            )
        rated[name] = column
    if not rated:
        raise BeholderError(f"{path}: no column of ratings; {ADVICE}")
    return rated


def _infer_task(path: Path, column: str, name: str, values: np.ndarray, given: tuple[float, float] | None) -> Task:
    about = f"Column {column} of {path.name}"
    if given is not None:
        return Task(name, *given, f"{about}; scale as given")
    least, most = float(np.nanmin(values)), float(np.nanmax(values))
    whole = (math.floor(least), max(math.ceil(most), math.floor(least) + 1))
    low, high = next(((low, high) for low, high in COMMON_SCALES if low <= least and most <= high), whole)
    return Task(name, low, high, f"{about}; scale {low} to {high} inferred from ratings of {least:g} to {most:g}")


def _voted_task(path: Path, name: str, histogram: Histogram) -> Task:
    low, high = int(histogram.values[0]), int(histogram.values[-1])
    return Task(name, low, high, f"Votes of {path.name}; scale {low} to {high} as in its columns votes_{low} and on")


def _companions(columns: dict[str, np.ndarray], rated: list[str], suffix: str) -> np.ndarray | None:
    """(N, K) columns named as the rated ones, with a suffix; NaN for a column that is missing, None if all are."""
    names = [column.removesuffix("_mean") + suffix for column in rated]
    if not any(name in columns for name in names):
        return None
    empty = np.full(len(columns[rated[0]]), np.nan)
    return np.stack([columns.get(name, empty) for name in names], axis=1)
