"""Export a trained network of Song et al. (2023) to a model file that predicts votes.

Metrics are of the mean of the predicted distribution.
"""

from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.data.vote_distributions import distribution
from beholder.metrics import Estimate, means
from beholder.scoring.model_file import SHORT_EDGE, ModelInfo
from beholder.systems.description import LearnedData
from beholder.systems.description import describe as describe_model
from beholder.systems.song2023.inputs import VariableSizeInputs, by_shape
from beholder.systems.song2023.network import PYRAMID_VALUES, ScoringSemantic, pyramid
from beholder.systems.song2023.recipe import SongRecipe
from beholder.systems.song2023.train import PREDICTION_BATCH, SongResult, encoder, learned_tasks, with_votes
from beholder.training import ridge
from beholder.training.device import precision
from beholder.training.export import export as write_model_file
from beholder.training.held_out import measure_tasks


def export(
    photos: RatedPhotos,
    result: SongResult,
    recipe: SongRecipe,
    source: VariableSizeInputs,
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
    typical = torch.from_numpy(typical_pyramid(photos, result, recipe, source)).float()  # on the device of the training
    values = torch.from_numpy(with_votes(photos).histogram.values).float()
    info = describe(photos, result, recipe)
    write_model_file(ScoringSemantic(result.network.cpu(), values, typical), info, path)
    return info


def describe(photos: RatedPhotos, result: SongResult, recipe: SongRecipe) -> ModelInfo:
    """Description of the model file."""
    values = with_votes(photos).histogram.values
    return describe_model(
        "song2023",
        f"Pre-activated semantics after Song et al. (2023), reconstructed, on {recipe.backbone}, trained on the votes "
        f"of {photos.name}",
        [LearnedData(photos, learned_tasks(photos, recipe), means(result.final, values)[:, None])],
        result,
        recipe,
        size=recipe.side,
        resize=SHORT_EDGE,
        learned_from="votes",
        score_levels=values.tolist(),
    )


def linear_probe(photos: RatedPhotos, recipe: SongRecipe, source: VariableSizeInputs) -> list[Estimate]:
    """Metrics of a linear head on the frozen encoder, fitted to the same votes, on the test part.

    A network that does worse than this gained nothing from its training.
    """
    histogram = with_votes(photos).histogram
    test = np.array(photos.splits) == "test"
    views = pooled_views(source, mirror=recipe.mirror)
    found = ridge.predict_test(views, distribution(histogram), test)
    predicted = means(found, histogram.values)[:, None]
    return measure_tasks(photos, predicted, test, f"test part, linear probe on {recipe.backbone}")


def remarks(info: ModelInfo) -> list[str]:
    """Nothing to print beside the metrics."""
    return []


def pooled_views(source: VariableSizeInputs, *, mirror: bool) -> list[np.ndarray]:
    """Average-pooled maps of all photographs, and with ``mirror`` of their mirror images: (N, C) each."""
    views = []
    for mirrored in (False, True)[: 1 + mirror]:
        parts = list(by_shape(source.shapes, np.arange(len(source.shapes)), PREDICTION_BATCH))
        pooled = [source.maps(part, np.full(len(part), mirrored)).mean(dim=(2, 3)).cpu().numpy() for part in parts]
        views.append(np.concatenate(pooled)[np.argsort(np.concatenate(parts))])
    return views


def typical_pyramid(
    photos: RatedPhotos, result: SongResult, recipe: SongRecipe, source: VariableSizeInputs
) -> np.ndarray:
    """(M * P, 21) mean pooled features of the training photographs."""
    network, trained = result.network, recipe.stages[result.kept - 1]
    rows = np.flatnonzero(np.array(photos.splits) == "train")
    total = np.zeros((network.project.out_channels, PYRAMID_VALUES))
    with torch.inference_mode(), precision(next(network.parameters()).device):
        for part in by_shape(source.shapes, rows, PREDICTION_BATCH):
            maps = encoder(network, source, trained)(part, np.zeros(len(part), bool))
            total += pyramid(network.project(maps)).float().sum(dim=0).cpu().numpy()
    return total / len(rows)
