"""Statistics of rated photographs, as tables that are printed or written as JSON."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beholder.data.labels import Labels
from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.data.raters import by_experience, edges_for, rater_agreement
from beholder.data.vote_distributions import distribution
from beholder.data.votes import Histogram, Votes
from beholder.metrics import deviations, srcc_matrix
from beholder.tasks import Task

StatisticsCell = str | int | float | tuple[float, float]  # a pair is an interval: from, to


@dataclass(frozen=True)
class StatisticsTable:
    """One table of numbers.

    Attributes:
        key: its name in JSON.
        title: what is counted, and over what; if a paper prints it, which table or figure.
        columns: one name a column.
        rows: one cell a column each; NaN where undefined.
        digits: after the decimal point, of numbers that are not whole.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[StatisticsCell, ...], ...]
    digits: int = 2

    def records(self) -> list[dict[str, object]]:
        """The rows for JSON: column -> cell; null where undefined or infinite."""
        return [dict(zip(self.columns, map(_json_cell, row), strict=True)) for row in self.rows]


def photo_statistics(photos: RatedPhotos | Labels) -> list[StatisticsTable]:
    """Counts, ratings, their correlations and the agreement of raters, as far as a data set has them."""
    counts = [("photographs", len(photos))]
    if photos.groups:
        counts.append(("themes", len(set(photos.groups))))
    if photos.splits:
        counts += [(part, photos.splits.count(part)) for part in SPLITS[::-1]]
    if photos.votes:
        counts += [("votes", len(photos.votes)), ("raters", len(np.unique(photos.votes.rater)))]
    tables = rating_tables(counts, photos.tasks, photos.ratings, photos.n, photos.histogram)
    if len(photos.tasks) > 1:
        tables.append(correlation_table("Spearman correlations", photos.tasks, srcc_matrix(photos.ratings)))
    if photos.votes:
        tables.append(agreement_table(photos.votes, len(photos)))
    return tables


def rating_tables(
    counts: Sequence[tuple[str, int]],
    tasks: Sequence[Task],
    ratings: np.ndarray,
    n: np.ndarray | None = None,
    histogram: Histogram | None = None,
) -> list[StatisticsTable]:
    """The tables that any ratings allow, with or without photographs.

    Args:
        counts: what is counted, and how many there are.
        tasks: K rated quantities, the overall score first.
        ratings: (N, K) in native units, NaN where missing.
        n: (N, K) numbers of ratings behind each mean, or None.
        histogram: votes for the first task, or None.
    """
    overall = tasks[0]
    tables = [
        count_table(counts),
        range_table("Ratings", tasks, ratings),
        score_table("scores", f"Photographs by {overall.name}", ratings[:, 0], _bin_edges(overall)),
    ]
    if n is not None:
        tables.append(ratings_per_photo_table(tasks, n))
    if histogram is not None:
        tables.append(vote_table(overall, histogram))
    return tables


def count_table(counts: Sequence[tuple[str, int]]) -> StatisticsTable:
    """What is counted, and how many there are."""
    return StatisticsTable("counts", "Counts", ("of", "number"), tuple(counts))


def range_table(title: str, tasks: Sequence[Task], ratings: np.ndarray, digits: int = 2) -> StatisticsTable:
    """Scale, number of rated photographs, minimum, mean and maximum of each task; ``ratings`` are (N, K)."""
    rows = tuple(
        (task.name, (task.low, task.high), int((~np.isnan(column)).sum()), *_min_mean_max(column))
        for task, column in zip(tasks, ratings.T, strict=True)
    )
    columns = ("task", "scale", "photographs", "minimum", "mean", "maximum")
    return StatisticsTable("ratings", title, columns, rows, digits)


