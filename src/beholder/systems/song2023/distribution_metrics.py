"""Metrics of predicted distributions of votes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from beholder.data.rated_photos import VotedPhotos
from beholder.data.vote_distributions import distribution
from beholder.metrics import Estimate, accuracy, deviations, means, plcc, resampled, srcc
from beholder.reporting.document import Cell, Column
from beholder.systems.study import Study


@dataclass(frozen=True)
class Columns:
    """What the metrics read of n distributions: means and standard deviations (n,), cumulative shares (n, M)."""

    mean: np.ndarray
    sd: np.ndarray
    below: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Columns":
        return Columns(self.mean[rows], self.sd[rows], self.below[rows])


DISTRIBUTION_METRICS: dict[str, Callable[[Columns, Columns, float], float]] = {
    "SRCC, mean": lambda truth, found, _: srcc(truth.mean, found.mean),
    "PLCC, mean": lambda truth, found, _: plcc(truth.mean, found.mean),
    "SRCC, SD": lambda truth, found, _: srcc(truth.sd, found.sd),
    "PLCC, SD": lambda truth, found, _: plcc(truth.sd, found.sd),
    "accuracy": lambda truth, found, threshold: accuracy(truth.mean, found.mean, threshold),
    "EMD": lambda truth, found, _: float(np.abs(truth.below - found.below).mean()),
}
LESS_IS_BETTER = ("EMD",)


def columns_of(shares: np.ndarray, values: np.ndarray) -> Columns:
    return Columns(means(shares, values), deviations(shares, values), shares.cumsum(axis=1))


def metric_values(study: Study) -> np.ndarray:
    """(M,) the rating levels."""
    return VotedPhotos.of(study.photos).histogram.values


def true_distribution(study: Study) -> np.ndarray:
    """(n, M) shares of the votes for the tested photographs."""
    return distribution(VotedPhotos.of(study.photos).histogram)[study.rows]


def measured(study: Study, metric: str, first: np.ndarray, second: np.ndarray | None = None) -> Estimate:
    """A metric, its mean over seeds, with its interval over photographs; less that of ``second`` where it is given.

    Args:
        first, second: (seeds, n, M) or (n, M).
    """
    by, values, threshold = DISTRIBUTION_METRICS[metric], metric_values(study), study.photos.accuracy_threshold
    truth = columns_of(true_distribution(study), values)
    sides = [
        [columns_of(shares, values) for shares in (side if side.ndim == 3 else side[None])]
        for side in (first, second)
        if side is not None
    ]

    def statistic(rows: np.ndarray) -> float:
        drawn = truth[rows]
        found = [np.mean([by(drawn, seed[rows], threshold) for seed in side]) for side in sides]
        return float(found[0] - sum(found[1:]))

    value, low, high = resampled(statistic, len(study.rows))
    return Estimate(
        metric, study.photos.tasks[0].name, study.photos.name, study.split, len(study.rows), value, low, high
    )


def metric_row(study: Study, name: str, predicted: np.ndarray) -> list[Cell]:
    return [name, *(measured(study, metric, predicted) for metric in DISTRIBUTION_METRICS)]


def metric_columns(first: str) -> list[Column]:
    return [Column(first), *(Column(metric, "measured") for metric in DISTRIBUTION_METRICS)]
