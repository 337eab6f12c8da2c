"""The paper's experiment: settings, trainings, and the network to compare with others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.data.vote_distributions import distribution
from beholder.metrics import as_shares, means
from beholder.systems.options import defaults_for
from beholder.systems.song2023.export import pooled_views
from beholder.systems.song2023.inputs import VariableSizeInputs
from beholder.systems.song2023.inputs import kept_arrays as inputs_kept
from beholder.systems.song2023.network import WithoutDecoder
from beholder.systems.song2023.recipe import CONNECTED, LAST, NONE, WHOLE, SongRecipe
from beholder.systems.song2023.train import fit, inputs, make_network, with_votes
from beholder.systems.study import ScoredSystem, default_model_array, linear_probes, single_run_predictions
from beholder.systems.study_runs import Outcome, Result, StudyConfig, count_trainings, note_epoch, train_all
from beholder.training.features import KeptArray

HOW = {  # what of the encoder is trained -> how, in words
    WHOLE: "trained whole, in one stage",
    LAST: "frozen in stage 1, its last layers trained in stage 2",
    NONE: "frozen",
}
TRAINING, FINE_TUNING = "training", "fine-tuning"  # stages 1 and 2
COMPLETE, WITHOUT_ACTIVATION, WITHOUT_SPLIT, WITHOUT_BOTH = (
    "complete",
    "without activation",
    "without split",
    "without both",
)
WITHOUT_DECODER, AUTOENCODER_ONLY = "without auto-encoder", "auto-encoder only"
CONNECTED_LAYER = "connected layer for group pooling"
MAP_COUNTS = (1, 4, 64)  # P beside the recipe's
ACTIVATION_FORMS = ("l1", "js", "kl")
# What settings were tried with on the validation part of the first round of OASIS, one changed at a time, in stage 1.
TRIAL_RECIPE = SongRecipe(maps=16, weight_act=0.1, weight_rebuilt=0, epochs1=15, lr_head=0.03, epochs2=0, decay=0.9)
CHANGES_TRIED: tuple[dict[str, Any], ...] = (
    {},
    *({"lr_head": rate} for rate in (0.003, 0.01, 0.1)),
    *({"weight_act": weight} for weight in (0.01, 0.03, 0.3, 1)),
    *({"weight_rebuilt": weight} for weight in (0.1, 1, 10)),
)
# Rates of an encoder that is trained whole and of what is new; those of least validation loss are taken.
RATES_TRIED: tuple[dict[str, Any], ...] = tuple(
    {"lr_encoder": encoder, "lr_head": head} for encoder in (1e-4, 1e-3, 3e-3, 1e-2) for head in (0.003, 0.01, 0.03)
)
MOST_TRIED = 20_000  # photographs
SongConfig = StudyConfig[SongRecipe]
Train = Callable[[RatedPhotos, SongRecipe, Path], Outcome]


def recipe_for(data: str) -> SongRecipe:
    """Settings for a data set, those of its training command."""
    return SongRecipe(**defaults_for(SongRecipe, data))


def ablations_of(recipe: SongRecipe) -> dict[str, SongRecipe]:
    """Every ablation by name, in stage 1 only; each is compared with the complete model after stage 1."""
    first = stage1(recipe)
    return {
        WITHOUT_ACTIVATION: replace(first, act=False),
        WITHOUT_SPLIT: replace(first, separate=False),
        WITHOUT_BOTH: replace(first, act=False, separate=False),
        WITHOUT_DECODER: replace(first, weight_rebuilt=0),
        CONNECTED_LAYER: replace(first, pooling=CONNECTED),
        **{f"{count} maps": replace(first, maps=count) for count in MAP_COUNTS if count != recipe.maps},
        **{f"{form} loss": replace(first, activation=form) for form in ACTIVATION_FORMS if form != recipe.activation},
    }


def settings_of(recipe: SongRecipe) -> list[dict[str, SongRecipe]]:
    """All settings of the study by name, in groups; the first network of a group is looked at in the report."""
    ablations = ablations_of(recipe)
    return [{COMPLETE: recipe}, {WITHOUT_ACTIVATION: ablations.pop(WITHOUT_ACTIVATION)}, ablations]


def autoencoder_only(recipe: SongRecipe) -> dict[str, SongRecipe]:
    """The auto-encoder alone, by name; trained in the first round only."""
    return {AUTOENCODER_ONLY: replace(stage1(recipe), act=False, weight_emd=0)}


def trials(recipe: SongRecipe) -> dict[str, SongRecipe]:
    """Recipes to try on the first round, by name, with the encoder of a recipe."""
    if recipe.shared == WHOLE:
        return {f"tried {_changes(rates)}": replace(stage1(recipe), **rates) for rates in RATES_TRIED}
    base = replace(TRIAL_RECIPE, backbone=recipe.backbone, side=recipe.side)
    return {f"tried {_changes(changed)}": replace(base, **changed) for changed in CHANGES_TRIED}


def chosen_recipe(
    config: SongConfig, fold_splits: Sequence[RatedPhotos], train: Train
) -> tuple[SongRecipe, list[Result]]:
    """The recipe of the complete model, and the trials on the validation part of the first round.

    An encoder that is trained whole takes the rates of the trial with the least validation loss. Otherwise the recipe
    stays as it is, and what it was chosen from is trained for OASIS. Of more than `MOST_TRIED` photographs, as AVA has,
    nothing is tried: the recipe's own rates are taken.
    """
    recipe, photos = config.recipe, fold_splits[0]
    whole = recipe.shared == WHOLE
    if not _is_tried(config, photos):
        return stage1(recipe) if whole else recipe, []
    named = trials(recipe)
    tried = train_all(fold_splits[:1], named, 1, config.work, train)
    return (named[min(tried, key=least_loss).setting] if whole else recipe), tried


def _is_tried(config: SongConfig, photos: RatedPhotos) -> bool:
    """Whether recipes are tried on these photographs."""
    return len(photos) <= MOST_TRIED and (config.recipe.shared == WHOLE or photos.name == "oasis")


def least_loss(result: Result) -> float:
    """The validation loss of a training's best epoch."""
    return min(float(row["validation_loss"]) for row in result.outcome.history)


