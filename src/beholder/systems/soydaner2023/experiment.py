"""The paper's experiment: settings, trainings, and the network to compare with others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.systems.options import defaults_for
from beholder.systems.soydaner2023.published import (
    FINE_TUNING,
    FIVE_EPOCHS,
    LONGER,
    MULTI_TASK,
    SEPARATE_OUTPUTS,
    SINGLE_TASK,
    TRAINING,
)
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import fit, inputs, make_network, stage1_epochs
from beholder.systems.study import ScoredSystem, default_model_array, single_run_predictions
from beholder.systems.study_runs import Outcome, StudyConfig, train_all
from beholder.training.features import KeptArray
from beholder.training.inputs import FeatureInputs, ViewSpec, cached_arrays, pooled_views

SoydanerConfig = StudyConfig[SoydanerRecipe]

PAPER_EPOCHS = 5  # of stage 1
LONGER_TIMES = 4  # as many epochs of stage 1 as the main training, where the curves of a longer one are drawn


def recipe_for(data: str) -> SoydanerRecipe:
    """The paper's settings for a data set (Sections 4.2 and 5.2.1)."""
    return SoydanerRecipe(**defaults_for(SoydanerRecipe, data))


def settings_of(config: SoydanerConfig, fold_splits: Sequence[RatedPhotos]) -> dict[str, SoydanerRecipe]:
    """Recipes of the report by name: the network, its variants, and the network on further backbones.

    The training of 5 epochs is left out where the network's own stage 1 has as many.
    """
    recipe = config.recipe
    settings = {
        MULTI_TASK: recipe,
        SINGLE_TASK: replace(recipe, single=True),
        SEPARATE_OUTPUTS: replace(recipe, separate=True),
    }
    if any(main_epochs(part, recipe) != PAPER_EPOCHS for part in fold_splits):
        settings[FIVE_EPOCHS] = replace(recipe, epochs1=PAPER_EPOCHS, steps1=0, epochs2=0)
    others = [name for name in dict.fromkeys(config.backbones) if name != recipe.backbone]
    return settings | {on_backbone(name): replace(recipe, backbone=name, side=None) for name in others}


def on_backbone(name: str) -> str:
    """Name of the multi-task network's setting on a further backbone."""
    return f"{MULTI_TASK} on {name}"


def longer(photos: RatedPhotos, recipe: SoydanerRecipe) -> dict[str, SoydanerRecipe]:
    """Stage 1 for longer than the network is trained, by name."""
    epochs = LONGER_TIMES * main_epochs(photos, recipe)
    return {LONGER: replace(recipe, epochs1=epochs, steps1=0, epochs2=0)}


def main_epochs(photos: RatedPhotos, recipe: SoydanerRecipe) -> int:
    """Epochs of stage 1 of the network's own training."""
    return stage1_epochs(recipe, (photos.splits or ()).count("train"))


def kept_arrays(config: SoydanerConfig, photos: RatedPhotos, recipes: Iterable[SoydanerRecipe] = ()) -> list[KeptArray]:
    """What the study keeps in the cache: for the network, or for recipes of several backbones."""
    found = [default_model_array(photos)]
    if config.keep:
        for recipe in recipes or (config.recipe,):
            view_spec = ViewSpec(recipe.backbone, recipe.side, recipe.mirror)
            found += cached_arrays(photos, view_spec, middle=recipe.epochs2 > 0)
    return found


def trainer(
    sources: Mapping[str, FeatureInputs], device: torch.device
) -> Callable[[RatedPhotos, SoydanerRecipe, Path], Outcome]:
    """How `beholder.systems.study_runs.train_all` trains this network; ``sources`` are the inputs by backbone."""

    def train(photos: RatedPhotos, recipe: SoydanerRecipe, checkpoint: Path) -> Outcome:
        trained = fit(photos, recipe, source=sources[recipe.backbone], checkpoint=checkpoint, device=device)
        return Outcome.of(photos, trained.history, {TRAINING: trained.stage1, FINE_TUNING: trained.stage2})

    return train


def scored_system(config: SoydanerConfig, fold_splits: Sequence[RatedPhotos], device: torch.device) -> ScoredSystem:
    """The multi-task network, trained with seed 0. Raises as `beholder.systems.soydaner2023.report.report`."""
    photos, recipe = fold_splits[0], config.recipe
    source = inputs(photos, recipe, device, keep=config.keep, cache=config.cache)
    results = train_all(fold_splits, {MULTI_TASK: recipe}, 1, config.work, trainer({recipe.backbone: source}, device))
    made = make_network(recipe, len(photos.tasks), pretrained=False)
    return ScoredSystem(
        name="Soydaner & Wagemans 2023, multi-task",
        setting=f"{recipe.backbone}, both stages, {len(photos.tasks)} tasks",
        backbone=recipe.backbone,
        views=pooled_views(source, len(photos), recipe.mirror),
        mean=single_run_predictions(photos, results)[:, 0],
        shares=None,
        network=made,
        size=(recipe.side or made.backbone.side,) * 2,
    )
