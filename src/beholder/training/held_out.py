"""Measurements on photographs that a model did not learn from: intervals, percentiles, metrics."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from beholder.data.rated_photos import RatedPhotos
from beholder.evaluation.conformal import half_width
from beholder.metrics import Estimate, measure, rounded
from beholder.training import ridge
from beholder.training.device import precision
from beholder.training.inputs import Inputs
from beholder.training.supervised import PREDICTION_BATCH

TEST_METRICS = ("srcc", "plcc", "rmse", "mae")


def probe_metrics(photos: RatedPhotos, name: str, views: Sequence[np.ndarray], tasks: int) -> list[Estimate]:
    """Test metrics of a linear head on a frozen backbone: a baseline that a trained network should exceed.

    Args:
        name: name of the backbone.
        views: its pooled features of the photographs, and of their mirror images where these are learned from.
        tasks: number of tasks to learn, from the first.
    """
    test = np.array(photos.splits) == "test"
    predicted = ridge.predict_test(views, photos.ratings[:, :tasks], test)
    return measure_tasks(photos, predicted, test, f"test part, linear probe on {name}")


def widths_and_percentiles(
    photos: RatedPhotos, predicted: np.ndarray
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Half-widths of the 90% intervals and percentile reference, a row a task, from photographs not learned from.

    Args:
        predicted: (N, T) in native units, NaN where a photograph was learned from.
    """
    widths, reference = [], []
    for column, rated in zip(predicted.T, photos.ratings.T, strict=False):
        known = np.isfinite(column) & np.isfinite(rated)
        widths.append(rounded(half_width(rated[known] - column[known])))
        reference.append(tuple(map(rounded, np.percentile(column[known], range(101)))))
    return tuple(widths), tuple(reference)


def measure_tasks(photos: RatedPhotos, predicted: np.ndarray, rows: np.ndarray, split: str) -> list[Estimate]:
    """Metrics of each task on the photographs of ``rows``, (N,) booleans, for tasks with at least two ratings there."""
    found = []
    for index, task in enumerate(photos.tasks[: predicted.shape[1]]):
        rated = rows & np.isfinite(photos.ratings[:, index])
        if rated.sum() > 1:
            names = {"task": task.name, "data": photos.name, "split": split}
            found += [
                measure(metric, photos.ratings[rated, index], predicted[rated, index], **names)
                for metric in TEST_METRICS
            ]
    return found


def typical_features(
    photos: RatedPhotos, network: nn.Module, pool: Callable[[Tensor], Tensor], inputs: Inputs
) -> Tensor:
    """(C,) mean pooled features of the training photographs, by the network as it is now.

    Args:
        pool: the output of ``inputs`` -> (B, C) pooled features of the network.
    """
    rows = np.flatnonzero(np.array(photos.splits) == "train")
    device = next(network.parameters()).device
    total = torch.zeros((), dtype=torch.float64)
    with torch.inference_mode(), precision(device):
        for part in np.array_split(rows, -(-len(rows) // PREDICTION_BATCH)):
            total = total + pool(inputs(part, np.zeros(len(part), bool))).double().sum(dim=0).cpu()
    return (total / len(rows)).float()
