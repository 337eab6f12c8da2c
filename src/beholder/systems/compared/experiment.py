"""The rows of the comparison: their settings, what is tried on validation photographs, and the trainings.

A setting is chosen in each fold for itself, by SRCC on its validation photographs with seed 0: no photograph helps to
choose what it is tested with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.systems.compared import published
from beholder.systems.compared.recipes import (
    ACROSS,
    BOTH,
    WITHIN,
    ComparedRecipe,
    HouRecipe,
    KongRecipe,
    NimaRecipe,
    PanRecipe,
)
from beholder.systems.compared.train import check, fit
from beholder.systems.soydaner2023 import experiment as multi_task
from beholder.systems.soydaner2023.published import FINE_TUNING, TRAINING
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.study_runs import Outcome, Result, StudyConfig, count_trainings, train_all
from beholder.terminal import say
from beholder.training.inputs import FeatureInputs

ComparedConfig = StudyConfig[ComparedRecipe]
Changes = Mapping[str, Any]

RATES: tuple[Changes, ...] = tuple({"lr_head": rate} for rate in (3e-4, 1e-3, 3e-3))


@dataclass(frozen=True)
class Row:
    """A system of the table.

    Attributes:
        recipe: kind of its recipe.
        changes: settings that differ from the recipe's defaults.
        tried: changes of which the best one on validation photographs is taken.
        base: row whose chosen settings it starts from; that row's own base where the photographs do not allow it.
    """

    recipe: type[ComparedRecipe]
    changes: Changes
    tried: tuple[Changes, ...] = ({},)
    base: str | None = None


ROWS: dict[str, Row] = {
    published.NIMA: Row(NimaRecipe, {}, RATES),
    published.HOU: Row(HouRecipe, {}, RATES),
    published.REG: Row(KongRecipe, {}, RATES),
    published.ACROSS: Row(
        KongRecipe, {"rank": ACROSS}, tuple({"weight_rank": weight} for weight in (0.1, 1.0, 10.0)), published.REG
    ),
    published.WITHIN: Row(KongRecipe, {"rank": WITHIN}, base=published.ACROSS),
    published.RANK: Row(KongRecipe, {"rank": BOTH}, base=published.ACROSS),
    published.ATT: Row(
        KongRecipe,
        {"attributes": True},
        tuple({"weight_attributes": weight} for weight in (0.1, 1.0)),
        published.RANK,
    ),
    published.CONT: Row(
        KongRecipe, {"attributes": True}, tuple({"classes": count} for count in (5, 10)), published.ATT
    ),
    published.PAN: Row(PanRecipe, {}, RATES),
    published.ADVERSARIAL: Row(
        PanRecipe, {}, tuple({"adversarial": weight} for weight in (0.001, 0.01, 0.1)), published.PAN
    ),
}


def recipe_for(data: str) -> ComparedRecipe:
    """What all rows share, for a data set."""
    return ComparedRecipe()


CHOSEN = sorted({key for row in ROWS.values() for changes in row.tried for key in changes})


@dataclass(frozen=True)
class Trained:
    """The trainings of the table.

    Attributes:
        results: of all rows, folds and seeds.
        chosen: row -> the changes chosen in each fold.
        recipes: row -> its recipe in the first fold.
        left_out: row -> why it cannot be trained on these photographs.
    """

    results: list[Result]
    chosen: dict[str, list[Changes]]
    recipes: dict[str, ComparedRecipe]
    left_out: dict[str, str]


def train_rows(
    config: ComparedConfig, fold_splits: Sequence[RatedPhotos], source: FeatureInputs, device: torch.device
) -> Trained:
    """Train what is not trained yet: every row in every fold with every seed, and what is tried with seed 0."""
    left_out = unfit(config.recipe, fold_splits[0])
    found = Trained([], {name: [] for name in ROWS if name not in left_out}, {}, left_out)
    train = trainer(source, device)
    total = sum(count for count, _ in training_counts(config, fold_splits))
    with progress.bar("all trainings", total) as bar:
        for fold, photos in enumerate(fold_splits):
            say(f"fold {fold}, one of {len(fold_splits)}")
            work = _folder(config, fold)
            recipes: dict[str, ComparedRecipe] = {}
            for name, row in ROWS.items():
                if name in left_out:
                    continue
                trials = _trials(name, _start(config.recipe, name, left_out, recipes))
                best = next(iter(trials))
                if len(trials) > 1:
                    tried = train_all([photos], trials, 1, work, train)
                    best = max(tried, key=validation_srcc).setting
                recipes[name] = trials[best]
                found.chosen[name].append(row.tried[list(trials).index(best)])
                trained = train_all([photos], {best: recipes[name]}, config.seeds, work, train)
                found.results.extend(replace(result, setting=name, fold=fold) for result in trained)
                bar.advance(bar.task_ids[0], len(trials) + config.seeds - 1)
            for name, recipe in recipes.items():
                found.recipes.setdefault(name, recipe)
            reference = {published.MULTI_TASK: multi_task_recipe(config)}
            sources = {config.recipe.backbone: source}
            trained = train_all([photos], reference, config.seeds, work, multi_task.trainer(sources, device))
            found.results.extend(replace(result, fold=fold) for result in trained)
            bar.advance(bar.task_ids[0], config.seeds)
    return found


def training_counts(config: ComparedConfig, fold_splits: Sequence[RatedPhotos]) -> list[tuple[int, int]]:
    """How many trainings each fold has and how many of them are kept, before it is known what is chosen."""
    left_out = unfit(config.recipe, fold_splits[0])
    found = []
    for fold, photos in enumerate(fold_splits):
        work = _folder(config, fold)
        reference = {published.MULTI_TASK: multi_task_recipe(config)}
        found.append(count_trainings([photos], reference, config.seeds, work))
        for name in ROWS.keys() - left_out.keys():
            trials = _trials(name, _recipe(config.recipe, name, left_out))
            tried = count_trainings([photos], trials, 1, work, chosen=CHOSEN)
            again = count_trainings([photos], trials, config.seeds, work, chosen=CHOSEN)[1] - tried[1]
            found.append((tried[0] + config.seeds - 1, tried[1] + min(again, config.seeds - 1)))
    return found


def _folder(config: ComparedConfig, fold: int) -> Path:
    """Of the finished trainings of a fold."""
    return config.work / f"fold{fold}"


def _trials(name: str, start: ComparedRecipe) -> dict[str, ComparedRecipe]:
    """The recipes that a row chooses from, in the order of what is tried, by the names of their trainings."""
    return {tried_name(name, changes): replace(start, **changes) for changes in ROWS[name].tried}


def _start(
    shared: ComparedRecipe, name: str, left_out: Mapping[str, str], recipes: Mapping[str, ComparedRecipe]
) -> ComparedRecipe:
    """What a row starts from, with what its base chose."""
    base = _base(name, left_out)
    return replace(recipes[base], **ROWS[name].changes) if base else _recipe(shared, name, left_out)


def multi_task_recipe(config: ComparedConfig) -> SoydanerRecipe:
    """The network that all are compared with, on the same backbone and in the same stages."""
    shared = config.recipe
    return replace(
        multi_task.recipe_for(config.data),
        backbone=shared.backbone,
        side=shared.side,
        mirror=shared.mirror,
        batch=shared.batch,
        epochs1=shared.epochs1,
        steps1=shared.steps1,
        epochs2=shared.epochs2,
    )


def trainer(source: FeatureInputs, device: torch.device) -> Callable[[RatedPhotos, ComparedRecipe, Path], Outcome]:
    """How `beholder.systems.study_runs.train_all` trains these networks."""

    def train(photos: RatedPhotos, recipe: ComparedRecipe, checkpoint: Path) -> Outcome:
        kept = checkpoint if recipe.epochs2 else None  # new layers alone take seconds: fewer than writing them down
        trained = fit(photos, recipe, source=source, checkpoint=kept, device=device)
        return Outcome.of(photos, trained.history, {TRAINING: trained.stage1, FINE_TUNING: trained.stage2})

    return train


def unfit(shared: ComparedRecipe, photos: RatedPhotos) -> dict[str, str]:
    """Rows that cannot be trained on these photographs, and why. Raises BeholderError where none can."""
    found: dict[str, str] = {}
    for name in ROWS:
        try:
            check(photos, _recipe(shared, name, found))
        except BeholderError as error:
            found[name] = str(error)
    if len(found) == len(ROWS):
        raise BeholderError(next(iter(found.values())))
    return found


def tried_name(name: str, changes: Changes) -> str:
    """Name of a training with changed settings, as its file has it."""
    words = "".join(letter for letter in name if letter.isalnum() or letter == " ")
    return " ".join([words, *(f"{key} {value:g}" for key, value in changes.items())])


def validation_srcc(result: Result) -> float:
    """SRCC on the validation part at the epoch that was kept, -1 where it has none."""
    kept = [row for row in result.outcome.history if row["best"]][-1]
    value = kept.get("validation_srcc", np.nan)
    return float(value) if np.isfinite(value) else -1.0


def seconds(results: Sequence[Result]) -> float:
    """Mean seconds of a training on features that are at hand, without reading them."""
    return float(np.mean([sum(row["seconds"] for row in result.outcome.history) for result in results]))


def _base(name: str, left_out: Mapping[str, str]) -> str | None:
    """The nearest row that a row starts from and that is there."""
    base = ROWS[name].base
    while base is not None and base in left_out:
        base = ROWS[base].base
    return base


def _recipe(shared: ComparedRecipe, name: str, left_out: Mapping[str, str]) -> ComparedRecipe:
    """The recipe of a row before anything is chosen."""
    row, base = ROWS[name], _base(name, left_out)
    if base is not None:
        return replace(_recipe(shared, base, left_out), **row.changes)
    return row.recipe(**{each.name: getattr(shared, each.name) for each in fields(ComparedRecipe)}, **row.changes)
