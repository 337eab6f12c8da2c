"""What rated photographs hold, in numbers: the same for a table and for JSON."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from beholder.data import aadb, ava, eva, histograms, psychoflickr, tid2013
from beholder.data.folds import split_hash
from beholder.data.rated import SPLITS, Histogram, RatedPhotos, Votes
from beholder.evaluation.metrics import srcc
from beholder.evaluation.raters import by_experience, edges_for, rater_agreement
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


def of_aadb(labels: dict[str, aadb.Labels]) -> list[Statistic]:
    """What Soydaner & Wagemans (2023) print of AADB's labels."""
    splits = [(split, len(found.files)) for split, found in labels.items()]
    return [
        Statistic(
            "splits",
            "Official splits",
            ("split", "photographs"),
            (*splits, ("in validation and in test", len(aadb.leaks(labels)))),
        ),
        Statistic(
            "signs",
            "Attributes, training (Figure 3)",
            ("attribute", "negative", "null", "positive"),
            tuple((name, *counts) for name, counts in aadb.signs(labels["train"]).items()),
        ),
        Statistic(
            "scores_test",
            "Scores, test (Table 3)",
            ("score", "photographs"),
            tuple(((low, high), count) for low, high, count in aadb.score_bins(labels["test"])),
            digits=1,
        ),
        _matrix(
            "Spearman correlations over all photographs, each once (Figure 9a)", aadb.TASKS, aadb.correlations(labels)
        ),
    ]


def of_eva(ballots: eva.Ballots, categories: dict[str, str]) -> list[Statistic]:
    """What Soydaner & Wagemans (2023) print of EVA's votes, and how well people agree.

    Table 9 is over our test part, because nobody published theirs, and its first and last interval go to the ends of
    the scale; the paper's, 1.7 to 2 and 9 to 9.5, hold the same photographs, as all means are inside 1.764 and 9.032.

    Raises:
        BeholderError: too few photographs for a split.
    """
    mean, _, n = eva.summary(ballots)
    parts = eva.split(ballots.images)
    test = mean[parts == "test", 0]
    shown = Counter(categories[image] for image in ballots.images if image in categories)
    found = [
        _counts([("photographs", len(mean)), ("votes", len(ballots.photo)), ("raters", len(np.unique(ballots.rater)))]),
        _per_photograph(eva.TASKS, n),
        _ranges("Means (Table 7)", eva.TASKS, mean, digits=3),
        Statistic(
            "splits",
            "Split, ours for want of a published one",
            ("split", "photographs"),
            (
                *((part, int((parts == part).sum())) for part in SPLITS[::-1]),
                ("seed", eva.SEED),
                ("sha256", split_hash(ballots.files, parts.tolist())),
            ),
        ),
        _bins("scores_test", "Scores, test part of our split (Table 9)", test, (0, *range(2, 10), 10)),
        _matrix("Spearman correlations over all photographs (Figure 14a)", eva.TASKS, _correlations(mean)),
        _agreement(ballots.votes, len(mean)),
    ]
    if shown:
        found.append(Statistic("categories", "What is shown", ("category", "photographs"), tuple(shown.most_common())))
    return found


def of_ava(labels: ava.Labels, test: np.ndarray | None) -> list[Statistic]:
    """Votes of AVA, and its split: the official one where ``test``, its image ids, is known, else ours.

    Raises:
        BeholderError: a part would be empty.
    """
    mean, _, n = histograms.summary(labels.histogram)
    parts = ava.split(labels.images, test).tolist()
    counts = [
        ("photographs", len(mean)),
        ("challenges", len(np.unique(labels.challenges))),
        ("votes", int(labels.histogram.counts.sum())),
    ]
    seed: list[tuple[Cell, ...]] = [("seed", ava.SEED)] if test is None else []
    return [
        *_of_ratings(counts, ava.TASKS, mean[:, None], n[:, None], labels.histogram),
        Statistic(
            "splits",
            "Official split" if test is not None else f"Split, ours for want of {ava.TEST_LIST}",
            ("split", "photographs"),
            (
                *((part, parts.count(part)) for part in ("train", "test")),
                *seed,
                ("sha256", split_hash(labels.files, parts)),
            ),
        ),
    ]


def of_psychoflickr(labels: psychoflickr.Labels) -> list[Statistic]:
    """Users, what they like, and their traits as ratings of photographs; correlations are over users."""
    mean, _, n = psychoflickr.summary(labels)
    counts = [
        ("photographs", len(labels.files)),
        ("users", len(labels.users)),
        ("likes", len(labels.user)),
        ("liked by several users", int((n[:, 0] > 1).sum())),
        ("groups of users that share none", len(set(psychoflickr.groups(labels)))),
    ]
    return [
        *_of_ratings(counts, psychoflickr.TASKS, mean, n),
        _matrix("Spearman correlations over users", psychoflickr.TASKS, _correlations(labels.traits)),
    ]


def of_tid2013(labels: tid2013.Labels) -> list[Statistic]:
    """Mean opinions of TID2013."""
    counts = [("photographs", len(labels.names)), ("references", len(set(labels.groups)))]
    return _of_ratings(counts, tid2013.TASKS, labels.ratings[:, None])


def of_photos(photos: RatedPhotos) -> list[Statistic]:
    """Counts, ratings, their correlations, raters and how well these agree, as far as a data set has them."""
    counts = [("photographs", len(photos))]
    if photos.groups:
        counts.append(("themes", len(set(photos.groups))))
    if photos.splits:
        counts += [(part, photos.splits.count(part)) for part in SPLITS[::-1]]
    if photos.votes:
        counts += [("votes", len(photos.votes)), ("raters", len(np.unique(photos.votes.rater)))]
    found = _of_ratings(counts, photos.tasks, photos.ratings, photos.n, photos.histogram)
    if len(photos.tasks) > 1:
        found.append(_matrix("Spearman correlations", photos.tasks, _correlations(photos.ratings)))
    if photos.votes:
        found.append(_agreement(photos.votes, len(photos)))
    return found


def _of_ratings(
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
    apart = histograms.deviations(histograms.distribution(histogram), histogram.values).mean()
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


def _correlations(ratings: np.ndarray) -> np.ndarray:
    """(K, K) Spearman correlations, each over the photographs that have both ratings."""
    there = ~np.isnan(ratings)
    return np.array(
        [
            [srcc(*ratings[there[:, first] & there[:, second]][:, [first, second]].T) for second in range(len(there.T))]
            for first in range(len(there.T))
        ]
    )


def _matrix(title: str, tasks: Sequence[Task], values: np.ndarray) -> Statistic:
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
