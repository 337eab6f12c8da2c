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
from beholder.systems.li2019.domains import domain_arrays
from beholder.systems.li2019.recipe import DEFAULT_SECOND, LAST, NONE, WHOLE, LiRecipe
from beholder.systems.li2019.train import fit, inputs, make_network
from beholder.systems.options import defaults_for
from beholder.systems.study import ScoredSystem, default_model_array, single_run_predictions
from beholder.systems.study_runs import Outcome, Result, StudyConfig, count_trainings, note_epoch, train_all
from beholder.terminal import say
from beholder.training.features import KeptArray
from beholder.training.inputs import FeatureInputs, pooled_views

AESTHETIC_ONLY, OWN_RATES, TWO_DOMAINS = (
    "only aesthetic task",
    "only aesthetic task, own rates",
    "two domains",
)
TRAITS_STAGE, ALTERNATING_TRAINING, INTER_TASK = "traits", "alternating training", "with inter-task layer"
# Rates of the branches; that of the shared layers is a tenth, as in the paper. Tanh saturates at a sigmoid's rates.
RATES_TRIED = {TWO_DOMAINS: (0.003, 0.006, 0.01, 0.03), OWN_RATES: (0.01, 0.03, 0.1)}
KEPT_SECOND_COUNT = 1000  # photographs of the second domain whose features are kept, if no number is given


TRAINED = {WHOLE: "all of it", LAST: "its last layers", NONE: "frozen"}  # what of the backbone is trained, in words
LiConfig = StudyConfig[LiRecipe]


def recipe_for(data: str) -> LiRecipe:
    """The paper's settings for its data sets, but for the backbone; settings that suit a CPU for others."""
    return LiRecipe(**defaults_for(LiRecipe, data))


def study_inputs(
    config: LiConfig, photos: RatedPhotos, second: RatedPhotos, device: torch.device
) -> tuple[list[FeatureInputs], dict[str, Any]]:
    """Inputs of both domains, and what the trainings depend on besides the first domain."""
    recipe = config.recipe
    sources = inputs(photos, recipe, device, second=second, pooled=True, keep=config.keep, cache=config.cache)
    return sources, depends_on(second)


def depends_on(second: RatedPhotos) -> dict[str, Any]:
    """What the trainings depend on besides the first domain."""
    return {
        "second": second.content_hash,
        "second split": split_hash(second.files, second.splits or ()),
        "stage 2": "on crops as stage 1",  # runs of earlier versions are of the centre
    }


def kept_arrays(config: LiConfig, photos: RatedPhotos, second: RatedPhotos | None = None) -> list[KeptArray]:
    """What the study keeps in the cache; ``second`` is loaded where it is not given."""
    second = second or second_photos(config)
    own = domain_arrays(photos, config.recipe, pooled=True) + domain_arrays(second, config.recipe)
    return [*(own if config.keep else []), default_model_array(photos)]


def training_counts(config: LiConfig, fold_splits: Sequence[RatedPhotos], second: RatedPhotos) -> list[tuple[int, int]]:
    """How many trainings there are and how many are kept: those that are tried, if any, and those of the report."""
    recipe, also = config.recipe, depends_on(second)
    settings = {TWO_DOMAINS: recipe, AESTHETIC_ONLY: replace(recipe, single=True)}
    if recipe.shared != LAST:
        return [count_trainings(fold_splits, settings, config.seeds, config.work, also)]
    settings[OWN_RATES] = settings[AESTHETIC_ONLY]
    named = {_trial_name(*key): trial for key, trial in _trials(recipe).items()}
    return [
        count_trainings(fold_splits[:1], named, 1, config.work, also),
        count_trainings(fold_splits, settings, config.seeds, config.work, also, ("lr_branches", "lr_shared")),
    ]


def chosen_trainings(
    config: LiConfig,
    fold_splits: Sequence[RatedPhotos],
    train: Callable[[RatedPhotos, LiRecipe, Path], Outcome],
    also: Mapping[str, Any],
) -> tuple[dict[str, LiRecipe], dict[tuple[str, float], Result]]:
    """The recipes to train, by name, and the trials in the first fold by which their rates were chosen."""
    recipe = config.recipe
    if recipe.shared != LAST:
        return {TWO_DOMAINS: recipe, AESTHETIC_ONLY: replace(recipe, single=True)}, {}
    trials = _trials(recipe)
    named = {_trial_name(*key): trial for key, trial in trials.items()}
    tried = dict(zip(trials, train_all(fold_splits[:1], named, 1, config.work, train, also), strict=True))
    best = {name: min(rates, key=lambda rate: _loss(tried[name, rate])) for name, rates in RATES_TRIED.items()}
    both = trials[TWO_DOMAINS, best[TWO_DOMAINS]]
    return {
        TWO_DOMAINS: both,
        AESTHETIC_ONLY: replace(both, single=True),
        OWN_RATES: trials[OWN_RATES, best[OWN_RATES]],
    }, tried