def _changes(changed: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in changed.items()) or "as it is"


def stage1(recipe: SongRecipe) -> SongRecipe:
    """Without stage 2, and with the default settings of stage 2, so that a change of these trains nothing again."""
    encoder = recipe.lr_encoder if recipe.shared == WHOLE else SongRecipe.lr_encoder
    return replace(recipe, epochs2=0, lr_finetune=SongRecipe.lr_finetune, lr_encoder=encoder)


def trainer(source: VariableSizeInputs, device: torch.device) -> Train:
    """How `beholder.systems.study_runs.train_all` trains this network; its predictions are (n, M) distributions."""

    def train(photos: RatedPhotos, recipe: SongRecipe, checkpoint: Path) -> Outcome:
        trained = fit(photos, recipe, source=source, checkpoint=checkpoint, device=device, on_epoch=note_epoch)
        return Outcome.of(photos, trained.history, {TRAINING: trained.stage1, FINE_TUNING: trained.stage2})

    return train


def study_inputs(config: SongConfig, photos: RatedPhotos, device: torch.device) -> VariableSizeInputs:
    """Inputs of all trainings of a study, mirror images too. Raises as `beholder.systems.song2023.train.inputs`."""
    return inputs(photos, replace(config.recipe, mirror=True), device, keep=config.keep, cache=config.cache)


def kept_arrays(config: SongConfig, photos: RatedPhotos) -> list[KeptArray]:
    """What the study keeps in the cache."""
    recipe = config.recipe
    middle = LAST in recipe.stages
    own = inputs_kept(photos, recipe.backbone, recipe.side, mirror=True, middle=middle) if config.keep else []
    return [*own, default_model_array(photos)]


def training_counts(config: SongConfig, fold_splits: Sequence[RatedPhotos]) -> list[tuple[int, int]]:
    """How many trainings there are and how many are kept: those that are tried, if any, and those of the report."""
    whole = config.recipe.shared == WHOLE
    recipe = stage1(config.recipe) if whole else config.recipe
    chosen = ("lr_encoder", "lr_head") if whole else ()
    tried = trials(recipe) if _is_tried(config, fold_splits[0]) else {}
    every = {name: setting for group in settings_of(recipe) for name, setting in group.items()}
    return [
        count_trainings(fold_splits[:1], tried, 1, config.work),
        count_trainings(fold_splits, every, config.seeds, config.work, chosen=chosen),
        count_trainings(fold_splits[:1], autoencoder_only(recipe), 1, config.work, chosen=chosen),
    ]


def scored_system(config: SongConfig, fold_splits: Sequence[RatedPhotos], device: torch.device) -> ScoredSystem:
    """The complete model, trained with seed 0. Raises as `report`."""
    photos = with_votes(fold_splits[0])
    source = study_inputs(config, photos, device)
    train = trainer(source, device)
    recipe, _ = chosen_recipe(config, fold_splits, train)
    results = train_all(fold_splits, {COMPLETE: recipe}, 1, config.work, train)
    shares, values = single_run_predictions(photos, results), photos.histogram.values
    shapes, counts = np.unique(source.shapes, axis=0, return_counts=True)
    width, height = (int(side) for side in shapes[np.argmax(counts)])
    return ScoredSystem(
        name="Song et al. 2023, complete",
        setting=f"encoder {recipe.backbone}, {HOW[recipe.shared]}, {len(values)} rating levels; the aspect ratio is "
        f"kept, costs are those of {width} x {height} px",
        backbone=recipe.backbone,
        views=pooled_views(source, mirror=True),
        mean=means(shares, values),
        shares=shares,
        network=WithoutDecoder(make_network(recipe, len(values), pretrained=False)),
        size=(height, width),
    )


def compared(
    fold_splits: Sequence[RatedPhotos], source: VariableSizeInputs, recipe: SongRecipe, cache: Path | None
) -> dict[str, np.ndarray]:
    """(N, M) distributions by simpler systems, fitted to the train and validation part of each round."""
    photos = with_votes(fold_splits[0])
    shares = distribution(photos.histogram)
    probes = linear_probes(fold_splits, recipe.backbone, pooled_views(source, mirror=True), cache, shares)
    average = np.full(shares.shape, np.nan)
    for part in fold_splits:
        test = np.array(part.splits) == "test"
        average[test] = shares[~test].mean(axis=0)
    return {
        **{name: as_shares(predicted) for name, predicted in probes.items()},
        "mean distribution of the photographs learned from": average,
    }
