"""The paper's experiment: settings, trainings, and the network to compare with others."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.systems import study_runs
from beholder.systems.soydaner2023.published import FINE_TUNING, MULTI, TRAINING
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import fit, make_network, source_for
from beholder.systems.study import System, single_run_predictions
from beholder.systems.study_runs import Outcome, train_all
from beholder.training.inputs import FeatureInputs, pooled_views

Config = study_runs.StudyConfig[SoydanerRecipe]


def recipe_for(name: str) -> SoydanerRecipe:
    """The paper's settings for a data set (Section 4.2 and 5.2.1)."""
    return SoydanerRecipe(dropout=0.25 if name == "eva" else 0.35)


def trainer(source: FeatureInputs, device: torch.device) -> Callable[[RatedPhotos, SoydanerRecipe, Path], Outcome]:
    """How `run_all` trains the network of this paper."""

    def train(photos: RatedPhotos, recipe: SoydanerRecipe, checkpoint: Path) -> Outcome:
        trained = fit(photos, recipe, source=source, checkpoint=checkpoint, device=device)
        test = np.array(photos.splits) == "test"
        stages = {TRAINING: trained.stage1, FINE_TUNING: trained.stage2}
        return Outcome(trained.history, {stage: found[test] for stage, found in stages.items() if found is not None})

    return train


def system(settings: Config, rounds: Sequence[RatedPhotos], device: torch.device) -> System:
    """The multi-task network, trained with seed 0. Raises as :func:`reproduce`."""
    photos, recipe = rounds[0], settings.recipe
    source = source_for(photos, recipe, device, cache=settings.cache)
    results = train_all(rounds, {MULTI: recipe}, 1, settings.work, trainer(source, device))
    made = make_network(recipe, len(photos.tasks), pretrained=False)
    return System(
        name="Soydaner & Wagemans 2023, multi-task",
        setting=f"{recipe.backbone}, both stages, {len(photos.tasks)} tasks",
        backbone=recipe.backbone,
        views=pooled_views(source, len(photos), recipe.mirror),
        mean=single_run_predictions(photos, results)[:, 0],
        shares=None,
        network=made,
        size=(recipe.side or made.backbone.side,) * 2,
    )
