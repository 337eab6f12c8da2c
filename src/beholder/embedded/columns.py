"""Out-of-fold predictions of one task: what a model file says of its tasks comes from these."""

from dataclasses import dataclass, replace

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.evaluation.conformal import covered, half_width
from beholder.metrics import Estimate, bootstrap_mean, measure, rounded
from beholder.scoring.model_file import TrainingData


@dataclass(frozen=True)
class Column:
    """Out-of-fold predictions of one task.

    Attributes:
        task: its name.
        data: name of the data set.
        truth, predicted: (N,) native units.
        folds: (N,) fold of each photograph.
        split: how the folds were made.
    """

    task: str
    data: str
    truth: np.ndarray
    predicted: np.ndarray
    folds: np.ndarray
    split: str

    def half_width(self, coverage: float) -> float:
        """Of the prediction intervals."""
        return rounded(half_width(self.truth - self.predicted, coverage))

    def measure(self, coverage: float) -> list[Estimate]:
        """Correlations, error, and how many truths lie inside the intervals that the other folds give."""
        names = {"task": self.task, "data": self.data, "split": self.split}
        found = [measure(metric, self.truth, self.predicted, **names) for metric in ("srcc", "plcc", "rmse")]
        inside = covered(self.truth - self.predicted, self.folds, coverage).astype(float)
        return [*found, mean_of(coverage_name(coverage), self.task, self.data, self.split, inside)]


def coverage_name(coverage: float) -> str:
    """The metric's name.

    >>> coverage_name(0.9)
    'coverage90'
    """
    return f"coverage{coverage * 100:.0f}"


def mean_of(metric: str, task: str, data: str, split: str, values: np.ndarray) -> Estimate:
    """The mean of (N,) values with its interval."""
    return Estimate(metric, task, data, split, len(values), *bootstrap_mean(values.astype(float)))


def tidy(found: Estimate) -> Estimate:
    """With the decimals that a model file keeps."""
    return replace(found, value=rounded(found.value), low=rounded(found.low), high=rounded(found.high))


def reference_of(predicted: np.ndarray) -> tuple[float, ...]:
    """The 0th to 100th percentile of (N,) predictions."""
    return tuple(map(rounded, np.percentile(predicted, range(101))))


def training_data(photos: RatedPhotos) -> TrainingData:
    """What a model file says of a data set that it learned from."""
    return TrainingData(photos.name, len(photos), photos.content_hash, tuple(task.name for task in photos.tasks))