def train_chosen(
    config: LiConfig,
    fold_splits: Sequence[RatedPhotos],
    seeds: int,
    trainings: Mapping[str, LiRecipe],
    tried: Mapping[tuple[str, float], Result],
    train: Callable[[RatedPhotos, LiRecipe, Path], Outcome],
    also: Mapping[str, Any],
) -> list[Result]:
    """The trainings that were chosen; what was trained to choose them, in the first fold, is not trained again."""
    trials = _trials(config.recipe)
    known = {trials[key]: result.outcome for key, result in tried.items()}

    def reuse(photos: RatedPhotos, recipe: LiRecipe, checkpoint: Path) -> Outcome:
        found = known.get(recipe) if photos is fold_splits[0] else None
        if found is None:
            return train(photos, recipe, checkpoint)
        say("is one of those that were tried")
        return found

    return train_all(fold_splits, trainings, seeds, config.work, reuse, also)


def scored_system(config: LiConfig, fold_splits: Sequence[RatedPhotos], device: torch.device) -> ScoredSystem:
    """The network with both domains and the inter-task layer, trained with seed 0. Raises as `report`."""
    photos, second, recipe = fold_splits[0], second_photos(config), config.recipe
    sources, also = study_inputs(config, photos, second, device)
    train = trainer(second, sources, device)
    trainings, tried = chosen_trainings(config, fold_splits, train, also)
    both = {TWO_DOMAINS: trainings[TWO_DOMAINS]}
    results = train_chosen(config, fold_splits, 1, both, tried, train, also)
    return ScoredSystem(
        name="Li et al. 2019, with inter-task layer",
        setting=f"{recipe.backbone}, {TRAINED[recipe.shared]}, and two branches, trained in turn with {len(second)} "
        f"photographs of {second.name}",
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

    def train(photos: RatedPhotos, recipe: LiRecipe, checkpoint: Path) -> Outcome:
        trained = fit(
            photos, recipe, second=second, source=sources, checkpoint=checkpoint, device=device, on_epoch=note_epoch
        )
        stages = {TRAITS_STAGE: trained.traits, ALTERNATING_TRAINING: trained.stage1, INTER_TASK: trained.stage2}
        return Outcome.of(photos, trained.history, {"alone": trained.stage1} if recipe.single else stages)

    return train


def second_photos(config: LiConfig) -> RatedPhotos:
    """Photographs of the second domain, with parts.

    At most `second_limit` of them, drawn with seed 0. To train the whole network, all are learned from unless they have
    published parts; else a fifth is tested and a tenth is for validation.

    Raises:
        BeholderError: as of `beholder.data.registry.load_data`.
    """
    name = config.second or DEFAULT_SECOND
    root = config.second_root or root_beside(name, config.root, config.data)
    second = load_data(name, root, drop_leaks=config.drop_leaks)
    limit = second_limit(config)
    if limit is not None and len(second) > limit:
        second = second.subset(np.sort(np.random.default_rng(0).permutation(len(second))[:limit]))
    if config.recipe.shared == WHOLE and second.split_origin != "published":
        return second.with_splits(["train"] * len(second))
    return split_of(second)


def second_limit(config: LiConfig) -> int | None:
    """How many photographs of the second domain are drawn at most; None for all, to train the whole network.

    Where features are kept, each photograph takes 0.4 MB of disk (MobileNetV2) or more.
    """
    return config.second_count or (None if config.recipe.shared == WHOLE else KEPT_SECOND_COUNT)


def _trials(recipe: LiRecipe) -> dict[tuple[str, float], LiRecipe]:
    """Setting and rate -> the recipe that is tried."""
    return {
        (name, rate): replace(recipe, lr_branches=rate, lr_shared=rate / 10, single=name == OWN_RATES, seed=0)
        for name, rates in RATES_TRIED.items()
        for rate in rates
    }


def _trial_name(name: str, rate: float) -> str:
    return f"tried {rate:g} {name}"


def kept_epoch(result: Result) -> dict[str, Any]:
    """The best epoch of stage 1."""
    return [row for row in result.outcome.history if row["stage"] == 1 and row["best"]][-1]


def _loss(result: Result) -> float:
    """Sum of the validation losses of the domains that a training learned."""
    kept = kept_epoch(result)
    return float(kept["validation_loss"] + kept.get("second_loss", 0))
