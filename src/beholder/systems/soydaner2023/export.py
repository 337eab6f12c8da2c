"""A trained multi-task network -> a model file that `beholder score` and `beholder explain` take.

Intervals, percentiles and metrics come from photographs that the network did not learn from: metrics from the test
part; the width of the intervals and the percentile reference from the test and the validation part together.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from beholder.data.rated_photos import RatedPhotos
from beholder.models.registry import WEIGHTS
from beholder.scoring.model_file import ModelInfo, TrainingData
from beholder.splits import split_hash
from beholder.systems.soydaner2023.network import ScoringMultiTask
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import SoydanerResult
from beholder.training.export import export
from beholder.training.held_out import measure_tasks, typical_features, widths_and_percentiles
from beholder.training.inputs import FeatureInputs


def publish(
    photos: RatedPhotos, trained: SoydanerResult, recipe: SoydanerRecipe, source: FeatureInputs, path: Path
) -> ModelInfo:
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
    centre = typical_features(photos, network, network.pool_middle if trained.best == 2 else nn.Identity(), inputs)
    network = network.cpu()  # only now: what is typical was found on the device of the training
    low_high = torch.tensor([[task.low, task.high] for task in tasks], dtype=torch.float32)
    scoring = ScoringMultiTask(network, low_high[:, 0], low_high[:, 1], centre)
    info = describe(photos, trained, recipe, recipe.side or network.backbone.side)
    export(scoring, info, path)
    return info


def describe(photos: RatedPhotos, trained: SoydanerResult, recipe: SoydanerRecipe, side: int) -> ModelInfo:
    """What the model file says of itself."""
    tasks = photos.tasks[:1] if recipe.single else photos.tasks
    predicted = trained.stage1 if trained.best == 1 or trained.stage2 is None else trained.stage2
    splits = np.array(photos.splits)
    pretrained = WEIGHTS[recipe.backbone]
    widths, reference = widths_and_percentiles(photos, predicted)
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
        metrics=tuple(measure_tasks(photos, predicted, splits == "test", "test part")),
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