def score_table(key: str, title: str, values: np.ndarray, edges: Sequence[float] | np.ndarray) -> StatisticsTable:
    """Photographs by score, in bins closed at the left, the last at both ends.

    Args:
        key: of the table.
        title: of the table.
        values: (N,) scores, NaN where missing.
        edges: of the bins, rising.
    """
    counts = np.histogram(values[~np.isnan(values)], edges)[0]
    rows = tuple(
        ((float(low), float(high)), int(count), 100 * count / max(counts.sum(), 1))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    return StatisticsTable(key, title, ("score", "photographs", "percent"), rows, digits=1)


def ratings_per_photo_table(tasks: Sequence[Task], n: np.ndarray) -> StatisticsTable:
    """Minimum, mean and maximum number of ratings a photograph for each task; ``n`` is (N, K)."""
    rows = tuple((task.name, *_min_mean_max(column)) for task, column in zip(tasks, n.T, strict=True))
    columns = ("task", "minimum", "mean", "maximum")
    return StatisticsTable("ratings_per_photograph", "Ratings per photograph", columns, rows, digits=1)


def vote_table(task: Task, histogram: Histogram) -> StatisticsTable:
    """Votes for each value; the title has the mean standard deviation of the votes for one photograph."""
    given = histogram.counts.sum(axis=0)
    rows = tuple(
        (value.item(), int(count), 100 * count / given.sum())
        for value, count in zip(histogram.values, given, strict=True)
    )
    spread = deviations(distribution(histogram), histogram.values).mean()
    title = f"Votes for {task.name} (standard deviation in a photograph {spread:.2f})"
    return StatisticsTable("histogram", title, ("vote", "votes", "percent"), rows, digits=1)


def correlation_table(title: str, tasks: Sequence[Task], correlations: np.ndarray) -> StatisticsTable:
    """A (K, K) matrix of correlations, one row and one column a task."""
    names = [task.name for task in tasks]
    rows: list[tuple[StatisticsCell, ...]] = [
        (name, *row) for name, row in zip(names, correlations.tolist(), strict=True)
    ]
    return StatisticsTable("correlations", title, ("task", *names), tuple(rows))


def agreement_table(votes: Votes, count: int) -> StatisticsTable:
    """Mean agreement of raters by how many of the ``count`` photographs they rated."""
    agreement = rater_agreement(votes, count)
    (everyone,) = by_experience(agreement, (0, math.inf))
    rows: list[tuple[StatisticsCell, ...]] = [
        (_photographs_rated(*group.images), group.raters, group.srcc, group.interval)
        for group in by_experience(agreement, edges_for(agreement))
    ]
    rows.append(("all", everyone.raters, everyone.srcc, everyone.interval))
    return StatisticsTable(
        "agreement",
        "Human agreement: each rater with the mean of the others (as Table 4), "
        f"{everyone.raters} of {len(agreement.rater)} raters",
        ("photographs rated", "raters", "mean SRCC", "95% interval"),
        tuple(rows),
        digits=3,
    )


def _min_mean_max(values: np.ndarray) -> tuple[float, float, float]:
    """Over the values that are not NaN; NaN if all are."""
    known = values[~np.isnan(values)]
    return (float(known.min()), float(known.mean()), float(known.max())) if len(known) else (math.nan,) * 3


def _bin_edges(task: Task) -> np.ndarray:
    """Edges of bins over a scale: one point wide if the scale has 4 to 12 whole points, else a tenth of it."""
    span = task.high - task.low
    bins = int(span) if span == int(span) and 4 <= span <= 12 else 10
    return np.linspace(task.low, task.high, bins + 1)


def _photographs_rated(low: float, high: float) -> str:
    """A bin of whole numbers, ``high`` not included, in words; it starts at 1, as every rater rated something."""
    low = max(low, 1)
    if math.isinf(high):
        return f"{low:g} or more"
    return f"{low:g}" if high - low == 1 else f"{low:g} to {high - 1:g}"


def _json_cell(cell: StatisticsCell) -> object:
    if isinstance(cell, tuple):
        return [_json_cell(end) for end in cell]
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
