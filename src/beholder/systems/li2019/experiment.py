"""The paper's experiment: settings, trainings, and the network to compare with others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data, root_beside, split_of
from beholder.splits import split_hash
from beholder.systems.li2019.recipe import LAST, LiRecipe
from beholder.systems.li2019.train import fit, inputs, make_network
from beholder.systems.study import ScoredSystem, single_run_predictions
from beholder.systems.study_runs import Outcome, Result, StudyConfig, note_epoch, train_all
from beholder.training.inputs import FeatureInputs, pooled_views

SINGLE, OWN, BOTH = "only aesthetic task", "only aesthetic task, own rates", "two domains"
TRAITS, ALTERNATING, BETWEEN = "traits", "alternating training", "with inter-task layer"
SMALL = LiRecipe("mobilenet_v2", shared=LAST, mirror=True, batch=16, epochs1=10, lr_inter_task=0.03)
# Rates of the branches; that of the shared layers is a tenth, as in the paper. Tanh bears smaller ones than a sigmoid.
TRIED = {BOTH: (0.003, 0.006, 0.01, 0.03), OWN: (0.01, 0.03, 0.1)}
SECOND = "biq2021"
SECOND_COUNT = 1000  # photographs of the second domain


LiConfig = StudyConfig[LiRecipe]


def recipe_for(data: str) -> LiRecipe:
    """The paper's own settings for its data sets; for others, of a few hundred photographs, what a CPU can train."""
    return LiRecipe() if data in ("ava", "aadb") else SMALL


def study_inputs(
    config: LiConfig, photos: RatedPhotos, second: RatedPhotos, device: torch.device
) -> tuple[list[FeatureInputs], dict[str, Any]]:
    """Inputs of both domains, and what the trainings follow from beside the first."""
    recipe = config.recipe
    sources = inputs(photos, recipe, device, second=second, pooled=True, cache=config.cache)
    return sources, {"second": second.content_hash, "second split": split_hash(second.files, second.splits or ())}


def chosen_trainings(
    config: LiConfig,
    rounds: Sequence[RatedPhotos],
    train: Callable[[RatedPhotos, LiRecipe, Path], Outcome],
    also: Mapping[str, Any],
) -> tuple[dict[str, LiRecipe], dict[tuple[str, float], Result]]:
    """What is trained, by name, and the trials in the first round that its rates were chosen by."""
    recipe = config.recipe
    if recipe.shared != LAST:
        return {BOTH: recipe, SINGLE: replace(recipe, single=True)}, {}
    trials = {
        (name, rate): replace(_with_rate(recipe, rate), single=name == OWN)
        for name, rates in TRIED.items()
        for rate in rates
    }
    named = {f"tried {rate:g} {name}": trial for (name, rate), trial in trials.items()}
    tried = dict(zip(trials, train_all(rounds[:1], named, 1, config.work, train, also), strict=True))
    best = {name: min(rates, key=lambda rate: _loss(tried[name, rate])) for name, rates in TRIED.items()}
    both = trials[BOTH, best[BOTH]]
    return {BOTH: both, SINGLE: replace(both, single=True), OWN: trials[OWN, best[OWN]]}, tried


def scored_system(config: LiConfig, rounds: Sequence[RatedPhotos], device: torch.device) -> ScoredSystem:
    """The network with both domains and the inter-task layer, trained with seed 0. Raises as `report`."""
    photos, second, recipe = rounds[0], second_photos(config), config.recipe
    sources, also = study_inputs(config, photos, second, device)
    train = trainer(second, sources, device)
    chosen = chosen_trainings(config, rounds, train, also)[0][BOTH]
    results = train_all(rounds, {BOTH: chosen}, 1, config.work, train, also)
    return ScoredSystem(
        name="Li et al. 2019, with inter-task layer",
        setting=f"{recipe.backbone}, its last layers and two branches, trained in turn with {len(second)} photographs "
        f"of {second.name}",
        backbone=recipe.backbone,
        views=pooled_views(sources[0], len(photos), recipe.mirror),
        mean=single_run_predictions(photos, results)[:, 0],
        shares=None,
        network=make_network(recipe, len(second.tasks), pretrained=False),
        size=(recipe.side, recipe.side),
    )


def trainer(
    second: RatedPhotos, sources: Sequence[FeatureInputs], device: torch.device
) -> Callable[[RatedPhotos, LiRecipe, Path], Outcome]:
    """How `beholder.systems.study_runs.train_all` trains this network."""

    def note(row: dict[str, Any]) -> None:
        if row["stage"] == 1:  # an epoch of stage 2 takes no time
            note_epoch(row)

    def train(photos: RatedPhotos, recipe: LiRecipe, checkpoint: Path) -> Outcome:
        trained = fit(
            photos, recipe, second=second, source=sources, checkpoint=checkpoint, device=device, on_epoch=note
        )
        stages = {TRAITS: trained.traits, ALTERNATING: trained.stage1, BETWEEN: trained.stage2}
        return Outcome.of(photos, trained.history, {"alone": trained.stage1} if recipe.single else stages)

    return train


def second_photos(config: LiConfig) -> RatedPhotos:
    """Photographs of the second domain, at most ``SECOND_COUNT`` photographs of them, with a validation part."""
    name = config.second or SECOND
    root = config.second_root or root_beside(name, config.root, config.data)
    second = load_data(name, root, drop_leaks=config.drop_leaks)
    if len(second) > SECOND_COUNT:
        second = second.subset(np.sort(np.random.default_rng(0).permutation(len(second))[:SECOND_COUNT]))
    return split_of(second)


def _with_rate(recipe: LiRecipe, rate: float) -> LiRecipe:
    return replace(recipe, lr_branches=rate, lr_shared=rate / 10)


def kept_epoch(result: Result) -> dict[str, Any]:
    """The epoch of stage 1 that was kept."""
    return [row for row in result.outcome.history if row["stage"] == 1 and row["best"]][-1]


def _loss(result: Result) -> float:
    """What a training makes small: the sum of the validation losses of what it learned."""
    kept = kept_epoch(result)
    return float(kept["validation_loss"] + kept.get("second_loss", 0))
