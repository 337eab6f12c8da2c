"""A trained network of Song et al. (2023) -> a model file, with what it predicts of the votes.

As `beholder.systems.soydaner2023.export` for the multi-task network; metrics are of the mean of the predicted
distribution.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.data.vote_distributions import distribution
from beholder.metrics import Estimate, means
from beholder.models.registry import WEIGHTS
from beholder.scoring.model_file import SHORT_EDGE, ModelInfo, TrainingData
from beholder.splits import split_hash
from beholder.systems.song2023.inputs import VariableSizeInputs, by_shape
from beholder.systems.song2023.network import POOLED, ScoringSemantic, pyramid
from beholder.systems.song2023.recipe import SongRecipe
from beholder.systems.song2023.train import HELD_OUT_BATCH, SongResult, encoder
from beholder.training import ridge
from beholder.training.device import precision
from beholder.training.export import export
from beholder.training.held_out import measure_tasks, widths_and_percentiles


def publish(
    photos: RatedPhotos, trained: SongResult, recipe: SongRecipe, source: VariableSizeInputs, path: Path
) -> ModelInfo:
    """Write the model file.

    Args:
        photos: with the splits of the training.
        source: of the training.
        path: replaced as a whole, or not at all.

    Raises:
        BeholderError: the file cannot be written.
    """
    assert photos.histogram is not None
    typical = torch.from_numpy(_typical(photos, trained, source)).float()  # on the device of the training
    values = torch.from_numpy(photos.histogram.values).float()
    info = describe(photos, trained, recipe)
    export(ScoringSemantic(trained.network.cpu(), values, typical), info, path)
    return info


def describe(photos: RatedPhotos, trained: SongResult, recipe: SongRecipe) -> ModelInfo:
    """What the model file says of itself."""
    assert photos.histogram is not None
    task, values = photos.tasks[0], photos.histogram.values
    predicted = means(trained.predicted, values)[:, None]
    splits = np.array(photos.splits)
    pretrained = WEIGHTS[recipe.backbone]
    widths, reference = widths_and_percentiles(photos, predicted)
    return ModelInfo(
        name=f"song2023-{photos.name}",
        description=f"Pre-activated semantics after Song et al. (2023), reconstructed, on {recipe.backbone}, trained "
        f"on the votes of {photos.name}",
        backbone=recipe.backbone,
        size=(recipe.side, recipe.side),
        resize=SHORT_EDGE,
        tasks=(task,),
        half_width=widths,
        reference=reference,
        data=(TrainingData(photos.name, int((splits == "train").sum()), photos.content_hash, (task.name,)),),
        metrics=tuple(measure_tasks(photos, predicted, splits == "test", "test part")),
        recipe={
            **asdict(recipe),
            "split": split_hash(photos.files, photos.splits or ()),
            "parts": {part: int((splits == part).sum()) for part in ("train", "validation", "test")},
            "best_stage": trained.best,
            "epochs": len(trained.history),
        },
        licence=f"weights of the backbone: {pretrained.licence}; the ratings' own terms hold as well",
        attribution=f"Contains {pretrained.description}. Trained on votes of {photos.name}.",
        score_levels=tuple(values.tolist()),
    )


def probe_metrics(photos: RatedPhotos, recipe: SongRecipe, source: VariableSizeInputs) -> list[Estimate]:
    """What a linear head on the frozen encoder makes of the same shares; a network below it has wasted its data."""
    assert photos.histogram is not None
    test = np.array(photos.splits) == "test"
    views = pooled_views(source, recipe.mirror)
    found = ridge.predict_test(views, distribution(photos.histogram), test)
    predicted = means(found, photos.histogram.values)[:, None]
    return measure_tasks(photos, predicted, test, f"test part, linear probe on {recipe.backbone}")


def pooled_views(source: VariableSizeInputs, mirror: bool) -> list[np.ndarray]:
    """Average-pooled maps of all photographs as they are, and where asked of their mirror images: (N, C) each."""
    views = []
    for mirrored in (False, True)[: 1 + mirror]:
        parts = list(by_shape(source.shapes, np.arange(len(source.shapes)), HELD_OUT_BATCH))
        pooled = [source.maps(part, np.full(len(part), mirrored)).mean(dim=(2, 3)).cpu().numpy() for part in parts]
        views.append(np.concatenate(pooled)[np.argsort(np.concatenate(parts))])
    return views


def _typical(photos: RatedPhotos, trained: SongResult, source: VariableSizeInputs) -> np.ndarray:
    """(M * P, 21) mean pooled features of the training photographs."""
    network = trained.network
    rows = np.flatnonzero(np.array(photos.splits) == "train")
    total = np.zeros((network.project.out_channels, POOLED))
    with torch.inference_mode(), precision(next(network.parameters()).device):
        for part in by_shape(source.shapes, rows, HELD_OUT_BATCH):
            maps = encoder(network, source, trained.best)(part, np.zeros(len(part), bool))
            total += pyramid(network.project(maps)).float().sum(dim=0).cpu().numpy()
    return total / len(rows)
