"""A trained personality network -> a model file: the final score, then the traits, each with evidence and interval.

Intervals, percentiles and metrics come from photographs that the network did not learn from: those of the score from
the aesthetic domain, those of the traits from the second domain.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from beholder.data.rated_photos import RatedPhotos
from beholder.models.registry import WEIGHTS
from beholder.scoring.model_file import ModelInfo, TrainingData
from beholder.splits import split_hash
from beholder.systems.li2019.network import Centred, Personality, ScoringPersonality
from beholder.systems.li2019.recipe import LiRecipe
from beholder.systems.li2019.train import LiResult, Shared, aesthetic_domain, weights_of
from beholder.training.export import export
from beholder.training.held_out import measure_tasks, typical_features, widths_and_percentiles
from beholder.training.inputs import FeatureInputs


def publish(
    photos: RatedPhotos,
    second: RatedPhotos | None,
    trained: LiResult,
    recipe: LiRecipe,
    sources: Sequence[FeatureInputs],
    path: Path,
) -> ModelInfo:
    """Write the model file.

    Args:
        photos, second: with the splits of the training; ``second`` is left out of a recipe that is ``single``.
        sources: of the training.
        path: replaced as a whole, or not at all.

    Raises:
        BeholderError: the file cannot be written.
    """
    shared = Shared(trained.network, recipe)
    centre = typical_features(photos, trained.network, shared.pool, shared.inputs(aesthetic_domain(photos, sources[0])))
    info = describe(photos, None if recipe.single else second, trained, recipe)
    low_high = torch.tensor([[task.low, task.high] for task in info.tasks], dtype=torch.float32)
    export(scoring(trained.network.cpu(), recipe, low_high, centre), info, path)
    return info


def scoring(network: Personality, recipe: LiRecipe, low_high: torch.Tensor, centre: torch.Tensor) -> nn.Module:
    """The network as a model file holds it: on pixels of ``recipe.resize`` a side, of which it sees the centre.

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


def describe(photos: RatedPhotos, second: RatedPhotos | None, trained: LiResult, recipe: LiRecipe) -> ModelInfo:
    """What the model file says of itself."""
    pretrained = WEIGHTS[recipe.backbone]
    domains = [(photos, photos.tasks[:1], trained.final)]
    if second is not None and trained.second is not None:
        domains.append((second, second.tasks, trained.second))
    widths: list[float] = []
    reference: list[tuple[float, ...]] = []
    measured = []
    for data, _, predicted in domains:
        found = widths_and_percentiles(data, predicted)
        widths += found[0]
        reference += found[1]
        measured += measure_tasks(data, predicted, np.array(data.splits) == "test", "test part")
    names = " and ".join(data.name for data, *_ in domains)
    return ModelInfo(
        name="-".join(["li2019", *(data.name for data, *_ in domains)]),
        description=f"Personality-driven network of Li et al. (2019) on {recipe.backbone}, trained on {names}",
        backbone=recipe.backbone,
        size=(recipe.resize, recipe.resize),
        resize="squash",
        tasks=tuple(task for _, tasks, _ in domains for task in tasks),
        half_width=tuple(widths),
        reference=tuple(reference),
        data=tuple(
            TrainingData(
                data.name,
                (data.splits or ()).count("train"),
                data.content_hash,
                tuple(task.name for task in tasks),
            )
            for data, tasks, _ in domains
        ),
        metrics=tuple(measured),
        recipe={**asdict(recipe), "hidden": list(recipe.hidden), **_parts(domains), **_weights(trained, domains)},
        licence=f"weights of the backbone: {pretrained.licence}; the ratings' own terms hold as well",
        attribution=f"Contains {pretrained.description}. Trained on ratings of {names}.",
    )


def _parts(domains: Sequence[tuple[RatedPhotos, Any, Any]]) -> dict[str, Any]:
    """Splits and sizes of the parts of both domains."""
    found: dict[str, Any] = {}
    for (data, *_), prefix in zip(domains, ("", "second_"), strict=False):
        splits = data.splits or ()
        found[f"{prefix}split"] = split_hash(data.files, splits)
        found[f"{prefix}parts"] = {part: splits.count(part) for part in ("train", "validation", "test")}
    return found


def _weights(trained: LiResult, domains: Sequence[tuple[RatedPhotos, Any, Any]]) -> dict[str, Any]:
    """The inter-task layer as the network has it: 0 where it did not lower the validation loss."""
    told = {"best_stage": trained.best, "epochs": len(trained.history)}
    if trained.best == 1 or len(domains) < 2:
        return told
    names = [task.name for task in domains[1][1]]
    return {**told, "between": {name: pair[0] for name, pair in weights_of(trained.history, names).items()}}
