"""Export a trained network of a compared system to a model file for `beholder score` and `beholder explain`."""

from pathlib import Path

import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.metrics import Estimate
from beholder.scoring.model_file import ModelInfo
from beholder.systems.compared.network import ScoringCompared
from beholder.systems.compared.recipes import ComparedRecipe, HouRecipe, KongRecipe, NimaRecipe, PanRecipe
from beholder.systems.compared.train import ComparedResult, learned_tasks, score_levels
from beholder.systems.description import LearnedData, describe
from beholder.systems.two_stages import typical_of_stage
from beholder.training.export import export as write_model_file
from beholder.training.held_out import probe_metrics
from beholder.training.inputs import FeatureInputs, pooled_views

PATENT = (
    "Kong et al. mention a US patent application, US20170294010A1, on ranking with attributes and content: read it "
    "before a use that is not research"
)


def title(recipe: ComparedRecipe) -> tuple[str, str]:
    """Name of the system of a recipe, and what it is in words."""
    match recipe:
        case NimaRecipe():
            return "nima2018", "NIMA (Talebi & Milanfar 2018), distribution of votes"
        case HouRecipe():
            return "hou2017", "Hou et al. (2017), squared earth mover's distance"
        case KongRecipe():
            parts = [f"pairs {recipe.rank}" if recipe.rank != "none" else "", "attributes" * recipe.attributes]
            parts.append(f"{recipe.classes} classes of content" if recipe.classes else "")
            return "kong2016", ", ".join(["Kong et al. (2016), regression", *filter(None, parts)])
        case PanRecipe():
            return "pan2019", f"Pan et al. (2019), {'adversarial' if recipe.adversarial else 'multi-task'}"
    raise TypeError(type(recipe))


def export(
    photos: RatedPhotos,
    result: ComparedResult,
    recipe: ComparedRecipe,
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
        second: not used; these systems learn from one data set.

    Raises:
        BeholderError: the file cannot be written.
    """
    network = result.network
    centre = typical_of_stage(photos, network, result.kept, source)
    tasks, levels = learned_tasks(photos, recipe), score_levels(photos, recipe)
    low, high = torch.tensor([[task.low, task.high] for task in tasks], dtype=torch.float32).T
    name, words = title(recipe)
    info = describe(
        name,
        f"{words}, on {recipe.backbone}, trained on {photos.name}",
        [LearnedData(photos, tasks, result.final)],
        result,
        recipe,
        size=recipe.side or network.backbone.side,
        learned_from="votes" if len(levels) and photos.histogram is not None else "ratings",
        score_levels=levels.tolist(),
    )
    write_model_file(ScoringCompared(network.cpu(), low, high, centre), info, path)
    return info


def linear_probe(photos: RatedPhotos, recipe: ComparedRecipe, source: FeatureInputs) -> list[Estimate]:
    """Metrics of a linear head on the same frozen backbone, on the test part."""
    views = pooled_views(source, len(photos), recipe.mirror)
    return probe_metrics(photos, recipe.backbone, views, len(learned_tasks(photos, recipe)))


def remarks(info: ModelInfo) -> list[str]:
    """What to know of a system beside its metrics."""
    return [PATENT] if info.name.startswith("kong2016") else []
