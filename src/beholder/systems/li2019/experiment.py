"""The paper's experiment: settings, trainings, and the network to compare with others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data, root_beside, split_of
from beholder.splits import split_hash
from beholder.systems import study_runs
from beholder.systems.li2019.recipe import LAST, LiRecipe
from beholder.systems.li2019.train import fit, make_network, source_for
from beholder.systems.study import System, single_run_predictions
from beholder.systems.study_runs import Outcome, Result, train_all
from beholder.training.inputs import FeatureInputs, pooled_views

SINGLE, OWN, BOTH = "only aesthetic task", "only aesthetic task, own rates", "two domains"
TRAITS, ALTERNATING, BETWEEN = "traits", "alternating training", "with inter-task layer"
SMALL = LiRecipe("mobilenet_v2", shared=LAST, mirror=True, batch=16, epochs1=10, lr_inter_task=0.03)
# Rates of the branches; that of the shared layers is a tenth, as in the paper. Tanh bears smaller ones than a sigmoid.
TRIED = {BOTH: (0.003, 0.006, 0.01, 0.03), OWN: (0.01, 0.03, 0.1)}
SECOND_COUNT = 1000  # photographs of the second domain


@dataclass(frozen=True)
class Config(study_runs.StudyConfig[LiRecipe]):
    """What to run, and the second domain with its folder."""

    second: str = "biq2021"
    second_root: Path | None = None


def recipe_for(name: str) -> LiRecipe:
    """The paper's own settings for its data sets; for others, of a few hundred photographs, what a CPU can train."""
    return LiRecipe() if name in ("ava", "aadb") else SMALL


def _inputs(
    settings: Config, photos: RatedPhotos, second: RatedPhotos, device: torch.device
) -> tuple[list[FeatureInputs], dict[str, Any]]:
    """Inputs of both domains, and what the trainings follow from beside the first."""
    recipe = settings.recipe
    sources = [
        source_for(photos, recipe, device, pooled=True, cache=settings.cache),
        source_for(second, recipe, device, cache=settings.cache),
    ]
    return sources, {"second": second.content_hash, "second split": split_hash(second.files, second.splits or ())}


def _trainings(
    settings: Config,
    rounds: Sequence[RatedPhotos],
    train: Callable[[RatedPhotos, LiRecipe, Path], Outcome],
    also: Mapping[str, Any],
) -> tuple[dict[str, LiRecipe], dict[tuple[str, float], Result]]:
    """What is trained, by name, and the trials in the first round that its rates were chosen by."""
    recipe = settings.recipe
    if recipe.shared != LAST:
        return {BOTH: recipe, SINGLE: replace(recipe, single=True)}, {}
    trials = {
        (name, rate): replace(_with_rate(recipe, rate), single=name == OWN)
        for name, rates in TRIED.items()
        for rate in rates
    }
    named = {f"tried {rate:g} {name}": trial for (name, rate), trial in trials.items()}
    tried = dict(zip(trials, train_all(rounds[:1], named, 1, settings.work, train, also), strict=True))
    best = {name: min(rates, key=lambda rate: _loss(tried[name, rate])) for name, rates in TRIED.items()}
    both = trials[BOTH, best[BOTH]]
    return {BOTH: both, SINGLE: replace(both, single=True), OWN: trials[OWN, best[OWN]]}, tried


def system(settings: Config, rounds: Sequence[RatedPhotos], device: torch.device) -> System:
    """The network with both domains and the inter-task layer, trained with seed 0. Raises as :func:`reproduce`."""
    photos, second, recipe = rounds[0], _second(settings), settings.recipe
    sources, also = _inputs(settings, photos, second, device)
    train = trainer(second, sources, device)
    chosen = _trainings(settings, rounds, train, also)[0][BOTH]
    results = train_all(rounds, {BOTH: chosen}, 1, settings.work, train, also)
    return System(
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
    """How `run_all` trains the network of this paper."""

    def train(photos: RatedPhotos, recipe: LiRecipe, checkpoint: Path) -> Outcome:
        trained = fit(photos, second, recipe, sources=sources, checkpoint=checkpoint, device=device, on_epoch=_told)
        test = np.array(photos.splits) == "test"
        stages = {TRAITS: trained.traits, ALTERNATING: trained.stage1, BETWEEN: trained.stage2}
        if recipe.single:
            stages = {"alone": trained.stage1}
        return Outcome(trained.history, {stage: found[test] for stage, found in stages.items() if found is not None})

    return train


def _told(row: dict[str, Any]) -> None:
    if row["stage"] == 1:
        progress.note(
            f"stage 1, epoch {row['epoch']}: loss {row['loss']:.4f}, validation loss {row['validation_loss']:.4f}, "
            f"SRCC {row['validation_srcc']:.3f}, {row['seconds']:.0f} s"
        )


def _second(settings: Config) -> RatedPhotos:
    """The second domain, at most ``SECOND_COUNT`` photographs of it, with a validation part."""
    root = settings.second_root or root_beside(settings.second, settings.root, settings.data)
    second = load_data(settings.second, root, drop_leaks=settings.drop_leaks)
    if len(second) > SECOND_COUNT:
        second = second.subset(np.sort(np.random.default_rng(0).permutation(len(second))[:SECOND_COUNT]))
    return split_of(second)


def _with_rate(recipe: LiRecipe, rate: float) -> LiRecipe:
    return replace(recipe, lr_branches=rate, lr_shared=rate / 10)


def _kept(result: Result) -> dict[str, Any]:
    """The epoch of stage 1 that was kept."""
    return [row for row in result.outcome.history if row["stage"] == 1 and row["best"]][-1]


def _loss(result: Result) -> float:
    """What a training makes small: the sum of the validation losses of what it learned."""
    kept = _kept(result)
    return float(kept["validation_loss"] + kept.get("second_loss", 0))
