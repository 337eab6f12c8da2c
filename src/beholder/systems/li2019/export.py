"""Export a trained personality network to a model file: the final score, then the traits.

Each task has evidence and an interval; those of the score come from the aesthetic domain, those of the traits from the
second domain.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import nn

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.metrics import Estimate
from beholder.scoring.model_file import ModelInfo
from beholder.systems.description import LearnedData
from beholder.systems.description import describe as describe_model
from beholder.systems.li2019.domains import Shared, aesthetic_domain
from beholder.systems.li2019.network import Centred, Personality, ScoringPersonality
from beholder.systems.li2019.recipe import LiRecipe
from beholder.systems.li2019.stages import InterTask, inter_task_of
from beholder.systems.li2019.train import LiResult, learned_tasks
from beholder.training.export import export as write_model_file
from beholder.training.held_out import typical_features
from beholder.training.inputs import FeatureInputs


def export(
    photos: RatedPhotos,
    result: LiResult,
    recipe: LiRecipe,
    source: Sequence[FeatureInputs],
    path: Path,
    *,
    second: RatedPhotos | None = None,
) -> ModelInfo:
    """Write the model file.

    Args:
        photos: with the splits of the training.
        source: of the training.
        path: written completely or not at all.
        second: with the splits of the training; not used by a recipe that is ``single``.

    Raises:
        BeholderError: all of the second domain was learned from, or the file cannot be written.
    """
    if second is not None and not recipe.single and result.second is None:
        raise BeholderError(
            f"{second.name}: all photographs were learned from, so that its tasks have no intervals; keep some for "
            "validation"
        )
    shared = Shared(result.network, recipe)
    domain = aesthetic_domain(photos).with_source(source[0])
    centre = typical_features(photos, result.network, shared.pool, shared.inputs(domain))
    info = describe(photos, None if recipe.single else second, result, recipe)
    low_high = torch.tensor([[task.low, task.high] for task in info.tasks], dtype=torch.float32)
    write_model_file(scoring(result.network.cpu(), recipe, low_high, centre), info, path)
    return info


def scoring(network: Personality, recipe: LiRecipe, low_high: torch.Tensor, centre: torch.Tensor) -> nn.Module:
    """The network of the model file: on pixels of ``recipe.resize`` a side, of which it sees the centre.

    Args:
        low_high: (T, 2) ends of the scales.
        centre: (C,) mean pooled features of the training photographs.
    """
    inner = ScoringPersonality(network, low_high[:, 0], low_high[:, 1], centre)
    if recipe.resize == recipe.side:
        return inner
    with torch.inference_mode():
        seen = network.backbone.forward_features(torch.zeros(1, 3, recipe.side, recipe.side, dtype=torch.uint8))
    return Centred(inner, recipe.resize, recipe.side, seen.shape[2])


def describe(photos: RatedPhotos, second: RatedPhotos | None, result: LiResult, recipe: LiRecipe) -> ModelInfo:
    """Description of the model file, with what stage 2 found; the file has 0 for each weight if stage 1 is kept."""
    learned = [LearnedData(photos, learned_tasks(photos, recipe), result.final)]
    if second is not None and result.second is not None:
        learned.append(LearnedData(second, second.tasks, result.second))
    names = " and ".join(each.photos.name for each in learned)
    description = f"Personality-driven network of Li et al. (2019) on {recipe.backbone}, trained on {names}"
    info = describe_model("li2019", description, learned, result, recipe, size=recipe.resize)
    found = inter_task_of(result.history, [task.name for task in learned[1].tasks]) if len(learned) > 1 else None
    return replace(info, recipe={**info.recipe, "inter_task": asdict(found)}) if found else info


def linear_probe(photos: RatedPhotos, recipe: LiRecipe, source: Sequence[FeatureInputs]) -> list[Estimate]:
    """None: a training keeps no features of the pretrained backbone."""
    return []


def remarks(info: ModelInfo) -> list[str]:
    """The weights of the inter-task layer, how they were found, and whether the file has them."""
    if "inter_task" not in info.recipe:
        return []
    found = InterTask(**info.recipe["inter_task"])
    lower = "" if found.helped else "it is no lower, "
    kept = "the file has these weights" if info.recipe["kept_stage"] == 2 else "the file has 0 for each weight"
    return [
        *(
            f"inter-task layer: {name} {weight:+.4f}, by least squares {found.least_squares[name]:+.4f}"
            for name, weight in found.weights.items()
        ),
        f"inter-task layer: epoch {found.epoch} of {found.epochs}, validation loss {found.loss:.5f}, without the layer "
        f"{found.loss_without:.5f}: {lower}{kept}",
    ]
