"""Your own ratings: a CSV file with a column of photographs and a column for each rated quantity.

The first rated column is the overall score. Cells are separated by commas, semicolons or tabs; unless by commas,
numbers may have decimal commas, as spreadsheets write them in much of Europe. Photographs without a rating are left
out, which a line on standard error says.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path

import numpy as np

from beholder.data.exiftool import REJECT, is_exiftool, one_column_of_stars, without_unrated
from beholder.data.identifiers import has_name_of_identifier, identifiers
from beholder.data.long_form import (
    Rows,
    averaged,
    find_rater,
    histogram_of_whole_votes,
    is_long,
    rater_labels,
    refuse_differences,
)
from beholder.data.photo_files import photo_files
from beholder.data.rated_photos import RatedPhotos
from beholder.data.star_exports import is_star_export, plain_stars
from beholder.data.tables import EMPTY, listed, number, parse_splits, parse_table, plain_name
from beholder.data.vote_distributions import check_means, summary
from beholder.data.votes import Histogram
from beholder.errors import BeholderError
from beholder.reading import read_text
from beholder.tasks import Task
from beholder.terminal import say
from beholder.text import cut

IMAGE_COLUMNS = ("image", "sourcefile", "file", "filename", "path", "filepath", "photo")  # "File Name" is filename
GROUP_COLUMNS = ("theme", "group")
VOTES_COLUMN = re.compile(r"votes_(0|-?[1-9]\d*)", re.IGNORECASE | re.ASCII)
MAX_VOTE_DIGITS = 6  # of a value that can be voted
TOTAL_COLUMNS = ("n", "votes_n")  # the number of all votes
MIN_PHOTOGRAPHS = 10  # fewer cannot be divided into parts that say anything
# Rating scales in common use, the narrowest first; -1 to 5 is that of stars, where -1 is a rejected photograph.
COMMON_SCALES = ((0, 1), (-1, 1), (1, 5), (0, 5), (-1, 5), (1, 7), (1, 10), (0, 10), (0, 100), (-100, 100))
ADVICE = "give a CSV file with a column of photographs and columns of ratings"

_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)  # a first line by which Excel knows the separator

Table = dict[str, list[str]]


def load(
    path: Path,
    root: Path | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    min_photographs: int = MIN_PHOTOGRAPHS,
) -> RatedPhotos:
    """Photographs and ratings of a CSV file with one row a photograph, or one row a rater and photograph.

    Spreadsheets' "Unicode text" is read, too.

    Columns, in upper or lower case:

    - the photograph: image, file, filename, path, filepath, photo, or SourceFile as of exiftool; relative to ``root``,
      or the path that it has on another machine (:func:`beholder.data.photo_files.photo_files`);
    - optionally who rated: a column of :data:`beholder.data.long_form.RATER_COLUMNS`. If photographs are repeated, each
      gets the mean over raters, their number and standard deviation, and votes for the first task;
    - optionally ``split``: train, validation or test in every row;
    - optionally ``theme`` or ``group``: photographs with the same label belong together;
    - optionally ``TASK_sd`` and ``TASK_n``: standard deviation over raters, and their number;
    - optionally ``votes_1``, ``votes_2``, ... up to ``votes_10``, say: how many people gave the first task each value.
      The values are whole numbers, all that can be voted and no others; 0 and below are allowed. Without another rated
      column the mean of the votes is the task, called ``score``. A column ``n`` or ``votes_n`` is the number of all
      votes;
    - every other column of numbers is a task, in the order of the columns; the first is the overall score. ``_mean`` at
      the end of its name is dropped, and characters other than letters and digits become underscores. An empty cell
      (or ``-``, or another of :data:`beholder.data.tables.EMPTY`) is a photograph that was not rated; so are 0 stars in
      a table of exiftool, or of stars with flags (:mod:`beholder.data.star_exports`), and its rejects, -1. Columns of
      text, with more words than numbers, are ignored; so are identifiers (:mod:`beholder.data.identifiers`) unless
      ``ranges`` has them, which a line on standard error says.

    Args:
        path: of the CSV file; its name without the ending is the name of the data set.
        root: folder that the paths in it are relative to; that of the CSV file by default.
        ranges: task -> lowest and highest value of its rating scale. A task that is not in it has the range of the
            rating levels, if there are votes; else the narrowest common scale that holds all ratings (0 to
            1, 1 to 5, 1 to 7, ...); else the range of the ratings, widened to whole numbers. The description of the
            task says which.
        min_photographs: fewer with a rating are refused.

    Raises:
        BeholderError: the file cannot be read, a column is missing or ambiguous, a cell is not a number, a row is too
            long, there are only identifiers or fewer photographs than ``min_photographs``, votes are not whole or
            disagree with their number or with the ratings; and as `RatedPhotos`.
    """
    root = path.parent if root is None else root
    table, decimal_comma = _read(path)
    image = _image_column(path, table)
    of_stars = is_exiftool(image) or is_star_export(table)
    table = plain_stars(one_column_of_stars(table, image))
    files = photo_files(path, table[image], root)
    split, group = _find_column(path, table, ("split",)), _find_column(path, table, GROUP_COLUMNS)
    kept = set(ranges or ())  # a column whose scale is given is no identifier
    rater = find_rater({name: cells for name, cells in table.items() if _task_name(name) not in kept}, files)
    named = {name for name in table if has_name_of_identifier(name) and _task_name(name) not in kept}
    rated_table = {name: table[name] for name in table if name not in {image, split, group, rater, *named}}
    columns = _number_columns(path, rated_table, decimal_comma=decimal_comma)
    columns, rejected = without_unrated(path, columns, len(files), of_stars=of_stars)
    histogram = _histogram(path, table, columns)
    columns = _without_identifiers(path, table, columns, named, kept, advise=ranges is not None)
    if histogram is not None:
        columns = _replace_votes(path, columns, histogram)
    rated = _rated_columns(path, columns, rated_table)
    ranges = dict(ranges or {})
    unknown = sorted(set(ranges) - set(rated))
    if unknown:
        raise BeholderError(f"{path}: a range for {unknown[0]!r}, which is not rated; rated are {listed(rated)}")
    tasks = [_infer_task(path, column, name, columns[column], ranges.get(name)) for name, column in rated.items()]
    if histogram is not None and tasks[0].name not in ranges:
        tasks[0] = _voted_task(path, tasks[0].name, histogram)
    ratings = np.stack([columns[column] for column in rated.values()], axis=1)
    sd, n = (_companions(columns, list(rated.values()), suffix) for suffix in ("_sd", "_n"))
    groups = tuple(text.strip() for text in table[group]) if group else None
    splits = parse_splits(path, table[split]) if split and any(table[split]) else None
    rows = Rows(files, ratings, rejected, groups, splits, sd, n, None, histogram)
    if rater is not None and is_long(rows):
        refuse_differences(path, rows, {"split": splits, group or "": groups})
        rows = averaged(path, rows, rater_labels(path, rater, table[rater]), tasks)
    elif rater is not None and any(number(text) is not None for text in table[rater]):
        say(f'{path}: column "{cut(rater)}" says who rated, left out')
    photos = _rated_photos(path, root, tasks, rows, min_photographs)
    if photos.votes is not None:
        photos = replace(photos, histogram=histogram_of_whole_votes(photos.votes, len(photos), photos.tasks[0]))
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


def _rated_photos(path: Path, root: Path, tasks: Sequence[Task], rows: Rows, min_photographs: int) -> RatedPhotos:
    """The photographs that have a rating."""
    keep = ~np.isnan(rows.ratings).all(axis=1)
    _say_left_out(path, keep, rows.rejected, min_photographs)
    files = tuple(compress(rows.files, keep))
    # A photograph without a theme is a group of its own.
    groups = rows.groups and tuple(text or file for text, file in zip(compress(rows.groups, keep), files, strict=True))
    votes = rows.votes
    if votes is not None:
        votes = replace(votes, photo=(np.cumsum(keep) - 1)[votes.photo])  # who has a vote has a rating
    return RatedPhotos(
        path.stem,
        root,
        files,
        tuple(tasks),
        rows.ratings[keep],
        groups or None,
        (rows.splits and tuple(compress(rows.splits, keep))) or None,
        None if rows.sd is None else rows.sd[keep],
        None if rows.n is None else rows.n[keep],
        votes,
        None if rows.histogram is None else replace(rows.histogram, counts=rows.histogram.counts[keep]),
    )


def _without_identifiers(
    path: Path, table: Table, columns: dict[str, np.ndarray], named: set[str], kept: set[str], *, advise: bool
) -> dict[str, np.ndarray]:
    """The columns that are ratings, after a line that names the identifiers.

    Args:
        path: of the table, for messages.
        table: all columns.
        columns: those of numbers, without ``named``.
        named: those with the name of an identifier.
        kept: names of tasks that are rated whatever they look like.
        advise: how to keep an identifier.

    Raises:
        BeholderError: there are only identifiers.
    """
    names = list(table)
    before = names[: names.index(_image_column(path, table))]
    ratings = {
        name: values
        for name, values in columns.items()
        if not VOTES_COLUMN.fullmatch(name)
        and name.rpartition("_")[2] not in ("sd", "n")
        and _task_name(name) not in kept
    }
    counted = identifiers(ratings, before, others=len(columns) > len(ratings))
    left_out = [name for name in names if name in counted or (name in named and _has_numbers(table[name]))]
    left = {name: values for name, values in columns.items() if name not in left_out}
    shown = ", ".join(f'"{cut(name)}"' for name in left_out)
    if left_out and not left:
        taken = {_image_column(path, table), *left_out, *named}
        others = {name: cells for name, cells in table.items() if name not in taken}
        raise BeholderError(
            f"{path}: no column of ratings, which are numbers{_example(others)}; {shown} looks like an identifier; "
            "add a column of ratings, or name the column after what was rated"
        )
    if left_out:
        one = len(left_out) == 1
        what = "looks like an identifier" if one else "look like identifiers"
        advice = f"; --range {_task_name(left_out[0])}=LOW:HIGH keeps it as a rating" if advise and one else ""
        say(f"{path}: column{'s' * (not one)} {shown} {what}, left out{advice}")
    return left


def _has_numbers(cells: Sequence[str]) -> bool:
    """Whether a column would be one of ratings by its cells: more numbers than words."""
    values = [number(cell) for cell in cells]
    numbers = sum(value is not None and not math.isnan(value) for value in values)
    return numbers > 0 and numbers >= values.count(None)


def _task_name(column: str) -> str:
    """The name of a task by that of its column."""
    return re.sub(r"\W+", "_", column.removesuffix("_mean")).strip("_")


def _read(path: Path) -> tuple[Table, bool]:
    """The columns of a table, and whether its numbers may have decimal commas."""
    text = read_text(path, "a table of ratings", advice=ADVICE)
    hint = _SEPARATOR.match(text)
    if hint:
        text = text[hint.end() :]
    delimiter = hint[1] if hint else max(",;\t", key=text.partition("\n")[0].count)
    return parse_table(path, text, (), delimiter, refuse_long_rows=True), delimiter != ","


def _find_column(path: Path, table: Table, names: Sequence[str]) -> str | None:
    """The column that has the first of these names that is found, in any case and spacing; None if none is.

    Raises:
        BeholderError: two columns have that name.
    """
    for name in names:
        found = [column for column in table if plain_name(column) == name]
        if len(found) > 1:
            raise BeholderError(f"{path}: {found[0]!r} and {found[1]!r} are one name in two cases; leave one out")
        if found:
            return found[0]
    return None


def _image_column(path: Path, table: Table) -> str:
    """The column of photographs. Raises BeholderError if there is none."""
    image = _find_column(path, table, IMAGE_COLUMNS)
    if image is None:
        raise BeholderError(
            f"{path}: no column of photographs; call it one of {', '.join(IMAGE_COLUMNS)}; it has {listed(table)}"
        )
    return image


def _say_left_out(path: Path, keep: np.ndarray, rejected: np.ndarray, min_photographs: int) -> None:
    """Say how many photographs have no rating. Raises BeholderError if those that have are too few."""
    rejects = (rejected & ~keep).sum()
    if rejects:
        say(
            f"{path}: {(~keep).sum()} of {len(keep)} photographs are left out: "
            f"{(~keep).sum() - rejects} without a rating, {rejects} rejected ({REJECT} stars)"
        )
    elif not keep.all():
        say(f"{path}: {(~keep).sum()} of {len(keep)} photographs have no rating and are left out")
    if keep.sum() < min_photographs:
        raise BeholderError(
            f"{path}: {keep.sum()} photographs are too few; rate {min_photographs} at least, better hundreds"
        )


def _number_columns(path: Path, table: Table, *, decimal_comma: bool) -> dict[str, np.ndarray]:
    """Columns of numbers: (N,) each, NaN where empty. Columns of text are left out."""
    columns = {}
    for name, texts in table.items():
        cells = [number(text.replace(",", ".") if decimal_comma else text) for text in texts]
        words = [row for row, cell in enumerate(cells) if cell is None]
        values = np.array([np.nan if cell is None else cell for cell in cells])
        count = np.isfinite(values).sum()
        if count == 0 or len(words) > count:
            continue
        if words:
            raise BeholderError(
                f"{path}: row {words[0] + 2}, {name} is {cut(texts[words[0]])!r}, not a number; "
                f"leave the cell empty where there is no rating ({len(words)} such cells)"
            )
        columns[name] = values
    return columns


def _histogram(path: Path, table: Table, columns: dict[str, np.ndarray]) -> Histogram | None:
    """The columns of votes; None if there are none."""
    matches = {name: found[1] for name in table if (found := VOTES_COLUMN.fullmatch(name))}
    long = next((name for name, digits in matches.items() if len(digits) > MAX_VOTE_DIGITS), None)
    if long:
        raise BeholderError(f"{path}: column {cut(long)!r}: a value has {MAX_VOTE_DIGITS} digits at most")
    named = {int(digits): name for name, digits in matches.items()}
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
            f"{path}: row {row + 2}, {name} is {cut(table[name][row])!r}; numbers of votes are whole, 0 for no votes"
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
    first = next(iter(_rated_columns(path, others, {}).values())).removesuffix("_mean")
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


def _rated_columns(path: Path, columns: dict[str, np.ndarray], table: Table) -> dict[str, str]:
    """Name of a task -> its column, in the order of the columns.

    Raises:
        BeholderError: two columns have one name, or there is none; ``table`` has the cells, for the message.
    """
    rated: dict[str, str] = {}
    for column in columns:
        stem, _, last = column.rpartition("_")
        if last in ("sd", "n") and (stem in columns or f"{stem}_mean" in columns):
            continue
        name = _task_name(column)
        if name in rated:
            raise BeholderError(
                f"{path}: {rated[name]!r} and {column!r} are both called {name}; give each its own name"
            )
        rated[name] = column
    if not rated:
        raise BeholderError(f"{path}: no column of ratings, which are numbers{_example(table)}; {ADVICE}")
    return rated


def _example(table: Table) -> str:
    """What the first cell with words says, for a message; empty if there is none."""
    words = ((name, text) for name in table for text in table[name] if text.strip().lower() not in EMPTY)
    return next((f": {name} has {cut(text)!r}" for name, text in words), "")


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
