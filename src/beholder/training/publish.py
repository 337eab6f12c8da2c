"""A trained multi-task network -> a model file that `beholder score` and `beholder explain` take.

Intervals, percentiles and metrics come from photographs that the network did not learn from: metrics from the test
part; the width of the intervals and the percentile reference from the test and the validation part together.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from beholder import weights
from beholder.data.folds import split_hash
from beholder.data.rated import RatedPhotos
from beholder.evaluation.conformal import half_width
from beholder.evaluation.metrics import Measured, measure
from beholder.model_file import ModelInfo, TrainingData, rounded
from beholder.models.backbone import BACKBONES
from beholder.models.multitask import ScoringMultiTask
from beholder.training import ridge
from beholder.training.device import precision
from beholder.training.export import export
from beholder.training.multitask import HELD_OUT_BATCH, Trained
from beholder.training.recipe import Recipe
from beholder.training.source import Inputs, Source

METRICS = ("srcc", "plcc", "rmse", "mae")


def publish(photos: RatedPhotos, trained: Trained, recipe: Recipe, source: Source, path: Path) -> ModelInfo:
    """Write the model file.

    Args:
        photos: with the splits of the training.
        source: of the training.
        path: replaced as a whole, or not at all.

    Raises:
        BeholderError: the file cannot be written.
    """
    tasks = photos.tasks[:1] if recipe.single else photos.tasks
    network = trained.network
    inputs = source.pooled if trained.best == 1 else source.middle
    centre = typical(photos, network, network.pool_middle if trained.best == 2 else nn.Identity(), inputs)
    network = network.cpu()  # only now: what is typical was found on the device of the training
    low_high = torch.tensor([[task.low, task.high] for task in tasks], dtype=torch.float32)
    scoring = ScoringMultiTask(network, low_high[:, 0], low_high[:, 1], centre)
    info = describe(photos, trained, recipe, recipe.side or network.backbone.side)
    export(scoring, info, path)
    return info


def describe(photos: RatedPhotos, trained: Trained, recipe: Recipe, side: int) -> ModelInfo:
    """What the model file says of itself."""
    tasks = photos.tasks[:1] if recipe.single else photos.tasks
    predicted = trained.stage1 if trained.best == 1 or trained.stage2 is None else trained.stage2
    splits = np.array(photos.splits)
    pretrained = weights.REGISTRY[BACKBONES[recipe.backbone].weights]
    widths, reference = held_out(photos, predicted)
    return ModelInfo(
        name=f"soydaner2023-{photos.name}",
        description=f"{'Single' if recipe.single else 'Multi'}-task network of Soydaner & Wagemans (2023) on "
        f"{recipe.backbone}, trained on {photos.name}",
        backbone=recipe.backbone,
        size=(side, side),
        resize="squash",
        tasks=tasks,
        half_width=widths,
        reference=reference,
        data=(
            TrainingData(
                photos.name, int((splits == "train").sum()), photos.content_hash, tuple(task.name for task in tasks)
            ),
        ),
        metrics=tuple(metrics(photos, predicted, splits == "test", "test part")),
        recipe={
            **asdict(recipe),
            "hidden": list(recipe.hidden),
            "split": split_hash(photos.files, photos.splits or ()),
            "parts": {part: int((splits == part).sum()) for part in ("train", "validation", "test")},
            "best_stage": trained.best,
            "epochs": len(trained.history),
        },
        licence=f"weights of the backbone: {pretrained.licence}; the ratings' own terms hold as well",
        attribution=f"Contains {pretrained.description}. Trained on ratings of {photos.name}.",
    )


def probe_metrics(photos: RatedPhotos, name: str, views: Sequence[np.ndarray], tasks: int) -> list[Measured]:
    """What a linear head on a frozen backbone does on the same test part; a network below it has wasted its data.

    Args:
        name: of the backbone.
        views: its pooled features of the photographs, and of their mirror images where these are learned from.
        tasks: the first so many are learned.
    """
    test = np.array(photos.splits) == "test"
    predicted = ridge.probe(views, photos.ratings[:, :tasks], test)
    return metrics(photos, predicted, test, f"test part, linear probe on {name}")


def held_out(photos: RatedPhotos, predicted: np.ndarray) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
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


def metrics(photos: RatedPhotos, predicted: np.ndarray, rows: np.ndarray, split: str) -> list[Measured]:
    """On the photographs of ``rows``, (N,) booleans; none for a task that has fewer than two ratings among them."""
    found = []
    for index, task in enumerate(photos.tasks[: predicted.shape[1]]):
        rated = rows & np.isfinite(photos.ratings[:, index])
        if rated.sum() > 1:
            names = {"task": task.name, "data": photos.name, "split": split}
            found += [
                measure(metric, photos.ratings[rated, index], predicted[rated, index], **names) for metric in METRICS
            ]
    return found


def typical(photos: RatedPhotos, network: nn.Module, pool: Callable[[Tensor], Tensor], inputs: Inputs) -> Tensor:
    """(C,) mean pooled features of the training photographs, by the network as it is now.

    Args:
        pool: what ``inputs`` gives -> (B, C), by the network.
    """
    rows = np.flatnonzero(np.array(photos.splits) == "train")
    where = next(network.parameters()).device
    total: Tensor | float = 0.0
    with torch.inference_mode(), precision(where):
        for part in np.array_split(rows, -(-len(rows) // HELD_OUT_BATCH)):
            total = total + pool(inputs(part, np.zeros(len(part), bool))).double().sum(dim=0).cpu()
    assert isinstance(total, Tensor)
    return (total / len(rows)).float()
