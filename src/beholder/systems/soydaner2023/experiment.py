"""The paper's experiment: settings, trainings, and the network to compare with others."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.systems.options import defaults_for
from beholder.systems.soydaner2023.published import FINE_TUNING, MULTI_TASK, TRAINING
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import fit, inputs, make_network
from beholder.systems.study import ScoredSystem, default_model_array, single_run_predictions
from beholder.systems.study_runs import Outcome, StudyConfig, train_all
from beholder.training.features import KeptArray
from beholder.training.inputs import FeatureInputs, ViewSpec, cached_arrays, pooled_views

SoydanerConfig = StudyConfig[SoydanerRecipe]


def recipe_for(data: str) -> SoydanerRecipe:
    """The paper's settings for a data set (Sections 4.2 and 5.2.1)."""
    return SoydanerRecipe(**defaults_for(SoydanerRecipe, data))


def kept_arrays(config: SoydanerConfig, photos: RatedPhotos) -> list[KeptArray]:
    """What the study keeps in the cache."""
    recipe = config.recipe
    view_spec = ViewSpec(recipe.backbone, recipe.side, recipe.mirror)
    own = cached_arrays(photos, view_spec, middle=recipe.epochs2 > 0) if config.keep else []
    return [*own, default_model_array(photos)]


def trainer(source: FeatureInputs, device: torch.device) -> Callable[[RatedPhotos, SoydanerRecipe, Path], Outcome]:
    """How `beholder.systems.study_runs.train_all` trains this network."""

    def train(photos: RatedPhotos, recipe: SoydanerRecipe, checkpoint: Path) -> Outcome:
        trained = fit(photos, recipe, source=source, checkpoint=checkpoint, device=device)
        return Outcome.of(photos, trained.history, {TRAINING: trained.stage1, FINE_TUNING: trained.stage2})

    return train


def scored_system(config: SoydanerConfig, fold_splits: Sequence[RatedPhotos], device: torch.device) -> ScoredSystem:
    """The multi-task network, trained with seed 0. Raises as `beholder.systems.soydaner2023.report.report`."""
    photos, recipe = fold_splits[0], config.recipe
    source = inputs(photos, recipe, device, keep=config.keep, cache=config.cache)
    results = train_all(fold_splits, {MULTI_TASK: recipe}, 1, config.work, trainer(source, device))
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
