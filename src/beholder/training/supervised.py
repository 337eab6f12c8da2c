"""Supervised training on rated photographs: splits, loss, predictions."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.metrics import srcc
from beholder.models.backbones.base import backbone_identity
from beholder.splits import split_hash
from beholder.tasks import Task
from beholder.training.device import precision
from beholder.training.inputs import Inputs

PREDICTION_BATCH = 32


def check_rated(photos: RatedPhotos, tasks: Sequence[Task], unit: np.ndarray, *, needs_validation: bool = True) -> None:
    """Check that these tasks can be learned and tested.

    Args:
        unit: (N, T) their ratings in the unit interval.
        needs_validation: refuse photographs without a validation part.

    Raises:
        BeholderError: a part with too few photographs, or with no rating of a task.
    """
    train, validation, held_out = split_rows(photos)
    validated = needs_validation or len(validation) > 0
    for name, rows in (("train", train), ("validation", validation))[: 1 + validated]:
        if len(rows) < 2:
            raise BeholderError(f"{photos.name}: {len(rows)} photographs in the {name} part; at least 2 are needed")
    for task, column in zip(tasks, unit.T, strict=True):
        for name, rows in (("train part", train), ("validation and the test part", held_out)):
            if np.isnan(column[rows]).all():
                raise BeholderError(f"{photos.name}: {task.name} has no rating in the {name}; rate more")
    if validated and np.isnan(unit[validation]).all():
        raise BeholderError(f"{photos.name}: no rating of {tasks[0].name} in the validation part; rate more")


def predict(
    network: nn.Module,
    answer: Callable[[Tensor], Tensor],
    inputs: Inputs,
    rows: np.ndarray,
) -> np.ndarray:
    """Predictions (B, T) in the unit interval for photographs that are not mirrored."""
    network.eval()
    parts = np.array_split(rows, max(1, -(-len(rows) // PREDICTION_BATCH)))
    with torch.inference_mode(), precision(next(network.parameters()).device):
        found = [answer(inputs(part, np.zeros(len(part), bool))).float().cpu().numpy() for part in parts]
    return np.concatenate(found)


def masked_mse(predicted: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over all outputs (equation 2), leaving out ratings that are missing (NaN).

    >>> float(masked_mse(torch.tensor([[0.5, 0.1]]), torch.tensor([[0.0, float("nan")]])))
    0.25
    """
    known = ~torch.isnan(targets)
    errors = torch.where(known, predicted.float() - torch.nan_to_num(targets), 0.0)
    return (errors**2).sum() / known.sum().clamp(min=1)


def training_identity(photos: RatedPhotos, recipe: Any) -> dict[str, Any]:
    """Settings and data that determine a training. ``recipe`` is a dataclass with a ``backbone``."""
    return {
        **asdict(recipe),
        "weights": backbone_identity(recipe.backbone),
        "tasks": [[task.name, task.low, task.high] for task in photos.tasks],
        "data": photos.content_hash,
        "split": split_hash(photos.files, photos.splits or ()),
    }


def split_rows(photos: RatedPhotos) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the train part, of the validation part, and of all parts that are not trained on."""
    split = np.array(photos.splits or ())
    return np.flatnonzero(split == "train"), np.flatnonzero(split == "validation"), np.flatnonzero(split != "train")


def rated_srcc(truth: np.ndarray, predicted: np.ndarray) -> float:
    """SRCC over the rated photographs; NaN where fewer than two are rated."""
    rated = np.isfinite(truth)
    return srcc(truth[rated], predicted[rated]) if rated.sum() > 1 else float("nan")
