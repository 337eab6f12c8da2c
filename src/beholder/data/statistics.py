"""What rated photographs hold, in numbers: the same for a table and for JSON."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beholder import metrics
from beholder.data import vote_distributions
from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.data.raters import by_experience, edges_for, rater_agreement
from beholder.data.votes import Histogram, Votes
from beholder.metrics import srcc_matrix
from beholder.tasks import Task

Cell = str | int | float | tuple[float, float]  # a pair is from, to


@dataclass(frozen=True)
class Statistic:
    """One table of numbers.

    Attributes:
        key: its name in JSON.
        title: what was counted, over what; where it is printed in a paper, which table or figure.
        columns: one name a column.
        rows: one cell a column each; NaN for what is not defined.
        digits: of the numbers that are not whole, after the point.
    """

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    digits: int = 2

    def records(self) -> list[dict[str, Any]]:
        """The rows for JSON: column -> cell; null for what is not defined or not finite."""
        return [dict(zip(self.columns, map(_plain, row), strict=True)) for row in self.rows]


def of_photos(photos: RatedPhotos) -> list[Statistic]:
    """Counts, ratings, their correlations, raters and how well these agree, as far as a data set has them."""
    counts = [("photographs", len(photos))]
    if photos.groups:
        counts.append(("themes", len(set(photos.groups))))
    if photos.splits:
        counts += [(part, photos.splits.count(part)) for part in SPLITS[::-1]]
    if photos.votes:
        counts += [("votes", len(photos.votes)), ("raters", len(np.unique(photos.votes.rater)))]
    found = rating_statistics(counts, photos.tasks, photos.ratings, photos.n, photos.histogram)
    if len(photos.tasks) > 1:
        found.append(matrix_cells("Spearman correlations", photos.tasks, srcc_matrix(photos.ratings)))
    if photos.votes:
        found.append(_agreement(photos.votes, len(photos)))
    return found


def rating_statistics(
    counts: Sequence[tuple[str, int]],
    tasks: Sequence[Task],
    ratings: np.ndarray,
    n: np.ndarray | None = None,
    histogram: Histogram | None = None,
) -> list[Statistic]:
    """What can be told of any ratings, with or without photographs."""
    overall = tasks[0]
    found = [
        _counts(counts),
        _ranges("Ratings", tasks, ratings),
        _bins("scores", f"Photographs by {overall.name}", ratings[:, 0], _edges(overall)),
    ]
    if n is not None:
        found.append(_per_photograph(tasks, n))
    if histogram is not None:
        found.append(_votes(overall, histogram))
    return found


def _votes(task: Task, histogram: Histogram) -> Statistic:
    """How often each value was voted, and how far votes for one photograph lie apart."""
    given = histogram.counts.sum(axis=0)
    rows = tuple(
        (value.item(), int(count), 100 * count / given.sum())
        for value, count in zip(histogram.values, given, strict=True)
    )
    apart = metrics.deviations(vote_distributions.distribution(histogram), histogram.values).mean()
    title = f"Votes for {task.name} (standard deviation in a photograph {apart:.2f})"
    return Statistic("histogram", title, ("vote", "votes", "percent"), rows, digits=1)


def _counts(rows: Sequence[tuple[str, int]]) -> Statistic:
    return Statistic("counts", "Counts", ("of", "number"), tuple(rows))


def _ranges(title: str, tasks: Sequence[Task], ratings: np.ndarray, digits: int = 2) -> Statistic:
    rows = tuple(
        (task.name, (task.low, task.high), int((~np.isnan(column)).sum()), *_spread(column))
        for task, column in zip(tasks, ratings.T, strict=True)
    )
    return Statistic("ratings", title, ("task", "scale", "photographs", "minimum", "mean", "maximum"), rows, digits)


def _per_photograph(tasks: Sequence[Task], n: np.ndarray) -> Statistic:
    rows = tuple((task.name, *_spread(column)) for task, column in zip(tasks, n.T, strict=True))
    return Statistic(
        "ratings_per_photograph", "Ratings per photograph", ("task", "minimum", "mean", "maximum"), rows, digits=1
    )


def _spread(values: np.ndarray) -> tuple[float, float, float]:
    known = values[~np.isnan(values)]
    return (float(known.min()), float(known.mean()), float(known.max())) if len(known) else (math.nan,) * 3


def _edges(task: Task) -> np.ndarray:
    """Ends of the bins of a scale: whole points where these are a handful or two, else tenths of it."""
    span = task.high - task.low
    bins = int(span) if span == int(span) and 4 <= span <= 12 else 10
    return np.linspace(task.low, task.high, bins + 1)


def _bins(key: str, title: str, values: np.ndarray, edges: Sequence[float] | np.ndarray) -> Statistic:
    """Bins closed at the left, the last at both ends."""
    counts = np.histogram(values[~np.isnan(values)], edges)[0]
    rows = tuple(
        ((float(low), float(high)), int(count), 100 * count / max(counts.sum(), 1))
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    return Statistic(key, title, ("score", "photographs", "percent"), rows, digits=1)


def matrix_cells(title: str, tasks: Sequence[Task], values: np.ndarray) -> Statistic:
    names = [task.name for task in tasks]
    rows: list[tuple[Cell, ...]] = [(name, *row) for name, row in zip(names, values.tolist(), strict=True)]
    return Statistic("correlations", title, ("task", *names), tuple(rows))


def _agreement(votes: Votes, count: int) -> Statistic:
    agreement = rater_agreement(votes, count)
    (everyone,) = by_experience(agreement, (0, math.inf))
    rows: list[tuple[Cell, ...]] = [
        (_rated(*group.images), group.raters, group.srcc, group.interval)
        for group in by_experience(agreement, edges_for(agreement))
    ]
    rows.append(("all", everyone.raters, everyone.srcc, everyone.interval))
    return Statistic(
        "agreement",
        "Human agreement: each rater with the mean of the others (as Table 4), "
        f"{everyone.raters} of {len(agreement.rater)} raters",
        ("photographs rated", "raters", "mean SRCC", "95% interval"),
        tuple(rows),
        digits=3,
    )


def _rated(low: float, high: float) -> str:
    """A bin of whole numbers in words; nobody rated none."""
    low = max(low, 1)
    if math.isinf(high):
        return f"{low:g} or more"
    return f"{low:g}" if high - low == 1 else f"{low:g} to {high - 1:g}"


def _plain(cell: Cell) -> Any:
    if isinstance(cell, tuple):
        return [_plain(end) for end in cell]
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
