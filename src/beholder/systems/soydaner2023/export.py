"""Export a trained multi-task network to a model file for `beholder score` and `beholder explain`."""

from pathlib import Path

import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.metrics import Estimate
from beholder.scoring.model_file import ModelInfo
from beholder.systems.description import LearnedData
from beholder.systems.description import describe as describe_model
from beholder.systems.soydaner2023.network import ScoringMultiTask
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import SoydanerResult, learned_tasks
from beholder.systems.two_stages import typical_of_stage
from beholder.training.export import export as write_model_file
from beholder.training.held_out import probe_metrics
from beholder.training.inputs import FeatureInputs, pooled_views


def export(
    photos: RatedPhotos,
    result: SoydanerResult,
    recipe: SoydanerRecipe,
    source: FeatureInputs,
    path: Path,
    *,
    second: RatedPhotos | None = None,
) -> ModelInfo:
    """Write the model file.

    Args:
        photos: with the splits of the training.
        source: of the training.
        path: written completely or not at all.
        second: not used; this system learns from one data set.

    Raises:
        BeholderError: the file cannot be written.
    """
    network = result.network
    centre = typical_of_stage(photos, network, result.kept, source)
    network = network.cpu()  # after its features, which are computed on the device of the training
    low_high = torch.tensor([[task.low, task.high] for task in learned_tasks(photos, recipe)], dtype=torch.float32)
    scoring = ScoringMultiTask(network, low_high[:, 0], low_high[:, 1], centre)
    info = describe(photos, result, recipe, recipe.side or network.backbone.side)
    write_model_file(scoring, info, path)
    return info


def describe(photos: RatedPhotos, result: SoydanerResult, recipe: SoydanerRecipe, side: int) -> ModelInfo:
    """Description of the model file."""
    return describe_model(
        "soydaner2023",
        f"{'Single' if recipe.single else 'Multi'}-task network of Soydaner & Wagemans (2023) on {recipe.backbone}, "
        f"trained on {photos.name}",
        [LearnedData(photos, learned_tasks(photos, recipe), result.final)],
        result,
        recipe,
        size=side,
    )


def linear_probe(photos: RatedPhotos, recipe: SoydanerRecipe, source: FeatureInputs) -> list[Estimate]:
    """Metrics of a linear head on the frozen backbone, on the test part."""
    views = pooled_views(source, len(photos), recipe.mirror)
    return probe_metrics(photos, recipe.backbone, views, len(learned_tasks(photos, recipe)))


def remarks(info: ModelInfo) -> list[str]:
    """Nothing to print beside the metrics."""
    return []
